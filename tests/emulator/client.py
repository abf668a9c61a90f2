"""A client of the emulator that returns every answer as it came: in process, or over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from retinue_emulator.app import Emulator

from ..serving import served

HEADERS = {"Authorization": "Bearer sk-test", "OpenAI-Beta": "assistants=v2"}
START = 1_700_000_000.0


class Clock:
    """Seconds since 1970 in `time`; a sleep moves them and takes none."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Api:
    """The five operations, with a good key and the beta header."""

    def __init__(self, emulator: Emulator, client: httpx.Client) -> None:
        self.emulator, self.client = emulator, client

    def create(self, **body: Any) -> httpx.Response:
        return self.client.post("assistants", json={"model": "gpt-4o", **body})

    def get(self, key: str) -> httpx.Response:
        return self.client.get(f"assistants/{key}")

    def modify(self, key: str, **body: Any) -> httpx.Response:
        return self.client.post(f"assistants/{key}", json=body)

    def delete(self, key: str) -> httpx.Response:
        return self.client.delete(f"assistants/{key}")

    def list(self, **query: Any) -> httpx.Response:
        return self.client.get("assistants", params=query)

    def created(self, **body: Any) -> dict[str, Any]:
        return good(self.create(**body))

    def modified(self, key: str, **body: Any) -> dict[str, Any]:
        return good(self.modify(key, **body))

    def ids(self, **query: Any) -> Ids:
        """The ids of one page."""
        return [item["id"] for item in good(self.list(**query))["data"]]

    def walk(self, **query: Any) -> Ids:
        """The ids of every page, as a client follows them by `after`."""
        found: Ids = []
        while True:
            page = good(self.list(**query))
            found += [item["id"] for item in page["data"]]
            if not page["has_more"]:
                return found
            query["after"] = page["last_id"]


Ids = list[str]


class Refusal(NamedTuple):
    """What an error envelope says."""

    status: int
    code: str | None
    param: str | None
    message: str


def good(response: httpx.Response) -> dict[str, Any]:
    """The body of an answer, which must be one of success."""
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def refused(response: httpx.Response) -> Refusal:
    """The parts of the envelope, which has all four members and nothing else."""
    document = response.json()
    assert list(document) == ["error"]
    error = document["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == ("server_error" if response.status_code >= 500 else "invalid_request_error")
    assert response.headers["content-type"] == "application/json"
    return Refusal(response.status_code, error["code"], error["param"], error["message"])


def refusal(response: httpx.Response) -> tuple[int, str | None, str | None]:
    """Status, code and param."""
    return refused(response)[:3]


@contextmanager
def in_process(emulator: Any) -> Iterator[Api]:
    transport = httpx.WSGITransport(app=emulator)
    with httpx.Client(transport=transport, base_url="http://emulator/v1", headers=HEADERS) as client:
        yield Api(emulator, client)


@contextmanager
def over_socket(emulator: Emulator) -> Iterator[Api]:
    with served(emulator) as url, httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=10) as client:
        yield Api(emulator, client)
