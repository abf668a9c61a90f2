"""An agent to a live resource in the words of a manifest, and back into requests. Pure.

Source of the facts: the types and resources of the package openai 3.57.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.canonical import same
from ...core.model import Json, Live
from ...schema import schema_beside
from ..agent_tools import FUNCTION, FlatTools
from ..assistants_v2 import ASSISTANT
from ..base import Marker
from ..lenient import besides, mapping
from ..metadata import authors, live_of, pairs, texts

NAME = "openai-agents"
DESCRIPTION_KEY = "retinue.description"
"""The metadata pair that holds the description, for which an agent has no member."""


SCHEMA: Json = schema_beside(__package__, "schema")
TOOLS = FlatTools(
    SCHEMA,
    {
        "function": {f"function/{name}": name for name in FUNCTION if name != "strict"},
        "mcp": {"server_label": "server_label", "server_url": "transport/server_url", "allowed_tools": "allowed_tools"},
        "web_search": {
            "search_context_size": "context_size",
            "filters/allowed_domains": "allowed_domains",
            **{f"user_location/{name}": f"location/{name}" for name in ("city", "country", "region", "timezone")},
        },
    },
    only={"mcp": {"transport/type": "http", "transport/headers": None}},
)


def block_of(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    return mapping(mapping(spec.get("providers")).get(NAME))


def to_live(raw: Mapping[str, Json]) -> Live:
    """Raises ServiceError if this is not an agent."""
    held = texts(raw)
    reasoning, text = mapping(raw.get("reasoning")), mapping(raw.get("text"))
    tools = TOOLS.read(raw.get("tools"))
    block = {
        "tools": tools.own,
        "service_tier": raw.get("service_tier"),
        "reasoning": {"summary": reasoning.get("summary")},
        "text": {"verbosity": text.get("verbosity")},
        **{name: mapping(raw.get(name)) for name in ("multi_agent", "compaction", "experimental")},
    }
    spec = {name: raw.get(name) for name in ("name", "model", "instructions")} | {
        "description": held.get(DESCRIPTION_KEY),
        "metadata": {key: value for key, value in authors(held).items() if key != DESCRIPTION_KEY},
        "tools": tools.portable,
        "response_format": _read_format(text.get("format")),
        "reasoning_effort": reasoning.get("effort"),
        "providers": {NAME: block},
    }
    return live_of(raw, ASSISTANT, "an agent", spec)


def _read_format(held: Json) -> Json:
    if mapping(held).get("type") == "json_schema":
        return {"type": "json_schema", "json_schema": {"schema": held.get("schema")}}
    return "auto" if mapping(held).get("type") in (None, "text") else held


def as_understood(stated: Json) -> Json:
    """A response format as an agent holds it: plain text is its default, and a schema has neither name nor options."""
    if mapping(stated).get("type") == "json_schema":
        return {"type": "json_schema", "json_schema": {"schema": mapping(stated.get("json_schema")).get("schema")}}
    return "auto" if mapping(stated).get("type") == "text" else stated


def _members(spec: Mapping[str, Json]) -> dict[str, Json]:
    """Every member of an agent that a spec decides, with its documented default where the spec says nothing."""
    block, form = block_of(spec), as_understood(spec.get("response_format"))
    schema = mapping(mapping(form).get("json_schema")).get("schema")
    several = mapping(block.get("multi_agent"))
    most = {"max_concurrent_subagents": several.get("max_concurrent_subagents") or 6}
    return {
        **{name: spec.get(name) for name in ("model", "name", "instructions")},
        "tools": TOOLS.write(spec.get("tools"), block.get("tools")),
        "reasoning": {
            "effort": spec.get("reasoning_effort"),
            "summary": mapping(block.get("reasoning")).get("summary"),
        },
        "text": {
            "format": {"type": "text"} if schema is None else {"type": "json_schema", "schema": schema},
            "verbosity": mapping(block.get("text")).get("verbosity") or "medium",
        },
        "service_tier": block.get("service_tier") or "auto",
        "multi_agent": {"enabled": True, **most} if several.get("enabled") else {"enabled": False},
        "compaction": {"async": bool(mapping(block.get("compaction")).get("async"))},
        "experimental": {"time_awareness": bool(mapping(block.get("experimental")).get("time_awareness"))},
    }


_DEFAULTS = _members({})
_OF_PART = {
    "reasoning": ("effort", "summary"),
    "text": ("format", "verbosity"),
    "multi_agent": ("enabled", "max_concurrent_subagents"),
    "compaction": ("async",),
}
"""What is known of the parts that an update may replace; whatever else is answered of one goes along with a write."""
_IN_PARTS = ("reasoning", "text")
"""It is not verified if an update replaces or merges these: all is sent that is, or was, not at its default."""


def create_body(spec: Mapping[str, Json], marker: Marker) -> dict[str, Json]:
    """What the manifest states and is not the default, with the marker in the metadata."""
    return {**_changed(_DEFAULTS, _members(spec)), "metadata": metadata(spec, marker)}


def update_body(live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    """Only what differs, but the metadata whole: an update replaces all of it."""
    spec = {**live.spec, **fields}
    body, raw = _changed(_members(live.spec), _members(spec)), live.raw
    if "tools" in body:
        body["tools"] = TOOLS.write(spec.get("tools"), block_of(spec).get("tools"), raw.get("tools"))
    for name in body.keys() & _OF_PART:
        body[name] = {**besides(raw.get(name), _OF_PART[name]), **body[name]}
    form, before = mapping(mapping(body.get("text")).get("format")), mapping(mapping(raw.get("text")).get("format"))
    if form and form["type"] == before.get("type"):
        body["text"]["format"] = {**besides(before, ("type", "schema")), **form}
    return {**body, "metadata": metadata(spec, marker, live)}


def _changed(before: Mapping[str, Json], after: Mapping[str, Json]) -> dict[str, Json]:
    body = {name: value for name, value in after.items() if not same(before[name], value)}
    for name in body.keys() & set(_IN_PARTS):
        plain = _DEFAULTS[name]
        body[name] = {
            key: value
            for key, value in after[name].items()
            if not (same(value, plain[key]) and same(before[name][key], plain[key]))
        }
    return body


def metadata(spec: Mapping[str, Json], marker: Marker | None, live: Live | None = None) -> dict[str, str]:
    """All pairs of an agent: the author's, the description, the marker; and of a live one those that are empty, for
    which a manifest has no word."""
    empty = {key: value for key, value in authors(texts(live.raw)).items() if not value} if live else {}
    own = {key: value for key, value in mapping(spec.get("metadata")).items() if value}
    described = spec.get("description")
    return empty | own | ({} if described is None else {DESCRIPTION_KEY: described}) | pairs(marker)
