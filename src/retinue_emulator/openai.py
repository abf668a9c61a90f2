"""The dialect of the OpenAI API below /v1: its headers, envelope and routes. What an object is, its kind's module says.

Source: OpenAI API reference, authentication, errors and debugging requests.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .access import Access
from .assistants import Assistants
from .errors import ApiError
from .files import Files
from .ground import Ground
from .vector_stores import VectorStores
from .web import Request, Route

_BETA = "assistants=v2"


class OpenAI:
    """Assistants v2, files and vector stores."""

    prefix = "/v1"

    def __init__(
        self, ground: Ground, access: Access, assistants: Assistants, knowledge: Sequence[Files | VectorStores]
    ) -> None:
        self._access, self._behaviour = access, ground.behaviour
        beta = assistants.routes(self.prefix)
        self.routes: tuple[Route, ...] = (*beta, *(route for part in knowledge for route in part.routes(self.prefix)))
        self._beta_routes = frozenset(beta)

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError 404 after the shutdown, 401 without a key, then for a missing OpenAI-Beta header."""
        behaviour = self._behaviour()
        if behaviour.gone and route in self._beta_routes:
            raise self.no_route(request.method, request.path, known_path=False)
        self._access.bearer(request.headers.get("authorization", ""))
        asked = [item.strip() for item in request.headers.get("openai-beta", "").split(",")]
        if route in self._beta_routes and _BETA not in asked:
            message = (
                "You must provide the 'OpenAI-Beta' header to access the Assistants API."
                f" Please try again by setting the header 'OpenAI-Beta: {_BETA}'."
            )
            raise ApiError(behaviour.beta_status, message, code="invalid_beta")

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        if known_path and not self._behaviour().gone:
            return ApiError(405, f"Invalid method for URL ({method} {path})")
        return ApiError(404, f"Invalid URL ({method} {path})")

    def envelope(self, error: ApiError) -> str:
        """`{"error": {message, type, param, code}}`, all four always there."""
        inner = {"message": str(error), "type": error.kind, "param": error.param, "code": error.code}
        return json.dumps({"error": inner}, ensure_ascii=False)

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        account = self._behaviour().account
        return (
            ("x-request-id", f"req_{request_id}"),
            ("openai-version", "2020-10-01"),
            *([("openai-organization", account)] if account else []),
        )
