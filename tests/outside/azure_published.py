"""Azure's published definition as a judge of requests and answers. It is held stricter than it is written.

A package carries that of 2025-04-01-preview. That of 2024-05-01-preview is the carried one after `CHANGES`, or the
published file itself if `VARIABLE` says where it is; then test_azure_definition.py holds that the two are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema

from .published import PACKAGE, Answer

FILE = "openai/azure-preview/openapi.json"
SHA256 = "431bd065fda5fcd73f0e08eec37b3790a1dd266dcac2ebe1c0e5141a9fad4190"
VARIABLE = "RETINUE_OUTSIDE_AZURE_DEFINITION"
SECOND, LATER, PUBLISHED = "2024-05-01-preview", "2024-08-01-preview", "2025-04-01-preview"
REF = "#/components/schemas/"
JUDGED = ("/assistants", "/vector_stores")
Document = dict[str, Any]
Change = Callable[[Document], None]


@cache
def _text() -> bytes:
    found = [file for file in metadata.files(PACKAGE) or () if file.as_posix().endswith(FILE)]
    text = found[0].read_binary()
    digest = hashlib.sha256(text).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{found[0]} has the digest {digest}, not {SHA256}")
    return text


def _members(document: Document, name: str) -> dict[str, Any]:
    members: dict[str, Any] = document["components"]["schemas"][name]["properties"]
    return members


# --- what the carried definition has otherwise than that of 2024-05-01-preview


def _no_options(document: Document) -> None:
    del _members(document, "assistantToolsFileSearch")["file_search"]


def _formats(document: Document) -> None:
    """No json_schema; the text `none` too; and an object that may leave its type out."""
    text = {"type": "string", "enum": ["none", "auto"]}
    formats = [text, {"$ref": REF + "assistantsApiResponseFormat"}]
    document["components"]["schemas"]["assistantsApiResponseFormatOption"]["oneOf"] = formats


def _no_chunking(document: Document) -> None:
    for name in ("createVectorStoreRequest", "createVectorStoreFileRequest", "createVectorStoreFileBatchRequest"):
        del _members(document, name)["chunking_strategy"]
    del _members(document, "vectorStoreFileObject")["chunking_strategy"]
    helper = _members(document, "createAssistantRequest")["tool_resources"]["properties"]["file_search"]
    del helper["properties"]["vector_stores"]["items"]["properties"]["chunking_strategy"]


def _older_codes(document: Document) -> None:
    error = _members(document, "vectorStoreFileObject")["last_error"]
    error["properties"]["code"]["enum"] = ["internal_error", "file_not_found", "parsing_error", "unhandled_mime_type"]


def _no_search(document: Document) -> None:
    """Nor the content and the attributes of a store's file."""
    file = "/vector_stores/{vector_store_id}/files/{file_id}"
    del document["paths"]["/vector_stores/{vector_store_id}/search"]
    del document["paths"][f"{file}/content"]
    del document["paths"][file]["post"]


CHANGES: tuple[Change, ...] = (_no_options, _formats, _no_chunking, _older_codes, _no_search)


def changed(changes: Sequence[Change] = CHANGES) -> Document:
    """The carried definition after some changes."""
    document: Document = json.loads(_text())
    for change in changes:
        change(document)
    return document


def published(path: Path) -> Document:
    """The file of 2024-05-01-preview."""
    document: Document = json.loads(path.read_text(encoding="utf-8-sig"))
    version = document["info"]["version"]
    if version != SECOND:
        raise ValueError(f"{path} is the definition of {version}, not of {SECOND}")
    return document


def definition(version: str) -> Document:
    if version == SECOND and (path := os.environ.get(VARIABLE)):
        return published(Path(path))
    # Of 2024-08-01-preview only this is known to be otherwise; it was not compared as a whole.
    return changed({SECOND: CHANGES, LATER: (_older_codes,), PUBLISHED: ()}[version])


# --- what is compared

_IDLE = frozenset({"default", "description", "example", "title"})


