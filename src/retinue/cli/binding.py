"""The provider of an environment, and its settings held against what that takes and what its service reports."""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import AuthError, InvalidManifests
from ..core.model import Diagnostic
from ..core.pointer import split_pointer
from ..load.endpoints import EMULATOR
from ..load.located import place_of
from ..load.project import Environment, Project
from ..providers import registry
from ..providers.base import Configurable, Identified, Provider, Service, Settings
from . import emulators


def bound_provider(project: Project, environment: Environment) -> tuple[Provider, tuple[Diagnostic, ...]]:
    """The provider bound to the environment, and what there is to report about it. Raises InvalidManifests for none."""
    if not registry.has(environment.provider):
        message, remedy = registry.unknown(environment.provider)
        problem = Diagnostic("unknown-provider", message, remedy, path="/provider")
        raise InvalidManifests([in_project(problem, project, environment)])
    provider = registry.load(environment.provider)
    taken = {key: value for key, value in environment.settings.items() if key in provider.capabilities.settings}
    takes = ", ".join(sorted(provider.capabilities.settings))
    remedy = f"Remove it. {provider.name} takes: {takes}." if takes else "Remove it."
    found = [
        Diagnostic("unused-setting", f"`{key}` means nothing to the provider `{provider.name}`", remedy, path=f"/{key}")
        for key in environment.settings
        if key not in taken
    ]
    if environment.endpoint == EMULATOR and provider.name not in emulators.entries():
        message = f"the emulator does not speak the API of the provider `{provider.name}`"
        remedy = "Give the address of a server that speaks it."
        found.append(Diagnostic("emulator-dialect", message, remedy, path="/endpoint"))
    if environment.account is not None and not provider.capabilities.account:
        found.append(_unreported(f"{provider.name} reports no account"))
    if isinstance(provider, Configurable):
        bound = provider.configured(Settings(environment.endpoint, taken, environment.api_key is not None))
        provider = bound.provider
        found += bound.diagnostics
    return provider, tuple(in_project(item, project, environment) for item in found)


def in_project(problem: Diagnostic, project: Project, environment: Environment) -> Diagnostic:
    """With the line of retinue.yaml that a finding about the environment's settings is about."""
    steps = ["environments", environment.name, *split_pointer(problem.path or "")]
    place = place_of(project.data, steps) or environment.place
    return replace(problem, place=place, path=f"/environments/{environment.name}{problem.path or ''}")


def check_account(project: Project, environment: Environment, service: Service) -> None:
    """Nothing to check where no account is named: no request then.

    Raises AuthError for another account, InvalidManifests if the service does not say whose account the key opens.
    """
    if environment.account is None:
        return
    found = service.account() if isinstance(service, Identified) else None
    if found is None:
        problem = _unreported("this service does not say whose account the key opens")
        raise InvalidManifests([in_project(problem, project, environment)])
    if found != environment.account:
        raise AuthError(
            f"the key of the environment {environment.name} opens the account {found}, not {environment.account};"
            " nothing was read or written",
            "Check `api_key` and `account` in retinue.yaml.",
        )


def _unreported(why: str) -> Diagnostic:
    return Diagnostic("account-unreported", f"`account` cannot be checked: {why}", "Remove this line.", path="/account")
