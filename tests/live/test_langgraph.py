"""A real LangGraph server, from the command line to its store: `export $(tests/live/langgraph.sh)` starts one.

The server is emptied, but for the assistants that it makes by itself.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..langgraph.exchanges import run
from ..langgraph.test_exchanges import RECORDED
from .langgraph_live import Server

REPOSITORY = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.live_langgraph,
    pytest.mark.skipif(
        not os.environ.get("LANGGRAPH_URL"), reason="LANGGRAPH_URL not set: start one with tests/live/langgraph.sh"
    ),
]
ENTRY_POINTS = "[retinue.conformance]\nlive = tests.live.langgraph_live:subject\n"
FIELDS = "instructions: |\n  You teach.\n  Be kind.\ntemperature: 0.2\nmetadata: {owner: edu}\n"
BLOCK = "providers: {langgraph: {graph_id: agent, context: {tone: warm}}}\n"


@dataclass
class Live:
    """A project folder and the server past retinue."""

    root: Path
    server: Server

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def project(self, extra: str = "") -> None:
        self.write(
            "retinue.yaml",
            f"version: 1\nproject: live\nmanifests: [assistants]\n{extra}"
            f"environments:\n  dev: {{provider: langgraph, endpoint: '{self.server.url}'}}\n",
        )

    def assistant(self, name: str, text: str = FIELDS, block: str = BLOCK) -> None:
        self.write(f"assistants/{name}.yaml", f"assistant: {name}\nname: {name.title()}\nmodel: gpt-4o\n{text}{block}")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "retinue", *arguments]

    def retinue(self, *arguments: str, code: int = 0) -> str:
        ran = subprocess.run(self.command(*arguments), cwd=self.root, capture_output=True, text=True, timeout=300)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def apply(self, *arguments: str) -> str:
        """Apply; then the next plan is empty and a second apply makes no version of anything."""
        said = self.retinue("apply", "--auto-approve", *arguments)
        self.retinue("plan", "--detailed-exitcode")
        before = {key: raw["version"] for key, raw in self.server.assistants().items()}
        self.retinue("apply", "--auto-approve")
        assert {key: raw["version"] for key, raw in self.server.assistants().items()} == before
        return said

    def edit(self, display: str, **body: Any) -> None:
        self.server.call("PATCH", f"/assistants/{self.server.named(display)['assistant_id']}", body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.empty()
    yield server
    server.empty()
    server.client.close()


@pytest.fixture
def live(server: Server, tmp_path: Path) -> Live:
    live = Live(tmp_path, server)
    live.project()
    return live


def test_the_real_server_answers_as_it_was_recorded(server: Server) -> None:
    def call(method: str, path: str, body: Any) -> tuple[int, str, str]:
        answer = server.client.request(method, path, **({} if body is None else {"json": body}))
        return answer.status_code, answer.headers.get("x-pagination-next", ""), answer.text

    assert run(call) == RECORDED.read_text(encoding="utf-8")


def test_the_conformance_suite_passes(server: Server, tmp_path: Path) -> None:
    info = tmp_path / "retinue_live-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: retinue-live\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(REPOSITORY)))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance", "-k"]
    ran = subprocess.run(
        [*command, "langgraph-live"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900
    )
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert ran.returncode == 0 and passed and int(passed[1]) > 70, ran.stdout[-5000:] + ran.stderr


def test_a_life_from_create_to_destroy(live: Live) -> None:
    live.assistant("tutor")
    live.assistant("greeter", "")
    assert "Applied: 2 created." in live.apply()
    tutor = live.server.named("Tutor")
    assert tutor["context"] == {
        "model": "gpt-4o",
        "system_prompt": "You teach.\nBe kind.",
        "temperature": 0.2,
        "tone": "warm",
    }
    live.edit("Tutor", context={"system_prompt": "Somebody was here."}, config={"recursion_limit": 9})
    assert "drift" in live.retinue("plan", "--detailed-exitcode", code=2)
    live.apply()
    tutor = live.server.named("Tutor")
    assert tutor["context"]["system_prompt"] == "You teach.\nBe kind." and tutor["config"]["recursion_limit"] == 9
    live.assistant("tutor", "description: Helps.\n")
    live.apply()
    live.assistant("tutor", "")
    live.apply()
    assert live.server.named("Tutor")["description"] == "" and live.server.named("Tutor")["metadata"]["owner"] is None
    live.write("assistants/greeter.yaml", f"assistant: host\nname: Greeter\nmodel: gpt-4o\n{BLOCK}")
    live.project("removed: [Assistant/greeter]\n")
    assert "Applied: 1 created, 1 deleted." in live.apply("--allow-twins")
    live.retinue("destroy", "--auto-approve", "--allow-deletes", "2")
    assert live.server.assistants() == {}


def test_a_rollback_applies_the_older_manifest_and_a_version_set_back_is_drift(live: Live) -> None:
    live.assistant("tutor")
    live.apply()
    live.assistant("tutor", FIELDS.replace("kind", "strict").replace("edu", "cx"))
    live.apply()
    key = live.server.named("Tutor")["assistant_id"]
    live.server.call("POST", f"/assistants/{key}/latest", {"version": 1})
    # The in-memory server sets the metadata back, the marker with it, but not the context.
    shown = json.loads(live.retinue("show", "Assistant/tutor", "--format", "json"))
    assert (shown["version"], [item["version"] for item in shown["versions"]]) == (1, [2, 1])
    assert live.server.named("Tutor")["context"]["system_prompt"] == "You teach.\nBe strict."
    live.apply()
    assert live.server.named("Tutor")["metadata"]["owner"] == "cx"
    live.assistant("tutor")
    live.apply()
    tutor = live.server.named("Tutor")
    assert (tutor["context"]["system_prompt"], tutor["metadata"]["owner"]) == ("You teach.\nBe kind.", "edu")
    assert tutor["version"] == 4


def test_graphs_and_their_context_are_checked_at_the_server(live: Live) -> None:
    live.assistant("tutor", FIELDS, BLOCK.replace("agent", "agnet"))
    assert "Did you mean `agent`?" in live.retinue("plan", code=3)
    live.assistant("tutor", FIELDS, BLOCK.replace("tone", "tune"))
    assert "the graph `agent` declares no context key `tune`" in live.retinue("plan", code=3)
    live.assistant("tutor", FIELDS, "providers: {langgraph: {graph_id: plain}}\n")
    live.apply()


def test_what_others_made_becomes_manifests_that_are_adopted_as_they_are(live: Live) -> None:
    context = {"model": "gpt-4o", "system_prompt": "One.\nTwo.", "temperature": 0.3, "prompt": "x"}
    live.server.call("POST", "/assistants", {"graph_id": "agent", "name": "Made by hand", "context": context})
    (live.root / "retinue.yaml").unlink()
    live.retinue("init", "--from", "langgraph", "--endpoint", live.server.url)
    manifest = (live.root / "assistants" / "made-by-hand.yaml").read_text(encoding="utf-8")
    assert "temperature: 0.3" in manifest and "graph_id: agent" in manifest
    plan = json.loads(live.retinue("plan", "--format", "json"))
    assert [(change["action"], change["fields"]) for change in plan["changes"]] == [("adopt", [])]
    live.apply()


def test_a_killed_apply_of_60_ends_as_if_nothing_had_happened(live: Live) -> None:
    for number in range(60):
        live.assistant(f"bot-{number:02}", f"instructions: Number {number}.\n")
    process = subprocess.Popen(
        live.command("apply", "--auto-approve", "--parallelism", "2"), cwd=live.root, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while len(live.server.assistants()) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert 0 < len(live.server.assistants()) < 60
    live.apply()
    assert sorted(raw["name"] for raw in live.server.assistants().values()) == [f"Bot-{n:02}" for n in range(60)]
    requests = re.findall(r"^(?:GET|POST|PATCH|DELETE) \S+", live.retinue("plan", "-v"), re.MULTILINE)
    assert [line.split("/")[-1] for line in requests] == ["search", "search", "schemas"]
