"""Whole commands against the emulator's dialect of Mistral: versions, the alias that serves, losses, what others do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from retinue_emulator.faults import Behaviour, Fault

from ..cli.conftest import KEY, World, opened

KIND, STRICT = "instructions: Be kind.\n", "instructions: Be strict.\n"
ALIAS = "    alias: prod\n"
OTHER = {"mistral_arguments": "merge", "mistral_metadata": "merge", "mistral_noop": "same", "mistral_base": "current"}


class MistralWorld(World):
    """A project with one environment at one workspace."""

    def project(self, extra: str = "", environment: str = "") -> None:
        at = f"    provider: mistral\n    endpoint: {self.url}/mistral\n    api_key: {{env: DEMO_KEY}}\n"
        head = f"version: 1\nproject: demo\nmanifests: [assistants]\n{extra}environments:\n  dev:\n"
        self.write("retinue.yaml", f"{head}{at}{environment}")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the console or an SDK does."""
        with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {KEY}"}) as client:
            answer = client.request(method, f"{self.url}/mistral/v1/agents{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.text else None

    def agent(self) -> dict[str, Any]:
        (found,) = (raw for _, raw in self.emulator.store.everything("mistral.agent"))
        return found

    def says(self) -> str:
        """What callers of the alias get."""
        return str(self.call("GET", f"/{self.agent()['id']}?agent_version=prod")["instructions"])

    def pointed(self) -> int:
        (found,) = self.call("GET", f"/{self.agent()['id']}/aliases")
        return int(found["version"])

    def planned(self) -> Mapping[str, Any]:
        (change,) = json.loads(self.run("plan", "--format", "json").out)["changes"]
        found: Mapping[str, Any] = change
        return found

    def sent(self) -> list[str]:
        found = [f"{item.method} {item.path.rpartition('/')[2][:7]}" for item in self.emulator.writes()]
        self.emulator.requests.clear()
        return found


@pytest.fixture(params=[{}, OTHER], ids=["replace", "merge"])
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[MistralWorld]:
    with opened(tmp_path / "demo", monkeypatch) as found:
        found.emulator.behaviour = Behaviour(**request.param)
        yield MistralWorld(found.root, found.emulator, found.url, monkeypatch)


def tutor(world: MistralWorld, *texts: str, environment: str = ALIAS) -> None:
    world.project(environment=environment)
    for text in texts:
        world.assistant("tutor", text)
        world.apply()
    world.sent()


def test_an_update_writes_a_version_and_then_moves_the_alias(world: MistralWorld) -> None:
    tutor(world, KIND)
    assert world.pointed() == 1
    world.assistant("tutor", STRICT)
    assert world.planned()["serving"] == {"now": "1", "then": "2"}
    world.apply()
    assert world.sent() == ["PATCH " + world.agent()["id"][:7], "PUT aliases"]
    assert (world.pointed(), world.says()) == (2, "Be strict.")
    world.settled()


def test_a_revert_moves_the_alias_and_writes_nothing(world: MistralWorld) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", KIND)
    assert world.planned()["serving"] == {"now": "2", "then": "1"}
    world.apply()
    assert world.sent() == ["PUT aliases"] and world.says() == "Be kind."
    world.settled()
    world.assistant("tutor", "instructions: Be brief.\n")
    world.apply()
    assert (world.pointed(), world.says()) == (3, "Be brief.")
    world.settled()


def test_an_alias_that_was_moved_by_hand_is_drift_and_moved_back(world: MistralWorld) -> None:
    tutor(world, KIND, STRICT)
    world.call("PUT", f"/{world.agent()['id']}/aliases?alias=prod&version=1")
    assert world.planned()["fields"][0]["cause"] == "both"
    assert world.run("verify", "--", "true").code == 6
    world.apply()
    assert world.pointed() == 2
    world.settled()


def test_an_alias_that_is_not_there_yet_is_set(world: MistralWorld) -> None:
    tutor(world, KIND, environment="")
    world.project(environment=ALIAS)
    world.apply()
    assert world.sent() == ["PUT aliases"] and world.says() == "Be kind."
    world.settled()


def test_an_edit_in_the_console_does_not_serve_and_goes_into_no_version_of_ours(world: MistralWorld) -> None:
    tutor(world, KIND)
    body = {"description": "Theirs.", "completion_args": {"max_tokens": 5}, "metadata": {"theirs": "1"}}
    world.call("PATCH", f"/{world.agent()['id']}", body)
    world.settled()
    world.assistant("tutor", STRICT)
    world.apply()
    served = world.call("GET", f"/{world.agent()['id']}?agent_version=prod")
    assert (served["instructions"], served["description"]) == ("Be strict.", None)
    assert "max_tokens" not in served["completion_args"] and "theirs" not in _held(served["metadata"])
    world.settled()


def _held(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if value is not None}


@pytest.mark.parametrize("environment", [ALIAS, ""], ids=["alias", "newest"])
@pytest.mark.parametrize("after_commit", [True, False])
def test_a_run_that_is_killed_at_any_write_is_made_up_for(
    world: MistralWorld, environment: str, after_commit: bool
) -> None:
    for number in range(3):
        tutor(world, f"{KIND}temperature: 0.{number + 1}\n", environment=environment)
        world.assistant("tutor", f"{STRICT}top_p: 0.{number + 1}\n")
        fault = Fault("status", 422, after_commit=after_commit)
        world.emulator.faults.on("^(PATCH|PUT) .*/v1/agents", fault, after=number)
        world.run("apply", "--auto-approve")
        world.emulator.faults.clear()
        world.apply()
        world.settled()
        assert world.agent()["instructions"] == "Be strict."
        assert not environment or world.says() == "Be strict."


def test_notes_are_versions_and_the_alias_follows(world: MistralWorld) -> None:
    tutor(world, KIND)
    assert world.run("verify", "--", "true").code == 0
    assert world.pointed() == 2 == world.agent()["version"]
    world.settled()


def test_arguments_and_pairs_that_are_taken_away_are_gone(world: MistralWorld) -> None:
    own = "providers: {mistral: {completion_args: {max_tokens: 7, tool_choice: any}, deployment_chat: true}}\n"
    tutor(world, f"{KIND}top_p: 0.5\nmetadata: {{team: '7'}}\n{own}", environment="")
    assert world.agent()["deployment_chat"] is True and world.agent()["completion_args"]["max_tokens"] == 7
    world.settled()
    world.assistant("tutor", KIND)
    world.apply()
    held = world.agent()
    assert held["deployment_chat"] is False and _held(held["completion_args"]).keys() <= {"tool_choice", "top_p"}
    assert "team" not in _held(held["metadata"])
    world.settled()


def test_what_others_share_is_listed_and_never_touched(world: MistralWorld) -> None:
    theirs = {"name": "Theirs", "model": "m", "metadata": {"any": {"json": [1]}}}
    made = [world.call("POST", "", theirs) for _ in range(101)]
    world.project(environment=ALIAS)
    world.assistant("tutor", KIND)
    world.apply()
    world.settled()
    left = dict(world.emulator.store.everything("mistral.agent"))
    assert [left[raw["id"]] for raw in made] == made and len(left) == 102
    world.emulator.requests.clear()
    assert world.run("plan").code == 0
    asked = [line.path for line in world.emulator.requests]
    assert len([path for path in asked if "/pages" in path]) == 2
    assert len([path for path in asked if "/aliases" in path]) == 1, "of ours alone"


def test_handoffs_refer_to_manifests(world: MistralWorld) -> None:
    world.project(environment=ALIAS)
    world.assistant("helper", KIND)
    world.assistant("front", KIND + "providers: {mistral: {handoffs: [{ref: Assistant/helper}]}}\n")
    world.apply()
    world.settled()
    agents = dict(world.emulator.store.everything("mistral.agent"))
    assert [raw["handoffs"][0] in agents for raw in agents.values() if raw["handoffs"]] == [True]


def test_an_import_writes_what_applies_unchanged(world: MistralWorld) -> None:
    own = {"max_tokens": 9, "temperature": 0.3, "response_format": {"type": "json_object"}}
    tools = [{"type": "connector", "connector_id": "a", "authorization": {"type": "api-key", "value": "k"}}]
    tools.append({"type": "connector", "connector_id": "b"})
    world.call("POST", "", {"name": "Old", "model": "m", "completion_args": own, "tools": tools})
    world.project(environment=ALIAS)
    (world.root / "assistants").mkdir(exist_ok=True)
    assert world.run("import").code == 0
    world.apply()
    world.settled()
    assert "value: k" not in (world.root / "assistants" / "old.yaml").read_text(encoding="utf-8")
    assert (
        world.agent()["tools"][0]["authorization"]["value"] == "k" and "authorization" not in world.agent()["tools"][1]
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("temperature: 1.4\n", "`temperature: 1.4` cannot be held"),
        ("tools: [{type: file_search}]\n", "document_library"),
        ("tools: [{type: mcp, server_label: a, server_url: 'https://a.example'}]\n", "connector"),
        ("tools: [{type: web_search, search_context_size: high}]\n", "search_context_size"),
        ("random_seed: 7\n", "completion_args: {random_seed"),
        ("completion_args: {temperature: 0.1}\n", "Write its members as fields of the manifest"),
        ("handoffs: [ag_1]\n", "providers: {mistral: {handoffs"),
        ("providers: {mistral: {temperature: 0.1}}\n", "write it as `temperature"),
        ("providers: {mistral: {completion_args: {top_p: 0.1}}}\n", "write it as `top_p"),
        ("providers: {mistral: {random_seed: 1}}\n", "completion_args: {random_seed"),
    ],
)
def test_what_does_not_fit_is_told_its_place(world: MistralWorld, text: str, told: str) -> None:
    world.project()
    world.assistant("tutor", text)
    ran = world.run("validate")
    assert told in ran.out + ran.err


def test_an_alias_has_a_form(world: MistralWorld) -> None:
    world.project(environment="    alias: Prod-\n")
    world.assistant("tutor", KIND)
    ran = world.run("validate")
    assert ran.code == 3 and "Lower-case letters" in ran.out + ran.err
