"""How commands show a plan, ask for approval and carry it out; shared by apply, destroy, adopt and show."""

from __future__ import annotations

import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from .. import __version__
from ..core.codec import dump, outcome, plan_to_json
from ..core.errors import RetinueError, StaleError, UsageError
from ..core.model import Action, Change, Outcome, Plan, Resource, Status
from ..core.waves import Known, in_plan_order, known_as
from ..engine.apply import apply_changes
from ..engine.recheck import Checked
from ..engine.run import Run
from ..engine.threads import aside
from ..load.uploads import changed_since, content
from ..providers.base import Service
from ..render.machines import plan_diagnostics
from ..render.markdown import plan_markdown, results_markdown
from ..render.results import past, results_json, results_text
from ..render.text import plan_text
from . import console, exits, files, interrupts, options
from .ci import run_link
from .session import Session
from .streams import OutputLost, report


def request_log(given: Mapping[str, Any]) -> Callable[[str], None] | None:
    return console.line if given.get("verbose") else None


def show_plan(plan: Plan, given: Mapping[str, Any]) -> None:
    """The plan to stdout in the wanted format, and to `--out`. In a file it is JSON unless a format says otherwise."""
    target, wanted = given.get("out"), given.get("output_format")
    if target == options.STDOUT and wanted not in _READ:
        if wanted is None and not given.get("quiet"):
            console.note(_text(plan, given, sys.stderr))
        console.result_json(dump(plan_to_json(plan, __version__)))
        return
    if target == options.STDOUT:
        target = None
    if target:
        text = _text(plan, given, None) if wanted in _READ else dump(plan_to_json(plan, __version__))
        console.write_file(target, text, private=wanted != "markdown", mode=given.get("out_mode"))
    if wanted == "json":
        console.result_json(console.json_text(plan_to_json(plan, __version__)))
    elif wanted in console.MACHINES:
        console.for_machines(plan_diagnostics(plan), str(wanted), given.get("directory", "."))
    else:
        console.result(_text(plan, given, sys.stdout))
    if target:
        console.note(f"Wrote {target}.{_next_step(plan, given)}")


def remove_plan(path: str) -> int | None:
    """Remove an older plan in the file that `--out` names, and tell its mode; whatever else stands there stays.

    Raises UsageError, also where no plan could be written.
    """
    about, target = files.existing(path), Path(path)
    try:
        if about is None or not stat.S_ISREG(about.st_mode) or _PLAN_KEY not in target.read_bytes():
            return None
        target.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be replaced: {error.strerror or error}", "Name another file.") from error
    return about.st_mode


_PLAN_KEY = b'"format_version"'


_READ = ("text", "markdown")
"""Formats for people: no `apply` takes a file of them."""


def _text(plan: Plan, given: Mapping[str, Any], stream: TextIO | None) -> str:
    """For a stream, or for a file that is read elsewhere."""
    if given.get("output_format") == "markdown":
        return plan_markdown(plan, link_to=run_link(given.get("link")))
    style, width = console.canvas(stream)
    return plan_text(plan, style=style, show_unchanged=bool(given.get("show_unchanged")), width=width)


def _next_step(plan: Plan, given: Mapping[str, Any]) -> str:
    """What to do with the file: a text is no plan to apply, and a blocked or an empty one is nothing to apply."""
    if given.get("output_format") in _READ or outcome(plan) != "changes":
        return ""
    # A saved plan names its environment itself.
    folder = {"directory": given.get("directory", ".")}
    return f" Apply exactly this with: {options.to_paste('apply', folder, given['out'])}"


def check_digest(plan: Plan, given: Mapping[str, Any]) -> None:
    """Raises StaleError unless the plan is the one whose digest was approved, or there is nothing to do."""
    wanted = given.get("expect_digest")
    digest = plan_to_json(plan, __version__)["digest"]
    if wanted not in (None, digest) and is_empty(plan):
        # What was approved is done, by this job's first run for instance.
        console.note(f"Nothing is left to do, so the expected digest does not matter. That of this plan is {digest}.")
    elif wanted not in (None, digest):
        raise StaleError(
            f"the plan is not the one that was approved: its digest is {digest}",
            "Review the plan above and approve its digest.",
        )


def shows_plan(given: Mapping[str, Any]) -> bool:
    """Whether the plan belongs on stdout before the result of an apply; JSON and Markdown are the result alone."""
    return given.get("output_format") not in ("json", "markdown")


def asks(given: Mapping[str, Any]) -> bool:
    """Whether somebody at a terminal has to approve."""
    approved = given.get("auto_approve") or given.get("expect_digest") is not None
    return not approved and console.is_interactive()


def approve(plan: Plan, given: Mapping[str, Any]) -> None:
    """Ask on a terminal. Raises UsageError without one, RetinueError if the answer is not yes."""
    if given.get("auto_approve") or given.get("expect_digest") is not None:
        return
    if not console.is_interactive():
        raise UsageError(
            "nobody is here to approve this plan: there is no terminal",
            "Pass --auto-approve, or --expect-digest with the digest of a reviewed plan.",
        )
    if console.ask(f"\n{_question(plan)} Only `yes` is accepted: ") != "yes":
        raise RetinueError("not approved; nothing was changed", "Answer `yes` to go on.")


