"""Rows after Save was pressed on their page: what nobody changed does not differ, and no edit is undone unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import FlowiseWorld

OPENAI = "{type: OPENAI, credential: main}"
CUSTOM = "{credential: main}"
TEXT = "description: Greets.\ninstructions: Say hello.\ntemperature: 0.7\nmetadata: {owner: cx}\n"


def greeter(world: FlowiseWorld, block: str = OPENAI, text: str = TEXT, environment: str = "") -> None:
    world.project(environment=environment)
    world.credential()
    world.flowise("greeter", block, text)
    world.apply()


def planned(world: FlowiseWorld) -> list[tuple[str, list[tuple[str, str]]]]:
    """Action, and path and cause of each field, of every step."""
    plan = json.loads(world.run("plan", "--format", "json").out)
    return [(item["action"], [(f["path"], f["cause"]) for f in item["fields"]]) for item in plan["changes"]]


TEXTS = {
    "all stated": TEXT,
    "nothing stated": "",
    "nothing but a prompt": "instructions: Say hello.\n",
    "both numbers": "temperature: 0.7\ntop_p: 0.5\n",
    "the defaults stated": "temperature: 1\ntop_p: 1\n",
    "tools": "tools: [{type: file_search}, {type: code_interpreter}]\n",
    "files": "tools: [{type: code_interpreter}]\ntool_resources: {code_interpreter: {file_ids: [file-1]}}\n",
}


# The page of a CUSTOM row without a prompt saves one of its own.
SAVED = [*((OPENAI, text) for text in TEXTS), (CUSTOM, "all stated"), (CUSTOM, "nothing but a prompt")]


@pytest.mark.parametrize(("block", "text"), SAVED)
def test_a_save_without_an_edit_changes_nothing(world: FlowiseWorld, block: str, text: str) -> None:
    greeter(world, block, TEXTS[text])
    world.save_page("Greeter")
    assert "metadata" not in world.rows()["Greeter"]["parsed"] or block == CUSTOM
    world.settled()
    assert world.run("drift", "--detailed-exitcode").code == 0
    # The next change writes the marker where it was; the one after that finds it there.
    world.flowise("greeter", block, TEXTS[text] + "# no change\n", model="gpt-4o-mini")
    world.apply()
    assert world.rows()["Greeter"]["parsed"]["metadata"]["retinue.address"] == "demo/dev/Assistant/greeter"


@pytest.mark.parametrize("text", [text for text in TEXTS if "metadata" not in TEXTS[text]])
def test_where_the_marker_is_lost_and_nothing_differs_only_the_marker_is_written(
    world: FlowiseWorld, text: str
) -> None:
    greeter(world, OPENAI, TEXTS[text], environment="    on_drift: deny\n")
    held = world.rows()["Greeter"]["parsed"]["tool_resources"]
    held["code_interpreter"].pop("retinue")
    world.save_page("Greeter", tool_resources=held)
    assert planned(world) == [("adopt", [])]
    assert "its marker was removed outside" in world.run("drift").out
    world.apply()


@pytest.mark.parametrize("text", TEXTS)
def test_a_marker_that_was_lost_once_survives_the_next_save(world: FlowiseWorld, text: str) -> None:
    greeter(world, OPENAI, TEXTS[text])
    world.save_page("Greeter", sync=True)
    assert [action for action, _ in planned(world)] == ["adopt"]
    world.apply()
    world.save_page("Greeter")
    world.settled()


@pytest.mark.parametrize("text", ["", TEXTS["tools"]])
def test_putting_the_marker_back_takes_nothing_away_behind_the_row(world: FlowiseWorld, text: str) -> None:
    """What the row leaves open stays as OpenAI has it."""
    greeter(world, text=f"{text}retinue: {{ignore_changes: [/tool_resources]}}\n")
    (key,) = world.live()
    held = {"file_search": {"vector_store_ids": ["vs_1"]}, "code_interpreter": {"file_ids": ["file-1"]}}
    world.emulator.assistants.seed({**world.live()[key], "tool_resources": held})
    world.edit("Greeter", tool_resources={}, metadata=None)
    assert [action for action, _ in planned(world)] == ["adopt"]
    world.apply()
    assert world.live()[key]["tool_resources"] == held
    world.save_page("Greeter")
    world.settled()


@pytest.mark.parametrize("block", [OPENAI, CUSTOM])
def test_an_edit_on_the_page_is_drift_that_deny_keeps(world: FlowiseWorld, block: str) -> None:
    greeter(world, block, environment="    on_drift: deny\n")
    edits: dict[str, Any] = {"instructions": "Say bye."} if block == OPENAI else {"instruction": "Say bye."}
    world.save_page("Greeter", **edits)
    assert planned(world) == [("update", [("/instructions", "drift")])]
    assert "instructions" in world.run("drift").out
    assert world.run("apply", "--auto-approve").code == 5
    assert world.run("import", "--update").code == 0
    assert "Say bye." in (world.root / "assistants/greeter.yaml").read_text()
    world.accepted()


def test_an_edit_of_a_row_without_any_marker_may_come_from_either_side(world: FlowiseWorld) -> None:
    greeter(world, environment="    on_drift: deny\n")
    world.save_page("Greeter", sync=True, instructions="Say bye.")
    assert planned(world) == [("adopt", [("/instructions", "both"), ("/metadata", "both")])]
    (item,) = json.loads(world.run("drift", "--format", "json").out)["drift"]
    assert (item["what"], [(f["path"], f["cause"]) for f in item["fields"]]) == (
        "marker-lost",
        [("/instructions", "both"), ("/metadata", "both")],
    )
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "--take-live Assistant/greeter" in ran.out
    ran = world.run("import", "--update")
    assert "not written: Assistant/greeter: instructions" in ran.out
    assert "Say bye." not in (world.root / "assistants/greeter.yaml").read_text().splitlines()
    assert world.run("import", "--update", "--take-live", "Assistant/greeter").code == 0
    assert "Say bye." in (world.root / "assistants/greeter.yaml").read_text()
    assert world.run("apply", "--auto-approve").code == 0
    world.settled()


def test_the_edit_can_be_undone_by_its_flag(world: FlowiseWorld) -> None:
    greeter(world, environment="    on_drift: deny\n")
    world.save_page("Greeter", sync=True, instructions="Say bye.")
    assert world.run("apply", "--auto-approve", "--allow", "drift:Assistant/greeter").code == 0
    assert world.rows()["Greeter"]["parsed"]["instructions"] == "Say hello."
    world.settled()


def test_the_adopt_line_of_an_imported_row_undoes_no_edit_either(world: FlowiseWorld) -> None:
    greeter(world, environment="    on_drift: deny\n")
    key = world.rows()["Greeter"]["id"]
    world.flowise("greeter", OPENAI, f"{TEXT}retinue: {{adopt: {{dev: {key}}}}}\n")
    world.save_page("Greeter", sync=True, instructions="Say bye.")
    assert ("/instructions", "both") in planned(world)[0][1]
    assert world.run("apply", "--auto-approve").code == 5
    assert "instructions" in world.run("drift").out


@pytest.mark.parametrize("typed", ["0.7", " 0.70 ", ".7", "7e-1", 0.7])
def test_a_number_as_text_is_that_number(world: FlowiseWorld, typed: Any) -> None:
    greeter(world)
    world.edit("Greeter", temperature=typed)
    world.settled()


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("field", ["temperature", "top_p"])
def test_an_empty_number_is_left_to_the_upstream(world: FlowiseWorld, field: str, empty: Any) -> None:
    greeter(world, text="")
    row = world.rows()["Greeter"]
    details = {**row["parsed"], field: empty}
    world.emulator.seed({**row, "object": "flowise.assistant", "details": json.dumps(details)})
    world.settled()


@pytest.mark.parametrize(("field", "value"), [("temperature", "0.8"), ("temperature", "warm"), ("top_p", "0.2")])
def test_a_real_difference_is_not_hidden(world: FlowiseWorld, field: str, value: str) -> None:
    greeter(world)
    world.edit("Greeter", **{field: value})
    assert (f"/{field}", "drift") in planned(world)[0][1]
    world.apply()
    assert world.rows()["Greeter"]["parsed"].get(field) in (0.7, 1)


def test_a_zero_that_the_page_makes_null_is_a_difference(world: FlowiseWorld) -> None:
    """Its save takes 0 for empty, so that the upstream goes back to 1."""
    greeter(world, text="temperature: 0\n")
    world.save_page("Greeter")
    assert planned(world) == [("update", [("/temperature", "drift")])]
    world.apply()
    (held,) = world.live().values()
    assert held["temperature"] == 0


def test_files_that_somebody_took_away_on_the_page_come_back(world: FlowiseWorld) -> None:
    greeter(world, text=TEXTS["files"])
    held = world.rows()["Greeter"]["parsed"]["tool_resources"]
    world.save_page(
        "Greeter", tool_resources={**held, "code_interpreter": {**held["code_interpreter"], "file_ids": []}}
    )
    assert planned(world) == [("update", [("/tool_resources", "drift")])]
    world.apply()


def test_an_upstream_that_differs_from_an_empty_row_is_mended_for_good(world: FlowiseWorld) -> None:
    greeter(world, text="")
    world.save_page("Greeter", sync=True)
    (key,) = world.live()
    stores = {"file_search": {"vector_store_ids": ["vs_1"]}}
    world.emulator.assistants.seed({**world.live()[key], "tool_resources": stores})
    assert ("/tool_resources", "both") in planned(world)[0][1]
    world.apply()


def test_forgetting_takes_both_places_of_the_marker(world: FlowiseWorld) -> None:
    greeter(world)
    world.remove("assistants/greeter.yaml")
    world.project("removed: [{address: Assistant/greeter, forget: true}]\n")
    assert world.run("apply", "--auto-approve").code == 0
    assert "retinue." not in json.dumps(world.rows()["Greeter"]["parsed"])


def test_a_row_without_its_marker_proves_nothing_to_the_next_environment(world: FlowiseWorld) -> None:
    greeter(world)
    text = (world.root / "retinue.yaml").read_text()
    here = f"    provider: flowise\n    endpoint: {world.url}\n    api_key: {{env: DEMO_KEY}}\n"
    world.write("retinue.yaml", f"{text}  prod:\n{here}    promote_from: dev\n")
    world.save_page("Greeter", sync=True)
    ran = world.run("promote", "dev", "prod")
    assert "held" in ran.out, ran.out + ran.err
