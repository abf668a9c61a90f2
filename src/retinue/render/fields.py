"""The lines under a step: each field with what it was and what it will be. Knows nothing of steps or plans."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from ..core.codec import ACCEPTED, published_fields
from ..core.model import MISSING, Cause, Change, FieldChange, Json, Kind, Shape
from ..core.pointer import split_pointer
from ..core.references import target_of
from ..core.values import dataclass
from .leaves import Leaf, leaves, names
from .safe import cells, clean, cut, pad
from .style import REVIEWED, Style
from .textdiff import diff_lines, text_diff

_LABEL = 17
_WIDEST_LABEL = 48
_INDENT = " " * 6
CAUSES = {
    Cause.MANIFEST: "",
    Cause.DRIFT: "drift: changed outside retinue since the last apply",
    Cause.BOTH: "drift: changed outside retinue since the last apply, and in its manifest",
}

# A text that reads like another kind of value, or whose ends cannot be seen, is quoted.
_UNCLEAR = re.compile(r"|true|false|null|yes|no|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|\s.*|.*\s|[\"\[{(].*", re.DOTALL)
_KEY = re.compile(r"[\w.$/-]+(?: [\w.$/-]+)*")


class Layout(NamedTuple):
    """Columns: how wide a line may be, and where remarks begin; and what is remarked about each cause."""

    width: int
    remarks: int
    causes: Mapping[Cause, str] = CAUSES


@dataclass(frozen=True, slots=True)
class _Row:
    """One line `label value remark` and the lines below it. `painted` is `value` in colour."""

    label: str
    value: str
    painted: str
    remark: str = ""
    below: tuple[str, ...] = ()
    column: int = _LABEL


def shown_fields(change: Change) -> tuple[FieldChange, ...]:
    """What a plan publishes of a step's fields, and which version serves before and after it."""
    found, versions = published_fields(change), change.serving
    if versions is None or versions.now == versions.then:
        return found
    return (FieldChange("/serves", f"version {versions.now}", f"version {versions.then}"), *found)


def created_fields(fields: Sequence[FieldChange], kind: Kind | None, layout: Layout, style: Style) -> list[str]:
    """The fields of a new object, each briefly on one line."""
    rows = []
    for field in fields:
        label, shape = field_name(field.path), _shape(field.path, kind)
        value = _brief(field.after, shape, layout.width - len(_INDENT) - _LABEL)
        rows.append(_Row(label, value, value))
    return _laid_out(rows, layout, style)


def changed_fields(fields: Sequence[FieldChange], kind: Kind | None, layout: Layout, style: Style) -> list[str]:
    """The fields of an object that changes: scalars as `a → b`, long texts as a diff, the rest leaf by leaf."""
    rows = [row for field in fields for row in _rows(field, _shape(field.path, kind), layout, style)]
    return _laid_out(rows, layout, style)


def _rows(field: FieldChange, shape: Shape, layout: Layout, style: Style) -> Iterator[_Row]:
    label, remark = field_name(field.path), layout.causes[field.cause]
    before, after = field.before, field.after
    if before is None and after is None:
        # Only a field that the service never reports can be changed from unknown to unset.
        yield _Row(label, "unset", style.removed("unset"), remark)
    elif field.path == ACCEPTED and isinstance(after, list):
        yield _Row(label, taken := clean(", ".join(map(str, after))), taken)
    elif isinstance(before, dict | list) or isinstance(after, dict | list):
        yield from _structured(label, leaves(before, after, shape), remark, layout, style)
    else:
        absent = (MISSING if before is None else before, MISSING if after is None else after)
        yield _leaf_row(Leaf(label, *absent), remark, layout, style)


def _structured(label: str, found: Sequence[Leaf], remark: str, layout: Layout, style: Style) -> Iterator[_Row]:
    if not found:
        yield _Row(label, "same value, sent again", style.muted("same value, sent again"), remark)
    if remark and len(found) > 1:
        yield _Row(label, "", "", remark)
        remark = ""
    paths = [clean(leaf.path) for leaf in found]
    paths = [label + (path if path[:1] in ("", "[") else f".{path}") for path in paths]
    named = [leaf._replace(path=path) for leaf, path in zip(found, paths, strict=True)]
    column = min(max((cells(leaf.path) + 2 for leaf in named), default=0), _WIDEST_LABEL)
    for leaf in named:
        if leaf.reordered:
            # The same items in another order; many of them one to a line.
            head = "only the order changes" if len(found) == 1 else "the order changes"
            text = f"{head}: " + " → ".join(", ".join(map(clean, side)) for side in (leaf.before, leaf.after))
            row = _Row(leaf.path, text, text, remark)
            if cells(leaf.path) + len(_INDENT) + cells(text) + 2 > layout.width:
                row = _diff(leaf.path, "\n".join(leaf.before), "\n".join(leaf.after), remark, style)
                row = replace(row, value=head, painted=head)
        else:
            row = _leaf_row(leaf, remark, layout, style)
        yield replace(row, column=max(_LABEL, column))


