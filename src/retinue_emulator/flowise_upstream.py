"""What Flowise asks of the OpenAI API for its rows, answered by the emulator's own Assistants."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .assistants import Assistants
from .errors import ApiError, Refused
from .faults import Behaviour
from .flowise_credentials import Credentials
from .flowise_text import as_js
from .web import Answer, Request, Route

_SENT = ("name", "description", "instructions", "model", "temperature", "top_p")
_IDS = {"file_search": "vector_store_ids", "code_interpreter": "file_ids"}


class Upstream:
    """Raises Refused with `STATUS words`, as the OpenAI client does. `Behaviour.gone`: the API no longer exists."""

    def __init__(self, assistants: Assistants, credentials: Credentials, behaviour: Callable[[], Behaviour]) -> None:
        self._handlers = {(route.method, route.template.count("/")): route.handle for route in assistants.routes("")}
        self._credentials, self._behaviour = credentials, behaviour

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every = f"{prefix}/openai-assistants"
        # The first page only, the newest first.
        listed = partial(self._read, "getAllOpenaiAssistants", lambda: self._call("GET", "", None)["data"])
        one = partial(self._read, "getSingleOpenaiAssistant", lambda key: self._call("GET", key, None))
        return (Route("GET", every, listed), Route("GET", f"{every}/{{id}}", one))

    def authorise(self, credential: Any) -> None:
        """Without an id any credential will do: the server's look-up then matches the first one."""
        try:
            self._credentials.openai_key(credential)
        except ApiError as error:
            raise Refused(str(error)) from error

    def create(self, details: dict[str, Any], credential: Any) -> str:
        """The id of a new upstream assistant, or of the one in `details`, which is overwritten."""
        self.authorise(credential)
        if details.get("id"):
            self._write(str(details["id"]), details, {"description": "", "instructions": ""})
            return str(details["id"])
        made = self._call("POST", "", {**_sent(details), "tools": _tools(details)})
        return str(made["id"])

    def update(self, key: Any, details: dict[str, Any], credential: Any) -> None:
        self.authorise(credential)
        self._write(str(key), details, {})

    def delete(self, key: Any) -> None:
        self._call("DELETE", str(key), None)

    def _write(self, key: str, details: dict[str, Any], defaults: Mapping[str, Any]) -> None:
        """Only the keys that are there are sent; function tools stay as they are upstream."""
        functions = [tool for tool in self._call("GET", key, None)["tools"] if tool["type"] == "function"]
        body = {**defaults, **_sent(details), "tools": [*functions, *_tools(details)]}
        self._call("POST", key, body)

    def _call(self, method: str, key: str, body: Any, query: Mapping[str, str] | None = None) -> Any:
        if self._behaviour().gone:
            raise Refused("404 Invalid URL (the Assistants API is gone)")
        data = json.dumps(body).encode() if body is not None else b""
        request = Request(method, "", query or {}, {}, io.BytesIO(data), len(data))
        handle = self._handlers[method, 2 if key else 1]
        try:
            return json.loads(handle(request, key).body if key else handle(request).body)
        except ApiError as error:
            raise Refused(f"{error.status} {error}") from error

    def _read(self, operation: str, call: Callable[..., Any], request: Request, *key: str) -> Answer:
        credential = request.query.get("credential")
        if not credential:
            raise ApiError(412, f"Error: openaiAssistantsController.{operation} - credential not provided!")
        try:
            self._credentials.openai_key(credential, " in the database!")
            return Answer(as_js(call(*key)))
        except (ApiError, Refused) as error:
            raise ApiError(500, f"Error: openaiAssistantsService.{operation} - {error}") from error


def _sent(details: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: details[name] for name in _SENT if name in details}
    resources = details.get("tool_resources")
    if isinstance(resources, dict):
        body["tool_resources"] = {name: _ids(name, item) for name, item in resources.items()}
    return body


def _ids(name: str, item: Any) -> Any:
    key = _IDS.get(name)
    if key is None or not isinstance(item, dict):
        return item
    return {key: item[key]} if key in item else {}


def _tools(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    tools = details.get("tools")
    return [{"type": tool} for tool in tools if tool != "function"] if isinstance(tools, list) else []
