"""Whole commands as a user sees them, compared with golden texts: the messages a beginner meets, and each kind of plan.

After every successful apply the harness checks that the next plan is empty and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from .conftest import World

Golden = Callable[[str, str], None]


def test_no_project_says_where_it_looked(world: World, golden: Golden) -> None:
    assert world.run("plan").code == 3
    golden("no-project", world.seen())


def test_no_environment_chosen_lists_them(world: World, golden: Golden) -> None:
    world.project(environment="  prod:\n    provider: openai\n    endpoint: emulator\n")
    world.assistant("greeter")
    assert world.run("plan").code == 3
    assert world.run("plan", "-e", "stage").code == 3
    golden("no-environment", world.seen())


def test_an_unset_key_variable_is_named(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("greeter")
    world.monkeypatch.delenv("DEMO_KEY")
    assert world.run("plan").code == 4
    golden("key-unset", world.seen())


def test_a_refused_key(world: World, golden: Golden) -> None:
    from retinue.emulator.faults import Behaviour

    world.project()
    world.assistant("greeter")
    world.emulator.behaviour = Behaviour(api_key="another")
    assert world.run("plan").code == 4
    golden("key-refused", world.seen())


def test_an_api_that_is_gone(world: World, golden: Golden) -> None:
    from retinue.emulator.faults import Behaviour

    world.project()
    world.assistant("greeter")
    world.emulator.behaviour = Behaviour(gone=True)
    assert world.run("plan").code == 9
    golden("api-gone", world.seen())


def test_first_apply_and_the_one_after(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("greeter", "name: Greeter\ninstructions: |\n  Say hello.\n  Be kind.\n")
    world.assistant("tutor", "name: Tutor\ntemperature: 0.2\ntools: [{type: code_interpreter}]\n")
    world.apply()
    writes = len(world.emulator.writes())
    assert world.run("apply", "--auto-approve").code == 0
    assert len(world.emulator.writes()) == writes
    golden("first-apply", world.seen())


def test_updates_show_values_words_and_leaves(world: World, golden: Golden) -> None:
    world.project()
    world.assistant(
        "tutor",
        "name: Tutor\ntemperature: 1\nmetadata: {team: math, floor: '2'}\n"
        "instructions: |\n  You teach.\n  Answer in one sentence.\n  Be kind.\n"
        "tools:\n  - type: function\n    function:\n      name: look_up\n      parameters:\n"
        "        type: object\n        properties: {city: {type: string}}\n",
    )
    world.apply()
    world.assistant(
        "tutor",
        "name: Maths tutor\ntemperature: 0.2\nmetadata: {team: maths}\n"
        "instructions: |\n  You teach.\n  Answer in at most three sentences, and show your work.\n  Be kind.\n"
        "tools:\n  - {type: code_interpreter}\n  - type: function\n    function:\n      name: look_up\n"
        "      parameters:\n        type: object\n        properties: {city: {type: string, maxLength: 80}}\n",
    )
    world.apply()
    assert world.only()["metadata"]["floor"] == ""
    golden("update", world.seen())


def test_drift_is_named_as_such(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("tutor", "model: gpt-4o\n".replace("model: gpt-4o\n", "") + "temperature: 0.2\n")
    world.apply()
    raw = world.only()
    world.emulator.assistants.seed({**raw, "model": "gpt-3.5-turbo", "temperature": 0.9})
    world.assistant("tutor", "temperature: 0.4\n")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    golden("drift", world.seen())


def test_a_removed_line_resets_its_field(world: World, golden: Golden) -> None:
    world.project()
    world.assistant(
        "tutor", "description: Helps.\ntemperature: 0.2\nreasoning_effort: low\nresponse_format: {type: text}\n"
    )
    world.apply()
    world.assistant("tutor")
    world.apply()
    live = world.only()
    assert (live["description"], live["temperature"], live["response_format"]) == (None, 1.0, "auto")
    golden("reset", world.seen())


def test_a_twin_is_not_created(world: World, golden: Golden) -> None:
    world.project()
    world.emulator.assistants.seed({"id": "asst_" + "A" * 24, "created_at": 5, "name": "Greeter", "model": "gpt-4o"})
    world.assistant("greeter", "name: Greeter\n")
    assert world.run("plan").code == 0
    assert world.run("apply", "--auto-approve").code == 5
    assert len(world.live()) == 1
    world.assistant("greeter", f"name: Greeter\nretinue: {{adopt: {{dev: asst_{'A' * 24}}}}}\n")
    world.apply()
    assert len(world.live()) == 1
    golden("twin", world.seen())


def test_the_brake_and_both_ways_out(world: World, golden: Golden) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.remove("assistants/ant.yaml")
    world.remove("assistants/bee.yaml")
    assert world.run("plan").code == 0
    assert world.run("apply", "--auto-approve").code == 5
    assert world.run("apply", "--auto-approve", "--allow-deletes", "3").code == 5
    assert len(world.live()) == 4
    world.project("removed: [Assistant/ant]\n")
    world.apply()
    assert len(world.live()) == 2
    golden("brake", world.seen())


def test_the_exact_number_lifts_the_brake(world: World, golden: Golden) -> None:
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name)
    world.apply()
    world.remove("assistants/ant.yaml")
    world.remove("assistants/bee.yaml")
    assert world.run("apply", "--auto-approve", "--allow-deletes", "2").code == 0
    assert len(world.live()) == 1
    golden("allow-deletes", world.seen())


def test_protection_outlives_the_manifest(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant", "retinue: {protect: true}\n")
    for name in ("bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.remove("assistants/ant.yaml")
    assert world.run("apply", "--auto-approve").code == 5
    assert world.run("apply", "--auto-approve", "--unprotect", "Assistant/ant").code == 0
    assert len(world.live()) == 3
    golden("protect", world.seen())


def test_a_missing_folder_never_looks_like_everything_removed(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    world.remove("assistants/ant.yaml")
    assert world.run("apply", "--auto-approve").code == 3
    (world.root / "assistants").rmdir()
    assert world.run("apply", "--auto-approve").code == 3
    assert len(world.live()) == 1
    golden("empty-folder", world.seen())


def test_an_empty_folder_is_only_worth_a_word_while_nothing_is_owned(world: World, golden: Golden) -> None:
    world.project()
    (world.root / "assistants").mkdir()
    assert world.run("plan").code == 0
    assert world.run("validate").code == 3
    golden("empty-world", world.seen())


def test_a_critical_environment_lets_nothing_go_unsaid(world: World, golden: Golden) -> None:
    world.project(environment="    critical: true\n")
    for number in range(12):
        world.assistant(f"a{number:02}")
    world.apply()
    world.transcript.clear()
    world.remove("assistants/a00.yaml")
    assert world.run("apply", "--auto-approve").code == 5
    golden("critical", world.seen())


def test_a_rename_keeps_the_live_id(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("maths", "temperature: 0.2\n")
    world.apply()
    before = world.only()["id"]
    world.remove("assistants/maths.yaml")
    world.assistant("math", "temperature: 0.3\nretinue: {moved_from: maths}\n")
    world.apply()
    assert world.only()["id"] == before
    golden("move", world.seen())


def test_a_renamed_project_is_not_created_twice(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("project: demo", "project: shop"))
    assert world.run("apply", "--auto-approve").code == 5
    world.write("retinue.yaml", text.replace("project: demo", "project: shop\nformerly: [demo]"))
    world.apply()
    assert len(world.live()) == 2
    golden("renamed-project", world.seen())


def test_letting_go_keeps_the_object(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    world.remove("assistants/ant.yaml")
    world.project("removed: [{address: Assistant/ant, forget: true}]\n")
    world.apply()
    assert len(world.live()) == 2
    golden("forget", world.seen())


def test_import_writes_manifests_whose_plan_only_adopts(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    long = "You are a helper.\n\nUse ${this} and say `no`.\n"
    world.emulator.assistants.seed(
        {"id": "asst_" + "B" * 24, "created_at": 7, "name": "Großer Helfer", "instructions": long, "temperature": 0.5}
    )
    assert world.run("import").code == 0
    world.transcript.append((world.root / "assistants/grosser-helfer.yaml").read_text().rstrip())
    plan = world.run("plan")
    assert " ~ " not in plan.out
    assert "1 to adopt" in plan.out
    world.apply()
    golden("import", world.seen())


def test_adopt_by_command(world: World, golden: Golden) -> None:
    world.project()
    world.emulator.assistants.seed({"id": "asst_" + "C" * 24, "created_at": 7, "name": "Old", "model": "gpt-4o"})
    world.assistant("ant", "name: New\n")
    assert world.run("adopt", "Assistant/ant", "asst_" + "C" * 24, "--auto-approve").code == 0
    world.settled()
    assert world.run("adopt", "Assistant/bee", "asst_" + "C" * 24, "--auto-approve").code == 3
    golden("adopt", world.seen())


def test_a_narrowed_plan_says_so_and_deletes_nothing(world: World, golden: Golden) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.assistant("bee", "temperature: 0.1\n")
    world.remove("assistants/ant.yaml")
    assert world.run("apply", "--auto-approve", "--target", "Assistant/b*").code == 0
    assert len(world.live()) == 4
    assert world.run("plan", "--target", "Assistant/x*").code == 3
    assert world.run("apply", "--auto-approve", "--target", "Assistant/ant").code == 0
    assert len(world.live()) == 3
    golden("target", world.seen())


def test_without_a_terminal_nothing_is_asked(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    assert world.run("apply").code == 3
    assert world.live() == {}
    golden("no-approval", world.seen())


def test_destroy_names_the_number(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    assert world.run("destroy", "--auto-approve").code == 5
    assert world.run("destroy", "--auto-approve", "--allow-deletes", "2").code == 0
    assert world.live() == {}
    golden("destroy", world.seen())


def test_a_refused_create_is_reported_and_the_rest_goes_on(world: World, golden: Golden) -> None:
    from retinue.emulator.faults import Behaviour

    world.project()
    world.assistant("ant", "temperature: 0.3\n")
    world.assistant("bee")
    world.emulator.behaviour = Behaviour(unsupported=frozenset({"temperature"}))
    assert world.run("apply", "--auto-approve").code == 8
    assert len(world.live()) == 1
    golden("partial", world.seen())


def test_manifest_errors_all_at_once_with_their_places(world: World, golden: Golden) -> None:
    world.project()
    world.write("assistants/a.yaml", "asistant: a\nmodel: gpt-4o\n")
    world.write("assistants/b.yaml", "assistant: b\nmodle: gpt-4o\ntemperature: 3\nname: no\n")
    world.write("assistants/c.yaml", "assistant: c\nmodel: ${var.modle}\ntools: [{type: code-interpreter}]\n")
    world.write("assistants/d.yaml", "assistant: c\nmodel: x\nmodel: y\ninstructions: {file: ../../secret.md}\n")
    assert world.run("validate").code == 3
    golden("manifest-errors", world.seen())


def test_usage_errors_end_in_three(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    for arguments in (
        ["plam"],
        ["plan", "--formt", "json"],
        ["plan", "--timeout", "soon"],
        ["show", "nothing.json"],
        [],
    ):
        assert world.run(*arguments).code == 3
    golden("usage", world.seen())
