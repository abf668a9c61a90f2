"""What a row of Flowise cannot hold of a manifest, reported offline at the line that asks for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.canonical import same
from ...core.model import Desired, Diagnostic, Json, Severity
from ..lenient import numbered
from ..losses import LOSS, OVERLAY, lost_tools
from .block import DEFAULT_NODE, NAME, Block, Part, block_of
from .nodes import Held, known_nodes

BLOCK = f"/providers/{NAME}"


def problems(desired: Desired) -> Iterator[Diagnostic]:
    """Errors for what would be lost; a hint for what is kept but not used."""
    spec, block = desired.spec, block_of(desired.spec)
    for name in ("metadata", *(("description",) if block.is_custom else ())):
        if spec.get(name):
            message = f"{name} is kept in the row's details, where no part of Flowise shows or uses it"
            yield Diagnostic("approximated", message, path=f"/{name}", severity=Severity.INFO)
    if block.is_custom:
        yield from _of_custom(spec, block)
    else:
        yield from _of_openai(spec, block)
        yield from lost_tools(desired, "an assistant of type OPENAI")


def lost(path: str, message: str, remedy: str = OVERLAY) -> Diagnostic:
    return Diagnostic(LOSS, message, remedy, path=path)


def _of_custom(spec: Mapping[str, Json], block: Block) -> Iterator[Diagnostic]:
    if spec.get("tools"):
        remedy = f"{OVERLAY} Flowise's own tools stand below `providers.{NAME}.tools`, or write `type: OPENAI` there."
        yield lost("/tools", "a CUSTOM assistant of Flowise has no tools of the Assistants API", remedy)
    resources = spec.get("tool_resources")
    if isinstance(resources, dict) and any(resources.values()):
        remedy = f"{OVERLAY} Its knowledge stands below `providers.{NAME}.documentStores`."
        yield lost("/tool_resources", "a CUSTOM assistant of Flowise has no files and vector stores", remedy)
    held = known_nodes().get(block.chat_model.name)
    if held is not None:
        yield from of_chat_model(spec, block.chat_model, held)


def of_chat_model(spec: Mapping[str, Json], node: Part, held: Held) -> Iterator[Diagnostic]:
    """What this chat model has no input for, and inputs that have a field of their own."""
    for field, default in (("model", None), ("temperature", 1), ("top_p", 1)):
        value, name = spec.get(field), held.get(field)
        if name is None and value is not None and not same(value, default):
            message = f"the chat model `{node.name}` has no input for `{field}`"
            remedy = "Choose another chat model: every assistant has a `model`."
            unheld = Diagnostic("flowise-model", message, remedy, path="/model")
            yield unheld if field == "model" else lost(f"/{field}", message)
        if name in node.inputs:
            message = f"the input `{name}` is written as the field `{field}` of the manifest"
            path = f"{BLOCK}/chatModel/inputs/{name}"
            yield Diagnostic("flowise-input", message, f"Move its value to `{field}:`.", path=path)


def _of_openai(spec: Mapping[str, Json], block: Block) -> Iterator[Diagnostic]:
    if block.credential is None:
        message = "a Flowise assistant of type OPENAI needs the credential of its OpenAI API"
        remedy = f"Add `providers: {{{NAME}: {{type: OPENAI, credential: NAME}}}}` with its name in Flowise."
        yield Diagnostic("flowise-credential", message, remedy, path=f"{BLOCK}/type")
    for index, tool in numbered(spec.get("tools")):
        path, kind = f"/tools/{index}", tool.get("type")
        if kind == "function":
            yield lost(path, "Flowise can define no function tools for an assistant of type OPENAI")
        if kind == "file_search" and tool.get("file_search"):
            yield lost(f"{path}/file_search", "Flowise passes on that file_search is used, but not how it searches")
    for name, stated in (
        ("chatModel", block.chat_model != Part(DEFAULT_NODE)),
        ("tools", block.tools),
        ("documentStores", block.stores),
    ):
        if stated:
            message = f"`{name}` is for assistants of type CUSTOM"
            yield Diagnostic("flowise-type", message, "Remove it here.", path=f"{BLOCK}/{name}")
