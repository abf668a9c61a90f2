"""What retinue makes of Foundry's agents Azure's SDK reads, and what the SDK makes retinue reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .needs import foundry_sdk
from .service import emulator

PYTHON, _ = foundry_sdk()
HERE = Path(__file__).parent
PROJECT = "/api/projects/outside"
pytestmark = pytest.mark.outside

TUTOR = """\
assistant: tutor
name: Tutor ∑
description: Helps.
model: gpt-5
instructions: Teach.
temperature: 0.2
reasoning_effort: low
response_format: {type: json_schema, json_schema: {name: answer, schema: {type: object}, strict: true}}
tools:
  - {type: function, function: {name: look_up, description: Looks it up., parameters: {type: object}}}
  - {type: file_search, file_search: {max_num_results: 8}}
  - {type: code_interpreter}
  - {type: web_search}
  - {type: mcp, server_label: wiki, server_url: "https://wiki.example.com/mcp", allowed_tools: [search]}
tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/notes}]}}
metadata: {team: x}
"""
DEFINITION: Mapping[str, Any] = {
    "kind": "prompt",
    "model": "gpt-5",
    "instructions": "Be brief.",
    "temperature": 0.2,
    "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}},
}
TOOLS = ("FunctionTool", "FileSearchTool", "CodeInterpreterTool", "WebSearchTool", "MCPTool")
SDK = """
import json, sys
from foundry_session import *
with AIProjectClient(endpoint=sys.argv[1], credential=object(), **PLAIN) as project, HTTP:
    session = Session(project, {})
    agent = session.agents.get("tutor")
    newest = agent.versions.latest
    found = {
        "agent": whole(agent),
        "versions": session.versions("tutor"),
        "tools": [type(tool).__name__ for tool in newest.definition.tools],
        "store": session.client().vector_stores.retrieve(newest.definition.tools[1].vector_store_ids[0]).name,
        "answers": session.call("tutor"),
        "listed": [item.name for item in session.agents.list(kind="prompt")],
        "wrong": WRONG,
    }
    for line in sys.argv[2:]:
        exec(line)
print(json.dumps(found))
"""
"""Reads the agent; then does what it is told."""


def test_what_retinue_makes_the_sdk_reads_and_what_the_sdk_makes_retinue_reads(tmp_path: Path) -> None:
    shell = {**os.environ, "TOKEN": "token-outside", "PYTHONPATH": str(HERE)}
    folder = tmp_path / "assistants"
    folder.mkdir()
    (folder / "tutor.yaml").write_text(TUTOR)
    (folder / "notes.yaml").write_text("vector_store: notes\nname: Notes\n")

    def ran(*words: str | Path) -> str:
        done = subprocess.run([*words], cwd=tmp_path, env=shell, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def retinue(*words: str) -> str:
        return ran(sys.executable, "-m", "retinue", *words)

    with emulator() as url:

        def sdk(*lines: str) -> Any:
            return json.loads(ran(PYTHON, "-c", SDK, url + PROJECT, *lines))

        settings = f"provider: foundry, endpoint: {url}{PROJECT}, api_key: {{env: TOKEN}}"
        (tmp_path / "retinue.yaml").write_text(
            f"version: 1\nproject: demo-k3f9\nmanifests: [assistants]\nenvironments:\n  live: {{{settings}}}\n"
        )
        retinue("apply", "--auto-approve")
        (folder / "tutor.yaml").write_text(TUTOR.replace("Teach.", "Be brief."))
        retinue("apply", "--auto-approve")
        edit = 'edited = {**newest.definition.as_dict(), "instructions": "Edited."}'
        publish = 'session.agents.create_version("tutor", body={"definition": edited, "metadata": newest.metadata})'
        pin = 'session.agents.update_details("tutor", agent_endpoint=pinned(("3", 100)))'
        theirs = 'session.agents.create_version("theirs", definition=FULL, metadata={"team": "y"})'
        made = sdk(edit, publish, pin, theirs)
        newest = made["agent"]["versions"]["latest"]
        assert (made["wrong"], made["versions"], made["listed"]) == ([], ["2", "1"], ["tutor"])
        assert {name: newest["definition"][name] for name in DEFINITION} == DEFINITION
        assert (made["tools"], made["store"]) == ([*TOOLS], "Notes")
        assert newest["metadata"].items() >= {"team": "x", "retinue.address": "demo-k3f9/live/Assistant/tutor"}.items()
        rules = made["agent"]["agent_endpoint"]["version_selector"]["version_selection_rules"]
        assert rules == [{"type": "FixedRatio", "agent_version": "2", "traffic_percentage": 100}]
        assert (newest["description"], made["answers"]) == ("Helps.", "Be brief.")

        retinue("import")
        read = yaml.safe_load((folder / "theirs.yaml").read_text())
        kinds = sorted(tool["type"] for tool in newest["definition"]["tools"])
        assert sorted(tool["type"] for tool in read["tools"]) == kinds
        assert "Edited." in retinue("apply", "--auto-approve")
        assert "No changes. 3 objects match" in retinue("plan")
        made = sdk()
        assert (made["wrong"], made["answers"], made["listed"]) == ([], "Be brief.", ["theirs", "tutor"])
