"""What answers for a CUSTOM row: made, changed, compared and deleted with it, whatever fails on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour, Fault

from .conftest import FlowiseWorld

TOOLS = "{tools: [{name: calculator}], documentStores: [{name: handbook, description: The rules.}]}"


@pytest.fixture
def tutor(world: FlowiseWorld) -> FlowiseWorld:
    """A world with one assistant that answers."""
    world.project()
    world.emulator.seed({"object": "flowise.docstore", "name": "handbook", "description": "Rules."})
    teach(world, "Teach.")
    world.apply()
    return world


def teach(world: FlowiseWorld, prompt: str, block: str = TOOLS) -> None:
    world.flowise("tutor", block, f"instructions: {prompt}\ntemperature: 0.3\n")


def flow_of(world: FlowiseWorld, name: str = "Tutor") -> dict[str, Any]:
    return world.flows()[world.rows()[name]["parsed"]["flowId"]]


def nodes(flow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node["data"] for node in json.loads(flow["flowData"])["nodes"]}


def edit_flow(world: FlowiseWorld, change: Callable[[dict[str, Any]], object], **columns: Any) -> None:
    """As a person does past Flowise's page of the assistant."""
    flow = flow_of(world)
    data = json.loads(flow["flowData"])
    change(data)
    world.emulator.flowise.chatflows.save({"flowData": json.dumps(data), **columns}, flow["id"])


def fields(world: FlowiseWorld) -> list[tuple[str, Any, str]]:
    """Path, what is live of the chatflow, and the cause, of each field of the plan's steps."""
    changes = json.loads(world.run("plan", "--format", "json").out)["changes"]
    found = [(item["path"], item["before"], item["cause"]) for change in changes for item in change["fields"]]
    return [
        (path, before["flowise"].get("chatflow") if path == "/providers" else before, why)
        for path, before, why in found
    ]


def test_a_new_row_answers_at_once(tutor: FlowiseWorld) -> None:
    flow = flow_of(tutor)
    assert (flow["type"], flow["name"], tutor.prompt("Tutor")) == ("ASSISTANT", "Tutor", "Teach.")
    found = nodes(flow)
    assert found["chatOpenAI_0"]["inputs"]["modelName"] == "gpt-4o"
    assert found["toolAgent_0"]["inputs"]["tools"] == ["{{retrieverTool_0}}", "{{calculator_0}}"]
    assert found["retrieverTool_0"]["inputs"]["description"] == "The rules."
    assert found["documentStoreVS_0"]["outputs"] == {"output": "retriever"}
    ran = tutor.run("output")
    assert json.loads(ran.out) == {"Assistant/tutor": flow["id"]}


@pytest.mark.parametrize("line", ["prompt", "model", "name", "temperature", "tools", "stores", "chat model"])
def test_a_changed_line_reaches_what_answers(tutor: FlowiseWorld, line: str) -> None:
    key = flow_of(tutor)["id"]
    text = "instructions: Teach.\ntemperature: 0.3\n"
    match line:
        case "prompt":
            tutor.flowise("tutor", TOOLS, text.replace("Teach", "Teach chess"))
        case "model":
            tutor.flowise("tutor", TOOLS, text, model="gpt-4o-mini")
        case "name":
            tutor.write("assistants/tutor.yaml", f"assistant: tutor\nname: Other\nmodel: gpt-4o\n{text}")
        case "temperature":
            tutor.flowise("tutor", TOOLS, text.replace("0.3", "0.9"))
        case "tools":
            tutor.flowise("tutor", TOOLS.replace("calculator", "serpAPI"), text)
        case "stores":
            tutor.flowise("tutor", "{tools: [{name: calculator}]}", text)
        case _:
            tutor.flowise("tutor", TOOLS.replace("{tools", "{chatModel: {name: chatMistralAI}, tools"), text)
    before = flow_of(tutor)["flowData"], flow_of(tutor)["name"]
    tutor.apply()
    after = tutor.flows()[key]
    assert (after["flowData"], after["name"]) != before
    assert list(tutor.flows()) == [key]


def _prompt(data: dict[str, Any]) -> None:
    next(n for n in data["nodes"] if n["id"] == "toolAgent_0")["data"]["inputs"]["systemMessage"] = "Hacked."


