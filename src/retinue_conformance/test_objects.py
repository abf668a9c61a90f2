"""Objects: what is created, read, changed, cleared and deleted is just what was asked for."""

from __future__ import annotations

import pytest

from retinue.core import differences
from retinue.core.canonical import canonical_json
from retinue.core.errors import NotFound, Rejected
from retinue.providers.base import Historian

from .bench import Bench


def test_a_created_object_comes_back_as_it_was_sent(bench: Bench) -> None:
    live = bench.create()
    bench.everywhere(bench.sample.full, live, bench.marker(), "after a create with every field")


def test_a_create_with_the_least_has_every_default(bench: Bench) -> None:
    minimal = bench.sample.minimal
    live = bench.create(spec=minimal)
    bench.everywhere(minimal, live, bench.marker(spec=minimal), "after a create with the least")


def test_two_addresses_are_two_objects(bench: Bench) -> None:
    first, second = bench.create("one"), bench.create("two")
    if first.remote_id == second.remote_id:
        bench.fail(f"two creates with different addresses share the id {first.remote_id}")
    bench.everywhere(bench.sample.full, first, bench.marker("one"), "after a second create")
    bench.everywhere(bench.sample.full, second, bench.marker("two"), "after a second create")


def test_creating_twice_makes_two_objects(bench: Bench) -> None:
    if bench.record.identity != "server":
        pytest.skip(f"ids are chosen by the {bench.record.identity}")
    first, second = bench.create(), bench.create()
    if first.remote_id == second.remote_id or len(bench.subject.live(bench.kind.name)) != 2:
        bench.fail("two creates with one address did not make two objects; the record says that the server chooses ids")
    for live in (first, second):
        bench.everywhere(bench.sample.full, live, bench.marker(), "after the same create twice")


def test_creating_twice_makes_one_object_if_the_record_says_so(bench: Bench) -> None:
    if not bench.record.create_repeatable:
        pytest.skip("a create is not safe to repeat")
    first, second = bench.create(), bench.create()
    if first.remote_id != second.remote_id or len(bench.subject.live(bench.kind.name)) != 1:
        bench.fail("the same create twice made two objects; the record says that a create is safe to repeat")


def test_creating_again_with_another_marker_answers_what_is_there(bench: Bench) -> None:
    if not bench.record.create_repeatable:
        pytest.skip("a create is not safe to repeat")
    first = bench.create()
    sent = differences.stated_fields(bench.sample.minimal, bench.kind)
    again = bench.service.create(bench.kind.name, sent, bench.marker(nonce="aaaaaaaa"))
    if again.remote_id != first.remote_id or len(bench.subject.live(bench.kind.name)) != 1:
        bench.fail("a create of an address that is there made a second object; the record says that it is repeatable")
    bench.everywhere(bench.sample.full, again, bench.marker(), "after a second create with another marker")


def test_every_write_is_a_version(bench: Bench) -> None:
    if not isinstance(bench.service, Historian):
        pytest.skip("the service keeps no versions")
    full, changed = bench.sample.full, {**bench.sample.full, **bench.sample.changed}
    live = bench.update(bench.create(), changed)
    found = bench.service.versions(live)
    if not found and bench.kind.name != next(iter(bench.record.kinds)):
        pytest.skip(f"the service keeps no versions of a {bench.kind.name}")
    if [version.current for version in found] != [True, False] or found[0].number <= found[1].number:
        bench.fail(f"after a create and an update the versions, newest first, are {found}")
    for version, spec in zip(found, (changed, full), strict=True):
        bench.holds(spec, version.resource, f"in version {version.number}")


def test_get_and_list_agree(bench: Bench) -> None:
    made = [bench.create(name).remote_id for name in ("one", "two")]
    made.append(bench.subject.seed(bench.kind.name, bench.sample.full))
    for live in bench.listed(*made):
        got = bench.got(live.remote_id)
        bench.holds(got.spec, live, f"reading {live.remote_id} by list and by get")
        for name in ("kind", "created_at", "marker_address", "marker_applied"):
            if getattr(got, name) != getattr(live, name):
                bench.fail(
                    f"`{name}` of {live.remote_id} is {getattr(live, name)} by list, {getattr(got, name)} by get"
                )


def test_an_object_of_others_reads_as_unmarked_with_its_fields(bench: Bench) -> None:
    key = bench.subject.seed(bench.kind.name, bench.sample.full)
    for live in (bench.got(key), bench.one_listed(key)):
        bench.holds(bench.sample.full, live, "reading what someone else made")
        if (live.marker_address, live.marker_applied) != (None, None):
            bench.fail(
                f"an object without a marker reads as {live.marker_address!r}, {live.marker_applied!r}, not None"
            )


def test_each_field_can_be_changed_alone(bench: Bench) -> None:
    full = bench.sample.full
    for name, value in bench.sample.changed.items():
        spec = {**full, name: value}
        live = bench.create(spec=full)
        answer = bench.update(live, spec)
        bench.everywhere(spec, answer, bench.marker(spec=spec), f"after an update of `{name}` alone")
        bench.service.delete(bench.kind.name, live.remote_id)


def test_all_fields_can_be_changed_at_once(bench: Bench) -> None:
    spec = {**bench.sample.full, **bench.sample.changed}
    answer = bench.update(bench.create(), spec)
    bench.everywhere(spec, answer, bench.marker(spec=spec), "after an update of every field")


