"""Provider `openai-assistants`: any server that speaks the Assistants v2 API. Mappers, a record and the five verbs.

Source of the facts: OpenAI API reference, Assistants (v2); the vendor's own endpoint was shut down on 2026-08-26.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from typing import TYPE_CHECKING, NamedTuple

from ..core.model import Change, Diagnostic, Json, Live, Obstacle
from .assistants_v2 import ASSISTANT, FILE, KINDS, VECTOR_STORE
from .assistants_v2.strict import strict_problems
from .base import ByKind, Capabilities, Configured, Content, Fields, Marker, Provider, Service, Settings, Support
from .ends import ends_of
from .lenient import mapping
from .losses import lost_tools
from .metadata import MARKER_KEYS, MOST_PAIRS, authors, created_with, live_of, metadata_pairs, texts, updated_with
from .openai_files import FILE_FIELDS, FileVerbs
from .paged import asking, below, find, paged, remove
from .refusals import written
from .vector_stores import STORE_FIELDS, StoreVerbs, unsearchable
from .wire import Answer, Connection, Verb, Verdict, by_status

if TYPE_CHECKING:
    from .http import Http

_FIELDS = (
    *("name", "description", "model", "instructions", "tools", "tool_resources", "metadata"),
    *("temperature", "top_p", "response_format", "reasoning_effort"),
)
_CLEARABLE = frozenset(_FIELDS) - {"model", "metadata"}
_GONE = (
    "OpenAI shut its Assistants endpoint down on 2026-08-26. Point `endpoint` at a server that speaks the Assistants v2"
    " API, or at `emulator` to work locally."
)


def classify(verb: Verb, answer: Answer) -> Verdict:
    """What an answer of this API means (API reference: errors)."""
    if answer.status == 200:
        return Verdict.OK if isinstance(answer.body, dict) else Verdict.UNKNOWN
    if answer.status == 429 and (answer.error or {}).get("code") == "insufficient_quota":
        # It does not pass by waiting.
        return Verdict.REJECTED
    return by_status(verb, answer.status)


def to_live(raw: Mapping[str, Json]) -> Live:
    """An assistant object as the API answers it, as a live resource. Raises ServiceError if it is none."""
    spec = {name: raw[name] for name in _FIELDS if name in raw} | {"metadata": authors(texts(raw))}
    return live_of(raw, ASSISTANT, "an assistant", spec)


def create_body(spec: Mapping[str, Json], marker: Marker) -> dict[str, Json]:
    """What the manifest states, with the marker in the metadata."""
    return {**spec, "metadata": created_with(spec, marker)}


def update_body(live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    """Only what differs, but the metadata whole."""
    body = {**fields, "metadata": updated_with(live, fields, marker)}
    if "tool_resources" in fields:
        # Each list overrides its own; a member left out would stay, and `{}` is ambiguous (API reference).
        code, search = (
            mapping(mapping(fields["tool_resources"]).get(name)) for name in ("code_interpreter", "file_search")
        )
        body["tool_resources"] = {
            "code_interpreter": {"file_ids": code.get("file_ids") or []},
            "file_search": {"vector_store_ids": search.get("vector_store_ids") or []},
        }
    return body


class Form(NamedTuple):
    """How an assistant looks on the wire; other services of this family differ in nothing else. Pure functions.

    `read` raises ServiceError for anything but an assistant.
    """

    read: Callable[[Mapping[str, Json]], Live]
    create: Callable[[Mapping[str, Json], Marker], dict[str, Json]]
    update: Callable[[Live, Mapping[str, Json], Marker | None], dict[str, Json]]


V2 = Form(to_live, create_body, update_body)


class AssistantVerbs:
    """The verbs of kind `Assistant`. `gone`: what to do where the API is no longer there.

    `path`: where the service has them, and what it calls them; `clearable`: the fields that a model may refuse.
    """

    def __init__(
        self,
        http: Http,
        form: Form = V2,
        gone: str = _GONE,
        path: str = "assistants",
        clearable: Collection[str] = _CLEARABLE,
    ) -> None:
        self._http, self._form, self._path, self._clearable = http, form, path, clearable
        self._list = asking(http, path, gone)

    def _read(self, raw: Mapping[str, Json]) -> Live:
        return self._form.read(raw)

    def list(self) -> Iterator[Live]:
        """Every assistant, oldest first, 100 to a page; the first page is the probe for the API itself."""
        yield from map(self._read, paged(self._list, self._path, {"limit": "100"}))

    def account(self) -> str | None:
        """The organization that every answer names (API reference: debugging requests)."""
        return self._list({"limit": "1"}).headers.get("openai-organization") or None

    def get(self, remote_id: str) -> Live | None:
        raw = find(self._http, below(self._path, remote_id))
        return None if raw is None else self._read(raw)

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        return self._read(self._made(spec, marker, at_default))

    def _made(self, spec: Fields, marker: Marker, at_default: Set[str]) -> Fields:
        return self._written(Verb.CREATE, self._path, self._form.create(spec, marker), at_default)

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        path, body = below(self._path, live.remote_id), self._form.update(live, fields, marker)
        return self._read(self._written(Verb.UPDATE, path, body, at_default))

    def _written(self, verb: Verb, path: str, body: Fields, at_default: Set[str]) -> Fields:
        def send(form: Fields) -> Json:
            return self._http.send(verb, "POST", path, body=form)

        return written(send, body, self._clearable, at_default, creates=verb is Verb.CREATE)

    def delete(self, remote_id: str) -> None:
        remove(self._http, below(self._path, remote_id))


class FamilyService(ByKind):
    """A service of the Assistants v2 family."""

    def __init__(self, http: Http, assistants: AssistantVerbs, files: FileVerbs, stores: StoreVerbs) -> None:
        super().__init__({ASSISTANT.name: assistants, VECTOR_STORE.name: stores, FILE.name: files}, http.close)
        self._assistants, self._files = assistants, files

    def account(self) -> str | None:
        return self._assistants.account()

    def upload(self, kind: str, spec: Mapping[str, Json], scope: str, content: Content) -> Live:
        return self._files.upload(spec, scope, content)


_SENT_AS = {"organization": "OpenAI-Organization", "openai_project": "OpenAI-Project"}
SETTINGS: Mapping[str, Json] = {
    name: {"type": "string", "minLength": 1, "description": f"Sent as {header}."} for name, header in _SENT_AS.items()
}


def headers_of(settings: Settings) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """What the settings of an environment add to every request of OpenAI's, and what is wrong with them."""
    problems = []
    for name, value in settings.values.items():
        if not (value.isascii() and value.isprintable()):
            example = {"organization": "org_abc123", "openai_project": "proj_abc123"}[name]
            message, remedy = f"`{name}` holds more than plain ASCII", f"Correct it: it is an id such as {example}."
            problems.append(Diagnostic("bad-setting", message, remedy, path=f"/{name}"))
    return {_SENT_AS[name]: value for name, value in settings.values.items()}, tuple(problems)


