"""Connects to the service of an environment: its key, host and proxy, or the emulator. Reads no object there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import UsageError
from ..load.endpoints import EMULATOR, is_loopback
from ..providers.base import Identity, Service, bearer
from ..providers.wire import Connection, meant_base
from . import console, emulators
from .binding import check_account
from .options import ServiceOptions, parse_timeout
from .secrets import LONGEST, resolve
from .session import Session

EMULATOR_FOLDER = ".retinue-emulator"


@contextmanager
def connect(session: Session, options: ServiceOptions) -> Iterator[Service]:
    """The connected service of the session's environment, closed at the end."""
    environment = session.environment
    emulator, allowed = environment.endpoint == EMULATOR, os.environ.get("RETINUE_ALLOWED_HOSTS")
    if allowed and not emulator:
        # It restricts from outside where a key may be sent.
        host = (urlsplit(environment.endpoint).hostname or "").lower()
        if host not in {item.strip().lower() for item in allowed.split(",")}:
            remedy = "Correct `endpoint` in retinue.yaml, or let the pipeline's owner allow the host."
            raise UsageError(f"the endpoint's host {host} is not among $RETINUE_ALLOWED_HOSTS", remedy)
    with ExitStack() as stack:
        budget, quiet = parse_timeout(options.timeout), options.quiet or options.output_format == "json"

        def sign() -> dict[str, str]:
            """The key, in the header in which this service wants it."""
            secret, provider = environment.api_key, session.provider
            if secret is not None:
                key = resolve(secret.source, secret.value, session.project.root, seconds=min(LONGEST, budget))
                return provider.capabilities.auth.headers(secret.source, key)
            token = provider.token() if isinstance(provider, Identity) else None
            return bearer(token) if token else {}

        headers = session.provider.capabilities.auth.headers("env", EMULATOR) if emulator else sign()
        connection = Connection(
            base_url="http://emulator" if emulator else environment.endpoint,
            meant=None if emulator else meant_base(environment.endpoint, session.provider.capabilities.base),
            headers=headers,
            renew=None if emulator else sign,
            transport=stack.enter_context(_emulator(session)) if emulator else None,
            parallelism=options.parallelism,
            budget=budget,
            stop=session.stop,
            log=console.line if options.verbose else None,
            ours=tuple(f"{name}/{environment.name}/" for name in (session.project.name, *session.project.formerly)),
            progress=None if quiet else console.line,
            status=None if quiet else console.status,
            proxy=None if emulator else proxy_for(environment.endpoint, signed=bool(headers)),
            secrets=console.SECRETS,
            lanes=None if emulator else session.lanes,
        )
        service = session.provider.connect(connection)
        stack.callback(service.close)
        if console.SECRETS.in_text(environment.endpoint):
            remedy = "Write the endpoint without it, and revoke the key: it stands in a file."
            raise UsageError("the endpoint holds the key itself, which every plan would show", remedy)
        check_account(session.project, environment, service)
        yield service


def proxy_for(url: str, *, signed: bool) -> str | None:
    """The URL of the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name for a URL; never one for this very machine.

    `signed`: the requests carry a key. Raises UsageError where another machine would read it on the way.
    """
    target = urlsplit(url)
    host = target.hostname or ""
    if is_loopback(host):
        return None
    from urllib.request import getproxies, proxy_bypass  # with http.client and email: 50 million instructions

    settings = getproxies()
    proxy = settings.get(target.scheme) or settings.get("all")
    if not proxy or proxy_bypass(target.netloc):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if signed and target.scheme == "http" and not is_loopback(urlsplit(proxy).hostname or ""):
        raise UsageError(
            f"plain http to {host} through the proxy of this shell would send the key unprotected to another machine",
            f"Write https:// in `endpoint`, or add {host} to NO_PROXY.",
        )
    return proxy


@contextmanager
def _emulator(session: Session) -> Iterator[Any]:
    """The in-process emulator as a transport; its database is this environment's world."""
    import sqlite3

    from ..providers.http import in_process

    folder = session.project.root / EMULATOR_FOLDER
    path = folder / f"{session.environment.name}.sqlite"
    try:
        folder.mkdir(exist_ok=True)
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as file:
            file.write("*\n")
        emulator = emulators.load(session.provider.name)(str(path))
    except (OSError, sqlite3.Error) as error:
        raise UsageError(
            f"the emulator's database {EMULATOR_FOLDER}/{path.name} cannot be opened: {error}",
            "Make the project folder writable; if the file is damaged, delete it: only the emulator's world is lost.",
        ) from error
    try:
        yield in_process(emulator)
    finally:
        emulator.close()
