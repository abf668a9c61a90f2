"""Has a plan approved and carries it out, and ends in order whatever stops it. Tells none of it: see `report`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from functools import partial
from itertools import count
from urllib.parse import quote

from .. import __version__
from ..core.codec import outcome, plan_to_json
from ..core.errors import Frozen, RetinueError, StaleError
from ..core.model import Action, Change, Live, Outcome, Plan, Status
from ..core.values import dataclass, field, replace
from ..core.waves import Known, in_plan_order, known_as
from ..engine.apply import apply_changes
from ..engine.preflight import Checked
from ..engine.run import Run
from ..engine.threads import in_thread
from ..load.dumps import is_device
from ..load.uploads import changed_since, content
from ..providers.base import Service
from ..render.results import PAST
from . import console, exits, interrupts, named_files
from .options import ApplyOptions, ProjectOptions
from .report import nothing_to_do, report_blocked, report_outcomes, show_plan, shows_plan, text_of
from .session import Session

_MANY = 10


class Stopping:
    """The first signal lets what is in flight end and starts nothing new, the second breaks off.

    `first`: the signal that was received first, or 0. `final`: nothing can be stopped any more.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.stop, self.first, self.final = stop, 0, False

    def handle(self, number: int) -> None:
        if self.final:
            return
        if self.first:
            self.final = True
            raise KeyboardInterrupt
        self.first = number
        self.stop.set()
        console.note("\nStopping: finishing requests in flight. Interrupt again to stop at once.")


def review_and_apply(plan: Plan, session: Session, service: Service, options: ApplyOptions) -> int:
    """Show a fresh plan, have it approved, carry it out; the exit code."""
    empty = outcome(plan) == "no-changes"
    if shows_plan(options):
        show_plan(plan, ProjectOptions())
    elif console.is_interactive() and not options.approved and not empty:
        # stdout is for the result; the person who is asked must see the plan.
        console.note(text_of(plan, ProjectOptions(), sys.stderr))
    check_digest(plan, options.expect_digest)
    if empty:
        return nothing_to_do(plan, options)
    refuse_frozen(session, plan.changes)
    if any(not change.held for change in plan.changes) and not any(change.blocked for change in plan.changes):
        approve(plan, options)
    return carry_out(plan, session, service, options)


def check_digest(plan: Plan, expected: str | None) -> None:
    """Raises StaleError unless the plan is the one whose digest was approved, or there is nothing to do."""
    if expected is None or expected == (digest := plan_to_json(plan, __version__)["digest"]):
        return
    if outcome(plan) != "no-changes":
        message = f"the plan is not the one that was approved: its digest is {digest}"
        raise StaleError(message, "Review the plan above and approve its digest.")
    # The approved plan is done, by this job's first run for instance.
    console.note(f"Nothing is left to do, so the expected digest does not matter. The digest of this plan is {digest}.")


def approve(plan: Plan, options: ApplyOptions) -> None:
    """Ask on a terminal. Raises UsageError without one, RetinueError if the answer is not yes."""
    if options.approved:
        return
    going = [change for change in plan.changes if not change.held]
    deletes = [change for change in going if change.action is Action.DELETE]
    for_good = next((f" ({change.removal})" for change in deletes if change.removal), "")
    loss = f", of which {len(deletes)} delete{for_good}" if deletes else ""
    these = "this change" if len(going) == 1 else f"these {len(going)} changes"
    remedy = "Pass --auto-approve, or --expect-digest with the digest of a reviewed plan."
    console.confirm(f"\nApply {these}{loss} to {plan.environment}?", "this plan needs an approval", remedy)


def carry_out(
    plan: Plan, session: Session, service: Service, options: ApplyOptions, saved: Checked | None = None
) -> int:
    """Apply an approved plan, report it, and return the exit code. `saved`: what of a saved one is left to do."""
    checked = saved or Checked(plan.changes, (), ())
    if any(change.blocked for change in checked.todo):
        if saved:
            # Blocked since the plan was shown.
            plan = replace(plan, changes=saved.todo, document=None)
            if shows_plan(options):
                show_plan(plan, ProjectOptions())
        return report_blocked(plan, options)
    refuse_frozen(session, checked.todo)
    stopping = Stopping(session.stop)
    with interrupts.handed_to(stopping.handle):
        run = run_of(session, service, options, len(checked.todo))
        record = _Record(run.finished)
        run = replace(run, started=record.begin, finished=record.end)
        run.ids.update({done.address: live for done, live in checked.done if live and not done.action.gives_up})
        bug = None
        try:
            work = in_thread(lambda: _outcomes(plan, run, checked))
            while not work.done():
                wait([work], timeout=0.2)
            outcomes = work.result()
            stopping.final = True
        except KeyboardInterrupt:
            outcomes = record.so_far(plan.changes)
        except RetinueError:
            raise
        except Exception as error:
            if not record.started:
                raise
            # Writes before it still have to be reported.
            stopping.final = True
            bug, outcomes = console.bug_in(error), record.so_far(plan.changes)
            console.note(f"{bug.message}\n  {bug.remedy}")
        unfinished = any(item.status not in (Status.DONE, Status.HELD) for item in outcomes)
        code = exits.of_outcomes(outcomes, stopping.first if unfinished else 0, detailed=options.detailed_exitcode)
        if bug is not None:
            code = exits.Exit.BUG
            plan = replace(plan, diagnostics=(*plan.diagnostics, bug))
        if len(session.project.environments) > 1:
            options = replace(options, environment=plan.environment)
        code = report_outcomes(plan, outcomes, code, options)
        interrupts.settle()
    return code


