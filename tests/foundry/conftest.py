"""Whole commands against the emulator's dialect of a Foundry project, on a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..cli.conftest import KEY, World, opened

PATH = "/api/projects/demo"
PIN = "application/merge-patch+json"


class Ahead:
    """Before the emulator: `acts` are done once each, ahead of the first request with such a method and path ending."""

    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator
        self.acts: list[tuple[str, str, Callable[[], object]]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        for act in [*self.acts]:
            if (environ["REQUEST_METHOD"], environ["PATH_INFO"].endswith(act[1])) == (act[0], True):
                self.acts.remove(act)
                act[2]()
        return self.emulator(environ, start_response)


@dataclass
class FoundryWorld(World):
    """A project with environments at one Foundry project; what others do there goes over HTTP as well."""

    ahead: Ahead = None  # type: ignore[assignment]

    def project(self, extra: str = "", environment: str = "", others: str = "") -> None:
        at = f"    provider: foundry\n    endpoint: {self.url}{PATH}\n    api_key: {{env: DEMO_KEY}}\n"
        text = f"version: 1\nproject: demo\nmanifests: [assistants]\n{extra}environments:\n  dev:\n{at}{environment}"
        self.write("retinue.yaml", text + (f"  prod:\n{at}{others}" if others else ""))

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """Ask as the portal or an SDK does."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
        content = None if body is None else json.dumps(body)
        with httpx.Client(trust_env=False) as client:
            url = f"{self.url}{PATH}/{path}"
            answer = client.request(method, url, content=content, headers=headers, params={"api-version": "v1"})
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.text else None

    def agent(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"agents/{name}")
        return found

    def versions(self, name: str) -> list[dict[str, Any]]:
        """Oldest first."""
        found: list[dict[str, Any]] = self.call("GET", f"agents/{name}/versions?limit=100&order=asc")["data"]
        return sorted(found, key=lambda raw: int(raw["version"]))

    def publish(self, name: str, marked: bool = False, **definition: Any) -> str:
        """A version by somebody else, with or without the metadata of the newest one. Its number."""
        newest = self.agent(name)["versions"]["latest"]
        pairs = {**newest["metadata"], "modified_at": "1780000000"} if marked else {}
        body = {"definition": {**newest["definition"], **definition}, "metadata": pairs}
        return str(self.call("POST", f"agents/{name}/versions", body)["version"])

    def pin(self, name: str, **shares: int) -> None:
        """`pin("tutor", v1=90, v2=10)`."""
        rules = [
            {"type": "FixedRatio", "agent_version": key[1:], "traffic_percentage": share}
            for key, share in shares.items()
        ]
        body = {"agent_endpoint": {"version_selector": {"version_selection_rules": rules}}}
        self.call("PATCH", f"agents/{name}", body, PIN)

    def pinned(self, name: str) -> dict[str, int]:
        selector = (self.agent(name)["agent_endpoint"] or {}).get("version_selector") or {}
        rules = selector.get("version_selection_rules") or []
        return {rule["agent_version"]: rule["traffic_percentage"] for rule in rules}

    def says(self, name: str) -> str:
        """What a caller of the agent's endpoint gets: the emulator answers with the instructions."""
        reply = self.call("POST", f"agents/{name}/endpoint/protocols/openai/responses", {"input": "?"})
        return str(reply["output"][0]["content"][0]["text"])

    def planned(self, *options: str) -> Mapping[str, Any]:
        """The one step of the next plan."""
        ran = self.run("plan", "--format", "json", *options)
        assert ran.code == 0, ran.out + ran.err
        (change,) = json.loads(ran.out)["changes"]
        found: Mapping[str, Any] = change
        return found

    def sent(self) -> list[str]:
        """What retinue asked since the last look, but for reads."""
        found = [f"{item.method} {item.path.removeprefix(PATH)}" for item in self.emulator.writes()]
        found = [request for request in found if not request.endswith("/responses")]
        self.emulator.requests.clear()
        return found

    def live(self) -> dict[str, dict[str, Any]]:
        return {name: raw["versions"]["latest"] for name, raw in self.emulator.store.everything("foundry.agent")}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FoundryWorld]:
    ahead: list[Ahead] = []

    def around(emulator: Any) -> Any:
        ahead.append(Ahead(emulator))
        return ahead[0]

    with opened(tmp_path / "demo", monkeypatch, around) as found:
        yield FoundryWorld(found.root, found.emulator, found.url, monkeypatch, ahead=ahead[0])
