"""`providers check`: each option of the emulator that a client can see is found, and nothing is left behind."""

from __future__ import annotations

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from retinue.core.masking import told
from retinue.schema.bundle import output_schemas
from retinue_emulator.anthropic import KIND as MANAGED
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from ..emulator.choices import ALL, MISBEHAVIOUR
from ..flowise.conftest import FlowiseWorld
from ..langgraph.conftest import LangGraphWorld
from ..langgraph.conftest import world as langgraph
from ..schema.closing import closed, faults
from .conftest import World

__all__ = ["langgraph"]
SCHEMA = Draft7Validator(closed(output_schemas()["check"]))
CHECK = ("providers", "check", "-e", "dev", "--auto-approve")
NOT_SEEN = {
    "empty_resources": "no provider sends an empty `tool_resources`: its members are named one by one",
    "unknown_cursor": "a list is only asked for what comes after an object that it has answered",
    "beta_status": "the header is never left out",
    "agents_page": "pages are read away before anything else sees them; both kinds are read alike",
    "managed_effort": "no probe has another model",
    "managed_multiagent": "each of its abilities is sent, so merged and replaced are the same",
    "managed_tools": "no probe has so many tools",
    "managed_archived": "what is archived is not written again",
    "managed_rearchive": "nothing is archived twice",
    "assistant_files": "a check uploads no file",
    "index_seconds": "a check uploads no file",
    "index_failures": "a check uploads no file",
    "index_stuck": "a check uploads no file",
    "foundry_create": "of the provider `foundry`, which is not checked here",
    "foundry_endpoint": "of the provider `foundry`, which is not checked here",
    "foundry_list": "of the provider `foundry`, which is not checked here",
    "foundry_numbers": "of the provider `foundry`, which is not checked here",
    "foundry_reference": "of the provider `foundry`, which is not checked here",
    **dict.fromkeys(
        ("mistral_arguments", "mistral_base", "mistral_metadata", "mistral_noop"),
        "of the provider `mistral`, which is not checked here",
    ),
    "flowise_chatflows": "a check of `openai-assistants` asks for none",
    "token_seconds": "a key that lasts for the whole check looks like any other; one that does not ends it in 4",
}
"""The options that cannot be seen through the verbs of a provider, and why."""
SEEN: tuple[tuple[str, Any, str], ...] = (
    ("metadata", "replace", "Assistant `metadata` changed since it was read: undone by every write"),
    ("null", "keep", 'Assistant `description` taken away: stays "Made by retinue providers check. "'),
    ("null", "refuse", "Assistant `description` taken away: refused (400 invalid_type)"),
    ("resources", "given", "answers"),
    ("resources", "absent", "answers"),
    ("parameters", "schema", "answers"),
    ("parameters", "absent", "answers"),
    ("ties", "id", "Assistant order within one second: of the ids"),
    ("answers_effort", True, "Assistant `reasoning_effort`: kept"),
    ("hybrid_search", True, "answers"),
    ("store_nulls", "none", "answers"),
    ("account", "", " account: not told"),
    ("lag_lists", 2, "2 lists without it"),
    ("lag_seconds", 3.0, "lists without it"),
    ("unsupported", frozenset(["temperature"]), "Assistant `temperature`: refused (400"),
    ("alterations", {"temperature": "round"}, "Assistant `temperature`: answered as 0.6"),
    ("alterations", {"model": "expand-alias"}, "Assistant `model` of a create: answered as"),
    ("alterations", {"description": "trim"}, "Assistant `description`: answered as"),
    ("alterations", {"instructions": "upper"}, "Assistant `instructions`: answered as"),
    ("alterations", {"tools": "reverse"}, "Assistant `tools`: answered as"),
    ("gone", True, "api-gone"),
    ("api_key", "sk-other", "auth"),
    ("token_requests", 0, "auth"),
    ("agents_defaults", "model", "Assistant `providers` left out: {"),
    ("agents_objects", "merge", "Assistant `providers` changed since it was read: kept"),
    ("agents_optional", "absent", "answers"),
    ("managed_noop", "version", "Assistant a write of what is there: changes version"),
    ("workspace", "wrkspc_other", "auth"),
)
PROVIDERS = {"agents_": "openai-agents", "managed_": "anthropic", "workspace": "anthropic"}
"""Whose an option is, by how it begins; else it is of `openai-assistants`."""

USUAL: dict[str, set[str]] = {}
"""What is found without any option, asked for once, by provider."""


@pytest.fixture
def shop(world: World) -> World:
    """An object of the project is live; ids count down, so that their order is not that of creation."""
    numbers = itertools.count(999_999, -1)
    emulator = world.emulator
    for part in (emulator.assistants, emulator.agents, emulator.anthropic, emulator.vector_stores):
        part._new_id = lambda prefix: f"{prefix}{next(numbers):024}"
        part._now = lambda: 1_790_000_000.0  # all within one second
    world.project(environment="    on_loss: allow\n")
    world.assistant("ant", "name: Ant\ninstructions: Hi.\n")
    return world


def on_agents(world: World, provider: str = "openai-agents") -> None:
    text = (world.root / "retinue.yaml").read_text(encoding="utf-8").replace("openai-assistants", provider)
    world.write("retinue.yaml", text.replace("/v1\n", "/anthropic\n") if provider == "anthropic" else text)


def everything(emulator: Emulator) -> list[Any]:
    kinds = ("assistant", "agent", "vector_store", MANAGED)
    found = [item for kind in kinds for item in emulator.store.everything(kind)]
    return [(key, raw) for key, raw in found if raw.get("archived_at") is None]


