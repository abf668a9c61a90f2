"""Writes that others meet, that the service refuses, or that it takes for nothing new."""

from __future__ import annotations

import json

import pytest

from retinue_emulator.faults import Behaviour, Fault

from .conftest import PIN, FoundryWorld
from .test_serving import KIND, STRICT, tutor


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("when", [("PATCH", "agents/tutor"), ("POST", "/versions"), ("GET", "agents/tutor")])
def test_an_edit_in_the_portal_meanwhile_is_never_lost_nor_served_unseen(
    world: FoundryWorld, pinned: bool, when: tuple[str, str]
) -> None:
    tutor(world, *([KIND, STRICT] if pinned else [STRICT]))
    world.assistant("tutor", "instructions: Be brief.\n")
    world.ahead.acts.append((*when, lambda: world.publish("tutor", marked=True, instructions="Edited.")))
    ran = world.run("apply", "--auto-approve")
    edited = [raw["version"] for raw in world.versions("tutor") if raw["definition"]["instructions"] == "Edited."]
    assert len(edited) == 1, "the edit is a version still"
    if ran.code == 0:
        # The edit came after our own version, or does not serve because another one is pinned.
        assert world.says("tutor") == "Be brief."
    else:
        assert ran.code == 6, ran.out + ran.err
        assert world.says("tutor") == ("Be strict." if pinned else "Edited.")
        assert "Be brief." not in [raw["definition"]["instructions"] for raw in world.versions("tutor")]
        assert world.run("apply", "--auto-approve").code == 0
    world.settled()
    assert world.says("tutor") == "Be brief."