def judged(document: Document) -> dict[str, Any]:
    """All that decides of what is judged: by operation its parameters, request and answers; references are followed."""
    schemas = document["components"]["schemas"]
    found: dict[str, Any] = {"refusal": _deciding({"$ref": REF + "errorResponse"}, schemas)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items() if path.startswith(JUDGED) else ():
            found[f"{method} {path}"] = {
                "parameters": {
                    f"{item['in']} {item['name']}": [bool(item.get("required")), _deciding(item["schema"], schemas)]
                    for item in operation["parameters"]
                },
                "request": _deciding(operation.get("requestBody"), schemas),
                "answers": _deciding(operation["responses"], schemas),
            }
    return found


def _deciding(node: Any, schemas: Mapping[str, Any], *, named: bool = False, within: tuple[str, ...] = ()) -> Any:
    """Without words; `named`: the keys are names of members. `within`: the schemas that this is a part of."""
    if isinstance(node, list):
        return [_deciding(item, schemas, within=within) for item in node]
    if not isinstance(node, dict):
        return node
    name = "" if named else node.get("$ref", "").removeprefix(REF)
    if name and name not in within:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _deciding({**schemas[name], **rest}, schemas, within=(*within, name))
    kept = {key: value for key, value in node.items() if named or not (key in _IDLE or key.startswith("x-"))}
    return {
        key: sorted(value)
        if key == "required" and isinstance(value, list)
        else _deciding(value, schemas, named=key == "properties" and not named, within=within)
        for key, value in kept.items()
    }


# --- where the emulator departs


def _strict(document: Document) -> None:
    """Not listed, nor forbidden: the definition leaves the members of a function open."""
    _members(document, "assistantToolsFunction")["function"]["properties"]["strict"] = {"type": "boolean"}


def _error(document: Document) -> None:
    """The service behind the gateway has all four members of OpenAI's, two of them nullable."""
    error = document["components"]["schemas"]["error"]
    error["properties"] |= {name: {"type": ["string", "null"]} for name in ("param", "type", "code")}
    del error["allOf"]
    error["properties"]["message"] = {"type": "string"}


def _empty_list(document: Document) -> None:
    """As of OpenAI: both ids of an empty list are null."""
    for name in ("listAssistantsResponse", "listVectorStoresResponse", "listVectorStoreFilesResponse"):
        _members(document, name).update({key: {"type": ["string", "null"]} for key in ("first_id", "last_id")})


def _store(document: Document) -> None:
    """The definition requires `bytes`, which it does not list; as of OpenAI, what was not given is null."""
    document["components"]["schemas"]["vectorStoreObject"]["required"].remove("bytes")
    members = _members(document, "vectorStoreObject")
    members["name"]["nullable"] = True
    members["expires_after"]["nullable"] = True


DEPARTURES: tuple[Change, ...] = (_error, _empty_list, _store)


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
        document = definition(version)
        for change in (*DEPARTURES, *(() if version == SECOND else (_strict,))):
            change(document)
        self._paths: Mapping[str, Any] = document["paths"]
        self._schemas = {"components": {"schemas": _usable(document["components"]["schemas"])}}

    def complaint(self, answer: Answer) -> str:
        """What is wrong with an answer, or nothing."""
        if answer.status >= 400:
            schema: Any = {"$ref": REF + "errorResponse"}
        else:
            told = self._operation(answer.method, answer.path).get("responses", {}).get(str(answer.status))
            if told is None:
                return f"the definition has no such answer: {answer}"
            schema = told["content"]["application/json"]["schema"]
        problems = self._problems(schema, json.loads(answer.body))
        return f"{problems}: {answer}" if problems else ""

    def request_complaint(self, method: str, path: str, body: bytes, query: Mapping[str, str] | None = None) -> str:
        """What is wrong with a request, or nothing. Without `query`, only the body is looked at."""
        operation = self._operation(method, path)
        problems = [] if query is None else [*_query_problems(operation.get("parameters", ()), query)]
        asked = operation.get("requestBody")
        if asked is not None:
            problems.append(self._problems(asked["content"]["application/json"]["schema"], json.loads(body)))
        elif body:
            problems.append("it has a body")
        return "; ".join(problem for problem in problems if problem)

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


def _query_problems(parameters: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> Iterator[str]:
    known = {item["name"]: item for item in parameters if item["in"] == "query"}
    yield from (f"unknown in the query: {name}" for name in query.keys() - known.keys())
    for name, item in known.items():
        if name in query:
            value: Any = query[name]
            is_number = item["schema"]["type"] == "integer" and re.fullmatch("-?[0-9]+", value)
            for error in jsonschema.Draft202012Validator(item["schema"]).iter_errors(
                int(value) if is_number else value
            ):
                yield f"{name} in the query: {error.message}"
        elif item.get("required"):
            yield f"missing in the query: {name}"


class Seen:
    """Exchanges with one server, and what the definition of one version has against them."""

    def __init__(self, version: str) -> None:
        self.judge = Judge(version)
        self.exchanges: list[tuple[Mapping[str, str], bytes, Answer]] = []

    def saw(self, query: Mapping[str, str], body: bytes, answer: Answer) -> None:
        """`answer.path` without the prefix of the API. Called by many threads, it only appends."""
        self.exchanges.append((query, body, answer))

    def complaints(self) -> list[str]:
        """Of answers, and of requests that were accepted. The definition has no files (`/files`)."""
        found = []
        for query, body, answer in self.exchanges:
            if answer.path.startswith(JUDGED):
                found.append(self.judge.complaint(answer))
                if answer.status == 200:
                    asked = self.judge.request_complaint(answer.method, answer.path, body, query)
                    found.append(f"{asked}: {answer.method} {answer.path} {body!r}" if asked else "")
        return [text for text in found if text]
