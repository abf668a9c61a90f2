"""Reads environments side by side, each for itself: none waits for another but for the one it is promoted from.

Prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait

from ..core.errors import InvalidManifests, RetinueError
from ..core.fleet import Freeze, State, Status, status_of, why_unread
from ..core.model import Diagnostic, Plan, Severity
from ..core.observation import Observation
from ..core.values import replace
from ..engine.threads import in_thread
from ..load.project import Environment, Project
from ..providers.gate import Clock, Lanes
from . import console, exits
from .options import PlanOptions, parse_timeout
from .planning import own_plan, plan_for, proof_by
from .reading import opened
from .session import Session, bare_session

_CODES = {
    "invalid": exits.Exit.USAGE,
    "auth": exits.Exit.AUTH,
    "gone": exits.Exit.UNREACHABLE,
    "unreachable": exits.Exit.UNREACHABLE,
    "timeout": exits.Exit.UNREACHABLE,
    "error": exits.Exit.ERROR,
    "bug": exits.Exit.BUG,
}
_Own = tuple[Session, Observation, Plan]


def read_fleet(project: Project, names: Sequence[str], options: PlanOptions) -> list[Status]:
    """How each environment stands, in this order. None is waited for longer than `--timeout`.

    Environments of the same service and key share how fast they ask.
    """
    lanes, end = Lanes(), time.monotonic() + parse_timeout(options.timeout)
    chosen = [project.environments[name] for name in names]
    owns: Mapping[str, Future[_Own]] = {name: Future() for name in names}
    opening: dict[str, Session] = {}

    def read(environment: Environment) -> Status:
        name = environment.name
        mine = replace(options, environment=name, quiet=True)
        try:
            bare = opening[name] = replace(bare_session(mine), lanes=lanes)
            with opened(mine, bare) as (session, service, seen):
                plan = own_plan(session, service, seen, mine)
                owns[name].set_result((session, seen, plan))
                source, notes = environment.promote_from, []
                if source is not None and source.environment not in owns:
                    plan = plan_for(session, service, seen, mine)
                elif source is not None:
                    try:
                        proof = proof_by(source, *owns[source.environment].result(max(0.0, end - time.monotonic())))
                        plan = own_plan(session, service, seen, mine, proof)
                    except (RetinueError, TimeoutError) as error:
                        notes.append(_unproven(source.environment, error))
                return status_of(plan, _frozen(environment), notes)
        except Exception as error:
            if not owns[name].done():
                owns[name].set_exception(error)
            return _unread(environment, error)

    work = [in_thread(lambda environment=environment: read(environment)) for environment in chosen]  # type: ignore[misc]
    # In slices, so that a signal is heard; and a little longer, for what is still to be computed.
    while any(not item.done() for item in work) and time.monotonic() < end + 1:
        wait(work, timeout=0.2)
    for name, item in zip(names, work, strict=True):
        if not item.done() and name in opening:
            opening[name].stop.set()
    return [
        item.result() if item.done() else _late(environment, options.timeout)
        for environment, item in zip(chosen, work, strict=True)
    ]


def _unread(environment: Environment, error: Exception) -> Status:
    if isinstance(error, InvalidManifests):
        problems = tuple(item for item in error.diagnostics if item.severity is Severity.ERROR)
    elif isinstance(error, RetinueError):
        problems = (Diagnostic(console.error_code(type(error)), console.SECRETS.masked(error.message), error.remedy),)
    else:
        problems = (console.bug_in(error),)
    return _row(environment, why_unread(error), problems)


def _late(environment: Environment, timeout: str) -> Status:
    problem = Diagnostic("unreachable", f"no answer within {timeout}", "Try again, or give it more time: --timeout.")
    return _row(environment, "timeout", (problem,))


def _row(environment: Environment, why: str, problems: tuple[Diagnostic, ...]) -> Status:
    end, freeze = (environment.name, environment.provider, environment.endpoint), _frozen(environment)
    return Status(*end, State.UNREACHABLE, why=why, problems=problems, freeze=freeze)


def _frozen(environment: Environment) -> Freeze | None:
    """The freeze that holds now; it stands in the file, so no service is needed to tell."""
    freeze = environment.freeze
    return freeze if freeze and freeze.holds(Clock().wall()) else None


def _unproven(source: str, error: RetinueError | TimeoutError) -> Diagnostic:
    told = console.SECRETS.masked(error.message) if isinstance(error, RetinueError) else "it did not answer in time"
    message = f"what is held is not known: {source}, from which this is promoted, could not be read: {told}"
    return Diagnostic("unproven", message, f"See `retinue status -e {source}`.", severity=Severity.WARNING)


def code_of(rows: Sequence[Status], *, detailed: bool) -> int:
    """The exit code of a report: the first failure by precedence, else 2 where that was asked for and one differs."""
    failed = {_CODES[row.why] for row in rows if row.why}
    differs = detailed and any(row.state is not State.IN_SYNC for row in rows)
    return exits.first_of(failed, exits.Exit.CHANGES if differs else exits.Exit.OK)
