"""At every request of a mixed apply every mishap: one plain apply later the world is that of an undisturbed run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from retinue.core.errors import RetinueError
from retinue.core.model import Address, Desired, Outcome, Status
from retinue.core.observation import Observation, Target
from retinue.core.plan import make_plan
from retinue.engine.apply import apply_changes
from retinue.engine.read import read_for_plan, read_ours
from retinue.engine.run import Run
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.http import in_process
from retinue.providers.langgraph import PROVIDER
from retinue.providers.wire import Connection
from retinue.schema import with_extras

from ..engine.conftest import VirtualClock
from .fake import FakeLangGraph

KINDS = with_extras(KINDS, PROVIDER.name, PROVIDER.capabilities.extras)
FOREIGN = "0f0f0f0f-0000-4000-8000-00000000000f"
GONE = Address("Assistant", "gone")
TARGET = Target("demo", "dev", PROVIDER.name, "", KINDS, removed={GONE: False})


class Crash(BaseException):
    """Stands for kill -9."""


@dataclass
class Wire:
    """In front of the fake: the `at`-th request meets `mishap`, and after a Crash nothing goes through any more."""

    fake: FakeLangGraph
    mishap: str = ""
    at: int = -1
    seen: list[str] = field(default_factory=list)
    dead: bool = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.dead:
            raise Crash
        number = len(self.seen)
        self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if number != self.at:
            return self.fake(environ, start_response)
        if self.mishap.startswith("after"):
            self.fake(environ, lambda *_: None)
        match self.mishap.split(" ")[1]:
            case "reset":
                raise httpx.ReadError("by the test")
            case "crash":
                self.dead = True
                raise Crash
            case status:
                start_response(f"{status} -", [("Content-Type", "text/plain"), ("Content-Length", "0")])
                return [b""]


def desired(name: str, text: str) -> Desired:
    spec = {
        "name": name.title(),
        "model": "gpt-4o",
        "instructions": text,
        "providers": {"langgraph": {"graph_id": "agent"}},
    }
    return Desired("Assistant", spec, address=Address("Assistant", name))


BEFORE = [desired(name, "Old.") for name in ("changed", "gone", "same")]
AFTER = [desired("changed", "New."), desired("same", "Old."), *(desired(name, "New.") for name in ("new", "newer"))]


def run_once(wire: Wire, wanted: list[Desired]) -> list[Outcome]:
    """A plan of what is there, carried out by one worker."""
    clock = VirtualClock()
    connection = Connection("http://fake", transport=in_process(wire), clock=clock)
    with closing(PROVIDER.connect(connection)) as service:
        kinds = PROVIDER.capabilities.kinds
        plan = make_plan(read_for_plan(service, TARGET, wanted, kinds, read_ours(service, TARGET, kinds)), wanted)
        assert not [change for change in plan.changes if change.blocked]
        run = Run(service, PROVIDER.capabilities, TARGET, parallelism=1, clock=clock)
        return apply_changes(plan.changes, run)


def furnished() -> FakeLangGraph:
    fake = FakeLangGraph()
    foreign = {"assistant_id": FOREIGN, "graph_id": "agent", "name": "Foreign", "metadata": {"k": "v"}}
    fake.create(foreign)
    assert all(outcome.status is Status.DONE for outcome in run_once(Wire(fake), BEFORE))
    return fake


def world(fake: FakeLangGraph) -> Mapping[str, Any]:
    """What is there, by id; a nonce is each request's own."""
    return {
        key: (raw["name"], raw["context"], raw["metadata"].get("retinue.address"))
        for key, raw in fake.assistants.items()
    }


@dataclass(frozen=True)
class Undisturbed:
    """The world after a run that nothing befell, and what it asked for."""

    world: Mapping[str, Any]
    requests: list[str]


@pytest.fixture(scope="module")
def undisturbed() -> Undisturbed:
    fake = furnished()
    wire = Wire(fake)
    run_once(wire, AFTER)
    return Undisturbed(world(fake), wire.seen)


BOUNDARIES = 9
MISHAPS = [f"{when} {what}" for when in ("before", "after") for what in ("reset", "crash", "500", "503")]
MISHAPS.append("before 429")


