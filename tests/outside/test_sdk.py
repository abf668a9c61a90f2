"""The official SDK against `retinue emulator`, under rows of choices in which every two open choices meet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ..emulator.choices import ROWS, Row, label
from .needs import sdk
from .published import Witness, departures
from .service import connect, connect_async, control, emulator, options_of

openai = sdk()
pytestmark = [pytest.mark.outside, pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")]

CLOSED = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
LOOK_UP = {"name": "look_up", "description": "Looks it up.", "parameters": CLOSED, "strict": True}
RANKED: dict[str, Any] = {"max_num_results": 8, "ranking_options": {"ranker": "auto", "score_threshold": 0.5}}
FULL: Mapping[str, Any] = {
    "model": "gpt-4o",
    "name": "Tutor ∑",
    "description": "Teaches.",
    "instructions": "Teach.\n\nBe kind.",
    "tools": [
        {"type": "code_interpreter"},
        {"type": "file_search", "file_search": RANKED},
        {"type": "function", "function": LOOK_UP},
    ],
    "tool_resources": {
        "code_interpreter": {"file_ids": ["file-2", "file-1"]},
        "file_search": {"vector_store_ids": ["vs_1"]},
    },
    "metadata": {"team": "x", "floor": "2"},
    "temperature": 0.2,
    "top_p": 0.9,
    "response_format": {"type": "json_object"},
}
WRITE_ONLY = {"reasoning_effort": "low"}


@dataclass(frozen=True)
class Proof:
    """One emulator with a row of choices, the SDK connected to it, and the witness of their answers."""

    url: str
    row: Row
    witness: Witness
    client: Any

    @property
    def assistants(self) -> Any:
        return self.client.beta.assistants

    def full(self) -> Any:
        return self.assistants.create(**FULL, **WRITE_ONLY)

    def answered(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields as the emulator answers them under these choices."""
        found = {**fields}
        if self.row["hybrid_search"] and "tools" in fields:
            found["tools"] = [
                {
                    **tool,
                    "file_search": {**RANKED, "ranking_options": {**RANKED["ranking_options"], "hybrid_search": None}},
                }
                if tool["type"] == "file_search"
                else tool
                for tool in fields["tools"]
            ]
        return found


@pytest.fixture(scope="module", params=ROWS, ids=label)
def served(request: pytest.FixtureRequest) -> Iterator[Proof]:
    witness = Witness(departures(request.param))
    with emulator("--control", *options_of(request.param)) as url, connect(url, witness) as client:
        yield Proof(url, request.param, witness, client)


@pytest.fixture
def proof(served: Proof) -> Iterator[Proof]:
    """An emulator without objects. In the end every answer must have been as published."""
    control(served.url, reset=["objects"])
    served.witness.answers.clear()
    yield served
    assert served.witness.answers
    assert served.witness.complaints() == []


def refusal(error: Any) -> tuple[int, str | None, str | None]:
    """Status, code and param of an error as the SDK shows it."""
    return error.status_code, error.code, error.param


# --- create and read


def test_a_create_with_only_a_model_is_answered_with_the_defaults(proof: Proof) -> None:
    before = int(time.time())
    made = proof.assistants.create(model="gpt-4o")
    assert made.id.startswith("asst_")
    assert before <= made.created_at <= time.time()
    found = made.to_dict()
    assert found.pop("reasoning_effort", None) is None
    assert found.pop("tool_resources", {}) == {}
    assert ("tool_resources" in made.to_dict()) is (proof.row["resources"] != "absent")
    assert found == {
        "id": made.id,
        "object": "assistant",
        "created_at": made.created_at,
        "name": None,
        "description": None,
        "model": "gpt-4o",
        "instructions": None,
        "tools": [],
        "top_p": 1.0,
        "temperature": 1.0,
        "metadata": {},
        "response_format": "auto",
    }


def test_every_field_is_read_back_as_it_was_sent(proof: Proof) -> None:
    made = proof.full()
    found = made.to_dict()
    assert {name: found[name] for name in FULL} == proof.answered(FULL)
    assert found.get("reasoning_effort") == ("low" if proof.row["answers_effort"] else None)
    assert proof.assistants.retrieve(made.id) == made
    assert proof.assistants.list().data == [made]


