"""Clients of the emulator's Azure dialects in process, and whole commands against them on a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from retinue_emulator.app import Emulator

from ..cli.conftest import World, opened
from ..cli.conftest import world as world
from ..emulator.client import Clock

FIRST, SECOND, LATER = "2024-02-15-preview", "2024-05-01-preview", "2024-08-01-preview"
KEY = {"api-key": "0123456789abcdef"}


class Azure:
    """The operations of the reference on one resource, in one version."""

    def __init__(self, client: httpx.Client, emulator: Emulator) -> None:
        self.client, self.emulator = client, emulator

    def create(self, **body: Any) -> httpx.Response:
        return self.client.post("assistants", json={"model": "gpt-4-deployment", **body})

    def created(self, **body: Any) -> dict[str, Any]:
        return good(self.create(**body))

    def get(self, key: str) -> dict[str, Any]:
        return good(self.client.get(f"assistants/{key}"))

    def modify(self, key: str, **body: Any) -> httpx.Response:
        return self.client.post(f"assistants/{key}", json=body)

    def list(self, **query: Any) -> dict[str, Any]:
        return good(self.client.get("assistants", params=query))

    def attach(self, key: str, file: str) -> dict[str, Any]:
        return good(self.client.post(f"assistants/{key}/files", json={"file_id": file}))

    def files(self, key: str, **query: Any) -> dict[str, Any]:
        return good(self.client.get(f"assistants/{key}/files", params=query))


def good(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def refusal(response: httpx.Response) -> tuple[int, str | None, str | None]:
    """Status, code and param of a refusal by the service behind the gateway."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    return response.status_code, error["code"], error["param"]


def of_gateway(response: httpx.Response) -> tuple[int, str]:
    """Status and message of a refusal by the gateway, whose code is the status as a text."""
    error = response.json()["error"]
    assert error == {"code": str(response.status_code), "message": error["message"]}
    return response.status_code, error["message"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect(clock: Clock) -> Iterator[Callable[..., Azure]]:
    """`connect(version)`: a client of the one emulator of this test, with a key."""
    emulator = Emulator(":memory:", now=clock.now, sleep=clock.sleep)
    with ExitStack() as stack:
        stack.callback(emulator.close)

        def client(version: str | None = SECOND, path: str = "/openai", headers: dict[str, str] = KEY) -> Azure:
            transport = httpx.WSGITransport(app=emulator)
            params = {} if version is None else {"api-version": version}
            made = httpx.Client(transport=transport, base_url=f"http://azure{path}", params=params, headers=headers)
            return Azure(stack.enter_context(made), emulator)

        yield client


@pytest.fixture
def first(connect: Callable[..., Azure]) -> Azure:
    return connect(FIRST)


@pytest.fixture
def second(connect: Callable[..., Azure]) -> Azure:
    return connect(SECOND)


@pytest.fixture
def both(request: pytest.FixtureRequest, connect: Callable[..., Azure]) -> Azure:
    """Parametrized by version."""
    return connect(request.param)


@pytest.fixture
def prod(world: World) -> World:
    """A project with one environment at the emulator's Azure resource."""
    environment(world)
    return world


def environment(world: World, *, path: str = "", more: str = "    api_key: {env: DEMO_KEY}") -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n  prod:\n    provider: azure-openai\n"
        f"    endpoint: {world.url}{path}\n{more}\n",
    )


class Wire:
    """What arrived at the emulator: path, query, and how the caller signed in."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], str]] = []

    def around(self, emulator: Emulator) -> Callable[..., Iterable[bytes]]:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            key, token = environ.get("HTTP_API_KEY"), environ.get("HTTP_AUTHORIZATION")
            self.seen.append((environ["PATH_INFO"], query, f"api-key {key}" if key and not token else str(token)))
            return emulator(environ, start_response)

        return application


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Wire]]:
    wire = Wire()
    with opened(tmp_path / "wired", monkeypatch, wire.around) as found:
        yield found, wire
