"""The kinds of the Assistants v2 family: assistants in portable words, vector stores and files. Knows no service.

Every provider that holds assistants registers `ASSISTANT`; what speaks the protocol itself takes all three.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.model import Export, Kind
from ...schema import by_name, kind_of, schema_beside
from .older import function_name, upgraded, without_helper
from .rules import assistant_lints, function_rules, of_assistant, of_store, store_rules

VECTOR_STORE = kind_of(schema_beside(__package__, "vector_store"), rules=store_rules, explain=of_store)
FILE = kind_of(schema_beside(__package__, "file"))
_EXPORT = Export(
    listing="GET /assistants",
    paged="GET /assistants?limit=100&after=LAST_ID until `has_more` is false",
    object="assistant",
    envelope="assistants",
    telling=frozenset({"file_ids"}),
    upgraded=upgraded,
    split=lambda item, name: without_helper(item, name, VECTOR_STORE),
    shared=("tools", function_name),
)


def assistant(required: Sequence[str] = ("model",), *, empty_pairs: bool = False) -> Kind:
    """The kind as a service holds it. `required`: the fields that it needs; `empty_pairs`: metadata `""` is a value."""
    schema = {**schema_beside(__package__, "assistant"), "required": [*required]}
    if empty_pairs:
        pairs = schema["properties"]["metadata"]
        texts = {key: item for key, item in pairs["additionalProperties"].items() if key != "x-retinue-empty"}
        schema["properties"] = {**schema["properties"], "metadata": {**pairs, "additionalProperties": texts}}
    return kind_of(schema, rules=function_rules, lints=assistant_lints, explain=of_assistant, export=_EXPORT)


ASSISTANT = assistant()
KINDS = by_name(ASSISTANT, VECTOR_STORE, FILE)
