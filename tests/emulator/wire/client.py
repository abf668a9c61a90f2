"""A client of the emulator that returns every answer as it came, whatever its status."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from retinue.emulator.app import Emulator
from retinue.emulator.server import serve

HEADERS = {"Authorization": "Bearer sk-test", "OpenAI-Beta": "assistants=v2"}


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Api:
    """The five operations."""

    def __init__(self, emulator: Emulator, client: httpx.Client) -> None:
        self.emulator, self.client = emulator, client

    def create(self, **fields: Any) -> httpx.Response:
        return self.client.post("assistants", json={"model": "gpt-4o", **fields})

    def created(self, **fields: Any) -> dict[str, Any]:
        return good(self.create(**fields))

    def get(self, key: str) -> httpx.Response:
        return self.client.get(f"assistants/{key}")

    def modify(self, key: str, **fields: Any) -> httpx.Response:
        return self.client.post(f"assistants/{key}", json=fields)

    def delete(self, key: str) -> httpx.Response:
        return self.client.delete(f"assistants/{key}")

    def list(self, **query: Any) -> httpx.Response:
        return self.client.get("assistants", params=query)

    def ids(self, **query: Any) -> list[str]:
        return [item["id"] for item in good(self.list(**query))["data"]]

    def walk(self, **query: Any) -> list[str]:
        """Every id, page after page, as the service's own SDK reads them."""
        found: list[str] = []
        while True:
            page = good(self.list(**query, **({"after": found[-1]} if found else {})))
            found += [item["id"] for item in page["data"]]
            if not page["has_more"]:
                return found


def good(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def refusal(response: httpx.Response) -> tuple[int, str | None, str | None]:
    """(status, code, param) of an answer in the envelope of the OpenAI API."""
    error = response.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return response.status_code, error["code"], error["param"]


@contextmanager
def in_process(emulator: Any) -> Iterator[Api]:
    transport = httpx.WSGITransport(app=emulator)
    with httpx.Client(transport=transport, base_url="http://emulator/v1", headers=HEADERS) as client:
        yield Api(emulator, client)


@contextmanager
def served(app: Any, host: str = "127.0.0.1") -> Iterator[str]:
    """The URL of an application on a socket."""
    stop, ready, urls = threading.Event(), threading.Event(), list[str]()

    def tell(url: str) -> None:
        urls.append(url)
        ready.set()

    thread = threading.Thread(target=serve, args=(app, host, 0, tell, stop))
    thread.start()
    try:
        assert ready.wait(10)
        yield urls[0]
    finally:
        stop.set()
        thread.join()


@contextmanager
def over_socket(emulator: Emulator) -> Iterator[Api]:
    with served(emulator) as url, httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=10) as client:
        yield Api(emulator, client)
