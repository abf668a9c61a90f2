"""The emulator as the service of one provider: the targets of the entry-point group `retinue.emulators`.

Each takes the path of a database and is a WSGI application at whose root that provider's base URL begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .app import Emulator, StartResponse


class _Mount(Emulator):
    base: ClassVar[str] = ""
    elsewhere: ClassVar[tuple[str, ...]] = ()
    """Paths that the provider names in full, so that the base does not go before them."""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        base = "" if path.startswith(self.elsewhere) else self.base
        return super().__call__({**environ, "PATH_INFO": base + path}, start_response)


class OpenAI(_Mount):
    base = "/v1"


class Azure(_Mount):
    """An Azure resource; a request that is not below its /openai is one to a Foundry project."""

    base = "/api/projects/emulator"
    elsewhere = ("/openai/",)


class Foundry(_Mount):
    """A Foundry project."""

    base = "/api/projects/emulator"


class Flowise(_Mount):
    """Its client writes the whole path itself."""


class Anthropic(_Mount):
    base = "/anthropic"


class Mistral(_Mount):
    base = "/mistral"
