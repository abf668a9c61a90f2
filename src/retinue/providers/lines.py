"""Lines to one service: opened when one more is needed, kept, and lent to one request at a time. Decides no retry."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, lru_cache
from typing import Any

import httpx

from ..core.errors import UsageError
from .answers import ACCEPT
from .wire import Connection

_ALWAYS = httpx.Headers(
    {"Accept": "*/*", **ACCEPT, "Connection": "keep-alive", "User-Agent": f"python-httpx/{httpx.__version__}"}
)
_LONGEST_CONNECT, _LONGEST_WRITE = 5.0, 30.0


@cache
def trust() -> ssl.SSLContext:
    """The certificates to trust, read once for a process: that takes longer than many a plan."""
    return httpx.create_ssl_context()


def _checked(url: str) -> str:
    """The URL, if its host is one that can be asked for. Raises UsageError."""
    try:
        host = httpx.URL(url).host
        host.encode("ascii" if ":" in host else "idna")
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(f"the host in {url} is not a host name", "Correct `endpoint` in retinue.yaml.") from error
    return url


class Lines:
    """Nothing but the request goes over them: no cookie, no environment's settings, no second request after a redirect.

    A line has one connection: a pool of many looks through all of them for each request. Raises UsageError where the
    environment names a proxy or a certificate file that cannot be used.
    """

    def __init__(self, connection: Connection) -> None:
        base = _checked(connection.base_url).rstrip("/")
        self._open, self._until = _opener(connection)
        try:
            self._all = [self._open()]
        except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
            # The proxy's address may hold a password, so nothing of it is repeated.
            message = f"a proxy or certificate setting of this shell cannot be used ({type(error).__name__})"
            remedy = "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
            raise UsageError(message, remedy) from error
        self._idle, self._closed = list(self._all), False

        def url(target: str) -> httpx.URL:
            # A service may have a second API beside the one at its base: then the target is a whole URL.
            whole = target.lower().startswith(("http://", "https://"))
            return httpx.URL(target if whole else f"{base}/{target}")

        def head(*pairs: tuple[str, str]) -> httpx.Headers:
            found = _ALWAYS.copy()
            found.update(pairs)
            return found

        # Most requests are alike, and both take long to make.
        self._url, self._head = lru_cache(maxsize=64)(url), lru_cache(maxsize=16)(head)

    @contextmanager
    def answered(
        self, method: str, target: str, headers: Mapping[str, str], content: Any, wait: float, end: float
    ) -> Iterator[httpx.Response]:
        """The answer to one request, to be read before `end`; each wait on the way is no longer than `wait`."""
        connect, write = min(_LONGEST_CONNECT, wait), min(_LONGEST_WRITE, wait)
        waits = {"timeout": {"connect": connect, "read": wait, "write": write, "pool": None}}
        url, head = self._url(target), self._head(*headers.items())
        request = httpx.Request(method, url, headers=head, content=content, extensions=waits)
        try:
            line = self._idle.pop()
        except IndexError:
            self._all.append(line := self._open())
        try:
            with self._until(end):
                response = line.handle_request(request)
                try:
                    yield response
                finally:
                    response.close()
        finally:
            if self._closed:
                line.close()
            self._idle.append(line)

    def close(self) -> None:
        """A request that is still under way closes its own line at its end."""
        self._closed = True
        for line in self._all:
            line.close()


def _opener(connection: Connection) -> tuple[Callable[[], httpx.BaseTransport], Any]:
    """A function that opens a line, and one that bounds the time of an exchange on it."""
    if connection.transport is not None:
        return lambda: connection.transport, nullcontext
    from .sockets import Bounded  # only where there are sockets

    bounds, proxy = Bounded(connection.clock), connection.proxy
    tls = any(address.lower().startswith("https:") for address in (connection.base_url, proxy or ""))

    def opened() -> httpx.BaseTransport:
        # Plain http needs no certificates, and reading them takes time.
        verify = trust() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        line = httpx.HTTPTransport(verify, trust_env=False, limits=httpx.Limits(max_connections=1), proxy=proxy)
        bounds.serve(line)
        return line

    return opened, bounds.until
