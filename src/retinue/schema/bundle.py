"""Assembles the strict schemas of manifest and project file, the editor schemas and those of outputs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..core.model import Json, Kind
from . import EXTRAS, Catalogue, own_schema

_INCLUDE, _VARIABLE = {"$ref": "#/definitions/include"}, {"$ref": "#/definitions/variable"}
_SCALARS = frozenset(("string", "number", "integer", "boolean", "null"))
# One manifest means one object, so these make no sense for all of a kind.
_NO_DEFAULTS = ("adopt", "moved_from")


@cache
def manifest_schema(kind: Kind) -> dict[str, Json]:
    """The strict schema of a rendered manifest: the kind's fields, its address line and the `retinue` block."""
    schema, word = dict(kind.schema), kind.word
    address = {
        "type": "string",
        "maxLength": 63,
        "pattern": "^[a-z0-9][a-z0-9-]*$",
        "description": f"The name in the address {kind.name}/NAME: a-z, 0-9 and -, at most 63.",
    }
    schema["properties"] = {
        word: address,
        **schema["properties"],
        "retinue": _block(),
        EXTRAS: own_schema("authors")["providers"],
    }
    schema["required"] = [word, *kind.required]
    return schema


@cache
def project_schema(known: Catalogue) -> dict[str, Json]:
    """The strict schema of retinue.yaml. Of `defaults` it knows the keys; their values are checked in manifests."""
    schema: dict[str, Json] = json.loads(json.dumps(own_schema("project")))  # a copy of its own
    environment = schema["definitions"]["environment"]
    members = list(environment["properties"].items())
    after = next(index for index, (name, _) in enumerate(members) if name == "api_key") + 1
    environment["properties"] = dict([*members[:after], *known.settings.items(), *members[after:]])
    block: dict[str, Json] = {key: {} for key in _block()["properties"] if key not in _NO_DEFAULTS}
    schema["properties"]["defaults"]["properties"] = {
        kind.word: {
            "type": "object",
            "description": f"What every manifest of kind {kind.name} starts from.",
            "x-retinue-elsewhere": kind.schema.get("x-retinue-elsewhere", {}),
            "additionalProperties": False,
            "properties": {name: {} for name in (*kind.fields, *kind.shared, EXTRAS)}
            | {"retinue": {**_block(), "properties": block}},
        }
        for kind in known.with_manifests
    }
    on_loss = environment["properties"]["on_loss"]
    fields = sorted({name for kind in known.kinds.values() for name in kind.fields})
    on_loss["else"]["properties"] = {
        name: {**on_loss["then"], "description": f"What to do where the service cannot hold `{name}`."}
        for name in fields
    }
    return schema


def _block() -> dict[str, Json]:
    return {key: value for key, value in own_schema("retinue").items() if key not in ("$schema", "title")}


Extras = Mapping[str, Mapping[str, Json]]
"""By provider and kind, the schema of what stands below `providers.NAME`."""


def editor_schemas(known: Catalogue, extras: Extras | None = None) -> dict[str, Json]:
    """File name to schema, for yaml-language-server (draft-07): includes and variables may stand for values."""
    extras = extras or {}
    found = {"manifest": _manifests_for_editors(known, extras), "retinue": _project_for_editors(known, extras)}
    for kind in known.with_manifests:
        loose = _loose(kind.schema)
        definitions = {**loose.get("definitions", {}), **own_schema("authors")["definitions"]}
        for name, definition in kind.schema.get("x-retinue-parts", {}).items():
            title, whole = f"A {name} that manifests include", {"$ref": f"#/definitions/{definition}"}
            found[name] = {"title": title, "allOf": [whole], "definitions": definitions}
    return {f"{name}.schema.json": _published(name, schema) for name, schema in found.items()}


def _published(name: str, schema: dict[str, Json]) -> dict[str, Json]:
    rest = {key: value for key, value in schema.items() if key != "$schema"}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$id": f"urn:retinue:schema:{name}", **rest}


def _extras_for_editors(kind: Kind, extras: Extras) -> dict[str, Json]:
    blocks = {name: _loose(by_kind[kind.name]) for name, by_kind in sorted(extras.items()) if kind.name in by_kind}
    for block in blocks.values():
        block.pop("$schema", None)
    return {**own_schema("authors")["providers"], **({"properties": blocks} if blocks else {})}


