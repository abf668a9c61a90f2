"""A plan as the text that people review. Shows the value that apply carries out; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from ..core.allowed import Allowed
from ..core.codec import summary
from ..core.model import Action, Cause, Change, Obstacle, Plan, Promotion, Reason
from .diagnostics import note_lines, obstacles
from .fields import CAUSES, Layout, changed_fields, created_fields, remark_after, shown_fields
from .safe import cells, clean, defuse, pad
from .style import REVIEWED, Style

_ID_COLUMN = 30
_REMARK_COLUMN = 51
_WIDEST_REMARK_COLUMN = 90
_SYMBOLS: dict[Action, tuple[str, Callable[[Style, str], str]]] = {
    Action.CREATE: ("+", Style.added),
    Action.UPDATE: ("~", Style.changed),
    Action.REPLACE: ("-/+", Style.replaced),
    Action.DELETE: ("-", Style.removed),
    Action.ADOPT: ("←", Style.taken),
    Action.FORGET: (".", Style.taken),
    Action.MOVE: (">", Style.taken),
    Action.NO_OP: ("", Style.muted),
}
_REASONS: dict[str, str] = {
    Reason.ORPHAN: "its manifest is gone",
    Reason.REMOVED: "named in `removed`",
    Reason.DUPLICATE: "a second copy that an interrupted run of ours made",
    Reason.ADOPTED: "managed by retinue from now on",
    Reason.MARKER_LOST: "marker lost: known again by what it is called",
    Reason.MARKER_DAMAGED: "its marker cannot be read",
    Reason.SET_BACK: "another version of it is live than the one last applied",
    Reason.DESTROY: "everything of ours is destroyed",
    Reason.EXPIRED: "it expired; a new one takes its place",
    Reason.ACCEPTED: "live as its manifest says; only its marker is written",
    Reason.UNUSED: "nothing refers to it any more",
    Reason.REFERENCE: "an object that it refers to gets a new id",
}
UNKNOWN_HISTORY: tuple[str, ...] = (Reason.ADOPTED, Reason.MARKER_LOST, Reason.MARKER_DAMAGED, Reason.SET_BACK)
"""Of these steps the cause `both` means that nothing on record says which side changed."""
UNKNOWN_CAUSES = {**CAUSES, Cause.BOTH: "drift: which side changed is not on record"}
NARROWED = (
    "This plan is narrowed: it holds what was chosen and what that needs;\n"
    "nothing else is looked at and nothing else is deleted."
)


def plan_text(plan: Plan, *, style: Style = Style(), show_unchanged: bool = False, width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary. `width` bounds brief values, never what a change shows."""
    blocks = [style.strong(header(plan))]
    if plan.promotion is not None:
        blocks.append(promotion_line(plan.promotion))
    if not plan.complete:
        blocks.append(style.warning(NARROWED))
    steps = list(_steps(plan, style, width))
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


def symbol(action: Action) -> str:
    """`+` for create."""
    return _SYMBOLS[action][0]


def host(endpoint: str) -> str:
    """Host and port alone: whatever else stands in an endpoint is none of a reader's business."""
    try:
        return urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint
    except ValueError:
        return endpoint


def _steps(plan: Plan, style: Style, width: int) -> Iterator[str]:
    ids = max([_ID_COLUMN, *(4 + cells(clean(named(change))) + 2 for change in plan.changes)])
    ends = [ids + cells(clean(change.remote_id)) + 2 for change in plan.changes if change.remote_id]
    layout = Layout(width, min(max([_REMARK_COLUMN, *ends]), _WIDEST_REMARK_COLUMN))
    shown: set[Obstacle] = set()
    for change in plan.changes:
        layout = layout._replace(causes=UNKNOWN_CAUSES if change.reason in UNKNOWN_HISTORY else CAUSES)
        (sign, paint), address = _SYMBOLS[change.action], clean(named(change))
        line = f"{sign:>3} {address}"
        behind = pad(line, ids) + clean(change.remote_id) if change.remote_id else ""
        remark = remark_after(line + behind, reason_of(change, plan), layout, style)
        yield paint(style, f"{sign:>3}") + f" {style.strong(address)}{behind}{remark}"
        kind = plan.kinds.get(change.address.kind)
        # What is in a file is the author's own; the head says how large it is.
        if kind is None or not kind.by_content:
            draw = created_fields if change.action is Action.CREATE else changed_fields
            yield from draw(shown_fields(change), kind, layout, style)
        for word, obstacle in obstacles(change):
            # Each way out on a line of its own, to paste; shown once for a whole group.
            repeated = obstacle in shown
            ways = " (the ways out stand above)" if repeated and obstacle.remedies else ""
            yield f"      {style.error(word + ':')} {clean(obstacle.message)}{ways}"
            if not repeated:
                yield from (f"        {clean(remedy)}" for remedy in obstacle.remedies)
            shown.add(obstacle)


def named(change: Change) -> str:
    """`Assistant/old (archived for good)`: the address, with what becomes of the object where that is for good."""
    return f"{change.address} ({change.removal})" if change.removal else str(change.address)


def reason_of(change: Change, plan: Plan) -> str:
    """The reason as text where the reader needs it; "" otherwise."""
    if change.moved_from:
        old = str(change.moved_from).removeprefix(f"{plan.project}/{plan.environment}/")
        return f"moved from {clean(old)}"
    if change.action is Action.FORGET:
        extra = change.reason in (Reason.COPY, Reason.DUPLICATE)
        return "only its marker goes; it stays live" if extra else "no longer managed; it stays live"
    size = next((item.after for item in change.fields if item.path == "/bytes"), None)
    if change.action is Action.CREATE and size is not None:
        return f"{size:,} bytes{', changed' if change.reason == Reason.MANIFEST else ''}"
    return _REASONS.get(change.reason, "")


def still_to_do(change: Change) -> str:
    """`still to update (drift)`: the step of an object that ought to need none."""
    return f"still to {change.action}" + (f" ({change.reason})" if change.action is Action.UPDATE else "")