def _model(data: dict[str, Any]) -> None:
    next(n for n in data["nodes"] if n["id"] == "chatOpenAI_0")["data"]["inputs"]["modelName"] = "gpt-3.5"


def _iterations(data: dict[str, Any]) -> None:
    next(n for n in data["nodes"] if n["id"] == "toolAgent_0")["data"]["inputs"]["maxIterations"] = 3


@pytest.mark.parametrize(
    ("change", "live"),
    [
        (_prompt, {"instructions": "Hacked."}),
        (_model, {"model": "gpt-3.5"}),
        (_iterations, {"state": "rebuilt by hand"}),
        (lambda data: data["edges"].pop(), {"state": "rebuilt by hand"}),
        (lambda data: data["nodes"].pop(), {"state": "rebuilt by hand"}),
        (lambda data: data.update(nodes=[], edges=[]), {"state": "rebuilt by hand"}),
        (lambda data: data.update(nodes=[1, {"id": {}, "data": 5}]), {"state": "rebuilt by hand"}),
    ],
)
def test_a_chatflow_that_was_changed_by_hand_is_drift(
    tutor: FlowiseWorld, change: Callable[[dict[str, Any]], object], live: Any
) -> None:
    before = flow_of(tutor)["flowData"]
    edit_flow(tutor, change)
    assert fields(tutor) == [("/providers", live, "drift")]
    assert tutor.run("drift", "--detailed-exitcode").code == 2
    tutor.apply()
    assert flow_of(tutor)["flowData"] == before


def test_one_that_was_deleted_is_drift_and_made_again(tutor: FlowiseWorld) -> None:
    gone = flow_of(tutor)["id"]
    tutor.emulator.store.delete("flowise_chatflow", gone)
    assert fields(tutor) == [("/providers", {"state": "missing"}, "drift")]
    tutor.apply()
    assert tutor.prompt("Tutor") == "Teach." and gone not in tutor.flows()


def test_it_goes_with_its_row(tutor: FlowiseWorld) -> None:
    tutor.emulator.flowise.chatflows.save({"name": "Mine", "flowData": '{"nodes": []}', "type": "CHATFLOW"})
    tutor.remove("assistants/tutor.yaml")
    tutor.project("removed: [Assistant/tutor]\n")
    assert tutor.run("apply", "--auto-approve").code == 0
    assert tutor.rows() == {} and [flow["name"] for flow in tutor.flows().values()] == ["Mine"]


def test_a_row_that_is_let_go_keeps_what_answers(tutor: FlowiseWorld) -> None:
    tutor.remove("assistants/tutor.yaml")
    tutor.project("removed: [{address: Assistant/tutor, forget: true}]\n")
    assert tutor.run("apply", "--auto-approve").code == 0
    assert tutor.prompt("Tutor") == "Teach."


def test_what_the_page_built_comes_back_without_a_difference(world: FlowiseWorld) -> None:
    world.project()
    store = world.emulator.seed({"object": "flowise.docstore", "name": "handbook"})
    teach(world, "Teach.")
    world.apply()
    details = world.rows()["Tutor"]["parsed"]
    world.remove("assistants/tutor.yaml")
    world.emulator.store.clear()
    world.emulator.seed({"object": "flowise.docstore", "name": "handbook", "id": store})
    held = {key: value for key, value in details.items() if key not in ("metadata", "flowId")}
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": held})
    world.save_page("Tutor")
    before = world.flows()
    assert world.run("import").code == 0
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()
    assert world.flows() == before
    world.write(
        "assistants/tutor.yaml",
        (world.root / "assistants/tutor.yaml").read_text().replace("Teach.", "Teach chess."),
    )
    world.apply()
    assert list(world.flows()) == list(before) and world.prompt("Tutor") == "Teach chess."


def test_a_row_of_another_hand_whose_chatflow_says_otherwise_is_told_at_its_adoption(world: FlowiseWorld) -> None:
    world.project()
    model = {"name": "chatOpenAI", "inputs": {"modelName": "gpt-4o"}}
    details = {"name": "Tutor", "instruction": "Old.", "chatModel": model}
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": details})
    world.save_page("Tutor")
    world.edit("Tutor", instruction="New.")
    assert world.run("import").code == 0
    assert fields(world) == [("/providers", {"instructions": "Old."}, "both")]
    world.apply()
    assert world.prompt("Tutor") == "New."


