"""Small builders for desired and live objects, and strategies for random ones. Holds no rule of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from retinue.core import differences, marker, marks
from retinue.core.model import Address, Desired, Kind, Live, Plan, Policy
from retinue.core.observation import Observation, Target
from retinue.core.plan import Intent, make_plan
from retinue.providers.base import kinds_at
from retinue.providers.openai_assistants import PROVIDER

KINDS = kinds_at(PROVIDER, PROVIDER.capabilities.kinds)
KIND: Kind = KINDS["Assistant"]
HIDDEN = KIND.hidden
READABLE = tuple(name for name in KIND.fields if name not in HIDDEN)


def at(name: str) -> Address:
    return Address("Assistant", name)


def target(**changed: Any) -> Target:
    """Environment `dev` of project `demo`."""
    given: dict[str, Any] = {
        "project": "demo",
        "environment": "dev",
        "provider": "openai-assistants",
        "endpoint": "http://127.0.0.1/v1",
        "kinds": KINDS,
        "environments": ("dev", "prod"),
    }
    return Target(**given | changed)


def desired(name: str, spec: Mapping[str, Any] | None = None, requires: Iterable[str] = (), **policy: Any) -> Desired:
    spec = {"model": "gpt-4o", "name": name} if spec is None else spec
    return Desired("Assistant", spec, at(name), Policy(**policy), requires=tuple(map(at, requires)))


def as_answered(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What a service reports of an object that was created with `spec`: every readable field, defaults filled in."""
    filled = {name: field.shape.default for name, field in KIND.fields.items() if name in READABLE}
    return filled | {name: value for name, value in spec.items() if value is not None and name in READABLE}


def managed(wanted: Desired, /, **changed: Any) -> Live:
    """The live object that an apply of `wanted` leaves, with whatever `changed` says of it.

    `id`, `created`, `spec` (what the service reports now), `nonce`, `protected`, `project`, `environment`,
    `observed` (by field name: what the service made of a value), `damaged`.
    """
    entries = marks.asked_entries(wanted.spec, KIND, wanted.policy.ignore_changes)
    for name, value in changed.get("observed", {}).items():
        field = KIND.fields[name]
        before = marks.entry_of(field, entries)
        assert before is not None
        entries[field.code] = before._replace(observed=marks.short_digest(value))
    name = wanted.address.name
    nonce = changed.get("nonce", f"{name.replace('-', ''):x<8.8}")
    applied = marker.Applied(nonce, changed.get("protected", wanted.policy.protect), None, entries)
    owner = marker.Owner(changed.get("project", "demo"), changed.get("environment", "dev"), wanted.address)
    return Live(
        "Assistant",
        changed.get("spec", as_answered(wanted.spec)),
        remote_id=changed.get("id", f"asst_{name}"),
        created_at=changed.get("created", 1),
        marker_address=str(owner),
        marker_applied="damaged" if changed.get("damaged") else str(applied),
    )


def foreign(remote_id: str, /, **spec: Any) -> Live:
    """A live object without a marker."""
    return Live("Assistant", as_answered({"model": "gpt-4o"} | spec), remote_id=remote_id, created_at=1)


def fleet(count: int) -> list[Desired]:
    """So many desired objects, `a00` and on."""
    return [desired(f"a{number:02}") for number in range(count)]


def plan(wanted: Iterable[Desired], live: Iterable[Live], /, **options: Any) -> Plan:
    """The plan for `target(**options["target"])`."""
    return make_plan(Observation(target(**options.pop("target", {})), list(live)), list(wanted), Intent(**options))


def steps(made: Plan) -> list[tuple[str, str, str]]:
    """The changes of a plan as (name, action, reason)."""
    return [(change.address.name, change.action.value, str(change.reason)) for change in made.changes]


def changes(wanted: Desired, live: Live, /) -> tuple[Any, ...]:
    """The field changes between a desired object and a live one with a marker."""
    return compared(wanted, live).changes


def compared(wanted: Desired, live: Live, /) -> differences.Compared:
    return differences.compared(wanted, live, KIND, live.mark.applied, known=True)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 0.5, 1e20]) | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)

_words = st.sampled_from(["", "a", "b", "a\n", "a\n\n", "a\r\nb", "a\r\r\nb\r\n", "é"])
_schemas = st.sampled_from(
    [None, {}, {"type": "object", "properties": {}}, {"type": "object", "properties": {"n": {"enum": [1.0, None]}}}]
)
_flags = st.sampled_from([None, False, True])


def _some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


_functions = st.builds(
    lambda name, rest: {"type": "function", "function": {"name": name, **rest}},
    st.sampled_from(["look_up", "order"]),
    _some(description=st.none() | _words, parameters=_schemas, strict=_flags),
)
_ranking = st.none() | _some(
    score_threshold=st.sampled_from([0, 0.0, 0.5]), ranker=st.sampled_from([None, "auto", "default_2024_08_21"])
)
_searches = _some(
    file_search=st.none() | _some(max_num_results=st.sampled_from([None, 20, 8]), ranking_options=_ranking)
)
_tools = (
    st.just({"type": "code_interpreter"}) | _searches.map(lambda search: {"type": "file_search", **search}) | _functions
)
_ids = st.none() | st.lists(st.sampled_from(["file-1", "file-2", "file-3"]), max_size=3)
_resources = _some(
    code_interpreter=st.none() | _some(file_ids=_ids), file_search=st.none() | _some(vector_store_ids=_ids)
)
_formats = st.sampled_from([None, "auto", {"type": "text"}, {"type": "json_object"}]) | _some(
    strict=_flags, schema=_schemas
).map(lambda rest: {"type": "json_schema", "json_schema": {"name": "x", **rest}})
_numbers = st.none() | st.sampled_from([0, 0.0, 0.2, 1, 1.0])

specs = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-4o-mini"])},
    optional={
        "name": st.none() | _words,
        "description": st.none() | _words,
        "instructions": st.none() | _words,
        "tools": st.none() | st.lists(_tools, max_size=2),
        "tool_resources": st.none() | _resources,
        "metadata": st.none() | st.dictionaries(st.sampled_from(["owner", "team"]), _words, max_size=2),
        "temperature": _numbers,
        "top_p": _numbers,
        "response_format": _formats,
        "reasoning_effort": st.sampled_from([None, "low", "high"]),
    },
)
"""Specs that an author may write, with every way to say "nothing"."""
