"""A provider as somebody outside would write it, for a made-up service that is unlike the founding ones in most ways.

The service holds bots, and shelves that a bot looks after: ids are chosen by the client, a PUT replaces the whole,
writes answer nothing, an empty text clears, metadata is called labels, and only the list of shelves has pages. Nothing
here is imported by retinue; entry points lead to it.
"""

from __future__ import annotations

import uuid

from retinue.provider import ASSISTANT, Export, Objects, RestProvider, kind_of, schema_beside

SHELF = kind_of(schema_beside(__package__, "shelf"), export=Export())
_NOTHING = "a bot has nothing of the kind"


def _key(address: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, address))


def _as_uuid(remote_id: str) -> str | None:
    try:
        return str(uuid.UUID(remote_id))
    except ValueError:
        return None


BOTS = Objects(
    ASSISTANT,
    "bots",
    {"name": "title", "description": "about", "model": "engine", "instructions": "prompt", "temperature": "heat"},
    dict.fromkeys(("tools", "tool_resources", "top_p", "response_format", "reasoning_effort"), _NOTHING),
    listed="bots",
    labels="labels",
    made="made",
    empty="",
    update="PUT",
    wrote={"done": True},
    key=_key,
    is_id=_as_uuid,
)
SHELVES = Objects(
    SHELF,
    "shelves",
    {"name": "title", "keeper": "bot", "note": "note", "width": "width"},
    listed="shelves",
    after="after",
    labels="labels",
    made="made",
    empty="",
    update="PUT",
    wrote={"done": True},
    key=_key,
    is_id=_as_uuid,
)
PROVIDER = RestProvider("acme", "Acme bots and shelves", (BOTS, SHELVES), key_variable="ACME_KEY")
