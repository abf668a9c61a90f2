"""What one server knows by name: credentials, nodes, document stores. Plain values, read once for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.model import Json
from ..lenient import mappings
from .nodes import Component


@dataclass(frozen=True, slots=True)
class Credential:
    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Directory:
    """`None` in place of a table: the server did not give it, so ids stay ids and nodes stay as they are."""

    credentials: tuple[Credential, ...] | None = None
    chat_models: Mapping[str, Component] | None = None
    tools: Mapping[str, Component] | None = None
    stores: Mapping[str, Mapping[str, Json]] | None = field(default=None)
    """Document stores by id, with `label` and `description`."""

    def credential_name(self, key: Json) -> str | None:
        """The name of a credential id if it means just that one, else the id."""
        if not isinstance(key, str) or not key:
            return None
        found = next((item for item in self.credentials or () if item.id == key), None)
        alone = found is not None and len(self.named(found.name)) == 1
        return found.name if found is not None and alone else key

    def named(self, name: str) -> list[Credential]:
        """The credentials of that name; names need not be unique."""
        return [item for item in self.credentials or () if item.name == name]

    def credential_id(self, name: str | None) -> str:
        """The id of a credential's name, or the text itself, which then is an id."""
        found = self.named(name or "")
        return found[0].id if len(found) == 1 else name or ""

    def chat_model(self, name: str) -> Component | None:
        return (self.chat_models or {}).get(name)

    def tool(self, name: str) -> Component | None:
        return (self.tools or {}).get(name)

    def stores_like(self, text: str) -> list[str]:
        """The ids of the document stores that a name or an id may mean."""
        stores = self.stores or {}
        return [text] if text in stores else [key for key, store in stores.items() if store.get("label") == text]

    def store_id(self, name: str) -> str:
        """As `credential_id`."""
        found = self.stores_like(name)
        return found[0] if len(found) == 1 else name

    def store_name(self, key: str) -> str:
        """As `credential_name`."""
        name = self.store_label(key)
        return name if self.stores_like(name) == [key] else key

    def store_label(self, key: str) -> str:
        """What people call a document store, whether another one is called so too or not."""
        return str((self.stores or {}).get(key, {}).get("label", key))


def credentials_from(body: Json) -> tuple[Credential, ...]:
    """The entries of the credentials' list that are any."""
    return tuple(
        Credential(item["id"], item["name"], str(item.get("credentialName")))
        for item in mappings(body)
        if isinstance(item.get("id"), str) and isinstance(item.get("name"), str)
    )


def by_name(body: Json) -> dict[str, Mapping[str, Json]]:
    """The entries of a catalogue by `name` (of a document store: its id)."""
    return {item["name"]: item for item in mappings(body) if isinstance(item.get("name"), str)}
