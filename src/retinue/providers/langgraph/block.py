"""The `providers.langgraph` part of a spec, and the context it makes with the portable fields. Pure; trusts no type."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.canonical import same
from ...core.model import Json
from ...core.values import dataclass, field
from ..lenient import mapping, text

NAME = "langgraph"
DEFAULT_KEYS: Mapping[str, str] = {
    "model": "model",
    "instructions": "system_prompt",
    "temperature": "temperature",
    "top_p": "top_p",
    "reasoning_effort": "reasoning_effort",
}
"""The portable fields that live in a graph's context, and the key that takes each unless a manifest says another."""
_NUMBERS = ("temperature", "top_p")


@dataclass(frozen=True, slots=True)
class Block:
    """`keys`: the context key of each field; `context`: what else the graph is given."""

    graph_id: str | None = None
    keys: Mapping[str, str] = field(default_factory=lambda: DEFAULT_KEYS)
    context: Mapping[str, Json] = field(default_factory=dict)

    @property
    def own_keys(self) -> dict[str, str]:
        """The keys that are not the default ones."""
        return {name: key for name, key in self.keys.items() if key != DEFAULT_KEYS[name]}

    def to_spec(self) -> dict[str, Json]:
        """The block as a manifest has it, defaults left out."""
        whole = {"graph_id": self.graph_id, "context_keys": self.own_keys, "context": dict(self.context)}
        return {name: value for name, value in whole.items() if value not in (None, {})}


def block_of(spec: Mapping[str, Json]) -> Block:
    """The block of a spec; what has the wrong type counts as absent, because validation has spoken of it."""
    raw = mapping(mapping(spec.get("providers")).get(NAME))
    return Block(text(raw.get("graph_id")), keys_from(raw.get("context_keys")), mapping(raw.get("context")))


def keys_from(stated: Json) -> dict[str, str]:
    """The context key of every field, from those that are stated."""
    return {name: text(mapping(stated).get(name)) or key for name, key in DEFAULT_KEYS.items()}


def context_of(spec: Mapping[str, Json]) -> dict[str, Json]:
    """The whole context of an assistant: the service replaces it, so it is never sent in part."""
    block = block_of(spec)
    stated = {key: spec[name] for name, key in block.keys.items() if spec.get(name) is not None}
    return {**block.context, **stated}


def split_context(context: Mapping[str, Json], keys: Mapping[str, str]) -> tuple[dict[str, Json], dict[str, Json]]:
    """A live context as portable fields and the rest. A value that its field cannot be stays in the rest."""
    fields = {name: context[key] for name, key in keys.items() if key in context and _can_be(name, context[key])}
    taken = {keys[name] for name in fields}
    return fields, {key: value for key, value in context.items() if key not in taken}


def copies_of(raw: Mapping[str, Json]) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
    """The context that counts, and what the other copy of it holds otherwise (null: nothing), by key.

    A server keeps it as `context` and as `config.configurable`, and a graph reads the one or the other. A write sets
    both, but `/latest` of the in-memory server sets only the second back: that one is of the version that is live.
    """
    context, config = mapping(raw.get("context")), raw.get("config")
    if not isinstance(config, dict):
        return context, {}
    configurable = mapping(config.get("configurable"))
    counts, other = (configurable, context) if configurable else (context, configurable)
    keys = [key for key in {**counts, **other} if not same(counts.get(key), other.get(key))]
    return counts, {key: other.get(key) for key in keys}


def _can_be(name: str, value: Json) -> bool:
    return type(value) in (int, float) if name in _NUMBERS else isinstance(value, str)
