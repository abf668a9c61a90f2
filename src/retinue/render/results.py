"""How an apply ended, as text and as JSON, and a command that failed as JSON. Decides no exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..core.codec import FORMAT_VERSION, diagnostic_to_json
from ..core.model import Action, Address, Diagnostic, Json, Outcome, Plan, Status
from .safe import clean, clean_lines, defuse
from .style import Style
from .text import summary_line

PAST = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.ADOPT: "adopted",
    Action.FORGET: "forgotten",
    Action.MOVE: "moved",
    Action.NO_OP: "unchanged",
}
_ORDER = (Status.DONE, Status.HELD, Status.FAILED, Status.UNKNOWN, Status.SKIPPED, Status.NOT_STARTED)
_WORDS = {status: status.value.replace("-", " ") for status in Status}


def results_text(plan: Plan, outcomes: Sequence[Outcome], style: Style) -> str:
    """One line if all was done; else every step by how it ended, with error and remedy, and the counts last."""
    if not outcomes:
        return summary_line(plan) + "\n"
    lines: list[str] = []
    if any(item.status is not Status.DONE for item in outcomes):
        for item in sorted(outcomes, key=lambda item: _ORDER.index(item.status)):
            lines.extend(result_lines(item, style))
    return defuse("\n".join([*lines, style.strong(counts(outcomes))])) + "\n"


def result_lines(item: Outcome, style: Style) -> Iterator[str]:
    """`failed: update Assistant/x: why`, and the remedy below."""
    paint = {Status.DONE: style.added, Status.FAILED: style.error, Status.UNKNOWN: style.error}.get(item.status)
    word = (paint or style.warning)(_WORDS[item.status])
    unknown = "the service may or may not have done it; " if item.status is Status.UNKNOWN else ""
    why = unknown + clean_lines(item.error or "", "    ")
    known = f" ({clean(item.remote_id)})" if item.remote_id else ""
    yield f"  {word}: {item.action} {clean(str(item.address))}{known}" + (f": {why}" if why else "")
    if item.remedy:
        yield f"    {clean_lines(item.remedy, '    ')}"


def counts(outcomes: Sequence[Outcome]) -> str:
    """`Applied: 1 created; 1 failed.`, or `1 archived for good` where nothing is deleted."""
    written = [item for item in outcomes if item.status is Status.DONE and item.wrote]
    done = Counter((item.action, item.removal if item.action is Action.DELETE else "") for item in written)
    in_place = sum(item.status is Status.DONE and not item.wrote for item in outcomes)
    if in_place == len(outcomes):
        return f"Already applied: {in_place} in place."
    statuses = Counter(item.status for item in outcomes)
    order = sorted(done, key=lambda step: [*PAST].index(step[0]))
    parts = [f"{done[step]} {step[1] or PAST[step[0]]}" for step in order]
    open_ends = [status for status in _ORDER if statuses[status] and status is not Status.DONE]
    parts += [f"{in_place} in place already"] if in_place else []
    left = [f"{statuses[status]} {_WORDS[status]}" for status in open_ends]
    return f"Applied: {'; '.join(filter(None, (', '.join(parts) or 'nothing', ', '.join(left))))}."


def results_json(
    plan: Plan, outcomes: Sequence[Outcome], exit_code: int, outcome: str, diagnostics: Sequence[Diagnostic]
) -> dict[str, Json]:
    """How an apply ended that got as far as its steps."""
    return {
        "outcome": outcome,
        "exit_code": exit_code,
        "project": plan.project,
        "environment": plan.environment,
        "results": [
            {
                "address": str(item.address),
                "action": item.action.value,
                "status": item.status.value,
                "remote_id": item.remote_id,
                "error": item.error,
                "remedy": item.remedy,
                "wrote": item.wrote,
            }
            for item in outcomes
        ],
        "summary": _summary(outcomes, plan.unchanged),
        "diagnostics": [diagnostic_to_json(item) for item in diagnostics],
    }


def outcomes_of(value: Json) -> list[Outcome]:
    """The steps in what `results_json` or `error_json` made. Raises ValueError, TypeError or KeyError for others."""
    found = []
    for item in value.get("results", ()):
        texts = {key: item.get(key) for key in ("remote_id", "error", "remedy")}
        if not all(text is None or isinstance(text, str) for text in texts.values()):
            raise TypeError("a text is none")
        kind, _, name = item["address"].partition("/")
        action, status, wrote = Action(item["action"]), Status(item["status"]), item.get("wrote", True) is True
        found.append(Outcome(Address(kind, name), action, status, **texts, wrote=wrote))
    return found


def _summary(outcomes: Sequence[Outcome], unchanged: int) -> dict[str, int]:
    """Counts of the steps by status, and of those that were done by action."""
    statuses = Counter(item.status for item in outcomes)
    actions = Counter(item.action for item in outcomes if item.status is Status.DONE)
    numbers = {action.value: actions[action] for action in Action} | {Action.NO_OP.value: unchanged}
    return numbers | {status.value: statuses[status] for status in Status}


def error_json(diagnostics: Sequence[Diagnostic], exit_code: int, outcome: str | None = None) -> dict[str, Json]:
    """The output of a command that failed before it had a result; `apply` does not take such a file for a plan.

    With an `outcome` it is an apply's, which carried out no step.
    """
    steps: dict[str, Json] = {} if outcome is None else {"results": [], "summary": _summary((), 0)}
    return {
        "format_version": FORMAT_VERSION,
        "outcome": outcome or "error",
        "exit_code": exit_code,
        "diagnostics": [diagnostic_to_json(item) for item in diagnostics],
        **steps,
    }
