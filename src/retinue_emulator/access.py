"""Who may use the API: keys, and tokens that expire. Knows no header but what a dialect hands over."""

from __future__ import annotations

import threading

from .errors import ApiError
from .ground import Ground


class Access:
    """Any key is good unless one is configured. Safe for many threads; a token's age is forgotten on restart."""

    def __init__(self, ground: Ground) -> None:
        self._behaviour, self._now = ground.behaviour, ground.now
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def bearer(self, authorization: str) -> None:
        """Raises ApiError 401 unless the Authorization header carries a good bearer key."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            message = "You didn't provide an API key. Send it in an Authorization header: 'Authorization: Bearer KEY'."
            raise ApiError(401, message, code="invalid_api_key")
        self.key(key.strip())

    def key(self, key: str) -> None:
        """Raises ApiError 401 for a wrong key, or one that has been in use for too long."""
        behaviour = self._behaviour()
        if behaviour.api_key is not None and key != behaviour.api_key:
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        if behaviour.token_seconds is None and behaviour.token_requests is None:
            return
        with self._lock:
            first, uses = self._seen.get(key, (self._now(), 0))
            self._seen[key] = (first, uses + 1)
            old = behaviour.token_seconds is not None and self._now() - first >= behaviour.token_seconds
            if old or (behaviour.token_requests is not None and uses >= behaviour.token_requests):
                raise ApiError(401, "The provided token has expired.", code="token_expired")