def _leaf_row(leaf: Leaf, remark: str, layout: Layout, style: Style) -> _Row:
    room = layout.width - len(_INDENT) - max(_LABEL, cells(leaf.path) + 2)
    if leaf.before is MISSING or leaf.after is MISSING:
        added = leaf.before is MISSING
        text = _brief(leaf.after if added else leaf.before, Shape(), max(20, room - 2))
        sign, paint = ("+", style.added) if added else ("-", style.removed)
        return _Row(leaf.path, f"{sign} {text}", paint(f"{sign} {text}"), remark)
    before, after = leaf.before, leaf.after
    texts = isinstance(before, str) and isinstance(after, str)
    # What looks alike but is not is written out (`caf\u00e9`).
    alike = texts and _looks_alike(before, after)
    old, new = map(json.dumps if alike else _short, (before, after))
    several = texts and ("\n" in before or "\n" in after) and not alike
    if several or cells(old) + cells(new) + 3 > max(room, 30):
        sides = (value if isinstance(value, str) else _short(value) for value in (before, after))
        return _diff(leaf.path, *sides, remark, style)
    return _Row(leaf.path, f"{old} → {new}", f"{style.removed(old)} → {style.added(new)}", remark)


@lru_cache(maxsize=64)
def _diff(label: str, before: str, after: str, remark: str, style: Style) -> _Row:
    diff = text_diff(before, after)
    total, changed = max(diff.before_lines, diff.after_lines), diff.removed + diff.added
    lines = diff_lines(diff, style)
    if total == 1:
        count = ""
        lines = [line.removeprefix("1 ") for line in lines]
    elif changed > total:
        count = f"{total} lines, {diff.removed} removed, {diff.added} added"
    else:
        count = f"{changed} of {total} lines"
    return _Row(label, count, count, remark, tuple(lines))


def _laid_out(rows: Sequence[_Row], layout: Layout, style: Style) -> list[str]:
    lines = []
    for row in rows:
        line = painted = _INDENT + row.label
        if row.value:
            gap = pad(line, len(_INDENT) + row.column)
            line, painted = line + gap + row.value, painted + gap + row.painted
        lines.append(painted + remark_after(line, row.remark, layout, style, below=f"{_INDENT}  "))
        lines.extend(f"{_INDENT}  {text}" for text in row.below)
    return lines


def remark_after(line: str, remark: str, layout: Layout, style: Style, *, below: str = _INDENT) -> str:
    """What goes behind a line for its remark: on a terminal where it does not fit, a line of its own.

    `below`: how far that is indented.
    """
    if not remark:
        return ""
    gap = pad(line, layout.remarks)
    if layout.width != REVIEWED and cells(line) + len(gap) + cells(remark) > layout.width:
        return f"\n{below}{style.muted(remark)}"
    return gap + style.muted(remark)


def field_name(path: str) -> str:
    """`/temperature` as `temperature`; what is retinue's own loses its prefix too."""
    return clean(".".join(split_pointer(path.removeprefix("/retinue") if path.startswith("/retinue/") else path)))


def _shape(path: str, kind: Kind | None) -> Shape:
    field = kind.fields.get(path[1:]) if kind else None
    return field.shape if field else Shape()


# --- values as texts of one line; a cut is marked


def _short(value: Json) -> str:
    """Any value on one line, whole: text plain where that is clear, lists and objects in YAML's flow style."""
    if value is None:
        return "null"
    if value is MISSING:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if (address := target_of(value)) is not None:
        return clean(str(address))
    if isinstance(value, dict):
        plain = {key: key if key.isascii() and _KEY.fullmatch(key) else _quoted(key) for key in value}
        inner = (f"{plain[key]}: {_nested(item)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    return _quoted(value) if _UNCLEAR.fullmatch(value) else clean(value)


def _looks_alike(before: str, after: str) -> bool:
    """Whether two different texts cannot be told apart by eye: another composition, another kind of space."""
    return before != after and unicodedata.normalize("NFKC", before) == unicodedata.normalize("NFKC", after)


def _brief(value: Json, shape: Shape, width: int) -> str:
    """A value within `width` columns: a long text by its first line, a list of tools by their names."""
    if isinstance(value, str) and "\n" in value:
        count = f" ({value.count(chr(10)) + 1} lines)"
        first = next((line for line in value.split("\n") if line.strip()), "")
        return cut(clean(first.strip()), max(10, width - len(count))) + count
    known = names(value, shape) if isinstance(value, list) else None
    if known:
        return cut(clean(", ".join(known)), width)
    if isinstance(value, dict) and len(value) > 1 and "type" in value:
        # `json_schema triage` for `{type: json_schema, json_schema: {name: triage, …}}`.
        inner = value.get(str(value["type"]))
        name = inner.get("name") if isinstance(inner, dict) else None
        return cut(f"{_short(value['type'])} {_short(name)}" if name is not None else _short(value), width)
    return cut(_short(value[: 4 * width] if isinstance(value, str) else value), width)


def _quoted(text: str) -> str:
    return clean(json.dumps(text, ensure_ascii=False))


def _nested(value: Json) -> str:
    if isinstance(value, str) and re.search(r"[,:\[\]{}]", value):
        return _quoted(value)
    return _short(value)