def facts(value: Mapping[str, Any]) -> Iterator[str]:
    """One line a finding; what a failing command says, by code; the answers in one."""
    yield from (f"{item['kind']} {item['probe']}: {item['fact']}" for item in value.get("findings", ()))
    yield from (item["code"] for item in value.get("diagnostics", ()))
    yield f"answers {json.dumps(value.get('answers'), sort_keys=True)}"


def checked(world: World, code: int | None = None) -> dict[str, Any]:
    ran = world.run(*CHECK, "--format", "json")
    value: dict[str, Any] = json.loads(ran.out)
    assert code in (None, ran.code), ran.out + ran.err
    assert faults(SCHEMA, value) == []
    if "findings" in value:
        assert ran.code == int(any(item["holds"] is False for item in value["findings"])), ran.out
    return value


@pytest.mark.parametrize(("option", "value", "expected"), SEEN, ids=lambda item: str(item)[:24])
def test_each_option_that_can_be_seen_is_found(shop: World, option: str, value: Any, expected: str) -> None:
    provider = next((name for start, name in PROVIDERS.items() if option.startswith(start)), "openai-assistants")
    on_agents(shop, provider)
    usual = USUAL[provider] = USUAL.get(provider) or {*facts(checked(shop, 0))}
    shop.emulator.behaviour = Behaviour(**{option: value})
    found = [line for line in facts(checked(shop)) if line not in usual]
    assert any(line.startswith(expected) or expected in line for line in found), found
    assert everything(shop.emulator) == []


def test_every_option_is_found_or_said_to_be_invisible() -> None:
    assert {option for option, *_ in SEEN} | NOT_SEEN.keys() == ALL.keys() | MISBEHAVIOUR
    assert not {option for option, *_ in SEEN} & NOT_SEEN.keys()


def test_what_is_ours_and_what_is_not_stays_as_it_is(shop: World) -> None:
    shop.apply()
    shop.emulator.seed({"name": "Theirs", "model": "m"})
    before = shop.live()
    ran = shop.run(*CHECK)
    assert (ran.code, shop.live()) == (0, before), ran.out
    assert ran.out.splitlines()[-1] == "Every claim holds."
    shop.settled()
    ids = [*before, "Ant", "gpt-4o", "emulator"]
    assert not [text for text in ids if text in ran.out], ran.out


def test_without_a_terminal_the_flag_is_named(shop: World) -> None:
    ran = shop.run(*CHECK[:-1])
    assert (ran.code, "--auto-approve" in ran.err, shop.writes()) == (3, True, 0)


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), ("", 1)])
def test_on_a_terminal_only_yes_is_yes(shop: World, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "retinue", *CHECK[:-1]]
    process = subprocess.Popen(command, cwd=shop.root, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    process.communicate(timeout=60)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert (process.returncode, bool(shop.writes()), "retinue-check-" in seen) == (code, code == 0, True), seen
    assert everything(shop.emulator) == []


@pytest.mark.parametrize("after", [0, 1, 5])
@pytest.mark.parametrize("fault", [Fault("reset", after_commit=True), Fault("status", 400), Fault("html")])
def test_nothing_is_left_after_an_error(shop: World, fault: Fault, after: int) -> None:
    on_agents(shop)
    shop.emulator.faults.on("POST", fault, after=after)
    ran = shop.run(*CHECK)
    assert (everything(shop.emulator), ran.code in (0, 1)) == ([], True), ran.err


def test_what_cannot_be_removed_is_said(shop: World) -> None:
    on_agents(shop)
    shop.emulator.faults.on("DELETE", Fault("status", 403), times=None)
    ran = shop.run(*CHECK)
    assert (ran.code, len(everything(shop.emulator))) == (4, 6), ran.err
    assert all(key in ran.err for key, _ in everything(shop.emulator))


def test_nothing_is_left_after_an_interrupt(shop: World) -> None:
    on_agents(shop)
    shop.emulator.latency = 0.05
    command = [sys.executable, "-m", "retinue", *CHECK]
    process = subprocess.Popen(command, cwd=shop.root, stderr=subprocess.PIPE)
    while not shop.emulator.writes():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, everything(shop.emulator)) == (130, []), err


def test_without_a_manifest_it_says_what_is_missing(world: World) -> None:
    world.project()
    world.write("assistants/notes.yaml", "vector_store: notes\nname: Notes\n")
    ran = world.run(*CHECK)
    assert (ran.code, "retinue init" in ran.err, world.writes()) == (3, True, 0), ran.err


def test_on_langgraph(langgraph: LangGraphWorld) -> None:
    langgraph.project()
    langgraph.graph("a", "instructions: Hi.\n")
    found = {*facts(checked(langgraph, 0))}
    assert {
        "Assistant `metadata` changed since it was read: kept",
        "Assistant `temperature` changed since it was read: undone by instructions, top_p, reasoning_effort",
    } <= found
    assert not langgraph.live()


def test_on_flowise(world: World) -> None:
    flowise = FlowiseWorld(world.root, world.emulator, world.url, world.monkeypatch)
    flowise.project()
    key = flowise.credential()
    flowise.flowise("a", "{credential: main}", "instructions: Hi.\n")
    value = checked(flowise, 0)
    assert "Assistant `metadata` changed since it was read: undone by every write" in {*facts(value)}
    assert not flowise.rows()
    assert "main" not in json.dumps(value)
    assert key not in json.dumps(value)


def test_what_may_be_an_id_is_not_told() -> None:
    value = {"id": "asst_1", "abc-123": [1, 7_000_000, 0.5, True, None, "low", ""], "low": "LOW"}
    assert told(value, {"low"}) == {
        "id": "(text)",
        "(name)": [1, "(number)", 0.5, True, None, "low", ""],
        "low": "(text)",
    }
