"""A real Flowise as a subject of the conformance suite. It empties the server: only for one that may be thrown away."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx

from retinue.core.model import Json
from retinue.emulator.app import Emulator
from retinue.emulator.server import serve
from retinue.providers.base import Marker
from retinue.providers.flowise import PROVIDER, classify
from retinue.providers.flowise.directory import Directory, by_name, credentials_from
from retinue.providers.flowise.reading import to_resource
from retinue.providers.flowise.writing import create_body, update_body
from retinue.providers.wire import Connection

from ..conformance.flowise_subjects import CREDENTIALS, CUSTOM, OPENAI, Spec, flattened

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
        return Directory(credentials, by_name(parts["chatmodels"]), by_name(parts["tools"]), {})


class OpenAIUpstream:
    """Our emulator where the real Flowise looks for the OpenAI API."""

    def __enter__(self) -> Emulator:
        self.emulator, self._stop, ready = Emulator(":memory:"), threading.Event(), threading.Event()
        arguments = (self.emulator, "127.0.0.1", UPSTREAM_PORT, lambda url: ready.set(), self._stop)
        self._thread = threading.Thread(target=serve, args=arguments)
        self._thread.start()
        assert ready.wait(10), "the upstream does not serve"
        return self.emulator

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.emulator.close()


class LiveSubject:
    """The same samples as against the emulator, but for document stores, which need an embedding model to fill."""

    provider = PROVIDER
    classify = staticmethod(classify)
    gaps: Mapping[str, str] = {}

    def __init__(self, name: str, sample: Spec) -> None:
        self.name, self.samples = name, {"Assistant": sample}
        self._needs_upstream = sample is OPENAI

    def __enter__(self) -> LiveSubject:
        self.server = Server()
        # Rows of type CUSTOM never ask an upstream.
        self._stack = ExitStack()
        if self._needs_upstream:
            self._stack.enter_context(OpenAIUpstream())
        self.server.with_credentials(CREDENTIALS)
        self._directory = self.server.directory()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.empty()
        self.server.client.close()
        self._stack.close()

    def reset(self) -> None:
        self.server.empty()

    def connection(self) -> Connection:
        return Connection(self.server.url, {"Authorization": f"Bearer {self.server.key}"})

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        body = create_body(spec, Marker("-", "-"), self._directory)
        details = {**json.loads(body["details"]), "metadata": dict(spec.get("metadata") or {})}
        return str(self.server.call("POST", "/assistants", {**body, "details": json.dumps(details)})["id"])

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: flattened(row) for key, row in self.server.rows().items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = to_resource(self.server.rows()[remote_id], self._directory)
        text = Marker(live.marker_address or "", live.marker_applied or "") if live.marker_address else None
        self.server.call("PUT", f"/assistants/{remote_id}", update_body(live, fields, text, self._directory))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"flowId": "f-1", "x_limits": {"tokens": [1, 2]}}
        row = self.server.rows()[remote_id]
        details = json.dumps({**json.loads(row["details"]), **strange})
        self.server.call("PUT", f"/assistants/{remote_id}", {"details": details, "credential": row["credential"]})
        return strange

    def pages_of(self, size: int) -> None:
        raise NotImplementedError("there are no pages")


def _without_stores(spec: Mapping[str, Json]) -> dict[str, Json]:
    block = {key: value for key, value in spec["providers"]["flowise"].items() if key != "documentStores"}
    return {**spec, "providers": {"flowise": block}}


def custom() -> LiveSubject:
    sample = Spec(_without_stores(CUSTOM.full), _without_stores(CUSTOM.changed), CUSTOM.minimal, CUSTOM.lacks)
    return LiveSubject("flowise-live-custom", sample)


def openai() -> LiveSubject:
    return LiveSubject("flowise-live-openai", OPENAI)
