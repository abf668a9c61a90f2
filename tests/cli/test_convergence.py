"""No eternal diff and no duplicate, whatever the service makes of what it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour, Fault

from .conftest import World

FULL = """\
name: Tutor
description: Teaches.
instructions: |
  Teach.

  Be kind.
temperature: 0.2
top_p: 0.9
reasoning_effort: low
metadata: {team: x, floor: '2'}
response_format: {type: json_schema, json_schema: {name: answer, schema: {type: object, properties: {}}}}
tools:
  - {type: code_interpreter}
  - {type: file_search, file_search: {max_num_results: 8}}
  - {type: function, function: {name: look_up, strict: false}}
tool_resources:
  code_interpreter: {file_ids: [file-b, file-a]}
  file_search: {vector_store_ids: [vs_1]}
"""


@pytest.mark.parametrize("metadata", ["merge", "replace"])
@pytest.mark.parametrize("gone", FULL.replace("\n  ", "\0 ").splitlines())
def test_each_removed_line_resets_its_field_and_settles(world: World, metadata: str, gone: str) -> None:
    world.emulator.behaviour = Behaviour(metadata=metadata)
    world.project()
    world.assistant("tutor", FULL)
    world.apply()
    rest = "\n".join(line for line in FULL.replace("\n  ", "\0 ").splitlines() if line != gone).replace("\0 ", "\n  ")
    world.assistant("tutor", rest + "\n")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()


@pytest.mark.parametrize("metadata", ["merge", "replace"])
def test_removed_metadata_keys_go_and_stay_gone(world: World, metadata: str) -> None:
    world.emulator.behaviour = Behaviour(metadata=metadata)
    world.project()
    world.assistant("tutor", "metadata: {a: '1', b: '2', c: '3'}\n")
    world.apply()
    world.assistant("tutor", "metadata: {b: '2'}\n")
    world.apply()
    assert {key for key, value in world.only()["metadata"].items() if value and "." not in key} == {"b"}
    world.assistant("tutor", "metadata: {a: '5'}\n")
    world.apply()
    assert {key for key, value in world.only()["metadata"].items() if value and "." not in key} == {"a"}


ALTERATIONS: dict[str, Any] = {
    "temperature": lambda value: round(value, 1) + 0.05,
    "model": lambda value: f"{value}-2026-01-01",
    "name": lambda value: value and value.upper(),
    "instructions": lambda value: value and value.strip(),
    "tools": lambda value: list(reversed(value)),
}


@pytest.mark.parametrize("field", ALTERATIONS)
def test_what_a_service_alters_is_said_once_and_is_no_eternal_diff(world: World, field: str) -> None:
    world.emulator.behaviour = Behaviour(alterations={field: ALTERATIONS[field]})
    world.project()
    world.assistant("tutor", FULL.replace("Be kind.", "Be kind.  "))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 0
    assert f"keeps another value of `{field}`" in ran.err
    world.settled()
    # A change of another field neither repeats the notice nor loses the observation.
    world.assistant("tutor", FULL.replace("Be kind.", "Be kind.  ").replace("Teaches.", "Teaches well."))
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, "keeps another value" in ran.err) == (0, False)
    world.settled()


def test_drift_of_an_altered_field_is_still_seen(world: World) -> None:
    world.emulator.behaviour = Behaviour(alterations={"model": lambda value: f"{value}-2026-01-01"})
    world.project()
    world.assistant("tutor")
    assert world.run("apply", "--auto-approve").code == 0
    world.emulator.assistants.seed({**world.only(), "model": "gpt-3.5-turbo"})
    ran = world.run("plan", "--detailed-exitcode")
    assert ran.code == 2
    assert "drift" in ran.out


def test_a_field_that_cannot_be_read_back_is_sent_when_it_changes_and_only_then(world: World) -> None:
    world.project()
    world.assistant("tutor", "reasoning_effort: low\n")
    world.apply()
    world.assistant("tutor", "reasoning_effort: high\n")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    world.assistant("tutor")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()


def test_a_refused_reset_is_made_with_null(world: World) -> None:
    world.project()
    world.assistant("tutor", "temperature: 0.2\n")
    world.apply()
    world.emulator.behaviour = Behaviour(unsupported=frozenset({"temperature"}))
    world.assistant("tutor", "", model="o3")
    world.apply()
    assert world.only()["temperature"] == 1.0


@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken"])
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_create_whose_answer_is_lost_makes_no_duplicate(world: World, kind: str, after_commit: bool) -> None:
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name)
    world.emulator.faults.on("POST /v1/assistants$", Fault(kind, 500, after_commit=after_commit), after=1)
    world.apply()
    assert len(world.live()) == 3


@pytest.mark.parametrize("request_line", ["GET /v1/assistants", "POST /v1/assistants/", "DELETE /v1/assistants/"])
@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken", "cut"])
def test_what_is_safe_to_repeat_goes_through(world: World, request_line: str, kind: str) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.assistant("ant", "temperature: 0.1\n")
    world.remove("assistants/dog.yaml")
    world.emulator.faults.on(request_line, Fault(kind, 503, after_commit=True))
    world.apply()
    assert len(world.live()) == 3


def test_foreign_objects_and_copies_are_never_touched(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    ours = world.only()
    copy = {**ours, "id": "asst_" + "D" * 24, "created_at": ours["created_at"] + 100, "name": "copied in a dashboard"}
    foreign = {"id": "asst_" + "F" * 24, "created_at": 1, "name": "somebody's"}
    for item in (copy, foreign):
        world.emulator.assistants.seed(item)
    before = {key: value for key, value in world.live().items() if key != ours["id"]}
    world.assistant("ant", "temperature: 0.7\n")
    world.apply()
    assert {key: value for key, value in world.live().items() if key != ours["id"]} == before
    ran = world.run("plan")
    assert "is a copy of" in ran.out + ran.err


def test_our_own_double_create_is_removed_the_older_stays(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    ours = world.only()
    metadata = {**ours["metadata"], "retinue.applied": ours["metadata"]["retinue.applied"].replace("1 ", "1 Z", 1)[:-1]}
    nonce = ours["metadata"]["retinue.applied"].split()[1]
    metadata["retinue.applied"] = ours["metadata"]["retinue.applied"].replace(nonce, "ZZZZZZZZ")
    world.emulator.assistants.seed(
        {**ours, "id": "asst_" + "D" * 24, "created_at": ours["created_at"] + 100, "metadata": metadata}
    )
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    assert list(world.live()) == [ours["id"]]


def test_ignored_changes_stay_as_they_are_outside(world: World) -> None:
    world.project()
    world.assistant(
        "ant", "temperature: 0.2\nmetadata: {team: x}\nretinue: {ignore_changes: [/temperature, /metadata/seen]}\n"
    )
    world.apply()
    raw = world.only()
    world.emulator.assistants.seed({**raw, "temperature": 0.8, "metadata": {**raw["metadata"], "seen": "yes"}})
    world.settled()
    world.assistant(
        "ant", "temperature: 0.2\nmetadata: {team: y}\nretinue: {ignore_changes: [/temperature, /metadata/seen]}\n"
    )
    world.apply()
    live = world.only()
    assert (live["temperature"], live["metadata"]["seen"], live["metadata"]["team"]) == (0.8, "yes", "y")


def test_a_plan_reads_pages_of_hundred_and_never_an_object(world: World) -> None:
    world.project()
    for number in range(150):
        world.assistant(f"a{number:03}")
    world.apply()
    world.emulator.requests.clear()
    assert world.run("plan").code == 0
    assert [(request.method, request.path) for request in world.emulator.requests] == [("GET", "/v1/assistants")] * 2


def test_one_change_costs_one_write_and_at_most_two_extra_reads(world: World) -> None:
    world.project()
    for number in range(5):
        world.assistant(f"a{number}")
    world.apply()
    world.assistant("a3", "temperature: 0.3\n")
    world.emulator.requests.clear()
    assert world.run("apply", "--auto-approve").code == 0
    assert len(world.emulator.writes()) == 1
    assert len(world.emulator.requests) <= 1 + 1 + 2


def test_what_a_service_makes_of_a_default_is_remembered_through_other_changes(world: World) -> None:
    world.emulator.behaviour = Behaviour(alterations={"top_p": lambda value: 0.95})
    world.project()
    world.assistant("ant", "top_p: 1\n")
    world.apply()
    world.assistant("ant", "top_p: 1\ntemperature: 0.3\n")
    world.apply()


def test_a_partly_ignored_field_that_the_service_alters_is_no_eternal_diff(world: World) -> None:
    world.emulator.behaviour = Behaviour(
        alterations={"metadata": lambda value: {**value, "team": value.get("team", "").upper()}}
    )
    world.project()
    text = "metadata: {team: x}\nretinue: {ignore_changes: [/metadata/seen]}\n"
    world.assistant("ant", text)
    world.apply()
    raw = world.only()
    world.emulator.assistants.seed({**raw, "metadata": {**raw["metadata"], "seen": "once"}})
    world.settled()
    world.assistant("ant", text + "temperature: 0.4\n")
    world.apply()
    assert world.only()["metadata"]["seen"] == "once"


def test_drift_of_a_partly_ignored_field_is_called_drift(world: World) -> None:
    world.project()
    world.assistant("ant", "metadata: {team: x}\nretinue: {ignore_changes: [/metadata/seen]}\n")
    world.apply()
    raw = world.only()
    world.emulator.assistants.seed({**raw, "metadata": {**raw["metadata"], "seen": "once", "team": "y"}})
    plan = json.loads(world.run("plan", "--format", "json").out)
    assert plan["changes"][0]["fields"][0]["cause"] == "drift"


def test_a_twin_that_another_manifest_adopts_blocks_nothing(world: World) -> None:
    world.project()
    old = "asst_" + "A" * 24
    world.emulator.assistants.seed({"id": old, "created_at": 5, "name": "Greeter", "model": "gpt-4o"})
    world.assistant("greeter", f"name: Greeter\nretinue: {{adopt: {old}}}\n")
    world.assistant("second", "name: Greeter\n")
    world.apply()
    assert len(world.live()) == 2
