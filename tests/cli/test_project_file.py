"""`--project-file`: a pull request cannot choose where a key is sent."""

from __future__ import annotations

import pytest

from .conftest import KEY, World


def hijacked(world: World) -> None:
    """The environments stay in trusted.yaml; the checkout's own file sends the key elsewhere."""
    world.project()
    trusted = (world.root / "retinue.yaml").read_text()
    world.write("trusted.yaml", trusted)
    world.write("retinue.yaml", trusted.replace(world.url, "http://localhost:1"))
    world.assistant("greeter")


def test_a_plan_goes_where_the_trusted_file_says(world: World) -> None:
    hijacked(world)
    assert world.run("plan").code == 9
    ran = world.run("plan", "--project-file", "trusted.yaml", "--out", "plan.json")
    assert (ran.code, "1 to create" in ran.out) == (0, True)
    assert world.run("validate", "--project-file", "trusted.yaml").code == 0
    assert world.run("apply", "plan.json", "--project-file", "trusted.yaml").code == 0
    assert world.run("apply", "plan.json").code == 3


def test_what_is_planned_comes_from_the_checkout(world: World) -> None:
    hijacked(world)
    world.write("retinue.yaml", (world.root / "retinue.yaml").read_text() + "removed: [Assistant/greeter]\n")
    ran = world.run("plan", "--project-file", "trusted.yaml")
    assert (ran.code, "removed-exists" in ran.err) == (3, True)


def test_a_file_that_is_wrong_or_of_another_project_is_refused(world: World) -> None:
    hijacked(world)
    world.write("other.yaml", (world.root / "trusted.yaml").read_text().replace("project: demo", "project: other"))
    world.write("bad.yaml", "version: 1\n")
    for name, said in {
        "other.yaml": "is of the project `other`",
        "bad.yaml": "bad.yaml:1:1",
        "gone.yaml": "gone.yaml",
    }.items():
        ran = world.run("plan", "--project-file", name)
        assert (ran.code, said in ran.err) == (3, True), ran.err


def test_a_command_for_a_key_is_refused_in_ci_unless_it_is_allowed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project()
    world.assistant("greeter")
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("{env: DEMO_KEY}", f"{{command: [echo, {KEY}]}}"))
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("RETINUE_ALLOW_COMMAND", raising=False)
    ran = world.run("plan")
    assert (ran.code, "RETINUE_ALLOW_COMMAND=1" in ran.err) == (4, True)
    monkeypatch.setenv("RETINUE_ALLOW_COMMAND", "1")
    assert world.run("plan").code == 0


def test_a_host_that_is_not_allowed_from_outside_gets_no_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.project()
    world.assistant("greeter")
    monkeypatch.setenv("RETINUE_ALLOWED_HOSTS", "api.example.com")
    ran = world.run("plan")
    assert (ran.code, "not among $RETINUE_ALLOWED_HOSTS" in ran.err) == (3, True)
    monkeypatch.setenv("RETINUE_ALLOWED_HOSTS", "api.example.com, 127.0.0.1")
    assert world.run("plan").code == 0
