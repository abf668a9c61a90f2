"""The plain values between a provider and the transport. Imports no HTTP library: records stay cheap to load."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..core.model import Json
from ..core.values import dataclass, field, replace
from .credentials import Secrets
from .gate import Clock, Lanes

if TYPE_CHECKING:
    from random import Random

    from .http import Http


class Verb(StrEnum):
    LIST = "list"
    GET = "get"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Verdict(StrEnum):
    """What an answer means. `retry`: try again if that is safe; `unknown`: it may or may not have happened.

    `conflict`: the object is no longer as the lock that was sent along says.
    """

    OK = "ok"
    ABSENT = "absent"
    RETRY = "retry"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    AUTH = "auth"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as plain values. `body` is None where it is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Json
    text: str = ""

    @property
    def error(self) -> Mapping[str, Json] | None:
        """The object in which most services say what is wrong; None if the body has none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else None


@dataclass(frozen=True, slots=True)
class Stream:
    """A body that is never whole in memory: each call of `pieces` makes it again, `length` bytes in all."""

    content_type: str
    length: int
    pieces: Callable[[], Iterator[bytes]]


_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may take.

    `exchange`: seconds from the first byte sent to the last one received, `brief` for a short wait; `upload`:
    for so many bytes to upload a second more. Bytes, decompressed, of a page of a list (`listed`), of one object
    (`single`), and of an answer that is an error (`refused`); `parts`: brackets and commas, because a few bytes of
    JSON may take a hundred in memory. The largest page there can be, 100 assistants of 256,000 characters that are each
    escaped as 12 bytes, has 307 MB without tools, and no more than ten million parts.
    """

    exchange: float = 300.0
    brief: float = 10.0
    upload: int = 32 * 1024
    listed: int = 512 * _MEGABYTE
    single: int = 64 * _MEGABYTE
    refused: int = _MEGABYTE
    parts: int = 16_000_000


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything needed to reach a service. Secrets stand in `headers` only, which are never shown.

    `meant`: the base URL that was probably meant, where `base_url` is not written as one of this service.
    `renew`: those of `headers` that sign a request, asked for again when the service no longer takes them.
    `budget`: seconds for the whole run. `transport`: in place of a socket, an in-process one. `ours`: how the marker
    addresses begin of the objects that the run is about; nothing more than a list has to tell of others. `progress`:
    where a line goes about work that takes long; `status`: where the word goes that the next one takes the place of.
    `proxy`: the URL of the proxy to go through. `secrets`: gets the keys
    of the headers, for whoever shows anything. `lanes`: those of a run that asks several services at once.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict)
    meant: str | None = None
    transport: Any = None
    parallelism: int = 10
    budget: float = 900.0
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=Clock)
    random: Random | None = None
    log: Callable[[str], None] | None = None
    ours: tuple[str, ...] = ("",)
    progress: Callable[[str], None] | None = None
    status: Callable[[str], None] | None = None
    renew: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    limits: Limits = Limits()
    lanes: Lanes | None = None

    def tell(self, text: str) -> None:
        """A line about work that takes long."""
        if self.progress is not None:
            self.progress(text)

    def with_headers(self, headers: Mapping[str, str]) -> Connection:
        return replace(self, headers=headers)

    def http(self, classify: Classify, *, create_repeatable: bool = False) -> Http:
        """A client for it."""
        from .http import Http  # heavy: the HTTP library is loaded only by commands that reach a service

        return Http(self, classify, create_repeatable=create_repeatable)


Classify = Callable[[Verb, Answer], Verdict]


def by_status(verb: Verb, status: int) -> Verdict:
    """The meaning of a status at most services, after a `classify` has told good answers and what is special."""
    if status in (401, 403):
        return Verdict.AUTH
    if status in (404, 410):
        return Verdict.GONE if verb in (Verb.LIST, Verb.CREATE) else Verdict.ABSENT
    if status in (408, 409, 429) or status >= 500:
        return Verdict.RETRY
    return Verdict.REJECTED if 400 <= status < 500 else Verdict.UNKNOWN


_ROUTE = re.compile(
    r"/(assistants|agents|assistantagents|threads|runs|files|vector_stores|vector-stores|models|responses|completions"
    r"|chat/completions|chatflows|deployments)(/.*)?$"
)


def meant_base(endpoint: str, base: str) -> str | None:
    """The base URL that was probably meant by one at which no API was found; None where it is written as it should be.

    `base`: the path that base URLs of this service end in, `/v1` or empty.
    """
    whole = _ROUTE.sub("", endpoint.rstrip("/"))
    stem = re.sub(r"(/api)?/v[0-9]+$", "", whole)
    # Another version may be the right one; where there is none at all, the documented one is meant.
    meant = whole if base and stem != whole else stem + base
    return None if meant == endpoint.rstrip("/") else meant
