"""Azure's published definition as a judge of requests and answers. It is held stricter than it is written.

The package carries that of 2025-04-01-preview. Those of 2024-05-01-preview and 2024-07-01-preview were read once, by
hand: of the members of an assistant and its tools they lack those of `BEFORE_SCHEMAS`. Nothing else was compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from typing import Any

import jsonschema

from .published import PACKAGE, Answer

FILE = "openai/azure-preview/openapi.json"
SHA256 = "431bd065fda5fcd73f0e08eec37b3790a1dd266dcac2ebe1c0e5141a9fad4190"
PUBLISHED = "2025-04-01-preview"
REF = "#/components/schemas/"
Schemas = dict[str, Any]


@cache
def _text() -> bytes:
    found = [file for file in metadata.files(PACKAGE) or () if file.as_posix().endswith(FILE)]
    text = found[0].read_binary()
    digest = hashlib.sha256(text).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{found[0]} has the digest {digest}, not {SHA256}")
    return text


def _no_options(schemas: Schemas) -> None:
    del schemas["assistantToolsFileSearch"]["properties"]["file_search"]


def _no_schemas(schemas: Schemas) -> None:
    options = schemas["assistantsApiResponseFormatOption"]["oneOf"]
    options[:] = [option for option in options if option.get("$ref") != REF + "ResponseFormatJsonSchema"]


def _no_chunking(schemas: Schemas) -> None:
    resources = schemas["createAssistantRequest"]["properties"]["tool_resources"]["properties"]
    del resources["file_search"]["properties"]["vector_stores"]["items"]["properties"]["chunking_strategy"]


BEFORE_SCHEMAS: tuple[Callable[[Schemas], None], ...] = (_no_options, _no_schemas, _no_chunking)
"""What came with 2024-08-01-preview."""


def _strict(schemas: Schemas) -> None:
    """Not listed, nor forbidden: the definition leaves the members of a function open."""
    schemas["assistantToolsFunction"]["properties"]["function"]["properties"]["strict"] = {"type": "boolean"}


def _error(schemas: Schemas) -> None:
    """The service behind the gateway has all four members of OpenAI's, two of them nullable."""
    schemas["error"]["properties"] |= {name: {"type": ["string", "null"]} for name in ("param", "type", "code")}
    del schemas["error"]["allOf"]
    schemas["error"]["properties"]["message"] = {"type": "string"}


def _empty_list(schemas: Schemas) -> None:
    """As of OpenAI: both ids of an empty list are null."""
    schemas["listAssistantsResponse"]["properties"] |= {
        name: {"type": ["string", "null"]} for name in ("first_id", "last_id")
    }


DEPARTURES: tuple[Callable[[Schemas], None], ...] = (_error, _empty_list)
"""Where the emulator departs from the definition."""


def _usable(node: Any) -> Any:
    """`nullable` as JSON Schema has it, and no other members than those listed, where all are listed."""
    if isinstance(node, list):
        return [_usable(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _usable(value) for key, value in node.items() if key != "nullable"}
    if node.get("type") == "object" and isinstance(node.get("properties"), dict) and "allOf" not in node:
        found.setdefault("additionalProperties", False)
    if node.get("nullable"):
        return {"anyOf": [found, {"type": "null"}]}
    return found


class Judge:
    """By one version of the definition."""

    def __init__(self, version: str) -> None:
        document = json.loads(_text())
        schemas: Schemas = document["components"]["schemas"]
        for change in (*DEPARTURES, *(BEFORE_SCHEMAS if version < "2024-08-01-preview" else (_strict,))):
            change(schemas)
        self._paths: Mapping[str, Any] = document["paths"]
        self._schemas = {"components": {"schemas": _usable(schemas)}}

    def complaint(self, answer: Answer) -> str:
        """What is wrong with an answer, or nothing."""
        if answer.status >= 400:
            schema: Any = {"$ref": REF + "errorResponse"}
        else:
            told = self._operation(answer.method, answer.path).get("responses", {}).get(str(answer.status))
            if told is None:
                return f"the definition has no such answer: {answer}"
            schema = told["content"]["application/json"]["schema"]
        return self._problems(schema, json.loads(answer.body))

    def request_complaint(self, method: str, path: str, body: bytes) -> str:
        """What is wrong with a request, or nothing."""
        asked = self._operation(method, path).get("requestBody")
        if asked is None:
            return "it has a body" if body else ""
        return self._problems(asked["content"]["application/json"]["schema"], json.loads(body))

    def _problems(self, schema: Any, value: Any) -> str:
        validator = jsonschema.Draft202012Validator({**self._schemas, **_usable(schema)})
        return "; ".join(f"{error.json_path}: {error.message}" for error in validator.iter_errors(value))

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        for template, methods in self._paths.items():
            pattern = re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)))
            if pattern.fullmatch(path):
                found: Mapping[str, Any] = methods.get(method.lower(), {})
                return found
        return {}
