"""Names of stored files, and references to live ids and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.content import parse_stored, scope_of, split_name, stored_name
from retinue.core.model import Address
from retinue.core.references import addresses_in, ids_in, renamed, to_names
from retinue.providers.assistants_v2 import KINDS

SHA = "0123456789abcdef" * 4
STORE, FILE = Address("VectorStore", "book"), Address("File", "data/x.csv")
SPEC = {
    "name": "A",
    "metadata": {"ref": "File/data/x.csv"},
    "tool_resources": {
        "code_interpreter": {"file_ids": [{"ref": "File/data/x.csv"}, "file-raw"]},
        "file_search": {"vector_store_ids": [{"ref": "VectorStore/book"}]},
    },
}


@given(st.text(min_size=1, max_size=300).filter(lambda name: "/" not in name))
def test_a_stored_name_says_what_it_was_made_of(plain: str) -> None:
    found = parse_stored(stored_name(plain, scope_of("demo", "dev"), SHA))
    assert found is not None
    stem, ext = split_name(plain)
    assert (found.plain, found.scope) == (stem[:120] + ext, scope_of("demo", "dev"))
    assert (found.key.sha, found.key.ext) == (SHA[:16], ext.lower())


@pytest.mark.parametrize("name", ["x.csv", "x.rt-short-0123456789abcdef.csv", "x.rt-abcdefgh-0123456789ABCDEF.csv", ""])
def test_other_names_are_none_of_ours(name: str) -> None:
    assert parse_stored(name) is None


def test_names_become_ids_and_ids_names_where_references_may_stand_and_nowhere_else() -> None:
    kind = KINDS["Assistant"]
    assert addresses_in(SPEC, kind) == (FILE, STORE)
    live = renamed(SPEC, kind, {FILE: "file-1", STORE: "vs_1"})
    assert live["metadata"] == SPEC["metadata"]
    assert ids_in(live, kind) == {("File", "file-1"), ("File", "file-raw"), ("VectorStore", "vs_1")}
    assert to_names(live, kind, {("File", "file-1"): FILE, ("VectorStore", "vs_1"): STORE}) == SPEC


def test_an_unknown_name_stays_a_name() -> None:
    assert renamed(SPEC, KINDS["Assistant"], {}) == SPEC