def test_a_pointer_that_is_moved_meanwhile_is_left_where_it_is(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", "instructions: Be brief.\n")
    world.ahead.acts.append(("POST", "/versions", lambda: world.pin("tutor", v1=100)))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 6 and "was made to serve at the same moment" in ran.out + ran.err
    assert world.pinned("tutor") == {"1": 100} and len(world.versions("tutor")) == 2


@pytest.mark.parametrize("same", [True, False])
def test_an_agent_that_is_created_meanwhile_is_not_written_into(world: FoundryWorld, same: bool) -> None:
    world.project()
    world.assistant("tutor", KIND)
    says = "Be kind." if same else "Mine."
    theirs = {"definition": {"kind": "prompt", "model": "gpt-4o", "instructions": says}}
    world.ahead.acts.append(("POST", "/versions", lambda: world.call("POST", "agents/tutor/versions", theirs)))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 6, ran.out + ran.err
    (left,) = world.versions("tutor")
    assert left["definition"]["instructions"] == says and left["metadata"] == {}
    assert world.run("plan").code == 0 and world.run("apply", "--auto-approve").code == 5


@pytest.mark.parametrize(("shares", "code"), [({"v3": 100}, 0), ({"v2": 90, "v3": 10}, 6)])
def test_what_somebody_else_made_to_serve_meanwhile_is_never_deleted(
    world: FoundryWorld, shares: dict[str, int], code: int
) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", "instructions: Be brief.\n")
    read_back = ("GET", "agents/tutor", lambda: world.pin("tutor", **shares))
    world.ahead.acts.append(("POST", "/versions", lambda: world.ahead.acts.append(read_back)))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == code, ran.out + ran.err
    assert world.pinned("tutor")["3"] == shares["v3"] and len(world.versions("tutor")) == 3


@pytest.mark.parametrize("marked", [{}, {"retinue.address": "demo/dev/Assistant/tutor", "retinue.applied": "1 rival"}])
@pytest.mark.parametrize("before", [[], ["Mine."]])
def test_a_version_of_somebody_else_that_says_the_same_is_not_taken_for_ones_own(
    world: FoundryWorld, marked: dict[str, str], before: list[str]
) -> None:
    world.emulator.behaviour = Behaviour(foundry_create="definition")
    world.project()
    world.assistant("tutor", KIND)

    def publish() -> None:
        for says in (*before, "Be kind."):
            definition = {"kind": "prompt", "model": "gpt-4o", "instructions": says}
            world.call("POST", "agents/tutor/versions", {"definition": definition, "metadata": marked})

    world.ahead.acts.append(("POST", "/versions", publish))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1 and "someone else made it" in ran.out + ran.err
    assert [raw["metadata"] for raw in world.versions("tutor")] == [marked] * (len(before) + 1)


def test_a_write_that_is_refused_leaves_no_pin(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.emulator.behaviour = Behaviour(foundry_create="definition")
    assert world.run("verify", "--", "true").code == 1
    assert world.pinned("tutor").keys() <= {"@latest"}
    world.publish("tutor", marked=True, instructions="Edited.")
    assert world.says("tutor") == "Edited."


def test_a_version_that_cannot_be_taken_back_does_not_serve(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.assistant("tutor", STRICT)
    edit = ("POST", "/versions", lambda: world.publish("tutor", marked=True, instructions="Edited."))
    world.ahead.acts.append(edit)
    world.emulator.faults.on("DELETE", Fault("status", 403))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1 and "version 3 stays behind" in ran.out
    assert [raw["version"] for raw in world.versions("tutor")] == ["1", "2", "3"]
    assert world.says("tutor") == "Be kind."


def test_a_canary_of_the_newest_version_does_not_get_what_is_not_read_back_yet(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    rules = [
        {"type": "FixedRatio", "agent_version": version, "traffic_percentage": share}
        for version, share in (("1", 90), ("@latest", 10))
    ]
    selector = {"version_selector": {"version_selection_rules": rules}}
    world.call("PATCH", "agents/tutor", {"agent_endpoint": selector}, PIN)
    world.assistant("tutor", "instructions: Be brief.\n")
    pins: list[dict[str, int]] = []
    world.ahead.acts.append(("POST", "/versions", lambda: pins.append(world.pinned("tutor"))))
    world.apply()
    assert pins == [{"1": 90, "2": 10}] and world.pinned("tutor") == {"3": 100}


def test_two_applies_at_once_make_one_version_of_each(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.assistant("tutor", STRICT)
    world.assistant("new", KIND)
    codes: list[int] = []
    world.ahead.acts.append(("PATCH", "agents/tutor", lambda: codes.append(world.run("apply", "--auto-approve").code)))
    codes.append(world.run("apply", "--auto-approve").code)
    assert sorted(codes) in ([0, 0], [0, 6], [0, 8])
    world.settled()
    assert len(world.versions("tutor")) == 2 and len(world.versions("new")) == 1
    assert world.says("tutor") == "Be strict."


@pytest.mark.parametrize("numbers", ["restart", "continue"])
def test_an_agent_that_was_deleted_meanwhile_is_not_made_again(world: FoundryWorld, numbers: str) -> None:
    world.emulator.behaviour = Behaviour(foundry_numbers=numbers)
    tutor(world, KIND, STRICT)
    world.assistant("tutor", "instructions: Be brief.\n")
    world.ahead.acts.append(("POST", "/versions", lambda: world.call("DELETE", "agents/tutor")))
    assert world.run("apply", "--auto-approve").code == 6
    assert world.live() == {}


@pytest.mark.parametrize("numbers", ["restart", "continue"])
@pytest.mark.parametrize("theirs", [1, 2, 3])
def test_an_agent_that_somebody_made_again_meanwhile_is_left_to_them(
    world: FoundryWorld, numbers: str, theirs: int
) -> None:
    world.emulator.behaviour = Behaviour(foundry_numbers=numbers)
    tutor(world, KIND, STRICT)
    world.assistant("tutor", "instructions: Be brief.\n")

    def again() -> None:
        world.call("DELETE", "agents/tutor")
        for number in range(theirs):
            definition = {"kind": "prompt", "model": "gpt-4o", "instructions": f"Mine {number}."}
            world.call("POST", "agents/tutor/versions", {"definition": definition})

    world.ahead.acts.append(("POST", "/versions", again))
    assert world.run("apply", "--auto-approve").code == 6
    assert [raw["definition"]["instructions"] for raw in world.versions("tutor")] == [
        f"Mine {number}." for number in range(theirs)
    ]
    assert world.says("tutor") == f"Mine {theirs - 1}."


@pytest.mark.parametrize("numbers", ["restart", "continue"])
def test_an_agent_that_is_created_again_lives_whatever_its_first_number(world: FoundryWorld, numbers: str) -> None:
    world.emulator.behaviour = Behaviour(foundry_numbers=numbers)
    tutor(world, KIND, STRICT)
    assert world.run("destroy", "--auto-approve", "--allow", "brake=1").code == 0
    tutor(world, KIND, STRICT, KIND)
    first = 1 if numbers == "restart" else 3
    assert [raw["version"] for raw in world.versions("tutor")] == [str(first), str(first + 1)]
    assert world.pinned("tutor") == {str(first): 100} and world.says("tutor") == "Be kind."


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("others", ["Ruder.", None])
def test_after_a_lost_answer_only_a_version_that_says_what_was_sent_is_taken_for_ones_own(
    world: FoundryWorld, committed: bool, others: str | None
) -> None:
    tutor(world, KIND)
    world.publish("tutor", marked=True, instructions="Be rude.")
    world.call("DELETE", "agents/tutor/versions/1")

    def meanwhile() -> None:
        if others is not None:
            world.publish("tutor", marked=True, instructions=others)
        world.emulator.faults.on("POST", Fault("reset", after_commit=committed))

    world.ahead.acts.append(("POST", "/versions", meanwhile))
    ran = world.run("apply", "--auto-approve")
    assert ran.code == (0 if others is None else 6), ran.out + ran.err
    if others is not None:
        # As without our write: nothing was pinned, so the newest version serves, and ours is gone again.
        assert world.says("tutor") == others and world.pinned("tutor").keys() <= {"@latest"}
        assert [raw["definition"]["instructions"] for raw in world.versions("tutor")] == ["Be rude.", others]
        assert world.run("apply", "--auto-approve").code == 0
    world.settled()
    assert world.says("tutor") == "Be kind."


@pytest.mark.parametrize("choice", ["same", "definition"])
def test_a_note_that_the_service_takes_for_nothing_new_is_not_made_and_loses_no_marker(
    world: FoundryWorld, choice: str
) -> None:
    tutor(world, KIND)
    world.emulator.behaviour = Behaviour(foundry_create=choice)
    ran = world.run("verify", "--", "true")
    assert (ran.code == 0) is (choice == "same"), ran.err
    if choice == "definition":
        assert "with the same definition" in ran.err and len(world.versions("tutor")) == 1
    world.settled()
    world.assistant("tutor", STRICT)
    world.apply()
    assert world.says("tutor") == "Be strict."


def test_the_thousandth_version_is_warned_of_and_the_next_is_refused_in_the_services_words(
    world: FoundryWorld,
) -> None:
    tutor(world, KIND)
    (first,) = world.versions("tutor")
    for number in range(2, 801):
        raw = {**first, "object": "foundry.agent", "version": str(number), "id": f"tutor:{number}"}
        world.emulator.seed(
            {**raw, "definition": {**first["definition"], "instructions": f"Be kind.{' ' * (number % 2)}"}}
        )
    ran = world.run("plan")
    assert "tutor has had 800 versions; 1,000 is the most that an agent can have" in ran.out
    for number in range(801, 1_001):
        world.emulator.seed({**first, "object": "foundry.agent", "version": str(number), "id": f"tutor:{number}"})
    world.assistant("tutor", STRICT)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1 and "1000" in ran.out + ran.err
    assert world.says("tutor") == "Be kind."


def test_members_behind_a_preview_header_are_an_error_that_names_it(world: FoundryWorld) -> None:
    tutor(world, KIND)
    (first,) = world.versions("tutor")
    definition = {**first["definition"], "skills": [{"skill_id": "s"}]}
    world.emulator.seed({**first, "object": "foundry.agent", "definition": definition})
    world.assistant("tutor", STRICT)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1 and "Foundry-Features" in ran.out + ran.err and world.says("tutor") == "Be kind."


@pytest.mark.parametrize(
    ("member", "header"),
    [
        ("skills: []", "Skills=V1Preview"),
        ("draft: true", "DraftAgents=V1Preview"),
        ("harness: {}", "GitHubCopilot=V1Preview"),
    ],
)
def test_a_manifest_cannot_ask_for_a_preview(world: FoundryWorld, member: str, header: str) -> None:
    world.project()
    world.assistant("tutor", f"providers: {{foundry: {{{member}}}}}\n")
    ran = world.run("validate")
    assert ran.code == 3 and f"Foundry-Features: {header}" in ran.err and "tutor.yaml:3" in ran.err


def test_129_tools_are_an_error_before_anything_is_sent(world: FoundryWorld) -> None:
    world.project()
    tools = "".join(f"  - {{type: function, function: {{name: f{n}}}}}\n" for n in range(127))
    own = "providers: {foundry: {tools: [{type: bing_grounding}, {type: shell}]}}\n"
    world.assistant("tutor", f"tools:\n{tools}{own}")
    ran = world.run("validate")
    assert ran.code == 3 and "there are 129 tools with those below `providers`; 128 is the most" in ran.err
    world.assistant("tutor", f"tools:\n{tools}{own.replace(', {type: shell}', '')}")
    world.apply()


def test_a_function_of_foundrys_own_has_what_the_service_requires(world: FoundryWorld) -> None:
    world.project()
    world.assistant(
        "tutor", "providers: {foundry: {tools: [{type: function, name: f, parameters: {}, async: true}]}}\n"
    )
    world.apply()
    world.settled()
    assert world.live()["tutor"]["definition"]["tools"][0]["strict"] is False


def test_a_display_name_takes_one_of_the_pairs(world: FoundryWorld) -> None:
    world.project()
    pairs = ", ".join(f"k{n}: v" for n in range(14))
    world.assistant("tutor", f"name: Tutor\nmetadata: {{{pairs}}}\n")
    ran = world.run("validate")
    assert ran.code == 0 and "`name` cannot be held: it travels as a metadata pair" in ran.err
    world.apply()
    assert len(world.agent("tutor")["versions"]["latest"]["metadata"]) == 16


def test_files_and_stores_are_below_the_openai_route(world: FoundryWorld) -> None:
    world.project()
    world.write("data/a.md", "One.")
    world.write(
        "assistants/store.yaml", "vector_store: handbook\nname: Handbook\nfiles: [{file_id: {upload: ../data/a.md}}]\n"
    )
    world.assistant(
        "tutor",
        "tools: [{type: file_search, file_search: {max_num_results: 5}}, {type: code_interpreter}]\n"
        "tool_resources:\n  file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}\n"
        "  code_interpreter: {file_ids: [{upload: ../data/a.md}]}\n",
    )
    world.apply()
    tools = world.agent("tutor")["versions"]["latest"]["definition"]["tools"]
    stores = dict(world.emulator.store.everything("vector_store"))
    files = dict(world.emulator.store.everything("file"))
    assert tools[0] == {"type": "file_search", "vector_store_ids": [*stores], "max_num_results": 5}
    assert tools[1] == {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [*files]}}
    sent = [item for item in world.emulator.requests if "vector_stores" in item.path or "files" in item.path]
    assert sent and all("/openai/v1/" in item.path for item in sent)
    world.write("data/a.md", "Two.")
    world.apply()
    assert len(dict(world.emulator.store.everything("file"))) == 1
    assert json.loads(world.run("output").out).keys() == {"Assistant/tutor", "VectorStore/handbook"}


def test_a_search_without_a_store_and_resources_without_a_tool_are_told_at_their_lines(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "tools: [{type: file_search}]\ntool_resources: {code_interpreter: {file_ids: [file-1]}}\n")
    ran = world.run("validate")
    assert ran.code == 3 and "file_search needs a vector store here" in ran.err and "tutor.yaml:3" in ran.err
    assert "the resources of code_interpreter cannot be held" in ran.err and "tutor.yaml:4" in ran.err


def test_providers_check_holds_the_record_against_the_service(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor")
    ran = world.run("providers", "check", "-e", "dev", "--auto-approve")
    assert ran.code == 0 and "Every claim holds." in ran.out, ran.out + ran.err
    assert world.live() == {}
