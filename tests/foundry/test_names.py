"""How agents are called, and that nobody else's is ever written into."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour

from .conftest import FoundryWorld

PROD = '    agent_name: "{name}-prod"\n'


def test_two_environments_of_one_project_do_not_collide(world: FoundryWorld) -> None:
    world.project(environment='    agent_name: "dev-{name}"\n', others=PROD)
    world.assistant("tutor", "instructions: Be kind.\n")
    for name in ("dev", "prod"):
        world.run("apply", "--auto-approve", "-e", name)
        assert world.run("plan", "--detailed-exitcode", "-e", name).code == 0
    assert set(world.live()) == {"dev-tutor", "tutor-prod"}
    assert json.loads(world.run("output", "-e", "prod").out) == {"Assistant/tutor": "tutor-prod"}
    assert world.run("diff", "dev", "prod", "--live", "--detailed-exitcode").code == 0


def test_the_name_of_another_environments_agent_blocks(world: FoundryWorld) -> None:
    world.project(others="    variables: {}\n")
    world.assistant("tutor", "instructions: Be kind.\n")
    assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
    before = world.versions("tutor")
    ran = world.run("apply", "--auto-approve", "-e", "prod")
    assert ran.code == 5 and "tutor is the name of the agent of demo/dev/Assistant/tutor" in ran.out
    assert 'agent_name: "{name}-prod"' in ran.out
    assert world.versions("tutor") == before
    world.project(others=PROD)
    assert world.run("apply", "--auto-approve", "-e", "prod").code == 0
    assert world.versions("tutor") == before and "tutor-prod" in world.live()


@pytest.mark.parametrize("kind", ["prompt", "hosted", "workflow"])
@pytest.mark.parametrize("listed", ["whole", "lacking"])
def test_a_strangers_agent_of_that_name_is_never_written_into(world: FoundryWorld, kind: str, listed: str) -> None:
    world.emulator.seed(
        {
            "object": "foundry.agent",
            "name": "tutor",
            "definition": {"kind": kind, "model": "m", "instructions": "Mine."},
        }
    )
    world.emulator.behaviour = Behaviour(foundry_list=listed)
    world.project()
    world.assistant("tutor", "name: Tutor\ninstructions: Be kind.\n")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "tutor is the name of an agent" in ran.out, ran.out + ran.err
    assert ("retinue: {adopt: {dev: tutor}}" in ran.out) is (kind == "prompt")
    assert ("1 agent of another kind is left alone" in ran.out) is (kind != "prompt" and listed == "whole")
    assert len(world.versions("tutor")) == 1 and not world.sent()


def test_a_service_that_knows_no_case_has_the_strangers_agent_left_alone(world: FoundryWorld) -> None:
    inner = world.ahead.emulator

    def folding(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = re.sub("(?<=/agents/)[^/]+", lambda name: name[0].lower(), environ["PATH_INFO"])
        return inner(environ, start_response)

    world.ahead.emulator = folding
    theirs = {"definition": {"kind": "prompt", "model": "gpt-4o", "instructions": "Mine."}}
    world.call("POST", "agents/tutor/versions", theirs)
    world.project()
    world.assistant("tutor", "providers: {foundry: {name: Tutor}}\n")
    world.sent()
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "tutor is the name of an agent that is not managed" in ran.out
    assert world.sent() == []


def test_an_agent_is_adopted_by_its_name_and_keeps_it(world: FoundryWorld) -> None:
    world.emulator.seed(
        {"object": "foundry.agent", "name": "HR-Bot", "definition": {"kind": "prompt", "model": "gpt-4o"}}
    )
    world.project()
    world.assistant("hr", "retinue: {adopt: {dev: HR-Bot}}\n")
    assert world.planned()["action"] == "adopt"
    world.apply()
    assert set(world.live()) == {"HR-Bot"} and world.pinned("HR-Bot") == {"2": 100}


def test_a_name_is_fixed_when_the_agent_is_created(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "providers: {foundry: {name: Maths-1}}\n")
    world.apply()
    assert set(world.live()) == {"Maths-1"}
    world.assistant("tutor", "providers: {foundry: {name: Maths-2}}\n")
    ran = world.run("plan")
    assert ran.code == 3 and "assistants/tutor.yaml:3" in ran.err
    assert "the agent of Assistant/tutor is called Maths-1, and a name is fixed when an agent is created" in ran.err
    world.assistant("tutor")
    world.settled()
    world.project(environment='    agent_name: "{name}-dev"\n')
    world.settled()
    (world.root / "assistants/tutor.yaml").unlink()
    world.assistant("coach", "retinue: {moved_from: tutor}\n")
    step = world.planned()
    assert (step["action"], step["serving"]) == ("move", {"now": "1", "then": "2"})
    world.apply()
    assert set(world.live()) == {"Maths-1"}


def test_a_rename_without_a_line_meets_the_name_of_its_own_agent(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "providers: {foundry: {name: Maths}}\n")
    world.assistant("other")
    world.apply()
    (world.root / "assistants/tutor.yaml").unlink()
    world.assistant("coach", "instructions: New.\nproviders: {foundry: {name: Maths}}\n")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "retinue: {moved_from: tutor}" in ran.out
    assert set(world.live()) == {"Maths", "other"}


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("providers: {foundry: {name: -a}}\n", ""),
        ("providers: {foundry: {name: a_b}}\n", ""),
        (f"providers: {{foundry: {{name: {'a' * 64}}}}}\n", ""),
        ("", '    agent_name: "{name}-"\n'),
        ("", f'    agent_name: "{{name}}{"x" * 60}"\n'),
        ("", "    agent_name: static\n"),
        ("", '    agent_name: "{name}{name}"\n'),
        ("", '    agent_name: "{env}-{name}"\n'),
    ],
)
def test_a_name_that_the_service_would_refuse_is_an_error_at_its_line(
    world: FoundryWorld, text: str, environment: str
) -> None:
    world.project(environment=environment)
    world.assistant("tutor", text)
    ran = world.run("validate")
    assert ran.code == 3 and (".yaml:" in ran.err), ran.err


def test_two_manifests_of_one_name_are_an_error(world: FoundryWorld) -> None:
    world.project()
    world.assistant("one", "providers: {foundry: {name: same}}\n")
    world.assistant("two", "providers: {foundry: {name: same}}\n")
    ran = world.run("plan")
    assert ran.code == 3 and "2 manifests would be the agent same" in ran.err


def test_agents_of_other_kinds_are_counted_and_left_alone(world: FoundryWorld) -> None:
    for number, kind in enumerate(("hosted", "hosted", "workflow", "external", "voice")):
        world.emulator.seed({"object": "foundry.agent", "name": f"other-{number}", "definition": {"kind": kind}})
    world.project()
    world.assistant("tutor")
    ran = world.apply()
    assert "5 agents of other kinds are left alone: 1 external, 2 hosted, 1 voice, 1 workflow" in world.run("plan").out
    assert len(world.live()) == 6 and ran.code == 0


def test_an_agent_of_ours_that_the_list_lacks_is_read_by_its_name(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "instructions: Be kind.\n")
    world.apply()
    world.emulator.behaviour = Behaviour(foundry_list="lacking")
    world.settled()
    world.assistant("tutor", "instructions: Be strict.\n")
    world.apply()
    assert len(world.versions("tutor")) == 2
    world.assistant("new")
    world.apply()
    assert set(world.live()) == {"new", "tutor"}


@pytest.mark.parametrize("link", ["moved_from: maths", "adopt: {dev: maths}"])
def test_a_lacking_list_hides_no_agent_that_a_manifest_has_by_another_name(world: FoundryWorld, link: str) -> None:
    world.project()
    world.assistant("maths", "instructions: Be kind.\n")
    if link.startswith("moved"):
        world.apply()
    else:
        definition = {"kind": "prompt", "model": "gpt-4o", "instructions": "Be kind."}
        world.call("POST", "agents/maths/versions", {"definition": definition})
    world.emulator.behaviour = Behaviour(foundry_list="lacking")
    world.remove("assistants/maths.yaml")
    world.assistant("tutor", f"instructions: Be kind.\nretinue: {{{link}}}\n")
    world.apply()
    assert set(world.live()) == {"maths"}


def test_a_broken_list_is_an_error_and_never_an_empty_project(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor")
    world.apply()
    world.emulator.behaviour = Behaviour(foundry_list="broken")
    assert world.run("plan", "--timeout", "2s").code == 9


def test_a_copy_under_another_name_is_never_taken_for_the_original(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "instructions: Be kind.\n")
    world.apply()
    (first,) = world.versions("tutor")
    copy = {"definition": first["definition"], "metadata": first["metadata"], "created_at": first["created_at"] + 5}
    world.emulator.seed({"object": "foundry.agent", "name": "a-copy", **copy})
    ran = world.run("plan")
    assert ran.code == 0 and "a-copy is a copy of tutor" in ran.out, ran.out
    world.assistant("tutor", "instructions: Be strict.\nproviders: {foundry: {name: tutor}}\n")
    assert world.run("apply", "--auto-approve").code == 0
    assert world.says("a-copy") == "Be kind." and world.says("tutor") == "Be strict."
