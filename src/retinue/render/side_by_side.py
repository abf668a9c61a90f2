"""Differences, field by field: outside changes, two environments, the versions of one object. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..core.compare import Comparison
from ..core.drift import Drift, What
from ..core.model import FieldChange, Json, Kind
from .diagnostics import diagnostic_lines
from .entries import entry_lines, of_comparison, of_drift
from .fields import Layout, changed_rows, created_rows, row_lines
from .safe import clean, defuse
from .style import REVIEWED, Style
from .text import header

_WORDS = {What.MARKER_LOST: "lost its marker", What.MARKER_DAMAGED: "with a damaged marker"}
_PLURALS = _WORDS | {What.DUPLICATE: "duplicates", What.COPY: "copies"}


def drift_text(drift: Drift, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    blocks = [style.strong(header(drift.plan))]
    if not drift.plan.complete:
        blocks.append(style.warning("Only the chosen objects were checked."))
    if drift.items:
        blocks.append("Changed outside since the last apply, as manifest → live:")
        blocks.append("\n".join(entry_lines(of_drift(drift), style, width)))
    blocks.append("\n".join(line for item in drift.diagnostics for line in diagnostic_lines(item, style)))
    blocks.append("\n".join([*drift_notes(drift), style.strong(drift_summary(drift))]))
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


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


def drift_notes(drift: Drift) -> Iterator[str]:
    """Other changes that a plan of the same manifests would show."""
    if drift.pending:
        one = len(drift.pending) == 1
        what = "1 object has changes" if one else f"{len(drift.pending)} objects have changes"
        yield f"{what} that come from the manifests alone: `retinue plan` shows them."
    if drift.accepted:
        one = len(drift.accepted) == 1
        what = "1 object is" if one else f"{len(drift.accepted)} objects are"
        its = "its manifest says" if one else "their manifests say"
        yield f"{what} live as {its}, although the last apply asked for something else: the next one notes that."


def comparison_text(found: Comparison, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    listed = "\n".join(entry_lines(of_comparison(found), style, width))
    blocks = [style.strong(comparison_head(found)), listed, style.strong(comparison_summary(found))]
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def comparison_head(found: Comparison) -> str:
    """`demo: dev → prod (as rendered)`."""
    what = "what is live" if found.live else "as rendered"
    return clean(f"{found.project}: {found.left} → {found.right} ({what})")


def comparison_summary(found: Comparison) -> str:
    """`Diff: 1 differs, 1 only in dev, 4 are the same.` or `No differences. 4 objects are the same.`"""
    same = f"{found.same} {'object is' if found.same == 1 else 'objects are'} the same"
    parts = [f"{len(found.changed)} {'differs' if len(found.changed) == 1 else 'differ'}"] if found.changed else []
    sides = ((found.only_left, found.left), (found.only_right, found.right))
    parts += [f"{len(only)} only in {clean(where)}" for only, where in sides if only]
    return f"Diff: {', '.join([*parts, same])}." if found.differs else f"No differences. {same}."


def shown_text(shown: Json, where: str, kind: Kind, style: Style) -> str:
    """The object as it is, then each version with what it changed, from its JSON form."""
    lines = [f"{style.strong(clean(shown['address']))}  {clean(shown['remote_id'])}  ({clean(where)})"]
    stated = [FieldChange(f"/{name}", None, value) for name, value in shown["fields"].items()]
    width = 120
    layout = Layout(width, 60)
    lines += row_lines(created_rows(stated, kind, width), layout._replace(whole=True), style)
    lines += ["", *(f"  run by {clean(user)}" for user in shown["users"])] if shown["users"] else []
    if shown["users"] is None:
        lines += ["", "  This key cannot read what runs it."]
    if shown["versions"] is None:
        lines += ["", "This service keeps no versions."]
    for version in shown["versions"] or ():
        current = style.strong("  current") if version["current"] else ""
        lines += ["", f"  version {version['version']}  {version['created_at']}{current}"]
        changes = [FieldChange(**item) for item in version["changes"]]
        first = bool(changes) and all(item.before is None for item in changes)
        rows = (created_rows if first else changed_rows)(changes, kind, width)
        lines += [*row_lines(rows, layout, style)] or ["      no field of a manifest changed"]
    return defuse("\n".join(lines)) + "\n"
