"""The dialect of Azure OpenAI below /openai: api-version, api-key or bearer token, and the gateway's own envelope.

Source: Azure's reference and definitions; recorded answers of the gateway.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from . import azure_rules as rules
from . import checks
from .access import Access
from .assistants import Assistants
from .azure_files import AssistantFiles
from .errors import ApiError
from .faults import Behaviour
from .files import Files
from .store import Store
from .vector_stores import VectorStores
from .web import Answer, Request, Route

Handler = Callable[..., Answer]
_NO_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an"
    " active subscription and use a correct regional API endpoint for your resource."
)


def not_found() -> ApiError:
    """The gateway's, for a path or a version that it does not know."""
    return ApiError(404, "Resource not found", code="404")


def envelope(error: ApiError) -> str:
    """The gateway answers `{code, message}` with the status as a text, the service behind it all four of OpenAI's."""
    if error.status in (401, 429) or error.code == str(error.status):
        message = _NO_KEY if error.status == 401 else str(error)
        return json.dumps({"error": {"code": str(error.status), "message": message}})
    inner = {"message": str(error), "type": error.kind, "param": error.param, "code": error.code}
    return json.dumps({"error": inner}, ensure_ascii=False)


def headers(request_id: str) -> tuple[tuple[str, str], ...]:
    return (("apim-request-id", request_id), ("x-request-id", request_id), ("x-ms-region", "Emulator"))


def with_body(request: Request, body: object) -> Request:
    data = json.dumps(body).encode("utf-8", "surrogatepass")
    return replace(request, stream=io.BytesIO(data), length=len(data))


_FILES = "/vector_stores/{id}/files"
_LATE = (f"GET {_FILES}/{{file}}/content", f"POST {_FILES}/{{file}}", "POST /vector_stores/{id}/search")
"""What came in 2025: what is in a store's file, its attributes, a search."""
_ATTACHING = (f"POST {_FILES}", "POST /vector_stores/{id}/file_batches")


def known(knowledge: Sequence[Files | VectorStores], prefix: str) -> Iterator[Route]:
    """The routes of files and vector stores as Azure has them: none with attributes of a store's files."""
    for route in (route for part in knowledge for route in part.routes(prefix)):
        what = route.label.replace(prefix, "", 1)
        if what not in _LATE:
            yield _without_attributes(route) if what in _ATTACHING else route


def _without_attributes(route: Route) -> Route:
    def handle(request: Request, *segments: str) -> Answer:
        body = request.json()
        for name in ("attributes", "files"):
            if isinstance(body, dict) and name in body:
                raise checks.unknown(name)
        return route.handle(with_body(request, body), *segments)

    return route._replace(handle=handle)


def version_of(request: Request) -> str:
    return request.query.get("api-version", "")


class Azure:
    """The assistants of the OpenAI dialect as an Azure resource shows them, in each version."""

    prefix = "/openai"

    def __init__(
        self,
        access: Access,
        store: Store,
        assistants: Assistants,
        knowledge: Sequence[Files | VectorStores],
        behaviour: Callable[[], Behaviour],
        now: Callable[[], float],
    ) -> None:
        self._access, self._behaviour = access, behaviour
        files = AssistantFiles(store, assistants, behaviour, now)
        self._of_files = frozenset(files.routes(self.prefix))
        wrapped = (route._replace(handle=self._versioned(route)) for route in assistants.routes(self.prefix))
        self.routes: tuple[Route, ...] = (*wrapped, *self._of_files, *known(knowledge, self.prefix))

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError: 404 after the shutdown and for another version, 401 without a key."""
        version = version_of(request)
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
            version = version_of(request)
            if request.method == "POST":
                body = rules.taken(request.json(), version, creating=creating)
                apart = rules.has_assistant_files(version) and self._behaviour().assistant_files == "apart"
                request = with_body(request, _without_files(body) if apart else body)
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


def _without_files(body: object) -> object:
    """Where files hang apart, a write of the assistant takes no notice of them."""
    return {name: value for name, value in body.items() if name != "tool_resources"} if isinstance(body, dict) else body
