"""Two environments side by side, as text. Shows all of it; decides nothing."""

from __future__ import annotations

from ..core.compare import Comparison
from .fields import Layout, changed_fields
from .safe import cells, clean, defuse, pad
from .style import REVIEWED, Style

_REMARK_COLUMN = 30


def comparison_text(found: Comparison, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    what = "what is live" if found.live else "as rendered"
    head = style.strong(clean(f"{found.project}: {found.left} → {found.right} ({what})"))
    layout, lines = Layout(width, _REMARK_COLUMN), list[str]()
    for address in sorted((*found.changed, *found.only_left, *found.only_right)):
        name = clean(str(address))
        if address in found.changed:
            lines.append(f"  {style.changed('~')} {style.strong(name)}")
            lines += changed_fields(found.changed[address], found.kinds.get(address.kind), layout, style)
        else:
            left = address in found.only_left
            sign, where = (style.removed("-"), found.left) if left else (style.added("+"), found.right)
            gap = pad("    " + name, max(_REMARK_COLUMN, 4 + cells(name) + 2))
            lines.append(f"  {sign} {style.strong(name)}{gap}{style.muted(clean(f'only in {where}'))}")
    blocks = [head, "\n".join(lines), style.strong(_summary(found))]
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def _summary(found: Comparison) -> str:
    """`Diff: 1 differs, 1 only in dev, 4 are the same.` or `No differences. 4 objects are the same.`"""
    same = f"{found.same} {'object is' if found.same == 1 else 'objects are'} the same"
    if not found.differs:
        return f"No differences. {same}."
    parts = [f"{len(found.changed)} {'differs' if len(found.changed) == 1 else 'differ'}"] if found.changed else []
    parts += [f"{len(found.only_left)} only in {clean(found.left)}"] if found.only_left else []
    parts += [f"{len(found.only_right)} only in {clean(found.right)}"] if found.only_right else []
    return f"Diff: {', '.join([*parts, same])}."
