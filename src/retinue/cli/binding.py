"""The provider of an environment, and what of its settings means nothing there. Reaches no service."""

from __future__ import annotations

from ..core.errors import InvalidManifests
from ..core.model import Diagnostic
from ..load.endpoints import EMULATOR
from ..load.project import Environment, Project
from ..providers import registry
from ..providers.base import Configurable, Provider, Settings
from . import emulators
from .accounts import in_project, unreported


def bound_provider(project: Project, environment: Environment) -> tuple[Provider, tuple[Diagnostic, ...]]:
    """The provider bound to the environment, and what there is to report about it. Raises InvalidManifests for none."""
    if not registry.has(environment.provider):
        message, remedy = registry.unknown(environment.provider)
        problem = Diagnostic("unknown-provider", message, remedy, path="/provider")
        raise InvalidManifests([in_project(problem, project, environment)])
    provider = registry.load(environment.provider)
    taken = {key: value for key, value in environment.settings.items() if key in provider.capabilities.settings}
    found = [_no_setting(key, provider) for key in environment.settings if key not in taken]
    if environment.endpoint == EMULATOR and not emulators.has(provider.name):
        message = f"the emulator does not speak the API of the provider `{provider.name}`"
        remedy = "Name the address of a server of it."
        found.append(Diagnostic("emulator-dialect", message, remedy, path="/endpoint"))
    if environment.account is not None and not provider.capabilities.account:
        found.append(unreported(f"{provider.name} reports no account"))
    if isinstance(provider, Configurable):
        bound = provider.configured(Settings(environment.endpoint, taken, environment.api_key is not None))
        provider = bound.provider
        found += bound.diagnostics
    return provider, tuple(in_project(item, project, environment) for item in found)


def _no_setting(key: str, provider: Provider) -> Diagnostic:
    takes = ", ".join(sorted(provider.capabilities.settings))
    remedy = f"Remove it. {provider.name} takes: {takes}." if takes else "Remove it."
    message = f"`{key}` means nothing to the provider `{provider.name}`"
    return Diagnostic("unused-setting", message, remedy, path=f"/{key}")
