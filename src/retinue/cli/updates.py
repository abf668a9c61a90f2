"""`import --update`: which live values go to which files, checked by planning once more. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from ..core.canonical import canonical
from ..core.differences import differing
from ..core.errors import InvalidManifests, UsageError
from ..core.literals import screened
from ..core.model import MISSING, Cause, Plan, Severity
from ..core.observation import Observation
from ..core.pointer import split_pointer, with_ignored, without
from ..core.references import addresses_in
from ..core.spelling import known_or_meant
from ..core.values import dataclass, replace
from ..load.emit import to_yaml
from ..load.export import stated
from ..load.files import Files
from ..load.located import place_of
from ..load.manifests import Loaded, load
from ..load.rewriting import Rewriting, moved_fields, rewrite, unintended
from ..load.writeback import Refused, Texts, Wanted
from ..providers.base import Exporter, Service
from . import console
from .options import PlanOptions
from .planning import plan_for
from .reading import understood
from .session import Session, open_session

_REFERS = "it refers to other manifests or to files by name, and live ids must not take their place"
_BEYOND = "the difference is not in anything a manifest states; the next apply brings it in line"
_HELD = "a secret stands there ([key]), and a file must not hold one: keep it in the service's own vault"
_BOTH = "its manifest was changed too since the last apply, or which side changed is not on record"


def update(
    session: Session, service: Service, seen: Observation, options: PlanOptions, take_live: Sequence[str] = ()
) -> Rewriting:
    """The project's files with the live values in them. Raises UsageError for a --take-live that means nothing."""
    known, seen = understood(session, service, seen)
    plan = plan_for(known, service, seen, options)
    wanted, refused = _wanted(session, plan, seen, set(take_live))
    checker = _Checker(session, service, seen, options)
    texts = Texts(Files(session.project.root), session.project.known.of(session.provider.name))
    found = rewrite(wanted, texts, checker.problem)
    return replace(found, refused=(*refused, *found.refused), also=checker.also(found))


def _wanted(session: Session, plan: Plan, seen: Observation, taken: set[str]) -> tuple[list[Wanted], list[Refused]]:
    """Every field that moved outside with its live value, and those of which the manifest moved too."""
    wanted: list[Wanted] = []
    refused: list[Refused] = []
    exporter = session.provider if isinstance(session.provider, Exporter) else None
    for change in plan.changes:
        moved = [item for item in change.fields if item.cause is not Cause.MANIFEST]
        if not moved:
            continue
        written, found = session.written[str(change.address)], seen.by_key[change.object_key]
        kind = session.kinds[change.address.kind]
        # The live object as a manifest would state it; ignored fields stay as the manifest has them.
        fields = exporter.exported(found) if exporter else found.spec
        secret = {split_pointer(pointer)[0] for pointer in screened(fields, kind)[1]}
        fields = with_ignored(console.hidden(fields, kind), written.spec, written.policy.ignore_changes)
        values = stated(fields, kind)
        says = {item.name: item.after for item in moved}
        sides = (without(canonical(side, kind), change.ignored) for side in (says, values))
        can_be_said = {item.name for item in differing(says, *sides)}
        for item in moved:
            name = item.name
            one = Wanted(written, kind.fields[name], values.get(name, MISSING))
            if addresses_in({name: item.after}, kind):
                refused.append(Refused(one._replace(value=MISSING), _REFERS))
            elif name in secret:
                refused.append(Refused(one, _HELD))
            elif name not in can_be_said:
                refused.append(Refused(one._replace(value=found.spec.get(name, MISSING)), _BEYOND))
            elif item.cause is Cause.BOTH and str(change.address) not in taken:
                refused.append(Refused(one, f"{_BOTH}; --take-live {change.address} takes the live one"))
            else:
                wanted.append(one)
    both = {str(change.address) for change in plan.changes for item in change.fields if item.cause is Cause.BOTH}
    for address in sorted(taken - both):
        remedy = known_or_meant(address, both, "Both sides may have changed")
        raise UsageError(f"--take-live {address} names nothing that both sides may have changed", remedy)
    return wanted, refused


