"""What differs, field by field: outside changes, two environments, the versions of one object. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ..core.compare import Comparison
from ..core.drift import Drift, What
from ..core.model import Cause, FieldChange, Json, Kind
from .diagnostics import diagnostic_lines
from .fields import Layout, changed_fields, created_fields
from .fit import LIMIT, whole_lines
from .inert import code, fence
from .safe import cells, clean, defuse, pad
from .style import REVIEWED, Style
from .text import UNKNOWN_HISTORY, header

_ID_COLUMN = 30
_REMARK_COLUMN = 51
_ROOM = LIMIT - 5_000
"""For the fields, beside the head of the comment."""
_SYMBOLS = {
    What.CHANGED: "~",
    What.MISSING: "?",
    What.DUPLICATE: "2",
    What.COPY: "=",
    What.MARKER_LOST: "!",
    What.MARKER_DAMAGED: "!",
}
_WORDS = {What.MARKER_LOST: "lost its marker", What.MARKER_DAMAGED: "with a damaged marker"}
_PLURALS = _WORDS | {What.DUPLICATE: "duplicates", What.COPY: "copies"}
_REMARKS = {Cause.MANIFEST: "", Cause.DRIFT: "", Cause.BOTH: "its manifest was changed too, since the last apply"}
_UNKNOWN = _REMARKS | {Cause.BOTH: "which side changed is not on record"}


def drift_text(drift: Drift, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    blocks = [style.strong(header(drift.plan))]
    if not drift.plan.complete:
        blocks.append(style.warning("Only what was chosen was looked at."))
    if drift.items:
        blocks.append("Changed outside since the last apply, as manifest → live:")
        blocks.append("\n".join(_items(drift, style, width)))
    blocks.append("\n".join(line for item in drift.diagnostics for line in diagnostic_lines(item, style)))
    blocks.append("\n".join([*_pending(drift), style.strong(drift_summary(drift))]))
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def drift_markdown(drift: Drift) -> str:
    """For a comment or an issue: the summary as text, the fields in a fence that nothing in them can close."""
    parts = [f"### Drift: {code(header(drift.plan))}", f"**{drift_summary(drift)}**", *_pending(drift)]
    if drift.items:
        lines = defuse("\n".join(_items(drift, Style(), 100))).split("\n")
        shown = whole_lines(lines, _ROOM)
        parts += ["What is live differs from what was applied, as manifest → live:", fence("\n".join(shown), "text")]
        if missing := len(lines) - len(shown):
            parts.append(f"{missing} more line{'' if missing == 1 else 's'}: `retinue drift` shows all of them.")
    return "\n\n".join(parts) + "\n"


def drift_summary(drift: Drift) -> str:
    """`Drift: 1 changed, 1 missing.` or `No drift. 9 objects are as they were last applied.`"""
    if not drift.items:
        count = drift.undrifted
        if not count and drift.accepted:
            return "No drift."
        if not count:
            return f"No drift. This environment owns nothing{'' if drift.plan.complete else ' of what was chosen'}."
        return f"No drift. {count} {'object is as it was' if count == 1 else 'objects are as they were'} last applied."
    counts = Counter(item.what for item in drift.items)
    words = {what: (_WORDS if counts[what] == 1 else _PLURALS).get(what, what.value) for what in What}
    return f"Drift: {', '.join(f'{counts[what]} {words[what]}' for what in What if counts[what])}."


def _pending(drift: Drift) -> Iterator[str]:
    if drift.pending:
        one = len(drift.pending) == 1
        what = "1 object has changes" if one else f"{len(drift.pending)} objects have changes"
        yield f"{what} that come from the manifests alone: `retinue plan` shows them."
    if drift.accepted:
        one = len(drift.accepted) == 1
        what = "1 object is" if one else f"{len(drift.accepted)} objects are"
        its = "its manifest says" if one else "their manifests say"
        yield f"{what} live as {its}, although something else was asked last: the next apply notes that."


def _items(drift: Drift, style: Style, width: int) -> Iterator[str]:
    ids = max([_ID_COLUMN, *(4 + cells(clean(item.address)) + 2 for item in drift.items)])
    unknown = {str(change.address) for change in drift.plan.changes if change.reason in UNKNOWN_HISTORY}
    for item in drift.items:
        remarks = _UNKNOWN if item.address in unknown else _REMARKS
        layout = Layout(width, _REMARK_COLUMN, remarks)
        line = f"{_SYMBOLS[item.what]:>3} {clean(item.address) or '(no address)'}"
        remote_id = clean(item.remote_id or "")
        yield style.changed(line) + (pad(line, ids) + remote_id if remote_id else "")
        kind = drift.plan.kinds.get(item.address.partition("/")[0])
        turned = [replace(field, before=field.after, after=field.before) for field in item.fields]
        yield from changed_fields(turned, kind, layout, style)
        if item.message:
            yield f"      {clean(item.message)}"
        if item.remedy:
            yield f"        {clean(item.remedy)}"


def comparison_text(found: Comparison, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    what = "what is live" if found.live else "as rendered"
    head = style.strong(clean(f"{found.project}: {found.left} → {found.right} ({what})"))
    layout, lines = Layout(width, _ID_COLUMN), list[str]()
    for address in sorted((*found.changed, *found.only_left, *found.only_right)):
        name = clean(str(address))
        if address in found.changed:
            lines.append(f"  {style.changed('~')} {style.strong(name)}")
            lines += changed_fields(found.changed[address], found.kinds.get(address.kind), layout, style)
        else:
            left = address in found.only_left
            sign, where = (style.removed("-"), found.left) if left else (style.added("+"), found.right)
            gap = pad("    " + name, max(_ID_COLUMN, 4 + cells(name) + 2))
            lines.append(f"  {sign} {style.strong(name)}{gap}{style.muted(clean(f'only in {where}'))}")
    # `Diff: 1 differs, 1 only in dev, 4 are the same.` or `No differences. 4 objects are the same.`
    same = f"{found.same} {'object is' if found.same == 1 else 'objects are'} the same"
    parts = [f"{len(found.changed)} {'differs' if len(found.changed) == 1 else 'differ'}"] if found.changed else []
    sides = ((found.only_left, found.left), (found.only_right, found.right))
    parts += [f"{len(only)} only in {clean(where)}" for only, where in sides if only]
    summary = f"Diff: {', '.join([*parts, same])}." if found.differs else f"No differences. {same}."
    blocks = [head, "\n".join(lines), style.strong(summary)]
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def shown_text(shown: Json, where: str, kind: Kind, style: Style) -> str:
    """The object as it is, then each version with what it changed, from its JSON form."""
    lines = [f"{style.strong(clean(shown['address']))}  {clean(shown['remote_id'])}  ({clean(where)})"]
    stated = [FieldChange(f"/{name}", None, value) for name, value in shown["fields"].items()]
    layout = Layout(120, 60)
    lines += created_fields(stated, kind, layout, style)
    lines += ["", *(f"  run by {clean(user)}" for user in shown["users"])] if shown["users"] else []
    if shown["users"] is None:
        lines += ["", "  What runs it cannot be read with this key."]
    if shown["versions"] is None:
        lines += ["", "This service keeps no versions."]
    for version in shown["versions"] or ():
        current = style.strong("  current") if version["current"] else ""
        lines += ["", f"  version {version['version']}  {version['created_at']}{current}"]
        changes = [FieldChange(**item) for item in version["changes"]]
        first = bool(changes) and all(item.before is None for item in changes)
        fields = (created_fields if first else changed_fields)(changes, kind, layout, style)
        lines += fields or ["      no field of a manifest changed"]
    return defuse("\n".join(lines)) + "\n"