def test_what_a_tool_leaves_out_is_filled_in(proof: Proof) -> None:
    tools = [{"type": "code_interpreter"}, {"type": "file_search"}, {"type": "function", "function": {"name": "f"}}]
    made = proof.assistants.create(model="gpt-4o", tools=tools).to_dict()
    _, search, function = made["tools"]
    assert search["file_search"]["max_num_results"] == 20
    assert search["file_search"]["ranking_options"]["score_threshold"] == 0.0
    assert ("hybrid_search" in search["file_search"]["ranking_options"]) is proof.row["hybrid_search"]
    none = {"empty": {}, "schema": {"type": "object", "properties": {}}, "absent": None}[proof.row["parameters"]]
    assert (function["function"]["strict"], function["function"].get("parameters")) == (False, none)
    filled: dict[str, Any] = {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}
    assert made.get("tool_resources") == {"filled": filled, "given": {}, "absent": None}[proof.row["resources"]]


def test_a_new_vector_store_is_answered_by_its_id_alone(proof: Proof) -> None:
    page = proof.client.files.create(file=("page.md", b"# Page"), purpose="assistants")
    wanted = {"file_search": {"vector_stores": [{"file_ids": [page.id], "chunking_strategy": {"type": "auto"}}]}}
    made = proof.assistants.create(model="gpt-4o", tools=[{"type": "file_search"}], tool_resources=wanted)
    (key,) = made.tool_resources.file_search.vector_store_ids
    assert key.startswith("vs_")


def test_every_answer_names_its_request(proof: Proof) -> None:
    names = {proof.assistants.create(model="m")._request_id for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("req_") and len(name) == 36 for name in names)


# --- lists


def ordered(proof: Proof, count: int) -> list[str]:
    """The ids of so many new assistants, in the order of a list with order=asc."""
    made = [proof.assistants.create(model="m") for _ in range(count)]
    by_id = proof.row["ties"] == "id"
    return [item.id for item in sorted(made, key=lambda item: (item.created_at, item.id if by_id else ""))]


def ids(page: Any) -> list[str]:
    return [item.id for item in page]


def test_the_pages_of_a_list_have_everything_once_in_order(proof: Proof) -> None:
    keys = ordered(proof, 5)
    proof.witness.answers.clear()
    assert ids(proof.assistants.list(limit=2, order="asc")) == keys
    assert ids(proof.assistants.list(limit=2, order="desc")) == keys[::-1]
    assert ids(proof.assistants.list(limit=2)) == keys[::-1]
    assert len(proof.witness.answers) == 3 * 3


def test_the_pages_of_a_list_are_the_same_for_the_asynchronous_client(proof: Proof) -> None:
    keys = ordered(proof, 5)

    async def walk() -> list[str]:
        async with connect_async(proof.url, proof.witness) as client:
            return [item.id async for item in client.beta.assistants.list(limit=2, order="asc")]

    assert asyncio.run(walk()) == keys


def test_a_page_begins_after_one_cursor_and_ends_before_the_other(proof: Proof) -> None:
    keys = ordered(proof, 6)
    asked = proof.assistants.list
    assert ids(asked(order="asc", after=keys[1])) == keys[2:]
    assert ids(asked(order="desc", after=keys[1])) == keys[:1]
    assert ids(asked(order="asc", before=keys[4], limit=2).data) == keys[2:4]
    assert ids(asked(order="desc", before=keys[1], limit=2).data) == keys[3:1:-1]
    assert ids(asked(order="asc", after=keys[0], before=keys[3]).data) == keys[1:3]


def test_a_page_tells_whether_there_are_more(proof: Proof) -> None:
    keys = ordered(proof, 3)
    pages = [proof.assistants.list(limit=limit) for limit in (2, 3, 4)]
    assert [(page.has_more, page.has_next_page()) for page in pages] == [(True, True), (False, False), (False, False)]
    assert pages[0].first_id == keys[2]
    assert ids(pages[0].get_next_page().data) == keys[:1]


