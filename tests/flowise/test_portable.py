"""The manifests of another service apply here; what a row cannot hold is said before, nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import FlowiseWorld

Golden = Callable[[str, str], None]


def test_the_manifest_of_another_service_applies_with_only_the_environment_changed(world: FlowiseWorld) -> None:
    world.project(
        environment="  here:\n    provider: openai-assistants\n"
        f"    endpoint: {world.url}/v1\n    api_key: {{env: DEMO_KEY}}\n"
    )
    world.assistant("tutor", "name: Tutor\ninstructions: Teach.\ntemperature: 0.2\ntop_p: 0.9\nmetadata: {a: b}\n")
    for environment in ("here", "dev"):
        assert world.run("apply", "--auto-approve", "-e", environment).code == 0
        assert world.run("plan", "-e", environment, "--detailed-exitcode").code == 0
    details = world.rows()["Tutor"]["parsed"]
    assert details["chatModel"]["inputs"]["topP"] == 0.9
    assert details["metadata"]["a"] == "b"


def test_what_a_row_cannot_hold_is_said_at_its_line(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.assistant(
        "custom",
        "tools:\n  - {type: code_interpreter}\ntool_resources: {code_interpreter: {file_ids: [file-1]}}\n"
        "response_format: {type: json_object}\nreasoning_effort: low\ntop_p: 0.5\ntemperature: 0.5\n"
        "metadata: {owner: x}\n"
        "providers:\n  flowise:\n    chatModel: {name: chatCloudflareWorkersAI, inputs: {model: x}}\n",
    )
    world.flowise(
        "upstream",
        "{type: OPENAI, tools: [{name: calculator}], chatModel: {inputs: {a: 1}}}",
        "tools:\n  - {type: code_interpreter}\n  - {type: file_search, file_search: {max_num_results: 5}}\n"
        "  - {type: function, function: {name: look_up}}\n",
    )
    world.flowise("typo", "{typ: CUSTOM, credential: 7, tools: [calculator], documentStores: [{nam: x}]}")
    assert world.run("validate").code == 3
    golden("capabilities", world.seen())


def test_a_manifest_without_a_name_takes_that_of_its_address(world: FlowiseWorld) -> None:
    """`name` is optional elsewhere, but a row cannot be written without one."""
    world.project()
    world.credential()
    world.assistant("math-tutor")
    world.assistant("greeter", "name: Greeter\nproviders: {flowise: {type: OPENAI, credential: main}}\n")
    world.apply()
    assert set(world.rows()) == {"math-tutor", "Greeter"}
    world.assistant("greeter", "providers: {flowise: {type: OPENAI, credential: main}}\n")
    world.apply()
    assert set(world.rows()) == {"math-tutor", "greeter"}


def test_what_the_defaults_say_of_every_manifest_is_noted_once(world: FlowiseWorld) -> None:
    world.project("defaults: {assistant: {metadata: {owner: x}}}\n")
    for name in ("ant", "bee", "cow"):
        world.flowise(name)
    ran = world.run("validate")
    assert ran.code == 0 and ran.err.count("approximated") == 1 and ran.err.endswith("\n2 notes\n")


def test_a_description_that_nobody_sees_is_noted(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise("ant", text="description: Helps.\n")
    world.flowise("bee", "{type: OPENAI, credential: main}", "description: Helps.\n")
    ran = world.run("validate")
    (noted,) = [line for line in ran.err.splitlines() if "approximated" in line]
    assert noted.startswith("assistants/ant.yaml:4:14: approximated: description is kept in the row's details")


def test_a_chat_model_is_no_part_of_an_upstream_assistant(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("ant", "{type: OPENAI, credential: main, chatModel: {name: chatAnthropic}}")
    ran = world.run("validate")
    assert ran.code == 3 and "`chatModel` is for assistants of type CUSTOM" in ran.err
    world.flowise("ant", "{type: OPENAI, credential: main, chatModel: {name: chatOpenAI}}")
    assert world.run("validate").code == 0


def test_a_chat_model_without_a_model_is_not_for_manifests(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("ant", "{chatModel: {name: chatNemoGuardrails}}")
    ran = world.run("validate")
    assert ran.code == 3 and "Choose another chat model" in ran.err


def test_an_input_that_is_emptied_is_empty(world: FlowiseWorld) -> None:
    """Empty is not the same as untouched where the node has a default."""
    world.project()
    world.flowise("ant", "{tools: [{name: requestsGet, inputs: {requestsGetName: '', requestsGetUrl: ''}}]}")
    world.apply()
    (tool,) = world.rows()["Ant"]["parsed"]["tools"]
    assert tool["inputs"]["requestsGetName"] == "" and tool["inputs"]["requestsGetMaxOutputLength"] == "2000"
    world.flowise("ant", "{tools: [{name: requestsGet}]}")
    world.apply()
    (tool,) = world.rows()["Ant"]["parsed"]["tools"]
    assert tool["inputs"]["requestsGetName"] == "requests_get"


def test_a_document_store_made_anew_under_its_name_is_the_one_meant(world: FlowiseWorld) -> None:
    world.project()
    old = world.emulator.seed({"object": "flowise.docstore", "name": "handbook"})
    world.flowise("ant", "{documentStores: [{name: handbook}]}")
    world.apply()
    world.emulator.store.delete("flowise_docstore", old)
    new = world.emulator.seed({"object": "flowise.docstore", "name": "handbook"})
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    assert [store["id"] for store in world.rows()["Ant"]["parsed"]["documentStores"]] == [new]
