"""A run of twelve mixed changes on an emulator in this process, and a wire that disturbs it at any one request."""

from __future__ import annotations

import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from retinue.core.codec import dump, plan_to_json
from retinue.core.errors import RetinueError, StaleError
from retinue.core.model import Desired, Outcome, Plan
from retinue.core.observation import Target
from retinue.engine.apply import apply_changes
from retinue.engine.preflight import preflight
from retinue.engine.run import Run
from retinue.providers.anthropic import PROVIDER as ANTHROPIC
from retinue.providers.base import kinds_at
from retinue.providers.openai_agents import PROVIDER as AGENTS
from retinue_emulator.anthropic import KIND as MANAGED
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from ..core import worlds
from ..core.worlds import at, desired
from ..engine.conftest import Bench, VirtualClock

Raw = Mapping[str, Any]
Objects = Mapping[str, Raw]
"""Live objects as the service holds them, by id."""

CANARY = "sk-canary-0123456789"
SECONDS_PER_REQUEST = 0.3
"""So that some objects are of one second and some are not."""


class Crash(BaseException):
    """Stands for kill -9: nothing of the process may run after it, so no handler of retinue's may catch it."""


# --- the wire


@dataclass(frozen=True)
class Mishap:
    """What happens to one request, or (`lasting`) to that one and all that follow it in the run.

    `fault`: the emulator misbehaves. `act` is called before or (`after`) after the deed; what it raises, the client
    sees, and a Crash ends the run. `only`: methods it can happen to. `passing`: the run itself must get over it.
    `doubles`: it denies a deed that was done, so that for a moment there may be two of what was created.
    """

    name: str
    fault: Fault | None = None
    act: Callable[[], None] | None = None
    after: bool = False
    lasting: bool = False
    only: tuple[str, ...] = ("GET", "POST", "DELETE")
    passing: bool = False
    doubles: bool = False


def raising(error: type[BaseException]) -> Callable[[], None]:
    def act() -> None:
        raise error("by the harness")

    return act


