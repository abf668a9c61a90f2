"""Assembles the strict schema of a manifest and the editor schemas from the kinds; `python -m` writes the latter."""

from __future__ import annotations

import copy
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from ..core.model import Json
from . import kind_schema

_NAME = {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9][a-z0-9-]*$"}
_DRAFT = "http://json-schema.org/draft-07/schema#"
_SCALARS = {"string", "number", "integer", "boolean"}


@cache
def manifest_schema(word: str) -> dict[str, Json]:
    """The strict schema of a rendered manifest: the kind's fields, its address line and our two blocks."""
    schema = copy.deepcopy(kind_schema(word))
    schema["properties"] |= {
        word: _NAME | {"description": f"The address: {schema['x-retinue-kind']}/NAME."},
        "retinue": kind_schema("retinue"),
        "providers": {"type": "object", "description": "Typed extras that one service has."},
    }
    schema["required"] = [word, *schema["required"]]
    return schema


def editor_schemas() -> dict[str, Json]:
    """File name to schema, for yaml-language-server (draft-07): includes and variables may stand for values."""
    manifest = _loosened(manifest_schema("assistant"))
    manifest["title"] = "A retinue manifest"
    # `model` may come from defaults, and an overlay is a partial manifest.
    manifest["required"] = ["assistant"]
    return {"manifest.schema.json": manifest, "retinue.schema.json": _plain(kind_schema("project"))}


def _plain(schema: Any) -> Any:
    """Without retinue's own annotations."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if not key.startswith("x-retinue-")}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _loosened(schema: dict[str, Json]) -> dict[str, Json]:
    """The schema of what an author writes, before includes and variables are resolved."""
    loose: dict[str, Json] = _plain(schema)
    for key in ("properties", "definitions"):
        loose[key] = {name: _loosen_members(item) for name, item in loose[key].items()}
    words = {"assistant", "retinue", "providers"}
    loose["properties"] = {
        name: item if name in words else _or_include(item) for name, item in loose["properties"].items()
    }
    loose["definitions"]["include"] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "description": "A path relative to this file."},
            "template": {"type": "boolean", "description": "Replace ${var.NAME} in the included text too."},
        },
    }
    loose["definitions"]["variable"] = {"type": "string", "pattern": r"\$\{var\.[A-Za-z_][A-Za-z0-9_]*\}"}
    return loose


def _loosen_members(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    if "properties" in schema:
        schema["properties"] = {
            name: item if name == "type" else _or_include(_loosen_members(item))
            for name, item in schema["properties"].items()
        }
    if isinstance(schema.get("items"), dict):
        schema["items"] = _or_include(_loosen_members(schema["items"]))
    return schema


def _or_include(schema: Any) -> Any:
    """The schema, or an include, or for a scalar a variable; the description stays where editors look for it."""
    include, variable = {"$ref": "#/definitions/include"}, {"$ref": "#/definitions/variable"}
    types = schema.get("type", [])
    types = set([types] if isinstance(types, str) else types)
    others = [include, variable] if types & _SCALARS or not types else [include]
    if types and types <= {"string", "null"}:
        others = [include]
    description = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [schema, *others], **description}


def write(folder: Path) -> None:
    """Write the editor schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in editor_schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
