"""A version of a Foundry agent to the words of a manifest and back into the body of the next version. Pure.

Source of the facts: the models of the package azure-ai-projects 2.10.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from ...core.canonical import canonical, same
from ...core.marker import ADDRESS_KEY
from ...core.model import Json
from ...schema import by_name, with_extras
from ..assistants_v2 import ASSISTANT
from ..base import Marker
from ..lenient import besides, mapping, stated, text
from ..metadata import authors, pairs, texts
from .flat_tools import SCHEMA, TOOLS, read_tools, write_tools

NAME = "foundry"
NAME_KEY = "retinue.name"
"""The metadata pair that holds the display name: an agent's own name is part of its address."""
EDITED_KEY = "modified_at"
"""The pair that the portal writes at each edit."""
FORGOTTEN = "forgotten"
"""In place of the owner in a version: from this one on the agent is nobody's."""
_ASSISTANT = with_extras(by_name(ASSISTANT), NAME, {ASSISTANT.name: SCHEMA})[ASSISTANT.name]
_BLOCK = ("tool_choice", "structured_inputs", "rai_config")
_REASONING = ("summary", "mode", "context")
_WITHIN: Mapping[str, Set[str]] = {"text": {"format"}, "reasoning": {"effort", *_REASONING}}
_KNOWN = frozenset({"kind", "model", "instructions", "temperature", "top_p", "reasoning", "tools", "text", *_BLOCK})
"""The members of a definition that a manifest decides; all others stay as they are."""


def block_of(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    return mapping(mapping(spec.get("providers")).get(NAME))


def agent_name(spec: Mapping[str, Json], address: str, template: str) -> str:
    """How a manifest's agent is called when it is created. `address`: the manifest's name."""
    return text(block_of(spec).get("name")) or template.replace("{name}", address)


def to_spec(version: Mapping[str, Json]) -> dict[str, Json]:
    definition, held = mapping(version.get("definition")), texts(version)
    reasoning, tools = mapping(definition.get("reasoning")), definition.get("tools")
    block = {
        **{name: definition.get(name) for name in _BLOCK},
        "reasoning": {name: reasoning.get(name) for name in _REASONING},
        "tools": TOOLS.read(tools).own,
    }
    return (
        read_tools(tools)
        | {name: definition.get(name) for name in ("model", "instructions", "temperature", "top_p")}
        | {
            "name": held.get(NAME_KEY),
            "description": text(version.get("description")),
            "metadata": {key: item for key, item in authors(held).items() if key not in (NAME_KEY, EDITED_KEY)},
            "response_format": _read_format(mapping(definition.get("text")).get("format")),
            "reasoning_effort": reasoning.get("effort"),
            "providers": {NAME: block},
        }
    )


def _read_format(held: Json) -> Json:
    if mapping(held).get("type") != "json_schema":
        return held or "auto"
    return {"type": "json_schema", "json_schema": {key: item for key, item in held.items() if key != "type"}}


def body(
    spec: Mapping[str, Json],
    marker: Marker | None,
    at_default: Set[str] = frozenset(),
    before: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """All of a version, because what is left out is gone. `before`: the version that it follows.

    What that has and no manifest can say is carried over. Sampling at its default is not sent: some models refuse it.
    """
    definition = mapping((before or {}).get("definition"))
    block, form = block_of(spec), mapping(spec.get("response_format"))
    inner = stated(mapping(form.get("json_schema")))
    own = mapping(block.get("reasoning"))
    reasoning = {"effort": spec.get("reasoning_effort"), **{name: own.get(name) for name in _REASONING}}
    written = {"format": {**inner, "type": form["type"]}} if form else {}
    parts = {
        "reasoning": {**besides(definition.get("reasoning"), _WITHIN["reasoning"]), **stated(reasoning)},
        "text": {**besides(definition.get("text"), _WITHIN["text"]), **written},
        "tools": write_tools(spec, block.get("tools"), definition.get("tools")),
        **{name: spec.get(name) for name in ("model", "instructions")},
        **{name: spec.get(name) for name in ("temperature", "top_p") if name not in at_default},
        **{name: block.get(name) for name in _BLOCK},
    }
    full = {name: value for name, value in parts.items() if value not in (None, {}, [])}
    whole = {**besides(definition, _KNOWN), "kind": "prompt", **full}
    found = {"definition": whole, "metadata": metadata(spec, marker)}
    return found if spec.get("description") is None else {**found, "description": spec["description"]}


def metadata(spec: Mapping[str, Json], marker: Marker | None) -> dict[str, str]:
    """All pairs of a version: the author's, the display name, and the marker or a tombstone."""
    own = {key: value for key, value in mapping(spec.get("metadata")).items() if value}
    named = {} if spec.get("name") is None else {NAME_KEY: spec["name"]}
    return own | named | (pairs(marker) or {ADDRESS_KEY: FORGOTTEN})


def alike(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """True if two versions say the same, the marker aside."""
    specs = (canonical(to_spec(item), _ASSISTANT) for item in (one, other))
    return same(*specs) and same(unsaid(one), unsaid(other))


def unsaid(version: Mapping[str, Json]) -> dict[str, Json]:
    """What a version has that no manifest can say, by name."""
    definition = mapping(version.get("definition"))
    found = besides(definition, _KNOWN)
    for part, known in _WITHIN.items():
        found |= {f"{part}.{name}": item for name, item in stated(besides(definition.get(part), known)).items()}
    return found | TOOLS.unsaid(definition.get("tools"))
