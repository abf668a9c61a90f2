"""Foundry's agents: whole definitions as versions, what serves callers, what is refused, and what is left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from .client import Clock, good

FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
SEARCH = {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5}
KEY = {"Authorization": "Bearer token"}
MERGE = {"Content-Type": "application/merge-patch+json"}
LATEST = {"version_selection_rules": [{"type": "FixedRatio", "agent_version": "@latest", "traffic_percentage": 100}]}


class Project:
    """A client of a Foundry project in an emulator."""

    def __init__(self, emulator: Emulator, client: httpx.Client) -> None:
        self.emulator, self.client = emulator, client

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        query = {} if path.startswith("openai/v1") else {"api-version": "v1"}
        return self.client.request(method, path, params={**query, **options.pop("params", {})}, **options)

    def write(self, name: str = "tutor", headers: Any = None, **body: Any) -> httpx.Response:
        definition = {"kind": "prompt", "model": "m", **body.pop("definition", {})}
        return self.ask("POST", f"agents/{name}/versions", json={**body, "definition": definition}, headers=headers)

    def says(self, instructions: str, name: str = "tutor") -> Any:
        return good(self.write(name, definition={"instructions": instructions}))

    def read(self, path: str = "tutor") -> Any:
        return good(self.ask("GET", f"agents/{path}"))

    def patch(self, body: Any, headers: Any = MERGE, name: str = "tutor") -> httpx.Response:
        return self.ask("PATCH", f"agents/{name}", json=body, headers=headers)

    def pin(self, *shares: tuple[str, int], **more: Any) -> httpx.Response:
        rules = [{"type": "FixedRatio", "agent_version": number, "traffic_percentage": part} for number, part in shares]
        return self.patch({"agent_endpoint": {"version_selector": {"version_selection_rules": rules}, **more}})

    def served(self, name: str = "tutor") -> str:
        """The instructions and the number of the version that a caller of the agent's endpoint meets."""
        return heard(self.ask("POST", f"agents/{name}/endpoint/protocols/openai/responses", json={"input": "Hi"}))

    def referred(self, **reference: str) -> str:
        whole = {"type": "agent_reference", "name": "tutor", **reference}
        return heard(self.ask("POST", "openai/v1/responses", json={"input": "Hi", "agent_reference": whole}))

    def names(self, **query: Any) -> list[str]:
        return [item["name"] for item in good(self.ask("GET", "agents", params=query))["data"]]


def heard(response: httpx.Response) -> str:
    answer = good(response)
    return f"{answer['output'][0]['content'][0]['text']} {answer['agent_reference']['version']}"


@pytest.fixture
def make() -> Iterator[Callable[..., Project]]:
    with ExitStack() as stack:

        def build(**behaviour: Any) -> Project:
            emulator = Emulator(":memory:", Behaviour(**behaviour), now=Clock().now)
            stack.callback(emulator.close)
            transport, url = httpx.WSGITransport(app=emulator), "http://emulator/api/projects/demo"
            return Project(emulator, stack.enter_context(httpx.Client(transport=transport, base_url=url, headers=KEY)))

        yield build


@pytest.fixture
def project(make: Callable[..., Project]) -> Project:
    return make()


