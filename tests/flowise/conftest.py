"""Whole commands against the emulator's Flowise dialect on a socket."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.flowise_chatflows import KIND as CHATFLOW
from retinue_emulator.flowise_rows import KIND

from ..cli.conftest import World
from ..cli.conftest import world as plain_world  # noqa: F401

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class FlowiseWorld(World):
    """A project with one environment `dev` at a Flowise, and `here` at a plain Assistants API."""

    def project(self, extra: str = "", environment: str = "") -> None:
        self.write(
            "retinue.yaml",
            f"version: 1\nproject: demo\nmanifests: [assistants]\n{extra}"
            f"environments:\n  dev:\n    provider: flowise\n    endpoint: {self.url}\n"
            f"    api_key: {{env: DEMO_KEY}}\n{environment}",
        )

    def flowise(self, name: str, block: str = "", text: str = "", model: str = "gpt-4o") -> None:
        """A manifest; `block` is what stands below `providers.flowise`."""
        extras = f"providers:\n  flowise: {block}\n" if block else ""
        self.assistant(name, f"name: {name.title()}\n{text}{extras}", model)

    def credential(self, name: str = "main", kind: str = "openAIApi") -> str:
        return self.emulator.seed({"object": "flowise.credential", "name": name, "credentialName": kind})

    def rows(self) -> dict[str, dict[str, Any]]:
        """By the name in their details; `parsed` has the details."""
        rows = [row for _, row in self.emulator.store.everything(KIND)]
        parsed = [(row, json.loads(row["details"])) for row in rows]
        return {details["name"]: {**row, "parsed": details} for row, details in parsed if "name" in details}

    def flows(self) -> dict[str, dict[str, Any]]:
        """Chatflows by their id."""
        return dict(self.emulator.store.everything(CHATFLOW))

    def prompt(self, name: str) -> Any:
        """What answers for this row says to the model."""
        nodes = json.loads(self.flows()[self.rows()[name]["parsed"]["flowId"]]["flowData"])["nodes"]
        return next(node["data"]["inputs"]["systemMessage"] for node in nodes if node["data"]["name"] == "toolAgent")

    def edit(self, name: str, **details: Any) -> None:
        """Set members of a row's details past everything; None takes one away."""
        row = self.rows()[name]
        kept = {**row.pop("parsed"), **details}
        row["details"] = json.dumps({key: value for key, value in kept.items() if value is not None})
        self.emulator.seed({**row, "object": "flowise.assistant"})

    def save_page(self, name: str, *, sync: bool = False, **edits: Any) -> None:
        """Press Save on the row's page after these edits. With `sync` after the button that reads from the upstream."""
        row = self.rows()[name]
        if sync:
            edits = {"tool_resources": {}, **edits}
        self.emulator.flowise.rows.save_as_page(row["id"], edits)

    def requests(self) -> list[str]:
        """What was asked since the last look."""
        found = [f"{item.method} {item.path.removeprefix('/api/v1')}" for item in self.emulator.requests]
        self.emulator.requests.clear()
        return found

    def normal(self, text: str) -> str:
        text = text.replace(str(self.root), "<folder>").replace(self.url.removeprefix("http://"), "<host>")
        text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:<digest>", text)
        names = {row["id"]: f"<row {name}>".ljust(36, ".") for name, row in self.rows().items()}
        return UUID.sub(lambda found: names.get(found[0], f"<id>{'.' * 32}"), text)


@pytest.fixture
def world(plain_world: World) -> FlowiseWorld:  # noqa: F811
    return FlowiseWorld(plain_world.root, plain_world.emulator, plain_world.url, plain_world.monkeypatch)


@pytest.fixture
def recorded() -> str:
    """What a real server of 3.1.4 answered to the steps of exchanges.py."""
    return (Path(__file__).parent / "golden" / "exchanges.txt").read_text(encoding="utf-8")
