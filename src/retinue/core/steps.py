"""Makes the steps of a plan, one for one object; which object needs which step is plan.py's business."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from . import differences
from .content import key_of, leftover_address
from .counterparts import Counterpart
from .links import Links
from .marker import Applied, parse_applied
from .marks import asked_entries
from .model import Action, Address, Cause, Change, Desired, FieldChange, Live, MarkChange, Reason
from .observation import Observation, Target
from .promotion import spec_digests
from .references import addresses_in
from .values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Steps:
    """For one target. `links`: who refers to whom there."""

    target: Target
    links: Links

    def create(self, desired: Desired) -> Change:
        stated = differences.stated_fields(desired.spec, self.target.kinds[desired.kind])
        return self._step(desired, tuple(FieldChange(f"/{name}", None, it) for name, it in stated.items()), None)

    def upload(self, file: Desired) -> Change:
        """A file is there or it is not: nothing of it is ever updated."""
        same = self.links.files.get(key_of(file))
        if same is not None:
            return _no_op(file, same[0])
        reason = Reason.MANIFEST if self.links.was_there(file) else Reason.NEW
        return replace(self.create(file), asked={}, reason=reason)

    def update(self, desired: Desired, live: Live) -> Change:
        """The step that brings an object of ours to the desired state; a no-op if nothing is left to do."""
        kind, owner = self.target.kinds[desired.kind], self.target.owner(desired.address)
        moved_from = None if live.owner == owner else live.owner
        if live.expired:
            return replace(
                self.create(desired),
                action=Action.REPLACE,
                reason=Reason.EXPIRED,
                remote_id=live.remote_id,
                expect=self._expect(desired, live),
                moved_from=moved_from,
                removal=self.target.removal,
            )
        known = live.applied is not None and not live.set_back
        found = self._compared(desired, live, live.applied, known)
        if live.set_back and live.others_applied:
            # Any of these may be what was applied last.
            each = (live.applied, *map(parse_applied, live.others_applied))
            histories = [self._compared(desired, live, one, one is not None) for one in each]
            found = differences.agreed(found, histories)
        fields = self.links.explained(found.changes, kind)
        before = live.protected
        protects = before != desired.policy.protect
        if fields or protects or moved_from:
            mark = MarkChange(was_protected=before if protects else None)
            causes = {item.cause for item in fields} | ({Cause.MANIFEST} if protects else set())
            reason = Reason.MANIFEST if causes <= {Cause.MANIFEST} else Reason.BOTH
            if self.links.only_references(fields, desired, kind, live.applied):
                reason = Reason.REFERENCE
            elif Cause.BOTH in causes and not known:
                reason = Reason.SET_BACK if live.set_back else Reason.MARKER_DAMAGED
            elif causes == {Cause.DRIFT}:
                reason = Reason.DRIFT
        elif found.unrecorded:
            mark, reason = MarkChange(accepted=found.unrecorded), Reason.ACCEPTED
        else:
            return _no_op(desired, live)
        step = replace(self._step(desired, fields, live), reason=reason, mark=mark)
        if moved_from is None:
            return step
        why = Reason.MOVED if live.address != desired.address else Reason.FORMERLY
        return replace(step, action=Action.MOVE, reason=why, moved_from=moved_from)

    def adopt(self, desired: Desired, found: Counterpart) -> Change:
        step = self._step(desired, self._compared(desired, found.live, None, found.known).changes, found.live)
        reason = Reason.ADOPTED if found.named else Reason.MARKER_LOST
        return replace(step, action=Action.ADOPT, reason=reason, recognised=not found.named)

    def verify(self, desired: Desired, live: Live, digest: str) -> Change:
        """Note that the spec passed, which waits for no other object."""
        step = self._step(desired, (), live)
        return replace(step, reason=Reason.VERIFIED, requires=(), mark=MarkChange(verified=digest))

    def delete(self, live: Live, reason: str, *, orphan: bool = False, extra: bool = False) -> Change:
        """A delete goes before those of what its object refers to."""
        named = self.links.named(live)
        needed = addresses_in(named.spec, self.target.kinds[named.kind])
        step = replace(forget_step(live, reason, self.target), action=Action.DELETE, removal=self.target.removal)
        return replace(step, requires=needed, orphan=orphan, extra=extra)

    def delete_unused(self, file: Live) -> Change:
        """Delete a file that nothing refers to."""
        kind = self.target.kinds[file.kind]
        return Change(
            address=leftover_address(file),
            action=Action.DELETE,
            reason=Reason.UNUSED,
            unused=True,
            remote_id=file.remote_id,
            expect=differences.expect_digest(file, kind, ()),
            display_name=kind.display_name(file.spec),
        )

    def _compared(self, desired: Desired, live: Live, applied: Applied | None, known: bool) -> differences.Compared:
        kind = self.target.kinds[desired.kind]
        return differences.compared(desired, self.links.named(live), kind, applied, known=known)

    def _expect(self, desired: Desired, live: Live) -> str:
        return differences.expect_digest(live, self.target.kinds[desired.kind], desired.policy.ignore_changes)

    def _step(self, desired: Desired, fields: tuple[FieldChange, ...], live: Live | None) -> Change:
        """A create, or where something is live an update of that."""
        kind, ignored = self.target.kinds[desired.kind], desired.policy.ignore_changes
        return Change(
            address=desired.address,
            action=Action.UPDATE if live else Action.CREATE,
            reason=Reason.MANIFEST if live else Reason.NEW,
            remote_id=live.remote_id if live else None,
            fields=fields,
            expect=self._expect(desired, live) if live else None,
            requires=self.links.requires(desired),
            asked=asked_entries(desired.spec, kind, ignored),
            protected=desired.policy.protect,
            ignored=ignored,
            display_name=kind.display_name((live or desired).spec),
            resolved=self.links.resolved(fields, kind),
        )


def _no_op(desired: Desired, live: Live) -> Change:
    return Change(desired.address, Action.NO_OP, Reason.MANIFEST, live.remote_id)


def forget_step(live: Live, reason: str, target: Target) -> Change:
    """The step that takes the marker off an object and leaves it as it is."""
    kind = target.kinds[live.address.kind]
    return Change(
        address=live.address,
        action=Action.FORGET,
        reason=reason,
        remote_id=live.remote_id,
        expect=differences.expect_digest(live, kind, ()),
        protected=live.protected,
        display_name=kind.display_name(live.spec),
    )


def verify_steps(desired: Sequence[Desired], addresses: Collection[Address], seen: Observation) -> list[Change]:
    """For each address, which must be live as its manifest wants it, the step that notes its spec as verified."""
    target, digests = seen.target, spec_digests(desired, seen.target.kinds)
    steps = Steps(target, Links(target.kinds))
    return [
        steps.verify(item, seen.world.owned[item.address], digests[item.address])
        for item in desired
        if item.address in addresses and not target.kinds[item.kind].by_content
    ]
