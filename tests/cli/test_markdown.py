"""`--format markdown` on the command line: what goes where, and the link to the whole."""

from __future__ import annotations

import pytest

from .conftest import World

LONG = "instructions: |\n" + "".join(f"  line {n} of a very long prompt that goes on and on\n" for n in range(3_000))


def test_plan_show_and_apply_speak_markdown(world: World) -> None:
    world.project()
    world.assistant("greeter", "temperature: 0.5\n")
    planned = world.run("plan", "--format", "markdown")
    assert planned.out.startswith("### retinue: `demo` / `dev`\n\n**Plan: 1 to create")
    assert world.run("plan", "--out", "plan.json").code == 0
    assert world.run("show", "plan.json", "--format", "markdown").out == planned.out
    applied = world.run("apply", "plan.json", "--format", "markdown")
    assert applied.code == 0
    assert applied.out.startswith("### retinue: applied to `demo` / `dev`\n\n**Applied: 1 created.**")
    assert world.run("apply", "--format", "markdown", "--auto-approve").out.count("No changes. 1 object") == 1
    world.settled()


def test_a_file_of_markdown_is_no_plan_to_apply(world: World) -> None:
    world.project()
    world.assistant("greeter")
    ran = world.run("plan", "--format", "markdown", "--out", "plan.md")
    assert (world.root / "plan.md").read_text() == ran.out
    assert "Apply exactly this" not in ran.err
    assert world.run("apply", "plan.md").code == 3


def test_a_blocked_apply_says_so_step_by_step(world: World) -> None:
    world.project()
    world.assistant("a")
    world.assistant("b")
    world.apply()
    world.remove("assistants/a.yaml")
    world.remove("assistants/b.yaml")
    world.write("assistants/c.yaml", "assistant: c\nmodel: m\n")
    ran = world.run("apply", "--auto-approve", "--format", "markdown")
    assert ran.code == 5
    assert "#### Not done\n\n- `+ Assistant/c` not started" in ran.out
    assert "--allow brake=2" in ran.out


def test_the_link_comes_from_the_flag_or_from_the_ci(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.project()
    world.assistant("greeter", LONG)
    world.apply()
    world.assistant("greeter", LONG.replace("very long", "much longer"))

    def link(*flags: str) -> str:
        return world.run("plan", "--format", "markdown", *flags).out.split("shortened. ")[1].split("\n")[0]

    assert link() == "`retinue show PLANFILE` shows all of it."
    assert link("--link", "https://x.example/1") == "[All of it is here](https://x.example/1)."
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example/job/7")
    assert link() == "[All of it is here](https://gitlab.example/job/7)."
    for name, value in {"SERVER_URL": "https://github.example", "REPOSITORY": "a/b", "RUN_ID": "9"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert link() == "[All of it is here](https://github.example/a/b/actions/runs/9)."
    ran = world.run("plan", "--format", "markdown", "--link", "javascript:x")
    assert (ran.code, "is not a web address" in ran.err) == (3, True)
