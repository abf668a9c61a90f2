"""Plans to render: written ones for the golden files, random and hostile ones for the properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from retinue.core.codec import ACCEPTED
from retinue.core.marker import Owner
from retinue.core.model import (
    Action,
    Address,
    Cause,
    Change,
    Diagnostic,
    FieldChange,
    MarkChange,
    Obstacle,
    Place,
    Plan,
    Reason,
    Severity,
)
from retinue.providers.assistants_v2 import KINDS


def address(name: str) -> Address:
    return Address("Assistant", name)


def plan(*changes: Change, **more: Any) -> Plan:
    scope = {"project": "helpdesk-k3f9", "environment": "prod", "provider": "azure-openai"}
    return Plan(**scope | {"endpoint": "https://contoso.openai.azure.com", "changes": changes, "kinds": KINDS} | more)


def update(name: str, *fields: FieldChange, **more: Any) -> Change:
    values = {"address": address(name), "action": Action.UPDATE, "reason": Reason.MANIFEST, "remote_id": "asst_abc123"}
    return Change(**values | {"fields": fields} | more)


def prompt(**lines: str) -> str:
    """41 lines; `prompt(l12="…")` has another line 12."""
    return "\n".join(lines.get(f"l{number}", f"Rule {number}: stay polite.") for number in range(1, 42))


def lookup_order(**changed: Any) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "city": {"type": "string"}},
        "required": ["order_id"],
    }
    function = {"name": "lookup_order", "description": "Look up an order.", "parameters": parameters}
    return {"type": "function", "function": function | changed}


# Whatever a live service may hold: escapes, controls, bidi, commands, surrogates, long and odd texts.
_pieces = st.sampled_from(
    (
        *(
            "::error::x",
            " ::set-output name=a::b",
            "##[add-path]/tmp",
            "##vso[task.x]",
            "\x1b[2J",
            "\x1b]0;t\x07",
            "\x9b1m",
        ),
        *("\r", "\n", "\n\n", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800", "\x85", "\u2028", "\U000e0041"),
        *(
            "客服",
            "é",
            "e\u0301",
            "👩‍💻",
            "a b c",
            "word ",
            "true",
            "1",
            "{",
            "…",
            '"',
            "%",
            "`",
            "\\",
            "Plan: 0 to create",
        ),
    )
)
texts = st.one_of(st.text(max_size=20), st.lists(_pieces, max_size=12).map("".join))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False), texts
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
tools = st.lists(
    st.one_of(
        st.sampled_from(["code_interpreter", "file_search", "strange"]).map(lambda word: {"type": word}),
        st.builds(lambda n: {"type": "file_search", "file_search": {"max_num_results": n}}, st.integers(1, 50)),
        st.builds(lambda name, rest: lookup_order(name=name, parameters=rest), texts, values),
    ),
    max_size=4,
)
_paths = st.sampled_from(
    [f"/{name}" for name in KINDS["Assistant"].fields] + ["/retinue/protect", ACCEPTED, "/x/y~1z", "/"]
)
fields = st.builds(FieldChange, _paths, st.one_of(values, tools), st.one_of(values, tools), st.sampled_from(Cause))
addresses = st.builds(
    Address, st.sampled_from(["Assistant", "VectorStore"]), st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
)
places = st.builds(Place, texts, st.integers(1, 99), st.integers(1, 99))
diagnostics = st.builds(
    Diagnostic,
    code=texts,
    message=texts,
    remedy=st.none() | texts,
    place=st.none() | places,
    address=st.none() | texts,
    path=st.none() | texts,
    severity=st.sampled_from(Severity),
)


def changes_of(
    addresses: st.SearchStrategy[Address], fields: st.SearchStrategy[FieldChange], texts: st.SearchStrategy[str]
) -> st.SearchStrategy[Change]:
    obstacles = st.none() | st.builds(Obstacle, texts, texts, st.lists(texts, max_size=3).map(tuple))
    return st.builds(
        Change,
        address=addresses,
        action=st.sampled_from(Action),
        reason=st.sampled_from(Reason),
        remote_id=st.none() | texts,
        fields=st.lists(fields, max_size=4).map(tuple),
        blocked=obstacles,
        held=obstacles,
        mark=st.builds(MarkChange, st.sampled_from([None, False, True]), st.lists(texts, max_size=2).map(tuple)),
        moved_from=st.none() | st.builds(Owner, texts, texts, addresses),
    )


def plans_of(changes: st.SearchStrategy[Change], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Plan]:
    return st.builds(
        Plan,
        project=texts,
        environment=texts,
        provider=texts,
        endpoint=texts,
        complete=st.booleans(),
        changes=st.lists(changes, max_size=5).map(tuple),
        unchanged=st.integers(0, 3),
        unchanged_addresses=st.lists(addresses, max_size=2).map(tuple),
        diagnostics=st.lists(diagnostics, max_size=3).map(tuple),
    )


plans = plans_of(changes_of(addresses, fields, texts), texts)
