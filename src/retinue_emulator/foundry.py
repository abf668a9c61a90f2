"""The dialect of a Foundry project below /api/projects/NAME: its agents, and the classic ones, which are assistants.

Source: the packages azure-ai-projects 2.10.0 and, of classic agents, azure-ai-agents 1.1.0 (routes, version, models),
whose error envelopes are not known; they are taken to be the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import azure, azure_stores, checks
from .access import Access
from .assistants import KIND, Assistants
from .azure_rules import version_of
from .errors import ApiError
from .files import Files
from .foundry_agents import FoundryAgents
from .ground import Ground
from .vector_stores import VectorStores
from .web import Answer, Request, Route, told

VERSIONS = ("v1", "2025-05-01", "2025-05-15-preview")
_OPENAI = ("code_interpreter", "file_search", "function")
_EXTRA = (
    "azure_ai_search",
    "azure_function",
    "bing_custom_search",
    "bing_grounding",
    "browser_automation",
    "connected_agent",
    "deep_research",
    "fabric_dataagent",
    "mcp",
    "openapi",
    "sharepoint_grounding",
)


class Foundry:
    """Every project is there, and all of them hold the same agents."""

    prefix = "/api/projects"
    guide = (
        ("Foundry", f"{prefix}/NAME", "Authorization: Bearer KEY   ?api-version=v1"),
        ("Foundry (classic)", f"{prefix}/NAME", "Authorization: Bearer KEY   ?api-version=v1"),
    )

    def __init__(
        self, ground: Ground, access: Access, assistants: Assistants, knowledge: Sequence[Files | VectorStores]
    ) -> None:
        self._access, self._store, self._behaviour = access, ground.store, ground.behaviour
        self.agents, below = FoundryAgents(ground), f"{self.prefix}/{{project}}"
        self.routes: tuple[Route, ...] = (
            *(route._replace(handle=self._wrapped(route)) for route in assistants.routes(below)),
            *map(_of_any_project, (*self.agents.routes(below), *azure_stores.known(knowledge, below))),
            *(_of_any_project(route) for part in knowledge for route in part.routes(f"{below}/openai/v1")),
        )

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError: 400 or 404 for another version, 404 after the end of classic agents, 401 without a token."""
        version, plain = version_of(request.query), "/openai/v1/" in route.template
        if plain and version:
            raise ApiError(400, "api-version query parameter is not allowed when using /v1 path", code="BadRequest")
        if "/agents" in route.template:
            if version != "v1":
                raise ApiError(400, "Missing required query parameter: api-version", code="BadRequest")
        elif not plain and (self._behaviour().gone or version not in VERSIONS):
            raise azure.not_found()
        self._access.bearer(request.headers.get("authorization", ""))

    def _wrapped(self, route: Route) -> Callable[..., Answer]:
        """The operation on what the OpenAI API knows, and beside it Azure's own tools and resources."""

        def handle(request: Request, _project: str, *segments: str) -> Answer:
            if request.method != "POST":
                return route.handle(request, *segments)
            body = request.json()
            if not isinstance(body, dict):
                return route.handle(request.with_json(body), *segments)
            if "reasoning_effort" in body:
                raise checks.unknown("reasoning_effort")
            tools = body.get("tools")
            for index, tool in enumerate(tools if isinstance(tools, list) else ()):
                function = tool.get("function") if isinstance(tool, dict) else None
                if isinstance(function, dict) and function.get("parameters") is None:
                    raise checks.missing(f"tools[{index}].function.parameters")
            with self._store.transaction():
                before = self._store.read(KIND, segments[0]) if segments else None
                raw = json.loads(route.handle(request.with_json(_plain(body)), *segments).body)
                return self._kept(raw, body, before or {})

        return handle

    def _kept(self, raw: dict[str, Any], body: Mapping[str, Any], before: Mapping[str, Any]) -> Answer:
        """The stored object with the tools and resources that the OpenAI API does not know."""
        if isinstance(body.get("tools"), list):
            raw["tools"] = [*raw["tools"], *filter(_is_extra, body["tools"])]
        else:
            raw["tools"] = before.get("tools", raw["tools"])
        resources = body.get("tool_resources") or before.get("tool_resources") or {}
        others = {name: value for name, value in resources.items() if name not in _OPENAI}
        raw["tool_resources"] = {**(raw.get("tool_resources") or {}), **others}
        self._store.save(KIND, raw)
        return told(raw)

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        return azure.not_found()

    @staticmethod
    def envelope(error: ApiError) -> str:
        """As by the gateway, or with what the service adds."""
        found = json.loads(azure.envelope(error))
        if "type" in found["error"]:
            found["error"] |= {"code": error.code or "UserError", "details": [], "additionalInfo": {}}
        return json.dumps(found, ensure_ascii=False)

    headers = staticmethod(azure.headers)


def _of_any_project(route: Route) -> Route:
    return route._replace(handle=lambda request, _project, *segments: route.handle(request, *segments))


def _is_extra(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") in _EXTRA


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(body)
    if isinstance(found.get("tools"), list):
        found["tools"] = [tool for tool in found["tools"] if not _is_extra(tool)]
    resources = found.get("tool_resources")
    if isinstance(resources, dict):
        found["tool_resources"] = {name: value for name, value in resources.items() if name not in ("azure_ai_search",)}
    return found
