"""The gate with real threads against a real server that refuses: nothing is lost, nothing is sent while it waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import httpx
import pytest

from retinue.core.errors import HeldBack
from retinue.providers.http import Http
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Verb
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

from ..serving import served

WAIT, ON_ITS_WAY = 3.0, 1.0
HEADERS = {"Authorization": "Bearer k", "OpenAI-Beta": "assistants=v2"}


class Watching(httpx.HTTPTransport):
    """Notes when each request began, and when a refusal had come."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.refused, self.lock = list[float](), list[float](), threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.begun.append(time.monotonic())
        response = super().handle_request(request)
        if response.status_code == 429:
            with self.lock:
                self.refused.append(time.monotonic())
        return response


def create(http: Http, name: str) -> None:
    while True:
        try:
            http.send(Verb.CREATE, "POST", "assistants", body={"model": "gpt-4o", "name": name})
            return
        except HeldBack:
            continue


@pytest.mark.parametrize("kind", ["bucket", "random"])
def test_no_worker_sends_before_retry_after_and_all_of_it_is_done(kind: str) -> None:
    emulator, watching = Emulator(":memory:"), Watching()
    if kind == "bucket":
        emulator.faults.limit(20, 20, Fault("status", 429, retry_after=str(int(WAIT))))
    else:
        emulator.faults.sometimes(3, 0.1, [Fault("status", 429, retry_after=str(int(WAIT)))])
    with served(emulator) as url:
        connection = Connection(f"{url}/v1", HEADERS, transport=watching, random=Random(1))
        http = Http(connection, classify)
        names = [f"a{number}" for number in range(60)]
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda name: create(http, name), names))
        listed = http.send(Verb.LIST, "GET", "assistants", params={"limit": "100"})
        assert sorted(item["name"] for item in listed["data"]) == sorted(names)
        http.close()
    emulator.close()
    assert watching.refused
    # A request may have been on its way when the refusal came.
    too_early = [
        (begun, refused)
        for begun in watching.begun
        for refused in watching.refused
        if refused + ON_ITS_WAY < begun < refused + WAIT - 0.01
    ]
    assert not too_early
