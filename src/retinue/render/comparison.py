"""Two environments side by side, as text. Shows all of it; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.compare import Comparison
from ..core.model import Address
from .fields import Layout, changed_fields
from .safe import cells, clean, defuse, pad
from .style import REVIEWED, Style

_REMARK_COLUMN = 30


def comparison_text(found: Comparison, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    what = "what is live" if found.live else "as rendered"
    head = style.strong(clean(f"{found.project}: {found.left} → {found.right} ({what})"))
    blocks = [head, "\n".join(_items(found, style, width)), style.strong(_summary(found))]
    return defuse("\n\n".join(block for block in blocks if block)) + "\n"


def _items(found: Comparison, style: Style, width: int) -> Iterator[str]:
    layout = Layout(width, _REMARK_COLUMN)
    for address in sorted((*found.changed, *found.only_left, *found.only_right)):
        if address in found.changed:
            yield f"  {style.changed('~')} {style.strong(clean(str(address)))}"
            yield from changed_fields(found.changed[address], found.kinds.get(address.kind), layout, style)
        elif address in found.only_left:
            yield _alone(address, style.removed("-"), found.left, style)
        else:
            yield _alone(address, style.added("+"), found.right, style)


def _alone(address: Address, symbol: str, environment: str, style: Style) -> str:
    name = clean(str(address))
    gap = pad("    " + name, max(_REMARK_COLUMN, 4 + cells(name) + 2))
    return f"  {symbol} {style.strong(name)}{gap}{style.muted(clean(f'only in {environment}'))}"


def _summary(found: Comparison) -> str:
    """`Diff: 1 differs, 1 only in dev, 4 are the same.` or `No differences. 4 objects are the same.`"""
    same = f"{found.same} {'object is' if found.same == 1 else 'objects are'} the same"
    if not found.differs:
        return f"No differences. {same}."
    parts = [f"{len(found.changed)} {'differs' if len(found.changed) == 1 else 'differ'}"] if found.changed else []
    parts += [f"{len(found.only_left)} only in {clean(found.left)}"] if found.only_left else []
    parts += [f"{len(found.only_right)} only in {clean(found.right)}"] if found.only_right else []
    return f"Diff: {', '.join([*parts, same])}."
