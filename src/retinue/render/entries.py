"""The entries of every report, object by object: of a plan, of drift, of two environments. Decides nothing.

Text, Markdown and HTML show the same entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from ..core.compare import Comparison
from ..core.drift import Drift, Drifted, What
from ..core.model import WRITTEN, Action, Address, Cause, Change, Diagnostic, Obstacle, Plan, Reason
from .alike import Users, alike, word_row
from .diagnostics import obstacles
from .fields import CAUSES, Layout, Row, changed_rows, created_rows, field_name, remark_after, row_lines, shown_fields
from .safe import cells, clean, pad
from .style import Style

_ID_COLUMN = 30
_REMARK_COLUMN = 51
_WIDEST_REMARK_COLUMN = 90
SIGNS: dict[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.ADOPT: "←",
    Action.FORGET: ".",
    Action.MOVE: ">",
    Action.NO_OP: "",
}
_PAINTS: dict[str, Callable[[Style, str], str]] = {
    "+": Style.added,
    "-": Style.removed,
    "-/+": Style.replaced,
    "←": Style.taken,
    ".": Style.taken,
    ">": Style.taken,
}
_REASONS: dict[str, str] = {
    Reason.ORPHAN: "its manifest is gone",
    Reason.REMOVED: "named in `removed`",
    Reason.DUPLICATE: "a second copy, made by an interrupted run",
    Reason.ADOPTED: "managed by retinue from now on",
    Reason.MARKER_LOST: "marker lost: recognised by its name",
    Reason.MARKER_DAMAGED: "its marker cannot be read",
    Reason.SET_BACK: "another version of it is live than the one last applied",
    Reason.DESTROY: "everything of ours is destroyed",
    Reason.EXPIRED: "it expired; a new one takes its place",
    Reason.ACCEPTED: "live as its manifest says; only its marker is written",
    Reason.UNUSED: "nothing refers to it any more",
    Reason.REFERENCE: "an object that it refers to gets a new id",
}
_UNKNOWN_HISTORY: tuple[str, ...] = (Reason.ADOPTED, Reason.MARKER_LOST, Reason.MARKER_DAMAGED, Reason.SET_BACK)
"""Of these steps the cause `both` means that nothing on record says which side changed."""
_UNKNOWN_CAUSES = {**CAUSES, Cause.BOTH: "drift: which side changed is not on record"}
_DRIFT_SIGNS = {
    What.CHANGED: "~",
    What.MISSING: "?",
    What.DUPLICATE: "2",
    What.COPY: "=",
    What.MARKER_LOST: "!",
    What.MARKER_DAMAGED: "!",
}
_REMARKS = {Cause.MANIFEST: "", Cause.DRIFT: "", Cause.BOTH: "its manifest was changed too, since the last apply"}
_UNKNOWN_REMARKS = _REMARKS | {Cause.BOTH: "which side changed is not on record"}


_ORDER = (
    *(Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE),
    *(Action.ADOPT, Action.MOVE, Action.FORGET, Action.NO_OP),
)


class Entry(NamedTuple):
    """One object, and what becomes of it.

    `reason` is in our own words, `origin` names another object. `fields`: what differs, by name; `rows` draws it, with
    brief values in so many columns. `stuck`: what is in the way, each after the word for it, or what else there is to
    say. `needed`: not to be left out where there is little room; `counts`: what it is counted as there.
    """

    sign: str
    name: str
    rows: Callable[[int], Sequence[Row]]
    section: str = ""
    remote_id: str = ""
    reason: str = ""
    origin: str = ""
    place: str = ""
    fields: tuple[str, ...] = ()
    drifted: bool = False
    stuck: tuple[tuple[str, Obstacle], ...] = ()
    needed: bool = False
    counts: str = ""


def in_sections(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The steps of a plan by what is to be read first: what is blocked, then what destroys."""
    titles = ("Blocked", *(action.capitalize() for action in _ORDER))
    return {title: [entry for entry in entries if entry.section == title] for title in titles}


def of_plan(plan: Plan) -> list[Entry]:
    """The steps of a plan, in its order."""
    written = _written(plan.diagnostics)
    shared = alike(plan.changes, plan.kinds, written)
    return [_step(change, plan, written.get(str(change.address), {}), shared) for change in plan.changes]


