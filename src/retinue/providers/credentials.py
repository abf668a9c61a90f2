"""Signs the requests of a run, with a new token when the old one is no longer accepted. Knows no HTTP library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ..core import masking
from ..core.model import Json

Headers = Mapping[str, str]


class Secrets:
    """The keys and tokens that nothing may show, also those of before. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: tuple[masking.Key, ...] = ()

    def add(self, headers: Headers) -> None:
        """What signs a request with these headers."""
        texts = []
        for name, value in headers.items():
            if name.lower() == "authorization":
                texts.append(value.partition(" ")[2] or value)
            elif "key" in name.lower():
                texts.append(value)
        found = map(masking.key_of, texts)
        with self._lock:
            # One may begin as another does: the longest first.
            self._keys = tuple(sorted({*self._keys, *filter(None, found)}, key=lambda key: (-len(key.text), key)))

    def __bool__(self) -> bool:
        return bool(self._keys)

    def clear(self) -> None:
        self._keys = ()

    def masked(self, text: str) -> str:
        """A text as it may be shown: some services repeat the key that they refuse."""
        return masking.masked(text, self._keys)

    def masked_json(self, value: Json) -> Json:
        return masking.masked_json(value, self._keys) if self._keys else value

    def in_text(self, text: str) -> bool:
        """True if a text holds one of them."""
        return masking.holds(text, self._keys)


class Credentials:
    """The headers with a key or token. Safe for many threads.

    `renew`: gives new headers; raises AuthError. It is asked only after the present ones were good: what a service
    never took would not be taken the second time either.
    """

    def __init__(self, headers: Headers, renew: Callable[[], Headers] | None, secrets: Secrets) -> None:
        self._lock = threading.Lock()
        self._headers, self._renew, self._were_good = headers, renew, False
        self._secrets = secrets
        secrets.add(headers)

    @property
    def headers(self) -> Headers:
        return self._headers

    def accepted(self, headers: Headers) -> None:
        """The service took these."""
        if headers is self._headers:
            self._were_good = True

    def renewed(self, refused: Headers) -> bool:
        """True if there are newer headers than these, which the service refused. Only the first caller waits."""
        with self._lock:
            if refused is not self._headers:
                return True
            if self._renew is None or not self._were_good:
                return False
            found = {**refused, **self._renew()}
            if found == refused:
                return False
            self._secrets.add(found)
            self._headers, self._were_good = found, False
            return True
