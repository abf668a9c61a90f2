"""What one server knows by name (credentials, nodes, document stores), and what names in manifests mean there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...core.model import Desired, Diagnostic, Json
from ...core.spelling import did_you_mean
from ...core.values import dataclass, field, replace
from ..lenient import mapping, mappings
from .block import CUSTOM, NAME, OPENAI, Block, Part, block_of
from .checks import BLOCK, of_chat_model
from .nodes import Component, held_by, is_initial, is_secret, number_of, parameters


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the entries of one table, by id; names need not be unique. `kinds`: of credentials; `about`:
    what document stores say of themselves, by id.

    `labels` None: the server did not give the table, so ids stay ids.
    """

    labels: Mapping[str, str] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def like(self, text: str) -> list[str]:
        """The ids that a name or an id may mean."""
        labels = self.labels or {}
        return [text] if text in labels else [key for key, label in labels.items() if label == text]

    def id_of(self, text: str | None) -> str:
        """The id of a name, or the text itself, which then is an id."""
        found = self.like(text or "")
        return found[0] if len(found) == 1 else text or ""

    def name_of(self, key: Json) -> str | None:
        """The name of an id if it means just that one, else the id; None where there is none."""
        if not isinstance(key, str) or not key:
            return None
        label = self.label(key)
        return label if self.like(label) == [key] else key

    def label(self, key: str) -> str:
        """What people call an entry, whether another one is called so too or not."""
        return (self.labels or {}).get(key, key)


@dataclass(frozen=True, slots=True)
class Directory:
    """`None` in place of a catalogue: the server did not give it, so nodes stay as they are."""

    credentials: Names = Names()
    chat_models: Mapping[str, Component] | None = None
    tools: Mapping[str, Component] | None = None
    stores: Names = Names()

    def chat_model(self, name: str) -> Component | None:
        return (self.chat_models or {}).get(name)

    def tool(self, name: str) -> Component | None:
        return (self.tools or {}).get(name)


def credentials_from(body: Json) -> Names:
    """The entries of the credentials' list that are any."""
    rows = [item for item in mappings(body) if isinstance(item.get("id"), str) and isinstance(item.get("name"), str)]
    kinds = {item["id"]: str(item.get("credentialName")) for item in rows}
    return Names({item["id"]: item["name"] for item in rows}, kinds)


def stores_from(body: Json) -> Names:
    """The document stores, whose `name` is their id."""
    entries = by_name(body)
    about = {key: str(item.get("description") or "") for key, item in entries.items()}
    return Names({key: str(item.get("label", key)) for key, item in entries.items()}, about=about)


def by_name(body: Json) -> dict[str, Mapping[str, Json]]:
    return {item["name"]: item for item in mappings(body) if isinstance(item.get("name"), str)}


def resolved(desired: Desired, directory: Directory) -> tuple[Desired, list[Diagnostic]]:
    """The resource in the form in which live ones are read, and what its names do not mean on this server."""
    block = block_of(desired.spec)
    found = list(_problems(desired.spec, block, directory))
    # Inputs at their default left out, ids as names.
    credentials, stores = directory.credentials, directory.stores
    normal = replace(
        block,
        credential=credentials.name_of(credentials.id_of(block.credential)),
        chat_model=_trimmed(block.chat_model, directory.chat_model(block.chat_model.name), directory),
        tools=tuple(_trimmed(tool, directory.tool(tool.name), directory) for tool in block.tools),
        stores=tuple(replace(item, name=stores.name_of(stores.id_of(item.name)) or "") for item in block.stores),
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
    return Part(part.name, inputs, directory.credentials.name_of(directory.credentials.id_of(part.credential)))


def _problems(spec: Mapping[str, Json], block: Block, directory: Directory) -> Iterator[Diagnostic]:
    if block.type not in (CUSTOM, OPENAI):
        message = f"Flowise can use rows of type CUSTOM and OPENAI, and this one is of type {block.type}"
        yield Diagnostic("flowise-type", message, "Make a row of one of these types.", path=f"{BLOCK}/type")
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
    for index, store in enumerate(block.stores):
        what, path = "document store with content named", f"{BLOCK}/documentStores/{index}/name"
        yield from _unclear(what, "document stores", store.name, directory.stores, path)


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


def _credential(name: str | None, kinds: Iterable[str], path: str, directory: Directory) -> Iterator[Diagnostic]:
    if name is None:
        return
    names, wanted = directory.credentials, tuple(kinds)
    yield from _unclear("credential", "credentials", name, names, path)
    kind = names.kinds.get(names.id_of(name))
    if wanted and kind is not None and kind not in wanted:
        message = f"the credential `{name}` is of the kind `{kind}`, not `{'` or `'.join(wanted)}`"
        yield Diagnostic("flowise-credential", message, "Name a credential of that kind.", path=path)


def _wanted_kinds(component: Component | None) -> tuple[str, ...]:
    names = mapping((component or {}).get("credential")).get("credentialNames")
    return tuple(item for item in names if isinstance(item, str)) if isinstance(names, list) else ()


def _unknown(what: str, name: str, known: Iterable[str], path: str) -> Diagnostic:
    names = sorted(set(known))
    listed = ", ".join(f"`{item}`" for item in names[:30])
    remedy = did_you_mean(name, names, f"There are: {listed}.") if names else "There is none yet: make it in Flowise."
    return Diagnostic("flowise-unknown", f"{what} `{name}`", remedy, path=path)


def _unclear(one: str, several: str, name: str, names: Names, path: str) -> Iterator[Diagnostic]:
    """A name of nothing, or of more than one."""
    found = names.like(name)
    if names.labels is not None and not found:
        yield _unknown(f"this Flowise has no {one}", name, names.labels.values(), path)
    elif len(found) > 1:
        message = f"this Flowise has several {several} named `{name}`"
        yield Diagnostic("flowise-ambiguous", message, "Rename one of them, or write the id.", path=path)