def _manifests_for_editors(known: Catalogue, extras: Extras) -> dict[str, Json]:
    """One schema for the manifests of all kinds: which one a document is held to, its own kind line says."""
    parts = {kind.word: _manifest_for_editors(kind, extras) for kind in known.with_manifests}
    head = next(iter(parts.values()))
    schema: dict[str, Json] = {"$schema": head["$schema"], "title": head["title"], "type": "object"}
    # For completion, before anything says which kind it is; the rest of the line's rules stand below.
    schema["properties"] = {
        word: {"description": part["properties"][word]["description"]} for word, part in parts.items()
    }
    schema["definitions"] = {name: item for part in parts.values() for name, item in part.pop("definitions").items()}
    rest: dict[str, Json] = {}
    for word, part in parts.items():
        body = {key: value for key, value in part.items() if key not in ("$schema", "title")}
        rest = {"if": {"type": "object", "required": [word]}, "then": body, "else": rest} if rest else body
    return {**schema, **rest}


def _manifest_for_editors(kind: Kind, extras: Extras) -> dict[str, Json]:
    schema = manifest_schema(kind)
    ours = (kind.word, "retinue")
    loose: dict[str, Json] = _loose(schema)
    loose["title"] = "A retinue manifest"
    # Includes and variables are for fields: an address is the same everywhere, and our block is ours.
    loose["properties"] |= {name: _plain(schema["properties"][name]) for name in ours}
    loose["properties"][EXTRAS] = _extras_for_editors(kind, extras)
    # Any other field may come from the defaults, and an overlay is a partial manifest.
    loose["required"] = [kind.word]
    loose["definitions"] |= own_schema("authors")["definitions"]
    return loose


def _project_for_editors(known: Catalogue, extras: Extras) -> dict[str, Json]:
    schema: dict[str, Json] = _plain(project_schema(known))
    schema["definitions"] |= own_schema("authors")["definitions"]
    if extras:
        schema["definitions"]["environment"]["properties"]["provider"]["enum"] = sorted(extras)
    for kind in known.with_manifests:
        loose = _loose(kind.schema)
        schema["definitions"] |= loose["definitions"]
        defaults = schema["properties"]["defaults"]["properties"][kind.word]
        defaults["properties"] |= loose["properties"] | {EXTRAS: _extras_for_editors(kind, extras)}
        block = defaults["properties"]["retinue"]["properties"]
        block |= {key: value for key, value in _block()["properties"].items() if key in block}
    return schema


def _plain(schema: Any) -> Any:
    """Without retinue's own annotations."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if not key.startswith("x-retinue-")}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _loose(schema: Any) -> Any:
    """The schema of what an author writes, before includes and variables are resolved."""
    if not isinstance(schema, dict):
        return schema
    schema = schema.get("x-retinue-authors", schema)
    loose = _plain(schema)
    for key in ("properties", "definitions"):
        if key in loose:
            wrap = _or_else if key == "properties" else _loose
            loose[key] = {name: wrap(item) for name, item in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(loose.get(key), dict):
            loose[key] = _or_else(schema[key], removable=key != "items")
    for key in ("then", "else"):
        if key in loose:
            loose[key] = _loose(schema[key])
    if "allOf" in loose:
        loose["allOf"] = [_loose(part) for part in schema["allOf"]]
    return loose


def _or_else(schema: dict[str, Json], *, removable: bool = True) -> dict[str, Json]:
    """The schema, or what may stand in its place. The description stays where editors look for it.

    With if/then/else instead of anyOf an editor shows the fault in its own place.
    """
    loose: dict[str, Json] = _loose(schema)
    if "const" in schema:
        return loose
    types = schema.get("type", [] if "enum" in schema else ["object"])
    types = [types] if isinstance(types, str) else types
    if removable and types and "null" not in types:
        # In an overlay null takes a value away.
        loose["type"] = [*types, "null"]
    is_text = "string" in types and not {"enum", "pattern", "else"} & schema.keys()
    if _SCALARS.issuperset(types) and not is_text:
        loose = {"anyOf": [loose, _VARIABLE]}
    about = {"description": schema["description"]} if "description" in schema else {}
    return {**about, "if": {"type": "object", "required": ["file"]}, "then": _INCLUDE, "else": loose}


@cache
def output_schemas() -> dict[str, dict[str, Json]]:
    """By command, what it prints with `--format json`. Open: keys may be added under the same major format version."""
    shared = own_schema("outputs")["definitions"]
    found = {}
    for command, schema in own_schema("outputs").items():
        text, used = json.dumps(schema), dict(schema.get("definitions", {}))
        for name, part in reversed(shared.items()):  # Each refers only to those before it.
            if f'"#/definitions/{name}"' in text:
                text += json.dumps(part)
        used |= {name: part for name, part in shared.items() if f'"#/definitions/{name}"' in text}
        found[command] = _published(command, {**schema, "definitions": used})
    del found["definitions"]
    return found


def texts(known: Catalogue, extras: Extras | None = None) -> dict[str, str]:
    """The editor schemas, and those of what commands print as JSON, as files."""
    outputs = {f"{command}.schema.json": schema for command, schema in output_schemas().items()}
    schemas = {**editor_schemas(known, extras), **outputs}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}
