"""The dialect of Azure OpenAI below /openai: api-version, api-key or bearer token, and the gateway's own envelope.

Source: Azure's reference and definitions; recorded answers of the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from . import azure_rules as rules
from . import azure_stores
from .access import Access
from .assistants import Assistants
from .azure_files import AssistantFiles
from .errors import ApiError
from .files import Files
from .ground import Ground
from .vector_stores import VectorStores
from .web import Answer, Request, Route

Handler = Callable[..., Answer]
NO_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an"
    " active subscription and use a correct regional API endpoint for your resource."
)


def not_found() -> ApiError:
    """The gateway's, for a path or a version that it does not know."""
    return ApiError(404, "Resource not found", code="404")


def envelope(error: ApiError) -> str:
    """The gateway answers `{code, message}` with the status as a text, the service behind it all four of OpenAI's."""
    if error.status in (401, 429) or error.code == str(error.status):
        message = NO_KEY if error.status == 401 else str(error)
        return json.dumps({"error": {"code": str(error.status), "message": message}})
    inner = {"message": str(error), "type": error.kind, "param": error.param, "code": error.code}
    return json.dumps({"error": inner}, ensure_ascii=False)


def headers(request_id: str) -> tuple[tuple[str, str], ...]:
    return (("apim-request-id", request_id), ("x-request-id", request_id), ("x-ms-region", "Emulator"))


class Azure:
    """The assistants of the OpenAI dialect as an Azure resource shows them, in each version."""

    prefix = "/openai"
    guide = (("Azure OpenAI", prefix, "api-key: KEY   ?api-version=2024-05-01-preview"),)

    def __init__(
        self, ground: Ground, access: Access, assistants: Assistants, knowledge: Sequence[Files | VectorStores]
    ) -> None:
        self._access, self._behaviour = access, ground.behaviour
        files = AssistantFiles(ground, assistants)
        self._of_files = frozenset(files.routes(self.prefix))
        wrapped = (route._replace(handle=self._versioned(route)) for route in assistants.routes(self.prefix))
        self.routes: tuple[Route, ...] = (*wrapped, *self._of_files, *azure_stores.known(knowledge, self.prefix))

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError: 404 after the shutdown and for another version, 401 without a key."""
        version = rules.version_of(request.query)
        if self._behaviour().gone or version not in rules.VERSIONS:
            raise not_found()
        first, of_stores = rules.has_assistant_files(version), "/vector_stores" in route.template
        if (first and of_stores) or (not first and route in self._of_files):
            raise not_found()
        key = request.headers.get("api-key", "")
        if key:
            self._access.key(key)
        else:
            self._access.bearer(request.headers.get("authorization", ""))

    def _versioned(self, route: Route) -> Handler:
        """A handler of the OpenAI dialect between what this version takes and what it answers."""
        creating = route.template.endswith("/assistants")

        def handle(request: Request, *segments: str) -> Answer:
            version = rules.version_of(request.query)
            if request.method == "POST":
                body = rules.taken(request.json(), version, creating=creating)
                apart = rules.has_assistant_files(version) and self._behaviour().assistant_files == "apart"
                if apart and isinstance(body, dict):
                    # A write of the assistant takes no notice of its files.
                    body.pop("tool_resources", None)
                request = request.with_json(body)
            answer = route.handle(request, *segments)
            found = json.loads(answer.body)
            if request.method == "DELETE":
                return answer
            if "data" in found:
                shown = {**found, "data": [self._shown(item, version) for item in found["data"]]}
            else:
                shown = self._shown(found, version)
            return replace(answer, body=json.dumps(shown, ensure_ascii=False))

        return handle

    def _shown(self, raw: dict[str, object], version: str) -> dict[str, object]:
        shown = rules.answered(raw, version)
        if self._behaviour().assistant_files == "apart":
            shown.pop("file_ids", None)
        return shown

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        return not_found()

    envelope = staticmethod(envelope)
    headers = staticmethod(headers)
