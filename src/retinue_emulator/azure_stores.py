"""Files and vector stores as each version of Azure's API takes and answers them.

Source: the definitions that Azure published. Its own reading, so that it can disagree with retinue.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import checks
from .azure_rules import WITH_SCHEMAS, version_of
from .files import Files
from .vector_stores import VectorStores
from .web import Answer, Request, Route

_FILES = "/vector_stores/{id}/files"
_LATE = (f"GET {_FILES}/{{file}}/content", f"POST {_FILES}/{{file}}", "POST /vector_stores/{id}/search")
"""What came in 2025: what is in a store's file, its attributes, a search."""
_TAKING = ("POST /vector_stores", f"POST {_FILES}", "POST /vector_stores/{id}/file_batches")
_NOT_THERE = ("attributes", "description", "files")
_some_files = checks.listed(500, checks.text)
_NEW_CODES = "2025-04-01-preview"
"""2024-08-01-preview has the old ones still; those between were not looked at."""
_OLD_CODES = {
    "server_error": "internal_error",
    "unsupported_file": "unhandled_mime_type",
    "invalid_file": "parsing_error",
}


def known(knowledge: Sequence[Files | VectorStores], prefix: str) -> Iterator[Route]:
    """The routes that Azure has of them: none with the attributes or the content of a store's files."""
    for route in (route for part in knowledge for route in part.routes(prefix)):
        what = route.label.replace(prefix, "", 1)
        if "/vector_stores" not in what:
            yield route
        elif what not in _LATE:
            yield route._replace(handle=_as_its_version(route, taking=what in _TAKING))


def _as_its_version(route: Route, *, taking: bool) -> Callable[..., Answer]:
    def handle(request: Request, *segments: str) -> Answer:
        version = version_of(request.query)
        if taking:
            body = request.json()
            if isinstance(body, dict):
                for name in body:
                    if name in _NOT_THERE or (name == "chunking_strategy" and version < WITH_SCHEMAS):
                        raise checks.unknown(name)
                if body.get("file_ids") is not None:
                    _some_files("file_ids", body["file_ids"])
            request = request.with_json(body)
        answer = route.handle(request, *segments)
        found = json.loads(answer.body)
        shown = {**found, "data": [_shown(item, version) for item in found["data"]]} if "data" in found else found
        return replace(answer, body=json.dumps(_shown(shown, version), ensure_ascii=False))

    return handle


def _shown(raw: Mapping[str, Any], version: str) -> dict[str, Any]:
    """A store's file without what this version has not; all else as it is."""
    if raw.get("object") != "vector_store.file":
        return dict(raw)
    lacks = ("attributes",) if version >= WITH_SCHEMAS else ("attributes", "chunking_strategy")
    found = {name: value for name, value in raw.items() if name not in lacks}
    error = found["last_error"]
    if error and version < _NEW_CODES:
        found["last_error"] = {**error, "code": _OLD_CODES.get(error["code"], error["code"])}
    return found
