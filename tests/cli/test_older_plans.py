"""Plans that retinue 0.1.0 saved: read, shown and applied here under the digest that they carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import World

SAVED = Path(__file__).parent / "plans" / "0.1.0.json"
"""As 0.1.0 wrote it, where the provider `openai-assistants` was still called `openai`."""
PROJECT = """version: 1
project: demo
manifests: [assistants]
environments: {local: {provider: openai-assistants, endpoint: emulator}}
"""


@pytest.fixture
def old(world: World) -> World:
    world.write("retinue.yaml", PROJECT)
    world.write("assistants/greeter.yaml", "assistant: greeter\nname: Greeter\nmodel: gpt-4o-mini\n")
    world.write("plan.json", SAVED.read_text())
    return world


@pytest.mark.parametrize("trust", [(), ("--trust-plan",)], ids=["planned again", "trusted"])
def test_a_plan_that_names_a_provider_by_its_earlier_name_is_applied(old: World, trust: tuple[str, ...]) -> None:
    ran = old.run("apply", "plan.json", *trust, "--auto-approve")
    assert ran.code == 0, ran.err
    assert "Assistant/greeter: created" in ran.out + ran.err
    assert "No changes." in old.run("plan").out


def test_a_plan_for_another_provider_is_refused(old: World) -> None:
    old.write("retinue.yaml", PROJECT.replace("openai-assistants", "azure-openai"))
    ran = old.run("apply", "plan.json", "--auto-approve")
    assert (ran.code, "this plan is for the provider `openai`, here it is `azure-openai`" in ran.err) == (3, True)