def refuse_frozen(session: Session, changes: Sequence[Change] | None = None) -> None:
    """Raises Frozen while `freeze` holds. `changes`: those to make, if only held ones of which nothing is written."""
    freeze = session.environment.freeze
    if freeze is None or not freeze.holds(session.clock.wall()):
        return
    if changes is None or any(not (change.held or change.blocked) for change in changes):
        message = f"{session.environment.name} is frozen until {freeze.until}, so nothing was written: {freeze.because}"
        raise Frozen(message, "Wait, or take `freeze` out of retinue.yaml in a reviewed change.")


def _outcomes(plan: Plan, run: Run, checked: Checked) -> list[Outcome]:
    done = [
        (change, Outcome(change.address, change.action, Status.DONE, live or change.remote_id, wrote=False))
        for change, live in checked.done
    ]
    return in_plan_order(plan.changes, [*done, *zip(checked.todo, apply_changes(checked.todo, run), strict=True)])


@dataclass
class _Record:
    """The steps of a run that have started or ended so far, for a report before its end. `tell` hears of each end."""

    tell: Callable[[Outcome], None]
    started: set[Known] = field(default_factory=set)
    finished: dict[Known, Outcome] = field(default_factory=dict)

    def begin(self, change: Change) -> None:
        self.started.add(known_as(change))

    def end(self, outcome: Outcome) -> None:
        self.finished[known_as(outcome)] = outcome
        self.tell(outcome)

    def so_far(self, changes: Sequence[Change]) -> list[Outcome]:
        found = []
        for change in changes:
            status, why = Status.NOT_STARTED, "the run was stopped before it"
            if known_as(change) in self.started:
                status, why = Status.UNKNOWN, "stopped in the middle of it"
            left = Outcome(change.address, change.action, status, change.remote_id, why)
            found.append(self.finished.get(known_as(change), left))
        return found


def run_of(session: Session, service: Service, options: ApplyOptions, steps: int = 0) -> Run:
    """`steps`: how many it will report."""
    quiet = options.quiet or options.output_format == "json"
    return Run(
        service=service,
        capabilities=session.provider.capabilities,
        target=session.target,
        parallelism=options.parallelism,
        fail_fast=options.fail_fast,
        stop=session.stop,
        finished=(lambda _: None) if quiet else _progress(steps),
        backup=partial(save_backup, options.backup) if options.backup else lambda _live: None,
        content=lambda change: content(session.project.root, change.address.name, *_bytes_of(change)),
        changed=lambda change: changed_since(session.project.root, change.address.name, _bytes_of(change)[0]),
        before=session.before,
    )


def _bytes_of(change: Change) -> tuple[str, int]:
    """The digest and the size of a file that is to be uploaded."""
    fields = {item.path: item.after for item in change.fields}
    return str(fields["/sha256"]), int(fields["/bytes"])


def _progress(steps: int) -> Callable[[Outcome], None]:
    """Tells each step that has ended; of many, the how many-th it is."""
    numbers = count(1)

    def tell(item: Outcome) -> None:
        number = f"  {next(numbers)}/{steps}" if steps >= _MANY else ""
        if item.status is Status.DONE:
            done = f"{PAST[item.action]} {item.remote_id or ''}".rstrip()
            console.note(console.harmless(f"{number}  {item.address}: {done}"))
        elif item.status in (Status.FAILED, Status.UNKNOWN):
            console.note(f"{number}  {item.address}: {item.action} failed")

    return tell


def save_backup(folder: str, live: Live) -> None:
    """Save an object as it is live, as JSON in a folder."""
    # The id comes from the service: it must not choose the folder.
    name = quote(live.remote_id, safe="", errors="surrogatepass")
    name = f"{name}_" if is_device(name) else name
    named_files.write_beside(folder, name, console.json_text(dict(live.raw)).encode())
