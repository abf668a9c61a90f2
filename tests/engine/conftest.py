"""Runs of the engine against an emulator in this process, with time that passes only when somebody waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from retinue.core.model import Change, Desired, Outcome, Plan
from retinue.core.observation import Observation, Target
from retinue.core.plan import make_plan
from retinue.engine.apply import apply_changes
from retinue.engine.read import read_live
from retinue.engine.run import Run
from retinue.providers.base import Provider, Service
from retinue.providers.gate import Clock
from retinue.providers.http import in_process
from retinue.providers.openai_assistants import PROVIDER
from retinue.providers.wire import Connection
from retinue_emulator.app import Emulator

from ..core import worlds


@dataclass
class VirtualClock(Clock):
    """Time that passes only when somebody waits; `alarms` are called once their time has come."""

    time: float = 1_000_000.0
    alarms: list[tuple[float, Any]] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.time += max(0.0, seconds)
        due = [alarm for alarm in self.alarms if alarm[0] <= self.time]
        self.alarms = [alarm for alarm in self.alarms if alarm not in due]
        for _, call in due:
            call()


@dataclass
class Bench:
    """A project `demo/dev` of desired assistants, an emulator, and runs of the engine between them.

    `provider` speaks to the emulator at `path`.
    """

    emulator: Emulator
    clock: VirtualClock
    key: str = field(default="key", kw_only=True)
    provider: Provider = field(default=PROVIDER, kw_only=True)
    path: str = field(default="/v1", kw_only=True)

    @property
    def application(self) -> Any:
        """What answers the requests: the emulator, or something that stands before it."""
        return self.emulator

    def target(self) -> Target:
        return worlds.target()

    def service(self, **options: Any) -> Service:
        connection = Connection(
            f"http://emulator{self.path}",
            self.provider.capabilities.auth.headers("env", self.key),
            transport=in_process(self.application),
            clock=self.clock,
            **options,
        )
        return self.provider.connect(connection)

    def plan(self, wanted: Sequence[Desired]) -> Plan:
        return make_plan(Observation(self.target(), read_live(self.service(), ["Assistant"])), list(wanted))

    def run(self, **options: Any) -> Run:
        given = {"parallelism": 1, "service": self.service(), "clock": self.clock, **options}
        return Run(capabilities=self.provider.capabilities, target=self.target(), **given)

    def apply(self, changes: Sequence[Change], run: Run | None = None) -> list[Outcome]:
        return apply_changes(changes, run or self.run())

    def plan_of_nothing(self, wanted: Sequence[Desired]) -> Plan:
        """As a run plans that looked before anything was there."""
        return make_plan(Observation(self.target(), []), list(wanted))

    def remove(self, remote_id: str) -> None:
        """Behind everybody's back."""
        self.service().delete("Assistant", remote_id)

    def live(self) -> dict[str, dict[str, Any]]:
        """What the service holds, by id, read past every list."""
        return dict(self.emulator.store.everything("assistant"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = VirtualClock()
    emulator = Emulator(":memory:", now=clock.now)
    yield Bench(emulator, clock)
    emulator.close()
