"""Which version serves: what a write does to the pointer, and what is drift of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import FoundryWorld

FAQ = {"type": "mcp", "server_label": "faq", "server_url": "https://x.example"}
KIND, STRICT = "instructions: Be kind.\n", "instructions: Be strict.\n"


def tutor(world: FoundryWorld, *texts: str, environment: str = "") -> None:
    """An agent with a version for each text."""
    world.project(environment=environment)
    for text in texts:
        world.assistant("tutor", text)
        world.apply()
    world.sent()


def test_a_first_apply_makes_version_1_and_sets_no_pointer(world: FoundryWorld) -> None:
    tutor(world, KIND)
    assert [raw["version"] for raw in world.versions("tutor")] == ["1"]
    assert world.pinned("tutor") == {"@latest": 100}
    assert world.says("tutor") == "Be kind."


def test_an_update_pins_what_serves_writes_and_then_moves_the_pointer(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.assistant("tutor", STRICT)
    assert world.planned()["serving"] == {"now": "1", "then": "2"}
    shown = world.run("plan").out
    assert "serves           version 1 → version 2" in shown
    assert "pinned from now on" in shown and "may get the newest" in shown
    world.apply()
    assert world.sent() == ["PATCH /agents/tutor", "POST /agents/tutor/versions", "PATCH /agents/tutor"]
    assert world.pinned("tutor") == {"2": 100} and world.says("tutor") == "Be strict."
    world.assistant("tutor", "instructions: Be brief.\n")
    assert "pinned from now on" not in world.run("plan").out
    world.apply()
    assert world.sent() == ["POST /agents/tutor/versions", "PATCH /agents/tutor"]


def test_a_revert_moves_the_pointer_back_and_writes_nothing(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", KIND)
    assert world.planned()["serving"] == {"now": "2", "then": "1"}
    world.apply()
    assert world.sent() == ["PATCH /agents/tutor"]
    assert world.pinned("tutor") == {"1": 100} and len(world.versions("tutor")) == 2
    world.assistant("tutor", STRICT)
    world.apply()
    assert world.sent() == ["PATCH /agents/tutor"] and world.says("tutor") == "Be strict."


def test_a_revert_to_what_was_verified_is_verified_still(world: FoundryWorld) -> None:
    tutor(world, KIND)
    assert world.run("verify", "--", "true").code == 0
    world.settled()
    world.assistant("tutor", STRICT)
    world.apply()
    assert world.run("verify", "--", "true").code == 0
    world.settled()
    assert len(world.versions("tutor")) == 4
    world.sent()
    world.assistant("tutor", KIND)
    assert world.planned()["serving"] == {"now": "4", "then": "2"}
    world.apply()
    assert world.sent() == ["PATCH /agents/tutor"] and world.pinned("tutor") == {"2": 100}


@pytest.mark.parametrize("shares", [{"v1": 100}, {"v1": 90, "v2": 10}, {"v1": 50, "v2": 50}, {"v1": 10, "v2": 90}])
def test_a_pointer_that_was_moved_is_drift_whose_sides_are_not_on_record(
    world: FoundryWorld, shares: dict[str, int]
) -> None:
    tutor(world, KIND, STRICT)
    world.pin("tutor", **shares)
    step = world.planned()
    assert {item["cause"] for item in step["fields"]} == {"both"}
    assert ("/providers" in {item["path"] for item in step["fields"]}) is (len(shares) > 1)
    assert step["serving"]["then"] == "2"
    assert world.run("drift", "--detailed-exitcode").code == 2
    assert world.run("verify", "--", "true").code == 6
    world.sent()
    world.apply()
    assert world.sent() == ["PATCH /agents/tutor"] and world.pinned("tutor") == {"2": 100}


def test_deny_keeps_a_moved_pointer_until_somebody_says_otherwise(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT, environment="    on_drift: deny\n")
    world.pin("tutor", v1=90, v2=10)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "--allow drift:Assistant/tutor" in ran.out
    assert world.pinned("tutor") == {"1": 90, "2": 10} and world.sent()[1:] == []
    assert world.run("apply", "--auto-approve", "--allow", "drift:Assistant/tutor").code == 0
    world.settled()
    assert world.pinned("tutor") == {"2": 100}


def test_a_canary_can_be_left_to_others(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", f"{STRICT}retinue: {{ignore_changes: [/providers/foundry/serving]}}\n")
    world.pin("tutor", v1=10, v2=90)
    world.settled()


@pytest.mark.parametrize("shares", [{"v1": 10, "v2": 90}, {"v2": 60, "v1": 40}, {"v1": 5, "v2": 90, "v3": 5}])
def test_a_note_takes_the_share_of_what_serves_and_leaves_a_canary(world: FoundryWorld, shares: dict[str, int]) -> None:
    ignored = "retinue: {ignore_changes: [/providers/foundry/serving]}\n"
    tutor(world, KIND, STRICT + ignored)
    if "v3" in shares:
        world.publish("tutor", instructions="Tried in the portal.")
    world.pin("tutor", **shares)
    assert world.run("verify", "--", "true").code == 0
    kept = {version[1:]: share for version, share in shares.items() if version != "v2"}
    assert world.pinned("tutor") == {**kept, str(len(world.versions("tutor"))): shares["v2"]}
    assert world.versions("tutor")[-1]["definition"]["instructions"] == "Be strict."
    world.settled()


WARM = "temperature: 0.4\n"


@pytest.mark.parametrize("edited", [None, "unmarked", "marked"])
def test_after_a_revert_the_cause_is_told_where_each_version_says_the_same(
    world: FoundryWorld, edited: str | None
) -> None:
    tutor(world, KIND + WARM, STRICT + WARM, KIND + WARM, environment="    on_drift: deny\n")
    assert world.pinned("tutor") == {"1": 100}
    if edited:
        world.publish("tutor", marked=edited == "marked", instructions="Tried in the portal.")
        world.settled()
    world.assistant("tutor", KIND + "temperature: 0.6\n")
    step = world.planned()
    assert [(item["path"], item["cause"]) for item in step["fields"]] == [("/temperature", "manifest")]
    assert "not on record" not in world.run("plan").out
    world.apply()
    assert world.says("tutor") == "Be kind."


def test_after_a_revert_what_the_versions_differ_in_may_have_been_moved_by_either_side(world: FoundryWorld) -> None:
    tutor(world, KIND + WARM, STRICT + WARM, KIND + WARM)
    world.assistant("tutor", "instructions: Be brief.\ntemperature: 0.6\n")
    causes = {item["path"]: item["cause"] for item in world.planned()["fields"]}
    assert causes == {"/instructions": "both", "/temperature": "manifest"}


def test_an_edit_that_serves_after_a_revert_is_told_by_the_version_it_was_made_from(world: FoundryWorld) -> None:
    tutor(world, KIND + WARM, STRICT + WARM, KIND + WARM)
    reverted = world.versions("tutor")[0]
    definition = {**reverted["definition"], "instructions": "Be rude."}
    world.call("POST", "agents/tutor/versions", {"definition": definition, "metadata": reverted["metadata"]})
    world.pin("tutor", v3=100)
    assert [(item["path"], item["cause"]) for item in world.planned()["fields"]] == [("/instructions", "drift")]
    world.apply()
    assert world.says("tutor") == "Be kind."


def test_a_pointer_that_was_moved_past_what_was_applied_last_stays_of_unknown_cause(world: FoundryWorld) -> None:
    """The first and the newest version say the same of it, one between does not: that may be the last one applied."""
    brief = "instructions: Be brief.\n"
    tutor(world, KIND + WARM, KIND + "temperature: 0.6\n", brief + WARM, KIND + "temperature: 0.6\n")
    assert world.pinned("tutor") == {"2": 100}
    world.pin("tutor", v1=100)
    assert [(item["path"], item["cause"]) for item in world.planned()["fields"]] == [("/temperature", "both")]


def test_a_pin_of_a_version_that_is_gone_is_set_right(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.pin("tutor", v1=100)
    world.call("DELETE", "agents/tutor/versions/1")
    step = world.planned()
    assert [(item["path"], item["cause"]) for item in step["fields"]] == [("/providers", "both")]
    world.apply()
    assert world.pinned("tutor") == {"2": 100}


def test_an_edit_in_the_portal_that_serves_is_drift(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.publish("tutor", marked=True, instructions="Be rude.")
    (field,) = world.planned()["fields"]
    assert (field["path"], field["cause"]) == ("/instructions", "drift")
    world.apply()
    assert world.says("tutor") == "Be kind."


def test_a_version_without_our_marker_is_an_edit_of_unknown_history(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.publish("tutor", instructions="Be rude.")
    step = world.planned()
    assert step["action"] == "update" and step["remote_id"] == "tutor"
    assert {item["cause"] for item in step["fields"]} == {"both"}
    world.apply()
    assert world.says("tutor") == "Be kind." and world.pinned("tutor").keys() != {"@latest"}


def test_a_later_version_that_does_not_serve_changes_nothing(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.publish("tutor", instructions="Be rude.")
    world.settled()
    assert world.says("tutor") == "Be strict."
    world.assistant("tutor", "instructions: Be brief.\n")
    assert world.planned()["serving"] == {"now": "2", "then": "4"}
    world.apply()
    assert world.pinned("tutor") == {"4": 100} and world.says("tutor") == "Be brief."


def test_members_that_no_manifest_can_say_are_carried_over_and_told(world: FoundryWorld) -> None:
    tutor(world, KIND)
    (first,) = world.versions("tutor")
    tools = [{"type": "toolbox", "id": "t"}]
    definition = {**first["definition"], "x_new": {"a": 1}, "tools": tools}
    world.emulator.seed({**first, "object": "foundry.agent", "definition": definition})
    world.settled()
    world.assistant("tutor", STRICT)
    assert "carried over as it is, because a manifest cannot express it: x_new, toolbox" in world.run("plan").out
    world.apply()
    definition = world.agent("tutor")["versions"]["latest"]["definition"]
    assert definition["x_new"] == {"a": 1} and definition["tools"] == tools


@pytest.mark.parametrize(
    ("definition", "named"),
    [
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"reasoning": {"budget": 7}}, "reasoning.budget"),
        ({"tools": [{**FAQ, "novel": 1}]}, "mcp.faq.novel"),
    ],
)
def test_a_revert_keeps_what_stands_within_members_that_a_manifest_can_say(
    world: FoundryWorld, definition: dict[str, Any], named: str
) -> None:
    tools = f"tools: [{json.dumps(FAQ)}]\n"
    tutor(world, KIND + tools, STRICT + tools)
    assert world.publish("tutor", marked=True, **definition) == "3"
    world.pin("tutor", v3=100)
    world.settled()
    world.assistant("tutor", KIND + tools)
    assert f"carried over as it is, because a manifest cannot express it: {named}" in world.run("plan").out
    world.assistant("tutor", KIND)
    assert ("carried over" in world.run("plan").out) is (named != "mcp.faq.novel"), "it goes with its tool"
    world.assistant("tutor", KIND + tools)
    world.apply()
    ((name, held),) = definition.items()
    now = world.versions("tutor")[-1]["definition"]
    assert now["instructions"] == "Be kind."
    assert now[name][0].items() >= held[0].items() if name == "tools" else now[name] == held


def test_notes_are_versions_and_the_pointer_follows(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.assistant("tutor", f"{KIND}retinue: {{protect: true}}\n")
    assert world.planned()["serving"] == {"now": "1", "then": "2"}
    world.apply()
    assert world.pinned("tutor") == {"2": 100}
    first, second = world.versions("tutor")
    assert first["definition"] == second["definition"] and first["metadata"] != second["metadata"]


def test_what_is_forgotten_has_a_tombstone_and_is_nobodys(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.remove("assistants/tutor.yaml")
    world.project(extra="removed: [{address: Assistant/tutor, forget: true}]\n")
    world.assistant("other")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 0, ran.out + ran.err
    newest = world.agent("tutor")["versions"]["latest"]
    assert newest["metadata"] == {"retinue.address": "forgotten"} and world.says("tutor") == "Be strict."
    assert json.loads(world.run("output").out).keys() == {"Assistant/other"}
