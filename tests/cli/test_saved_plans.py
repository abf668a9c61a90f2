"""A saved plan is applied exactly as reviewed, or refused before the first write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retinue.core import marker
from retinue.core.codec import plan_digest

from .conftest import World


@pytest.fixture
def planned(world: World) -> World:
    """Three live assistants and a saved plan: one update, one create, one delete."""
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name, "temperature: 0.2\n")
    world.apply()
    world.assistant("ant", "temperature: 0.3\nmetadata: {team: x}\n")
    world.assistant("elk")
    world.remove("assistants/dog.yaml")
    assert world.run("plan", "--out", "plan.json").code == 0
    return world


def by_name(world: World, name: str) -> dict[str, Any]:
    return next(
        item for item in world.live().values() if item["metadata"]["retinue.address"] == f"demo/dev/Assistant/{name}"
    )


def test_a_plan_that_is_trusted_needs_no_manifests(planned: World) -> None:
    for path in (planned.root / "assistants").iterdir():
        path.unlink()
    ran = planned.run("apply", "plan.json")
    assert (ran.code, planned.writes()) == (3, 4)
    assert "plan-without-manifests: a saved plan is checked against the manifests" in ran.err
    ran = planned.run("apply", "plan.json", "--trust-plan")
    assert ran.code == 0, ran.err
    assert by_name(planned, "ant")["temperature"] == 0.3
    assert len(planned.live()) == 4


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("ant", "temperature: 0.5\nmetadata: {team: x}\n", "Assistant/ant: /temperature is 0.3 in the plan and 0.5 in"),
        ("ant", "temperature: 0.3\n", 'Assistant/ant: /metadata is {"team":"x"} in the plan and unset in its manifest'),
        (
            "ant",
            "temperature: 0.3\nmetadata: {team: x}\nname: A\n",
            'Assistant/ant: /name is unset in the plan and "A"',
        ),
        (
            "ant",
            "temperature: 0.3\nmetadata: {team: x}\nretinue: {protect: true}\n",
            "Assistant/ant: /retinue/protect is unset in the plan and true in its manifest",
        ),
        (
            "ant",
            "temperature: 0.3\nmetadata: {team: x}\nretinue: {ignore_changes: [/temperature]}\n",
            "Assistant/ant: /temperature is 0.3 in the plan and unset in its manifest",
        ),
        ("elk", "name: Elk\n", 'Assistant/elk: /name is unset in the plan and "Elk" in its manifest'),
        ("dog", "temperature: 0.2\n", "Assistant/dog: the manifests no longer ask for its `delete`"),
        ("dog", "", "Assistant/dog: the manifests no longer ask for its `delete`, but for its `update`"),
    ],
)
def test_a_manifest_that_says_otherwise_by_now_is_stale_and_named(
    planned: World, file: str, text: str, said: str
) -> None:
    planned.assistant(file, text)
    writes = planned.writes()
    ran = planned.run("apply", "plan.json")
    assert (ran.code, planned.writes()) == (6, writes), ran.err
    assert said in ran.err
    assert planned.run("apply", "plan.json", "--trust-plan").code == 0


def test_a_manifest_that_is_gone_by_now_is_named(planned: World) -> None:
    for name, said in (("ant", ", but for its `delete`"), ("elk", "")):
        planned.remove(f"assistants/{name}.yaml")
        ran = planned.run("apply", "plan.json")
        assert f"Assistant/{name}: the manifests no longer ask for its" in ran.err
        assert (ran.code, said in ran.err) == (6, True)


def test_a_manifest_that_says_otherwise_of_what_is_done_already_is_stale_too(planned: World) -> None:
    assert planned.run("apply", "plan.json").code == 0
    planned.assistant("ant", "temperature: 0.4\nmetadata: {team: x}\n")
    ran = planned.run("apply", "plan.json")
    assert (ran.code, "its manifest now asks for another /temperature" in ran.err) == (6, True)
    planned.assistant("ant", "temperature: 0.3\nmetadata: {team: x}\n")
    planned.emulator.assistants.seed({**by_name(planned, "ant"), "name": "edited outside"})
    assert planned.run("apply", "plan.json").code == 0


def test_comments_and_the_layout_of_manifests_do_not_matter(planned: World) -> None:
    (planned.root / "assistants/ant.yaml").rename(planned.root / "assistants/moved.yaml")
    planned.write("assistants/elk.yaml", "# new here\nmodel: 'gpt-4o'\n\nassistant: elk\n")
    assert planned.run("apply", "plan.json").code == 0
    planned.settled()


def test_what_changed_in_parallel_is_left_to_its_own_plan(planned: World) -> None:
    planned.assistant("bee", "temperature: 0.9\n")
    planned.assistant("fox", "name: Fox\n")
    planned.remove("assistants/cow.yaml")
    assert planned.run("plan", "--out", "all.json").code == 0
    ran = planned.run("apply", "plan.json")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "Applied: 1 created, 1 updated, 1 deleted.")
    assert (by_name(planned, "bee")["temperature"], len(planned.live())) == (0.2, 4)


def test_a_plan_needs_no_flags_to_be_planned_again(world: World) -> None:
    world.project("variables: {warmth: {type: number}, model: {}, tag: {type: string}}\n")
    text = "model: ${var.model}\ntemperature: ${var.warmth}\nmetadata: {tag: '${var.tag}'}\nretinue: {labels: {t: x}}\n"
    world.write("assistants/ant.yaml", f"assistant: ant\n{text}")
    world.assistant("bee")
    world.write("vars.yaml", 'warmth: 0.5\ntag: "1"\n')
    flags = ("--var-file", "vars.yaml", "--var", "model=gpt-4o-mini", "--var", "warmth=0.7", "--select", "t=x")
    assert world.run("plan", *flags, "--out", "plan.json").code == 0
    made = json.loads((world.root / "plan.json").read_text())
    assert made["inputs"] == {
        "var": {"model": "gpt-4o-mini", "warmth": "0.7"},
        "var_file": {"tag": "1"},
        "select": ["t=x"],
    }
    (world.root / "vars.yaml").unlink()
    assert world.run("apply", "plan.json").code == 0
    assert (world.only()["model"], world.only()["temperature"]) == ("gpt-4o-mini", 0.7)
    assert world.only()["metadata"]["tag"] == "1"


def test_what_was_allowed_holds_for_the_rest_of_a_plan_that_was_broken_off(world: World) -> None:
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name, f"name: {name.title()}\n")
    world.apply()
    world.remove("assistants/ant.yaml")
    world.remove("assistants/bee.yaml")
    assert world.run("plan", "--allow", "brake=2", "--target", "Assistant/*").code == 0
    assert world.run("plan", "--allow", "brake=2", "--out", "plan.json").code == 0
    assert world.emulator.store.delete("assistant", str(by_name(world, "bee")["id"]))
    ran = world.run("apply", "plan.json")
    assert (ran.code, len(world.live())) == (0, 1), ran.err
    assert world.run("apply", "plan.json").code == 0


def test_what_is_blocked_by_now_is_blocked(planned: World) -> None:
    text = (planned.root / "retinue.yaml").read_text()
    planned.write("retinue.yaml", f"{text}    critical: true\n")
    writes = planned.writes()
    ran = planned.run("apply", "plan.json", "--format", "json")
    assert (ran.code, planned.writes()) == (5, writes)
    assert {item["address"]: item["error"] for item in json.loads(ran.out)["results"]} == {
        "Assistant/ant": "another change is blocked",
        "Assistant/dog": "dev is a critical environment",
        "Assistant/elk": "another change is blocked",
    }
    assert "Error: 1 of 3 changes is blocked" in planned.run("apply", "plan.json").err


def test_trust_is_about_a_saved_plan(planned: World) -> None:
    ran = planned.run("apply", "--trust-plan")
    assert (ran.code, "--trust-plan is about a saved plan" in ran.err) == (3, True)


def test_a_plan_for_an_object_that_lost_its_marker_since_is_stale(planned: World) -> None:
    planned.emulator.assistants.seed({**by_name(planned, "ant"), "metadata": {}})
    for flags in ((), ("--trust-plan",)):
        writes = planned.writes()
        ran = planned.run("apply", "plan.json", *flags)
        assert (ran.code, planned.writes()) == (6, writes)
        assert "Assistant/ant: " in ran.err


def test_planning_again_lists_once_and_reads_each_object_right_before_its_write(planned: World) -> None:
    planned.emulator.requests.clear()
    assert planned.run("apply", "plan.json", "--parallelism", "1").code == 0
    asked = [f"{item.method} {item.path}".replace("/v1/assistants", "") for item in planned.emulator.requests]
    ids = [by_name(planned, "ant")["id"]]
    assert asked[:2] == ["GET ", f"GET /{ids[0]}"]
    assert len(asked) == 7  # list; read and write ant; create elk and list; read and delete dog


def test_after_a_saved_plan_the_next_plan_is_empty(planned: World) -> None:
    assert planned.run("apply", "plan.json").code == 0
    planned.settled()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature", 0.7, "/temperature was as its manifest says when the plan was made and is 0.7 now"),
        ("top_p", 0.5, "in a field that the plan does not touch"),
    ],
)
def test_what_moved_since_a_plan_took_drift_is_named(world: World, name: str, value: float, said: str) -> None:
    world.project()
    world.assistant("ant", "temperature: 0.2\n")
    world.apply()
    world.emulator.assistants.seed({**by_name(world, "ant"), "temperature": 0.3})
    world.assistant("ant", "temperature: 0.3\n")
    assert world.run("plan", "--out", "plan.json").code == 0
    world.emulator.assistants.seed({**by_name(world, "ant"), name: value})
    writes = len(world.emulator.writes())
    ran = world.run("apply", "plan.json")
    assert ran.code == 6
    assert said in ran.err
    assert len(world.emulator.writes()) == writes


def test_the_same_plan_twice_is_success_without_a_write(planned: World) -> None:
    assert planned.run("apply", "plan.json").code == 0
    writes = len(planned.emulator.writes())
    assert planned.run("apply", "plan.json").code == 0
    assert len(planned.emulator.writes()) == writes


def test_what_somebody_else_put_in_place_is_noted_and_over(planned: World) -> None:
    planned.emulator.assistants.seed(
        {**(ant := by_name(planned, "ant")), "temperature": 0.3, "metadata": {**ant["metadata"], "team": "x"}}
    )
    assert planned.run("apply", "plan.json").code == 0
    planned.settled()
    writes = len(planned.emulator.writes())
    assert planned.run("apply", "plan.json").out.splitlines()[-1] == "Already applied: 3 in place."
    assert len(planned.emulator.writes()) == writes


def test_a_moved_object_stops_the_plan_before_the_first_write_naming_object_and_field(planned: World) -> None:
    planned.emulator.assistants.seed({**by_name(planned, "ant"), "temperature": 0.9})
    writes = len(planned.emulator.writes())
    ran = planned.run("apply", "plan.json")
    assert ran.code == 6
    assert "Assistant/ant: /temperature was 0.2 when the plan was made and is 0.9 now" in ran.err
    assert len(planned.emulator.writes()) == writes


def test_a_moved_object_that_shall_be_deleted_stops_the_plan(planned: World) -> None:
    planned.emulator.assistants.seed({**by_name(planned, "dog"), "name": "Precious"})
    assert planned.run("apply", "plan.json").code == 6


def test_an_unrelated_edit_does_not_stop_the_plan(planned: World) -> None:
    planned.emulator.assistants.seed({**by_name(planned, "bee"), "name": "edited outside"})
    assert planned.run("apply", "plan.json").code == 0


def test_an_object_created_meanwhile_under_the_address_stops_the_plan(planned: World) -> None:
    raw = by_name(planned, "bee")
    metadata = {"retinue.address": "demo/dev/Assistant/elk", "retinue.applied": "1 abcdefgh"}
    planned.emulator.assistants.seed({**raw, "id": "asst_" + "E" * 24, "metadata": metadata})
    ran = planned.run("apply", "plan.json")
    assert ran.code == 6
    assert "Assistant/elk" in ran.err


def test_a_plan_that_no_retinue_made_is_refused_with_all_that_is_wrong(planned: World) -> None:
    value = json.loads((planned.root / "plan.json").read_text())
    first, second, third = value["changes"]
    first["address"], second["action"] = "Robot/ant", "no-op"
    second["fields"][0]["path"], third["remote_id"] = "/colour", None
    planned.write("plan.json", json.dumps({**value, "digest": plan_digest(value)}))
    writes = len(planned.emulator.writes())
    ran = planned.run("apply", "plan.json")
    assert (ran.code, len(planned.emulator.writes())) == (3, writes)
    assert "Robot/ant: there is no kind `Robot`" in ran.err
    assert "Assistant/elk: this version of retinue cannot carry out `no-op`" in ran.err
    assert "Assistant/elk: there is no field `/colour`" in ran.err
    assert "Assistant/dog: its `delete` names no live object" in ran.err


def test_an_edited_plan_is_refused(planned: World) -> None:
    text = (planned.root / "plan.json").read_text()
    planned.write("plan.json", text.replace("0.3", "1.9"))
    ran = planned.run("apply", "plan.json")
    assert ran.code == 3
    assert "digest" in ran.err


def test_a_plan_of_another_project_is_refused(planned: World) -> None:
    text = (planned.root / "retinue.yaml").read_text()
    planned.write("retinue.yaml", text.replace("project: demo", "project: other"))
    ran = planned.run("apply", "plan.json")
    assert ran.code == 3
    assert "for the project `demo`" in ran.err


def test_a_saved_plan_cannot_be_narrowed_or_allowed_more(planned: World) -> None:
    assert planned.run("apply", "plan.json", "--target", "Assistant/ant").code == 3
    assert planned.run("apply", "plan.json", "--allow", "brake=1").code == 3


def test_show_prints_the_saved_plan_without_a_project(planned: World, tmp_path: Path) -> None:
    plan = (planned.root / "plan.json").read_text()
    (tmp_path / "elsewhere.json").write_text(plan)
    planned.monkeypatch.chdir(tmp_path)
    ran = planned.run("show", "elsewhere.json")
    assert ran.code == 0
    assert "Plan: 1 to create, 1 to update, 0 to replace, 1 to delete." in ran.out
    assert json.loads(planned.run("show", "elsewhere.json", "--format", "json").out) == json.loads(plan)


def test_protection_that_was_set_since_stops_the_plan(planned: World) -> None:
    ant = by_name(planned, "ant")
    metadata = ant["metadata"]
    assert isinstance(metadata, dict)
    applied = marker.parse_applied(metadata["retinue.applied"])
    assert applied is not None
    metadata["retinue.applied"] = str(replace(applied, protected=True))
    planned.emulator.assistants.seed(ant)
    writes = len(planned.emulator.writes())
    ran = planned.run("apply", "plan.json")
    assert (ran.code, len(planned.emulator.writes())) == (6, writes)
    assert "is now protected" in ran.err


def test_a_saved_plan_that_is_in_place_says_so_and_counts_no_write(planned: World) -> None:
    assert planned.run("apply", "plan.json").code == 0
    assert planned.run("apply", "plan.json").out.splitlines()[-1] == "Already applied: 3 in place."


@pytest.mark.parametrize(
    "flags",
    [
        ("--var-file", "vars.yaml"),
        (
            "--allow",
            "incomplete",
        ),
    ],
)
def test_a_saved_plan_takes_no_flag_that_shapes_a_plan(planned: World, flags: tuple[str, ...]) -> None:
    planned.write("vars.yaml", "{}\n")
    ran = planned.run("apply", "plan.json", *flags)
    assert ran.code == 3
    assert "a saved plan is applied as it is" in ran.err


def test_an_empty_digest_approves_nothing(planned: World) -> None:
    writes = len(planned.emulator.writes())
    assert planned.run("apply", "--expect-digest", "").code == 6
    assert len(planned.emulator.writes()) == writes


def test_the_approved_digest_goes_through_and_another_does_not(planned: World) -> None:
    digest = json.loads((planned.root / "plan.json").read_text())["digest"]
    assert planned.run("apply", "--expect-digest", "sha256:" + "0" * 64).code == 6
    assert planned.run("apply", "--expect-digest", digest).code == 0
    planned.settled()


def test_json_out_and_stdout_json_are_one_value(planned: World) -> None:
    shown = planned.run("plan", "--format", "json")
    assert json.loads(shown.out) == json.loads((planned.root / "plan.json").read_text())


def test_equal_inputs_give_equal_bytes_under_two_hash_seeds(planned: World) -> None:
    texts = []
    for seed in ("1", "2"):
        name = f"plan-{seed}.json"
        command = [sys.executable, "-m", "retinue", "plan", "--out", name]
        done = subprocess.run(
            command, cwd=planned.root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        texts.append((planned.root / name).read_bytes())
    assert texts[0] == texts[1] == (planned.root / "plan.json").read_bytes()


def test_a_plan_names_no_folder_no_time_and_no_key(planned: World) -> None:
    text = (planned.root / "plan.json").read_text()
    assert str(planned.root) not in text
    assert "sk-canary" not in text
    assert "created_at" not in text


def test_a_saved_plan_keeps_its_warnings(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    world.emulator.assistants.seed({**world.only(), "id": "asst_" + "D" * 24, "created_at": 9_999_999_999})
    world.assistant("ant", "temperature: 0.1\n")
    assert world.run("plan", "--out", "plan.json").code == 0
    assert "is a copy of" in world.run("show", "plan.json").out


def test_a_failed_plan_leaves_no_older_plan_behind(planned: World) -> None:
    planned.write("notes.txt", "mine")
    planned.assistant("ant", "temperature: warm\n")
    assert planned.run("plan", "--out", "plan.json").code == 3
    assert not (planned.root / "plan.json").exists()
    assert planned.run("plan", "--out", "notes.txt").code == 3
    assert (planned.root / "notes.txt").read_text() == "mine"


def test_the_hint_after_a_saved_plan_names_the_environment_where_there_are_several(planned: World) -> None:
    text = (planned.root / "retinue.yaml").read_text()
    planned.write("retinue.yaml", text + "  prod:\n    provider: openai-assistants\n    endpoint: emulator\n")
    assert "`retinue output -e dev`" in planned.run("apply", "plan.json").err


def test_a_stale_plan_says_so_in_json(planned: World) -> None:
    planned.emulator.assistants.seed({**by_name(planned, "ant"), "temperature": 0.9})
    ran = planned.run("apply", "plan.json", "--format", "json")
    result = json.loads(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (6, 6, "stale")
    assert result["diagnostics"][0]["code"] == "stale"


def test_no_file_ever_holds_colours(planned: World) -> None:
    planned.monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in planned.run("plan", "--format", "text", "--out", "plan.txt").out
    assert "\x1b" not in (planned.root / "plan.txt").read_text()
    with (planned.root / "redirected.txt").open("w") as file:
        subprocess.run([sys.executable, "-m", "retinue", "plan"], cwd=planned.root, stdout=file, check=True)
    assert (planned.root / "redirected.txt").read_text() == (planned.root / "plan.txt").read_text()


def test_only_what_can_be_applied_is_offered_for_that(planned: World) -> None:
    assert "Apply exactly this with: retinue apply 'a plan.json'" in planned.run("plan", "--out", "a plan.json").err
    assert planned.run("plan", "--format", "text", "--out", "plan.txt").err == "Wrote plan.txt.\n"
    planned.remove("assistants/ant.yaml")
    planned.remove("assistants/bee.yaml")
    assert planned.run("plan", "--out", "plan.json").err == "Wrote plan.json.\n"
