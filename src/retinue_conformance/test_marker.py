"""The marker and whose an object is: kept by every write, taken away cleanly, and others' objects never touched."""

from __future__ import annotations

import pytest

from retinue.core import marker
from retinue.core.model import Address, Json
from retinue.providers.base import Finder, Marker

from .bench import ENVIRONMENT, PROJECT, Bench


def test_an_update_of_nothing_but_the_marker_changes_nothing_else(bench: Bench) -> None:
    live = bench.create()
    text = bench.marker(nonce="ZZZZ0000", protected=True)
    answer = bench.service.update(live, {}, text)
    bench.everywhere(bench.sample.full, answer, text, "after an update of the marker alone")


def test_every_update_keeps_the_marker_readable(bench: Bench) -> None:
    live = bench.create()
    for number, (name, value) in enumerate(bench.sample.changed.items()):
        text = bench.marker(nonce=f"nonce{number:03}")
        live = bench.service.update(bench.got(live.remote_id), {name: value}, text)
        bench.marked(bench.one_listed(live.remote_id), text, f"after an update of `{name}`")
    bench.holds({**bench.sample.full, **bench.sample.changed}, bench.got(live.remote_id), "after one update per field")


def test_the_longest_marker_is_kept_whole(bench: Bench) -> None:
    entries = {field.code: marker.Entry("-" * 6, "_" * 6) for field in bench.kind.fields.values()}
    address = marker.Owner("p" * 40, "e" * 24, Address(bench.kind.name, "n" * 63))
    text = Marker(str(address), str(marker.Applied("ABCDEFGH", True, "v" * 12, entries)))
    live = bench.service.create(bench.kind.name, bench.sample.full, text)
    bench.everywhere(bench.sample.full, live, text, "after a create with the longest marker")
    again = bench.service.update(live, bench.sample.changed, text)
    bench.marked(bench.got(again.remote_id), text, "after an update with the longest marker")


def _forgotten(bench: Bench, spec: dict[str, Json]) -> str:
    live = bench.create(spec=spec)
    answer = bench.service.update(bench.got(live.remote_id), {}, None)
    key = live.remote_id
    for way, found in (("the answer", answer), ("get", bench.got(key)), ("list", bench.one_listed(key))):
        if way == "the answer" and not bench.answers_whole:
            continue
        if (found.marker_address, found.marker_applied) != (None, None):
            bench.fail(
                f"after the marker was taken away, {way} reads {found.marker_address!r}, {found.marker_applied!r};"
                " what remains of it (an empty text, say) must read as None"
            )
        bench.holds(spec, found, f"after the marker was taken away, by {way}")
    return key


def test_what_is_forgotten_is_foreign_and_keeps_all_else(bench: Bench) -> None:
    _forgotten(bench, dict(bench.sample.full))


def test_what_is_forgotten_is_foreign_without_metadata_too(bench: Bench) -> None:
    _forgotten(bench, dict(bench.sample.minimal))


def test_what_is_forgotten_keeps_what_the_schema_does_not_know(bench: Bench) -> None:
    live = bench.create()
    strange = bench.subject.plant(bench.kind.name, live.remote_id)
    bench.service.update(bench.got(live.remote_id), {}, None)
    raw = bench.raw(live.remote_id)
    if lost := [key for key in strange if raw.get(key) != strange[key]]:
        bench.fail(f"taking the marker away lost {lost}, which the schema does not know")


def test_what_is_forgotten_can_be_marked_again(bench: Bench) -> None:
    key = _forgotten(bench, dict(bench.sample.full))
    text = bench.marker("two", nonce="again000")
    bench.everywhere(
        bench.sample.full, bench.service.update(bench.got(key), {}, text), text, "after marking a forgotten object"
    )


def test_a_create_never_takes_what_was_forgotten(bench: Bench) -> None:
    """Where ids come from addresses, the id may be taken by an object that already belongs to someone else."""
    key = _forgotten(bench, dict(bench.sample.full))
    with bench.untouched(key), bench.only_known_errors("a create with the address of a forgotten object"):
        live = bench.service.create(bench.kind.name, bench.sample.minimal, bench.marker(spec=bench.sample.minimal))
        if live.remote_id == key:
            bench.fail(f"a create took over {key}, which is someone else's; it may raise Rejected instead")


def test_a_foreign_object_is_untouched_by_all_that_happens_beside_it(bench: Bench) -> None:
    kind = bench.kind.name
    foreign = bench.subject.seed(kind, bench.sample.full)
    other = bench.subject.seed(kind, bench.sample.minimal)
    bench.subject.plant(kind, other)
    with bench.untouched(foreign, other):
        first, second = bench.create("one"), bench.create("two")
        bench.listed(foreign, other, first.remote_id, second.remote_id)
        bench.got(foreign)
        bench.update(first, {**bench.sample.full, **bench.sample.changed})
        bench.update(second, bench.sample.minimal)
        bench.service.update(bench.got(first.remote_id), {}, None)
        bench.service.delete(kind, second.remote_id)
        bench.service.delete(kind, second.remote_id)
        list(bench.service.list(kind))


def test_an_object_edited_outside_shows_the_edit_and_its_marker(bench: Bench) -> None:
    live = bench.create()
    for name, value in bench.sample.changed.items():
        if name in bench.kind.hidden or name == "metadata":
            continue
        bench.subject.edit(bench.kind.name, live.remote_id, {name: value})
        found = bench.got(live.remote_id)
        if bench.canon(found.spec).get(name) != bench.canon({name: value}).get(name):
            bench.fail(f"an edit of `{name}` outside does not show; `get` answers {found.spec.get(name)!r}")
        bench.marked(found, bench.marker(), f"after an edit of `{name}` outside")


def test_the_query_for_one_owner_finds_all_that_is_his(bench: Bench) -> None:
    if not isinstance(bench.service, Finder):
        pytest.skip("the service cannot be asked for one owner's objects")
    kind = bench.kind.name
    made = {bench.create(name).remote_id for name in ("one", "two")}
    bench.subject.seed(kind, bench.sample.full)
    copy = bench.create("three")
    bench.update(copy, bench.sample.minimal, bench.marker("one", bench.sample.minimal))
    found = {live.remote_id for live in bench.service.owned(kind, PROJECT, ENVIRONMENT)}
    if found != made | {copy.remote_id}:
        bench.fail(f"asked for {PROJECT}/{ENVIRONMENT} the service answers {found}, not {made | {copy.remote_id}}")
    for project, environment in ((PROJECT, "other"), ("other", ENVIRONMENT), (PROJECT, ENVIRONMENT[:-1])):
        others = [live for live in bench.service.owned(kind, project, environment) if live.remote_id in found]
        if others:
            bench.fail(f"asked for {project}/{environment} the service answers what is of {PROJECT}/{ENVIRONMENT}")
