"""Answers that no good service gives: only errors of `core.errors` may leave a provider, never a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from retinue.core.model import Json, Live
from retinue.core.observation import Observation, Target
from retinue.core.plan import make_plan
from retinue.providers.base import Service
from retinue.providers.gate import Clock
from retinue.providers.http import in_process

from .bench import ENVIRONMENT, PROJECT, Bench

WEIRD: tuple[Json, ...] = (None, True, 7, -1.5, float("nan"), float("inf"), "x", "", [], [None], [7], {}, {"x": None})
BODIES = ("", "null", "[]", "[7]", "7", '"text"', "{}", '{"id": null}', '{"data": [{}]}', "<!doctype html>", "{" * 9)
STATUSES = (200, 201, 204, 302, 400, 404, 409, 418, 500)


class Hurried(Clock):
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.time += seconds


@dataclass
class Canned:
    """A WSGI application that gives the same answer to everything but `parts`: the ending of a path to its answer."""

    status: int = 200
    body: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        data = next((text for end, text in self.parts.items() if path.endswith(end)), self.body).encode()
        start_response(f"{self.status} Canned", [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))])
        return [data]


@pytest.fixture
def canned() -> Canned:
    return Canned()


@pytest.fixture
def service(bench: Bench, canned: Canned) -> Iterator[Service]:
    """The provider, connected to the canned answers."""
    if bench.subject.classify is None:
        pytest.skip("the provider does not speak HTTP")
    connection = replace(bench.subject.connection(), transport=in_process(canned), clock=Hurried())
    with closing(bench.subject.provider.connect(connection)) as found:
        yield found


def test_an_answer_of_no_use_is_an_error_with_a_name(bench: Bench, service: Service, canned: Canned) -> None:
    kind, sample, text = bench.kind.name, bench.sample.full, bench.marker()
    live = bench.got(bench.create().remote_id)
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: list(service.list(kind)),
        "get": lambda: service.get(kind, live.remote_id),
        "create": lambda: service.create(kind, sample, text),
        "update": lambda: service.update(live, bench.sample.changed, text),
        "delete": lambda: service.delete(kind, live.remote_id),
    }
    for canned.status in STATUSES:
        for canned.body in BODIES:
            for name, call in calls.items():
                with bench.only_known_errors(f"`{name}`, answered {canned.status} {canned.body!r},"):
                    found = call()
                    if name in ("get", "create", "update") and isinstance(found, Live) and canned.status != 404:
                        bench.fail(f"`{name}`, answered {canned.status} {canned.body!r}, makes of it {found}")
                    if name == "list" and canned.status != 200:
                        bench.fail(f"`list`, answered {canned.status} {canned.body!r}, says that there is nothing")


def bent(value: Json) -> Iterator[Json]:
    """Copies of a JSON value, each with one member somewhere replaced by something of another type, or left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in bent(item))
            yield {other: item for other, item in value.items() if other != key}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in bent(item))
    yield from (weird for weird in WEIRD if weird != value)


def _strange(bench: Bench, service: Service, canned: Canned) -> Iterator[Live]:
    """What the provider makes of a live object that is wrong in one place, for every place; errors are let pass."""
    live = bench.create()
    canned.parts = getattr(bench.sample, "parts", {})
    for canned.body in map(json.dumps, bent(bench.raw(live.remote_id))):
        with bench.only_known_errors(f"`get`, answered {canned.body},"):
            found = service.get(bench.kind.name, live.remote_id)
            if found is not None:
                yield found


def test_an_object_that_is_wrong_in_one_place_is_refused_or_can_be_planned_with(
    bench: Bench, service: Service, canned: Canned
) -> None:
    target = Target(PROJECT, ENVIRONMENT, "suite", "", {bench.kind.name: bench.kind})
    desired = [bench.desired(name, {**bench.sample.full, **bench.sample.changed}) for name in ("one", "another")]
    count = 0
    for live in _strange(bench, service, canned):
        count += 1
        if not isinstance(live.remote_id, str) or not live.remote_id or live.remote_id == "None":
            bench.fail(f"an object without an id reads as {live.remote_id!r}; raise ServiceError\n    {canned.body}")
        if type(live.created_at) is not int:
            bench.fail(f"`created_at` is {live.created_at!r}, not whole seconds\n    {canned.body}")
        for text in (live.marker_address, live.marker_applied):
            if not isinstance(text, str | None):
                bench.fail(f"a marker text is {text!r}, neither text nor None\n    {canned.body}")
        with bench.only_known_errors(f"a plan with {canned.body}"):
            make_plan(Observation(target, [live]), desired)
    if not count:
        bench.fail("not one object could be read: does `get` answer the object at the top of the body?")
