"""What the Assistants v2 API accepts in a body, and the defaults it fills in. Pure: no store, no HTTP.

Source: OpenAI API reference, Create and Modify assistant; the published OpenAPI document; recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import Check
from .errors import ApiError
from .faults import Behaviour
from .limits import ASSISTANT, FUNCTION, RANKING, RESOURCES, SEARCH, STORE
from .vector_store_rules import chunking

_ranking = {
    "ranker": checks.one_of("auto", "default_2024_08_21"),
    "score_threshold": checks.within(RANKING["score_threshold"]),
}
_search = {
    "max_num_results": checks.within(SEARCH["max_num_results"]),
    "ranking_options": checks.closed(_ranking, "score_threshold"),
}
_named: Mapping[str, Check] = {"name": checks.identifier, "strict": checks.boolean}
_described = checks.limited(FUNCTION["description"]["maxLength"])


def _strictly(known: Mapping[str, Check], schema: str) -> Check:
    """A named object whose schema keeps the rules of strict mode where it asks for that."""

    def check(path: str, value: Any) -> None:
        checks.members(path, value, {**_named, **known}, ("name",))
        if value.get("strict"):
            _strict(f"{path}.{schema}", value.get(schema), ())

    return check


_function = _strictly({"description": _described, "parameters": checks.anything}, "parameters")
_schema = _strictly({"description": checks.text, "schema": checks.anything}, "schema")
_NOT_STRICT = ("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")


def _strict(path: str, schema: Any, where: tuple[str, ...]) -> None:
    """What strict mode asks of each schema in a schema (Structured Outputs: supported schemas)."""
    if not isinstance(schema, dict):
        return
    names = {key: schema[key] if isinstance(schema.get(key), dict) else {} for key in ("properties", "$defs")}
    why = next((f"'{word}' is not permitted." for word in _NOT_STRICT if word in schema), "")
    if schema.get("type") == "object" or names["properties"]:
        if schema.get("additionalProperties") is not False:
            why = why or "'additionalProperties' is required to be supplied and to be false."
        if lacking := [name for name in names["properties"] if name not in (schema.get("required") or ())]:
            every = "'required' is required to be supplied and to be an array including every key in properties."
            why = why or f"{every} Missing '{lacking[0]}'."
    if why:
        message = f"Invalid schema for '{path}': In context={where}, {why}"
        raise ApiError(400, message, code="invalid_function_parameters", param=path)
    below = [((key, name), item) for key, group in names.items() for name, item in group.items()]
    below += [(("anyOf", str(index)), item) for index, item in enumerate(schema.get("anyOf") or ())]
    for steps, item in [*below, (("items",), schema.get("items"))]:
        _strict(path, item, (*where, *steps))


_tool = checks.variant(
    {
        "code_interpreter": {},
        "file_search": {"file_search": checks.closed(_search)},
        "function": {"function": _function},
    },
    {"function": ("function",)},
)
_format = checks.variant(
    {"text": {}, "json_object": {}, "json_schema": {"json_schema": _schema}}, {"json_schema": ("json_schema",)}
)
_new_store = {
    "file_ids": checks.listed(STORE["files"]["maxItems"], checks.text),
    "chunking_strategy": chunking,
    "metadata": checks.metadata,
}


def _tool_resources(*, creating: bool) -> Check:
    """A create may ask for one new vector store instead of naming one; a modify cannot."""
    known_files = RESOURCES["code_interpreter"]["properties"]["file_ids"]
    known_stores = RESOURCES["file_search"]["properties"]["vector_store_ids"]
    files: dict[str, Check] = {"file_ids": checks.listed(known_files["maxItems"], checks.text)}
    stores: dict[str, Check] = {"vector_store_ids": checks.listed(known_stores["maxItems"], checks.text)}
    if creating:
        stores["vector_stores"] = checks.listed(1, checks.closed(_new_store))

    def search(path: str, value: Any) -> None:
        checks.members(path, value, stores)
        if value.get("vector_stores") and value.get("vector_store_ids"):
            message = f"Invalid '{path}': only one of 'vector_store_ids' and 'vector_stores' can be given."
            raise ApiError(400, message, code="invalid_value", param=path)

    return checks.closed({"code_interpreter": checks.closed(files), "file_search": search})


def _fields(*, creating: bool) -> dict[str, Check]:
    return {
        "model": checks.text,
        **{name: checks.limited(ASSISTANT[name]["maxLength"]) for name in ("name", "description", "instructions")},
        "tools": checks.listed(ASSISTANT["tools"]["maxItems"], _tool),
        "tool_resources": _tool_resources(creating=creating),
        "metadata": checks.metadata,
        "temperature": checks.within(ASSISTANT["temperature"]),
        "top_p": checks.within(ASSISTANT["top_p"]),
        "response_format": checks.or_text(checks.one_of("auto"), _format),
        "reasoning_effort": checks.one_of(*filter(None, ASSISTANT["reasoning_effort"]["enum"])),
    }


CREATE = _fields(creating=True)
MODIFY = _fields(creating=False)
_NEVER_NULL = ("model", "tools")


def check(body: Any, fields: Mapping[str, Check], behaviour: Behaviour) -> dict[str, Any]:
    """The accepted fields; nulls that keep the old value are left out. Raises ApiError 400."""
    body = checks.body(body, fields, tuple(fields) if behaviour.null == "refuse" else _NEVER_NULL)
    if refused := next((name for name in body if name in behaviour.unsupported and body[name] is not None), None):
        message = f"Unsupported parameter: '{refused}' is not supported with this model."
        raise ApiError(400, message, code="unsupported_parameter", param=refused)
    return {name: value for name, value in body.items() if value is not None or behaviour.null != "keep"}


_NO_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "empty": {"parameters": {}},
    "schema": {"parameters": {"type": "object", "properties": {}}},
    "absent": {},
}


def filled_tool(tool: Mapping[str, Any], model: str, behaviour: Behaviour) -> dict[str, Any]:
    """A tool with what the service adds to it."""
    if tool["type"] == "file_search":
        stated = checks.stated(tool.get("file_search"))
        ranking: dict[str, Any] = {"ranker": "default_2024_08_21", "score_threshold": 0.0} | checks.stated(
            stated.pop("ranking_options", {})
        )
        ranking["score_threshold"] = float(ranking["score_threshold"])
        if behaviour.hybrid_search:
            ranking["hybrid_search"] = None
        results = 5 if model.startswith("gpt-3.5") else 20
        return {
            "type": "file_search",
            "file_search": {"max_num_results": results, **stated, "ranking_options": ranking},
        }
    if tool["type"] == "function":
        stated = {**_NO_PARAMETERS[behaviour.parameters], "strict": False, **checks.stated(tool["function"])}
        return {"type": "function", "function": stated}
    return dict(tool)


def filled_format(value: Any) -> Any:
    """`strict` of a json_schema format is false unless given."""
    if isinstance(value, dict) and value["type"] == "json_schema":
        return {**value, "json_schema": {"strict": False, **checks.stated(value["json_schema"])}}
    return value


_LISTS = {"code_interpreter": "file_ids", "file_search": "vector_store_ids"}


def filled_resources(value: Mapping[str, Any], tools: list[dict[str, Any]], behaviour: Behaviour) -> dict[str, Any]:
    """tool_resources without nulls; a tool that has no files is answered with an empty list."""
    found = {name: checks.stated(item) for name, item in value.items() if item is not None}
    if behaviour.resources == "filled":
        for tool in tools:
            if tool.get("type") in _LISTS:
                found.setdefault(tool["type"], {}).setdefault(_LISTS[tool["type"]], [])
    return found
