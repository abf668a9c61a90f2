"""Holds an environment's `account` against what the service reports. Prints nothing, writes nothing."""

from __future__ import annotations

from ..core.errors import AuthError, InvalidManifests
from ..core.model import Diagnostic
from ..load.located import place_of
from ..load.project import Environment, Project
from ..providers.base import Identified, Provider, Service


def check_reported(project: Project, environment: Environment, provider: Provider) -> None:
    """Raises InvalidManifests if the environment names an account and its provider never reports one."""
    if environment.account is not None and not provider.capabilities.account:
        message = f"`account` cannot be checked: {provider.name} reports no account"
        raise InvalidManifests([_unreported(project, environment, message)])


def check_account(project: Project, environment: Environment, service: Service) -> None:
    """Nothing to check where no account is named: no request then.

    Raises AuthError for another account, InvalidManifests if the service does not say whose account the key opens.
    """
    if environment.account is None:
        return
    found = service.account() if isinstance(service, Identified) else None
    if found is None:
        message = "`account` cannot be checked: this service does not say whose account the key opens"
        raise InvalidManifests([_unreported(project, environment, message)])
    if found != environment.account:
        raise AuthError(
            f"the key of the environment {environment.name} opens the account {found}, not {environment.account};"
            " nothing was read or written",
            "Check `api_key` and `account` in retinue.yaml.",
        )


def _unreported(project: Project, environment: Environment, message: str) -> Diagnostic:
    path = ["environments", environment.name, "account"]
    at = place_of(project.data, path) or environment.place
    return Diagnostic("account-unreported", message, "Remove this line.", at, path="/" + "/".join(path))
