"""`--allow`: how it is written, what it is read as, and what the flags before it say now."""

from __future__ import annotations

import json
import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.cli.options import FORMER, allowed_of
from retinue.core.allowed import FORMS, Allowed, flag
from retinue.core.errors import UsageError

from .conftest import World

_ADDRESSES = st.lists(st.sampled_from(["Assistant/a", "Assistant/b", "VectorStore/c"]), min_size=1, unique=True)
_SAID = {
    code: (
        st.integers(0, 999) if form.sign == "=" else _ADDRESSES.map(sorted).map(tuple) if form.sign else st.just(True)
    )
    | (st.just(True) if form.optional else st.nothing())
    for code, form in FORMS.items()
}


@given(st.fixed_dictionaries({}, optional=_SAID).map(Allowed))
def test_what_a_plan_prints_is_read_as_the_same(allowed: Allowed) -> None:
    assert allowed_of(text.removeprefix("--allow ") for text in allowed.flags()) == allowed


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        ((), {}),
        (("brake=0",), {"brake": 0}),
        (("brake=4", "brake=04"), {"brake": 4}),
        (("drift:Assistant/b", "drift:Assistant/a", "drift:Assistant/b"), {"drift": ("Assistant/a", "Assistant/b")}),
        (("twin:Assistant/a", "twin"), {"twin": True}),
        (("twin", "twin:Assistant/a"), {"twin": True}),
        (("incomplete", "incomplete"), {"incomplete": True}),
    ],
)
def test_repeated_flags_add_up(texts: tuple[str, ...], codes: dict[str, object]) -> None:
    assert allowed_of(texts).codes == codes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("brake", "`brake` is written brake=N"),
        ("brake=", "`brake` is written brake=N"),
        ("brake:4", "`brake` is written brake=N"),
        ("brake=-1", "`brake` is written brake=N"),
        ("brake=four", "`brake` is written brake=N"),
        ("brake=٤", "`brake` is written brake=N"),
        ("brake=1e3", "`brake` is written brake=N"),
        ("brake=" + "9" * 5000, "`brake` is written brake=N"),
        ("incomplete=1", "`incomplete` is written incomplete"),
        ("incomplete:Assistant/a", "`incomplete` is written incomplete"),
        ("twin:", "`twin` is written twin[:ADDRESS]"),
        ("twin=1", "`twin` is written twin[:ADDRESS]"),
        ("protected", "`protected` is written protected:ADDRESS"),
        ("drift:bot", "`bot` is not an address; one looks like Assistant/math-tutor"),
        ("unpromoted:Assistant/", "`Assistant/` is not an address"),
        ("drfit:Assistant/a", "unknown code `drfit`"),
        ("Twin", "unknown code `Twin`"),
        (" twin", "unknown code ` twin`"),
        ("deletes=4", "unknown code `deletes`"),
        ("=", "unknown code ``"),
        ("", "unknown code ``"),
    ],
)
def test_another_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        allowed_of([text])
    assert said in caught.value.message
    assert caught.value.remedy


def test_two_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="brake=4 was given too"):
        allowed_of(["brake=4", "brake=5"])


COMMANDS = ("plan", "apply", "destroy", "promote", "adopt")
OLD = {
    ("--allow-deletes", "4"): "--allow brake=4",
    ("--allow-deletes=4",): "--allow brake=4",
    ("--unprotect", "Assistant/a"): "--allow protected:Assistant/a",
    ("--unprotect", "Assistant/a", "--unprotect=Assistant/b"): (
        "--allow protected:Assistant/a --allow protected:Assistant/b"
    ),
    ("--allow-twins",): "--allow twin",
    ("--allow-incomplete",): "--allow incomplete",
    ("--revert-drift", "Assistant/a"): "--allow drift:Assistant/a",
    ("--allow-unpromoted", "Assistant/a"): "--allow unpromoted:Assistant/a",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("old", OLD, ids=" ".join)
def test_an_earlier_flag_says_what_to_write(world: World, command: str, old: tuple[str, ...]) -> None:
    world.project()
    world.assistant("a")
    words = {"promote": ("dev", "dev"), "adopt": ("Assistant/a", "asst_1")}.get(command, ())
    ran = world.run(command, *words, *old)
    name = old[0].partition("=")[0]
    assert (ran.code, ran.out, world.live()) == (3, "", {})
    assert f"Error: {name} is called --allow {FORMS[FORMER[name]].written(FORMER[name])} now" in ran.err
    assert f"\n  Write {OLD[old]}.\n" in ran.err


def test_an_earlier_flag_is_an_error_in_json_too(world: World) -> None:
    world.project()
    ran = world.run("plan", "--format", "json", "--allow-deletes", "4")
    (said,) = json.loads(ran.out)["diagnostics"]
    assert (ran.code, said["remedy"]) == (3, "Write --allow brake=4.")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_the_one_flag_alone(world: World, command: str) -> None:
    text = world.run(command, "--help").out
    assert "--allow CODE[=N|:ADDRESS]" in text
    assert not [name for name in FORMER if name in text]
    assert all(form.written(code) in click.unstyle(re.sub(r"\s+", " ", text)) for code, form in FORMS.items())


def name_a_folder_that_is_not_there(world: World) -> None:
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("[assistants]", "[assistants, more]"))


