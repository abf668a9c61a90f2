"""Which proxy of this shell a request goes through. Reads the environment, sends nothing."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..core.errors import UsageError
from ..load.endpoints import is_loopback


def proxy_for(url: str, *, signed: bool) -> str | None:
    """The URL of the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name for a URL; never one for this very machine.

    `signed`: the requests carry a key. Raises UsageError where another machine would read it on the way.
    """
    target, settings = urlsplit(url), getproxies()
    host, proxy = target.hostname or "", settings.get(target.scheme) or settings.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(target.netloc):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if signed and target.scheme == "http" and not is_loopback(urlsplit(proxy).hostname or ""):
        raise UsageError(
            f"plain http to {host} through the proxy of this shell would send the key unprotected to another machine",
            f"Write https:// in `endpoint`, or add {host} to NO_PROXY.",
        )
    return proxy
