"""Probes what a service does, with throw-away objects that belong to no project. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property

from ..core.canonical import canonical, canonical_json, same
from ..core.differences import stated_fields
from ..core.errors import Rejected, RetinueError
from ..core.marker import Address, Applied, Mark, Owner
from ..core.masking import PLAIN, texts_in, told
from ..core.model import MISSING, Desired, Fields, Json, Kind, Live, Severity
from ..core.values import dataclass, field, replace
from ..providers.base import Provider, Resolver, Service, Support
from ..providers.losses import LOSS, held, losses
from .run import packed

PROJECT = "retinue-check"
_LONGEST_WAIT, _PAUSE = 10.0, 0.25
_SIBLINGS = 5
_LONGEST_TEXT = 4096
"""The limits of longer texts are not tried: requests of that size cost more than the answer is worth."""


@dataclass
class Probes:
    """One kind of one service. `base`: what every object needs; `samples`: two values of other fields each.

    `guarded`: what goes on inside is not broken off. `answers`: whole objects as they are answered, fit to be shown.
    """

    service: Service
    provider: Provider
    kind: Kind
    environment: str
    name: str
    base: Fields
    samples: Fields
    guarded: Callable[[], AbstractContextManager[None]]
    made: list[str] = field(default_factory=list)
    tried: int = 0
    answers: dict[str, Json] = field(default_factory=dict)

    def run(self) -> Iterator[Json]:
        """Every finding, as soon as it is there. Raises what keeps even the least object from being made."""
        record, (first, second) = self.provider.capabilities, self._values
        live = self._create(self.name)
        yield self._found("list", *self._listed(live))
        live = self._read()
        yield self._found("marker", "kept" if live.mark == self._mark(self.name) else "not kept", "kept")
        self.answers["least"] = told(live.raw, self._known)
        stated = {**self.base, self.kind.display: self.name}
        for name, (support, _) in record.fields.get(self.kind.name, {}).items():
            documented = name in self.kind.fields and self.kind.fields[name].shape.default is not MISSING
            if name in stated:
                fact = "kept" if self._is(live, name, stated) else f"answered as {self._shown(live.spec, name)}"
                yield self._found(f"`{name}` of a create", fact, "kept")
            elif documented and support is not Support.UNSUPPORTED:
                yield self._found(f"`{name}` left out", self._shown(live.spec, name), self._shown({}, name))
        usable = []
        for name in first:
            live, refusal = self._write(live, {name: first[name]})
            hidden = name in record.unreadable.get(self.kind.name, ())
            fact = "kept" if self._is(live, name, first) else f"answered as {self._shown(live.spec, name)}"
            fact = refusal or ("never answered" if hidden and fact != "kept" else fact)
            yield self._found(f"`{name}`", fact, "never answered" if hidden else "kept")
            usable += [] if refusal or hidden else [name]
        self.answers["most"] = told(live.raw, self._known)
        for name in tuple(usable):
            live, refusal = self._write(live, {name: self._empty(name)})
            fact = "cleared" if self._is(live, name, self.base) else f"stays {self._shown(live.spec, name)}"
            claim = "" if self.kind.fields[name].shape.default is MISSING else "cleared"
            yield self._found(f"`{name}` taken away", refusal or fact, claim)
            if refusal or fact != "cleared":
                usable.remove(name)
        after, _ = self._write(live, {self.kind.display: live.spec.get(self.kind.display)})
        moved = [key for key in sorted(after.raw) if not same(after.raw[key], live.raw.get(key, MISSING))]
        yield self._found("a write of what is there", f"changes {', '.join(moved) or 'nothing'}")
        yield from self._stale([name for name in usable if name in second])
        for name, schema in self.kind.schema["properties"].items():
            most = schema.get("maxLength", _LONGEST_TEXT) if name in (self.kind.display, *first) else _LONGEST_TEXT
            sizes = range(most if most < _LONGEST_TEXT else 0, 0, -1)
            if most := next((size for size in sizes if name in self._holdable({name: "x" * size})), 0):
                yield self._limit(name, most)
        yield self._found("order within one second", self._order())
        self.service.delete(self.kind.name, live.remote_id)
        there = self.service.get(self.kind.name, live.remote_id) is not None
        yield self._found("after a delete", "still there" if there else "absent", "absent")

    def remove(self) -> list[str]:
        """Delete all that was made, even by a create whose answer was lost; the ids of what is left, and why."""
        left, found = [], set(self.made)
        if self.tried > len(self.made):
            try:
                time.sleep(self.provider.capabilities.list_lag)
                listed = self.service.list(self.kind.name)
                found |= {
                    i.remote_id for i in listed if self.name in (i.mark.owner.address.name if i.mark.owner else "")
                }
            except RetinueError as error:
                left.append(f"perhaps {self.kind.name} {self.name}: {error.message}")
        for remote_id in sorted(found):
            try:
                self.service.delete(self.kind.name, remote_id)
            except RetinueError as error:
                left.append(f"{self.kind.name} {self.name}, {remote_id}: {error.message}")
        return left

    # --- what is sent

    def _holdable(self, values: Fields) -> Fields:
        """With the base; without what the service cannot hold, and as it understands the rest."""
        desired = Desired(self.kind.name, {**self.base, **values}, address=Address(self.kind.name, self.name))
        problems = (*losses(desired, self.kind, self.provider.capabilities), *self.provider.check(desired))
        lost = [replace(item, code=LOSS) for item in problems if item.code == LOSS or item.severity is Severity.ERROR]
        desired = held(desired, lost)
        return (self.service.resolve([desired]).resources[0] if isinstance(self.service, Resolver) else desired).spec

    @cached_property
    def _values(self) -> list[Fields]:
        both = [self._holdable({name: pair[at] for name, pair in self.samples.items()}) for at in (0, 1)]
        return [{name: values[name] for name in self.samples if name in values} for values in both]

    @cached_property
    def _known(self) -> frozenset[str]:
        extras = self.provider.capabilities.extras.get(self.kind.name, {})
        return frozenset(texts_in([dict(self.kind.schema), extras]))

    def _mark(self, name: str) -> Mark:
        return Mark.of(Owner(PROJECT, self.environment, Address(self.kind.name, name)), Applied(name[-8:]))

    def _empty(self, name: str) -> Json:
        """The meaning of a manifest without the field."""
        default = self.kind.fields[name].shape.default
        return self.base.get(name, None if default is MISSING else default)

    def _create(self, name: str) -> Live:
        spec = stated_fields({**self._holdable({}), self.kind.display: name}, self.kind)
        with self.guarded():
            self.tried += 1
            live = self.service.create(self.kind.name, spec, packed(self._mark(name)))
            self.made.append(live.remote_id)
        return live

    def _read(self) -> Live:
        live = self.service.get(self.kind.name, self.made[0])
        if live is None:
            raise RetinueError(f"{self.name} was deleted by someone else, or cannot be read by its id")
        return live

    def _write(self, live: Live, fields: Fields) -> tuple[Live, str]:
        """The object as it is read after a write on what `live` says of it, and how the service refused that."""
        plain, refusal = frozenset(name for name in fields if same(fields[name], self._empty(name))), ""
        try:
            self.service.update(live, fields, packed(self._mark(self.name)), plain)
        except Rejected as error:
            code = error.code if PLAIN.fullmatch(error.code or "") else ""
            refusal = f"refused ({error.status or ''} {code})".replace(" )", ")")
        return self._read(), refusal

    # --- what is found

    def _found(self, probe: str, fact: str, claim: str = "", holds: bool | None = None) -> Json:
        holds = fact == claim if claim and holds is None else holds
        return {"kind": self.kind.name, "probe": probe, "fact": fact, "claim": claim, "holds": holds}

    def _of(self, spec: Fields, name: str) -> Json:
        """One field in canonical form; a list item by item, because its order counts here."""
        if isinstance(spec.get(name), list):
            return [canonical({name: [item]}, self.kind).get(name) for item in spec[name]]
        return canonical(spec, self.kind).get(name, MISSING)

    def _is(self, live: Live, name: str, wanted: Fields) -> bool:
        return same(self._of(live.spec, name), self._of(wanted, name))

    def _shown(self, spec: Fields, name: str) -> str:
        value = self._of(spec, name)
        return "nothing" if value in (MISSING, None) else canonical_json(told(value, self._known))

    def _listed(self, live: Live) -> tuple[str, str, bool]:
        started, lag, lists = time.monotonic(), self.provider.capabilities.list_lag, 0
        while not any(item.remote_id == live.remote_id for item in self.service.list(self.kind.name)):
            lists += 1
            if time.monotonic() - started > max(_LONGEST_WAIT, 2 * lag):
                break
            time.sleep(_PAUSE)
        took = time.monotonic() - started
        fact = f"after {took:.1f} s and {lists} lists without it" if lists else "at once"
        return fact, f"within {lag:g} s", not lists or took <= lag + _PAUSE

    def _stale(self, names: list[str]) -> Iterator[Json]:
        """For each field, the writes that undo a change made by someone else since the object was read.

        A service with a lock takes no such write.
        """
        if self.provider.capabilities.locked:
            read = self._read()
            refused = [self._write(read, {names[0]: values[names[0]]})[1] for values in self._values]
            yield self._found("a write on an older read", "refused" if refused[-1] else "taken", "refused")
            return
        (first, second), undoing = self._values, {name: list[str]() for name in names}
        for name in names:
            others = [other for other in names if other != name]
            read, _ = self._write(self._read(), {name: first[name], **{other: self._empty(other) for other in others}})
            put, _ = self._write(read, {other: first[other] for other in others})
            now, _ = self._write(read, {name: second[name]})
            for other in others:
                if not self._is(put, other, read.spec) and not self._is(now, other, put.spec):
                    undoing[other].append(name)
        for name, by in undoing.items():
            fact = "undone by every write" if by and len(by) == len(names) - 1 else f"undone by {', '.join(by)}"
            whole = name in self.provider.capabilities.replaced.get(self.kind.name, ())
            claim = "undone by every write" if whole else ""
            yield self._found(f"`{name}` changed since it was read", fact if by else "kept", claim)

    def _limit(self, name: str, most: int) -> Json:
        lead, after = (self.name if name == self.kind.display else ""), []
        for size in (most, most + 1):
            text = lead.ljust(size, "x")
            live, refusal = self._write(self._read(), {name: text})
            after.append(refusal or ("holds" if live.spec.get(name) == text else "altered"))
        fact = f"{most} {after[0]}, {most + 1} {after[1]}"
        return self._found(f"length of `{name}`", fact, f"{most} holds", after[0] == "holds")

    def _order(self) -> str:
        """How the list orders what was made within one second."""
        ids = [self._create(f"{self.name}{number}").remote_id for number in range(_SIBLINGS)]
        listed = [item for item in self.service.list(self.kind.name) if item.remote_id in ids]
        times = [item.created_at for item in listed]
        second = max(times, key=times.count, default=0)
        found = [item.remote_id for item in listed if item.created_at == second]
        made = [key for key in ids if key in found]
        if len(found) < _SIBLINGS - 1 or made == sorted(made):
            return "not seen"
        return "of creation" if found == made else "of the ids" if found == sorted(made) else "another"
