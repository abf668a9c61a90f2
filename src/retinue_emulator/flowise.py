"""The dialect of Flowise below /api/v1: its keys, its envelopes, and a page for every route that there is not.

Source: measured against Flowise 3.1.4 (status 500 for nearly every failure, HTML with status 200), and its source.
"""

from __future__ import annotations

import json

from .access import Access
from .assistants import Assistants
from .errors import ApiError
from .flowise_chatflows import Chatflows
from .flowise_credentials import Credentials, catalogues
from .flowise_rows import Rows
from .flowise_upstream import Upstream
from .ground import Ground
from .web import Answer, Request, Route

VERSION = "3.1.4"
_PAGE = '<!DOCTYPE html>\n<html lang="en"><head><title>Flowise - Build AI Agents, Visually</title></head></html>'
_NO_KEY_NEEDED = ("/version", "/ping")


class Flowise:
    """Rows, chatflows, credentials, catalogues. OPENAI rows have the emulator's own Assistants API as upstream."""

    prefix = "/api/v1"
    guide = (("Flowise", prefix, "Authorization: Bearer KEY"),)

    def __init__(self, ground: Ground, access: Access, assistants: Assistants) -> None:
        self._access = access
        self.credentials = Credentials(ground)
        upstream = Upstream(assistants, self.credentials, ground.behaviour)
        self.chatflows = Chatflows(ground)
        self.rows = Rows(ground, upstream, self.chatflows)
        self.routes: tuple[Route, ...] = (
            Route("GET", f"{self.prefix}/version", lambda request: Answer(json.dumps({"version": VERSION}))),
            Route("GET", f"{self.prefix}/ping", lambda request: Answer("pong", content_type="text/html")),
            *self.rows.routes(self.prefix),
            *self.chatflows.routes(self.prefix),
            *self.credentials.routes(self.prefix),
            *upstream.routes(self.prefix),
            *catalogues(ground.store, self.prefix),
        )

    def admit(self, request: Request, route: Route) -> None:
        """The scheme may be left out; the version is for everybody."""
        if request.path.removeprefix(self.prefix) in _NO_KEY_NEEDED:
            return
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not key:
            raise ApiError(401, "Unauthorized Access")
        self._access.key(key)

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        """The page of the user interface; but an id may hold anything, a slash too."""
        rest = path.removeprefix(f"{self.prefix}/assistants/")
        operation = {"GET": "getAssistantById", "PUT": "updateAssistant", "DELETE": "deleteAssistant"}.get(method)
        if operation and rest not in (path, "") and not known_path and not rest.startswith("components/"):
            return ApiError(500, f"Error: assistantsService.{operation} - Assistant {rest} not found")
        return ApiError(200, _PAGE, content_type="text/html; charset=UTF-8")

    def envelope(self, error: ApiError) -> str:
        if error.content_type != "application/json":
            return str(error)
        if error.status == 401:
            return json.dumps({"error": "Unauthorized Access"})
        if error.status == 403:
            return json.dumps({"message": str(error)})
        body = {"statusCode": error.status, "success": False, "message": str(error), "stack": {}}
        return json.dumps(body, ensure_ascii=False)

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        return (("x-frame-options", "SAMEORIGIN"),)