class OpenAIProvider(Provider):
    """The record and the pure checks. `headers`: what the settings of an environment add to every request."""

    name = "openai-assistants"
    title = "OpenAI Assistants v2, and any server that speaks it"
    service = FamilyService
    checks = {
        ASSISTANT.name: lambda desired: (
            *lost_tools(desired, "the Assistants protocol"),
            *strict_problems(desired.spec),
        ),
        VECTOR_STORE.name: unsearchable,
    }
    capabilities = Capabilities(
        kinds=KINDS,
        list_lag=2.0,
        unreadable={ASSISTANT.name: frozenset({"reasoning_effort"})},
        base="/v1",
        key_variable="OPENAI_API_KEY",
        account="the organization, where answers name it",
        settings=SETTINGS,
        compound={VECTOR_STORE.name: frozenset({"files"})},
        ends=ends_of("openai-assistants", "openai-models"),
        fields={
            ASSISTANT.name: {name: (Support.NATIVE, "") for name in _FIELDS if name != "reasoning_effort"}
            | {"reasoning_effort": (Support.NATIVE, "never reported; retinue remembers a digest in the marker")},
            VECTOR_STORE.name: STORE_FIELDS,
            FILE.name: FILE_FIELDS,
        },
    )

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = headers or {}

    def configured(self, settings: Settings) -> Configured:
        headers, problems = headers_of(settings)
        return Configured(OpenAIProvider(headers), problems)

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """More than 16 metadata pairs, counting the empty ones that a merging service keeps."""
        wanted = next((item.after for item in change.fields if item.path == "/metadata"), None)
        if live is None or wanted is None:
            return None
        held = texts(live.raw)
        pairs = metadata_pairs(live, wanted, Marker("-", "-")).keys() | {k for k, value in held.items() if not value}
        if len(pairs) <= MOST_PAIRS:
            return None
        empty = sorted(key for key in pairs if key not in wanted and key not in MARKER_KEYS)
        message = f"{live.remote_id} would need {len(pairs)} metadata pairs, {MOST_PAIRS} is the most"
        why = f"{message}: removed keys stay behind empty ({', '.join(empty)})"
        return Obstacle("metadata-full", why, ("keep fewer metadata keys", "or let retinue create the object again"))

    def connect(self, connection: Connection) -> Service:
        headers = {"OpenAI-Beta": "assistants=v2", **self._headers, **connection.headers}
        http = connection.with_headers(headers).http(classify)
        files = FileVerbs(http, connection.tell)
        return FamilyService(http, AssistantVerbs(http), files, StoreVerbs(http, connection, files))


PROVIDER = OpenAIProvider()
