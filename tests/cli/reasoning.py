"""A service whose models each lack some fields, and which counts what is stored as well as what is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Raw = dict[str, Any]

SAMPLING: Mapping[str, Any] = {"temperature": 1.0, "top_p": 1.0}
LACKS: Mapping[str, tuple[str, ...]] = {"o": ("temperature", "top_p"), "gpt": ("reasoning_effort",)}
"""By how a model's name begins."""


def stored(request: Raw, old: Raw) -> Raw:
    """A field is refused with any value, whether it is sent or left from before; null sends it away."""
    return {**old, **request}


def sent(request: Raw, old: Raw) -> Raw:
    """A field is refused as soon as it is named, even as null."""
    return {name: value if value is not None else "null" for name, value in request.items()}


@dataclass
class Reasoning:
    """A WSGI application. `error`: of a field's name, what the envelope says. `answers`: of a field that a model lacks,
    `null` or `nothing`. `counts`: which fields a refusal looks at."""

    error: Callable[[str], Raw]
    answers: str = "null"
    counts: Callable[[Raw, Raw], Raw] = stored
    rows: dict[str, Raw] = field(default_factory=dict)
    bodies: list[Raw] = field(default_factory=list)
    refused: list[Raw] = field(default_factory=list)

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        key = environ["PATH_INFO"].partition("/assistants")[2].strip("/")
        size = int(environ.get("CONTENT_LENGTH") or 0)
        given = json.loads(environ["wsgi.input"].read(size)) if size else None
        status, answer = self._answer(key, given)
        start_response(f"{status} x", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def _answer(self, key: str, given: Raw | None) -> tuple[int, Any]:
        if given is None and not key:
            return 200, {"object": "list", "data": [*self.rows.values()], "has_more": False}
        if key and key not in self.rows:
            return 404, {"error": {"message": "none", "code": None}}
        if given is None:
            return 200, self.rows[key]
        old = self.rows.get(key, {})
        model = str(given.get("model", old.get("model", "")))
        lacks = next((names for prefix, names in LACKS.items() if model.startswith(prefix)), ())
        looked_at = self.counts(given, old)
        for name in lacks:
            if looked_at.get(name) is not None:
                self.refused.append(given)
                return 400, {"error": self.error(name)}
        self.bodies.append(given)
        key = key or f"asst_{len(self.rows):024d}"
        plain = {"id": key, "object": "assistant", "created_at": 1, "name": None, "tools": [], "metadata": {}}
        row = {**plain, **old, **given}
        row |= {name: value for name, value in SAMPLING.items() if row.get(name) is None}
        row |= {"reasoning_effort": row.get("reasoning_effort") or "medium"}
        row |= dict.fromkeys(lacks)
        self.rows[key] = {k: v for k, v in row.items() if self.answers == "null" or k not in lacks}
        return 200, self.rows[key]


def named(name: str) -> Raw:
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return {"message": message, "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"}


def of_the_model(name: str) -> Raw:
    return {**named(name), "param": "model"}


def in_words(name: str) -> Raw:
    return {**named(name), "param": None, "code": None}


def as_a_value(name: str) -> Raw:
    message = f"Unsupported value: '{name}' does not support 1.0 with this model."
    return {"message": message, "param": name, "code": "unsupported_value"}


def unquoted(name: str) -> Raw:
    return {"message": f"Unrecognized request argument supplied: {name}", "param": None, "code": None}


ERRORS = (named, of_the_model, in_words, as_a_value, unquoted)
