"""Finds providers: retinue's own, others by the entry-point group `retinue.providers`. Loads one when it is used."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from ..core.model import Json, Kind
from ..core.spelling import did_you_mean
from ..schema import Catalogue
from .assistants_v2 import KINDS
from .base import Capabilities, Provider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "retinue.providers"
_OWN = {
    "anthropic": "anthropic",
    "azure-openai": "azure_openai",
    "flowise": "flowise",
    "foundry": "foundry",
    "langgraph": "langgraph",
    "mistral": "mistral",
    "openai-agents": "openai_agents",
    "openai-assistants": "openai_assistants",
}
"""Modules beside this one. Not by the metadata of an installation, which a source tree may lack or have from before."""
FORMER = {
    "openai": (
        "openai-assistants",
        "Write `openai-agents` for OpenAI's own service, which has agents today, or `openai-assistants` for a server of"
        " the retired Assistants protocol.",
    )
}
"""By the earlier name of a provider: its name now, and what to do where the earlier one is written."""


@cache
def _others() -> tuple[EntryPoint, ...]:
    """What is installed does not change under a running command, and looking for it opens every package."""
    from importlib import metadata

    return tuple(entry for entry in metadata.entry_points(group=GROUP) if entry.name not in FORMER)


def names() -> list[str]:
    return sorted({*_OWN, *(entry.name for entry in _others())})


def has(name: str) -> bool:
    return name in _OWN or any(entry.name == name for entry in _others())


def current(name: str) -> str:
    """The name now of what a saved plan may still call by an earlier one."""
    return FORMER[name][0] if name in FORMER else name


def unknown(name: str) -> tuple[str, str]:
    """Message and remedy for a name that no provider has."""
    if name in FORMER:
        now, remedy = FORMER[name]
        return f"the provider `{name}` is called `{now}` now", remedy
    known = f"Known providers: {', '.join(names())}."
    return f"there is no provider `{name}`", did_you_mean(name, names(), known)


def load(name: str) -> Provider:
    """A package cannot take the name of one of ours. Raises UsageError for what is not there, or cannot be loaded."""
    if name in _OWN:
        own: Provider = import_module(f".{_OWN[name]}", __package__).PROVIDER
        return own
    for entry in _others():
        if entry.name == name:
            package = entry.dist.name if entry.dist else "retinue"
            try:
                provider: Provider = entry.load()
                if not isinstance(provider.capabilities, Capabilities):
                    raise TypeError("its `capabilities` are of another version of retinue")
            except (Exception, SystemExit) as error:  # whatever a package does that was made for another version
                what = f"{error}" or type(error).__name__
                message = f"the provider `{entry.name}` of the package {package} cannot be loaded: {what}"
                raise UsageError(message, f"Update the package {package}, or uninstall it.") from error
            return provider
    raise UsageError(*unknown(name))


def loadable() -> tuple[list[Provider], list[UsageError]]:
    """All providers that can be loaded, by name, and why the others cannot."""
    found, errors = list[Provider](), list[UsageError]()
    for name in names():
        try:
            found.append(load(name))
        except UsageError as error:
            errors.append(error)
    return found, errors


_NOTHING: Json = {"type": "object", "additionalProperties": False, "properties": {}}


def extras_of(provider: str, kind: str) -> Json:
    """The schema of what a manifest may say below `providers.NAME`; None if there is no such provider."""
    if not has(provider):
        return None
    return load(provider).capabilities.extras.get(kind, _NOTHING)


def catalogue(wanted: Collection[str] | None) -> Catalogue:
    """What these providers hold (None: all), besides the portable kinds; one that cannot be loaded is left out."""
    return _catalogue(tuple(names() if wanted is None else sorted(filter(has, wanted))))


@cache
def _catalogue(wanted: tuple[str, ...]) -> Catalogue:
    kinds, settings = dict(KINDS), dict[str, Json]()
    own: dict[str, dict[str, Kind]] = {}
    for name in wanted:
        try:
            record = load(name).capabilities
        except UsageError:
            continue
        own[name] = dict(record.kinds)
        for known, stated in ((kinds, record.kinds), (settings, record.settings)):
            known.update((key, value) for key, value in stated.items() if key not in known)
    return Catalogue(kinds, own, settings, extras_of)
