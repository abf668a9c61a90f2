"""A row of Flowise to a live resource in the words of a manifest. Pure; trusts nothing in the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...core.canonical import canonical_json, same
from ...core.errors import ServiceError
from ...core.marker import ADDRESS_KEY
from ...core.model import Json, Live
from ...core.strictjson import loads, received
from ..assistants_v2 import ASSISTANT
from ..lenient import mapping, seconds, text, text_members
from ..metadata import MARKER_KEYS, marked
from .block import CUSTOM, DEFAULT_NODE, NAME, OPENAI, Block, Part, Store, block_of, named, store_of
from .directory import Directory, Names
from .flow import Answering, said_by
from .nodes import CREDENTIAL_INPUTS, as_number, credential_of, held_by, parameters, stated_inputs
from .upstream import NUMBERS, deviations, ids_alone, is_stated, left_open

KEEPER, KEPT = "code_interpreter", "retinue"
"""Which member of `tool_resources` keeps a copy of an OPENAI row's metadata, and under which name."""
FLOW_FIELDS = ("name", "model", "instructions", "temperature", "top_p")
"""What a chatflow says besides the members of the block."""
_UNREADABLE = "?"
"""The owner of a row with a marker in details that are broken: someone."""
NO_ROW = "Check `endpoint`: it is the address of Flowise itself, for example http://localhost:3000."


def to_live(
    row: Mapping[str, Json],
    directory: Directory,
    upstream: Mapping[str, Json] | None = None,
    answering: Answering | None = None,
) -> Live:
    """`upstream`: the assistant behind the row, `answering`: what answers for it; each if it is known.

    Raises ServiceError if this is not a row.
    """
    remote_id, written = text(row.get("id")), row.get("details")
    if remote_id is None:
        raise ServiceError("the service answered an assistant without an id", NO_ROW)
    if not isinstance(written, str):
        raise ServiceError(f"the details of {remote_id} are no text", NO_ROW)
    details = details_of(row)
    texts = _pairs(details)
    if parsed_details(row) is None and ADDRESS_KEY in written:
        texts = {ADDRESS_KEY: _UNREADABLE}
    read = _custom if row.get("type") == CUSTOM else _openai
    spec = read(row, details, directory)
    if upstream is not None:
        spec |= left_open(details, upstream)
        differs = deviations(details, upstream)
        spec["providers"] = {NAME: {**spec["providers"][NAME], **({"upstream": differs} if differs else {})}}
    if unsaid := _unsaid(details, directory) if row.get("type") == CUSTOM else []:
        row = {**row, "unsaid": unsaid}
    tried: dict[str, Json] = {}
    if answering is not None:
        row = {**row, "chatflow": answering.flow}
        if differs := _of_flow(row, spec, answering, directory):
            # What a step of ours did not come to write is no edit.
            tried = {"providers": spec["providers"]} if answering.is_unfinished else {}
            spec["providers"] = {NAME: {**spec["providers"][NAME], "chatflow": differs}}
    spec["metadata"] = {key: value for key, value in texts.items() if key not in MARKER_KEYS}
    live = marked(ASSISTANT, spec, remote_id, seconds(row.get("createdDate")), texts, row)
    return replace(live, tried=tried) if tried else live


def details_of(row: Mapping[str, Json]) -> dict[str, Json]:
    """The details as an object; anything else that the server lets in counts as empty."""
    return parsed_details(row) or {}


