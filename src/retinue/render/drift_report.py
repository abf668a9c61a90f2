"""What moved outside, as text and as Markdown: manifest → live, field by field. Shows all of it; decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ..core.drift import Drift, What
from ..core.model import Cause
from .diagnostics import diagnostic_lines
from .fields import Layout, changed_fields
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
_UNKNOWN = "which side changed is not on record"


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
        remarks = {**_REMARKS, Cause.BOTH: _UNKNOWN} if item.address in unknown else _REMARKS
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
