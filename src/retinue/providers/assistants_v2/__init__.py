"""The kinds of the Assistants v2 family: assistants in portable words, vector stores and files. Knows no service.

Every provider that holds assistants registers `ASSISTANT`; what speaks the protocol itself takes all three.
"""

from __future__ import annotations

from ...core.model import Export
from ...schema import by_name, kind_of, schema_beside
from .older import function_name, upgraded, without_helper
from .rules import assistant_lints, function_rules, of_assistant, of_store, store_rules

VECTOR_STORE = kind_of(schema_beside(__package__, "vector_store"), rules=store_rules, explain=of_store)
FILE = kind_of(schema_beside(__package__, "file"))
ASSISTANT = kind_of(
    schema_beside(__package__, "assistant"),
    rules=function_rules,
    lints=assistant_lints,
    explain=of_assistant,
    export=Export(
        listing="GET /assistants",
        paged="GET /assistants?limit=100&after=LAST_ID until `has_more` is false",
        object="assistant",
        envelope="assistants",
        telling=frozenset({"file_ids"}),
        upgraded=upgraded,
        split=lambda item, name: without_helper(item, name, VECTOR_STORE),
        shared=("tools", function_name),
    ),
)
KINDS = by_name(ASSISTANT, VECTOR_STORE, FILE)
