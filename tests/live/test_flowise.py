"""A real Flowise, from the command line to its database: `export $(tests/live/flowise.sh)` starts one and says where.

The server is emptied. OPENAI rows have retinue's emulator as upstream.
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

from retinue.emulator.faults import Behaviour
from retinue.providers.flowise.nodes import held_by, known_nodes

from ..flowise.exchanges import run
from .flowise_live import OpenAIUpstream, Server

REPOSITORY = Path(__file__).parents[2]
_MISSING = [name for name in ("FLOWISE_URL", "FLOWISE_API_KEY") if not os.environ.get(name)]
pytestmark = [
    pytest.mark.live_flowise,
    pytest.mark.skipif(
        bool(_MISSING), reason=f"{' and '.join(_MISSING)} not set: start one with tests/live/flowise.sh"
    ),
]
ENTRY_POINTS = """[retinue.conformance]
custom = tests.live.flowise_live:custom
openai = tests.live.flowise_live:openai
"""


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
            f"version: 1\nproject: live\nmanifests: [assistants]\n{extra}environments:\n  dev: {{provider: flowise,"
            f" endpoint: '{self.server.url}', api_key: {{env: FLOWISE_API_KEY}}}}\n",
        )

    def assistant(self, name: str, text: str = "") -> None:
        self.write(f"assistants/{name}.yaml", f"assistant: {name}\nname: {name.title()}\nmodel: gpt-4o\n{text}")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "retinue", *arguments]

    def retinue(self, *arguments: str, code: int = 0) -> str:
        ran = subprocess.run(self.command(*arguments), cwd=self.root, capture_output=True, text=True, timeout=300)
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert self.server.key not in ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def apply(self, *arguments: str) -> str:
        """Apply; then the next plan is empty and a second apply writes nothing."""
        said = self.retinue("apply", "--auto-approve", *arguments)
        self.retinue("plan", "--detailed-exitcode")
        again = self.retinue("apply", "--auto-approve", "-v")
        assert not re.search(r"^(POST|PUT|DELETE) ", again, re.MULTILINE), again
        return said

    def rows(self) -> dict[str, dict[str, Any]]:
        """By the name in their details."""
        rows = [{**row, "details": json.loads(row["details"])} for row in self.server.rows().values()]
        return {row["details"]["name"]: row for row in rows}

    def edit(self, name: str, **details: Any) -> None:
        row = self.rows()[name]
        body = {"credential": row["credential"], "details": json.dumps({**row["details"], **details})}
        self.server.call("PUT", f"/assistants/{row['id']}", body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.empty()
    server.with_credentials({"main": "openAIApi"})
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
        how: dict[str, Any] = {} if body is None else {"json": body}
        if isinstance(body, bytes):
            how = {"content": body, "headers": {"Content-Type": "application/json"}}
        answer = server.client.request(method, path, **how)
        return answer.status_code, answer.headers.get("content-type", ""), answer.text

    golden = (REPOSITORY / "tests" / "flowise" / "golden" / "exchanges.txt").read_text(encoding="utf-8")
    with OpenAIUpstream():
        assert run(call) == golden


def test_the_conformance_suite_passes(server: Server, tmp_path: Path) -> None:
    info = tmp_path / "retinue_live-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: retinue-live\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(REPOSITORY)))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/conformance",
        "-k",
        "flowise-live",
    ]
    ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1500)
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert ran.returncode == 0 and passed and int(passed[1]) > 120, ran.stdout[-5000:] + ran.stderr


def test_checks_that_reach_no_server_know_its_chat_models(server: Server) -> None:
    nodes = {
        node["name"]: held_by(node, node["name"]) for node in server.call("GET", "/assistants/components/chatmodels")
    }
    assert nodes == known_nodes()


def test_a_life_from_create_to_destroy(live: Live) -> None:
    live.assistant(
        "tutor",
        "instructions: |\n  You teach.\n  Be kind.\ntemperature: 0.2\ntop_p: 0.9\nmetadata: {owner: edu}\n"
        "providers:\n  flowise:\n    credential: main\n    chatModel: {inputs: {streaming: false}}\n"
        "    tools: [{name: calculator}]\n",
    )
    live.assistant("greeter")
    assert "Applied: 2 created." in live.apply()
    tutor = live.rows()["Tutor"]
    inputs = tutor["details"]["chatModel"]["inputs"]
    assert (inputs["modelName"], inputs["temperature"], inputs["topP"], inputs["streaming"]) == (
        "gpt-4o",
        0.2,
        0.9,
        False,
    )
    live.edit("Tutor", instruction="Somebody was here.", flowId="f-1")
    assert "drift" in live.retinue("plan", "--detailed-exitcode", code=2)
    live.apply()
    assert live.rows()["Tutor"]["details"]["instruction"] == "You teach.\nBe kind."
    assert live.rows()["Tutor"]["details"]["flowId"] == "f-1"
    live.write(
        "assistants/greeter.yaml", "assistant: host\nname: Greeter\nmodel: gpt-4o\nretinue: {moved_from: greeter}\n"
    )
    before = live.rows()["Greeter"]["id"]
    assert "1 to move" in live.apply()
    assert live.rows()["Greeter"]["id"] == before
    (live.root / "assistants" / "greeter.yaml").unlink()
    live.project("removed: [Assistant/host]\n")
    assert "Applied: 1 deleted." in live.apply()
    live.retinue("destroy", "--auto-approve", "--allow-deletes", "1")
    assert live.rows() == {}


def test_rows_of_the_page_become_manifests_that_are_adopted_as_they_are(live: Live) -> None:
    node = next(
        item for item in live.server.call("GET", "/assistants/components/chatmodels") if item["name"] == "chatOpenAI"
    )
    inputs = {item["name"]: item.get("default") or "" for item in node["inputs"]} | {"temperature": "0.3"}
    details = {
        "name": "Made by hand",
        "instruction": "One.\nTwo.\n",
        "chatModel": {**node, "id": "chatOpenAI_0", "inputs": inputs, "inputParams": node["inputs"]},
        "tools": [],
        "documentStores": [],
    }
    row = {"type": "CUSTOM", "credential": "7db93c02-8d5a-4117-a8f1-3dfb6721b339", "details": json.dumps(details)}
    live.server.call("POST", "/assistants", row)
    live.server.call("POST", "/assistants", {**row, "details": '{"name": "Only just added"}'})
    (live.root / "retinue.yaml").unlink()
    said = live.retinue("init", "--from", "flowise", "--endpoint", live.server.url)
    assert "`Only just added`" in said and "has no `model`; it was left out" in said
    manifest = (live.root / "assistants" / "made-by-hand.yaml").read_text(encoding="utf-8")
    assert "temperature: 0.3" in manifest and "providers" not in manifest
    plan = json.loads(live.retinue("plan", "--format", "json"))
    assert [(change["action"], change["fields"]) for change in plan["changes"]] == [("adopt", [])]
    live.apply()
    assert live.rows()["Made by hand"]["details"]["chatModel"]["inputs"]["temperature"] == "0.3"


def test_both_layers_of_a_row_with_an_upstream(live: Live) -> None:
    block = "providers: {flowise: {type: OPENAI, credential: main}}\n"
    with OpenAIUpstream() as upstream:
        live.assistant("greeter", f"instructions: Say hello.\ntools: [{{type: file_search}}]\n{block}")
        live.apply()
        key = live.rows()["Greeter"]["details"]["id"]
        rows, _ = upstream.store.page("assistant", 10, newest_first=False)
        held = json.loads(rows[0][1])
        assert (held["id"], held["instructions"]) == (key, "Say hello.")
        upstream.assistants.seed({**held, "instructions": "Say goodbye."})
        assert "providers.flowise.upstream.instructions" in live.retinue("plan", "--detailed-exitcode", code=2)
        live.apply()
        assert json.loads(upstream.store.get("assistant", key) or "")["instructions"] == "Say hello."
        # The page of such a row rebuilds its details from the keys that it knows.
        row = live.rows()["Greeter"]
        kept = {"name": "Greeter", "model": "gpt-4o", "instructions": "Say hello.", "tools": ["file_search"]}
        body = {"credential": row["credential"], "details": json.dumps(kept)}
        live.server.call("PUT", f"/assistants/{row['id']}", body)
        assert "marker lost" in live.apply()
        upstream.behaviour = Behaviour(gone=True)
        assert "`main` has no Assistants API any more" in live.retinue("plan", "--detailed-exitcode")
        upstream.behaviour = Behaviour()
        live.retinue("destroy", "--auto-approve", "--allow-deletes", "1")
        assert upstream.store.get("assistant", key) is None
    assert "`main` cannot be read" in live.retinue("plan", "--detailed-exitcode", code=2)


def test_what_a_row_leaves_open_survives_its_adoption(live: Live) -> None:
    tools = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "parameters": {}}}]
    with OpenAIUpstream() as upstream:
        bare = {"name": "Bare", "model": "gpt-4o", "instructions": "Hi.", "temperature": 0.3, "tools": tools}
        block = "providers: {flowise: {type: OPENAI, credential: main}}\n"
        live.assistant("bare", block)
        live.apply()
        row = live.rows()["Bare"]
        key = row["details"]["id"]
        body = {"credential": row["credential"], "details": json.dumps({"name": "Bare", "model": "gpt-4o"})}
        live.server.call("PUT", f"/assistants/{row['id']}", body)
        upstream.assistants.seed({"id": key, **bare})
        (live.root / "assistants" / "bare.yaml").unlink()
        live.retinue("import", "-e", "dev")
        plan = json.loads(live.retinue("plan", "--format", "json"))
        assert [(change["action"], change["fields"]) for change in plan["changes"]] == [("adopt", [])]
        live.apply()
        held = json.loads(upstream.store.get("assistant", key) or "")
        assert (held["instructions"], held["temperature"]) == ("Hi.", 0.3)
        assert sorted(tool["type"] for tool in held["tools"]) == ["code_interpreter", "function"]


def test_a_killed_apply_of_60_rows_ends_as_if_nothing_had_happened(live: Live) -> None:
    for number in range(60):
        live.assistant(f"bot-{number:02}", f"instructions: Number {number}.\n")
    process = subprocess.Popen(
        live.command("apply", "--auto-approve"), cwd=live.root, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while len(live.server.rows()) < 10 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert 0 < len(live.server.rows()) < 60
    live.apply()
    names = [json.loads(row["details"])["name"] for row in live.server.rows().values()]
    assert sorted(names) == [f"Bot-{number:02}" for number in range(60)]
    requests = re.findall(r"^(?:GET|POST|PUT|DELETE) .*", live.retinue("plan", "-v"), re.MULTILINE)
    assert [line.split(" ")[1] for line in requests] == ["assistants", "assistants/components/chatmodels", "version"]
