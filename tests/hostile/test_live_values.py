"""Any JSON that a service may hold, through every command: never a bug report, JSON stays JSON, an apply converges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..cli.conftest import Ran, World
from ..cli.conftest import world as world

HALF = "half \ud83d of a pair"
DEEP = 400


def _nested(levels: int, inner: Any = 1) -> Any:
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def _lists(levels: int) -> Any:
    inner: Any = []
    for _ in range(levels):
        inner = [inner]
    return inner


class Raw(float):
    """A number as it stands in a text, for what no float holds."""

    def __new__(cls, _text: str) -> Raw:
        return super().__new__(cls, 0.5)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


TEXTS = {
    "half": HALF,
    "low half": "\udc00",
    "nul": "a\0b",
    "controls": "\x1b[2J\x07\x85\u2028",
    "noncharacter": "\uffff\ufdd0\U0010ffff",
    "bom": "\ufeff",
    "bidi": "\u202eabc",
    "long": "x" * 20_000,
    "command": "::error::x\n##[group]",
}
FUNCTION = {"name": "f", "description": "d", "strict": False}
VALUES: dict[str, dict[str, Any]] = {
    **{f"name {key}": {"name": text} for key, text in TEXTS.items()},
    **{f"instructions {key}": {"instructions": text} for key, text in TEXTS.items()},
    **{f"metadata value {key}": {"metadata": {"k": text}} for key, text in TEXTS.items()},
    **{f"metadata key {key}": {"metadata": {text: "v"}} for key, text in TEXTS.items()},
    **{f"model {key}": {"model": text} for key, text in TEXTS.items()},
    **{f"unknown {key}": {"unknown": {text: [text]}, text: text} for key, text in TEXTS.items()},
    **{
        f"parameters {key}": {"tools": [{"type": "function", "function": {**FUNCTION, "parameters": {text: text}}}]}
        for key, text in TEXTS.items()
    },
    **{f"tool type {key}": {"tools": [{"type": text, text: text}]} for key, text in TEXTS.items()},
    "deep parameters": {"tools": [{"type": "function", "function": {**FUNCTION, "parameters": _nested(DEEP)}}]},
    "deep format": {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": _nested(DEEP)}}},
    "deep unknown": {"unknown": _lists(DEEP)},
    "deep tools": {"tools": _lists(DEEP)},
    "deep metadata": {"metadata": _nested(DEEP)},
    "deep resources": {"tool_resources": _nested(DEEP)},
    "huge float": {"temperature": Raw("1e400")},
    "small float": {"temperature": Raw("-1e-4000")},
    "huge integer": {"temperature": Raw("9" * 4000), "created_at": Raw("9" * 4000)},
    "long integer": {"temperature": Raw("9" * 309), "top_p": 10**200},
    "minus nothing": {"temperature": Raw("-0"), "top_p": Raw("-0.0")},
    "huge in parameters": {
        "tools": [
            {"type": "function", "function": {**FUNCTION, "parameters": {"x": Raw("1e400"), "y": Raw("7" * 4000)}}}
        ]
    },
    "long float": {"tools": [{"type": "function", "function": {**FUNCTION, "parameters": {"x": Raw("1e300")}}}]},
    "flags": {"temperature": True, "top_p": False, "created_at": True},
    "no types": {"name": 1, "instructions": [], "tools": {}, "metadata": [], "tool_resources": "x", "model": None},
    "nulls": dict.fromkeys(("name", "tools", "metadata", "tool_resources", "model", "created_at")),
    "lists of nothing": {"tools": [None, 1, "x", []], "metadata": {"": ""}, "tool_resources": {"": None}},
}


UNHEARD_OF = ("huge integer", "no types", "nulls")
"""What the emulator itself could not work with in an object that is then changed."""


def _text(value: Any) -> str:
    """JSON with each Raw as it stands."""
    found: list[str] = []

    def marked(item: Any) -> Any:
        if isinstance(item, Raw):
            found.append(item.text)
            return f"@raw{len(found) - 1}@"
        if isinstance(item, dict):
            return {key: marked(member) for key, member in item.items()}
        return [marked(member) for member in item] if isinstance(item, list) else item

    text = json.dumps(marked(value))
    for number, raw in enumerate(found):
        text = text.replace(f'"@raw{number}@"', raw)
    return text


def put(world: World, key: str, raw: dict[str, Any]) -> None:
    """Into the emulator as it is, past everything that reads it."""
    world.emulator.store.put("assistant", key, 5, _text(raw))


def commands(world: World) -> Iterator[tuple[str, ...]]:
    ours, odd = "Assistant/tutor", "asst_odd"
    yield from (
        ("plan",),
        ("plan", "--show-unchanged"),
        ("drift",),
        ("show", ours),
        ("output",),
        ("diff", "dev", "too"),
    )
    yield from (("plan", "--format", name) for name in ("json", "markdown", "sarif", "github"))
    yield from (("drift", "--format", name) for name in ("json", "markdown"))
    yield from (("show", ours, "--format", "json"), ("output", "--format", "env"), ("verify", "--", "true"))
    yield from (("diff", "dev", "too", "--live"), ("diff", "dev", "too", "--live", "--format", "json"))
    yield ("plan", "--format", "json", "--out", "plan.json")
    yield from (("show", "plan.json"), ("show", "plan.json", "--format", "json"))
    yield from (("show", "plan.json", "--format", name) for name in ("markdown", "sarif", "github"))
    yield from (("import", "--id", odd), ("import", "--update"), ("forget", "--id", odd, "--auto-approve"))
    yield ("apply", "plan.json", "--auto-approve", "--backup", "kept")
    yield ("apply", "--auto-approve", "--format", "json")


class Quiet(World):
    """Without a transcript, which would have to understand what it is given."""

    def _record(self, arguments: tuple[str, ...], ran: Ran) -> None:
        self.transcript.append("")


@pytest.fixture
def mine(world: World) -> World:
    """An applied assistant, and a second environment for comparisons."""
    world = Quiet(world.root, world.emulator, world.url, world.monkeypatch)
    url = f"endpoint: {world.url}/v1"
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, {url}, api_key: {{env: DEMO_KEY}}}}\n"
        f"  too: {{provider: openai-assistants, {url}, api_key: {{env: DEMO_KEY}}}}\n",
    )
    world.monkeypatch.setenv("RETINUE_ENV", "dev")
    world.assistant("tutor", "name: Tutor\nmetadata: {team: x}\n")
    assert world.run("apply", "--auto-approve").code == 0
    return world


@pytest.mark.parametrize("case", VALUES)
def test_no_value_of_a_live_object_is_ever_a_bug(mine: World, case: str) -> None:
    (ours,) = mine.live().values()
    values = VALUES[case]
    odd = {"id": "asst_odd", "object": "assistant", "created_at": 1, "model": "gpt-4o", "name": "Odd", "metadata": {}}
    put(mine, "asst_odd", {**odd, **values})
    metadata = values.get("metadata", {})
    kept = {**metadata, **ours["metadata"]} if isinstance(metadata, dict) else ours["metadata"]
    if case not in UNHEARD_OF:
        put(mine, ours["id"], {**ours, **values, "metadata": kept})
    for words in commands(mine):
        ran = mine.run(*words)
        assert ran.code in (0, 1, 2, 3, 5, 6, 8), (words, ran.out[-500:], ran.err[-2000:])
        (ran.out + ran.err).encode("utf-8")
        if "json" in words and "--out" not in words:
            json.loads(ran.out)
    for path in mine.root.rglob("*"):
        if path.is_file():
            path.read_bytes().decode("utf-8")
    for imported in {*(mine.root / "assistants").iterdir()} - {mine.root / "assistants/tutor.yaml"}:
        imported.unlink()
    ran = mine.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    mine.settled()
