"""The `providers.flowise` part of a spec as a value with its defaults filled in. Pure; trusts no type."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.model import Json
from ...core.values import dataclass, field
from ..lenient import mapping, mappings, text

NAME = "flowise"
CUSTOM, OPENAI = "CUSTOM", "OPENAI"
DEFAULT_NODE = "chatOpenAI"


@dataclass(frozen=True, slots=True)
class Part:
    """A node in use: its name, its inputs that differ from the node's defaults, its credential."""

    name: str
    inputs: Mapping[str, Json] = field(default_factory=dict)
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A document store in use; `description` tells the model when to look there."""

    name: str
    description: str = ""
    returns_sources: bool = False

    def to_spec(self) -> dict[str, Json]:
        returned = self.returns_sources or None
        return _short(name=self.name, description=self.description or None, returnSourceDocuments=returned)


@dataclass(frozen=True, slots=True)
class Block:
    """What the block says. For CUSTOM `credential` is that of the chat model."""

    type: str = CUSTOM
    credential: str | None = None
    icon: str | None = None
    chat_model: Part = Part(DEFAULT_NODE)
    tools: tuple[Part, ...] = ()
    stores: tuple[Store, ...] = ()

    @property
    def is_custom(self) -> bool:
        return self.type == CUSTOM

    def to_spec(self) -> dict[str, Json]:
        """The block as a manifest has it, defaults left out."""
        model, tools = self.chat_model, self.tools
        return _short(
            type=self.type if self.type != CUSTOM else None,
            credential=self.credential,
            iconSrc=self.icon,
            chatModel=_short(name=model.name if model.name != DEFAULT_NODE else None, inputs=dict(model.inputs)),
            tools=[_short(name=item.name, credential=item.credential, inputs=dict(item.inputs)) for item in tools],
            documentStores=[item.to_spec() for item in self.stores],
        )


def block_of(spec: Mapping[str, Json]) -> Block:
    """The block of a spec; what has the wrong type counts as absent, because validation has spoken of it."""
    raw = mapping(mapping(spec.get("providers")).get(NAME))
    model = mapping(raw.get("chatModel"))
    return Block(
        type=text(raw.get("type")) or CUSTOM,
        credential=text(raw.get("credential")),
        icon=text(raw.get("iconSrc")),
        chat_model=Part(text(model.get("name")) or DEFAULT_NODE, mapping(model.get("inputs"))),
        tools=tuple(
            Part(item["name"], mapping(item.get("inputs")), text(item.get("credential")))
            for item in named(raw.get("tools"))
        ),
        stores=tuple(store_of(item) for item in named(raw.get("documentStores"))),
    )


def store_of(item: Mapping[str, Json]) -> Store:
    """A document store as a manifest or a row has it; its name is known to be a text."""
    return Store(item["name"], text(item.get("description")) or "", item.get("returnSourceDocuments") is True)


def _short(**members: Json) -> dict[str, Json]:
    return {key: item for key, item in members.items() if item not in (None, {}, [])}


def named(value: Json) -> list[Mapping[str, Json]]:
    return [item for item in mappings(value) if text(item.get("name"))]