def refused(response: httpx.Response) -> tuple[int, str, str]:
    """The status, the code and the text of a refusal by the service itself."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code", "details", "additionalInfo"}
    return response.status_code, error["code"], error["message"]


# --- versions


def test_a_create_makes_version_1_and_answers_what_it_was_given(project: Project) -> None:
    definition = {"kind": "prompt", "model": "m", "tools": [FUNCTION, SEARCH, {"type": "of_tomorrow", "x": 1}]}
    made = good(project.write(definition=definition, metadata={"team": "x"}, description="d", tags={"lost": "yes"}))
    assert made == {
        "metadata": {"team": "x"},
        "object": "agent.version",
        "id": "tutor:1",
        "name": "tutor",
        "version": "1",
        "description": "d",
        "created_at": 1_700_000_000,
        "definition": definition,
        "status": "active",
    }
    assert project.read("tutor/versions/1") == made
    agent = project.read()
    assert agent.pop("versions") == {"latest": made}
    assert agent == {
        "object": "agent",
        "id": "tutor",
        "name": "tutor",
        "state": "enabled",
        "configuration_state": "enabled",
        "agent_endpoint": {"version_selector": LATEST, "protocol_configuration": {"responses": {}}},
        "agent_card": None,
    }


def test_an_update_is_a_whole_version_and_nothing_is_merged(project: Project) -> None:
    first = good(project.write(definition={"instructions": "A"}, metadata={"team": "x"}, description="d"))
    second = good(project.write(definition={"temperature": 1}, metadata={"floor": "2"}))
    assert second["version"] == "2"
    assert second["definition"] == {"kind": "prompt", "model": "m", "temperature": 1}
    assert (second["metadata"], second["description"]) == ({"floor": "2"}, "")
    assert project.read("tutor/versions/1") == first
    assert [item["version"] for item in project.read("tutor/versions")["data"]] == ["2", "1"]


def test_the_number_of_a_deleted_version_does_not_come_again(project: Project) -> None:
    for text in "ABC":
        project.says(text)
    gone = good(project.ask("DELETE", "agents/tutor/versions/3"))
    assert gone == {"object": "agent.version.deleted", "name": "tutor", "version": "3", "deleted": True}
    assert project.read()["versions"]["latest"]["version"] == "2"
    assert project.says("D")["version"] == "4"


def test_a_deleted_agent_is_gone_with_its_versions_and_begins_anew(project: Project) -> None:
    project.says("A")
    assert good(project.ask("DELETE", "agents/tutor")) == {"object": "agent.deleted", "name": "tutor", "deleted": True}
    for path in ("tutor", "tutor/versions", "tutor/versions/1"):
        answer = refused(project.ask("GET", f"agents/{path}"))
        assert answer == (404, "not_found", "Agent tutor doesn't exist")
    assert project.ask("DELETE", "agents/tutor").status_code == 404
    assert project.says("B")["version"] == "1"
    good(project.ask("DELETE", "agents/tutor/versions/1"))
    assert project.names() == []


@pytest.mark.parametrize(
    ("option", "versions"), [("new", ["1", "2", "3"]), ("same", ["1", "1", "2"]), ("definition", ["1", "1", "1"])]
)
def test_an_identical_create_answers_the_old_version_or_makes_another(
    make: Callable[..., Project], option: str, versions: list[str]
) -> None:
    project = make(foundry_create=option)
    notes: list[dict[str, str]] = [{}, {}, {"note": "x"}]
    made = [good(project.write(definition={"instructions": "A"}, metadata=note)) for note in notes]
    assert [item["version"] for item in made] == versions
    assert project.says("B")["version"] == str(int(versions[-1]) + 1)
    assert project.says("A")["version"] == str(int(versions[-1]) + 2)


def test_a_draft_is_counted_and_is_not_the_latest(project: Project) -> None:
    project.says("A")
    header = {"Foundry-Features": "Skills=V1Preview, DraftAgents=V1Preview"}
    assert good(project.write(headers=header, draft=True))["draft"] is True
    assert project.read()["versions"]["latest"]["version"] == "1"
    assert [item["version"] for item in project.read("tutor/versions")["data"]] == ["1"]
    listed = good(project.ask("GET", "agents/tutor/versions", params={"include_drafts": "true"}))["data"]
    assert [item["version"] for item in listed] == ["2", "1"]
    assert project.says("C")["version"] == "3"
    good(project.ask("DELETE", "agents/tutor/versions/3"))
    assert project.read()["versions"]["latest"]["version"] == "1"


def test_the_thousand_and_first_version_is_refused_until_one_is_deleted(project: Project) -> None:
    with project.emulator.store.transaction():
        for _ in range(1_000):
            project.emulator.seed({"object": "foundry.agent", "name": "tutor", "definition": {"kind": "prompt"}})
    assert refused(project.write())[:2] == (400, "UserError")
    good(project.ask("DELETE", "agents/tutor/versions/1"))
    assert good(project.write())["version"] == "1001"


# --- what serves


def test_the_newest_serves_until_a_version_is_pinned(project: Project) -> None:
    project.says("A")
    project.says("B")
    assert project.served() == "B 2"
    agent = good(project.pin(("1", 100)))
    assert agent["agent_endpoint"]["protocol_configuration"] == {"responses": {}}
    assert project.read() == agent
    project.says("C")
    assert project.served() == "A 1"
    good(project.pin(("@latest", 100)))
    assert project.served() == "C 3"


def test_shares_of_traffic_take_turns(project: Project) -> None:
    project.says("A")
    project.says("B")
    good(project.pin(("1", 90), ("2", 10)))
    heard = [project.served() for _ in range(100)]
    assert (heard.count("A 1"), heard.count("B 2")) == (90, 10)


def test_a_patch_merges_and_null_takes_away(project: Project) -> None:
    project.says("A")
    card = {"version": "1", "skills": []}
    good(project.patch({"agent_card": card, "default_version": "7"}))
    good(project.patch({"agent_endpoint": {"authorization_schemes": [{"type": "Entra"}]}}))
    agent = good(project.pin(("1", 100)))
    assert agent["agent_endpoint"].keys() == {"version_selector", "protocol_configuration", "authorization_schemes"}
    assert (agent["agent_card"], "default_version" in agent) == (card, False)
    assert good(project.patch({"agent_card": {"version": None, "description": "d"}}))["agent_card"] == {
        "description": "d",
        "skills": [],
    }
    endpoint = good(project.patch({"agent_endpoint": {"version_selector": None}}))["agent_endpoint"]
    assert "version_selector" not in endpoint
    project.says("B")
    assert project.served() == "B 2"
    assert good(project.patch({"agent_endpoint": None}))["agent_endpoint"]["version_selector"] == LATEST


def test_a_pinned_version_can_be_deleted_and_then_nothing_serves(project: Project) -> None:
    project.says("A")
    project.says("B")
    good(project.pin(("1", 100)))
    good(project.ask("DELETE", "agents/tutor/versions/1"))
    call = project.ask("POST", "agents/tutor/endpoint/protocols/openai/responses", json={})
    assert refused(call) == (404, "not_found", "Agent tutor with version 1 doesn't exist")
    good(project.patch({"agent_card": {"version": "1"}}))
    good(project.pin(("2", 100)))
    assert project.served() == "B 2"


def test_an_endpoint_that_nobody_set_may_be_null_and_then_needs_its_protocol(make: Callable[..., Project]) -> None:
    project = make(foundry_endpoint="null")
    project.says("A")
    project.says("B")
    assert project.read()["agent_endpoint"] is None
    assert project.served() == "B 2"
    good(project.pin(("1", 100)))
    assert project.ask("POST", "agents/tutor/endpoint/protocols/openai/responses", json={}).status_code == 404
    good(project.pin(("1", 100), protocol_configuration={"responses": {}}))
    assert project.served() == "A 1"


@pytest.mark.parametrize(("option", "meant"), [("newest", "B 2"), ("pin", "A 1")])
def test_a_reference_without_a_version_means_the_newest_or_the_pin(
    make: Callable[..., Project], option: str, meant: str
) -> None:
    project = make(foundry_reference=option)
    project.says("A")
    project.says("B")
    good(project.pin(("1", 100)))
    assert project.referred() == meant
    assert (project.referred(version="1"), project.referred(version="2")) == ("A 1", "B 2")


@pytest.mark.parametrize(("option", "numbers"), [("restart", ["1", "2"]), ("continue", ["3", "4"])])
@pytest.mark.parametrize("path", ["agents/tutor", "agents/tutor/versions/2"])
def test_the_numbers_of_an_agent_that_is_made_again_restart_or_continue(
    make: Callable[..., Project], option: str, numbers: list[str], path: str
) -> None:
    project = make(foundry_numbers=option)
    for _ in range(2):
        project.says("A")
    good(project.ask("DELETE", "agents/tutor/versions/1"))
    good(project.ask("DELETE", path))
    assert [project.says(text)["version"] for text in "AB"] == numbers
    assert project.says("A", "other")["version"] == "1"


def test_a_disabled_agent_answers_nobody_and_can_still_be_written(project: Project) -> None:
    project.says("A")
    for verb, state in (("disable", "disabled"), ("disable", "disabled"), ("enable", "enabled")):
        answer = project.ask("POST", f"agents/tutor:{verb}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (project.read()["state"], project.read()["configuration_state"]) == (state, state)
        call = project.ask("POST", "agents/tutor/endpoint/protocols/openai/responses", json={})
        assert call.status_code == (200 if state == "enabled" else 403)
        project.says(verb)
    for path in ("agents/none:disable", "agents/tutor:explode", "agents/tutor"):
        assert project.ask("POST", path).status_code == 404


# --- lists


def test_the_list_pages_and_filters_by_kind(project: Project) -> None:
    for name in ("a", "b", "c"):
        project.says("A", name)
    project.emulator.seed({"object": "foundry.agent", "name": "w", "definition": {"kind": "workflow"}, "created_at": 1})
    assert project.names() == ["w", "c", "b", "a"]
    assert project.names(order="asc", kind="prompt") == ["a", "b", "c"]
    assert project.names(kind="workflow") == ["w"]
    page = good(project.ask("GET", "agents", params={"limit": 2}))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("w", "c", True)
    assert project.names(limit=2, after="c") == ["b", "a"]
    assert page["data"][1] == project.read("c")
    assert [refused(project.ask("GET", "agents", params={"limit": most}))[0] for most in (0, 101)] == [400, 400]


def test_the_list_may_lack_an_agent_or_be_broken(make: Callable[..., Project]) -> None:
    project = make(foundry_list="lacking")
    for name in ("a", "b"):
        project.says("A", name)
    assert project.names() == ["b"]
    assert project.read("a")["name"] == "a"
    project.emulator.behaviour = Behaviour(foundry_list="broken")
    assert refused(project.ask("GET", "agents"))[0] == 500
    assert project.read("a")["name"] == "a"


@pytest.mark.parametrize(("ties", "expected"), [("creation", ["b", "a", "c"]), ("id", ["a", "b", "c"])])
def test_what_is_made_within_one_second_is_in_order_of_creation_or_of_name(
    make: Callable[..., Project], ties: str, expected: list[str]
) -> None:
    project = make(ties=ties)
    for name in ("b", "a", "c"):
        project.says("A", name)
    project.says("B", "b")
    assert project.names(order="asc") == expected


# --- refusals


@pytest.mark.parametrize("name", ["-a", "a-", "a_b", "a.b", "ä", "x" * 64, "a b", "a:b"])
def test_a_name_that_breaks_the_rule_is_refused(project: Project, name: str) -> None:
    assert refused(project.write(name))[:2] == (400, "UserError")


@pytest.mark.parametrize("name", ["a", "A-1", "x" * 63])
def test_a_name_that_keeps_the_rule_is_taken(project: Project, name: str) -> None:
    assert good(project.write(name))["name"] == name


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"definition": {"tools": [FUNCTION] * 129}}, "definition.tools"),
        ({"definition": {"tools": [{**FUNCTION, "parameters": None}]}}, "definition.tools[0].parameters"),
        ({"definition": {"tools": [{**FUNCTION, "strict": None}]}}, "definition.tools[0].strict"),
        ({"definition": {"tools": [{"type": "file_search"}]}}, "definition.tools[0].vector_store_ids"),
        ({"definition": {"tools": [{**SEARCH, "max_num_results": 51}]}}, "definition.tools[0].max_num_results"),
        ({"definition": {"tools": [{"function": FUNCTION}]}}, "definition.tools[0].type"),
        ({"definition": {"temperature": 2.1}}, "definition.temperature"),
        ({"definition": {"top_p": 1.1}}, "definition.top_p"),
        ({"definition": {"model": None}}, "definition.model"),
        ({"definition": {"instructions": 1}}, "definition.instructions"),
        ({"definition": {"reasoning": {"effort": "huge"}}}, "definition.reasoning.effort"),
        ({"definition": {"text": {"format": {"type": "json_schema"}}}}, "definition.text.format.name"),
        ({"definition": {"kind": "assistant"}}, "definition.kind"),
        ({"metadata": {str(number): "" for number in range(17)}}, "body.metadata"),
        ({"metadata": {"k": "x" * 513}}, "body.metadata.k"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_definition_may_not_hold_is_refused_by_its_place(project: Project, body: Any, at: str) -> None:
    answer = project.write(**body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, at)
    assert project.names() == []


@pytest.mark.parametrize(
    ("body", "feature"),
    [
        ({"draft": True}, "DraftAgents"),
        ({"definition": {"skills": [{"name": "s"}]}}, "Skills"),
        ({"definition": {"kind": "workflow"}}, "WorkflowAgents"),
        ({"definition": {"kind": "external"}}, "ExternalAgents"),
        ({"definition": {"kind": "voice"}}, "VoiceAgents"),
        ({"definition": {"harness": {"type": "github_copilot_preview"}}}, "GitHubCopilot"),
        ({"definition": {"harness": {"type": "microsoft_copilot_preview"}}}, "MicrosoftCopilot"),
        ({"digital_worker_type": "m365"}, "DigitalWorker"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_in_preview_needs_its_header(project: Project, body: Any, feature: str) -> None:
    header = f"Foundry-Features: {feature}=V1Preview"
    status, code, message = refused(project.write(**dict(body)))
    assert (status, code) == (403, "preview_feature_required")
    assert f"Include the '{header}' header" in message
    assert good(project.write(headers=dict([header.split(": ")]), **dict(body)))["version"] == "1"


@pytest.mark.parametrize(
    "rules",
    [
        [{"type": "FixedRatio", "agent_version": "1", "traffic_percentage": 99}],
        [{"type": "FixedRatio", "agent_version": "1", "traffic_percentage": 101}],
        [{"type": "Weighted", "agent_version": "1", "traffic_percentage": 100}],
        [{"type": "FixedRatio", "agent_version": 1, "traffic_percentage": 100}],
        [{"type": "FixedRatio", "traffic_percentage": 100}],
        {},
    ],
)
def test_rules_that_say_nothing_of_a_version_are_refused(project: Project, rules: Any) -> None:
    project.says("A")
    before = project.read()
    body = {"agent_endpoint": {"version_selector": {"version_selection_rules": rules}}}
    assert project.patch(body).status_code == 400
    assert project.pin(("2", 100)).status_code == 404
    assert project.patch({"agent_endpoint": {}}, headers={"Content-Type": "application/json"}).status_code == 415
    assert project.read() == before


def test_the_version_of_the_api_is_needed_by_agents_and_refused_by_responses_and_files(project: Project) -> None:
    for query in ({"api-version": ""}, {"api-version": "2025-05-01"}):
        assert refused(project.ask("GET", "agents", params=query))[0] == 400
    for path in ("openai/v1/files", "openai/v1/vector_stores"):
        assert good(project.ask("GET", path))["data"] == []
        assert refused(project.ask("GET", path, params={"api-version": "v1"}))[0] == 400


def test_files_and_stores_below_openai_are_those_of_the_project(project: Project) -> None:
    upload = {"files": {"file": ("a.txt", b"hello")}, "data": {"purpose": "assistants"}}
    file = good(project.ask("POST", "openai/v1/files", **upload))
    body = {"name": "s", "file_ids": [file["id"]], "metadata": {"k": "v"}}
    store = good(project.ask("POST", "openai/v1/vector_stores", json=body))
    assert store["file_counts"]["completed"] == 1
    assert good(project.ask("GET", f"openai/v1/vector_stores/{store['id']}/files"))["data"][0]["attributes"] == {}
    assert project.ask("GET", f"openai/v1/files/{file['id']}/content").content == b"hello"


def test_a_token_is_needed(make: Callable[..., Project]) -> None:
    project = make(api_key="right")
    for token, status in (("", 401), ("Bearer wrong", 401), ("Bearer right", 200)):
        assert project.ask("GET", "agents", headers={"Authorization": token}).status_code == status
    error = project.ask("GET", "agents", headers={"Authorization": ""}).json()["error"]
    assert error.keys() == {"code", "message"}


def test_the_end_of_classic_agents_is_not_the_end_of_agents(make: Callable[..., Project]) -> None:
    project = make(gone=True)
    assert project.ask("GET", "assistants").status_code == 404
    assert project.names() == []


def test_what_is_seeded_is_there_as_it_is(project: Project) -> None:
    rules = {"version_selection_rules": [{"type": "FixedRatio", "agent_version": "7", "traffic_percentage": 100}]}
    endpoint = {"version_selector": rules, "protocol_configuration": {"responses": {}}}
    seeded = {"object": "foundry.agent", "name": "Odd_Name", "version": "7", "created_at": 5, "extra": [1]}
    definition = {"kind": "prompt", "model": "m", "instructions": "Seven", "of_tomorrow": {}}
    project.emulator.seed({**seeded, "definition": definition, "agent_endpoint": endpoint})
    assert project.read("Odd_Name")["versions"]["latest"]["extra"] == [1]
    assert project.served("Odd_Name") == "Seven 7"
    project.emulator.seed(
        {"object": "foundry.agent", "name": "Odd_Name", "definition": definition, "state": "disabled"}
    )
    assert project.read("Odd_Name/versions/8")["definition"] == definition
    assert (project.read("Odd_Name")["state"], project.read("Odd_Name")["agent_endpoint"]) == ("disabled", endpoint)


def test_a_definition_can_be_altered_by_the_service(make: Callable[..., Project]) -> None:
    project = make(alterations={"instructions": "trim"})
    assert project.says(" A ")["definition"]["instructions"] == "A"
