"""Assistants that went back to an earlier version, or whose two copies of the context differ."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import BLOCK, LangGraphWorld

OLD, NEW = "instructions: Be kind.\n", "instructions: Be strict.\nmetadata: {owner: edu}\n"


def rolled_back(world: LangGraphWorld, environment: str = "", *, old: str = OLD, new: str = NEW) -> str:
    """Two versions, the first of them set live again on the server. Returns the id."""
    world.project(environment=environment)
    world.graph("tutor", old)
    world.apply()
    world.graph("tutor", new)
    world.apply()
    key = str(world.named("Tutor")["assistant_id"])
    world.fake.latest(key, {"version": 1})
    return key


def planned(world: LangGraphWorld) -> dict[str, str]:
    """Path and cause of each field of the one step."""
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    return {item["path"]: item["cause"] for item in change["fields"]}


def mirrored(world: LangGraphWorld) -> bool:
    raw = world.named("Tutor")
    return bool(raw["config"].get("configurable", {}) == raw["context"])


@pytest.mark.parametrize("whole", [False, True])
def test_what_runs_read_after_a_rollback_is_what_is_compared(world: LangGraphWorld, whole: bool) -> None:
    world.fake.sets_context_back = whole
    rolled_back(world)
    world.fake.sets_context_back = whole
    causes = planned(world)
    assert causes["/instructions"] == "both" and causes["/metadata"] == "both"
    assert ("/providers" in causes) is not whole
    ran = world.run("plan")
    assert "Be kind." in ran.out and "another version of it is live" in ran.out
    assert "instructions" in world.run("drift").out
    world.apply()
    assert world.named("Tutor")["context"]["system_prompt"] == "Be strict." and mirrored(world)


@pytest.mark.parametrize("whole", [False, True])
def test_deny_keeps_the_rollback_until_somebody_says_which_side_is_right(world: LangGraphWorld, whole: bool) -> None:
    world.fake.sets_context_back = whole
    rolled_back(world, "    on_drift: deny\n")
    before = world.named("Tutor")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "--allow drift:Assistant/tutor" in ran.out
    assert world.named("Tutor") == before
    assert "not written: Assistant/tutor: instructions" in world.run("import", "--update").out
    ran = world.run("import", "--update", "--take-live", "Assistant/tutor")
    assert ran.code == (0 if whole else 1), "of what differs between the two copies a manifest says nothing"
    assert ("not in anything a manifest states" in ran.out) is not whole
    assert "Be kind." in (world.root / "assistants/tutor.yaml").read_text()
    assert world.run("apply", "--auto-approve", "--allow", "drift:Assistant/tutor").code == 0
    world.settled()
    assert world.named("Tutor")["context"]["system_prompt"] == "Be kind." and mirrored(world)


def test_a_rollback_of_metadata_alone_is_seen_too(world: LangGraphWorld) -> None:
    rolled_back(world, "    on_drift: deny\n", new=f"{OLD}metadata: {{owner: edu}}\n")
    assert planned(world) == {"/metadata": "both"}
    assert world.run("apply", "--auto-approve").code == 5


def test_a_change_of_the_manifest_costs_one_look_at_the_versions(world: LangGraphWorld) -> None:
    world.project(environment="    on_drift: deny\n")
    world.graph("tutor", OLD)
    world.graph("other")
    world.apply()
    world.graph("tutor", NEW)
    world.asked()
    assert set(planned(world).values()) == {"manifest"}
    assert len([item for item in world.asked() if item.path.endswith("/versions")]) == 1
    world.apply()


@pytest.mark.parametrize("body", [{"config": {"recursion_limit": 9}}, {"config": {"tags": ["x"], "configurable": {}}}])
def test_a_config_without_its_copy_is_drift_and_mended(world: LangGraphWorld, body: dict[str, Any]) -> None:
    """Graphs that read `config.configurable` would get nothing."""
    world.project(environment="    on_drift: deny\n")
    world.graph("tutor", OLD)
    world.apply()
    world.edit("Tutor", **body)
    assert planned(world) == {"/providers": "drift"}
    assert "providers.langgraph.not_mirrored" in world.run("drift").out
    assert world.run("apply", "--auto-approve").code == 5
    assert world.run("apply", "--auto-approve", "--allow", "drift:Assistant/tutor").code == 0
    world.settled()
    raw = world.named("Tutor")
    assert mirrored(world) and {**raw["config"], "configurable": {}} == {"configurable": {}, **body["config"]}


def test_a_context_that_was_emptied_leaves_what_graphs_read_elsewhere(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", OLD)
    world.apply()
    world.edit("Tutor", context={})
    assert planned(world) == {"/providers": "drift"}
    world.apply()
    assert world.named("Tutor")["context"]["system_prompt"] == "Be kind." and mirrored(world)


def test_a_value_set_in_the_configurable_alone_is_drift(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", OLD)
    world.apply()
    world.edit("Tutor", config={"configurable": {"system_prompt": "Be rude.", "model": "gpt-4o"}})
    assert planned(world) == {"/instructions": "drift"}
    world.apply()


def test_the_last_value_of_a_context_goes_from_both_places(world: LangGraphWorld) -> None:
    world.project(environment="    variables: {}\n")
    world.graph("tutor", OLD, BLOCK.replace("agent", "agent\n    context: {tone: warm}"))
    world.apply()
    key = world.named("Tutor")["assistant_id"]
    world.fake.patch(key, {"context": {"model": "gpt-4o"}})
    world.apply()
    assert mirrored(world)


def test_import_reads_what_serves(world: LangGraphWorld) -> None:
    made = world.fake.create({"graph_id": "agent", "name": "Tutor", "context": {"model": "m", "system_prompt": "One."}})
    world.fake.patch(made["assistant_id"], {"context": {"model": "m", "system_prompt": "Two."}})
    world.fake.latest(made["assistant_id"], {"version": 1})
    old = world.fake.create(
        {"graph_id": "agent", "name": "Older", "config": {"configurable": {"model": "m", "system_prompt": "Old."}}}
    )
    world.fake.objects[old["assistant_id"]]["context"] = {}
    world.project()
    world.write("assistants/.keep", "")
    assert world.run("import", "-e", "dev").code == 0
    texts = {path.stem: path.read_text() for path in (world.root / "assistants").glob("*.yaml")}
    assert "instructions: One." in texts["tutor"] and "not_mirrored" not in texts["tutor"]
    assert "instructions: Old." in texts["older"]


def test_the_adopt_line_of_what_went_back_before_it_was_ours_undoes_nothing_unseen(world: LangGraphWorld) -> None:
    made = world.fake.create(
        {"graph_id": "agent", "name": "Tutor", "context": {"model": "gpt-4o", "system_prompt": "A"}}
    )
    world.project(environment="    on_drift: deny\n")
    world.graph("tutor", f"instructions: B\nretinue: {{adopt: {{dev: {made['assistant_id']}}}}}\n")
    world.apply()
    world.fake.latest(made["assistant_id"], {"version": 1})
    assert set(planned(world).values()) == {"both"}
    assert world.run("apply", "--auto-approve").code == 5


def test_a_server_that_keeps_no_mirror_is_no_eternal_diff(world: LangGraphWorld) -> None:
    """Nobody has seen one; what it does to a write is recorded once."""
    world.project()
    world.graph("tutor", OLD)
    original = world.fake._store

    def unmirrored(body: dict[str, object]) -> dict[str, object]:
        raw = original(body)
        raw["config"] = {}
        return raw

    world.fake._store = unmirrored  # type: ignore[method-assign]
    assert world.run("apply", "--auto-approve").code == 0
    world.settled()
