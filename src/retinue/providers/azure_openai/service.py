"""The verbs where files hang on the assistant itself, and what an answer of Azure means.

Source: the reference of 2024-02-15-preview, assistant files; recorded error envelopes of gateway and service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING
from urllib.parse import quote

from ...core.errors import NotFound, ServiceError, UnknownOutcome
from ...core.model import Json, Resource
from ..base import Marker
from ..openai import Form, OpenAIService, path_of
from ..openai import classify as classify_openai
from ..wire import Answer, Verb, Verdict
from .forms import file_ids

if TYPE_CHECKING:
    from ..http import Http

_PAGE = "100"


def classify(verb: Verb, answer: Answer) -> Verdict:
    """As of the OpenAI API, but for the gateway's own 404: it says that there is no such route, not no such object."""
    return Verdict.GONE if answer.status == 404 and _is_of_gateway(answer.body) else classify_openai(verb, answer)


def _is_of_gateway(body: Json) -> bool:
    """`{"error": {"code": "404", "message": "Resource not found"}}`: the code is the status as a text."""
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and error.get("code") == "404" and "type" not in error


class AssistantFiles:
    """The four operations on the files of one assistant."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, assistant: str) -> Iterator[str]:
        """The ids of all files, page by page. Raises NotFound without the assistant, ServiceError for no such list."""
        params = {"limit": _PAGE, "order": "asc"}
        seen: set[str] = set()
        while True:
            # Not Verb.LIST: a 404 of the service says that this assistant is gone, not the API.
            page = self._http.send(Verb.GET, "GET", f"{path_of(assistant)}/files", params=params)
            entries = page.get("data")
            if not isinstance(entries, list) or not all(isinstance(item, dict) and item.get("id") for item in entries):
                raise ServiceError(f"the list of the files of {assistant} is not in the shape of this API")
            new = [str(item["id"]) for item in entries if item["id"] not in seen]
            seen.update(new)
            yield from new
            if not page.get("has_more") or not new:
                return
            params = {**params, "after": new[-1]}

    def attach(self, assistant: str, file: str) -> None:
        """If nobody can say whether it happened, look."""
        try:
            self._http.send(Verb.CREATE, "POST", f"{path_of(assistant)}/files", body={"file_id": file})
        except UnknownOutcome:
            if not self.has(assistant, file):
                raise

    def has(self, assistant: str, file: str) -> bool:
        try:
            self._http.send(Verb.GET, "GET", self._path(assistant, file))
        except NotFound:
            return False
        return True

    def detach(self, assistant: str, file: str) -> None:
        try:
            self._http.send(Verb.DELETE, "DELETE", self._path(assistant, file))
        except NotFound:
            return

    def _path(self, assistant: str, file: str) -> str:
        return f"{path_of(assistant)}/files/{quote(file, safe='').replace('.', '%2E')}"


class FileIdsService(OpenAIService):
    """2024-02-15-preview. Where an assistant does not tell its files they are listed, and attached one by one."""

    def __init__(self, http: Http, form: Form, gone: str) -> None:
        super().__init__(http, form, gone)
        self._files = AssistantFiles(http)

    def _read(self, raw: Mapping[str, Json]) -> Resource:
        if "file_ids" in raw or not isinstance(raw.get("id"), str):
            return super()._read(raw)
        try:
            files = [*self._files.list(raw["id"])]
        except NotFound:
            # Deleted since this answer: what it said of itself is still what was asked for.
            files = []
        return super()._read({**raw, "file_ids": files})

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker) -> Resource:
        return self._settled(super().create(kind, spec, marker), spec)

    def update(
        self, live: Resource, fields: Mapping[str, Json], marker: Marker | None, resets: Set[str] = frozenset()
    ) -> Resource:
        return self._settled(super().update(live, fields, marker, resets), fields)

    def _settled(self, live: Resource, fields: Mapping[str, Json]) -> Resource:
        """The assistant with just the files that were asked for, whether or not its own write took them."""
        if "tool_resources" not in fields:
            return live
        wanted, held = file_ids(fields["tool_resources"]), file_ids(live.spec["tool_resources"])
        if set(wanted) == set(held):
            return live
        key = live.remote_id or ""
        for file in (item for item in held if item not in wanted):
            self._files.detach(key, file)
        for file in (item for item in wanted if item not in held):
            self._files.attach(key, file)
        return self.get(live.kind, key) or live
