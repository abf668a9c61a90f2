"""What a graph declares of its context, and which manifests ask for something else. Pure.

The server takes any context key in silence, so a misspelt one would be lost without an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...core.model import Desired, Diagnostic, Json, Severity
from ...core.pointer import join_pointer
from ...core.spelling import did_you_mean
from ...core.values import dataclass
from ..losses import LOSS
from .block import NAME, block_of

_UNKNOWN_GRAPH = re.compile(r"Graph '[^']*' not found\. Expected one of: \[(.*)")


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


def known_graphs(text: str) -> list[str] | None:
    """The graphs of the server, out of its refusal of another one; None if the text is another refusal."""
    match = _UNKNOWN_GRAPH.search(text)
    return re.findall(r"'([^']*)'", match[1]) if match else None


def findings(item: Desired, graph: Graph) -> Iterator[Diagnostic]:
    """A loss for each field whose key the graph does not declare; an error for each further key."""
    if graph.keys is None:
        return
    block, at = block_of(item.spec), str(item.address)
    declared = ", ".join(f"`{key}`" for key in sorted(graph.keys)) or "none"
    for name, key in block.keys.items():
        if item.spec.get(name) is not None and key not in graph.keys:
            message = f"`{name}` cannot be held: the graph `{graph.name}` declares no context key `{key}`"
            remedy = f"It declares {declared}: say which takes it with `providers: {{{NAME}: {{context_keys: …}}}}`."
            yield Diagnostic(LOSS, message, remedy, address=at, path=f"/{name}")
    for key in block.context:
        if key not in graph.keys:
            message = f"the graph `{graph.name}` declares no context key `{key}`"
            path = join_pointer(("providers", NAME, "context", key))
            remedy = did_you_mean(key, sorted(graph.keys), f"Known: {declared}.")
            yield Diagnostic("context-key", message, remedy, address=at, path=path)


def unknown_graph(item: Desired, known: Sequence[str]) -> Diagnostic:
    graph_id = block_of(item.spec).graph_id or ""
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    remedy = did_you_mean(graph_id, known, f"Known: {listed}.")
    message, path = f"this server has no graph `{graph_id}`", f"/providers/{NAME}/graph_id"
    return Diagnostic("unknown-graph", message, remedy, address=str(item.address), path=path)


def unreadable_schema(name: str, reason: str) -> Diagnostic:
    message = f"the server does not tell the context keys of the graph `{name}`, so they are unchecked: {reason}"
    remedy = "A graph whose types it cannot describe has this effect; its log says why."
    return Diagnostic("context-unchecked", message, remedy, severity=Severity.WARNING)