def review_and_apply(plan: Plan, session: Session, service: Service, given: Mapping[str, Any]) -> int:
    """Show a fresh plan, have it approved, carry it out; the exit code."""
    if shows_plan(given):
        show_plan(plan, {})
    elif asks(given) and not is_empty(plan):
        # stdout is for the result; whoever is asked must see what about.
        console.note(_text(plan, {}, sys.stderr))
    check_digest(plan, given)
    if is_empty(plan):
        return nothing_to_do(plan, given)
    if _free(plan) and not any(change.blocked for change in plan.changes):
        approve(plan, given)
    return carry_out(plan, session, service, given)


def carry_out(
    plan: Plan, session: Session, service: Service, given: Mapping[str, Any], checked: Checked | None = None
) -> int:
    """Apply an approved plan, report it, and return the exit code. `checked`: what of a saved one is left to do."""
    checked = checked or Checked(plan.changes, (), ())
    if any(change.blocked for change in checked.todo):
        return report_blocked(plan, given)
    with signals(session.stop) as received:
        record = _Record()
        run = record.watch(run_of(plan, session, service, given))
        run.ids.update(checked.ids)
        bug = None
        try:
            work = aside(lambda: _outcomes(plan, run, checked))
            while not work.done():
                wait([work], timeout=0.2)
            outcomes = work.result()
            received.final = True
        except KeyboardInterrupt:
            outcomes = record.so_far(plan.changes)
        except RetinueError:
            raise
        except Exception as error:
            if not record.started:
                raise
            # What was written before it has to be said all the same.
            received.final = True
            bug, outcomes = console.bug_in(error), record.so_far(plan.changes)
            console.note(f"{bug.message}\n  {bug.remedy}")
        code = exits.of_outcomes(outcomes, received.first if _unfinished(outcomes) else 0)
        if bug is not None:
            code = exits.Exit.BUG
        several = len(session.project.environments) > 1
        told = plan if bug is None else replace(plan, diagnostics=(*plan.diagnostics, bug))
        code = _report(told, outcomes, code, {**given, "environment": plan.environment} if several else given)
        interrupts.settle()
    return code


def _outcomes(plan: Plan, run: Run, checked: Checked) -> list[Outcome]:
    done = [(change, _done(change, live)) for change, live in checked.done]
    return in_plan_order(plan.changes, [*done, *zip(checked.todo, apply_changes(checked.todo, run), strict=True)])


@dataclass
class _Record:
    """What is known of a run's steps at any moment, for a report before its end."""

    started: set[Known] = field(default_factory=set)
    finished: dict[Known, Outcome] = field(default_factory=dict)

    def watch(self, run: Run) -> Run:
        def started(change: Change) -> None:
            self.started.add(known_as(change))
            run.started(change)

        def finished(outcome: Outcome) -> None:
            self.finished[known_as(outcome)] = outcome
            run.finished(outcome)

        return replace(run, started=started, finished=finished)

    def so_far(self, changes: Sequence[Change]) -> list[Outcome]:
        return [self.finished.get(known_as(change)) or self._open(change) for change in changes]

    def _open(self, change: Change) -> Outcome:
        begun = known_as(change) in self.started
        status, why = (Status.UNKNOWN, "stopped in the middle of it") if begun else (Status.NOT_STARTED, _BEFORE)
        return Outcome(change.address, change.action, status, change.remote_id, why)


_BEFORE = "the run was stopped before it"


def run_of(plan: Plan, session: Session, service: Service, given: Mapping[str, Any]) -> Run:
    quiet = given.get("quiet") or given.get("output_format") == "json"
    return Run(
        service=service,
        capabilities=session.provider.capabilities,
        kinds=session.kinds,
        project=plan.project,
        environment=plan.environment,
        parallelism=given.get("parallelism") or 10,
        fail_fast=bool(given.get("fail_fast")),
        stop=session.stop,
        finished=(lambda _: None) if quiet else _progress,
        backup=_backup(given.get("backup")),
        content=lambda change: content(session.project.root, change.address.name, *_bytes_of(change)),
        changed=lambda change: changed_since(session.project.root, change.address.name, _bytes_of(change)[0]),
        formerly=session.project.formerly,
    )


def _bytes_of(change: Change) -> tuple[str, int]:
    """The digest and the size of a file that is to be uploaded."""
    fields = {item.path: item.after for item in change.fields}
    return str(fields["/sha256"]), int(fields["/bytes"])


def _progress(item: Outcome) -> None:
    if item.status is Status.DONE:
        console.note(console.harmless(f"  {item.address}: {past(item.action)} {item.remote_id or ''}".rstrip()))
    elif item.status in (Status.FAILED, Status.UNKNOWN):
        console.note(f"  {item.address}: {item.action} failed")