@pytest.mark.parametrize("kind", ["reset", "status", "html", "broken"])
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_lost_answer_makes_no_second_one(world: FlowiseWorld, kind: str, after_commit: bool) -> None:
    world.project()
    for name in ("ant", "bee", "cow"):
        world.flowise(name, text=f"instructions: I am {name}.\n")
    fault = Fault(kind, 500, after_commit=after_commit)
    world.emulator.faults.on("POST /api/v1/chatflows", fault, after=1)
    world.run("apply", "--auto-approve")
    world.apply()
    assert len(world.flows()) == len(world.rows()) == 3
    assert [world.prompt(name) for name in ("Ant", "Bee", "Cow")] == ["I am ant.", "I am bee.", "I am cow."]


def test_a_refusal_for_the_pace_is_waited_out(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("ant")
    world.emulator.faults.on("POST /api/v1/chatflows", Fault("status", 429, hint="seconds"))
    world.apply()
    assert len(world.flows()) == 1


LATER = ["POST /api/v1/chatflows", "PUT /api/v1/assistants/", "GET /api/v1/nodes/"]


@pytest.mark.parametrize("line", LATER)
@pytest.mark.parametrize("deny", ["", "    on_drift: deny\n"])
def test_a_row_whose_making_broke_off_is_finished_by_the_next_apply(world: FlowiseWorld, line: str, deny: str) -> None:
    """What a step of ours left undone is no edit of a person, so nothing needs to be allowed."""
    world.project(environment=deny)
    world.flowise("ant", text="instructions: Hi.\n")
    broken = Fault("status", 400, body='{"message": "no"}')
    world.emulator.faults.on(line, broken, times=None)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 8 and "nothing answers for it yet" in ran.out + ran.err
    ran = world.run("output")
    assert json.loads(ran.out) == {} and "nothing answers for it yet" in ran.err
    world.emulator.faults.clear()
    assert [why for _, _, why in fields(world)] == ["manifest"]
    world.apply()
    assert len(world.flows()) == 1 and world.prompt("Ant") == "Hi."


@pytest.mark.parametrize("back", [False, True])
def test_a_change_that_broke_off_between_both_is_no_drift(tutor: FlowiseWorld, back: bool) -> None:
    tutor.project(environment="    on_drift: deny\n")
    teach(tutor, "Teach chess.")
    broken = Fault("status", 400, body='{"message": "no"}')
    tutor.emulator.faults.on("PUT /api/v1/assistants/", broken, times=None)
    assert tutor.run("apply", "--auto-approve").code != 0
    tutor.emulator.faults.clear()
    assert tutor.prompt("Tutor") == "Teach chess."
    if back:
        teach(tutor, "Teach.")
    assert {why for _, _, why in fields(tutor)} == {"manifest"}
    tutor.apply()
    assert tutor.prompt("Tutor") == ("Teach." if back else "Teach chess.")


def test_a_delete_that_broke_off_between_both_is_finished(tutor: FlowiseWorld) -> None:
    tutor.remove("assistants/tutor.yaml")
    tutor.project("removed: [Assistant/tutor]\n")
    tutor.emulator.faults.on("DELETE /api/v1/assistants/", Fault("status", 400, body="{}"), times=None)
    assert tutor.run("apply", "--auto-approve").code != 0
    assert tutor.flows() == {} and len(tutor.rows()) == 1
    tutor.emulator.faults.clear()
    assert tutor.run("apply", "--auto-approve").code == 0
    assert tutor.rows() == {}


def test_a_second_one_of_a_race_goes_and_what_the_row_links_stays(tutor: FlowiseWorld) -> None:
    flow = flow_of(tutor)
    copy = tutor.emulator.flowise.chatflows.save({**flow, "id": None})
    assert fields(tutor) == [("/providers", {"copies": [copy["id"]]}, "manifest")]
    tutor.apply()
    assert list(tutor.flows()) == [flow["id"]]


def test_a_lost_link_is_written_again_and_the_chatflow_stays(tutor: FlowiseWorld) -> None:
    key = flow_of(tutor)["id"]
    tutor.edit("Tutor", flowId=None)
    assert json.loads(tutor.run("output").out) == {}
    teach(tutor, "Teach chess.")
    tutor.apply()
    assert list(tutor.flows()) == [key] and tutor.prompt("Tutor") == "Teach chess."


@pytest.mark.parametrize("of", ["canvas", "another row", "nobody"])
def test_a_chatflow_of_somebody_else_is_never_written(tutor: FlowiseWorld, of: str) -> None:
    flows, row = tutor.emulator.flowise.chatflows, tutor.rows()["Tutor"]
    tutor.emulator.store.delete("flowise_chatflow", row["parsed"]["flowId"])
    body: dict[str, Any] = {"name": "Theirs", "flowData": '{"nodes": [], "edges": []}', "type": "ASSISTANT"}
    other = {"canvas": "f-1", "nobody": "6f1d4ad4-0000-4000-8000-000000000000"}.get(of, "")
    if of == "canvas":
        other = flows.save({**body, "type": "CHATFLOW"})["id"]
    if of == "another row":
        other = flows.save(body)["id"]
        tutor.emulator.seed(
            {
                "object": "flowise.assistant",
                "type": "CUSTOM",
                "created_at": 5,
                "details": {"name": "X", "flowId": other},
            }
        )
    tutor.edit("Tutor", flowId=other)
    teach(tutor, "Teach chess.")
    tutor.apply()
    assert tutor.prompt("Tutor") == "Teach chess." and flow_of(tutor)["id"] != other
    if of != "nobody":
        assert tutor.flows()[other]["name"] == "Theirs"
    tutor.remove("assistants/tutor.yaml")
    tutor.project("removed: [Assistant/tutor]\n")
    assert tutor.run("apply", "--auto-approve").code == 0
    assert list(tutor.flows()) == ([other] if of != "nobody" else [])


def test_a_copied_row_shares_no_chatflow_with_the_one_it_was_copied_from(tutor: FlowiseWorld) -> None:
    row = tutor.rows()["Tutor"]
    copied = {key: value for key, value in row["parsed"].items() if key != "metadata"} | {"name": "Copy"}
    tutor.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": copied, "created_at": 5})
    tutor.settled()
    key = flow_of(tutor)["id"]
    assert tutor.run("import").code == 0
    tutor.apply()
    assert flow_of(tutor)["id"] == key != flow_of(tutor, "Copy")["id"]


@pytest.mark.parametrize("may", ["seen", "forbidden"])
def test_a_key_without_the_permission_is_told_what_to_give(tutor: FlowiseWorld, may: str) -> None:
    before = tutor.flows()
    tutor.emulator.behaviour = Behaviour(flowise_chatflows=may)
    ran = tutor.run("plan", "--detailed-exitcode")
    assert ran.code == 0
    assert ("`chatflows:view`, `chatflows:create` and `chatflows:update`" in ran.out + ran.err) == (may == "forbidden")
    teach(tutor, "Teach chess.")
    ran = tutor.run("apply", "--auto-approve")
    assert ran.code == (4 if may == "seen" else 0)
    assert "chatflows:update" in ran.out + ran.err
    assert tutor.flows() == before
    tutor.emulator.behaviour = Behaviour()
    tutor.apply()
    assert tutor.prompt("Tutor") == "Teach chess."


def test_chatflows_are_listed_once_and_only_where_a_row_needs_them(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise("old", "{type: OPENAI, credential: main}")
    model = {"name": "chatOpenAI", "inputs": {"modelName": "gpt-4o"}}
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": {"name": "T", "chatModel": model}})
    world.apply()
    world.requests()
    assert world.run("plan").code == 0
    assert not [line for line in world.requests() if "chatflows" in line]
    for number in range(30):
        world.flowise(f"bot-{number}")
    world.apply()
    world.requests()
    assert world.run("plan").code == 0
    assert [line for line in world.requests() if "chatflows" in line] == ["GET /chatflows"]
    world.flowise("bot-3", text="instructions: Hi.\n")
    row = world.rows()["Bot-3"]
    world.requests()
    assert world.run("apply", "--auto-approve").code == 0
    one, flow = f"/assistants/{row['id']}", f"/chatflows/{row['parsed']['flowId']}"
    found = [line for line in world.requests() if one in line or "chatflows" in line or "/nodes/" in line]
    assert found[0] == "GET /chatflows"
    assert found[1:] == [
        f"GET {one}",
        f"GET {flow}",
        "GET /nodes/toolAgent",
        "GET /nodes/bufferMemory",
        f"PUT {flow}",
        f"PUT {one}",
    ]
