"""What a graph declares of its context, and which manifests ask for something else. Pure.

The server takes any context key in silence, so a misspelt one would be lost without an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...core.model import Desired, Diagnostic, Json, Severity
from ...core.pointer import join_pointer
from ...core.spelling import did_you_mean
from ..losses import LOSS
from .block import NAME, block_of

_BLOCK = f"/providers/{NAME}"


@dataclass(frozen=True, slots=True)
class Graph:
    """`keys`: what its context schema declares; None where it declares none, or lets any key in."""

    name: str
    keys: frozenset[str] | None = None

    @classmethod
    def of(cls, name: str, schema: Json) -> Graph:
        """From a JSON Schema, or from null for a graph without one."""
        members = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(members, dict) or schema.get("additionalProperties"):
            return cls(name)
        return cls(name, frozenset(members))


def findings(item: Desired, graph: Graph) -> Iterator[Diagnostic]:
    """A loss for each field whose key the graph does not declare; an error for each further key."""
    if graph.keys is None:
        return
    block = block_of(item.spec)
    declared = ", ".join(f"`{key}`" for key in sorted(graph.keys)) or "none"
    for name, key in block.keys.items():
        if item.spec.get(name) is not None and key not in graph.keys:
            message = f"`{name}` cannot be held: the graph `{graph.name}` declares no context key `{key}`"
            remedy = f"It declares {declared}: say which takes it with `providers: {{{NAME}: {{context_keys: …}}}}`."
            yield _at(item, Diagnostic(LOSS, message, remedy, path=f"/{name}"))
    for key in block.context:
        if key not in graph.keys:
            message = f"the graph `{graph.name}` declares no context key `{key}`"
            path = join_pointer(("providers", NAME, "context", key))
            remedy = did_you_mean(key, sorted(graph.keys), f"Known: {declared}.")
            yield _at(item, Diagnostic("context-key", message, remedy, path=path))


def unknown_graph(item: Desired, known: Sequence[str]) -> Diagnostic:
    graph_id = block_of(item.spec).graph_id or ""
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    remedy = did_you_mean(graph_id, known, f"Known: {listed}.")
    return _at(
        item, Diagnostic("unknown-graph", f"this server has no graph `{graph_id}`", remedy, path=f"{_BLOCK}/graph_id")
    )


def unreadable_schema(name: str, reason: str) -> Diagnostic:
    message = f"the server does not tell the context keys of the graph `{name}`, so they are unchecked: {reason}"
    remedy = "A graph whose types it cannot describe has this effect; its log says why."
    return Diagnostic("context-unchecked", message, remedy, severity=Severity.WARNING)


def _at(item: Desired, found: Diagnostic) -> Diagnostic:
    return replace(found, address=str(item.address))
