"""`account`: a key that opens another account stops every command before it reads or writes anything."""

from __future__ import annotations

import json

import pytest

from retinue_emulator.faults import Behaviour

from .conftest import World


@pytest.fixture
def shop(world: World) -> World:
    world.project(environment="    account: org-shop\n")
    world.assistant("ant")
    world.emulator.behaviour = Behaviour(account="org-shop")
    return world


def test_the_right_account_costs_one_request_and_goes_on(shop: World) -> None:
    shop.apply()
    shop.emulator.requests.clear()
    assert shop.run("plan").code == 0
    assert [f"{line.method} {line.path}?{line.query}" for line in shop.emulator.requests] == [
        "GET /v1/assistants?limit=1",
        "GET /v1/assistants?limit=100&order=asc",
    ]


def test_where_no_account_is_named_none_is_asked_for(shop: World) -> None:
    shop.project()
    assert shop.run("plan").code == 0
    assert len(shop.emulator.requests) == 1


COMMANDS = [
    ["plan"],
    ["apply", "--auto-approve"],
    ["apply", "plan.json", "--auto-approve"],
    ["destroy", "--auto-approve", "--allow", "brake=1"],
    ["output"],
    ["import"],
    ["adopt", "Assistant/ant", "asst_1", "--auto-approve"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_account_stops_every_command(shop: World, command: list[str]) -> None:
    shop.apply()
    shop.assistant("ant", "name: Ant\n")
    assert shop.run("plan", "--out", "plan.json").code == 0
    before = shop.live()
    shop.emulator.behaviour = Behaviour(account="org-other")
    shop.emulator.requests.clear()
    ran = shop.run(*command)
    assert ran.code == 4
    assert "opens the account org-other, not org-shop; nothing was read or written" in ran.err
    assert shop.live() == before
    assert len(shop.emulator.requests) == 1


def test_an_account_that_the_service_does_not_tell_is_an_error(shop: World) -> None:
    shop.emulator.behaviour = Behaviour(account="")
    ran = shop.run("plan", "--format", "json")
    (found,) = json.loads(ran.out)["diagnostics"]
    assert (ran.code, found["code"], found["line"]) == (3, "account-unreported", 9)


def test_an_account_that_a_provider_never_tells_is_an_error_offline(shop: World) -> None:
    shop.write(
        "retinue.yaml",
        (shop.root / "retinue.yaml").read_text().replace("provider: openai-assistants", "provider: flowise"),
    )
    ran = shop.run("validate")
    assert ran.code == 3
    assert "retinue.yaml:9:14: account-unreported: `account` cannot be checked: flowise reports no account" in ran.err
    assert shop.emulator.requests == []


def test_the_record_says_which_services_tell_the_account(world: World) -> None:
    told = {name: " ".join(world.run("providers", name).out.split()) for name in ("openai-assistants", "flowise")}
    assert "tells account the organization" in told["openai-assistants"]
    assert "tells account no" in told["flowise"]
