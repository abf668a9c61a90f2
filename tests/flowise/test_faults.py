"""Whatever fails on the way: no duplicate, nothing lost, and the next plan leaves alone what an apply ends in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from retinue_emulator.faults import Fault
from retinue_emulator.flowise_rows import KIND

from .conftest import FlowiseWorld

OPENAI = "{type: OPENAI, credential: main}"
FULL = {
    "CUSTOM": """\
description: Teaches.
instructions: |
  Teach.

  Be kind.
temperature: 0.2
top_p: 0.9
metadata: {team: x, floor: '2'}
providers:
  flowise:
    credential: main
    iconSrc: /a.png
    chatModel: {inputs: {streaming: false}}
    tools: [{name: calculator}, {name: serpAPI}]
    documentStores: [{name: handbook, returnSourceDocuments: true}]
""",
    "OPENAI": """\
description: Teaches.
instructions: Teach.
temperature: 0.2
top_p: 0.9
metadata: {team: x, floor: '2'}
tools: [{type: code_interpreter}, {type: file_search}]
tool_resources: {code_interpreter: {file_ids: [file-b, file-a]}, file_search: {vector_store_ids: [vs_1]}}
providers: {flowise: {type: OPENAI, credential: main, iconSrc: /a.png}}
""",
}
LINES = [
    (kind, line)
    for kind, text in FULL.items()
    for line in text.splitlines()
    if not line.startswith(("providers", "  flowise", "  Teach", "  Be", "instructions: |")) and line
]


@pytest.mark.parametrize(("kind", "gone"), LINES)
def test_each_removed_line_resets_its_field_and_settles(world: FlowiseWorld, kind: str, gone: str) -> None:
    world.project()
    world.credential()
    world.emulator.seed({"object": "flowise.docstore", "name": "handbook"})
    world.assistant("tutor", f"name: Tutor\n{FULL[kind]}")
    world.apply()
    rest = "\n".join(line for line in FULL[kind].splitlines() if line != gone)
    world.assistant("tutor", f"name: Tutor\n{rest}\n")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()


@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken"])
@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("block", ["", OPENAI])
def test_a_create_whose_answer_is_lost_makes_no_duplicate(
    world: FlowiseWorld, kind: str, after_commit: bool, block: str
) -> None:
    world.project()
    world.credential()
    for name in ("ant", "bee", "cow"):
        world.flowise(name, block)
    world.emulator.faults.on("POST /api/v1/assistants$", Fault(kind, 500, after_commit=after_commit), after=1)
    world.apply()
    assert sorted(world.rows()) == ["Ant", "Bee", "Cow"]
    assert len(world.live()) == (3 if block else 0)


@pytest.mark.parametrize("request_line", ["GET /api/v1/", "PUT /api/v1/assistants/", "DELETE /api/v1/assistants/"])
@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken", "cut"])
def test_what_is_safe_to_repeat_goes_through(world: FlowiseWorld, request_line: str, kind: str) -> None:
    world.project("removed: [Assistant/dog]\n")
    for name in ("ant", "bee", "cow"):
        world.flowise(name)
    world.project()
    world.flowise("dog")
    world.apply()
    world.flowise("ant", text="temperature: 0.1\n")
    world.remove("assistants/dog.yaml")
    world.project("removed: [Assistant/dog]\n")
    world.emulator.faults.on(request_line, Fault(kind, 500))
    world.apply()
    assert sorted(world.rows()) == ["Ant", "Bee", "Cow"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_apply_under_fire_ends_in_the_same_world(world: FlowiseWorld, seed: int) -> None:
    world.project()
    world.credential()
    for number in range(12):
        world.flowise(f"bot-{number}", OPENAI if number % 2 else "")
    faults = [Fault("status"), Fault("status", after_commit=True), Fault("reset"), Fault("reset", after_commit=True)]
    faults += [Fault("html"), Fault("html", after_commit=True), Fault("cut"), Fault("status", 503, hint="seconds")]
    world.emulator.faults.sometimes(seed, 0.15, faults)
    for _ in range(10):
        if world.run("apply", "--auto-approve").code == 0:
            break
    world.emulator.faults.clear()
    world.apply()
    rows = [row["parsed"] for row in world.rows().values()]
    assert sorted(row["name"] for row in rows) == sorted(f"Bot-{number}" for number in range(12))
    assert world.emulator.store.count("flowise_assistant") == 12
    # A create that an upstream took and Flowise lost leaves none behind, because the row is there as well.
    assert set(world.live()) == {row["id"] for row in rows if "id" in row}


def test_a_catalogue_that_cannot_be_read_stops_a_write_and_makes_no_poor_row(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter")
    assert world.run("plan", "--out", "plan.json").code == 0
    broken = Fault("status", 400, body='{"message": "no"}')
    world.emulator.faults.on("GET /api/v1/assistants/components", broken, times=None)
    assert world.run("plan").code == 1
    assert world.run("apply", "plan.json", "--auto-approve").code == 1
    assert json.dumps(world.rows()) == "{}"


def _nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("kind", ["CUSTOM", "OPENAI"])
@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda text: text[:-1] + ',"x":1e400}', 0),
        (lambda text: text[:-1] + f',"x":{_nested(400)}}}', 0),
        (lambda text: text[:-1] + f',"x":{"9" * 400}}}', 0),
        (lambda text: text[:-1], 5),
        (lambda text: text + "}", 5),
        (lambda text: text[:-1] + ',"x":NaN}', 5),
        (lambda text: f"[{text}]", 5),
        (json.dumps, 5),
    ],
)
def test_details_that_cannot_be_written_again_are_left_alone_and_nothing_is_created_beside_them(
    world: FlowiseWorld, damage: Callable[[str], str], code: int, kind: str
) -> None:
    world.project()
    world.credential()
    block = f"{{type: {kind}, credential: main}}"
    world.flowise("greeter", block)
    world.apply()
    ((key, text),) = world.emulator.store.texts(KIND)
    row = json.loads(text)
    row["details"] = damage(row["details"])
    world.emulator.store.put(KIND, key, 5, json.dumps(row))
    world.monkeypatch.setattr(world, "normal", str)  # it reads all details
    before = world.emulator.store.texts(KIND)
    assert world.run("apply", "--auto-approve").code == code
    assert world.run("plan").code == 0
    world.flowise("greeter", block, "instructions: Say hello.\n")
    assert world.run("apply", "--auto-approve").code == (code or 1)
    assert world.emulator.store.texts(KIND) == before
