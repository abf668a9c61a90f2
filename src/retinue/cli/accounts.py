"""Holds an environment's `account` against what the service reports. Prints nothing, writes nothing."""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import AuthError, InvalidManifests
from ..core.model import Diagnostic
from ..core.pointer import split_pointer
from ..load.located import place_of
from ..load.project import Environment, Project
from ..providers.base import Identified, Service


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
        problem = unreported("this service does not say whose account the key opens")
        raise InvalidManifests([in_project(problem, project, environment)])
    if found != environment.account:
        raise AuthError(
            f"the key of the environment {environment.name} opens the account {found}, not {environment.account};"
            " nothing was read or written",
            "Check `api_key` and `account` in retinue.yaml.",
        )


def unreported(why: str) -> Diagnostic:
    return Diagnostic("account-unreported", f"`account` cannot be checked: {why}", "Remove this line.", path="/account")