def _step(change: Change, plan: Plan, written: Mapping[str, str], shared: Mapping[tuple[str, str], Users]) -> Entry:
    kind, found, creates = plan.kinds.get(change.address.kind), shown_fields(change), change.action is Action.CREATE
    causes = _UNKNOWN_CAUSES if change.reason in _UNKNOWN_HISTORY else CAUSES
    # The content of a file is the author's own; the head gives its size.
    shown = () if kind is not None and kind.by_content else found
    reason, origin = _REASONS.get(change.reason, ""), ""
    size = next((item.after for item in change.fields if item.path == "/bytes"), None)
    if change.moved_from:
        reason = ""
        origin = f"moved from {str(change.moved_from).removeprefix(f'{plan.project}/{plan.environment}/')}"
    elif change.action is Action.FORGET:
        extra = change.reason in (Reason.COPY, Reason.DUPLICATE)
        reason = "only its marker goes; it stays live" if extra else "no longer managed; it stays live"
    elif creates and size is not None:
        reason = f"{size:,} bytes{', changed' if change.reason == Reason.MANIFEST else ''}"

    @cache
    def rows(width: int) -> Sequence[Row]:
        if creates:
            return [*created_rows(shown, kind, width)]
        result, address = list[Row](), str(change.address)
        for field in shown:
            users = shared.get((address, field.path), ())
            result += [word_row(users, field.path, address, written[field.path])] if users else []
            if address in users[:1] or not users:
                result += changed_rows([field], kind, width, causes, written)
        return result

    blocked = " (blocked)" if change.blocked else ""
    return Entry(
        SIGNS[change.action],
        f"{change.address} ({change.removal})" if change.removal else str(change.address),
        rows,
        section="Blocked" if change.blocked else change.action.capitalize(),
        remote_id=change.remote_id or "",
        reason=reason,
        origin=origin,
        place=written.get("", ""),
        fields=tuple(field_name(item.path) for item in found),
        drifted=any(item.cause is not Cause.MANIFEST for item in change.fields),
        stuck=tuple(obstacles(change)),
        needed=change.blocked is not None or change.action.destroys,
        counts=f"to {change.action}{blocked}",
    )


def _written(diagnostics: Sequence[Diagnostic]) -> dict[str, dict[str, str]]:
    """By address and path, `file:line` of where a change is written; of several such places the first three."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for item in diagnostics:
        if item.code == WRITTEN and item.place:
            places = found.setdefault(item.address or "", {}).setdefault(item.path or "", {})
            places[clean(f"{item.place.file}:{item.place.line}")] = None
    return {
        address: {path: ", ".join([*places][:3]) + ", …" * (len(places) > 3) for path, places in paths.items()}
        for address, paths in found.items()
    }


def of_drift(drift: Drift) -> list[Entry]:
    """Outside changes, from the manifest's value to the live one."""
    unknown = {str(change.address) for change in drift.plan.changes if change.reason in _UNKNOWN_HISTORY}
    written = _written(drift.plan.diagnostics)

    def entry(item: Drifted) -> Entry:
        kind = drift.plan.kinds.get(item.address.partition("/")[0])
        turned = [replace(field, before=field.after, after=field.before) for field in item.fields]
        causes = _UNKNOWN_REMARKS if item.address in unknown else _REMARKS
        places = written.get(item.address, {})
        return Entry(
            _DRIFT_SIGNS[item.what],
            item.address or "(no address)",
            cache(lambda width: [*changed_rows(turned, kind, width, causes, places)]),
            remote_id=item.remote_id or "",
            fields=tuple(field_name(field.path) for field in turned),
            stuck=(("", Obstacle("", item.message, (item.remedy,) if item.remedy else ())),) if item.message else (),
            counts=item.what.value,
        )

    return [entry(item) for item in drift.items]


def of_comparison(found: Comparison) -> list[Entry]:
    """Differences between two environments, by address."""

    def entry(address: Address) -> Entry:
        if address in found.changed:
            fields, kind = found.changed[address], found.kinds.get(address.kind)
            names = tuple(field_name(item.path) for item in fields)
            return Entry("~", str(address), cache(lambda width: [*changed_rows(fields, kind, width)]), fields=names)
        sign, where = ("-", found.left) if address in found.only_left else ("+", found.right)
        return Entry(sign, str(address), lambda width: (), remote_id=f"only in {where}")

    return [entry(address) for address in sorted((*found.changed, *found.only_left, *found.only_right))]


def entry_lines(entries: Sequence[Entry], style: Style, width: int, *, whole: bool = False) -> Iterator[str]:
    """As lines of a terminal. `whole`: with each new text from its beginning to its end."""
    ids = max([_ID_COLUMN, *(4 + cells(clean(entry.name)) + 2 for entry in entries)])
    ends = [ids + cells(clean(entry.remote_id)) + 2 for entry in entries if entry.remote_id]
    layout = Layout(width, min(max([_REMARK_COLUMN, *ends]), _WIDEST_REMARK_COLUMN), whole=whole)
    told: set[Obstacle] = set()
    for entry in entries:
        sign, name = f"{entry.sign:>3}", clean(entry.name)
        behind = pad(f"{sign} {name}", ids) + clean(entry.remote_id) if entry.remote_id else ""
        remark = ", ".join(filter(None, (entry.place, clean(entry.reason or entry.origin))))
        remark = remark_after(f"{sign} {name}{behind}", remark, layout, style)
        paint = _PAINTS.get(entry.sign, Style.changed)
        yield f"{paint(style, sign)} {style.strong(name)}{behind}{remark}"
        yield from row_lines(entry.rows(width), layout, style)
        for word, obstacle in entry.stuck:
            # Each way out on a line of its own, to paste; shown once for a whole group.
            repeated = obstacle in told
            ways = " (the ways out are above)" if repeated and obstacle.remedies else ""
            yield f"      {style.error(word + ': ') if word else ''}{clean(obstacle.message)}{ways}"
            if not repeated:
                yield from (f"        {clean(remedy)}" for remedy in obstacle.remedies)
            told.add(obstacle)
