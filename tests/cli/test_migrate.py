"""A move to another service: the report is what validation says, and what it writes plans, applies and settles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from retinue.cli import emulators
from retinue.schema.bundle import output_schemas

from ..schema.closing import closed, faults
from .conftest import World

PROVIDERS = sorted(emulators.entries().keys() - {emulators.SERVER})
SCHEMA = Draft7Validator(closed(output_schemas()["migrate"]))
PROJECT = """\
version: 1
project: demo   # ours
manifests: [assistants, stores]
environments:
  # where they are now
  old:
    provider: openai-assistants
    endpoint: emulator
    variables: {model: gpt-4o}

# the end of the file
formerly: [demo-before]
"""
TUTOR = """\
assistant: tutor
name: Tutor
model: ${var.model}
instructions: Be kind.
tools:
  - type: code_interpreter
  - {type: file_search, file_search: {max_num_results: 8}}
  - {type: function, function: {name: look, description: Looks up., parameters: {type: object, properties: {}}}}
tool_resources:
  code_interpreter: {file_ids: [{upload: ../data/a.csv}]}
  file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}
temperature: 1.4
"""
PLAIN = "assistant: plain\nmodel: gpt-4.1\nmetadata: {owner: cx}\n"


@pytest.fixture
def shop(world: World) -> World:
    world.write("retinue.yaml", PROJECT)
    world.write("assistants/tutor.yaml", TUTOR)
    world.write("assistants/plain.yaml", PLAIN)
    world.write("stores/handbook.yaml", "vector_store: handbook\nname: Handbook\nfiles: [{upload: ../data/h.md}]\n")
    world.write("data/a.csv", "a,b\n")
    world.write("data/h.md", "hello\n")
    return world


def report(world: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = world.run("migrate", "--from", "old", "--to", "new", "--format", "json", *arguments)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out)
    assert faults(SCHEMA, found) == []
    assert found["exit_code"] == code
    return found


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["address"] + row["path"]: row for item in found["objects"] for row in item["fields"]}


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


MAPPED = ("--model", "gpt-4o=one", "--model", "gpt-4.1=two")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_written_validates_applies_and_settles(shop: World, provider: str) -> None:
    asked = ("--provider", provider, "--endpoint", "emulator", *MAPPED, "--accept", "all")
    as_if = report(shop, *asked)
    assert not as_if["written"]
    assert yaml.safe_load((shop.root / "retinue.yaml").read_text())["environments"].keys() == {"old"}
    found = report(shop, *asked, "--write")
    assert found == {**as_if, "written": True}
    written = (shop.root / "retinue.yaml").read_text()
    head, _, tail = PROJECT.partition("\n# the end")
    assert written.startswith(head)
    assert written.endswith(tail)
    # The same command once more changes nothing and reports the same.
    before = snapshot(shop.root)
    again = report(shop, *asked, "--write")
    assert again["objects"] == found["objects"]
    assert (again["files"], again["written"]) == ([], False)
    assert snapshot(shop.root) == before
    assert report(shop)["objects"] == found["objects"]
    # The verdicts are those of validate.
    ran = shop.run("validate", "-e", "new", "--format", "json")
    assert ran.code == 0
    said = {(it["address"], it["path"]) for it in json.loads(ran.out)["diagnostics"] if it["code"] == "capability"}
    told = {(it["address"], row["path"]) for it in found["objects"] for row in it["fields"] if row["verdict"] == "lost"}
    assert said <= told
    assert shop.run("apply", "-e", "new", "--auto-approve").code == 0
    ran = shop.run("plan", "-e", "new", "--detailed-exitcode")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize("provider", ["anthropic", "openai-agents", "flowise"])
def test_nothing_is_written_while_a_loss_is_not_accepted(shop: World, provider: str) -> None:
    before = snapshot(shop.root)
    found = report(shop, "--provider", provider, "--endpoint", "emulator", "--write", code=3)
    assert snapshot(shop.root) == before
    assert {row["accepted"] for row in rows(found).values() if row["verdict"] == "lost"} == {True, False} or (
        provider == "flowise"
    )
    ran = shop.run("migrate", "--from", "old", "--to", "new", "--provider", provider, "--endpoint", "emulator")
    assert ran.code == 3
    assert "--accept tools" in ran.err
    assert "--accept tool_resources" in ran.err
    report(
        shop,
        "--provider",
        provider,
        "--endpoint",
        "emulator",
        "--write",
        "--accept",
        "tools",
        "--accept",
        "tool_resources",
    )


def test_what_a_move_keeps_and_loses_as_people_read_it(
    shop: World, golden: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider in ("anthropic", "foundry"):
        asked = ("--from", "old", "--to", "new", "--provider", provider, "--endpoint", "emulator")
        shop.run("migrate", *asked)
        shop.run("migrate", *asked, "--format", "markdown")
    golden("migrate", shop.seen())


def test_an_environment_that_is_there_is_reported_on_and_never_edited(shop: World) -> None:
    asked = ("--provider", "foundry", "--endpoint", "emulator", "--model", "gpt-4o=one")
    report(shop, *asked, "--write")
    before = snapshot(shop.root)
    for wrong, says in (
        (("--provider", "anthropic"), "with the provider foundry, not anthropic"),
        (("--endpoint", "https://x.services.ai.azure.com/api/projects/p"), "with another endpoint"),
        (("--model", "gpt-4.1=two"), "Assistant/plain has another model in it than two"),
    ):
        ran = shop.run("migrate", "--from", "old", "--to", "new", *wrong, "--write")
        assert ran.code == 3
        assert says in ran.err
    assert snapshot(shop.root) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--to", "new"), "there is no environment `new`"),
        (("--to", "old"), "cannot move to itself"),
        (("--to", "new", "--provider", "nothing"), "there is no provider `nothing`"),
        (("--to", "new", "--provider", "langgraph"), "where is this langgraph?"),
        (("--to", "new", "--provider", "foundry", "--endpoint", "http://example.com"), "plain http"),
        (("--to", "new", "--provider", "foundry", "--model", "x"), "--model x is not OLD=NEW"),
        (("--to", "new", "--provider", "foundry", "--accept", "temprature"), "there is no such field"),
        (("--to", "a b", "--provider", "foundry"), "a b"),
        (("--to", "n" * 25, "--provider", "foundry"), "nnn"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    shop: World, arguments: tuple[str, ...], says: str
) -> None:
    before = snapshot(shop.root)
    ran = shop.run("migrate", "--from", "old", *arguments, "--write")
    assert ran.code == 3
    assert says in ran.err
    assert snapshot(shop.root) == before


def test_what_an_overlay_takes_out_is_told_as_lost_with_the_reason(shop: World) -> None:
    report(shop, "--provider", "anthropic", "--endpoint", "emulator", *MAPPED, "--accept", "all", "--write")
    overlay = (shop.root / "overlays/new.yaml").read_text()
    first = rows(report(shop))["Assistant/tutor/temperature"]
    shop.write("overlays/new.yaml", overlay.replace("assistant: tutor\n", "assistant: tutor\ntemperature: null\n"))
    second = rows(report(shop))["Assistant/tutor/temperature"]
    assert (first["verdict"], second["verdict"]) == ("lost", "lost")
    assert first["note"].startswith(second["note"])


def test_layers_of_the_old_environment_go_along(shop: World) -> None:
    """Its overlay stays below, a manifest for it alone is for the new one too, and variables have their new values."""
    shop.write("overlays/old.yaml", "assistant: tutor\nmetadata: {tier: gold}\ntemperature: 0.3\n")
    shop.write("assistants/plain.yaml", PLAIN + "retinue: {environments: [old]}\n")
    shop.write(
        "retinue.yaml", PROJECT.replace("endpoint: emulator\n", "endpoint: emulator\n    overlay: overlays/old.yaml\n")
    )
    found = report(shop, "--provider", "foundry", "--endpoint", "emulator", *MAPPED, "--write")
    assert found["files"] == ["overlays/new.yaml", "retinue.yaml"]
    rendered = {
        item["assistant"]: item
        for item in json.loads(shop.run("render", "-e", "new", "--format", "json").out)
        if "assistant" in item
    }
    assert (rendered["tutor"]["model"], rendered["tutor"]["temperature"]) == ("one", 0.3)
    assert rendered["tutor"]["metadata"] == {"tier": "gold"}
    assert rendered["plain"]["model"] == "two"
    assert shop.run("apply", "-e", "new", "--auto-approve").code == 0
    assert shop.run("plan", "-e", "new", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("crlf", [False, True])
@pytest.mark.parametrize(
    "environments",
    [
        "environments: {old: {provider: openai-assistants, endpoint: emulator, variables: {model: gpt-4o}}}\n",
        "environments:\n    'old':   # four spaces\n        provider: openai-assistants\n        endpoint: emulator\n"
        "        variables:\n            model: gpt-4o",
    ],
)
def test_the_layout_of_the_project_file_stays(shop: World, environments: str, crlf: bool) -> None:
    text = f"# top\nversion: 1\nproject: demo\nmanifests: [assistants, stores]\n{environments}"
    (shop.root / "retinue.yaml").write_bytes(text.replace("\n", "\r\n" if crlf else "\n").encode())
    report(shop, "--provider", "foundry", "--endpoint", "emulator", "--model", "gpt-4o=one", "--write")
    written = (shop.root / "retinue.yaml").read_bytes()
    assert written.count(b"\r\n") == (written.count(b"\n") if crlf else 0)
    data = yaml.safe_load(written)
    assert list(data["environments"]) == ["old", "new"]
    assert data["environments"]["new"] == {"provider": "foundry", "endpoint": "emulator", "variables": {"model": "one"}}
    assert written.decode().replace("\r\n", "\n").startswith(text[:-3])


def test_two_environments_of_one_foundry_project_name_their_agents_apart(shop: World) -> None:
    there = "https://x.services.ai.azure.com/api/projects/p"
    old = PROJECT.replace("openai-assistants", "foundry").replace("emulator", there)
    shop.write("retinue.yaml", old.replace("endpoint", "entra: default\n    endpoint", 1))
    report(shop, "--provider", "foundry", "--endpoint", there, "--write")
    new = yaml.safe_load((shop.root / "retinue.yaml").read_text())["environments"]["new"]
    assert (new["agent_name"], new["entra"]) == ("{name}-new", "default")
    assert "api_key" not in new


@pytest.mark.parametrize("provider", ["anthropic", "openai-agents", "flowise"])
def test_an_export_goes_straight_to_another_service(world: World, provider: str) -> None:
    export = [
        {
            "id": "asst_1",
            "object": "assistant",
            "name": "Poet",
            "model": "gpt-4o",
            "temperature": 0.4,
            "tools": [{"type": "file_search"}],
        }
    ]
    world.write("export.json", json.dumps(export))
    asked = (
        "init",
        "-C",
        "there",
        "--from",
        "export.json",
        "--provider",
        provider,
        "--endpoint",
        "emulator",
        "--model",
        "gpt-4o=one",
    )
    ran = world.run(*asked)
    assert ran.code == 3
    assert "--accept tools" in ran.err
    assert not (world.root / "there").exists()
    ran = world.run(*asked, "--accept", "tools")
    assert ran.code == 0, ran.err
    assert "lost" in ran.out
    project = yaml.safe_load((world.root / "there/retinue.yaml").read_text())
    assert project["environments"] == {
        provider: {"provider": provider, "endpoint": "emulator", "on_loss": {"tools": "warn"}}
    }
    assert yaml.safe_load((world.root / "there/assistants/poet.yaml").read_text())["model"] == "one"
    assert world.run("apply", "-C", "there", "--auto-approve").code == 0
    assert world.run("plan", "-C", "there", "--detailed-exitcode").code == 0


def test_what_has_to_change_in_an_export_is_written_and_told(world: World) -> None:
    function = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    world.write("export.json", json.dumps([{"object": "assistant", "name": "Poet", "model": "m", "tools": [function]}]))
    ran = world.run("init", "-C", "there", "--from", "export.json", "--provider", "anthropic", "--endpoint", "emulator")
    assert ran.code == 3
    assert "to change first" in ran.out
    ran = world.run("validate", "-C", "there")
    assert ran.code == 3
    assert "agents-function" in ran.err


def test_old_ids_and_new_ones(shop: World) -> None:
    report(shop, "--provider", "foundry", "--endpoint", "emulator", "--write")
    for name in ("old", "new"):
        assert shop.run("apply", "-e", name, "--auto-approve").code == 0
    shop.write("assistants/late.yaml", "assistant: late\nmodel: m\n")
    assert shop.run("apply", "-e", "new", "--auto-approve").code == 0
    before, after = (json.loads(shop.run("output", "-e", name).out) for name in ("old", "new"))
    ran = shop.run("output", "-e", "new", "--ids-of", "old")
    found = json.loads(ran.out)
    assert faults(Draft7Validator(closed(output_schemas()["output"])), found) == []
    assert found["ids"] == {before[address]: after[address] for address in before}
    assert found["only"] == {"from": {}, "to": {"Assistant/late": "late"}}
    told = shop.run("output", "-e", "new", "--ids-of", "old", "--format", "text").out
    assert f"{before['Assistant/tutor']} → tutor" in told
    assert "late: Assistant/late is in new alone, and not in old" in told
    assert shop.run("output", "-e", "new", "--ids-of", "new").code == 3
    assert shop.run("output", "-e", "new", "--ids-of", "old", "--format", "env").code == 3


def test_old_ids_of_a_service_that_is_gone_are_those_that_manifests_adopted(shop: World) -> None:
    report(shop, "--provider", "foundry", "--endpoint", "emulator", "--write")
    text = (shop.root / "retinue.yaml").read_text()
    shop.write("retinue.yaml", text.replace("endpoint: emulator", "endpoint: http://127.0.0.1:9/v1", 1))
    for name in ("tutor", "plain"):
        path = f"assistants/{name}.yaml"
        shop.write(path, (shop.root / path).read_text() + f"retinue: {{adopt: {{old: asst_{name}}}}}\n")
    assert shop.run("apply", "-e", "new", "--auto-approve").code == 0
    ran = shop.run("output", "-e", "new", "--ids-of", "old", "--timeout", "1s")
    assert ran.code == 9, "a vector store has no id from before"
    shop.write(
        "stores/handbook.yaml", (shop.root / "stores/handbook.yaml").read_text() + "retinue: {adopt: {old: vs_1}}\n"
    )
    ran = shop.run("output", "-e", "new", "--ids-of", "old", "--timeout", "1s")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["ids"]["asst_tutor"] == "tutor"
    assert "its ids are those of `adopt`" in ran.err


def test_options_of_init_that_make_no_sense_together_are_refused(world: World) -> None:
    world.write("export.json", json.dumps([{"object": "assistant", "name": "Poet", "model": "m"}]))
    for arguments, says in (
        (("--provider", "foundry"), "without --from FILE"),
        (("--from", "export.json", "--model", "a=b"), "without --provider"),
        (("--from", "foundry", "--provider", "anthropic"), "foundry is a service"),
        (("--from", "export.json", "--provider", "langgraph"), "where is this langgraph?"),
        (("--from", "export.json", "--provider", "foundry", "--accept", "tol"), "there is no such field"),
    ):
        ran = world.run("init", "-C", "there", *arguments)
        assert ran.code == 3
        assert says in ran.err
        assert not (world.root / "there").exists()


def test_overlays_may_be_several_and_later_ones_win(shop: World) -> None:
    shop.write(
        "one.yaml", "assistant: plain\nmetadata: {owner: one, more: x}\n---\nassistant: tutor\ntemperature: null\n"
    )
    shop.write("two/a.yaml", "assistant: plain\nmetadata: {owner: null}\n")
    shop.write("retinue.yaml", PROJECT.replace("emulator\n", "emulator\n    overlay: [one.yaml, two]\n"))
    found = {it.get("assistant"): it for it in json.loads(shop.run("render", "--format", "json").out)}
    assert found["plain"]["metadata"] == {"more": "x"}
    assert "temperature" not in found["tutor"]
    for wrong in ("[]", "[3]", "{a: b}", '""', "[one.yaml, gone.yaml]"):
        shop.write("retinue.yaml", PROJECT.replace("emulator\n", f"emulator\n    overlay: {wrong}\n"))
        ran = shop.run("validate")
        assert ran.code == 3
        assert "retinue.yaml:9:" in ran.err


def test_what_only_the_old_service_has_is_told(world: World) -> None:
    world.write("retinue.yaml", PROJECT.replace("openai-assistants", "flowise").replace(", stores", ""))
    own = "providers: {flowise: {chatModel: {name: chatOpenAI, inputs: {streaming: false}}}}\n"
    world.write("assistants/poet.yaml", "assistant: poet\nmodel: ${var.model}\n" + own)
    row = rows(report(world, "--provider", "anthropic", "--endpoint", "emulator"))["Assistant/poet/providers/flowise"]
    assert (row["verdict"], row["note"]) == ("lost", "only flowise has `chatModel`")


def test_live_ids_are_told_because_no_other_account_knows_them(world: World) -> None:
    world.write("retinue.yaml", PROJECT.replace(", stores", ""))
    tools = "tools: [{type: file_search}]\ntool_resources: {file_search: {vector_store_ids: [vs_1]}}\n"
    world.write("assistants/poet.yaml", "assistant: poet\nmodel: ${var.model}\n" + tools)
    row = rows(report(world, "--provider", "foundry", "--endpoint", "emulator"))["Assistant/poet/tool_resources"]
    assert row["verdict"] == "made-again"
    assert "`vs_1`" in row["note"]


@pytest.mark.parametrize(("name", "wrong"), [("a b", "does not have the right form"), ("x" * 50, "has 50 characters")])
def test_a_name_that_no_environment_can_have_is_refused_as_such(shop: World, name: str, wrong: str) -> None:
    before = snapshot(shop.root)
    ran = shop.run("migrate", "--from", "old", "--to", name, "--provider", "anthropic", "--write")
    assert (ran.code, wrong in ran.err, "by hand" in ran.err) == (3, True, False), ran.err
    assert snapshot(shop.root) == before


def test_no_overlay_is_called_like_a_device_of_windows(shop: World) -> None:
    accepted = ("--accept", "tools", "--accept", "tool_resources")
    ran = shop.run("migrate", "--from", "old", "--to", "con", "--provider", "anthropic", "--write", *accepted)
    assert ran.code == 0, ran.err
    assert [path.name for path in (shop.root / "overlays").iterdir()] == ["to-con.yaml"]
