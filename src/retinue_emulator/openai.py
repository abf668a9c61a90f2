"""The dialect of the OpenAI API below /v1: its headers, envelope and routes. What an object is, its kind's module says.

Source: OpenAI API reference, authentication, errors and debugging requests.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .access import Access
from .agents import Agents
from .assistants import Assistants
from .errors import ApiError
from .files import Files
from .ground import Ground
from .vector_stores import VectorStores
from .web import Request, Route

_ASSISTANTS, _AGENTS = "assistants=v2", "agents=v1"


class OpenAI:
    """Assistants v2, files and vector stores; Agents."""

    prefix = "/v1"
    guide = (
        ("OpenAI Agents", prefix, f"Authorization: Bearer KEY   OpenAI-Beta: {_AGENTS}"),
        ("OpenAI Assistants", prefix, f"Authorization: Bearer KEY   OpenAI-Beta: {_ASSISTANTS}"),
    )

    def __init__(
        self,
        ground: Ground,
        access: Access,
        assistants: Assistants,
        agents: Agents,
        knowledge: Sequence[Files | VectorStores],
    ) -> None:
        self._access, self._behaviour = access, ground.behaviour
        self._beta = dict.fromkeys(assistants.routes(self.prefix), _ASSISTANTS)
        self._beta |= dict.fromkeys(agents.routes(self.prefix), _AGENTS)
        plain = (route for part in knowledge for route in part.routes(self.prefix))
        self.routes: tuple[Route, ...] = (*self._beta, *plain)

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError 404 after the shutdown, 401 without a key, then for a missing OpenAI-Beta header."""
        behaviour, beta = self._behaviour(), self._beta.get(route)
        if behaviour.gone and beta == _ASSISTANTS:
            raise self.no_route(request.method, request.path, known_path=False)
        self._access.bearer(request.headers.get("authorization", ""))
        asked = [item.strip() for item in request.headers.get("openai-beta", "").split(",")]
        if beta is not None and beta not in asked:
            api = "Assistants" if beta == _ASSISTANTS else "Agents"
            message = (
                f"You must provide the 'OpenAI-Beta' header to access the {api} API."
                f" Please try again by setting the header 'OpenAI-Beta: {beta}'."
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
