"""Assistants: create, list, get, modify, delete and seed. Any dialect mounts the routes; no envelope, no key.

Source: OpenAI API reference, Assistants (v2), and recorded traffic of client libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import assistant_rules as rules
from . import checks
from .errors import ApiError
from .faults import Behaviour
from .ground import Ground
from .lists import Listing
from .web import Answer, Request, Route, told

KIND = "assistant"


class Assistants:
    """The stored text of an assistant is its answer, so that lists cost no encoding. Handlers raise ApiError."""

    def __init__(
        self, ground: Ground, new_vector_store: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    ) -> None:
        self._store, self._behaviour, self._now, self._new_id = ground
        self._new_vector_store = new_vector_store
        self._listing = Listing(ground, KIND)

    def routes(self, prefix: str) -> tuple[Route, ...]:
        """The five operations below `prefix`, which has no slash at its end."""
        every, one = f"{prefix}/assistants", f"{prefix}/assistants/{{id}}"
        return (
            Route("POST", every, self._create),
            Route("GET", every, lambda request: Answer(self._listing.page(request))),
            Route("GET", one, self._get),
            Route("POST", one, self._modify),
            Route("DELETE", one, self._delete),
        )

    def _create(self, request: Request) -> Answer:
        body = request.json()
        fields = rules.check(body, rules.CREATE, self._behaviour())
        if "model" not in fields:
            raise checks.missing("model")
        # The time is taken inside, so that no object appears behind a cursor that a reader has already passed.
        with self._store.transaction():
            created_at = int(self._now())
            fields = self._with_new_store(fields)
            key = self._new_id("asst_")
            self._listing.created(key)
            return self._save({}, fields, key, created_at)

    def _modify(self, request: Request, key: str) -> Answer:
        fields = rules.check(request.json(), rules.MODIFY, self._behaviour())
        with self._store.transaction():
            before = self.found(key)
            return self._save(before, self._merged(before, fields), key, before["created_at"])

    def _merged(self, before: Mapping[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        """Metadata keys and the members of tool_resources stay unless they are given (community reports)."""
        behaviour = self._behaviour()
        if behaviour.metadata == "merge" and fields.get("metadata") is not None:
            fields["metadata"] = {**(before.get("metadata") or {}), **fields["metadata"]}
            checks.metadata("metadata", fields["metadata"])
        resources = fields.get("tool_resources")
        if resources or (resources == {} and behaviour.empty_resources == "keep"):
            fields["tool_resources"] = {**(before.get("tool_resources") or {}), **resources}
        return fields

    def _with_new_store(self, fields: dict[str, Any]) -> dict[str, Any]:
        """`vector_stores` makes a store at every create; the answer carries only its id."""
        search = (fields.get("tool_resources") or {}).get("file_search") or {}
        if "vector_stores" not in search:
            return fields
        if not search["vector_stores"]:
            rest = {name: value for name, value in search.items() if name != "vector_stores"}
            return {**fields, "tool_resources": {**fields["tool_resources"], "file_search": rest}}
        if self._new_vector_store is None:
            raise checks.unknown("tool_resources.file_search.vector_stores")
        made = self._new_vector_store(search["vector_stores"][0])
        resources = {**fields["tool_resources"], "file_search": {"vector_store_ids": [made["id"]]}}
        return {**fields, "tool_resources": resources}

    def _save(self, before: Mapping[str, Any], fields: Mapping[str, Any], key: str, created_at: int) -> Answer:
        behaviour = self._behaviour()
        stored = behaviour.alter(_assistant(before, fields, key, created_at, behaviour), fields)
        self._store.save(KIND, stored)
        return told(stored)

    def found(self, key: str) -> dict[str, Any]:
        """The stored object. Raises ApiError 404."""
        if (raw := self._store.read(KIND, key)) is None:
            raise ApiError(404, f"No assistant found with id '{key}'.")
        return raw

    def _get(self, _request: Request, key: str) -> Answer:
        """As it is stored, to the letter, as in a list: a number may be larger than any float."""
        self.found(key)
        return Answer(str(self._store.get(KIND, key)))

    def _delete(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            self.found(key)
            self._store.delete(KIND, key)
        return told({"id": key, "object": "assistant.deleted", "deleted": True})

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an object there as it is, without a check: any id, time, metadata, unknown keys. Returns its id."""
        key, created_at = str(raw.get("id") or self._new_id("asst_")), int(raw.get("created_at", self._now()))
        plain = _assistant({}, {"model": "gpt-4o"}, key, created_at, self._behaviour())
        self._store.save(KIND, {**plain, **raw, "id": key, "created_at": created_at})
        return key


def _assistant(
    before: Mapping[str, Any], fields: Mapping[str, Any], key: str, created_at: int, behaviour: Behaviour
) -> dict[str, Any]:
    """The assistant object in the service's order of keys, defaults filled in; keys it does not know stay."""

    def value(name: str, default: Any = None) -> Any:
        chosen = fields[name] if name in fields else before.get(name)
        return default if chosen is None else chosen

    model = value("model")
    tools = value("tools", [])
    if "tools" in fields:
        tools = [rules.filled_tool(tool, model, behaviour) for tool in tools]
    resources = rules.filled_resources(value("tool_resources", {}), tools, behaviour)
    found = {
        "id": key,
        "object": "assistant",
        "created_at": created_at,
        "name": value("name"),
        "description": value("description"),
        "model": model,
        "instructions": value("instructions"),
        "tools": tools,
        "top_p": float(value("top_p", 1.0)),
        "temperature": float(value("temperature", 1.0)),
        "tool_resources": resources,
        "metadata": value("metadata", {}),
        "response_format": rules.filled_format(value("response_format", "auto")),
    }
    found |= {name: item for name, item in before.items() if name not in found}
    if behaviour.resources == "absent" and not resources:
        del found["tool_resources"]
    if behaviour.answers_effort:
        found["reasoning_effort"] = value("reasoning_effort")
    return found
