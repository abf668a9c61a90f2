"""The record and the sample: what a provider says of itself can be true, and the suite has something to try it with."""

from __future__ import annotations

from retinue.core.canonical import same
from retinue.core.model import MISSING, Action, Address, Change, FieldChange, Reason, Severity
from retinue.providers import registry
from retinue.providers.base import (
    Finder,
    Historian,
    Identified,
    Pointed,
    Resolver,
    Rewindable,
    Support,
    Uploader,
    Watchful,
)

from .bench import Bench


def test_the_record_uses_the_words_that_planning_knows(bench: Bench) -> None:
    record = bench.record
    if record.identity not in ("server", "client"):
        bench.fail(f"`identity` is {record.identity!r}, not server or client")
    if record.list_lag < 0:
        bench.fail("`list_lag` is seconds")


def test_what_the_class_of_the_service_offers_is_there_when_it_is_connected(bench: Bench) -> None:
    """`retinue providers` reads off the class what a service can do besides the verbs, without reaching it."""
    offered = bench.subject.provider.service
    if not isinstance(bench.service, offered):
        bench.fail(f"`service` is {offered.__name__}, but `connect` gives a {type(bench.service).__name__}")
    for what in (Finder, Historian, Identified, Pointed, Resolver, Rewindable, Uploader, Watchful):
        if isinstance(bench.service, what) is not issubclass(offered, what):
            bench.fail(f"{offered.__name__} and what `connect` gives differ in being a {what.__name__}")


def test_a_record_that_tells_the_account_has_a_service_that_does(bench: Bench) -> None:
    tells = isinstance(bench.service, Identified)
    if bool(bench.record.account) and not tells:
        bench.fail("`account` says what the service reports, but the service has no method `account`")
    if isinstance(bench.service, Identified) and bench.record.account and not bench.service.account():
        bench.fail("`account` of the service is empty; say nothing in the record where a service may not tell")


def test_the_provider_is_found_by_its_name(bench: Bench) -> None:
    """Through the entry-point group `retinue.providers`, as `provider:` in retinue.yaml finds it, bound or not."""
    provider = bench.subject.provider
    if provider.name not in registry.names() or type(registry.load(provider.name)) is not type(provider):
        bench.fail(f"the entry-point group `{registry.GROUP}` does not lead from {provider.name!r} to this provider")


def test_the_record_speaks_of_every_field_and_of_no_other(bench: Bench) -> None:
    record, known = bench.record, {*bench.kind.fields, *bench.kind.shared}
    held = record.fields.get(bench.kind.name, {})
    if set(held) != known:
        bench.fail(
            f"`fields` leaves out {sorted(known - set(held))} and has {sorted(set(held) - known)}, not fields;"
            " write Support.UNSUPPORTED with a note for what cannot be held"
        )
    if unknown := bench.kind.hidden - known:
        bench.fail(f"`unreadable` names {sorted(unknown)}, which are not fields")
    for name, (support, note) in held.items():
        if support is not Support.NATIVE and not note:
            bench.fail(f"`{name}` is {support} without a note; the note is what an author reads")


def test_the_sample_tries_every_field_that_is_supported(bench: Bench) -> None:
    sample, supported = bench.sample, {name for name in bench.kind.fields if bench.supports(name)}
    for name, spec in (("full", sample.full), ("changed", sample.changed)):
        if set(spec) != supported:
            bench.fail(
                f"`{name}` of the sample lacks {sorted(supported - set(spec))}, must not have {set(spec) - supported}"
            )
    for name, field in bench.kind.fields.items():
        if name not in supported:
            continue
        if same(sample.full[name], sample.changed[name]):
            bench.fail(f"`{name}` is the same in `full` and in `changed`, so that a lost update would go unseen")
        for which in (sample.full, sample.changed):
            if field.shape.default is not MISSING and same(which[name], field.shape.default):
                bench.fail(f"`{name}` of the sample is its default, so that a lost value would go unseen")
    for name, value in sample.minimal.items():
        if not same(value, sample.full.get(name)):
            bench.fail(f"`{name}` of `minimal` is not as in `full`")


def test_what_the_sample_says_is_no_problem_for_the_pure_checks(bench: Bench) -> None:
    provider = bench.subject.provider
    for spec in (bench.sample.full, {**bench.sample.full, **bench.sample.changed}, bench.sample.minimal):
        found = [d for d in provider.check(bench.desired("one", spec)) if d.severity is Severity.ERROR]
        if found:
            bench.fail(f"`check` refuses the sample: {found}")
        fields = tuple(FieldChange(f"/{name}", None, value) for name, value in spec.items())
        change = Change(Address(bench.kind.name, "one"), Action.CREATE, Reason.NEW, fields=fields)
        if obstacle := provider.obstacle(change, None):
            bench.fail(f"`obstacle` blocks a create of the sample: {obstacle}")


def test_the_pure_checks_take_any_live_object(bench: Bench) -> None:
    live = bench.got(bench.create().remote_id)
    fields = tuple(FieldChange(f"/{name}", live.spec.get(name), value) for name, value in bench.sample.changed.items())
    change = Change(Address(bench.kind.name, "one"), Action.UPDATE, Reason.MANIFEST, live.remote_id, fields)
    if obstacle := bench.subject.provider.obstacle(change, live):
        bench.fail(f"`obstacle` blocks an update to the sample's `changed`: {obstacle}")
    cleared = tuple(FieldChange(f"/{name}", live.spec.get(name), None) for name in bench.clearable)
    if obstacle := bench.subject.provider.obstacle(
        Change(change.address, Action.UPDATE, Reason.MANIFEST, live.remote_id, cleared), live
    ):
        bench.fail(f"`obstacle` blocks clearing the sample: {obstacle}")
