"""The lines under a step: each field with what it was and what it will be. Knows nothing of steps or plans."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ..core.codec import ACCEPTED, published_fields
from ..core.model import MISSING, Cause, Change, FieldChange, Json, Kind, Shape
from ..core.patterns import pattern
from ..core.pointer import split_pointer
from ..core.references import target_of
from .leaves import Leaf, leaves, names
from .safe import cells, clean, cut, pad
from .style import REVIEWED, Style

if TYPE_CHECKING:
    from .textdiff import TextDiff

_LABEL = 17
_WIDEST_LABEL = 48
_INDENT = " " * 6
CAUSES = {
    Cause.MANIFEST: "",
    Cause.DRIFT: "drift: changed outside retinue since the last apply",
    Cause.BOTH: "drift: changed outside retinue since the last apply, and in its manifest",
}

# A text that reads like another kind of value, or whose ends cannot be seen, is quoted.
_UNCLEAR = pattern(r"|true|false|null|yes|no|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|\s.*|.*\s|[\"\[{(].*", re.DOTALL)
_KEY = pattern(r"[\w.$/-]+(?: [\w.$/-]+)*")


class Layout(NamedTuple):
    """Columns: how wide a line may be, and where remarks begin. `most`: see `diff_lines`; `whole`: show `Row.whole`."""

    width: int
    remarks: int
    most: int | None = None
    whole: bool = False


class Row(NamedTuple):
    """One value of a field, on one line: what it was, what it will be, and a text to show instead or besides.

    `diff` tells it line by line; `whole` is a text of which the line holds the beginning. `exact`: what tells a brief
    value from others that look like it.
    """

    label: str
    before: str | None = None
    after: str | None = None
    note: str = ""
    remark: str = ""
    diff: TextDiff | None = None
    column: int = _LABEL
    whole: str = ""
    exact: str = ""


def shown_fields(change: Change) -> tuple[FieldChange, ...]:
    """The published form of a step's fields, and which version serves before and after it."""
    found, versions = published_fields(change), change.serving
    if versions is None or versions.now == versions.then:
        return found
    return (FieldChange("/serves", f"version {versions.now}", f"version {versions.then}"), *found)


def created_rows(fields: Sequence[FieldChange], kind: Kind | None, width: int) -> Iterator[Row]:
    """The fields of a new object, each briefly on one line."""
    for field in fields:
        room = width - len(_INDENT) - _LABEL
        brief = _brief(field.after, _shape(field.path, kind), room)
        is_long = isinstance(field.after, str) and ("\n" in field.after or cells(field.after) > room)
        whole = field.after if is_long else ""
        yield Row(field_name(field.path), note=brief, whole=whole)


def changed_rows(
    fields: Sequence[FieldChange],
    kind: Kind | None,
    width: int,
    causes: Mapping[Cause, str] = CAUSES,
    places: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Row]:
    """The fields of an object that changes: scalars as before and after, long texts as a diff, the rest leaf by leaf.

    `causes`: what is remarked about each cause; `places`: by path, where a field is written.
    """
    for field in fields:
        remark = ", ".join(filter(None, (places.get(field.path), causes[field.cause])))
        label, before, after = field_name(field.path), field.before, field.after
        if before is None and after is None:
            # Only a field that the service never reports can be changed from unknown to unset.
            yield Row(label, note="unset", remark=remark)
        elif field.path == ACCEPTED and isinstance(after, list):
            yield Row(label, note=clean(", ".join(map(str, after))))
        elif isinstance(before, dict | list) or isinstance(after, dict | list):
            yield from _structured(label, leaves(before, after, _shape(field.path, kind)), remark, width)
        else:
            absent = (MISSING if before is None else before, MISSING if after is None else after)
            yield _leaf_row(Leaf(label, *absent), remark, width)


def _structured(label: str, found: Sequence[Leaf], remark: str, width: int) -> Iterator[Row]:
    if not found:
        yield Row(label, note="same value, sent again", remark=remark)
    if remark and len(found) > 1:
        yield Row(label, remark=remark)
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
            row = Row(leaf.path, note=text, remark=remark)
            if cells(leaf.path) + len(_INDENT) + cells(text) + 2 > width:
                row = Row(leaf.path, None, None, head, remark, _diff("\n".join(leaf.before), "\n".join(leaf.after)))
        else:
            row = _leaf_row(leaf, remark, width)
        yield row._replace(column=max(_LABEL, column))


def _leaf_row(leaf: Leaf, remark: str, width: int) -> Row:
    label, before, after = leaf.path, leaf.before, leaf.after
    room = width - len(_INDENT) - max(_LABEL, cells(label) + 2)
    if before is MISSING:
        return Row(label, after=_brief(after, Shape(), max(20, room - 2)), remark=remark, exact=repr(after))
    if after is MISSING:
        return Row(label, before=_brief(before, Shape(), max(20, room - 2)), remark=remark, exact=repr(before))
    texts = isinstance(before, str) and isinstance(after, str)
    # Texts that look alike but differ are written out (`caf\u00e9`).
    alike = texts and _looks_alike(before, after)
    old, new = map(json.dumps if alike else _short, (before, after))
    several = texts and ("\n" in before or "\n" in after) and not alike
    if several or cells(old) + cells(new) + 3 > max(room, 30):
        diff = _diff(*(value if isinstance(value, str) else _short(value) for value in (before, after)))
        note = diff.counted() if max(diff.before_lines, diff.after_lines) > 1 else ""
        return Row(label, None, None, note, remark, diff)
    return Row(label, old, new, remark=remark)


@lru_cache(maxsize=64)
def _diff(before: str, after: str) -> TextDiff:
    from .textdiff import text_diff  # a plan without a changed text needs none of it

    return text_diff(before, after)


def row_lines(rows: Iterable[Row], layout: Layout, style: Style | None) -> Iterator[str]:
    """As lines of a terminal; without a `style` as those of a `diff` fence."""
    paint = style or Style()
    for row in rows:
        line = painted = _INDENT + row.label
        whole = row.whole.split("\n") if layout.whole and row.whole else []
        value = shown = f"{len(whole)} line{'' if len(whole) == 1 else 's'}" if whole else row.note
        if row.before is not None and row.after is not None:
            value = f"{row.before} → {row.after}"
            shown = f"{paint.removed(row.before)} → {paint.added(row.after)}"
        elif row.before is not None:
            shown = paint.removed(value := f"- {row.before}")
        elif row.after is not None:
            shown = paint.added(value := f"+ {row.after}")
        if value:
            gap = pad(line, len(_INDENT) + row.column)
            line, painted = line + gap + value, painted + gap + shown
        painted += remark_after(line, row.remark, layout, paint, below=f"{_INDENT}  ")
        yield painted if style else painted[4:].replace("\n    ", "\n")
        yield from (f"{_INDENT}  {clean(text)}".rstrip() for text in whole)
        if row.diff is not None:
            from .wrapped import diff_lines

            indent = "" if style is None else f"{_INDENT}  "
            for text in diff_lines(row.diff, layout.width - len(indent), style, layout.most):
                yield indent + text


def remark_after(line: str, remark: str, layout: Layout, style: Style, *, below: str = _INDENT) -> str:
    """The remark after a line: on a terminal where it does not fit, on its own line.

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
    """True if two different texts cannot be told apart by eye: another composition, another kind of space."""
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
