"""What one server knows by name (credentials, nodes, document stores), and what names in manifests mean there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ...core.model import Desired, Diagnostic, Json
from ...core.spelling import did_you_mean
from ...core.values import dataclass
from ..lenient import mapping, mappings
from .block import NAME, Block, Part, block_of
from .checks import BLOCK, of_chat_model
from .nodes import Component, held_by, is_initial, is_secret, number_of, parameters


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
    stores: Mapping[str, Mapping[str, Json]] | None = None
    """Document stores by id, with `label` and `description`."""

    def credential_name(self, key: Json) -> str | None:
        """The name of a credential id if it means just that one, else the id."""
        if not isinstance(key, str) or not key:
            return None
        found = next((item.name for item in self.credentials or () if item.id == key), None)
        return found if found is not None and len(self.named(found)) == 1 else key

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


def resolved(desired: Desired, directory: Directory) -> tuple[Desired, list[Diagnostic]]:
    """The resource in the form in which live ones are read, and what its names do not mean on this server."""
    block = block_of(desired.spec)
    found = list(_problems(desired.spec, block, directory))
    # Inputs at their default left out, ids of credentials as names.
    normal = replace(
        block,
        credential=directory.credential_name(directory.credential_id(block.credential)),
        chat_model=_trimmed(block.chat_model, directory.chat_model(block.chat_model.name), directory),
        tools=tuple(_trimmed(tool, directory.tool(tool.name), directory) for tool in block.tools),
        stores=tuple(replace(item, name=directory.store_name(directory.store_id(item.name))) for item in block.stores),
    )
    own = normal.to_spec()
    spec = {key: value for key, value in desired.spec.items() if key != "providers"}
    spec |= {"providers": {NAME: own}} if own else {}
    if not spec.get("name"):
        # The server refuses every change of a row without one.
        spec["name"] = desired.address.name
    return replace(desired, spec=spec), [replace(item, address=str(desired.address)) for item in found]


def _trimmed(part: Part, component: Component | None, directory: Directory) -> Part:
    known = parameters(component or {})
    inputs = {
        name: number_of(known.get(name), value)
        for name, value in part.inputs.items()
        if not is_initial(known.get(name), value)
    }
    return Part(part.name, inputs, directory.credential_name(directory.credential_id(part.credential)))


def _problems(spec: Mapping[str, Json], block: Block, directory: Directory) -> Iterator[Diagnostic]:
    if not block.is_custom:
        yield from _credential(block.credential, ("openAIApi",), f"{BLOCK}/credential", directory)
        return
    node, model = block.chat_model, directory.chat_model(block.chat_model.name)
    yield from _node("chat model", node, directory.chat_models, f"{BLOCK}/chatModel")
    yield from _credential(block.credential, _wanted_kinds(model), f"{BLOCK}/credential", directory)
    if model is not None:
        yield from of_chat_model(spec, node, held_by(model, node.name))
    for index, tool in enumerate(block.tools):
        path = f"{BLOCK}/tools/{index}"
        yield from _node("tool", tool, directory.tools, path)
        kinds = _wanted_kinds(directory.tool(tool.name))
        yield from _credential(tool.credential, kinds, f"{path}/credential", directory)
    yield from _stores(block, directory)


def _node(what: str, part: Part, catalogue: Mapping[str, Component] | None, path: str) -> Iterator[Diagnostic]:
    if catalogue is None:
        return
    component = catalogue.get(part.name)
    if component is None:
        yield _unknown(f"this Flowise has no {what}", part.name, catalogue, f"{path}/name")
        return
    known = parameters(component)
    for name in part.inputs:
        at = f"{path}/inputs/{name}"
        if name not in known:
            yield _unknown(f"`{part.name}` has no input", name, known, at)
        elif is_secret(known[name]):
            message = f"the input `{name}` of `{part.name}` is a secret, and a manifest holds none"
            remedy = "Take it out here and type it into the page of Flowise."
            yield Diagnostic("flowise-secret", message, remedy, path=at)


def _stores(block: Block, directory: Directory) -> Iterator[Diagnostic]:
    for index, store in enumerate(block.stores):
        path = f"{BLOCK}/documentStores/{index}/name"
        found = directory.stores_like(store.name)
        if directory.stores is not None and not found:
            labels = [str(item.get("label")) for item in directory.stores.values()]
            yield _unknown("this Flowise has no document store with content named", store.name, labels, path)
        elif len(found) > 1:
            yield _ambiguous("document stores", store.name, path)


def _credential(name: str | None, kinds: Iterable[str], path: str, directory: Directory) -> Iterator[Diagnostic]:
    if name is None or directory.credentials is None:
        return
    wanted = tuple(kinds)
    by_id = [item for item in directory.credentials if item.id == name]
    found = by_id or directory.named(name)
    if not found:
        yield _unknown("this Flowise has no credential", name, [item.name for item in directory.credentials], path)
    elif len(found) > 1:
        yield _ambiguous("credentials", name, path)
    elif wanted and found[0].kind not in wanted:
        message = f"the credential `{name}` is of the kind `{found[0].kind}`, not `{'` or `'.join(wanted)}`"
        yield Diagnostic("flowise-credential", message, "Name a credential of that kind.", path=path)


def _wanted_kinds(component: Component | None) -> tuple[str, ...]:
    names = mapping((component or {}).get("credential")).get("credentialNames")
    return tuple(item for item in names if isinstance(item, str)) if isinstance(names, list) else ()


def _unknown(what: str, name: str, known: Iterable[str], path: str) -> Diagnostic:
    names = sorted(set(known))
    listed = ", ".join(f"`{item}`" for item in names[:30]) or "none"
    remedy = did_you_mean(name, names, f"There are: {listed}.")
    return Diagnostic("flowise-unknown", f"{what} `{name}`", remedy, path=path)


def _ambiguous(what: str, name: str, path: str) -> Diagnostic:
    message = f"this Flowise has several {what} named `{name}`"
    return Diagnostic("flowise-ambiguous", message, "Rename one of them, or write the id.", path=path)
