"""Finds providers: retinue's own, others by the entry-point group `retinue.providers`. Loads one when it is used."""

from __future__ import annotations

from functools import cache
from importlib import metadata

from ..core.errors import UsageError
from ..core.spelling import did_you_mean
from .base import Provider

GROUP = "retinue.providers"
_OWN = {"azure-openai": "azure_openai", "flowise": "flowise", "langgraph": "langgraph", "openai": "openai"}
"""Modules beside this one. Not by the metadata of an installation, which a source tree may lack or have from before."""


@cache
def _entries() -> tuple[metadata.EntryPoint, ...]:
    """What is installed does not change under a running command, and looking for it opens every package."""
    own = (metadata.EntryPoint(name, f"{__package__}.{module}:PROVIDER", GROUP) for name, module in _OWN.items())
    return (*own, *metadata.entry_points(group=GROUP))


def names() -> list[str]:
    return sorted({entry.name for entry in _entries()})


def load(name: str) -> Provider:
    """Nobody else can take the name of one of ours. Raises UsageError for what is not there, or cannot be loaded."""
    for entry in _entries():
        if entry.name == name:
            try:
                provider: Provider = entry.load()
            except (ImportError, AttributeError, SyntaxError) as error:
                package = entry.dist.name if entry.dist else "retinue"
                raise UsageError(
                    f"the provider `{entry.name}` of the package {package} cannot be loaded: {error}",
                    f"Update the package {package}, or uninstall it.",
                ) from error
            return provider
    known = f"Known providers: {', '.join(names())}."
    raise UsageError(f"there is no provider `{name}`", did_you_mean(name, names(), known))
