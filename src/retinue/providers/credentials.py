"""What signs the requests of a run, asked for anew when the service no longer takes it. Knows no HTTP library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

_SHORTEST_KEY = 8
Headers = Mapping[str, str]


class Credentials:
    """The headers with a key or token. Safe for many threads.

    `renew`: gives headers anew; raises AuthError. It is asked only after the present ones were good: what a service
    never took would not be taken the second time either.
    """

    def __init__(self, headers: Headers, renew: Callable[[], Headers] | None = None) -> None:
        self._lock = threading.Lock()
        self._headers, self._renew, self._were_good = headers, renew, False
        self._secrets = _secrets(headers)

    @property
    def headers(self) -> Headers:
        return self._headers

    def accepted(self, headers: Headers) -> None:
        """The service took these."""
        if headers is self._headers:
            self._were_good = True

    def renewed(self, refused: Headers) -> bool:
        """Whether there are others by now than these, which the service refused. Only the first who asks waits."""
        with self._lock:
            if refused is not self._headers:
                return True
            if self._renew is None or not self._were_good:
                return False
            found = {**refused, **self._renew()}
            if found == refused:
                return False
            self._headers, self._were_good = found, False
            self._secrets = (*self._secrets, *_secrets(found))
            return True

    def masked(self, text: str) -> str:
        """A text as it may be shown: some services repeat the key that they refuse."""
        for secret in sorted(self._secrets, key=len, reverse=True):  # one may begin as another does
            text = text.replace(secret, "[key]")
        return text


def _secrets(headers: Headers) -> tuple[str, ...]:
    """The keys in headers, as they are and as an error message quotes them."""
    values = (value for name, value in headers.items() if name.lower() == "authorization" or "key" in name.lower())
    keys = [value.rpartition(" ")[2] for value in values]
    return tuple(text for key in keys for text in (key, repr(key)[1:-1]) if len(key) >= _SHORTEST_KEY)