def test_a_missing_entry_of_manifests_prints_its_flag_and_goes_on_with_it(world: World) -> None:
    world.project()
    world.assistant("a")
    world.apply()
    name_a_folder_that_is_not_there(world)
    ran = world.run("plan")
    assert (ran.code, f"Or go on without it: {flag('incomplete')}" in ran.err) == (3, True)
    ran = world.run("plan", "--allow", "incomplete", "--out", "plan.json")
    assert (ran.code, "Allowed: --allow incomplete" in ran.out) == (0, True)
    assert json.loads((world.root / "plan.json").read_text())["allowed"] == {"incomplete": True}
    assert world.run("apply", "plan.json", "--auto-approve").code == 0


def test_it_goes_for_the_environment_before_too(world: World) -> None:
    world.project(environment="  prod: {provider: openai-assistants, endpoint: emulator, promote_from: dev}\n")
    world.assistant("a")
    assert world.run("apply", "-e", "dev", "--auto-approve").code == 0
    name_a_folder_that_is_not_there(world)
    assert world.run("apply", "-e", "prod", "--auto-approve").code == 3
    assert world.run("apply", "-e", "prod", "--auto-approve", "--allow", "incomplete").code == 0


def test_a_command_without_the_flag_does_not_print_it(world: World) -> None:
    world.project()
    world.assistant("a")
    world.apply()
    name_a_folder_that_is_not_there(world)
    ran = world.run("drift")
    assert (ran.code, "--allow" in ran.err) == (3, False)


def test_a_destroy_has_nothing_to_promote(world: World) -> None:
    world.project(environment="    promote_from: prod\n  prod: {provider: openai-assistants, endpoint: emulator}\n")
    ran = world.run("destroy", "-e", "dev", "--allow", "unpromoted:Assistant/a")
    assert (ran.code, "--allow unpromoted:Assistant/a: a destroy holds nothing back" in ran.err) == (3, True)


def test_twins_are_allowed_one_by_one(world: World) -> None:
    world.project()
    for name in ("ant", "bee"):
        world.assistant(name, f"name: {name.title()}\n")
        world.emulator.seed({"model": "m", "name": name.title()})
    assert "to create a second one: --allow twin:Assistant/ant" in world.run("plan").out
    ran = world.run("plan", "--allow", "twin:Assistant/ant", "--out", "plan.json", "--format", "json")
    changes = {item["address"]: item["blocked"] for item in json.loads(ran.out)["changes"]}
    assert changes["Assistant/ant"] is None and changes["Assistant/bee"]["code"] == "twin"
    assert json.loads(ran.out)["allowed"] == {"twin": ["Assistant/ant"]}
    assert world.run("apply", "--auto-approve", "--allow", "twin:Assistant/ant").code == 5
    both = ("--allow", "twin:Assistant/ant", "--allow", "twin:Assistant/bee")
    assert world.run("plan", *both, "--out", "plan.json").code == 0
    assert world.run("apply", "plan.json", "--auto-approve").code == 0
    world.settled()


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("command", ["destroy", "plan", "apply"])
def test_what_is_refused_is_not_told_as_allowed(world: World, command: str, form: str) -> None:
    world.project()
    for name in ("ant", "bee", "cat"):
        world.assistant(name)
    world.apply()
    for name in ("ant", "bee"):
        world.remove(f"assistants/{name}.yaml")
    more = () if command == "plan" else ("--auto-approve",)
    ran = world.run(command, "--allow", "brake=9", "--allow", "twin", *more)
    assert ran.code == (0 if command == "plan" else 5)
    assert "--allow brake=9 was given, but this plan deletes" in ran.out
    assert "Allowed: --allow twin\n" in ran.out
    if command == "plan":
        ran = world.run("plan", "--allow", "brake=9", "--format", form)
        assert "Allowed" not in ran.out and "brake=9 was given" in ran.out
