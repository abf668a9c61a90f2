"""Checks that an endpoint is a safe base URL. Never repeats one that may hold a secret; reaches no service."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..core.model import Diagnostic
from ..core.problem import Problem, shown
from ..core.spelling import closest
from .located import Map, mappings_in

EMULATOR = "emulator"
_SHAPE = "Write a base URL such as https://host/v1, or `emulator` for the embedded emulator."
_REMEDY = "Remove it and write `api_key: {env: NAME}`. If it was a real password or key, revoke it now."


def endpoint_problems(data: Map) -> Iterator[Diagnostic]:
    for name, item in mappings_in(data, "environments").items():
        endpoint = item.get("endpoint")
        problem = endpoint_problem(endpoint, item.get("allow_http") is True) if isinstance(endpoint, str) else None
        if endpoint and problem is not None:
            place, path = item.values_at["endpoint"], f"/environments/{name}/endpoint"
            yield Diagnostic(problem.code, problem.message, problem.remedy, place, path=path)


def endpoint_problem(endpoint: str, allow_http: bool) -> Problem | None:
    """The problem of one endpoint, wherever it is written."""
    if endpoint == EMULATOR:
        return None
    # A backslash does not end it here: to some readers what follows is the host, to others it is not.
    authority = (endpoint.partition("//")[2] or endpoint).partition("/")[0]
    if "@" in authority:
        return Problem("endpoint-secret", "the endpoint holds user info (the part before `@`)", _REMEDY)
    if "?" in endpoint or "#" in endpoint:
        return Problem("endpoint-secret", "the endpoint holds a query or a fragment (from `?` or `#` on)", _REMEDY)
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not endpoint.isprintable() or " " in endpoint or "\\" in endpoint or not host:
        if closest(endpoint.lower(), [EMULATOR], 0.75):
            return Problem("endpoint-shape", "the endpoint is not a base URL", f"Did you mean `{EMULATOR}`?")
        return Problem("endpoint-shape", "the endpoint is not a base URL", _SHAPE)
    if parts.scheme not in ("http", "https"):
        message = f"the endpoint begins with {shown(parts.scheme + '://')}, which is not supported"
        return Problem("endpoint-scheme", message, _SHAPE)
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        message = f"plain http to {shown(host)} would send the key unprotected"
        remedy = "Write https://. If this network is safe, write `allow_http: true` in this environment."
        return Problem("endpoint-plain-http", message, remedy)
    return None


def is_loopback(host: str) -> bool:
    """True if a host is this very machine, in any spelling that its resolver takes (`127.1`, `2130706433`)."""
    host = host.lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(host.partition("%")[0] if ":" in host else socket.inet_aton(host))
    except (ValueError, OSError):
        return host == "localhost" or host.endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
