"""An agent, or a version of it, to the words of a manifest and back, by the models of mistralai 3.7.0. Pure."""

from __future__ import annotations

from ...core.canonical import canonical, same
from ...core.errors import ServiceError
from ...core.model import Json, Live
from ...core.values import replace
from ...schema import by_name, schema_beside, with_extras
from ..agent_tools import FUNCTION, FlatTools
from ..assistants_v2 import ASSISTANT
from ..base import Fields, Marker
from ..lenient import besides, mapping, picked, seconds, stated
from ..metadata import MARKER_KEYS, authors, live_of, pairs, texts

NAME = "mistral"
SCHEMA: Json = schema_beside(__package__, "schema")
POINTER = "@alias"  # where the version that the alias names is kept beside an agent; 0: it names none
CHAT = "deployment_chat"  # the one member that an update takes and a create does not
_ASSISTANT = with_extras(by_name(ASSISTANT), NAME, {ASSISTANT.name: SCHEMA})[ASSISTANT.name]
_PLAIN = ("name", "model", "instructions", "description")
_BLOCK = ("handoffs", "guardrails", CHAT, "version_message")
_SAMPLING = ("temperature", "top_p", "reasoning_effort")
_OWN = tuple(SCHEMA["properties"]["completion_args"]["properties"])
_ARGUMENTS = {*_SAMPLING, "response_format", *_OWN}
_FUNCTION = {f"function/{name}": f"function/{name}" for name in FUNCTION}
TOOLS = FlatTools(SCHEMA, {"function": _FUNCTION, "code_interpreter": {}, "web_search": {}})


def block_of(spec: Fields) -> Fields:
    return mapping(mapping(spec.get("providers")).get(NAME))


def to_live(raw: Fields) -> Live:
    """Raises ServiceError if this is not an agent."""
    if type(raw.get("version")) is not int or not isinstance(raw.get("versions"), list):
        raise ServiceError("the service answered an agent without its version")
    arguments, tools = mapping(raw.get("completion_args")), TOOLS.read(raw.get("tools"))
    own = {"completion_args": picked(arguments, _OWN), "tools": tools.own, **{name: raw.get(name) for name in _BLOCK}}
    spec = {
        **{name: raw.get(name) for name in _PLAIN},
        **{name: arguments.get(name) for name in _SAMPLING},
        "response_format": arguments.get("response_format") or "auto",
        "tools": tools.portable,
        "metadata": authors(texts(raw)),
        "providers": {NAME: own},
    }
    return replace(live_of(raw, ASSISTANT, "an agent", spec), created_at=seconds(raw.get("created_at")))


def _members(spec: Fields) -> dict[str, Json]:
    """Every member of an agent that a spec decides, and how it is cleared where the spec says nothing."""
    block, form = block_of(spec), stated(spec.get("response_format"))
    inner = stated(form.get("json_schema"))
    arguments = picked(spec, _SAMPLING) | picked(mapping(block.get("completion_args")), _OWN)
    arguments |= {"response_format": {**form, "json_schema": inner} if inner else form} if form else {}
    return {
        **{name: spec.get(name) for name in _PLAIN},
        "tools": TOOLS.write(spec.get("tools"), block.get("tools")),
        "completion_args": arguments,
        **{name: block.get(name) or None for name in _BLOCK},
        CHAT: bool(block.get(CHAT)),
    }


def create_body(spec: Fields, marker: Marker) -> dict[str, Json]:
    body = {name: value for name, value in _members(spec).items() if value not in (None, {}, []) and name != CHAT}
    return {**body, "metadata": {**mapping(spec.get("metadata")), **pairs(marker)}}


def update_body(live: Live, fields: Fields, marker: Marker | None, base: Fields | None = None) -> dict[str, Json]:
    """What differs; or the whole agent, where it may begin from another version, `base`.

    Arguments and metadata are as right where the service merges them as where it replaces them.
    """
    spec, raw, body = {**live.spec, **fields}, live.raw, _members({**live.spec, **fields})
    if base is None:
        body = {name: value for name, value in body.items() if not same(value, _members(live.spec)[name])}
    if "tools" in body:
        body["tools"] = TOOLS.write(spec.get("tools"), block_of(spec).get("tools"), raw.get("tools"))
    if "completion_args" in body:
        given = stated(raw.get("completion_args"))
        others = {*stated(mapping(base).get("completion_args"))} - given.keys()
        # The one argument that cannot be null has a word for its default.
        going = {name: "auto" if name == "tool_choice" else None for name in (given.keys() & _ARGUMENTS) | others}
        body["completion_args"] = {**given, **going, **body["completion_args"]}
    held, named = mapping(raw.get("metadata")), authors(texts(raw))
    # Null for what goes; what is no text, others put there, and it stays.
    gone = [key for key in held if key in MARKER_KEYS or named.get(key)]
    gone += [key for key in mapping(mapping(base).get("metadata")) if key not in held]
    return {**body, "metadata": {**held, **dict.fromkeys(gone), **mapping(spec.get("metadata")), **pairs(marker)}}


def unsaid(raw: Fields) -> dict[str, Json]:
    """What an agent has that no manifest can say, by name."""
    found = stated(besides(raw.get("completion_args"), _ARGUMENTS))
    return {f"completion_args.{name}": value for name, value in found.items()} | TOOLS.unsaid(raw.get("tools"))


def alike(one: Live, other: Live) -> bool:
    """True if two versions say the same and were asked for the same, a proof of `verify` aside."""
    asked = [replace(it.applied, verified=None) if it.applied else it.marker_applied for it in (one, other)]
    specs = [canonical(without_pointer(it.spec), _ASSISTANT) for it in (one, other)]
    owners = one.marker_address == other.marker_address
    return owners and asked[0] == asked[1] and same(*specs) and same(unsaid(one.raw), unsaid(other.raw))


def without_pointer(spec: Fields) -> dict[str, Json]:
    return {**spec, "providers": {NAME: besides(block_of(spec), ("serving",))}}


def newest_of(raw: Fields) -> int:
    """The number of an agent's newest version."""
    return max(number for number in (raw["version"], *raw["versions"]) if type(number) is int)