@dataclass
class _Checker:
    """Loads the project with other files in it and plans once more."""

    session: Session
    service: Service
    seen: Observation
    options: PlanOptions

    @cached_property
    def others(self) -> dict[str, Loaded]:
        """As the project is in the other environments."""
        return dict(self._others(self.session, {}))

    def problem(self, files: Mapping[str, bytes], wanted: Sequence[Wanted]) -> str | None:
        """Describes any unintended change that these files would cause; None if there is none."""
        try:
            after = open_session(self.options, replaced=files)
        except InvalidManifests as invalid:
            wrong = next(item for item in invalid.diagnostics if item.severity is Severity.ERROR)
            return f"the file would be wrong: {wrong.message}"
        before, kinds = self.session, self.session.kinds
        if {**before.project.data, "defaults": None} != {**after.project.data, "defaults": None}:
            return "retinue.yaml would say something else"
        why = unintended(before.loaded, after.loaded, wanted, kinds, here=True)
        if why is None:
            pairs = ((self.others[name], new) for name, new in self._others(after, files))
            why = next(filter(None, (unintended(*pair, wanted, kinds, here=False) for pair in pairs)), None)
        if why is not None:
            return why
        known, seen = understood(after, self.service, self.seen)
        plan = plan_for(known, self.service, seen, self.options)
        left = {(change.address, item.path) for change in plan.changes for item in change.fields}
        missed = any((one.resource.address, f"/{one.field.name}") in left for one in wanted)
        return "the next plan would still change it" if missed else None

    def also(self, found: Rewriting) -> dict[tuple[str, str], list[str]]:
        """By address and field that was written, the other environments whose manifest says it now too."""
        also: dict[tuple[str, str], list[str]] = {}
        if not found.files:
            return also
        for name, new in self._others(open_session(self.options, replaced=found.files), found.files):
            for one in found.written:
                address = one.resource.address
                if address and one.field.name in moved_fields(self.others[name], new, address):
                    also.setdefault(_by_address(one), []).append(name)
        return also

    def _others(self, session: Session, files: Mapping[str, bytes]) -> Iterator[tuple[str, Loaded]]:
        """The manifests as they are in the other environments."""
        for name in session.project.environments:
            if name != session.environment.name:
                yield name, load(session.project, name, replaced=files)


def report(found: Rewriting, then: str = "retinue plan") -> str:
    """Lists what was written where, and what was not, with the value to write by hand. `then`: the next command."""
    lines = [f"wrote {name}" for name in sorted(found.files)]
    for one in sorted(found.written, key=_by_address):
        also = ", ".join(found.also.get(_by_address(one), ()))
        where = f" (also in {also}: the same line serves it)" if also else ""
        lines.append(f"  {one.resource.address}: {one.field.name}{where}")
    for refused in sorted(found.refused, key=lambda item: _by_address(item.wanted)):
        one = refused.wanted
        at = refused.place or place_of(one.resource.spec, [one.field.name]) or one.resource.place
        lines += [f"not written: {one.resource.address}: {one.field.name} ({at})", f"  {refused.why}"]
        # As a person would write it into a manifest.
        value = one.field.shape.default if one.value is MISSING else one.value
        live = [f"live: no {one.field.name}"]
        if value is not MISSING:
            live = ["live:", *(f"  {line}" for line in to_yaml({one.field.name: value}).splitlines())]
        lines += [f"    {line}" for line in (refused.patch.splitlines() if refused.patch else live)]
    if not (found.written or found.refused):
        return "Nothing to write: nothing was changed outside."
    written, left = len(found.written), len(found.refused)
    counts = f"{written} {'value' if written == 1 else 'values'} written" + (f", {left} not" if left else "")
    counts += f"; an apply notes {'it' if written == 1 else 'them'} as accepted" if written else ""
    return "\n".join([*lines, "", f"{counts}. Next: {then}"])


def _by_address(one: Wanted) -> tuple[str, str]:
    return (str(one.resource.address), one.field.name)
