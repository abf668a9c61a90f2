"""A real Flowise, from the command line to its database: `export $(tests/live/flowise.sh)` starts one and says where.

The server is emptied. OPENAI rows have retinue's emulator as upstream.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retinue.providers.flowise.nodes import held_by, known_nodes
from retinue_emulator.faults import Behaviour

from ..flowise.exchanges import run
from ..serving import served
from .flowise_live import Server, model, openai_upstream
from .project import REPOSITORY, Project, conformance

_MISSING = [name for name in ("FLOWISE_URL", "FLOWISE_API_KEY", "FLOWISE_ROWS_KEY") if not os.environ.get(name)]
pytestmark = [
    pytest.mark.live_flowise,
    pytest.mark.skipif(
        bool(_MISSING), reason=f"{' and '.join(_MISSING)} not set: start one with tests/live/flowise.sh"
    ),
]
ENTRY_POINTS = "custom = tests.live.flowise_live:custom\nopenai = tests.live.flowise_live:openai\n"


@dataclass
class Live(Project):
    """With the server past retinue."""

    server: Server

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
    environment = f"provider: flowise, endpoint: '{server.url}', api_key: {{env: FLOWISE_API_KEY}}"
    live = Live(tmp_path, environment, server.key, server)
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
    with openai_upstream():
        assert run(call) == golden


def test_the_conformance_suite_passes(server: Server, tmp_path: Path) -> None:
    assert conformance(tmp_path, ENTRY_POINTS, "flowise-live") > 120


def test_every_claim_of_the_record_holds_and_nothing_is_left(live: Live) -> None:
    live.assistant("greeter", "instructions: Say hello.\n")
    assert "Every claim holds." in live.retinue("providers", "check", "-e", "dev", "--auto-approve")
    assert live.rows() == {}


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
    answers = live.rows()["Tutor"]["details"]["flowId"]
    live.edit("Tutor", instruction="Somebody was here.")
    assert "drift" in live.retinue("plan", "--detailed-exitcode", code=2)
    live.apply()
    assert live.rows()["Tutor"]["details"]["instruction"] == "You teach.\nBe kind."
    assert live.rows()["Tutor"]["details"]["flowId"] == answers
    live.write(
        "assistants/greeter.yaml", "assistant: host\nname: Greeter\nmodel: gpt-4o\nretinue: {moved_from: greeter}\n"
    )
    before = live.rows()["Greeter"]["id"]
    assert "1 to move" in live.apply()
    assert live.rows()["Greeter"]["id"] == before
    (live.root / "assistants" / "greeter.yaml").unlink()
    live.project("removed: [Assistant/host]\n")
    assert "Applied: 1 deleted." in live.apply()
    live.retinue("destroy", "--auto-approve", "--allow", "brake=1")
    assert live.rows() == live.server.flows() == {}


def test_an_assistant_answers_with_its_prompt_and_after_a_change_with_the_new_one(live: Live) -> None:
    with served(model) as url:
        node = f"chatModel: {{inputs: {{streaming: false, basepath: '{url}/v1'}}}}"
        block = f"{{credential: main, {node}, tools: [{{name: calculator}}]}}"

        def teach(prompt: str, model: str = "gpt-4o", tools: str = block) -> None:
            live.write(
                "assistants/tutor.yaml",
                f"assistant: tutor\nname: Tutor\nmodel: {model}\ninstructions: {prompt}\ntemperature: 0.2\n"
                f"providers: {{flowise: {tools}}}\n",
            )

        teach("You teach.")
        live.apply()
        key = json.loads(live.retinue("output", "-q"))["Assistant/tutor"]
        told = {"prompt": ["You teach."], "model": "gpt-4o", "temperature": 0.2, "tools": ["calculator"]}
        assert live.server.ask(key, "Hello?") == told
        teach("You teach chess.", "gpt-4o-mini", block.replace("calculator", "currentDateTime"))
        live.apply()
        changed = {**told, "prompt": ["You teach chess."], "model": "gpt-4o-mini", "tools": ["current_date_time"]}
        assert live.server.ask(key, "Hello?") == changed
        # A chatflow that was changed by hand.
        flow = live.server.flows()[key]
        edited = {"flowData": flow["flowData"].replace("You teach chess.", "You lie.")}
        live.server.call("PUT", f"/chatflows/{key}", edited)
        assert live.server.ask(key, "Hello?")["prompt"] == ["You lie."]
        assert "chatflow.instructions" in live.retinue("drift", "--detailed-exitcode", code=2)
        live.apply()
        assert live.server.ask(key, "Hello?") == changed
        # A key that may not see chatflows says at every plan what stays old.
        live.environment = live.environment.replace("FLOWISE_API_KEY", "FLOWISE_ROWS_KEY")
        live.project()
        assert "`chatflows:view`, `chatflows:create` and `chatflows:update`" in live.retinue(
            "plan", "--detailed-exitcode"
        )
        teach("You teach go.", "gpt-4o-mini", block.replace("calculator", "currentDateTime"))
        live.apply()
        assert live.server.ask(key, "Hello?") == changed
        live.environment = live.environment.replace("FLOWISE_ROWS_KEY", "FLOWISE_API_KEY")
        live.project()
        assert "chatflow.instructions" in live.retinue("plan", "--detailed-exitcode", code=2)
        live.apply()
        assert live.server.ask(key, "Hello?")["prompt"] == ["You teach go."]


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
    live.server.save_page(live.server.call("POST", "/assistants", row))
    flows = live.server.flows()
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
    assert live.server.flows() == flows


def test_both_layers_of_a_row_with_an_upstream(live: Live) -> None:
    block = "providers: {flowise: {type: OPENAI, credential: main}}\n"
    with openai_upstream() as upstream:
        live.assistant("greeter", f"instructions: Say hello.\ntools: [{{type: file_search}}]\n{block}")
        live.apply()
        key = live.rows()["Greeter"]["details"]["id"]
        ((_, held),) = upstream.store.everything("assistant")
        assert (held["id"], held["instructions"]) == (key, "Say hello.")
        upstream.assistants.seed({**held, "instructions": "Say goodbye."})
        assert "providers.flowise.upstream.instructions" in live.retinue("plan", "--detailed-exitcode", code=2)
        live.apply()
        assert json.loads(upstream.store.get("assistant", key) or "")["instructions"] == "Say hello."
        # The page of such a row rebuilds its details from the keys that it knows.
        row = live.rows()["Greeter"]
        kept: dict[str, Any] = {
            "name": "Greeter",
            "model": "gpt-4o",
            "instructions": "Say hello.",
            "tools": ["file_search"],
        }
        body = {"credential": row["credential"], "details": json.dumps(kept)}
        live.server.call("PUT", f"/assistants/{row['id']}", body)
        assert "marker lost" in live.apply()
        # With the resources as it found them, as it does unless Sync was pressed, the marker is still known.
        kept |= {
            "temperature": None,
            "top_p": None,
            "tool_resources": live.rows()["Greeter"]["details"]["tool_resources"],
        }
        edited = {**body, "details": json.dumps({**kept, "instructions": "Say goodbye."})}
        live.server.call("PUT", f"/assistants/{row['id']}", edited)
        plan = json.loads(live.retinue("plan", "--format", "json"))
        assert [item["path"] for item in plan["changes"][0]["fields"]] == ["/instructions"]
        assert plan["changes"][0]["reason"] == "drift"
        live.apply()
        upstream.behaviour = Behaviour(gone=True)
        assert "`main` has no Assistants API any more" in live.retinue("plan", "--detailed-exitcode")
        upstream.behaviour = Behaviour()
        live.retinue("destroy", "--auto-approve", "--allow", "brake=1")
        assert upstream.store.get("assistant", key) is None
    assert "`main` cannot be read" in live.retinue("plan", "--detailed-exitcode", code=2)


def test_what_a_row_leaves_open_survives_its_adoption(live: Live) -> None:
    tools = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "parameters": {}}}]
    with openai_upstream() as upstream:
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
    live.apply_60_and_kill(lambda: len(live.server.rows()), 10)
    live.apply()
    names = [json.loads(row["details"])["name"] for row in live.server.rows().values()]
    assert sorted(names) == [f"Bot-{number:02}" for number in range(60)]
    assert {row["details"]["flowId"] for row in live.rows().values()} == live.server.flows().keys()
    assert len(live.server.flows()) == 60
    requests = re.findall(r"^(?:GET|POST|PUT|DELETE) .*", live.retinue("plan", "-v"), re.MULTILINE)
    assert [line.split(" ")[1] for line in requests] == [
        "assistants",
        "assistants/components/chatmodels",
        "chatflows",
        "version",
    ]
