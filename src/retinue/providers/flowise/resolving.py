"""What only the server can say of the manifests: whether the names in them mean something there. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ...core.model import Diagnostic, Json, Resource
from .block import NAME, Block, Part, block_of
from .checks import BLOCK, lost
from .directory import Directory
from .nodes import Component, held_by, is_initial, number_of, parameters

_OPENAI_KIND = "openAIApi"


def resolved(desired: Resource, directory: Directory) -> tuple[Resource, list[Diagnostic]]:
    """The resource in the form in which live ones are read, and what its names do not mean on this server."""
    block = block_of(desired.spec)
    found = list(_problems(desired.spec, block, directory))
    own = _normal(block, directory).to_spec()
    spec = {key: value for key, value in desired.spec.items() if key != "providers"}
    spec |= {"providers": {NAME: own}} if own else {}
    at = None if desired.address is None else str(desired.address)
    return replace(desired, spec=spec), [replace(item, address=at) for item in found]


def _normal(block: Block, directory: Directory) -> Block:
    """Inputs at their default left out, ids of credentials as names."""
    return replace(
        block,
        credential=directory.credential_name(directory.credential_id(block.credential)),
        chat_model=_trimmed(block.chat_model, directory.chat_model(block.chat_model.name), directory),
        tools=tuple(_trimmed(tool, directory.tool(tool.name), directory) for tool in block.tools),
    )


def _trimmed(part: Part, component: Component | None, directory: Directory) -> Part:
    known = parameters(component or {})
    inputs = {
        name: number_of(known.get(name), value)
        for name, value in part.inputs.items()
        if not is_initial(known.get(name), value)
    }
    return Part(part.name, inputs, directory.credential_name(directory.credential_id(part.credential)))


def _problems(spec: Mapping[str, Json], block: Block, directory: Directory) -> Iterator[Diagnostic]:
    kinds = (_OPENAI_KIND,) if not block.is_custom else ()
    if not block.is_custom:
        yield from _credential(block.credential, kinds, f"{BLOCK}/credential", directory)
        return
    model = directory.chat_model(block.chat_model.name)
    if directory.chat_models is not None and model is None:
        yield _unknown(
            "this Flowise has no chat model", block.chat_model.name, directory.chat_models, f"{BLOCK}/chatModel/name"
        )
    yield from _part(block.chat_model, model, f"{BLOCK}/chatModel")
    yield from _credential(block.credential, _wanted_kinds(model), f"{BLOCK}/credential", directory)
    if model is not None:
        held = held_by(model, block.chat_model.name).inputs
        for field in ("model", "temperature", "top_p"):
            if field not in held and spec.get(field) not in (None, None if field == "model" else 1):
                yield lost(f"/{field}", f"the chat model `{block.chat_model.name}` has no input for `{field}`")
    for index, tool in enumerate(block.tools):
        path, component = f"{BLOCK}/tools/{index}", directory.tool(tool.name)
        if directory.tools is not None and component is None:
            yield _unknown("this Flowise has no tool", tool.name, directory.tools, f"{path}/name")
        yield from _part(tool, component, path)
        yield from _credential(tool.credential, _wanted_kinds(component), f"{path}/credential", directory)
    yield from _stores(block, directory)


def _part(part: Part, component: Component | None, path: str) -> Iterator[Diagnostic]:
    known = parameters(component) if component is not None else None
    for name in part.inputs:
        if known is not None and name not in known:
            yield _unknown(f"`{part.name}` has no input", name, known, f"{path}/inputs/{name}")


def _stores(block: Block, directory: Directory) -> Iterator[Diagnostic]:
    for index, store in enumerate(block.stores):
        path = f"{BLOCK}/documentStores/{index}/name"
        found = directory.stores_named(store.name)
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
    asked = (component or {}).get("credential")
    names = asked.get("credentialNames") if isinstance(asked, dict) else None
    return tuple(item for item in names if isinstance(item, str)) if isinstance(names, list) else ()


def _unknown(what: str, name: str, known: Iterable[str], path: str) -> Diagnostic:
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, 1)
    listed = ", ".join(f"`{item}`" for item in names[:30]) or "none"
    remedy = f"Did you mean `{close[0]}`?" if close else f"There are: {listed}."
    return Diagnostic("flowise-unknown", f"{what} `{name}`", remedy, path=path)


def _ambiguous(what: str, name: str, path: str) -> Diagnostic:
    message = f"this Flowise has several {what} named `{name}`"
    return Diagnostic("flowise-ambiguous", message, "Rename one of them, or write the id.", path=path)