def test_each_field_can_be_set_on_an_object_that_lacks_it(bench: Bench) -> None:
    minimal = bench.sample.minimal
    for name in bench.clearable:
        # A field may need others beside it, so all the rest is there.
        before = {key: value for key, value in bench.sample.full.items() if key != name}
        live = bench.create(spec=before)
        bench.holds(before, live, f"after a create without `{name}`")
        answer = bench.update(live, bench.sample.full)
        bench.everywhere(bench.sample.full, answer, bench.marker(), f"after an update that sets `{name}`")
        bench.delete(answer)
    live = bench.create(spec=minimal)
    bench.everywhere(bench.sample.full, bench.update(live, bench.sample.full), bench.marker(), "after setting all")


def test_each_field_can_be_cleared_to_its_default(bench: Bench) -> None:
    full = bench.sample.full
    for name in bench.clearable:
        spec = {key: value for key, value in full.items() if key != name}
        answer = bench.update(bench.create(spec=full), spec)
        when = f"after clearing `{name}`"
        bench.everywhere(spec, answer, bench.marker(spec=spec), when)
        bench.delete(answer)


def test_all_fields_can_be_cleared_at_once(bench: Bench) -> None:
    minimal = bench.sample.minimal
    answer = bench.update(bench.create(), minimal)
    bench.everywhere(minimal, answer, bench.marker(spec=minimal), "after clearing everything")


def test_a_cleared_field_can_be_set_again(bench: Bench) -> None:
    cleared = bench.update(bench.create(), bench.sample.minimal)
    answer = bench.update(bench.got(cleared.remote_id), bench.sample.full)
    bench.everywhere(bench.sample.full, answer, bench.marker(), "after clearing everything and setting it again")


def test_an_update_changes_neither_id_nor_age_and_no_other_object(bench: Bench) -> None:
    live, other = bench.create("one"), bench.create("two")
    with bench.untouched(other.remote_id):
        answer = bench.update(live, {**bench.sample.full, **bench.sample.changed})
    if (answer.remote_id, answer.created_at) != (live.remote_id, live.created_at):
        bench.fail(
            f"an update made {live.remote_id} of {live.created_at} into {answer.remote_id} of {answer.created_at}; age"
            " decides which of two objects with one address is the real one"
        )


def test_keys_that_nobody_knows_stay_on_an_update(bench: Bench) -> None:
    live = bench.create()
    strange = bench.subject.plant(bench.kind.name, live.remote_id)
    read = bench.got(live.remote_id)
    bench.holds(bench.sample.full, read, "with unknown members on the object")
    bench.update(read, {**bench.sample.full, **bench.sample.changed})
    raw = bench.raw(live.remote_id)
    lost = [key for key, value in strange.items() if canonical_json(raw.get(key)) != canonical_json(value)]
    if lost:
        bench.fail(
            f"an update lost or changed {lost}, which the schema does not know; where an update replaces the whole"
            " object, it must send them again from `live.raw`"
        )


def test_deleting_twice_is_no_error(bench: Bench) -> None:
    live, other = bench.create("one"), bench.create("two")
    for _ in range(2):
        bench.service.delete(bench.kind.name, live.remote_id)
    if set(bench.subject.live(bench.kind.name)) != {other.remote_id}:
        bench.fail(f"after deleting {live.remote_id} the service holds {sorted(bench.subject.live(bench.kind.name))}")


def test_what_was_deleted_is_absent(bench: Bench) -> None:
    live = bench.create()
    bench.service.delete(bench.kind.name, live.remote_id)
    found = bench.service.get(bench.kind.name, live.remote_id)
    if found is not None:
        bench.fail(f"`get` of a deleted object answers {found}, not None")
    if live.remote_id in {item.remote_id for item in bench.listed()}:
        bench.fail("a deleted object is still listed")


def test_updating_what_is_absent_raises_not_found(bench: Bench) -> None:
    live = bench.create()
    bench.service.delete(bench.kind.name, live.remote_id)
    with pytest.raises(NotFound):
        bench.update(live, {**bench.sample.full, **bench.sample.changed})
    if bench.subject.live(bench.kind.name):
        bench.fail("an update of a deleted object made a new one")


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "?a=b", "#", "%", "%2e%2e", "a b", "é", "0", "-" * 300])
def test_a_text_that_is_no_id_is_absent_or_refused(bench: Bench, text: str) -> None:
    bench.create()
    with bench.only_known_errors(f"`get` of {text!r}"):
        found = bench.service.get(bench.kind.name, text)
        if found is not None:
            bench.fail(f"`get` of {text!r}, which is not an id, answers {found.remote_id}")


@pytest.mark.parametrize("suffix", ["/", "?", "?a=b", "#", "#a", "/../", "%20", " "])
def test_an_id_with_something_after_it_is_another_id(bench: Bench, suffix: str) -> None:
    live = bench.create()
    key = f"{live.remote_id}{suffix}"
    with bench.only_known_errors(f"`get` of {key!r}"):
        found = bench.service.get(bench.kind.name, key)
        if found is not None:
            bench.fail(f"`get` of {key!r} answers {found.remote_id}: quote the id in the path")
    with bench.untouched(live.remote_id), bench.only_known_errors(f"`delete` of {key!r}"):
        bench.service.delete(bench.kind.name, key)


def test_what_the_service_refuses_is_rejected_in_its_own_words(bench: Bench) -> None:
    for name in bench.kind.fields:
        if not bench.supports(name):
            continue
        before = len(bench.subject.live(bench.kind.name))
        try:
            bench.service.create(
                bench.kind.name, {**bench.sample.full, name: {"no": ["such", "value"]}}, bench.marker()
            )
        except Rejected as error:
            if not error.message.strip():
                bench.fail(f"a refused `{name}` raises Rejected without a message")
            if len(bench.subject.live(bench.kind.name)) != before:
                bench.fail(f"a create with a refused `{name}` left an object behind")
            return
    pytest.skip("the service takes any value in any field")
