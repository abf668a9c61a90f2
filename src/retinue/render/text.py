"""A plan as the text that people review. Shows the value that apply carries out; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from ..core.allowed import Allowed
from ..core.codec import summary
from ..core.model import Action, Change, Plan, Promotion
from .diagnostics import note_lines
from .safe import clean, defuse
from .style import REVIEWED, Style

NARROWED = (
    "This plan is narrowed: it holds the chosen objects and those they need;\n"
    "nothing else is compared and nothing else is deleted."
)


def plan_text(
    plan: Plan,
    *,
    style: Style = Style(),  # noqa: B008
    show_unchanged: bool = False,
    width: int = REVIEWED,
    whole: bool = False,
) -> str:
    """The whole text; its last line is the summary. `width`: of a line: brief values are cut there, changes wrapped.

    `whole`: new texts stand below their brief values.
    """
    blocks = [style.strong(header(plan))]
    if plan.promotion is not None:
        blocks.append(promotion_line(plan.promotion))
    if not plan.complete:
        blocks.append(style.warning(NARROWED))
    steps = list[str]()
    if plan.changes:
        from .entries import entry_lines, of_plan  # nothing of this where nothing changes

        steps.extend(entry_lines(of_plan(plan), style, width, whole=whole))
    if show_unchanged:
        steps.extend(style.muted(f"    {clean(str(address))}") for address in plan.unchanged_addresses)
    blocks.append("\n".join(steps))
    blocks.append("\n".join(note_lines(plan.diagnostics, style)))
    blocks.append(style.warning(allowed_line(plan)))
    blocks.append(style.strong(summary_line(plan)))
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def promotion_line(promotion: Promotion, shown: Callable[[str], str] = clean) -> str:
    """`shown` makes a name harmless where the line goes."""
    proven = "applied, unchanged and verified" if promotion.verified else "applied and unchanged"
    return f"Promoted from {shown(promotion.environment)}: what is not {proven} there is held."


def summary_line(plan: Plan) -> str:
    """`Plan: 1 to create, …` or `No changes. 9 objects match their manifests.`"""
    if not plan.changes and not plan.unchanged:
        return f"No changes. This environment owns nothing{'' if plan.complete else ' of what was chosen'}."
    if not plan.changes:
        match = "object matches its manifest" if plan.unchanged == 1 else "objects match their manifests"
        return f"No changes. {plan.unchanged} {match}."
    counts = summary(plan)
    parts = [f"{counts[word]} to {word}" for word in ("create", "update", "replace", "delete")]
    parts += [f"{counts[word]} to {word}" for word in ("adopt", "forget", "move") if counts[word]]
    parts += [f"{counts[word]} {word}" for word in ("blocked", "held") if counts[word]]
    return f"Plan: {', '.join(parts)}."


def allowed_line(plan: Plan) -> str:
    """The flags by which something was allowed: they are part of what is reviewed. A wrong number allows nothing."""
    blocks = {change.blocked.code for change in plan.changes if change.blocked}
    given = plan.allowed.codes.items()
    codes = {code: extent for code, extent in given if not (type(extent) is int and code in blocks)}
    return f"Allowed: {', '.join(map(clean, Allowed(codes).flags()))}" if codes else ""


def header(plan: Plan) -> str:
    """Project, environment, provider and host on one line."""
    return clean(f"{plan.project} / {plan.environment} ({plan.provider}, {host(plan.endpoint)})")


def host(endpoint: str) -> str:
    """Host and port alone: whatever else stands in an endpoint is none of a reader's business."""
    try:
        return urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint
    except ValueError:
        return endpoint


def still_to_do(change: Change) -> str:
    """`still to update (drift)`: the step of an object that ought to need none."""
    return f"still to {change.action}" + (f" ({change.reason})" if change.action is Action.UPDATE else "")