def _backup(folder: str | None) -> Callable[[Resource], None]:
    if not folder:
        return lambda _live: None

    def save(live: Resource) -> None:
        # The id comes from the service: it must not choose the folder.
        name = quote(live.remote_id or "", safe="", errors="surrogatepass")
        files.write_beside(folder, name, console.json_text(dict(live.raw)).encode())

    return save


def _done(change: Change, live: str | None) -> Outcome:
    return Outcome(change.address, change.action, Status.DONE, live or change.remote_id, wrote=False)


def _unfinished(outcomes: Sequence[Outcome]) -> bool:
    return any(item.status not in (Status.DONE, Status.HELD) for item in outcomes)


def report_blocked(plan: Plan, given: Mapping[str, Any]) -> int:
    """Say that nothing was applied, and why; the exit code."""
    outcomes = [
        Outcome(change.address, change.action, Status.NOT_STARTED, change.remote_id, *_why_not(change))
        for change in plan.changes
    ]
    code = exits.decide({exits.Exit.BLOCKED})
    if not shows_plan(given):
        try:
            _print_results(plan, outcomes, code, given)
        except OutputLost as lost:
            report(lost)
    where = "The plan above" if shows_plan(given) else "Each one's result"
    counted = _counted(sum(change.blocked is not None for change in plan.changes), len(plan.changes))
    console.note(f"Error: {counted} blocked, so nothing was applied.\n  {where} says why and names the ways out.")
    return code


def _counted(count: int, total: int) -> str:
    if count == total:
        return {1: "the change is", 2: "both changes are"}.get(total, f"all {total} changes are")
    return f"{count} of {total} changes {'is' if count == 1 else 'are'}"


def _why_not(change: Change) -> tuple[str, str | None]:
    """Error and remedy."""
    if change.blocked is None:
        return "another change is blocked", None
    return change.blocked.message, "\n".join(change.blocked.remedies) or None


def _report(plan: Plan, outcomes: Sequence[Outcome], code: exits.Exit, given: Mapping[str, Any]) -> exits.Exit:
    """The exit code: where what was done cannot be said on stdout, it is said on stderr, and that is an error."""
    notes = [diagnostic for item in outcomes for diagnostic in item.notes]
    try:
        _print_results(plan, outcomes, code, given)
    except OutputLost as lost:
        report(lost)
        console.note(results_text(plan, outcomes, console.style_for(sys.stderr)))
        code = code or exits.Exit.ERROR
    leaves = any(not item.action.gives_up for item in _free(plan))
    if given.get("output_format") != "json" and code is exits.Exit.OK and leaves and not given.get("quiet"):
        console.note(f"Next: `{options.to_paste('output', given)}` prints the live ids.")
    console.diagnostics(notes)
    return code


def _print_results(plan: Plan, outcomes: Sequence[Outcome], code: exits.Exit, given: Mapping[str, Any]) -> None:
    wanted = given.get("output_format")
    if wanted == "json":
        _print_json(plan, outcomes, code)
    elif wanted == "markdown":
        console.result(results_markdown(plan, outcomes, link_to=run_link(given.get("link"))))
    else:
        console.result(results_text(plan, outcomes, console.style_for(sys.stdout)))


def _print_json(plan: Plan, outcomes: Sequence[Outcome], code: exits.Exit) -> None:
    word = exits.word(code, outcomes)
    notes = [diagnostic for item in outcomes for diagnostic in item.notes]
    console.result_json(console.json_text(results_json(plan, outcomes, int(code), word, (*plan.diagnostics, *notes))))


def nothing_to_do(plan: Plan, given: Mapping[str, Any]) -> int:
    """The plan was shown and is empty."""
    if not shows_plan(given):
        _print_results(plan, [], exits.Exit.OK, given)
    return exits.Exit.OK


def is_empty(plan: Plan) -> bool:
    return outcome(plan) == "no-changes"


def _free(plan: Plan) -> list[Change]:
    """The steps that go ahead."""
    return [change for change in plan.changes if not change.held]


def _question(plan: Plan) -> str:
    count = len(_free(plan))
    deletes = sum(change.action is Action.DELETE for change in _free(plan))
    loss = f", of which {deletes} delete" if deletes else ""
    return f"Apply {'this change' if count == 1 else f'these {count} changes'}{loss} to {plan.environment}?"


class Signals:
    """First SIGINT or SIGTERM: start nothing new, finish what is in flight. Second: stop now."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop, self.first, self.final = stop, 0, False

    def handle(self, number: int, _frame: object) -> None:
        if self.final:
            return
        if self.first:
            self.final = True
            raise KeyboardInterrupt
        self.first = number
        self.stop.set()
        console.note("\nStopping: finishing what is in flight. Once more to stop at once.")


@contextmanager
def signals(stop: threading.Event) -> Iterator[Signals]:
    interrupts.check()
    received = Signals(stop)
    before = {number: signal.signal(number, received.handle) for number in interrupts.SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
