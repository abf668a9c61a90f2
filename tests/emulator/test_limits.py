"""The emulator and the schemas of the kinds state the same limits, because both read the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from retinue.providers.assistants_v2 import KINDS
from retinue_emulator import assistant_rules, checks, vector_store_rules
from retinue_emulator.errors import ApiError
from retinue_emulator.faults import Behaviour

ASSISTANT, STORE = KINDS["Assistant"].schema, KINDS["VectorStore"].schema
FIELDS, FUNCTION = ASSISTANT["properties"], ASSISTANT["definitions"]["function"]["properties"]["function"]["properties"]


def bodies() -> Iterator[tuple[str, int, Any, Any]]:
    """A limit, a body that keeps to it, and one that goes one beyond it."""
    for name, schema in FIELDS.items():
        if most := schema.get("maxLength"):
            yield name, most, {name: "x" * most}, {name: "x" * (most + 1)}
    most = FIELDS["tools"]["maxItems"]
    tools = [{"type": "code_interpreter"}] * (most + 1)
    yield "tools", most, {"tools": tools[1:]}, {"tools": tools}
    for name, value in (("name", "x"), ("description", "x")):
        most = FUNCTION[name]["maxLength"]
        at, over = ({"name": "f", name: value * length} for length in (most, most + 1))
        yield f"function {name}", most, *({"tools": [{"type": "function", "function": it}]} for it in (at, over))
    key, text = (
        FIELDS["metadata"]["propertyNames"]["maxLength"],
        FIELDS["metadata"]["additionalProperties"]["maxLength"],
    )
    yield "metadata key", key, {"metadata": {"k" * key: ""}}, {"metadata": {"k" * (key + 1): ""}}
    yield "metadata value", text, {"metadata": {"k": "x" * text}}, {"metadata": {"k": "x" * (text + 1)}}
    for name in ("temperature", "top_p"):
        most = FIELDS[name]["maximum"]
        yield name, most, {name: most}, {name: most + 1}


@pytest.mark.parametrize(("most", "at", "over"), [row[1:] for row in bodies()], ids=[row[0] for row in bodies()])
def test_an_assistant_may_be_as_long_as_the_schema_says_and_no_longer(most: int, at: Any, over: Any) -> None:
    assistant_rules.check(at, assistant_rules.CREATE, Behaviour())
    with pytest.raises(ApiError, match=str(most)):
        assistant_rules.check(over, assistant_rules.CREATE, Behaviour())


def test_a_store_takes_the_days_and_chunks_that_the_schema_says() -> None:
    days = STORE["properties"]["expires_after"]["properties"]["days"]["maximum"]
    sizes = STORE["definitions"]["chunking_static"]["properties"]["static"]["properties"]["max_chunk_size_tokens"]
    most = sizes["maximum"]

    def body(days: int, size: int) -> dict[str, Any]:
        static = {"max_chunk_size_tokens": size, "chunk_overlap_tokens": 0}
        expiry = {"anchor": "last_active_at", "days": days}
        return {"expires_after": expiry, "chunking_strategy": {"type": "static", "static": static}}

    checks.body(body(days, most), vector_store_rules.CREATE)
    for over in (body(days + 1, most), body(days, most + 1)):
        with pytest.raises(ApiError):
            checks.body(over, vector_store_rules.CREATE)
