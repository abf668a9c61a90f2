"""Credentials and component catalogues of Flowise, as far as assistants need them. Keys go in and never come out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from .errors import ApiError
from .flowise_text import WORKSPACE, date
from .ground import Ground
from .store import Store
from .web import Answer, Request, Route

KIND, STORES = "flowise_credential", "flowise_docstore"


class Credentials:
    """Names are not unique; a credential may be deleted while rows use it."""

    def __init__(self, ground: Ground) -> None:
        self._store, self._now = ground.store, ground.now

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every = f"{prefix}/credentials"
        return (
            Route("POST", every, self._create),
            Route("GET", every, self._list),
            Route("DELETE", f"{every}/{{id}}", self._delete),
        )

    def _create(self, request: Request) -> Answer:
        body = request.json()
        key = self.seed({**body, "id": None, "key": (body.get("plainDataObj") or {}).get("openAIApiKey")})
        return Answer(json.dumps({**_shown(json.loads(self._store.get(KIND, key) or "{}")), "encryptedData": "U2Fs"}))

    def _list(self, request: Request) -> Answer:
        wanted = request.query.get("credentialName")
        found = [_shown(row) for _, row in self._store.everything(KIND)]
        return Answer(json.dumps([row for row in found if not wanted or row["credentialName"] == wanted]))

    def _delete(self, request: Request, key: str) -> Answer:
        return Answer(json.dumps({"raw": [], "affected": int(self._store.delete(KIND, key))}))

    def openai_key(self, credential: Any, where: str = "") -> str:
        """The key in a credential. Raises ApiError in the words of the server."""
        found = [row for key, row in self._store.everything(KIND) if credential in (None, key)]
        if not found:
            raise ApiError(500, f"Credential {credential} not found{where}")
        if not found[0].get("key") or found[0]["credentialName"] != "openAIApi":
            raise ApiError(500, "OpenAI ApiKey not found")
        return str(found[0]["key"])

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put a credential there: `name`, `credentialName`, `key`. Returns its id."""
        key = str(raw.get("id") or uuid.uuid4())
        row = {"id": key, "name": raw.get("name"), "credentialName": raw.get("credentialName", "openAIApi")}
        made = date(self._now())
        row |= {"createdDate": made, "updatedDate": made, "workspaceId": WORKSPACE}
        self._store.put(KIND, key, int(self._now()), json.dumps({**row, "key": raw.get("key", "sk-upstream")}))
        return key


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "key"}


def catalogues(store: Store, prefix: str) -> tuple[Route, ...]:
    """Some of the chat models and tools of 3.1.4, shortened, and the document stores that were put here."""
    base = f"{prefix}/assistants/components"
    return (
        Route("GET", f"{base}/chatmodels", lambda request: Answer(_nodes("chatmodels"))),
        Route("GET", f"{base}/tools", lambda request: Answer(_nodes("tools"))),
        Route("GET", f"{prefix}/nodes/{{name}}", lambda request, name: _node(name)),
        Route("GET", f"{base}/docstores", lambda request: Answer(f"[{','.join(t for _, t in store.texts(STORES))}]")),
    )


def _node(name: str) -> Answer:
    nodes = [node for which in ("chatmodels", "tools", "others") for node in json.loads(_nodes(which))]
    found = [node for node in nodes if node["name"] == name]
    if not found:
        raise ApiError(500, f"Error: nodesService.getAllNodes - Node {name} not found")
    return Answer(json.dumps(found[0], ensure_ascii=False))


@cache
def _nodes(which: str) -> str:
    text = (resources.files(__package__) / "flowise_nodes.json").read_text(encoding="utf-8")
    entries = json.loads(text)[which]
    for entry in entries:
        # As the server does, with paths of its own disk.
        entry["filePath"] = entry["icon"] = f"/usr/lib/flowise/{entry['name']}"
    return json.dumps(entries, ensure_ascii=False)


def seed_store(store: Store, raw: Mapping[str, Any], now: float) -> str:
    """Put a document store there: `name`, `description`. Returns its id."""
    key = str(raw.get("id") or uuid.uuid4())
    entry = {"name": key, "label": raw.get("name"), "description": raw.get("description") or ""}
    store.put(STORES, key, int(now), json.dumps(entry, ensure_ascii=False))
    return key
