"""dev → staging → prod, whole commands on emulators: what goes on, what is held, and how a rollback goes."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour, Fault

from .conftest import KEY, Ran, World

PROJECT = """\
version: 1
project: demo
manifests: [assistants]
variables: {model: {type: string, required: true}}
environments:
  dev: {provider: openai-assistants, endpoint: URL, api_key: {env: DEV_KEY}, variables: {model: small}}
  staging:
    provider: openai-assistants
    endpoint: URL
    api_key: {env: DEMO_KEY}
    variables: {model: small}
    promote_from: dev
  prod:
    provider: openai-assistants
    endpoint: URL
    api_key: {env: DEMO_KEY}
    variables: {model: large}
    promote_from: {environment: staging, verified: true}
"""


@pytest.fixture
def shop(world: World) -> World:
    world.monkeypatch.setenv("DEV_KEY", "sk-dev-0123456789")
    world.write("retinue.yaml", PROJECT.replace("URL", f"{world.url}/v1"))
    edit(world, "ant", "Hello")
    edit(world, "bee", "Hello")
    return world


def edit(world: World, name: str, text: str, more: str = "") -> None:
    world.write(f"assistants/{name}.yaml", f'assistant: {name}\nmodel: "${{var.model}}"\ninstructions: {text}\n{more}')


def done(world: World, *arguments: str) -> Ran:
    ran = world.run(*arguments)
    assert ran.code == 0, ran.out + ran.err
    return ran


def apply(world: World, environment: str, *more: str) -> dict[str, str]:
    """The results by name, of an apply that ends in 0."""
    ran = done(world, "apply", "-e", environment, "--auto-approve", "--format", "json", *more)
    return {item["address"].rpartition("/")[2]: item["status"] for item in json.loads(ran.out)["results"]}


def texts(world: World, environment: str) -> dict[str, tuple[str, str]]:
    """Model and instructions of what is live, by name."""
    found = {}
    for raw in world.live().values():
        _, where, _, name = raw["metadata"]["retinue.address"].split("/")
        if where == environment:
            found[name] = (raw["model"], raw["instructions"])
    return found


def plan(world: World, environment: str, *more: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(done(world, "plan", "-e", environment, "--format", "json", *more).out)
    return value


def held(made: dict[str, Any]) -> dict[str, str]:
    return {item["address"].rpartition("/")[2]: item["held"]["code"] for item in made["changes"] if item["held"]}


def test_three_stages_and_a_rollback_by_git_revert(shop: World) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=shop.root, check=True, capture_output=True)

    def through_all_stages() -> list[dict[str, str]]:
        """As the pipeline of a merge does."""
        ran = [apply(shop, "dev"), apply(shop, "staging")]
        done(shop, "verify", "-e", "staging", "--", "true")
        ran.append(apply(shop, "prod"))
        for environment in ("dev", "staging", "prod"):
            shop.settled("-e", environment)
        return ran

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert through_all_stages() == [{"ant": "done", "bee": "done"}] * 3
    first = shop.live()
    edit(shop, "ant", "Bye")
    git("commit", "-qam", "second")
    assert through_all_stages() == [{"ant": "done"}] * 3
    assert texts(shop, "prod") == {"ant": ("large", "Bye"), "bee": ("large", "Hello")}
    git("revert", "--no-edit", "HEAD")
    assert through_all_stages() == [{"ant": "done"}] * 3
    assert texts(shop, "prod") == {"ant": ("large", "Hello"), "bee": ("large", "Hello")}
    assert shop.live().keys() == first.keys()


def test_a_change_waits_at_each_stage_until_the_one_before_has_proven_it(shop: World) -> None:
    assert apply(shop, "staging") == {"ant": "held", "bee": "held"}
    assert apply(shop, "prod") == {"ant": "held", "bee": "held"}
    assert shop.live() == {}
    apply(shop, "dev", "--target", "Assistant/ant")
    assert apply(shop, "staging") == {"ant": "done", "bee": "held"}
    assert held(plan(shop, "prod")) == {"ant": "not-verified", "bee": "not-applied"}
    done(shop, "verify", "-e", "staging", "--target", "Assistant/ant", "--", "true")
    assert apply(shop, "prod") == {"ant": "done", "bee": "held"}
    assert texts(shop, "prod") == {"ant": ("large", "Hello")}


def promote(world: World, *more: str) -> tuple[int, dict[str, Any]]:
    flags = ("--auto-approve", "--detailed-exitcode", "--format", "json")
    ran = world.run("promote", "dev", "staging", *flags, *more)
    return ran.code, json.loads(ran.out)


def test_promote_ends_in_2_where_all_that_remains_is_held(shop: World) -> None:
    code, result = promote(shop)
    assert (code, result["exit_code"], result["outcome"]) == (2, 2, "held")
    assert shop.run("promote", "dev", "staging", "--auto-approve").code == 0
    assert shop.run("apply", "-e", "staging", "--auto-approve").code == 0
    apply(shop, "dev", "--target", "Assistant/ant")
    code, result = promote(shop)
    assert (code, result["exit_code"], result["outcome"]) == (2, 2, "applied")
    assert result["summary"] | {"done": 1, "held": 1} == result["summary"]
    apply(shop, "dev")
    assert promote(shop)[0] == 0
    code, result = promote(shop)
    assert (code, result["outcome"]) == (0, "no-changes")


def test_a_failure_counts_more_than_what_is_held(shop: World) -> None:
    apply(shop, "dev", "--target", "Assistant/ant")
    shop.emulator.faults.on("POST /v1/assistants$", Fault("status", 400))
    code, result = promote(shop)
    assert (code, result["exit_code"]) == (1, 1)
    assert {item["status"] for item in result["results"]} == {"failed", "held"}


def test_what_was_changed_outside_in_the_environment_before_is_held(shop: World) -> None:
    apply(shop, "dev")
    (ant,) = [raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("/ant")]
    shop.emulator.seed({**ant, "temperature": 0.3})
    made = plan(shop, "staging")
    assert held(made) == {"ant": "drifted"}
    assert (made["summary"]["held"], made["outcome"]) == (1, "changes")
    assert shop.run("plan", "-e", "staging", "--detailed-exitcode").code == 2
    for said in ("applied", "held"):
        ran = shop.run("apply", "-e", "staging", "--auto-approve", "--format", "json")
        assert (ran.code, json.loads(ran.out)["outcome"]) == (0, said)


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_remains_held_is_told_by_the_code_where_that_is_asked_for(shop: World, form: str) -> None:
    command = ("promote", "dev", "staging", "--auto-approve", "--format", form)

    def ends_in(code: int, outcome: str) -> None:
        for flags, expected in (((*command, "--detailed-exitcode"), code), (command, 0)):
            ran = shop.run(*flags)
            assert ran.code == expected, ran.out + ran.err
            if form == "json":
                value = json.loads(ran.out)
                assert (value["exit_code"], value["outcome"]) == (expected, outcome)
            outcome = {"applied": "held"}.get(outcome, outcome)

    ends_in(2, "held")
    apply(shop, "dev", "--target", "Assistant/ant")
    ends_in(2, "applied")
    apply(shop, "dev")
    done(shop, *command)
    ends_in(0, "no-changes")
    shop.write("assistants/ant.yaml", "assistant: ant\nmodel: [\n")
    assert shop.run(*command, "--detailed-exitcode").code == 3


def test_verification_lapses_with_a_change_and_comes_back_with_the_old_spec(shop: World) -> None:
    apply(shop, "dev")
    apply(shop, "staging")
    done(shop, "verify", "-e", "staging", "--", "true")
    assert held(plan(shop, "prod")) == {}
    edit(shop, "ant", "Bye")
    apply(shop, "dev")
    apply(shop, "staging")
    assert held(plan(shop, "prod")) == {"ant": "not-verified"}
    edit(shop, "ant", "Hello")
    apply(shop, "dev")
    apply(shop, "staging")
    assert held(plan(shop, "prod")) == {}


def test_an_exception_goes_ahead_and_is_said(shop: World) -> None:
    ran = done(shop, "plan", "-e", "staging", "--allow", "unpromoted:Assistant/ant")
    assert "Allowed: --allow unpromoted:Assistant/ant" in ran.out
    assert "it goes ahead by --allow unpromoted:Assistant/ant, although dev does not have it" in ran.out
    assert apply(shop, "staging", "--allow", "unpromoted:Assistant/ant") == {"ant": "done", "bee": "held"}


@pytest.mark.parametrize(
    ("environment", "address", "said"),
    [
        ("staging", "Assistant/ent", "there is no such object\n  Known: Assistant/ant, Assistant/bee."),
        ("staging", "ant", "`ant` is not an address"),
        ("dev", "Assistant/ant", "dev is promoted from no other environment"),
    ],
)
def test_an_exception_that_means_nothing_is_refused(shop: World, environment: str, address: str, said: str) -> None:
    ran = shop.run("plan", "-e", environment, "--allow", f"unpromoted:{address}")
    assert (ran.code, ran.out) == (3, "")
    assert said in ran.err


def test_a_saved_plan_keeps_what_is_held(shop: World) -> None:
    apply(shop, "dev", "--target", "Assistant/ant")
    done(shop, "plan", "-e", "staging", "--out", "plan.json")
    apply(shop, "dev")
    ran = done(shop, "apply", "plan.json", "--auto-approve", "--format", "json")
    assert {item["address"]: item["status"] for item in json.loads(ran.out)["results"]} == {
        "Assistant/ant": "done",
        "Assistant/bee": "held",
    }
    assert set(texts(shop, "staging")) == {"ant"}


def test_a_saved_plan_in_which_held_was_wiped_out_is_refused(shop: World) -> None:
    done(shop, "plan", "-e", "staging", "--out", "plan.json")
    value = json.loads((shop.root / "plan.json").read_text())
    for change in value["changes"]:
        change["held"] = None
    shop.write("plan.json", json.dumps(value))
    ran = shop.run("apply", "plan.json", "--auto-approve")
    assert (ran.code, shop.live()) == (3, {})
    assert "its digest does not match" in ran.err


def test_a_saved_plan_from_before_the_gate_is_refused(shop: World) -> None:
    text = (shop.root / "retinue.yaml").read_text()
    shop.write("retinue.yaml", text.replace("    promote_from: dev\n", ""))
    done(shop, "plan", "-e", "staging", "--out", "plan.json")
    shop.write("retinue.yaml", text)
    ran = shop.run("apply", "plan.json", "--auto-approve")
    assert (ran.code, shop.live()) == (3, {})
    assert "asks what dev has proven, and this plan does not" in ran.err


def test_a_plan_says_whose_key_is_missing(shop: World) -> None:
    shop.monkeypatch.delenv("DEV_KEY")
    ran = shop.run("plan", "-e", "staging")
    assert ran.code == 4
    assert "staging is promoted from dev, which is read too: the environment variable DEV_KEY is not set" in ran.err
    assert done(shop, "output", "-e", "staging").out == "{}\n"


def test_where_the_environment_before_cannot_be_read_nothing_is_planned(shop: World) -> None:
    shop.emulator.behaviour = Behaviour(api_key="sk-canary-0123456789")
    ran = shop.run("apply", "-e", "staging", "--auto-approve")
    assert (ran.code, shop.emulator.writes()) == (4, [])


def test_the_variables_of_the_command_line_hold_in_both(shop: World) -> None:
    apply(shop, "dev")
    assert held(plan(shop, "staging", "--var", "model=other")) == {"ant": "not-applied", "bee": "not-applied"}


def test_promote_asks_for_proof_where_the_project_does_not(shop: World) -> None:
    shop.write("retinue.yaml", (shop.root / "retinue.yaml").read_text().replace(", promote_from: dev", ""))
    ran = done(shop, "promote", "dev", "staging", "--auto-approve")
    assert "Applied: nothing; 2 held." in ran.out
    apply(shop, "dev")
    assert "Applied: nothing; 2 held." in done(shop, "promote", "dev", "staging", "--verified", "--auto-approve").out
    assert "Applied: 2 created." in done(shop, "promote", "dev", "staging", "--auto-approve").out
    shop.settled("-e", "staging")


def test_promote_never_asks_for_less_than_the_project(shop: World) -> None:
    apply(shop, "dev")
    apply(shop, "staging")
    assert "Applied: nothing; 2 held." in done(shop, "promote", "staging", "prod", "--auto-approve").out
    for pair, said in (
        (("dev", "prod"), "prod is promoted from staging, not from dev"),
        (("prod", "prod"), "prod cannot be promoted to itself"),
        (("deev", "prod"), "there is no environment `deev`"),
        (("dev", "prd"), "there is no environment `prd`"),
    ):
        ran = shop.run("promote", *pair, "--auto-approve")
        assert (ran.code, ran.out) == (3, ""), pair
        assert said in ran.err
    assert texts(shop, "prod") == {}


def test_where_all_is_held_nobody_is_asked(shop: World) -> None:
    assert "Applied: nothing; 2 held." in done(shop, "apply", "-e", "staging").out


def test_adopt_is_held_too(shop: World) -> None:
    shop.emulator.seed({"id": f"asst_{'F' * 24}", "model": "small", "instructions": "old", "metadata": {}})
    ran = done(shop, "adopt", "Assistant/ant", f"asst_{'F' * 24}", "-e", "staging", "--auto-approve")
    assert "Applied: nothing; 1 held." in ran.out
    apply(shop, "dev")
    ran = done(shop, "adopt", "Assistant/ant", f"asst_{'F' * 24}", "-e", "staging", "--auto-approve")
    assert "Applied: 1 adopted." in ran.out


def test_a_deletion_goes_through_the_stages(shop: World) -> None:
    for environment in ("dev", "staging"):
        apply(shop, environment)
    shop.remove("assistants/bee.yaml")
    assert held(plan(shop, "staging")) == {"bee": "not-applied"}
    apply(shop, "dev")
    assert apply(shop, "staging") == {"bee": "done"}
    shop.settled("-e", "staging")


def test_a_selection_narrows_the_plan_and_not_the_proof(shop: World) -> None:
    for environment in ("dev", "staging"):
        apply(shop, environment)
    shop.remove("assistants/bee.yaml")
    apply(shop, "dev")
    assert apply(shop, "staging", "--target", "Assistant/bee", "--allow", "brake=1") == {"bee": "done"}


def test_a_deletion_can_be_the_exception(shop: World) -> None:
    for environment in ("dev", "staging"):
        apply(shop, environment)
    shop.remove("assistants/bee.yaml")
    assert apply(shop, "staging", "--allow", "unpromoted:Assistant/bee") == {"bee": "done"}
    assert set(texts(shop, "dev")) == {"ant", "bee"}


def test_nothing_has_to_be_proven_to_destroy_or_to_forget(shop: World) -> None:
    for environment in ("dev", "staging"):
        apply(shop, environment)
    shop.monkeypatch.delenv("DEV_KEY")
    shop.remove("assistants/bee.yaml")
    done(shop, "forget", "Assistant/bee", "-e", "staging", "--auto-approve")
    done(shop, "destroy", "-e", "staging", "--auto-approve", "--allow", "brake=1")
    assert "demo/staging" not in json.dumps(shop.live())


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("promote_from: deev", "6:87: environment-unknown: there is no environment `deev` to promote from"),
        ("promote_from: dev", "6:87: promotion-cycle: `dev` would be promoted from itself: dev ← dev"),
        ("promote_from: staging", "6:87: promotion-cycle: `dev` would be promoted from itself: dev ← staging ← dev"),
        ("promote_from: {verified: true}", "6:87: missing-key"),
        ("promote_from: [staging]", "6:87: wrong-type"),
    ],
)
def test_a_source_that_cannot_be_is_an_error_at_its_line(shop: World, written: str, problem: str) -> None:
    text = (shop.root / "retinue.yaml").read_text()
    shop.write("retinue.yaml", text.replace("api_key: {env: DEV_KEY}", written).replace(f"{shop.url}/v1", "emulator"))
    ran = shop.run("validate")
    assert ran.code == 3
    assert problem.partition(": ")[2] in ran.err


def test_a_saved_plan_reads_the_environment_before_too_unless_it_is_trusted(world: World) -> None:
    service = f"provider: openai-assistants, endpoint: '{world.url}/v1'"
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{{service}, api_key: {{env: DEV_KEY}}}}\n"
        f"  prod: {{{service}, api_key: {{env: DEMO_KEY}}, promote_from: dev}}\n",
    )
    world.assistant("a")
    world.monkeypatch.setenv("DEV_KEY", KEY)
    assert world.run("apply", "-e", "dev", "--auto-approve").code == 0
    assert world.run("plan", "-e", "prod", "--out", "plan.json").code == 0
    world.monkeypatch.delenv("DEV_KEY")
    ran = world.run("apply", "plan.json")
    assert (ran.code, "prod is promoted from dev, which is read too" in ran.err) == (4, True)
    assert world.run("apply", "plan.json", "--trust-plan").code == 0
    world.monkeypatch.setenv("DEV_KEY", KEY)
    world.settled("-e", "prod")
