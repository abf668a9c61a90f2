"""Plans that retinue 0.1.0 saved: read, shown and applied here under the digest that they carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retinue.core.codec import plan_digest, plan_from_json

from .conftest import World

SAVED = Path(__file__).parent / "plans"
"""As 0.1.0 wrote them, where the provider `openai-assistants` was still called `openai`."""
PROJECT = """version: 1
project: demo
manifests: [assistants, none.yaml]
environments:
  local: {provider: openai-assistants, endpoint: emulator}
  prod: {provider: openai-assistants, endpoint: emulator, promote_from: local}
"""


def saved(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((SAVED / f"0.1.0-{name}.json").read_text())
    return value


@pytest.fixture
def old(world: World) -> World:
    world.write("retinue.yaml", PROJECT.replace(", none.yaml", ""))
    world.write("assistants/greeter.yaml", "assistant: greeter\nname: Greeter\nmodel: gpt-4o-mini\n")
    for path in SAVED.iterdir():
        world.write(path.name, path.read_text())
    return world


@pytest.mark.parametrize("trust", [(), ("--trust-plan",)], ids=["planned again", "trusted"])
def test_a_plan_that_names_a_provider_by_its_earlier_name_is_applied(old: World, trust: tuple[str, ...]) -> None:
    ran = old.run("apply", "0.1.0-create.json", *trust, "--auto-approve")
    assert ran.code == 0, ran.err
    assert "Assistant/greeter: created" in ran.out + ran.err
    assert "No changes." in old.run("plan", "-e", "local").out


def test_a_plan_for_another_provider_is_refused(old: World) -> None:
    text = (old.root / "retinue.yaml").read_text()
    old.write("retinue.yaml", text.replace("openai-assistants", "azure-openai"))
    ran = old.run("apply", "0.1.0-create.json", "--auto-approve")
    assert (ran.code, "this plan is for the provider `openai`, here it is `azure-openai`" in ran.err) == (3, True)


def test_what_was_allowed_is_read_by_its_code() -> None:
    assert plan_from_json(saved("create")).allowed.codes == {}
    assert plan_from_json(saved("blocked")).allowed.codes == {
        "brake": 3,
        "twin": True,
        "incomplete": True,
        "protected": ("Assistant/a", "Assistant/b"),
        "drift": ("Assistant/greeter",),
        "unpromoted": ("Assistant/greeter",),
        "renamed": ("Assistant/c",),
    }


def test_what_was_allowed_holds_when_it_is_applied(old: World) -> None:
    """It needs two of these words: its environment is not promoted yet, and a file of its `manifests` is missing."""
    old.write("retinue.yaml", PROJECT)
    ran = old.run("apply", "0.1.0-allowed.json", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "Assistant/greeter: created" in ran.out + ran.err


def test_its_digest_approves_it(old: World) -> None:
    digest = saved("create")["digest"]
    assert old.run("apply", "0.1.0-create.json", "--expect-digest", "sha256:" + "0" * 64).code == 6
    assert digest in old.run("show", "0.1.0-create.json", "--format", "markdown").out
    assert digest in old.run("comment", "--plan", "0.1.0-create.json", "--out", "-").out
    assert old.run("apply", "0.1.0-create.json", "--expect-digest", digest).code == 0


def test_it_is_shown_as_it_stands(old: World) -> None:
    assert json.loads(old.run("show", "0.1.0-blocked.json", "--format", "json").out) == saved("blocked")
    text = old.run("show", "0.1.0-blocked.json").out
    assert "Allowed: --allow drift:Assistant/greeter, --allow incomplete, --allow protected" in text


def test_a_word_that_a_newer_plan_allows_is_kept_and_lifts_nothing(old: World) -> None:
    old.run("plan", "-e", "local", "--out", "new.json")
    value = json.loads((old.root / "new.json").read_text())
    value |= {"format_version": "2.9", "allowed": {"moon": True, "sun": 3, "stars": ["Assistant/a"]}, "later": 1}
    value["digest"] = plan_digest(value)
    old.write("new.json", json.dumps(value))
    assert "Allowed: --allow moon, --allow stars:Assistant/a, --allow sun=3" in old.run("show", "new.json").out
    assert json.loads(old.run("show", "new.json", "--format", "json").out) == value
    assert old.run("apply", "new.json", "--expect-digest", value["digest"]).code == 0


@pytest.mark.parametrize("version", ["3.0", "0.9", "10.1"])
def test_another_first_number_is_refused(old: World, version: str) -> None:
    value = saved("create") | {"format_version": version}
    old.write("new.json", json.dumps(value | {"digest": plan_digest(value)}))
    for command in (("show", "new.json"), ("apply", "new.json", "--auto-approve"), ("comment", "--plan", "new.json")):
        ran = old.run(*command)
        assert ran.code == 3
        assert f"this plan has format {version}, this retinue reads formats 1 and 2" in ran.err