def test_every_request_of_the_run_is_a_boundary(undisturbed: Undisturbed) -> None:
    assert len(undisturbed.requests) == BOUNDARIES


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("at", range(BOUNDARIES))
def test_one_plain_apply_mends_every_mishap_at_every_boundary(mishap: str, at: int, undisturbed: Undisturbed) -> None:
    fake = furnished()
    wire = Wire(fake, mishap, at)
    if "crash" in mishap:
        with pytest.raises(Crash):
            run_once(wire, AFTER)
    else:
        # Every request of this service is safe to repeat, so one failure is never seen above the transport.
        assert [outcome.status for outcome in run_once(wire, AFTER)] == [Status.DONE] * 4
    again = run_once(Wire(fake), AFTER)
    assert all(outcome.status is Status.DONE for outcome in again)
    assert world(fake) == undisturbed.world
    last = Wire(fake)
    assert run_once(last, AFTER) == []
    assert not [line for line in last.seen if not line.endswith("/search")]


def test_a_lost_answer_to_a_create_makes_no_second_version(undisturbed: Undisturbed) -> None:
    fake = furnished()
    run_once(Wire(fake, "after reset", undisturbed.requests.index("POST /assistants")), AFTER)
    new = next(raw for raw in fake.assistants.values() if raw["name"] == "New")
    assert new["version"] == 1


def test_two_runs_that_create_the_same_end_with_one_object() -> None:
    """The second run planned before the first one wrote: what is there is just what it planned."""
    fake = FakeLangGraph()
    clock = VirtualClock()
    services = [PROVIDER.connect(Connection("http://fake", transport=in_process(fake), clock=clock)) for _ in range(3)]
    wanted = [desired("new", "New.")]
    plans = [make_plan(Observation(TARGET, []), wanted) for _ in services]
    runs = [Run(service, PROVIDER.capabilities, TARGET, clock=clock) for service in services]
    (first,) = apply_changes(plans[0].changes, runs[0])
    (second,) = apply_changes(plans[1].changes, runs[1])
    assert (first.status, second.status) == (Status.DONE, Status.DONE)
    assert (first.wrote, second.wrote) == (True, False) and first.remote_id == second.remote_id
    other = make_plan(Observation(TARGET, []), [desired("new", "Otherwise.")])
    (third,) = apply_changes(other.changes, runs[2])
    assert (third.status, third.failure) == (Status.FAILED, "stale")
    assert len(fake.assistants) == 1
    for service in services:
        service.close()


def test_an_id_that_somebody_else_holds_is_passed_over() -> None:
    fake = FakeLangGraph()
    run_once(Wire(fake), [desired("new", "New.")])
    (key,) = fake.assistants
    fake.patch(key, {"metadata": {"retinue.address": None, "retinue.applied": None, "retinue.scope": None}})
    fake.patch(key, {"name": "Somebody's"})
    before = fake.objects[key]
    run_once(Wire(fake), [desired("new", "New.")])
    assert fake.objects[key] == before and len(fake.assistants) == 2
    assert run_once(Wire(fake), [desired("new", "New.")]) == []


def test_a_list_of_many_pages_is_read_whole() -> None:
    fake = FakeLangGraph()
    wanted = [desired(f"bot-{number:02}", "New.") for number in range(13)]
    run_once(Wire(fake), wanted)
    fake.page = 5
    assert run_once(Wire(fake), wanted) == []
    assert len(run_once(Wire(fake), [*wanted, desired("bot-13", "New.")])) == 1


def test_a_server_that_pages_for_ever_is_an_error() -> None:
    fake = FakeLangGraph()
    fake.create({"graph_id": "agent", "name": "One"})

    def same_page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]]) -> None:
            start_response(status, [*headers, ("X-Pagination-Next", "1000")])

        return fake(environ, start)

    with closing(PROVIDER.connect(Connection("http://fake", transport=in_process(same_page)))) as service:
        fake.search = lambda body, headers: list(fake.objects.values())  # type: ignore[method-assign]
        with pytest.raises(RetinueError, match="begun 4 times"):
            list(service.list("Assistant"))


def test_what_the_server_made_cannot_be_read_by_its_id_either() -> None:
    """A plan file, or a person, may name it."""
    fake = FakeLangGraph()
    with closing(PROVIDER.connect(Connection("http://fake", transport=in_process(fake)))) as service:
        for key in fake.objects:
            assert service.get("Assistant", key) is None
        assert fake.objects
