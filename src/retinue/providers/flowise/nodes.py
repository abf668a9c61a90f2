"""Nodes of Flowise's component catalogue: which inputs one has, its defaults, and one filled in as the page does.

Source: the catalogue of 3.1.4 and the `initNode` of its user interface.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import TypeAlias

from ...core.canonical import same
from ...core.model import Json
from ..lenient import mapping, mappings
from .block import Part

CREDENTIAL_INPUTS = ("credential", "FLOWISE_CREDENTIAL_ID")
"""Inputs in which a node in use may hold its credential, as Flowise's page reads them; it writes the last one."""
# Paths on the server's own disk: never shown.
_PRIVATE = ("filePath", "icon", "loadMethods")
_PARAMETERS = frozenset(
    (
        *("asyncOptions", "asyncMultiOptions", "options", "multiOptions", "array", "datagrid", "string", "number"),
        *("boolean", "password", "json", "code", "date", "file", "folder", "tabs", "conditionFunction"),
        *("timePicker", "weekDaysPicker", "monthDaysPicker", "datePicker"),
    )
)
_NUMBER = re.compile(r"\s*[+-]?([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})(e[+-]?[0-9]{1,2})?\s*", re.IGNORECASE)
Component = Mapping[str, Json]
"""An entry of the catalogue."""


Held: TypeAlias = Mapping[str, str]
"""By portable field, the input of a chat model node that holds it; those that it has one for."""


def _held(model: str | None, temperature: bool, top_p: bool) -> Held:
    names = {"model": model, "temperature": "temperature" if temperature else None, "top_p": "topP" if top_p else None}
    return {field: name for field, name in names.items() if name}


@cache
def known_nodes() -> Mapping[str, Held]:
    """The chat models of 3.1.4, for checks that reach no server."""
    text = (resources.files(__package__) / "nodes.json").read_text(encoding="utf-8")
    return {name: _held(row["model"], row["temperature"], row["top_p"]) for name, row in json.loads(text).items()}


def held_by(component: Component | None, name: str) -> Held:
    """What a chat model holds: as the server says, else as it was in 3.1.4, else as most of them do."""
    if component is None:
        return known_nodes().get(name, _held("modelName", True, True))
    names = set(parameters(component))
    model = next((item for item in ("modelName", "model") if item in names), None)
    return _held(model, "temperature" in names, "topP" in names)


def parameters(component: Component) -> dict[str, Mapping[str, Json]]:
    """The inputs of a node by name; of a node in use too, whose parameters stand under another key."""
    listed = (item for key in ("inputs", "inputParams", "inputAnchors") for item in mappings(component.get(key)))
    named = (item for item in listed if isinstance(item.get("name"), str))
    return {item["name"]: item for item in named if item.get("type") != "credential"}


def is_initial(parameter: Mapping[str, Json] | None, value: Json) -> bool:
    """True for an untouched input: not there, the node's default, or empty where it has none."""
    default = (parameter or {}).get("default")
    if value is None or (value in ("", [], {}) and not default):
        return True
    # A default of the catalogue may be a text where the value is a number.
    return parameter is not None and same(number_of(parameter, value), number_of(parameter, default))


def number_of(parameter: Mapping[str, Json] | None, value: Json) -> Json:
    """The page stores numbers as typed, as text; they mean the number."""
    if isinstance(value, str) and (parameter or {}).get("type") == "number":
        return as_number(value)
    return value


def as_number(value: Json) -> Json:
    """A text that is a plain number as that number; all else as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def is_secret(parameter: Mapping[str, Json] | None) -> bool:
    return (parameter or {}).get("type") == "password"


def credential_of(node: Mapping[str, Json]) -> Json:
    """The id of a node's credential, from whichever place holds it."""
    inputs = mapping(node.get("inputs"))
    return node.get("credential") or next((inputs[name] for name in CREDENTIAL_INPUTS if inputs.get(name)), None)


def stated_inputs(node: Mapping[str, Json], component: Component | None, but: Iterable[str] = ()) -> dict[str, Json]:
    """The inputs of a node in use that say something: not the defaults, no secret, none of `but`, and none that the
    catalogue lacks: a manifest cannot state it.
    """
    known = parameters(component or node)
    stated, left_out = {}, {*CREDENTIAL_INPUTS, *but}
    for name, value in mapping(node.get("inputs")).items():
        is_known = component is None or name in known
        silent = is_initial(known.get(name), value) or is_secret(known.get(name))
        if is_known and not silent and name not in left_out:
            stated[name] = number_of(known.get(name), value)
    return stated


def filled(
    part: Part, component: Component | None, before: Mapping[str, Json], credential: str, index: int = 0
) -> dict[str, Json]:
    """A node in use as the page would store it. `before`: the same node as it is live, whose unknown keys stay.

    `index`: its place among its like; the page's chatflow refers to a tool by name and place.
    """
    node = dict(before) if before.get("name") == part.name else {}
    # Keys typed into the page, and inputs that only an earlier catalogue had: never read, never shown, never lost.
    known = parameters(component or node)
    kept = {
        name: value
        for name, value in mapping(node.get("inputs")).items()
        if name not in CREDENTIAL_INPUTS
        and (is_secret(known.get(name)) or (component is not None and name not in known))
    }
    if component is not None:
        node |= _rendered(component, f"{part.name}_{index}")
    defaults = {name: item.get("default") or "" for name, item in parameters(component or node).items()}
    node |= {"name": part.name, "credential": credential}
    node["inputs"] = {**defaults, **kept, **part.inputs}
    if credential:
        node["inputs"][CREDENTIAL_INPUTS[-1]] = credential
    return node


def _rendered(component: Component, key: str) -> dict[str, Json]:
    anchors: list[dict[str, Json]] = []
    params: list[dict[str, Json]] = []
    for item in parameters(component).values():
        described = {**item, "id": f"{key}-input-{item['name']}-{item.get('type')}"}
        (params if item.get("type") in _PARAMETERS else anchors).append(described)
    asked = component.get("credential")
    if isinstance(asked, dict):
        params.insert(0, {**asked, "id": f"{key}-input-{asked.get('name')}-{asked.get('type')}"})
    kept = {name: value for name, value in component.items() if name not in (*_PRIVATE, "inputs", "credential")}
    node = {**kept, "id": key, "inputAnchors": anchors, "inputParams": params}
    if component.get("outputs"):
        return node
    listed = component.get("baseClasses")
    classes = [str(item) for item in listed] if isinstance(listed, list) else []
    output = {
        "id": f"{key}-output-{component.get('name')}-{'|'.join(classes)}",
        "name": component.get("name"),
        "label": component.get("type"),
        "description": component.get("description") or "",
        "type": " | ".join(classes),
    }
    return {**node, "outputs": {}, "outputAnchors": [output]}