def test_an_empty_list_has_no_page_after_it(proof: Proof) -> None:
    page = proof.assistants.list()
    assert (page.data, page.has_more, page.has_next_page(), page.first_id) == ([], False, False, None)


@pytest.mark.parametrize("name", ["after", "before"])
def test_an_unknown_cursor_is_refused_or_ends_the_list(proof: Proof, name: str) -> None:
    proof.assistants.create(model="m")
    if proof.row["unknown_cursor"] == "empty":
        assert proof.assistants.list(**{name: "asst_none"}).data == []
        return
    with pytest.raises(openai.BadRequestError) as refused:
        proof.assistants.list(**{name: "asst_none"})
    assert refusal(refused.value) == (400, "invalid_value", name)


# --- update

FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": CLOSED, "strict": True}}
CHANGED: Mapping[str, Any] = {
    "model": "gpt-4o-mini",
    "name": "Other",
    "description": "Other.",
    "instructions": "Other.",
    "tools": [{"type": "function", "function": {**LOOK_UP, "name": "other"}}],
    "tool_resources": {"code_interpreter": {"file_ids": ["file-3"]}, "file_search": {"vector_store_ids": ["vs_2"]}},
    "metadata": {"team": "y", "floor": ""},
    "temperature": 2.0,
    "top_p": 0.0,
    "response_format": FORMAT,
}


def changed(proof: Proof, **fields: Any) -> dict[str, Any]:
    """The fields that an update of a full assistant has changed, as it answers and as it is read afterwards."""
    made = proof.full()
    updated = proof.assistants.update(made.id, **fields)
    assert proof.assistants.retrieve(made.id) == updated
    before, after = made.to_dict(), updated.to_dict()
    return {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.mark.parametrize("field", CHANGED)
def test_an_update_changes_its_field_and_no_other(proof: Proof, field: str) -> None:
    assert changed(proof, **{field: CHANGED[field]}) == {field: CHANGED[field]}


def test_an_update_of_everything(proof: Proof) -> None:
    effort = {"reasoning_effort": "high"}
    shown = effort if proof.row["answers_effort"] else {}
    assert changed(proof, **CHANGED, **effort) == {**CHANGED, **shown}


def test_an_update_of_nothing_changes_nothing(proof: Proof) -> None:
    assert changed(proof) == {}


def test_metadata_keys_stay_or_are_replaced(proof: Proof) -> None:
    kept = {} if proof.row["metadata"] == "replace" else FULL["metadata"]
    assert changed(proof, metadata={"new": "1"}) == {"metadata": {**kept, "new": "1"}}


NONE_GIVEN: Mapping[str, Any] = {
    "filled": {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}},
    "given": {},
}
CLEARED: Mapping[str, Any] = {
    "name": None,
    "description": None,
    "instructions": None,
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
}


@pytest.mark.parametrize("field", [*CLEARED, "tool_resources"])
def test_a_null_clears_keeps_or_is_refused(proof: Proof, field: str) -> None:
    if proof.row["null"] == "refuse":
        with pytest.raises(openai.BadRequestError) as refused:
            changed(proof, **{field: None})
        assert refusal(refused.value) == (400, "invalid_type", field)
        return
    cleared = {**CLEARED, "tool_resources": NONE_GIVEN.get(proof.row["resources"])}[field]
    assert changed(proof, **{field: None}) == ({} if proof.row["null"] == "keep" else {field: cleared})


