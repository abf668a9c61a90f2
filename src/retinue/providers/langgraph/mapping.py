"""An assistant of the server to a live resource in the words of a manifest, and back into requests. Pure.

Source of the facts: measured against langgraph-api 0.16.7 (`langgraph dev`); tests/langgraph/exchanges.py asks again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from ...core.canonical import same
from ...core.errors import ServiceError
from ...core.marker import ADDRESS_KEY, APPLIED_KEY
from ...core.model import Json, Live
from ..assistants_v2 import ASSISTANT
from ..base import Marker
from ..lenient import mapping, seconds, text, text_members
from ..metadata import marked, pairs
from .block import NAME, Block, block_of, context_of, copies_of, keys_from, split_context

SCOPE_KEY = "retinue.scope"
"""PROJECT/ENVIRONMENT beside the marker: the server's search takes exact values only."""
KEYS_KEY = "retinue.context_keys"
"""Which field is under which context key, where that is not the default: so that a live object can be read alone."""
SYSTEM = {"created_by": "system"}
MOST = 1000
"""How many objects or versions the server answers at once."""
UNNAMED = "Untitled"
"""What the server calls an assistant that was created without a name, or with an empty one."""
_OURS = (ADDRESS_KEY, APPLIED_KEY, SCOPE_KEY, KEYS_KEY)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "retinue.langgraph")
NOT_THIS_API = "Check `endpoint`: it is the address of the LangGraph server, for example http://127.0.0.1:2024."


def id_of(address: str, attempt: int) -> str:
    """The id that an object of a marker address gets; further attempts are for ids that others hold."""
    return str(uuid.uuid5(_NAMESPACE, address if not attempt else f"{address}#{attempt}"))


def scope_of(address: str) -> str:
    """`project/environment` of a marker address."""
    return "/".join(address.split("/")[:2])


def is_system(raw: Mapping[str, Json]) -> bool:
    """True if the server made it by itself, one for each graph; an object with our marker never is."""
    metadata = mapping(raw.get("metadata"))
    return metadata.get("created_by") == SYSTEM["created_by"] and not isinstance(metadata.get(ADDRESS_KEY), str)


def to_live(raw: Mapping[str, Json]) -> Live:
    """Raises ServiceError if this is not an assistant."""
    remote_id = text(raw.get("assistant_id"))
    if remote_id is None:
        raise ServiceError("the service answered an assistant without an id", NOT_THIS_API)
    metadata = mapping(raw.get("metadata"))
    # null is what stays of a key that was taken away; other things than text are nothing that a manifest can say.
    texts = text_members(metadata)
    keys = keys_from(metadata.get(KEYS_KEY))
    context, not_mirrored = copies_of(raw)
    fields, rest = split_context(context, keys)
    block = Block(text(raw.get("graph_id")), keys, rest).to_spec()
    spec = {
        "name": name if (name := text(raw.get("name"))) != UNNAMED else None,
        "description": text(raw.get("description")),
        **fields,
        "metadata": {key: value for key, value in texts.items() if key not in _OURS},
        "providers": {NAME: {**block, **({"not_mirrored": not_mirrored} if not_mirrored else {})}},
    }
    return marked(ASSISTANT, spec, remote_id, seconds(raw.get("created_at")), texts, raw)


def create_body(spec: Mapping[str, Json], marker: Marker, remote_id: str) -> dict[str, Json]:
    """With `raise`, a 409 tells that the id was there before: the 200 of `do_nothing` does not say which it is."""
    texts = {name: spec[name] for name in ("name", "description") if spec.get(name)}
    return {
        "assistant_id": remote_id,
        "graph_id": block_of(spec).graph_id,
        "if_exists": "raise",
        **texts,
        "context": context_of(spec),
        "metadata": {**(spec.get("metadata") or {}), **_pairs(spec, marker)},
    }


def update_body(live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    """Only what differs: each request makes a version, also an empty one. {} where nothing does."""
    spec = {**live.spec, **fields}
    body: dict[str, Json] = {}
    for name in ("name", "description"):
        # The server cannot forget one; "" is how it is told to.
        if name in fields and (text(live.raw.get(name)) or "") != (fields[name] or ""):
            body[name] = fields[name] or ""
    graph_id, context = block_of(spec).graph_id, context_of(spec)
    if graph_id is not None and graph_id != live.raw.get("graph_id"):
        body["graph_id"] = graph_id
    held, not_mirrored = copies_of(live.raw)
    if not_mirrored or not same(context, held):
        body["context"] = context
        # A new context sweeps the config away, but for the copy of itself that it puts there; an empty one puts none.
        kept = {key: value for key, value in mapping(live.raw.get("config")).items() if key != "configurable"}
        if kept or not context:
            body["config"] = kept if context else {**kept, "configurable": {}}
    # Pairs are merged in; null stands for a key to remove, which the server then keeps as null.
    pairs_held = mapping(live.raw.get("metadata"))
    wanted = {**(spec.get("metadata") or {}), **_pairs(spec, marker)}
    changed = {key: value for key, value in wanted.items() if not same(value, pairs_held.get(key))}
    for key, value in pairs_held.items():
        # What is no text was put there by others, who may need it.
        if key not in wanted and (isinstance(value, str) or (key in _OURS and value is not None)):
            changed[key] = None
    if changed:
        body["metadata"] = changed
    return body


def _pairs(spec: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    own, scope = block_of(spec).own_keys, {SCOPE_KEY: scope_of(marker.address)} if marker else {}
    return {**({KEYS_KEY: own} if own else {}), **pairs(marker), **scope}
