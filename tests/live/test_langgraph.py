"""A real LangGraph server, from the command line to its store: `export $(tests/live/langgraph.sh)` starts one.

The server is emptied, but for the assistants that it makes by itself.
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

from ..langgraph.exchanges import run
from ..langgraph.test_exchanges import RECORDED
from .langgraph_live import Server
from .project import Project, conformance

pytestmark = [
    pytest.mark.live_langgraph,
    pytest.mark.skipif(
        not os.environ.get("LANGGRAPH_URL"), reason="LANGGRAPH_URL not set: start one with tests/live/langgraph.sh"
    ),
]
ENTRY_POINTS = "live = tests.live.langgraph_live:subject\n"
FIELDS = "instructions: |\n  You teach.\n  Be kind.\ntemperature: 0.2\nmetadata: {owner: edu}\n"
BLOCK = "providers: {langgraph: {graph_id: agent, context: {tone: warm}}}\n"


@dataclass
class Live(Project):
    """With the server past retinue; an assistant has a graph."""

    server: Server

    def assistant(self, name: str, text: str = FIELDS, block: str = BLOCK) -> None:
        super().assistant(name, text + block)

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
    live = Live(tmp_path, f"provider: langgraph, endpoint: '{server.url}'", None, server)
    live.project()
    return live


def test_the_real_server_answers_as_it_was_recorded(server: Server) -> None:
    def call(method: str, path: str, body: Any) -> tuple[int, str, str]:
        answer = server.client.request(method, path, **({} if body is None else {"json": body}))
        return answer.status_code, answer.headers.get("x-pagination-next", ""), answer.text

    assert run(call) == RECORDED.read_text(encoding="utf-8")


def test_the_conformance_suite_passes(server: Server, tmp_path: Path) -> None:
    assert conformance(tmp_path, ENTRY_POINTS, "langgraph-live") > 70


def test_every_claim_of_the_record_holds_and_nothing_is_left(live: Live) -> None:
    live.assistant("greeter")
    assert "Every claim holds." in live.retinue("providers", "check", "-e", "dev", "--auto-approve")
    assert [raw for raw in live.server.assistants().values() if raw["name"].startswith("retinue-check")] == []


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
    assert "Applied: 1 created, 1 deleted." in live.apply("--allow", "twin")
    live.retinue("destroy", "--auto-approve", "--allow", "brake=2")
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


def seen_by_a_run(live: Live) -> dict[str, str]:
    """The prompt that a graph reads, by the place from which it takes it."""
    body = {"assistant_id": live.server.named("Tutor")["assistant_id"], "input": {"in_context": ""}}
    found = live.server.call("POST", "/runs/wait", body)
    return {"context": found["in_context"], "configurable": found["in_configurable"]}


@pytest.mark.parametrize("graph", ["agent", "plain"])
def test_runs_read_what_the_manifest_says_after_each_way_to_part_the_two_copies(live: Live, graph: str) -> None:
    block = f"providers: {{langgraph: {{graph_id: {graph}}}}}\n"
    kind, strict = (f"instructions: Be {word}.\n" for word in ("kind", "strict"))
    live.assistant("tutor", kind, block)
    live.apply()
    live.assistant("tutor", strict, block)
    live.apply()
    key = live.server.named("Tutor")["assistant_id"]
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": "Be strict."}

    live.server.call("POST", f"/assistants/{key}/latest", {"version": 1})
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": "Be kind."}
    (change,) = json.loads(live.retinue("plan", "--format", "json"))["changes"]
    assert [(item["path"], item["cause"]) for item in change["fields"]] == [
        ("/instructions", "both"),
        ("/providers", "both"),
    ]
    assert "Be kind." in live.retinue("drift", "--detailed-exitcode", code=2)
    live.apply()
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": "Be strict."}

    live.edit("Tutor", config={"recursion_limit": 9})
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": ""}
    assert "not_mirrored" in live.retinue("drift", "--detailed-exitcode", code=2)
    live.apply()
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": "Be strict."}
    assert live.server.named("Tutor")["config"]["recursion_limit"] == 9

    live.edit("Tutor", context={})
    assert seen_by_a_run(live) == {"context": "", "configurable": "Be strict."}
    live.apply()
    assert seen_by_a_run(live) == {"context": "Be strict.", "configurable": "Be strict."}

    live.server.call("POST", f"/assistants/{key}/latest", {"version": 1})
    live.assistant("tutor", kind, block)
    live.apply()
    assert seen_by_a_run(live) == {"context": "Be kind.", "configurable": "Be kind."}


def test_deny_keeps_a_version_that_was_set_live_again(live: Live) -> None:
    live.environment += ", on_drift: deny"
    live.project()
    live.assistant("tutor")
    live.apply()
    live.assistant("tutor", FIELDS.replace("edu", "cx"))
    live.apply()
    key = live.server.named("Tutor")["assistant_id"]
    live.server.call("POST", f"/assistants/{key}/latest", {"version": 1})
    assert "/metadata" in live.retinue("apply", "--auto-approve", code=5)
    assert live.server.named("Tutor")["metadata"]["owner"] == "edu"
    live.apply("--allow", "drift:Assistant/tutor")
    assert live.server.named("Tutor")["metadata"]["owner"] == "cx"


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
    live.apply_60_and_kill(lambda: len(live.server.assistants()), 5, "--parallelism", "2")
    live.apply()
    assert sorted(raw["name"] for raw in live.server.assistants().values()) == [f"Bot-{n:02}" for n in range(60)]
    requests = re.findall(r"^(?:GET|POST|PATCH|DELETE) \S+", live.retinue("plan", "-v"), re.MULTILINE)
    assert [line.split("/")[-1] for line in requests] == ["search", "search", "schemas"]
