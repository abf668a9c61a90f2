"""A real Flowise as a subject of the conformance suite. It empties the server: only for one that may be thrown away."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from retinue.core.model import Json
from retinue.providers.flowise.directory import Directory, Names, by_name, credentials_from
from retinue.providers.wire import Connection
from retinue_conformance.subject import Spec
from retinue_emulator.app import Emulator

from ..conformance.flowise_subjects import CREDENTIALS, CUSTOM, OPENAI, Rows
from ..serving import served

UPSTREAM_PORT = 18301
"""Where the server was told to look for OpenAI: see flowise.sh."""


class Server:
    """Plain calls to the server, past the provider. Refuses anything but this machine."""

    def __init__(self) -> None:
        self.url, self.key = os.environ["FLOWISE_URL"].rstrip("/"), os.environ["FLOWISE_API_KEY"]
        assert urlsplit(self.url).hostname in ("127.0.0.1", "localhost"), "these tests empty the server they are given"
        self.client = httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {self.key}"}, timeout=120
        )

    def call(self, method: str, path: str, body: Json = None) -> Json:
        answer = self.client.request(method, path, json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        return answer.json()

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.call("GET", "/assistants")}

    def empty(self) -> None:
        """Take every row away, through a repair where its credential is gone."""
        for key in self.rows():
            self.client.delete(f"/assistants/{key}")
        assert not self.rows()

    def with_credentials(self, wanted: Mapping[str, str]) -> None:
        have = {item["name"] for item in self.call("GET", "/credentials")}
        for name, kind in wanted.items():
            if name not in have:
                secret = {"openAIApiKey" if kind == "openAIApi" else "serpApiKey": "sk-upstream"}
                body = {"name": name, "credentialName": kind, "plainDataObj": secret}
                self.call("POST", "/credentials", body)

    def directory(self) -> Directory:
        parts = {name: self.call("GET", f"/assistants/components/{name}") for name in ("chatmodels", "tools")}
        credentials = credentials_from(self.call("GET", "/credentials"))
        return Directory(credentials, by_name(parts["chatmodels"]), by_name(parts["tools"]), Names({}))


@contextmanager
def openai_upstream() -> Iterator[Emulator]:
    """Our emulator where the real Flowise looks for the OpenAI API."""
    with closing(Emulator(":memory:")) as emulator, served(emulator, port=UPSTREAM_PORT):
        yield emulator


class LiveSubject(Rows):
    """The same samples as against the emulator, but for document stores, which need an embedding model to fill."""

    def __enter__(self) -> LiveSubject:
        self.server = Server()
        self._stack = ExitStack()
        if self.samples["Assistant"] is OPENAI:  # rows of type CUSTOM never ask an upstream
            self._stack.enter_context(openai_upstream())
        self.server.with_credentials(CREDENTIALS)
        self.directory = self.server.directory()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.empty()
        self.server.client.close()
        self._stack.close()

    def reset(self) -> None:
        self.server.empty()

    def connection(self) -> Connection:
        return Connection(self.server.url, {"Authorization": f"Bearer {self.server.key}"})

    def call(self, method: str, path: str, body: Json = None) -> Json:
        return self.server.call(method, path, body)

    def rows(self) -> dict[str, dict[str, Any]]:
        return self.server.rows()


def _without_stores(spec: Mapping[str, Json]) -> dict[str, Json]:
    block = {key: value for key, value in spec["providers"]["flowise"].items() if key != "documentStores"}
    return {**spec, "providers": {"flowise": block}}


def custom() -> LiveSubject:
    sample = Spec(_without_stores(CUSTOM.full), _without_stores(CUSTOM.changed), CUSTOM.minimal, CUSTOM.lacks)
    return LiveSubject("flowise-live-custom", sample)


def openai() -> LiveSubject:
    return LiveSubject("flowise-live-openai", OPENAI)