def parsed_details(row: Mapping[str, Json]) -> dict[str, Json] | None:
    """None for details that are no object: nothing of such a row can be read."""
    try:
        value = received(text(row.get("details")) or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def is_exact(row: Mapping[str, Json]) -> bool:
    """True if the details are read just as they stand there, so that writing them again would lose nothing."""
    try:
        return isinstance(loads(text(row.get("details")) or ""), dict)
    except (ValueError, RecursionError):
        return False


def upstream_id(row: Mapping[str, Json]) -> str | None:
    """The id of the assistant behind a row that has one."""
    return text(details_of(row).get("id")) if row.get("type") != CUSTOM else None


def is_marked(row: Mapping[str, Json]) -> bool:
    """True if the row carries an address of retinue, whoever's it is."""
    return bool(_pairs(details_of(row)).get(ADDRESS_KEY))


def _pairs(details: Mapping[str, Json]) -> dict[str, str]:
    """The metadata; of a row whose page dropped it, the copy in the one place that the page saves as it found it."""
    if isinstance(details.get("metadata"), dict):
        return text_members(details["metadata"])
    return text_members(mapping(mapping(details.get("tool_resources")).get(KEEPER)).get(KEPT))


def _custom(row: Mapping[str, Json], details: Mapping[str, Json], directory: Directory) -> dict[str, Json]:
    node = mapping(details.get("chatModel"))
    name = text(node.get("name")) or DEFAULT_NODE
    held = held_by(directory.chat_model(name), name)
    inputs = mapping(node.get("inputs"))
    found = {field: inputs.get(key) for field, key in held.items() if inputs.get(key) not in (None, "")}
    spec = {
        "name": text(details.get("name")),
        "description": text(details.get("description")),
        "instructions": text(details.get("instruction")),
        **{field: value if field == "model" else as_number(value) for field, value in found.items()},
    }
    block = Block(
        credential=directory.credentials.name_of(credential_of(node)),
        icon=text(row.get("iconSrc")),
        chat_model=Part(name, stated_inputs(node, directory.chat_model(name), held.values())),
        tools=tuple(_tool(item, directory) for item in named(details.get("tools"))),
        stores=tuple(_store(item, directory.stores) for item in named(details.get("documentStores"))),
    )
    return {**spec, "providers": {NAME: block.to_spec()}}


def _unsaid(details: Mapping[str, Json], directory: Directory) -> list[Json]:
    """Inputs that this server's catalogue lacks, so that no manifest can say them."""
    model, tools = mapping(details.get("chatModel")), named(details.get("tools"))
    pairs = [(model, directory.chat_model(str(model.get("name")))), *((it, directory.tool(it["name"])) for it in tools)]
    return [
        f"the input `{name}` of `{node['name']}`, which this Flowise does not know"
        for node, component in pairs
        if component is not None
        for name, value in mapping(node.get("inputs")).items()
        if name not in (*parameters(component), *CREDENTIAL_INPUTS) and value not in (None, "", [], {})
    ]


def _of_flow(
    row: Mapping[str, Json], spec: Mapping[str, Json], answering: Answering, directory: Directory
) -> dict[str, Json]:
    """What the chatflow of a row says otherwise than the row, in the words of a manifest."""
    more: dict[str, Json] = {"copies": [*answering.copies]} if answering.copies else {}
    if answering.flow is None:
        return {"state": "missing"} | more
    more |= {} if answering.is_linked else {"state": "not linked"}
    held = said_by(answering.flow)
    if held is None:
        return more | {"state": "rebuilt by hand"}
    there = _custom(row, held, directory)
    mine, theirs = ({**it, **it["providers"][NAME]} for it in (spec, there))
    # Where the row says nothing of a store, its chatflow says what the store itself does.
    silent = {store.name: "" for store in block_of(spec).stores if not store.description}
    stores = block_of(there).stores
    theirs["documentStores"] = [
        replace(it, description=silent.get(it.name, it.description)).to_spec() for it in stores
    ] or None
    names = (*FLOW_FIELDS, "credential", "chatModel", "tools", "documentStores")
    pairs = ((name, _plain(mine.get(name)), _plain(theirs.get(name))) for name in names)
    return {name: says for name, said, says in pairs if not same(said, says)} | more


def _plain(value: Json) -> Json:
    """Tools and stores in any order are the same; what is not there is empty."""
    return sorted(value, key=canonical_json) if isinstance(value, list) else "" if value is None else value


def _tool(node: Mapping[str, Json], directory: Directory) -> Part:
    inputs = stated_inputs(node, directory.tool(node["name"]))
    return Part(node["name"], inputs, directory.credentials.name_of(credential_of(node)))


def _store(item: Mapping[str, Json], known: Names) -> Store:
    """By the name that the store has now; by its id if there is no such store any more."""
    store = store_of(item)
    return store if known.labels is None else replace(store, name=known.name_of(item.get("id")) or store.name)


def _openai(row: Mapping[str, Json], details: Mapping[str, Json], directory: Directory) -> dict[str, Json]:
    tools = details["tools"] if isinstance(details.get("tools"), list) else []
    spec = {
        **{field: text(details.get(field)) for field in ("name", "description", "instructions")},
        **({"model": details["model"]} if "model" in details else {}),
        **{field: as_number(details[field]) for field in NUMBERS if is_stated(details, field)},
        # Functions live upstream alone: Flowise can neither define nor remove one.
        "tools": [{"type": item} if isinstance(item, str) else item for item in tools if item != "function"],
        "tool_resources": ids_alone(details.get("tool_resources")),
    }
    # A row without a type is one of these, as far as the server is concerned.
    block = Block(
        type=text(row.get("type")) or OPENAI,
        credential=directory.credentials.name_of(row.get("credential")),
        icon=text(row.get("iconSrc")),
    )
    return {**spec, "providers": {NAME: block.to_spec()}}
