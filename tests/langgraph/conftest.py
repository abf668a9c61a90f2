"""Whole commands against the stand-in for a LangGraph server, on a socket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..cli.conftest import World, opened
from .fake import Asked, FakeLangGraph

BLOCK = "providers:\n  langgraph:\n    graph_id: agent\n"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class LangGraphWorld(World):
    """A project with one environment `dev` at the fake; what there is to the emulator is the fake's."""

    fake: FakeLangGraph = None  # type: ignore[assignment]

    def project(self, extra: str = "", environment: str = "") -> None:
        self.write(
            "retinue.yaml",
            f"version: 1\nproject: demo\nmanifests: [assistants]\n{extra}environments:\n  dev:\n"
            f"    provider: langgraph\n    endpoint: {self.url}\n    api_key: {{env: DEMO_KEY}}\n{environment}",
        )

    def graph(self, name: str, text: str = "", block: str = BLOCK) -> None:
        self.assistant(name, f"name: {name.title()}\n{text}{block}")

    def writes(self) -> int:
        return len(self.fake.writes())

    def live(self) -> dict[str, dict[str, Any]]:
        return self.fake.assistants

    def named(self, name: str) -> dict[str, Any]:
        """The one live assistant of that display name."""
        (found,) = (raw for raw in self.fake.assistants.values() if raw["name"] == name)
        return found

    def asked(self) -> list[Asked]:
        """What was asked since the last look."""
        found, self.fake.requests = self.fake.requests, []
        return found

    def edit(self, display: str, **body: Any) -> None:
        """As somebody would in the server's own user interface."""
        self.fake.patch(self.named(display)["assistant_id"], body)

    def normal(self, text: str) -> str:
        text = text.replace(str(self.root), "<folder>").replace(self.url.removeprefix("http://"), "<host>")
        text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:<digest>", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "<date>", text)
        names = {key: f"<id {raw['name']}>".ljust(36, ".") for key, raw in self.fake.assistants.items()}
        return UUID.sub(lambda found: names.get(found[0], found[0]), text)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LangGraphWorld]:
    fake = FakeLangGraph()
    with opened(tmp_path / "demo", monkeypatch, lambda _emulator: fake) as found:
        yield LangGraphWorld(found.root, found.emulator, found.url, monkeypatch, fake=fake)
