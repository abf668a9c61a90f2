"""A project and a service for random steps: manifests, people at the dashboard, and runs of retinue between them.

Every step is a method with plain arguments, so that a failure prints the Python code that leads to it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self, TypeVar, cast

from retinue.core.allowed import Allowed, Extent
from retinue.core.codec import dump, plan_from_json, plan_to_json, summary
from retinue.core.errors import RetinueError
from retinue.core.model import Desired, Live, Outcome, Plan, Status
from retinue.core.observation import Observation
from retinue.core.plan import Intent, make_plan
from retinue.engine.apply import apply_changes
from retinue.engine.preflight import preflight
from retinue.engine.read import read_live
from retinue.engine.run import Run
from retinue.providers.base import Marker, Service
from retinue.providers.http import in_process
from retinue.providers.openai_assistants import PROVIDER
from retinue.providers.wire import Connection
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from ..core import worlds
from ..engine.conftest import VirtualClock
from .harness import Crash, Mishap, raising
from .invariants import same_world
from .model import ADDRESS, APPLIED, Book, Deed, Licence, Raw, Scope, mark_of, ours
from .wire import JudgedWire

Manifest = Mapping[str, Any]
"""`spec`, and optionally `protect`, `moved_from`, `adopt` (the number of a live object), `ignore`, `requires`."""
Words = tuple[str, ...]
"""The codes that a person allows on the command line: `brake` (by the exact number), `twin`, `protected`, `renamed`."""
OWNERS = {"ours": "demo/dev", "environment": "demo/prod", "project": "rival/dev", "formerly": "old/dev"}
Step = TypeVar("Step", bound=Callable[..., None])


def step(method: Step) -> Step:
    """Write the step down; tell the whole story with whatever goes wrong in it, and look at the book after it."""

    @functools.wraps(method)
    def told(world: RandomWorld, *given: Any, **named: Any) -> None:
        arguments = [*map(repr, given), *(f"{name}={value!r}" for name, value in named.items())]
        world.story.append(f"world.{method.__name__}({', '.join(arguments)})")
        world.clock.time += 10
        try:
            method(world, *given, **named)
            complaints = world.wire.book.complaints
            must(not complaints, complaints)
        except BaseException as error:
            error.add_note(world.reproducer())
            raise

    return cast(Step, told)


class RandomWorld:
    """Project `demo`, environment `dev`, and the service behind it. `service`: a Behaviour's plain choices."""

    def __init__(self, **service: Any) -> None:
        arguments = ", ".join(f"{name}={value!r}" for name, value in service.items())
        self.story = [f"with RandomWorld({arguments}) as world:"]
        self.nonces = self.ids = 0
        self.clock = VirtualClock()
        self.emulator = self._emulator(Behaviour(**service))
        self.wire = JudgedWire(self.emulator, self.clock, Book())
        self.manifests: dict[str, Manifest] = {}
        self.removed: dict[str, bool] = {}
        self.formerly: tuple[str, ...] = ()
        self.critical = False
        self.saved: Saved | None = None
        self.tally: list[str] = []

    def _emulator(self, behaviour: Behaviour) -> Emulator:
        def sleep(seconds: float) -> None:
            self.clock.time += seconds

        return Emulator(":memory:", behaviour, now=self.clock.now, sleep=sleep, new_id=self._new_id)

    def close(self) -> None:
        self.left = self.wire.live()
        self.emulator.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reproducer(self) -> str:
        """A test that takes the same steps."""
        lines = "\n        ".join(self.story)
        return f"def test_it() -> None:\n    {lines}\n"

    # --- the author

    @step
    def edit(self, name: str, manifest: Manifest | None) -> None:
        """Write a manifest, or remove it."""
        self.removed.pop(name, None)
        self.manifests.pop(name, None)
        if manifest is not None:
            adopted = self._pick(manifest["adopt"]) if "adopt" in manifest else None
            self.manifests[name] = {**manifest, "adopt": adopted}

    @step
    def edit_project(
        self, removed: Mapping[str, bool] | None = None, formerly: Sequence[str] = (), critical: bool = False
    ) -> None:
        """`removed` maps names to whether they are to be forgotten; those with a manifest do not count."""
        self.removed = {name: forget for name, forget in (removed or {}).items() if name not in self.manifests}
        self.formerly, self.critical = tuple(formerly), critical

    def desired(self) -> list[Desired]:
        return [self._resource(name, manifest) for name, manifest in sorted(self.manifests.items())]

    def _resource(self, name: str, manifest: Manifest) -> Desired:
        adopted = manifest["adopt"]
        return worlds.desired(
            name,
            manifest["spec"],
            # Only backwards, so that there is no circle.
            requires=[other for other in manifest.get("requires", ()) if other < name and other in self.manifests],
            protect=manifest.get("protect", False),
            moved_from=manifest.get("moved_from"),
            adopt={} if adopted is None else {"dev": adopted},
            ignore_changes=tuple(manifest.get("ignore", ())),
        )

    # --- people at the dashboard, and other projects

    @step
    def seed(self, name: str, spec: Mapping[str, Any], mark: str = "", protect: bool = False) -> None:
        """An object that is there from earlier: without a mark, or with one of OWNERS."""
        spec = {field: value for field, value in spec.items() if value is not None}
        if not mark:
            self._put(self._new_id(), self._as_stored(spec))
            return
        applied = worlds.managed(worlds.desired(name, spec, protect=protect), nonce=self._nonce()).marker_applied
        marker = Marker(f"{OWNERS[mark]}/Assistant/{name}", applied or "")
        self.service(self.emulator).create("Assistant", spec, marker)

    @step
    def person_edits(self, pick: int, field: str, value: Any) -> None:
        self._person(pick, lambda raw: {**raw, field: value})

    @step
    def person_deletes(self, pick: int) -> None:
        self._person(pick, lambda raw: None)

    @step
    def person_copies(self, pick: int) -> None:
        """As every "duplicate" button does: all fields, metadata too, under a new id."""
        self._copy(pick)

    @step
    def person_marks(self, pick: int, address: str | None = None, applied: str | None = None) -> None:
        """Put other texts into the two metadata pairs, or (None) take them away."""
        self._person(pick, lambda raw: {**raw, "metadata": _marked(raw["metadata"], address, applied)})

    def _person(self, pick: int, change: Callable[[Raw], Raw | None]) -> None:
        key = self._pick(pick)
        if key is None:
            return
        new = change(self.wire.live()[key])
        if new is None:
            self.emulator.store.delete("assistant", key)
        else:
            self._put(key, new)

    def _copy(self, pick: int) -> None:
        key = self._pick(pick)
        if key is not None:
            copy = self._new_id()
            self._put(copy, {**self.wire.live()[key], "created_at": int(self.clock.time)})

    def _pick(self, number: int) -> str | None:
        """The live object with this number by age; there may be fewer."""
        keys = list(self.wire.live())
        return keys[number % len(keys)] if keys else None

    def _new_id(self, prefix: str = "asst_") -> str:
        """Not in order of age: nothing may depend on that."""
        self.ids += 1
        return f"{prefix}{self.ids * 7919 % 9973:04}{self.ids:020}"

    def _put(self, key: str, raw: Raw) -> None:
        self.emulator.seed({**raw, "id": key})

    def _as_stored(self, spec: Mapping[str, Any]) -> Raw:
        """What the service makes of a create by somebody else."""
        marker = Marker("x", "x")
        stored = self.service(self.emulator).create("Assistant", spec, marker)
        self.emulator.store.delete("assistant", stored.remote_id or "")
        metadata = {key: text for key, text in stored.raw["metadata"].items() if key not in (ADDRESS, APPLIED)}
        return {**stored.raw, "metadata": metadata}

    # --- runs of retinue

    @step
    def plan(self, words: Words = ()) -> None:
        """Nothing is written, and the same world and manifests give the same bytes, in whatever order they come."""
        self.wire.begin(None)
        live, plan = self._planned(words, self.wire)
        again = make_plan(Observation(self._target(), live[::-1]), self.desired()[::-1], Intent(plan.allowed))
        must(digest(again) == digest(plan), "another order of the same objects gave another plan")
        read = plan_from_json(json.loads(dump(plan_to_json(plan, "1"))))
        must(digest(read) == digest(plan), "a saved plan is another one once it is read")
        self._check_brake(live, plan)

    @step
    def save_plan(self, words: Words = ()) -> None:
        self.wire.begin(None)
        live, plan = self._planned(words, self.wire)
        self.saved = Saved(dump(plan_to_json(plan, "1")), self.licence(_raws(live), plan.allowed), self.wire.live())

    @step
    def apply(self, words: Words = (), disturbance: tuple[Any, ...] | None = None) -> None:
        """A fresh plan, carried out. After a crash or a fault a plain apply makes up for it."""
        if disturbance is None:
            self.wire.begin(None)
            self._finished(*self._fresh(words, self.wire))
            return
        before, twin = self.wire.live(), self._twin()
        self._disturbed(disturbance, lambda: self._fresh(words, self.wire))
        self.clock.time += 10
        self._fresh(words, twin)
        if disturbance[0] != "meddle":
            self.wire.begin(None)
            self._finished(*self._fresh(words, self.wire))
            differ = same_world(self.wire.live(), twin.live(), before)
            must(not differ, "an undisturbed run ends in another world", differ)
        twin.emulator.close()

    @step
    def apply_saved(self, disturbance: tuple[Any, ...] | None = None) -> None:
        """The saved plan: all of it, or nothing at all if it is stale. Once more, and there is nothing to do."""
        if self.saved is None:
            return
        if disturbance is not None:
            self._disturbed(disturbance, functools.partial(self._carry_out_saved, self.saved))
            return
        self.wire.begin(None)
        outcomes = self._carry_out_saved(self.saved)
        # Where null keeps a field, a saved plan that clears it is never seen as done: exit 6 the second time.
        if outcomes and not unfinished(outcomes) and self.emulator.behaviour.null == "clear":
            self.wire.begin(None)
            again = self._carry_out_saved(self.saved)
            must(again is not None and not unfinished(again), "a plan that was carried out is refused", again)
            must(self.wire.deeds == [], "a plan that was carried out is carried out again", self.wire.deeds)

    @step
    def settle(self) -> None:
        """The author takes every way out that a plan may offer, and applies: then all is as the manifests say."""
        for name, manifest in self.manifests.items():
            kept = {key: value for key, value in manifest.items() if key != "moved_from"}
            self.manifests[name] = {**kept, "adopt": None}
        self._strip_copies()
        self.wire.begin(None)
        plan, outcomes = self._fresh(("brake", "twin", "protected", "renamed"), self.wire)
        must(not blocked(plan), "there is no way out", blocked(plan))
        self._finished(plan, outcomes)

    def _strip_copies(self) -> None:
        """The way out where copies keep a step from going: somebody takes the marker off them."""
        live = self.wire.live()
        scope = Scope(("demo", *self.formerly))
        for key in scope.marks(live).keys() - ours(live, scope).writable():
            self._put(key, {**live[key], "metadata": _marked(live[key]["metadata"], None, None)})

    def _disturbed(self, given: tuple[Any, ...], run: Callable[[], object]) -> None:
        """A run that may end in the middle or fail, but with no other exception than retinue's own.

        `given`: what happens at which request (from 0). The process dies `before` or `after` the deed; or people
        `meddle`, by a step of theirs with its arguments; or it is a fault of the emulator, with its arguments.
        """
        what, at, *how = given

        def meddle() -> None:
            getattr(type(self), how[0]).__wrapped__(self, *how[1:])

        if what == "meddle":
            self.wire.begin(None, at, meddle)
        else:
            self.wire.begin(mishap(what, *how), at)
        try:
            run()
        except (Crash, RetinueError) as error:
            self.tally.append(type(error).__name__)
        self._check_run()

    def _fresh(self, words: Words, wire: JudgedWire) -> tuple[Plan, list[Outcome]]:
        """Plan and apply as the command line does: a plan with a blocked step is not begun."""
        live, plan = self._planned(words, wire)
        if blocked(plan):
            return plan, []
        wire.licence = self.licence(_raws(live), plan.allowed)
        return plan, apply_changes(plan.changes, self._new_run(wire))

    def _carry_out_saved(self, saved: Saved) -> list[Outcome] | None:
        """The outcomes; None if the plan is blocked or stale, and then nothing may have been written."""
        plan = plan_from_json(json.loads(saved.text))
        if blocked(plan):
            return None
        run = self._new_run(self.wire)
        self.wire.licence = replace(saved.licence, extra=ours(self.wire.live(), saved.licence.scope).extra)
        checked = preflight(plan, run)
        must(self.wire.deeds == [], "a check wrote", self.wire.deeds)
        must(not checked.moved or self.wire.live() != saved.live, "stale, although nothing changed", checked.moved)
        if checked.moved:
            self.tally.append("stale")
            return None
        done = [Outcome(change.address, change.action, Status.DONE, live) for change, live in checked.done]
        return [*done, *apply_changes(checked.todo, run)]

    def _planned(self, words: Words, wire: JudgedWire) -> tuple[list[Live], Plan]:
        live, target, desired = read_live(self.service(wire), ["Assistant"]), self._target(), self.desired()
        names = {mark.name for raw in wire.live().values() if (mark := mark_of(raw))}
        codes: dict[str, Extent] = {"twin": True} if "twin" in words else {}
        everything = tuple(f"Assistant/{name}" for name in sorted(names))
        codes |= {code: everything for code in ("protected", "renamed") if code in words}
        plan = make_plan(Observation(target, live), desired, Intent(Allowed(codes)))
        if "brake" in words and (deletes := doomed(plan, self.removed)):
            plan = make_plan(Observation(target, live), desired, Intent(Allowed({**codes, "brake": deletes})))
        return live, plan

    def _target(self) -> Any:
        return worlds.target(
            formerly=self.formerly,
            removed={worlds.at(name): forget for name, forget in self.removed.items()},
            critical=self.critical,
        )

    def service(self, application: Any) -> Service:
        connection = Connection(
            "http://emulator/v1",
            {"Authorization": "Bearer key"},
            transport=in_process(application),
            clock=self.clock,
        )
        return PROVIDER.connect(connection)

    def _new_run(self, wire: JudgedWire) -> Run:
        return Run(
            service=self.service(wire),
            capabilities=PROVIDER.capabilities,
            target=self._target(),
            parallelism=1,
            nonce=self._nonce,
            clock=self.clock,
        )

    def _nonce(self) -> str:
        self.nonces += 1
        return f"n{self.nonces:07}"

    def licence(self, seen: Mapping[str, Raw], allowed: Allowed) -> Licence:
        """What a run may do that saw these objects."""
        scope = Scope(("demo", *self.formerly))
        return Licence(
            scope=scope,
            seen=seen,
            extra=ours(seen, scope).extra,
            names=frozenset(self.manifests),
            adopted=frozenset(manifest["adopt"] for manifest in self.manifests.values() if manifest["adopt"]),
            ignored={name: tuple(manifest.get("ignore", ())) for name, manifest in self.manifests.items()},
            removed=frozenset(self.removed),
            critical=self.critical,
            deletes=allowed.number("brake") or 0,
            unprotected=frozenset(allowed.named("protected")),
        )

    def _twin(self) -> JudgedWire:
        """Another service with the same objects."""
        emulator = self._emulator(self.emulator.behaviour)
        for key, raw in self.wire.live().items():
            emulator.store.put("assistant", key, raw["created_at"], json.dumps(raw))
        return JudgedWire(emulator, self.clock, Book())

    # --- what must hold

    def _check_run(self) -> None:
        if self.wire.licence is not None:
            gone = {deed.key for deed in self.wire.deeds if deed.after is None}
            self.wire.book.judge_run(gone, self.wire.licence)
            seen = self.wire.licence.seen
            deeds = [deed for deed in self.wire.deeds if (deed.key in seen or deed.after) and not _forgets(deed)]
            old = [deed.after is None for deed in deeds]
            must(old == sorted(old), "something was deleted before all else was done", self.wire.deeds)

    def _check_brake(self, live: Sequence[Live], plan: Plan) -> None:
        """A plan that would go through keeps to the brake, and another number than the exact one never goes."""
        if not blocked(plan):
            scratch = Book()
            gone = {change.remote_id or "" for change in plan.changes if change.action == "delete"}
            scratch.judge_run(gone, self.licence(_raws(live), plan.allowed))
            must(scratch.complaints == [], scratch.complaints)
        wrong = doomed(plan, self.removed) + 1
        other = Allowed({**plan.allowed.codes, "brake": wrong})
        if plan.changes:
            stuck = blocked(make_plan(Observation(self._target(), live), self.desired(), Intent(other)))
            must(stuck, f"{wrong} deletes were allowed, which is not the number, and nothing is blocked")

    def _finished(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        """An undisturbed apply did just what its plan says, and then there is nothing left to do."""
        self.tally.append("blocked" if blocked(plan) else "applied")
        if blocked(plan):
            must(self.wire.deeds == [], "a blocked plan wrote", self.wire.deeds)
            return
        must(not unfinished(outcomes), "nothing disturbed it", unfinished(outcomes))
        counts, done = summary(plan), self._done()
        planned = {
            "create": counts["create"],
            "delete": counts["delete"],
            "change": sum(counts[action] for action in ("update", "adopt", "move", "forget")),
        }
        must(done == planned, f"{planned} was planned, {done} was done")
        self._check_run()
        self._check_manifests()
        self.wire.begin(None)
        again, _ = self._fresh((), self.wire)
        must(again.changes == (), "there is always something to do", again.changes)
        must(self.wire.deeds == [], "there was something to do", self.wire.deeds)

    def _done(self) -> dict[str, int]:
        deeds = self.wire.deeds
        made = {deed.key for deed in deeds if deed.before is None}
        gone = {deed.key for deed in deeds if deed.after is None}
        return {"create": len(made), "delete": len(gone), "change": len({d.key for d in deeds} - made - gone)}

    def _check_manifests(self) -> None:
        """Just one object for each manifest, with what it says; none of ours without one."""
        live = self.wire.live()
        mine = ours(live, Scope(("demo", *self.formerly)))
        must(mine.holders.keys() == self.manifests.keys(), "not what the manifests name", mine.holders)
        must(not mine.extra, "created twice", mine)
        for name, key in mine.holders.items():
            mark, protected = mark_of(live[key]), self.manifests[name].get("protect", False)
            must(mark is not None and mark[:3] == ("demo", "dev", name), f"the marker of {name} is {mark}")
            must(mark is not None and mark.protected == protected, f"{name} is marked otherwise", mark)
            if not self.emulator.behaviour.alterations:
                must(not unlike(self.manifests[name], live[key]), name, live[key])


class Saved(NamedTuple):
    """A saved plan as text, what it may do, and the service when it was made."""

    text: str
    licence: Licence
    live: dict[str, Raw]


def mishap(what: str, arguments: Mapping[str, Any] | None = None) -> Mishap:
    if what in ("before", "after"):
        return Mishap(what, act=raising(Crash), after=what == "after")
    return Mishap(what, Fault(what, **arguments or {}))


def _forgets(deed: Deed) -> bool:
    """A forget comes even after the deletes."""
    return deed.after is not None and not deed.after.get("metadata", {}).get("retinue.address")


def must(holds: object, *what: object) -> None:
    """An assertion that speaks for itself, here and in a test that is made of a failure."""
    if not holds:
        raise AssertionError(" ".join(map(str, what)))


def unfinished(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    return [(str(o.address), o.action, o.status, o.error or "") for o in outcomes if o.status is not Status.DONE]


def _raws(live: Sequence[Live]) -> dict[str, Raw]:
    return {resource.remote_id or "": resource.raw for resource in live}


def _marked(metadata: Mapping[str, str], address: str | None, applied: str | None) -> dict[str, str]:
    rest = {key: text for key, text in metadata.items() if key not in (ADDRESS, APPLIED)}
    pairs = {ADDRESS: address, APPLIED: applied}
    return rest | {key: text for key, text in pairs.items() if text is not None}


def digest(plan: Plan) -> Any:
    return plan_to_json(plan, "1")["digest"]


def blocked(plan: Plan) -> list[str]:
    return [f"{change.address}: {change.blocked.code}" for change in plan.changes if change.blocked]


def doomed(plan: Plan, removed: Mapping[str, bool]) -> int:
    """The deletes that nobody acknowledged, double creates aside."""
    deletes = [change for change in plan.changes if change.action == "delete" and change.reason != "duplicate"]
    return sum(change.address.name not in removed for change in deletes)


def unlike(manifest: Manifest, raw: Raw) -> list[str]:
    """The plain fields that do not hold what a manifest states."""
    spec, ignored = manifest["spec"], manifest.get("ignore", ())
    stated = {name: spec[name] for name in ("model", "name", "description") if spec.get(name)}
    stated |= {name: 1 if spec.get(name) is None else spec[name] for name in ("temperature", "top_p")}
    return [name for name, value in stated.items() if raw[name] != value and f"/{name}" not in ignored]
