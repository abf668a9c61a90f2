"""What a row of Flowise cannot hold of a manifest, said offline at the line that asks for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.canonical import same
from ...core.model import Diagnostic, Json, Resource, Severity
from ..losses import LOSS
from .block import NAME, Block, block_of
from .nodes import known_nodes

BLOCK = f"/providers/{NAME}"
_OVERLAY = "Take it out here, or leave it out for this environment in an overlay."


def problems(desired: Resource) -> Iterator[Diagnostic]:
    """Errors for what would be lost; a hint for what is kept where nobody looks."""
    spec, block = desired.spec, block_of(desired.spec)
    if not spec.get("name"):
        yield Diagnostic("flowise-name", "a Flowise assistant needs a name", "Add a `name:` line.", path="/name")
    if spec.get("metadata"):
        message = "metadata is kept in the row's details, where no part of Flowise shows or uses it"
        yield Diagnostic("approximated", message, path="/metadata", severity=Severity.INFO)
    yield from _of_custom(spec, block) if block.is_custom else _of_openai(spec, block)


def lost(path: str, message: str, remedy: str = _OVERLAY) -> Diagnostic:
    return Diagnostic(LOSS, message, remedy, path=path)


def _of_custom(spec: Mapping[str, Json], block: Block) -> Iterator[Diagnostic]:
    if spec.get("tools"):
        remedy = f"{_OVERLAY} Flowise's own tools stand below `providers.{NAME}.tools`, or write `type: OPENAI` there."
        yield lost("/tools", "a CUSTOM assistant of Flowise has no tools of the Assistants API", remedy)
    resources = spec.get("tool_resources")
    if isinstance(resources, dict) and any(resources.values()):
        remedy = f"{_OVERLAY} Its knowledge stands below `providers.{NAME}.documentStores`."
        yield lost("/tool_resources", "a CUSTOM assistant of Flowise has no files and vector stores", remedy)
    node = known_nodes().get(block.chat_model.name)
    held = None if node is None else node.inputs
    for field, default in (("model", None), ("temperature", 1), ("top_p", 1)):
        value = spec.get(field)
        if value is None or held is None:
            continue
        if field not in held and not (default is not None and same(value, default)):
            yield lost(f"/{field}", f"the chat model `{block.chat_model.name}` has no input for `{field}`")
        if held.get(field) in block.chat_model.inputs:
            message = f"the input `{held[field]}` is written as the field `{field}` of the manifest"
            remedy = f"Move its value to `{field}:`."
            yield Diagnostic("flowise-input", message, remedy, path=f"{BLOCK}/chatModel/inputs/{held[field]}")


def _of_openai(spec: Mapping[str, Json], block: Block) -> Iterator[Diagnostic]:
    if block.credential is None:
        message = "a Flowise assistant of type OPENAI needs the credential of its OpenAI API"
        remedy = f"Add `providers: {{{NAME}: {{type: OPENAI, credential: NAME}}}}` with its name in Flowise."
        yield Diagnostic("flowise-credential", message, remedy, path=f"{BLOCK}/type")
    tools = spec.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        yield from _of_tool(tool, f"/tools/{index}")
    for name, said in (
        ("chatModel", block.chat_model.inputs),
        ("tools", block.tools),
        ("documentStores", block.stores),
    ):
        if said:
            message = f"`{name}` is for assistants of type CUSTOM"
            yield Diagnostic("flowise-type", message, "Remove it here.", path=f"{BLOCK}/{name}")


def _of_tool(tool: Json, path: str) -> Iterator[Diagnostic]:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind == "function":
        yield lost(path, "Flowise can define no function tools for an assistant of type OPENAI")
    options = tool.get("file_search") if kind == "file_search" else None
    if options:
        yield lost(f"{path}/file_search", "Flowise passes on that file_search is used, but not how it searches")
