"""What a Flowise user sees: whole commands, compared with golden texts. After each apply the next plan is empty."""

from __future__ import annotations

import json
from collections.abc import Callable

from retinue_emulator.faults import Behaviour, Fault

from .conftest import FlowiseWorld

Golden = Callable[[str, str], None]


def test_first_apply_and_the_one_after(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.credential()
    world.flowise(
        "tutor",
        "{credential: main, iconSrc: /tutor.png, chatModel: {inputs: {streaming: false}}, tools: [{name: calculator}]}",
        "instructions: |\n  You teach.\n  Be kind.\ntemperature: 0.2\n",
    )
    world.flowise("greeter", model="gpt-4o-mini")
    world.apply()
    row = world.rows()["Tutor"]
    node = row["parsed"]["chatModel"]
    assert (row["type"], row["iconSrc"], row["parsed"]["instruction"]) == (
        "CUSTOM",
        "/tutor.png",
        "You teach.\nBe kind.",
    )
    assert (node["inputs"]["modelName"], node["inputs"]["temperature"], node["inputs"]["streaming"]) == (
        "gpt-4o", 0.2, False,
    )  # fmt: skip
    assert node["inputParams"][0]["credentialNames"] == ["openAIApi"] and "filePath" not in node
    assert [tool["name"] for tool in row["parsed"]["tools"]] == ["calculator"]
    writes = len(world.emulator.writes())
    assert world.run("apply", "--auto-approve").code == 0
    assert len(world.emulator.writes()) == writes
    golden("first-apply", world.seen())


def test_names_that_mean_nothing_there(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    for name, kind in (
        ("main", "openAIApi"),
        ("twice", "openAIApi"),
        ("twice", "openAIApi"),
        ("claude", "anthropicApi"),
    ):
        world.credential(name, kind)
    world.flowise("a", "{credential: mian}")
    world.flowise("b", "{credential: twice, chatModel: {name: chatOpenAi}}")
    world.flowise("c", "{credential: claude, chatModel: {inputs: {streamin: true}}}")
    world.flowise(
        "d", "{tools: [{name: calculater}, {name: requestsGet, inputs: {url: x}}], documentStores: [{name: x}]}"
    )
    world.flowise("e", "{type: OPENAI, credential: claude}")
    assert world.run("plan").code == 3
    assert world.emulator.writes() == []
    golden("unknown-names", world.seen())


def test_a_lost_marker_is_known_again_and_drift_is_repaired(world: FlowiseWorld, golden: Golden) -> None:
    """The page of an OPENAI row drops what it does not know, and its Sync button the copy of the marker too."""
    world.project()
    world.credential()
    world.flowise("greeter", "{type: OPENAI, credential: main}", "instructions: Say hello.\n")
    world.apply()
    key = world.rows()["Greeter"]["id"]
    world.save_page("Greeter", sync=True, instructions="Say goodbye.")
    world.run("drift")
    world.run("drift", "--format", "markdown")
    world.apply()
    assert {row["id"] for row in world.rows().values()} == {key}
    golden("marker-lost", world.seen())


def test_two_unmarked_rows_of_one_name_are_not_guessed_at(world: FlowiseWorld) -> None:
    world.project()
    for _ in range(2):
        world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": {"name": "Greeter"}})
    world.flowise("greeter")
    assert world.run("apply", "--auto-approve").code == 5


def test_a_row_of_another_type_is_not_taken_for_ours(world: FlowiseWorld) -> None:
    world.project()
    world.emulator.seed({"object": "flowise.assistant", "details": {"name": "Greeter", "model": "gpt-4o"}})
    world.flowise("greeter")
    assert world.run("apply", "--auto-approve").code == 5
    assert "twin" in world.run("plan", "--format", "json").out


def test_both_layers_of_drift_are_shown_and_repaired(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.credential()
    world.flowise("greeter", "{type: OPENAI, credential: main}", "instructions: Say hello.\ntemperature: 0.5\n")
    world.apply()
    (key,) = world.live()
    world.emulator.assistants.seed({**world.live()[key], "model": "gpt-3.5", "temperature": 0.9})
    world.edit("Greeter", instructions="Say goodbye.")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    held = world.live()[key]
    assert (held["model"], held["temperature"], held["instructions"]) == ("gpt-4o", 0.5, "Say hello.")
    golden("two-layers", world.seen())


def test_what_a_row_leaves_open_is_what_the_upstream_holds(world: FlowiseWorld) -> None:
    """A manifest without the field asks for its default, but a create sends none: some models take none."""
    world.project()
    world.credential()
    world.flowise("greeter", "{type: OPENAI, credential: main}")
    world.apply()
    (key,) = world.live()
    assert "temperature" not in world.rows()["Greeter"]["parsed"]
    stores = {"file_search": {"vector_store_ids": ["vs_1"]}}
    world.emulator.assistants.seed({**world.live()[key], "temperature": 0.3, "tool_resources": stores})
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert [(field["path"], field["after"], field["cause"]) for field in change["fields"]] == [
        ("/tool_resources", {}, "drift"),
        ("/temperature", 1, "drift"),
    ]
    world.apply()
    held = world.live()[key]
    assert (held["temperature"], held["tool_resources"]["file_search"]) == (1, {"vector_store_ids": []})


def test_an_upstream_that_is_gone_is_said_at_plan(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.credential()
    world.flowise("greeter", "{type: OPENAI, credential: main}")
    world.apply()
    world.emulator.behaviour = Behaviour(gone=True)
    assert world.run("plan").code == 0
    world.flowise("greeter", "{type: OPENAI, credential: main}", "instructions: Say hello.\n")
    assert world.run("apply", "--auto-approve").code == 1
    world.remove("assistants/greeter.yaml")
    world.project("removed: [Assistant/greeter]\n")
    assert world.run("apply", "--auto-approve", "--allow", "incomplete").code == 0
    assert world.rows() == {}
    golden("upstream-gone", world.seen())


def test_an_upstream_that_is_gone_is_said_before_the_first_row_is_made(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    for name in ("ant", "bee"):
        world.flowise(name, "{type: OPENAI, credential: main}")
    world.emulator.behaviour = Behaviour(gone=True)
    ran = world.run("plan")
    assert ran.code == 0 and ran.out.count("flowise-upstream: the upstream behind the credential `main` has no") == 1
    assert [line for line in world.requests() if "openai-assistants" in line] == ["GET /openai-assistants"]
    world.emulator.behaviour = Behaviour()
    world.apply()
    world.requests()
    assert world.run("plan").code == 0
    assert [line for line in world.requests() if "openai-assistants" in line] == ["GET /openai-assistants"]


def test_one_assistant_that_is_gone_upstream_is_said_at_plan(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise("greeter", "{type: OPENAI, credential: main}")
    world.apply()
    (key,) = world.live()
    world.emulator.store.delete("assistant", key)
    ran = world.run("plan")
    assert f"the assistant {key} behind the row" in ran.out and ran.code == 0


def test_a_type_is_fixed(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.credential()
    world.flowise("greeter")
    world.apply()
    world.flowise("greeter", "{type: OPENAI, credential: main}")
    assert world.run("apply", "--auto-approve").code == 5
    assert world.rows()["Greeter"]["type"] == "CUSTOM"
    golden("type", world.seen())


def test_what_stays_old_is_told_where_the_key_may_not_see_chatflows(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.emulator.behaviour = Behaviour(flowise_chatflows="forbidden")
    world.flowise("greeter")
    world.apply()
    world.edit("Greeter", flowId="f-1", x_own={"a": [1, 2]})
    world.flowise("greeter", text="instructions: Say hello.\n")
    world.apply()
    details = world.rows()["Greeter"]["parsed"]
    assert (details["flowId"], details["x_own"]) == ("f-1", {"a": [1, 2]})
    assert world.flows() == {}
    golden("chatflow", world.seen())


def test_a_plan_is_one_list_and_catalogues_never_a_request_per_row(world: FlowiseWorld) -> None:
    world.project()
    for number in range(60):
        world.flowise(f"bot-{number}", "{tools: [{name: calculator}]}")
    world.apply()
    world.requests()
    assert world.run("plan").code == 0
    assert sorted(world.requests()) == [
        "GET /assistants",
        "GET /assistants/components/chatmodels",
        "GET /assistants/components/tools",
        "GET /chatflows",
        "GET /version",
    ]


def test_an_update_is_a_read_and_a_write(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter")
    world.apply()
    world.flowise("greeter", text="instructions: Say hello.\n")
    key = world.rows()["Greeter"]["id"]
    world.requests()
    assert world.run("apply", "--auto-approve").code == 0
    after_plan = [line for line in world.requests() if key in line]
    assert after_plan == [f"GET /assistants/{key}", f"PUT /assistants/{key}"]


def test_a_create_whose_answer_is_lost_is_not_repeated(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter")
    world.emulator.faults.on("POST /api/v1/assistants$", Fault("reset", after_commit=True))
    world.apply()
    assert len(world.rows()) == 1
    world.flowise("tutor")
    world.emulator.faults.on("POST /api/v1/assistants$", Fault("html"))
    world.apply()
    assert len(world.rows()) == 2


def test_a_delete_takes_the_upstream_with_it_unless_it_is_shared(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    for name in ("one", "two"):
        world.flowise(name, "{type: OPENAI, credential: main}")
    world.apply()
    shared = world.rows()["One"]
    details = {**shared["parsed"], "name": "Foreign", "metadata": {}}
    world.emulator.seed({**shared, "object": "flowise.assistant", "id": None, "details": details})
    assert world.run("destroy", "--auto-approve", "--allow", "brake=2").code == 0
    assert list(world.rows()) == ["Foreign"]
    assert list(world.live()) == [shared["parsed"]["id"]]


def test_an_upstream_that_fails_a_delete_leaves_an_error_and_no_row(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise("one", "{type: OPENAI, credential: main}")
    world.flowise("two")
    world.apply()
    world.remove("assistants/one.yaml")
    world.project("removed: [Assistant/one]\n")
    message = (
        '{"statusCode":500,"message":"Error: assistantsService.deleteAssistant - Error deleting assistant - 503 no"}'
    )
    world.emulator.faults.on("DELETE /api/v1/assistants", Fault("status", after_commit=True, body=message))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1 and "may still be upstream" in ran.out + ran.err
    assert list(world.rows()) == ["Two"]
    world.settled()


def test_a_server_of_another_version_and_rows_that_cannot_be_read_are_said(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": "[]", "id": "0" * 8})
    world.emulator.faults.on("GET /api/v1/version", Fault("status", status=200, body='{"version": "2.2.8"}'))
    world.flowise("greeter")
    assert world.run("plan").code == 0
    golden("warnings", world.seen())


def test_a_page_in_place_of_the_api_is_an_error(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter")
    world.emulator.faults.on("GET /api/v1/assistants", Fault("html"), times=None)
    ran = world.run("plan", "--timeout", "5s")
    assert ran.code == 9 and "check `endpoint`" in ran.err


def test_without_the_right_to_see_credentials_ids_do(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    key = world.credential()
    forbidden = Fault("status", status=403, body='{"message": "Forbidden"}')
    world.emulator.faults.on("GET /api/v1/credentials", forbidden, times=None)
    world.flowise("greeter", f"{{credential: {key}}}")
    world.apply()
    world.flowise("greeter", "{credential: main}")
    assert world.run("plan").code == 4
    golden("no-credentials", world.seen())


def test_a_saved_plan_that_is_trusted_is_applied_without_the_manifests(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise("greeter", "{credential: main, tools: [{name: calculator}]}")
    assert world.run("plan", "--out", "plan.json").code == 0
    text = (world.root / "assistants" / "greeter.yaml").read_text()
    world.remove("assistants/greeter.yaml")
    assert "There are no manifests here" in (ran := world.run("apply", "plan.json")).err, ran.err
    assert world.run("apply", "plan.json", "--auto-approve", "--trust-plan").code == 0
    assert world.run("apply", "plan.json", "--auto-approve", "--trust-plan").code == 0
    world.write("assistants/greeter.yaml", text)
    world.settled()
    world.flowise("greeter", "{credential: main}", "instructions: New.\n")
    assert world.run("plan", "--out", "plan.json").code == 0
    world.edit("Greeter", instruction="Edited outside.")
    assert world.run("apply", "plan.json", "--auto-approve").code == 6


def test_defaults_and_the_whole_address_of_the_api(world: FlowiseWorld) -> None:
    world.url += "/api/v1/"
    world.project("defaults: {assistant: {providers: {flowise: {credential: main}}}}\n")
    world.credential()
    world.flowise("greeter", "{iconSrc: /a.png}")
    world.apply()
    assert world.rows()["Greeter"]["parsed"]["chatModel"]["credential"]


def test_what_fails_behind_rows_of_others_is_not_our_business(world: FlowiseWorld) -> None:
    world.project()
    for number in range(30):
        details = {"name": f"Foreign {number}", "model": "gpt-4o", "id": f"asst_{number}"}
        row = {"object": "flowise.assistant", "type": "OPENAI", "credential": "gone", "details": details}
        world.emulator.seed(row)
    world.flowise("greeter")
    ran = world.run("plan")
    assert ran.code == 0 and "upstream" not in ran.out
    assert len([line for line in world.requests() if "openai-assistants" in line]) == 1


def test_more_rows_than_the_upstream_shows_on_a_page_are_all_compared(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    for number in range(22):
        world.flowise(f"bot-{number:02}", "{type: OPENAI, credential: main}")
    world.apply()
    for key, held in world.live().items():
        world.emulator.assistants.seed({**held, "model": "gpt-3.5"})
        assert key
    (plan,) = [json.loads(world.run("plan", "--format", "json").out)]
    assert plan["summary"]["update"] == 22


def test_a_member_of_what_only_flowise_has_can_be_left_to_others(world: FlowiseWorld) -> None:
    world.project()
    text = "instructions: Hi.\nretinue: {ignore_changes: [/providers/flowise/chatModel/inputs/streaming]}\n"
    world.flowise("greeter", "{chatModel: {inputs: {maxTokens: 5}}}", text)
    world.apply()
    node = world.rows()["Greeter"]["parsed"]["chatModel"]
    world.save_page("Greeter", chatModel={**node, "inputs": {**node["inputs"], "streaming": False}})
    world.settled()
    world.flowise("greeter", "{chatModel: {inputs: {maxTokens: 6}}}", text)
    world.apply()
    inputs = world.rows()["Greeter"]["parsed"]["chatModel"]["inputs"]
    assert (inputs["maxTokens"], inputs["streaming"]) == (6, False)