@pytest.mark.parametrize("field", ["model", "tools"])
def test_what_is_never_null_is_refused(proof: Proof, field: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        changed(proof, **{field: None})
    assert refusal(refused.value) == (400, "invalid_type", field)


@pytest.mark.parametrize(
    ("field", "empty"),
    [("name", ""), ("description", ""), ("instructions", ""), ("tools", []), ("response_format", "auto")],
)
def test_an_empty_value_is_kept_as_it_is(proof: Proof, field: str, empty: Any) -> None:
    assert changed(proof, **{field: empty}) == {field: empty}


def test_empty_metadata_and_resources_clear_or_keep(proof: Proof) -> None:
    assert changed(proof, metadata={}) == ({"metadata": {}} if proof.row["metadata"] == "replace" else {})
    cleared = {"tool_resources": NONE_GIVEN.get(proof.row["resources"])}
    assert changed(proof, tool_resources={}) == ({} if proof.row["empty_resources"] == "keep" else cleared)


def test_an_empty_list_of_stores_detaches_them(proof: Proof) -> None:
    detached: dict[str, Any] = {"file_search": {"vector_store_ids": []}}
    assert changed(proof, tool_resources=detached) == {"tool_resources": {**FULL["tool_resources"], **detached}}


# --- delete and refusals


def test_what_is_deleted_is_gone(proof: Proof) -> None:
    kept, made = proof.full(), proof.full()
    gone = proof.assistants.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "assistant.deleted", True)
    for attempt in (proof.assistants.retrieve, proof.assistants.update, proof.assistants.delete):
        with pytest.raises(openai.NotFoundError) as refused:
            attempt(made.id)
        assert refusal(refused.value) == (404, None, None)
        assert refused.value.body["message"] == f"No assistant found with id '{made.id}'."
    assert proof.assistants.list().data == [kept]


PAIRS = {str(number): "" for number in range(17)}
REFUSED: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "no model": ({"model": openai.omit}, "missing_required_parameter", "model"),
    "wrong type": ({"model": 5}, "invalid_type", "model"),
    "long name": ({"name": "n" * 257}, "string_above_max_length", "name"),
    "long description": ({"description": "n" * 513}, "string_above_max_length", "description"),
    "long instructions": ({"instructions": "n" * 256_001}, "string_above_max_length", "instructions"),
    "hot": ({"temperature": 2.1}, "decimal_above_max_value", "temperature"),
    "many tools": ({"tools": [{"type": "code_interpreter"}] * 129}, "array_above_max_length", "tools"),
    "old tool": ({"tools": [{"type": "retrieval"}]}, "invalid_value", "tools[0].type"),
    "bad name": (
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        "invalid_value",
        "tools[0].function.name",
    ),
    "many pairs": ({"metadata": PAIRS}, "object_above_max_properties", "metadata"),
    "number in metadata": ({"metadata": {"floor": 2}}, "invalid_type", "metadata.floor"),
    "old field": ({"extra_body": {"file_ids": []}}, "unknown_parameter", "file_ids"),
    "both ways": (
        {"tool_resources": {"file_search": {"vector_store_ids": ["v"], "vector_stores": [{}]}}},
        "invalid_value",
        "tool_resources.file_search",
    ),
    "effort": ({"reasoning_effort": "most"}, "invalid_value", "reasoning_effort"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_create_is_refused_with_code_and_param(proof: Proof, case: str) -> None:
    fields, code, param = REFUSED[case]
    with pytest.raises(openai.BadRequestError) as refused:
        proof.assistants.create(**{"model": "m", **fields})
    assert refusal(refused.value) == (400, code, param)
    assert proof.assistants.list().data == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "integer_below_min_value"),
        ({"limit": 101}, "integer_above_max_value"),
        ({"order": "up"}, "invalid_value"),
    ],
    ids=str,
)
def test_a_bad_list_is_refused(proof: Proof, query: dict[str, Any], code: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        proof.assistants.list(**query)
    assert refusal(refused.value) == (400, code, next(iter(query)))


@pytest.mark.parametrize("header", [openai.omit, "assistants=v1"], ids=["missing", "old"])
def test_the_beta_header_is_needed(proof: Proof, header: Any) -> None:
    kind = {400: openai.BadRequestError, 401: openai.AuthenticationError}[proof.row["beta_status"]]
    with pytest.raises(kind) as refused:
        proof.assistants.list(extra_headers={"OpenAI-Beta": header})
    assert refused.value.code == "invalid_beta"
    assert "OpenAI-Beta: assistants=v2" in refused.value.message


def test_an_unknown_url_is_refused(proof: Proof) -> None:
    with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(GET /v1/models\)"):
        proof.client.models.list()
