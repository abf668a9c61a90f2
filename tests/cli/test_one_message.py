"""One message for one mistake: `validate` tells what several environments have in common once, and names them."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import World

SIX = ("a", "b", "c", "d", "e", "f")
ALL = "`a`, `b`, `c`, `d`, `e`, `f`"


def project(world: World, variables: dict[str, str] | None = None, declared: str = "") -> None:
    target = "provider: openai-assistants, endpoint: emulator, variables"
    lines = [f"  {name}: {{{target}: {{{(variables or {}).get(name, '')}}}}}\n" for name in SIX]
    world.write(
        "retinue.yaml", f"version: 1\nproject: demo\nmanifests: [assistants]\n{declared}environments:\n{''.join(lines)}"
    )


def said(world: World) -> list[str]:
    ran = world.run("validate")
    assert ran.code == 3, ran.out + ran.err
    return [line for line in ran.err.splitlines() if re.match(r"\S+:\d+:\d+: ", line)]


def test_an_undefined_variable_is_told_once(world: World) -> None:
    project(world, {"b": "tone: kind"})
    world.assistant("tutor", 'instructions: "Be ${var.tone}."\nname: ${var.nme}\n')
    here = "assistants/tutor.yaml"
    assert said(world) == [
        f"{here}:3:15: variable-undefined: the variable `tone` is not defined (environments `a`, `c`, `d`, `e`, `f`)",
        f"{here}:4:7: variable-undefined: the variable `nme` is not defined (environments {ALL})",
    ]
    told = json.loads(world.run("validate", "--format", "json").out)["diagnostics"]
    assert len(told) == 2 and "environments" in told[0]["message"]
    # Of one environment that is asked for, its own name.
    assert "(environment `c`)" in world.run("validate", "-e", "c").err


@pytest.mark.parametrize(
    ("declared", "variables", "manifest", "expected"),
    [
        # The same wrong value everywhere, two values, and one environment alone.
        ("", {}, "temperature: 5", ["assistants/tutor.yaml:3:14: out-of-range: `temperature` is 5, outside of 0 to 2"]),
        (
            "",
            {name: f"heat: {8 if name == 'f' else 9}" for name in SIX},
            "temperature: ${var.heat}",
            [
                "assistants/tutor.yaml:3:14: out-of-range: `temperature` is 8, outside of 0 to 2 (environment `f`)",
                "assistants/tutor.yaml:3:14: out-of-range: `temperature` is 9, outside of 0 to 2"
                " (environments `a`, `b`, `c`, `d`, `e`)",
            ],
        ),
        (
            "variables: {heat: {type: number}}\n",
            dict.fromkeys(SIX, "heat: hot") | {"c": "heat: 1", "d": "heat: true"},
            "temperature: ${var.heat}",
            [
                "retinue.yaml:6:74: variable-type: the variable `heat` is a number, but in `a`, `b`, `e`, `f` it is the"
                " text `hot`, in `d` it is `true`"
            ],
        ),
        (
            "variables: {heat: {type: number, required: true}}\n",
            {"b": "heat: 1"},
            "temperature: ${var.heat}",
            [
                "retinue.yaml:4:13: variable-required: the variable `heat` is required and has no value (environments"
                " `a`, `c`, `d`, `e`, `f`)",
            ],
        ),
        (
            "variables: {heat: {type: number}}\n",
            dict.fromkeys(SIX, "heet: 1"),
            "",
            [f"retinue.yaml:6:68: variable-unknown: there is no variable `heet` (environments {ALL})"],
        ),
        (
            "variables: {heat: {type: number}}\n",
            {"a": "heat: {x: 1}"},
            "",
            ["retinue.yaml:6:74: wrong-type: `environments.a.variables.heat` must be"],
        ),
    ],
)
def test_a_bad_value_is_told_once_with_its_environments(
    world: World, declared: str, variables: dict[str, str], manifest: str, expected: list[str]
) -> None:
    project(world, variables, declared)
    world.assistant("tutor", f"{manifest}\n")
    found = said(world)
    assert [line[: len(text)] for line, text in zip(found, expected, strict=True)] == expected


def test_what_one_environment_alone_gets_wrong_names_it(world: World) -> None:
    project(world)
    world.write(
        "retinue.yaml",
        (world.root / "retinue.yaml").read_text()
        + "  g: {provider: openai-assistants, endpoint: emulator, overlay: g}\n",
    )
    world.write("g/tutor.yaml", "assistant: tutor\ntop_p: 2\n")
    world.assistant("tutor")
    assert said(world) == ["g/tutor.yaml:2:8: out-of-range: `top_p` is 2, outside of 0 to 1 (environment `g`)"]


def test_a_note_on_a_service_is_told_once_for_all_its_environments(world: World) -> None:
    environments = "".join(f"  {name}: {{provider: openai-agents, endpoint: emulator}}\n" for name in "abc")
    other = "  z: {provider: openai-assistants, endpoint: emulator}\n"
    world.assistant("tutor")
    for more, where in (("", ""), (other, " (environments `a`, `b`, `c`)")):
        text = f"version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n{environments}{more}"
        world.write("retinue.yaml", text)
        (note,) = (line for line in world.run("validate").err.splitlines() if "approximated" in line)
        assert note.endswith(f"which stay in force{where} (note)")
