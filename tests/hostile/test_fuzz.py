"""10,000 broken inputs: whatever a file, a plan, a marker or an export holds is read or refused, never a traceback.

Seeded, so that a run can be repeated: the number of a failing case is in its message.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from retinue.core import marker
from retinue.core.codec import dump, plan_from_json, plan_to_json
from retinue.core.errors import RetinueError
from retinue.core.model import Json, Live
from retinue.load import yaml
from retinue.load.dumps import objects_from_text
from retinue.load.export import manifests_from_objects
from retinue.load.manifests import load
from retinue.load.project import load_project
from retinue.providers.registry import catalogue

from ..core.worlds import desired, foreign, managed, plan

KNOWN = catalogue(())
CASES = 2_500
ODD = (
    *(
        b"\0",
        b"\xff",
        b"\t",
        b"\r",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"&a [*a]",
        b"<<: ",
        b"!!python/object ",
        b"- " * 40,
    ),
    *(b"{" * 40, b"[" * 40, b'"', b"'", b"${var.x}", b"${", b"{file: ../../x}", b"1e999", b"NaN", b"0755", b"~", b": "),
    *(
        b"%YAML 9\n",
        b"---\n",
        b"...\n",
        b"\x1b[2J",
        b"::error::",
        b"1" * 400,
        "é€😀".encode(),
        b"\\ud800",
        b"-0",
        b"\n",
    ),
)
WEIRD: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    [[]],
    {"": None},
    "asst_x",
    ["a", 1],
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four pieces cut out, doubled, moved, or replaced by something odd."""
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        end = min(end, start + 30)
        piece = chance.choice([b"", data[start:end] * 2, chance.choice(ODD), bytes([chance.randrange(256)])])
        data = data[:start] + piece + data[end:]
    return data


def bent(value: Json, chance: random.Random) -> Json:
    """A copy of a JSON value with something of another type, or nothing, in one place."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: bent(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        index = chance.randrange(len(value))
        return [*value[:index], bent(value[index], chance), *value[index + 1 :]]
    return chance.choice(WEIRD)


def survives(read: Callable[[random.Random], object]) -> None:
    """Every case is read or ends in one of our own errors."""
    for number in range(CASES):
        try:
            read(random.Random(number))
        except RetinueError:
            continue
        except Exception as error:  # the point of the test: nothing else may come
            pytest.fail(f"case {number}: {type(error).__name__}: {error}")


MANIFEST = b"""\
assistant: tutor
name: &name Tutor
model: "${var.model}"
instructions: |
  Teach.
  Be kind.
tools:
  - {type: code_interpreter}
  - type: function
    function: {name: look_up, parameters: {type: object, properties: {city: {type: string}}}}
metadata: {team: *name, floor: '2'}
temperature: 0.2
retinue: {protect: true, adopt: {dev: asst_1}, ignore_changes: [/temperature]}
"""
PROJECT = b"""\
version: 1
project: demo
manifests: [assistants]
defaults: {assistant: {model: "${var.model}"}}
environments:
  dev: {provider: openai-assistants, endpoint: emulator, variables: {model: gpt-4o}, overlay: over.yaml}
removed: [Assistant/old]
"""


def test_bytes_of_a_manifest() -> None:
    def read(chance: random.Random) -> None:
        parsed = yaml.parse(damaged(MANIFEST, chance), "f.yaml")
        assert parsed.complete or parsed.diagnostics

    survives(read)


def test_bytes_of_a_whole_project(tmp_path: Path) -> None:
    (tmp_path / "assistants").mkdir()
    (tmp_path / "over.yaml").write_text("assistant: tutor\ntemperature: 1\n")

    def read(chance: random.Random) -> None:
        project = damaged(PROJECT, chance) if chance.random() < 0.5 else PROJECT
        (tmp_path / "retinue.yaml").write_bytes(project)
        (tmp_path / "assistants" / "tutor.yaml").write_bytes(damaged(MANIFEST, chance))
        found, problems = load_project(tmp_path, catalogue)
        assert found or problems
        if found:
            loaded = load(found, "dev")
            assert loaded.diagnostics or loaded.resources or loaded.rendered or loaded.empty_sources

    survives(read)


def test_saved_plans() -> None:
    live: list[Live] = [managed(desired("b")), managed(desired("c")), foreign("f", name="a")]
    made = plan_to_json(plan([desired("a"), desired("b", {"model": "x", "name": "b"})], live), "1")
    text = dump(made).encode()

    def read(chance: random.Random) -> None:
        if chance.random() < 0.5:
            try:
                value = json.loads(damaged(text, chance))
            except (ValueError, RecursionError):
                return
        else:
            value = bent(made, chance)
        plan_to_json(plan_from_json(value), "1")

    survives(read)


def test_markers() -> None:
    texts = ("1 k8sJ2mQx !p =AAAAAAAAAAAA na4ayc_ mT90xQe iP3n7e0Zq81bd", "demo/dev/Assistant/tutor")

    def read(chance: random.Random) -> None:
        applied, owner = (damaged(text.encode(), chance).decode("utf-8", "replace") for text in texts)
        found = marker.parse_applied(applied)
        assert found is None or marker.parse_applied(str(found)) == found
        whose = marker.parse_owner(owner)
        assert whose is None or str(whose) == owner

    survives(read)


def test_exports() -> None:
    function = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    assistant = {
        "id": "asst_1",
        "object": "assistant",
        "created_at": 1,
        "name": "Tutor",
        "model": "gpt-4o",
        "instructions": "Teach.\n",
        "tools": [{"type": "code_interpreter"}, function],
        "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}},
        "metadata": {"a": "b"},
        "file_ids": ["file-1"],
    }
    export = {"object": "list", "data": [assistant, {**assistant, "id": "asst_2"}], "has_more": False}
    text = json.dumps(export).encode()

    def read(chance: random.Random) -> None:
        data = damaged(text, chance) if chance.random() < 0.5 else json.dumps(bent(export, chance)).encode()
        objects, problems = objects_from_text(data, "export.json", [KNOWN.kinds["Assistant"]])
        assert objects or problems
        manifests_from_objects(objects, KNOWN)

    survives(read)