class Wire:
    """A WSGI application in front of the emulator, for one run at a time: counts, and disturbs the `at`-th request."""

    def __init__(self, emulator: Emulator, clock: VirtualClock, holds: str = "assistant") -> None:
        self.emulator, self._clock, self._holds = emulator, clock, holds
        self.latency = 0.0
        self.busy = 0
        self._lock = threading.RLock()
        self.begin()

    def begin(self, mishap: Mishap | None = None, at: int = 0) -> None:
        """A new run. `at` counts from 0."""
        self._mishap, self._at = mishap, at
        self.requests: list[str] = []
        self.happened = self.dead = False
        self.at_first_delete: dict[str, Raw] | None = None
        self.most = 0
        self.emulator.faults.clear()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """`latency` comes first, so that what others sent is under way while one request is disturbed."""
        with self._lock:
            self.busy += 1
        time.sleep(self.latency)
        try:
            return self._answer(environ, start_response)
        finally:
            with self._lock:
                self.busy -= 1

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            if self.dead:
                raise Crash
            self._clock.time += SECONDS_PER_REQUEST
            method = environ["REQUEST_METHOD"]
            removes = method == "DELETE" or environ["PATH_INFO"].endswith("/archive")
            if removes and self.at_first_delete is None and self.is_old(environ["PATH_INFO"]):
                self.at_first_delete = objects(self.emulator, self._holds)
            number = len(self.requests)
            self.requests.append(f"{method} {environ['PATH_INFO']}")
            mishap = self._mishap
            due = number == self._at or (number > self._at and mishap is not None and mishap.lasting)
            try:
                if mishap is None or not due or method not in mishap.only:
                    return self.emulator(environ, start_response)
                self.happened = True
                return self._disturbed(mishap, environ, start_response)
            finally:
                if method == "POST":
                    self._count()

    def _disturbed(self, mishap: Mishap, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if mishap.fault is not None:
            self.emulator.faults.on("", mishap.fault)
        act = mishap.act or (lambda: None)
        try:
            if not mishap.after:
                act()
            answer = self.emulator(environ, start_response)
            if mishap.after:
                act()
        except Crash:
            self.dead = True
            raise
        return answer

    def _count(self) -> None:
        """How many objects with one address were new at once, at most."""
        new = [raw["metadata"].get("retinue.address") for key, raw in self._objects() if is_new(key)]
        self.most = max(self.most, *Counter(new).values(), 0)

    def _objects(self) -> Iterable[tuple[str, Raw]]:
        return objects(self.emulator, self._holds).items()

    def is_old(self, path: str) -> bool:
        """Whether a request is for an object that was there before any run."""
        return not is_new(path.removesuffix("/archive").rpartition("/")[2])


def is_new(key: str) -> bool:
    """Whether a run made this object, and nobody before it."""
    return key not in FURNITURE_IDS


def objects(emulator: Emulator, holds: str = "assistant") -> dict[str, Raw]:
    """What the service holds, read past every list; but for when, and how often, it was written."""
    there = ((key, raw) for key, raw in emulator.store.everything(holds) if raw.get("archived_at") is None)
    return {key: {name: item for name, item in raw.items() if name not in _OF_WRITES} for key, raw in there}


_OF_WRITES = ("updated_at", "version")


def seeded(raw: Raw, holds: str) -> Raw:
    """An object as the emulator takes it."""
    if holds != MANAGED:
        return raw
    made = datetime.fromtimestamp(raw["created_at"], UTC).isoformat()
    return {**raw, "object": MANAGED, "created_at": made, "version": 1}


def seconds(raw: Raw) -> float:
    """When an object was made."""
    made = raw["created_at"]
    return datetime.fromisoformat(made).timestamp() if isinstance(made, str) else made


# --- the world

_PLAIN = {"model": "gpt-4o", "instructions": "Be kind.", "temperature": 0.2, "metadata": {"owner": "cx", "team": "a"}}


def _assistant(name: str, changed: Mapping[str, Any] | None = None, /, **policy: Any) -> Desired:
    spec = {**_PLAIN, "name": name, **(changed or {})}
    return desired(name, {key: value for key, value in spec.items() if value is not None}, **policy)


BEFORE = [
    *(_assistant(name) for name in ("kept", "reworded", "pruned", "reset", "maths", "orphan", "agreed", "leaving")),
]
"""What an earlier apply made."""

FOUND_ID = f"asst_{'found':x<24}"
WANTED = [
    _assistant("kept"),
    _assistant("base"),
    _assistant("middle", requires=["base"]),
    _assistant("top", {"instructions": "Be brief."}, requires=["middle", "reworded"], protect=True),
    _assistant("reworded", {"instructions": "Be brief.", "model": "gpt-4o-mini"}, requires=["base"]),
    _assistant("pruned", {"metadata": {"owner": "edu", "tier": "gold"}}),
    _assistant("reset", {"temperature": None, "instructions": None}, protect=True),
    _assistant("maths-tutor", moved_from="maths", requires=["kept"]),
    _assistant("found", adopt={"dev": FOUND_ID}),
]
"""What the manifests ask for now: three creates, three updates, a move, an adopt. See REMOVED for what is to go."""

REMOVED = {at("agreed"): False, at("leaving"): True}
COUNTS = {"create": 3, "update": 3, "move": 1, "adopt": 1, "forget": 1, "delete": 3}
"""The twelve changes; the deletes are an orphan, one that was agreed on, and a duplicate."""


def of(holds: str, resources: Sequence[Desired]) -> list[Desired]:
    """The same manifests where the service holds agents: something else stands for the temperature."""
    return list(resources) if holds == "assistant" else [replace(item, spec=_of_agent(item.spec)) for item in resources]


def _of_agent(spec: Raw) -> dict[str, Any]:
    plain = {name: value for name, value in spec.items() if name != "temperature"}
    return {**plain, "description": "Kind."} if "temperature" in spec else plain


OTHERS = frozenset(f"asst_{name:x<24}" for name in ("somebodys", "rivals", "prods", "copy", "copys"))
"""The ids of objects that no run may touch."""


def furniture(holds: str = "assistant") -> Objects:
    """The world before the run, made once: what an earlier apply left, and the objects of others."""
    return _furniture(holds)


@functools.cache
def _furniture(holds: str) -> Objects:
    stage = Stage.empty(holds=holds)
    assert all(outcome.status == "done" for outcome in stage.apply(stage.plan(of(holds, BEFORE)).changes))
    made = {str(raw["metadata"]["retinue.address"]).rpartition("/")[2]: raw for raw in stage.live().values()}
    stage.emulator.close()
    marked = made["kept"]["metadata"]
    extra = {
        "somebodys": {**made["kept"], "name": "somebody's", "metadata": {"owner": "hr"}},
        "found": {
            **made["kept"],
            "name": "found",
            "metadata": {"old": "pair"},
            **({"temperature": 1.0} if holds == "assistant" else {}),
        },
        "rivals": _marked(made["kept"], "rival/dev/Assistant/kept", marked["retinue.applied"]),
        "prods": _marked(made["kept"], "demo/prod/Assistant/kept", marked["retinue.applied"]),
        "copy": {**made["reworded"], "name": "Copy of reworded"},
        "twice": _marked(made["kept"], marked["retinue.address"], f"1 twicetwi{marked['retinue.applied'][10:]}"),
        "copys": _marked(made["pruned"], made["pruned"]["metadata"]["retinue.address"], "damaged"),
    }
    world = {}
    for number, (name, raw) in enumerate([*sorted(made.items()), *extra.items()]):
        key = f"asst_{name:x<24}"
        world[key] = {**raw, "id": key, "created_at": 1_000_000 + number}
    if holds != MANAGED:
        return world
    stage = Stage.empty(holds=holds)
    for raw in world.values():
        stage.emulator.seed(seeded(raw, holds))
    world = stage.live()
    stage.emulator.close()
    return world


def _marked(raw: Raw, address: str, applied: str) -> Raw:
    return {**raw, "metadata": {**raw["metadata"], "retinue.address": address, "retinue.applied": applied}}


FURNITURE_IDS = OTHERS | {FOUND_ID, f"asst_{'twice':x<24}"}
FURNITURE_IDS |= {f"asst_{resource.address.name:x<24}" for resource in BEFORE if resource.address}


# --- runs


@dataclass
class Report:
    """How a run ended: `outcomes` is None if it never came to that, `text` all that it would show, `left` the world."""

    plan: Plan | None = None
    outcomes: list[Outcome] | None = None
    error: BaseException | None = None
    requests: Sequence[str] = ()
    at_first_delete: Objects | None = None
    happened: bool = False
    most: int = 0
    text: str = ""
    left: Objects = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every step was done."""
        return self.outcomes is not None and all(outcome.status == "done" for outcome in self.outcomes)

    @property
    def writes(self) -> list[str]:
        return [request for request in self.requests if not request.startswith("GET")]


@dataclass
class Stage(Bench):
    """A bench whose requests pass the wire; `saved` is what a run keeps of objects before it changes them."""

    wanted: Sequence[Desired] = ()
    removed: Mapping[Any, bool] = field(default_factory=dict)
    parallelism: int = 1
    saved: list[Desired] = field(default_factory=list)
    holds: str = "assistant"

    def __post_init__(self) -> None:
        self.wire = Wire(self.emulator, self.clock, self.holds)
        if self.holds == "agent":
            self.provider = AGENTS
        elif self.holds == MANAGED:
            self.provider, self.path = ANTHROPIC, "/anthropic"

    @classmethod
    def empty(cls, **options: Any) -> Self:
        clock = VirtualClock()

        def sleep(seconds: float) -> None:
            clock.time += seconds

        return cls(Emulator(":memory:", now=clock.now, sleep=sleep), clock, key=CANARY, **options)

    @classmethod
    def furnished(cls, parallelism: int = 1, ahead: int = 0, lag: float = 0.0, **options: Any) -> Self:
        """The world of the twelve changes and its manifests; `ahead` of it so many older objects of others.

        `lag`: seconds until a list shows what was created. `options`: `provider` and `path`, or `holds`.
        """
        stage = cls.empty(**options)
        stage.emulator.behaviour = Behaviour(lag_seconds=lag)
        stage.clock.time += 1000
        for number in range(ahead):
            stage.emulator.seed({"id": f"asst_{number:024}", "created_at": number})
        for raw in furniture(stage.holds).values():
            stage.emulator.seed({**raw, "object": stage.holds} if stage.holds == MANAGED else raw)
        stage.wanted, stage.removed, stage.parallelism = of(stage.holds, WANTED), REMOVED, parallelism
        return stage

    @property
    def application(self) -> Any:
        return self.wire

    def target(self) -> Target:
        if self.holds != MANAGED:
            return worlds.target(removed=self.removed)
        record = self.provider.capabilities
        kinds = kinds_at(self.provider, record.kinds)
        return worlds.target(removed=self.removed, kinds=kinds, removal=record.removal)

    def plain_apply(self, mishap: Mishap | None = None, at: int = 0) -> Report:
        """Plan afresh and carry it out, as the command does: nothing at all if a step is blocked."""

        def work(report: Report) -> None:
            report.plan = self.plan(self.wanted)
            if not any(change.blocked for change in report.plan.changes):
                report.outcomes = apply_changes(report.plan.changes, self._new_run())

        return self._reported(work, mishap, at)

    def apply_saved(self, plan: Plan, mishap: Mishap | None = None, at: int = 0) -> Report:
        """Carry out a plan that was made earlier; the outcomes are of what was left to do."""

        def work(report: Report) -> None:
            run = self._new_run()
            checked = preflight(plan, run)
            if checked.moved:
                raise StaleError(str(checked.moved))
            report.plan = replace(plan, changes=checked.todo)
            report.outcomes = apply_changes(checked.todo, run)

        return self._reported(work, mishap, at)

    def _new_run(self) -> Run:
        service = self.service(parallelism=self.parallelism)
        return self.run(service=service, parallelism=self.parallelism, backup=self.saved.append)

    def _reported(self, work: Callable[[Report], None], mishap: Mishap | None, at: int) -> Report:
        report = Report()
        self.wire.begin(mishap, at)
        try:
            work(report)
        except (RetinueError, Crash) as error:
            report.error = error
        report.requests, report.at_first_delete = self.wire.requests, self.wire.at_first_delete
        report.happened, report.most = self.wire.happened, self.wire.most
        report.text, report.left = _text(report), self.live()
        return report

    def live(self) -> dict[str, dict[str, Any]]:
        return {key: dict(raw) for key, raw in objects(self.emulator, self.holds).items()}

    def close(self) -> None:
        self.emulator.close()


def _text(report: Report) -> str:
    plan = dump(plan_to_json(report.plan, "1")) if report.plan else ""
    return f"{plan}\n{report.outcomes}\n{report.error!r}\n{report.requests}"


# --- the matrix

_STATUSES = (500, 503, 429, 409, 408)


def _passing(name: str, fault: Fault | None = None, **options: Any) -> Mishap:
    return Mishap(name, fault, passing=True, **options)


MISHAPS = [
    *(_passing(f"status-{status}", Fault("status", status)) for status in _STATUSES),
    *(
        _passing(f"status-{status}-after", Fault("status", status, after_commit=True), doubles=status == 429)
        for status in _STATUSES
    ),
    _passing("status-429-told-when", Fault("status", 429, retry_after_ms="1500")),
    _passing("status-503-told-when", Fault("status", 503, retry_after="2")),
    _passing("status-503-told-when-after", Fault("status", 503, retry_after="2", after_commit=True), doubles=True),
    *(Mishap(f"status-{status}", Fault("status", status)) for status in (400, 401, 403, 404)),
    *(_passing(kind, Fault(kind)) for kind in ("reset", "html", "broken", "cut", "repeat")),
    *(_passing(f"{kind}-after", Fault(kind, after_commit=True)) for kind in ("reset", "html", "broken")),
    *(_passing(kind, Fault(kind, seconds=5)) for kind in ("slow", "drip")),
    _passing("timeout", act=raising(httpx.ReadTimeout)),
    _passing("timeout-after", act=raising(httpx.ReadTimeout), after=True),
    _passing("refused", act=raising(httpx.ConnectError)),
    Mishap("outage", Fault("reset"), lasting=True),
    Mishap("outage-after", Fault("reset", after_commit=True), lasting=True),
    Mishap("read-only", Fault("status", 403), lasting=True, only=("POST", "DELETE")),
    Mishap("crash-before", act=raising(Crash)),
    Mishap("crash-after", act=raising(Crash), after=True),
]
"""Every kind of fault of the emulator, those that only a client sees, and two that last."""


def undisturbed(holds: str = "assistant") -> tuple[Objects, tuple[str, ...]]:
    """The world after a run that nothing disturbs, and its requests; made once."""
    return _undisturbed(holds)


@functools.cache
def _undisturbed(holds: str) -> tuple[Objects, tuple[str, ...]]:
    stage = Stage.furnished(holds=holds)
    report = stage.plain_apply()
    world = stage.live()
    stage.close()
    assert report.finished, report.text
    return world, tuple(report.requests)


@contextmanager
def disturbed(mishap: Mishap, at: int, **options: Any) -> Iterator[tuple[Stage, Report]]:
    """The world after a run in which the mishap struck at one request."""
    stage = Stage.furnished(**options)
    yield stage, stage.plain_apply(mishap, at)
    stage.close()
