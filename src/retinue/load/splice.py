"""Edits of single values in a YAML or JSON text: what to put where. Changes nothing; refuses what it cannot do exactly.

An edit keeps comments, quoting, indentation and everything else around the value. Whether the result means what it
should, the caller finds out by reading it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..core.canonical import plain
from ..core.model import Json
from .emit import to_yaml
from .spans import MAP, SCALAR, SEQ, Node

_ENDLESS = 2**31
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class Edit(NamedTuple):
    """Replace the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class Unsafe(Exception):
    """The reason why a value cannot be edited in place; it follows "not written: "."""


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits. Raises Unsafe where two of them want the same characters."""

    def order(edit: Edit) -> tuple[int, int, int, bool]:
        """New lines for one place: those of inner values first, and items of a list before the key that follows it."""
        lines = edit.text.lstrip("\n")
        return (edit.start, edit.end, len(lines.lstrip(" ")) - len(lines), not lines.lstrip(" ").startswith("- "))

    result, position = [], 0
    for edit in sorted(dict.fromkeys(edits), key=order):
        if edit.start < position:
            raise Unsafe("different live values belong in the same place of a file")
        result += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*result, text[position:]])


def replaced(text: str, node: Node, value: Json, *, is_json: bool, trims: bool) -> Edit:
    """Another value in the place of this one. `trims`: newlines at the end of a text do not count."""
    if node.marked or node.what not in (SCALAR, MAP, SEQ):
        raise Unsafe("an anchor, an alias or a tag stands here, which other values may share")
    if node.what == SCALAR and node.style in ("|", ">"):
        return _block(text, node, value, trims=trims)
    if node.what != SCALAR:
        # A collection is rewritten only where nothing but its values can be lost.
        written = text[node.start : node.end] + ("" if node.flow else text[node.end :].partition("\n")[0])
        if re.search(r"#|\$\{|(?:^|[\s\[{,])[&*]\w|\bfile\b", written):
            raise Unsafe("comments, variables or includes would be lost here")
    elif "\n" in text[node.start : node.end]:
        raise Unsafe("the text runs over several lines here, and its layout cannot be kept")
    if node.flow or is_json or (not isinstance(value, dict | list) and not (isinstance(value, str) and "\n" in value)):
        gap = " " if node.start == node.end and text[node.start - 1 : node.start] in (":", "-") else ""
        return Edit(node.start, node.end, gap + _inline(value, node, is_json=is_json))
    # A value that takes lines of its own replaces what follows a key, or an item of a list.
    parent = node.parent
    if text[node.end :].partition("\n")[0].strip():
        raise Unsafe("a comment stands where the lines of the live value would go")
    if parent is not None and parent.what == SEQ and isinstance(value, dict):
        return Edit(node.start, node.end, _indented(to_yaml(value, _ENDLESS), node.column - 1).strip())
    if parent is None or parent.what != MAP:
        raise Unsafe("the live value takes several lines, for which there is no room here")
    key = parent.keys[parent.children.index(node)]
    if "#" in text[key.end : node.start]:
        raise Unsafe("a comment stands where the lines of the live value would go")
    lines = _indented(to_yaml({"k": value}, _ENDLESS), key.column - 1).rstrip("\n")
    return Edit(key.end, node.end, lines.lstrip(" ").removeprefix("k"))


def inserted(text: str, node: Node, key: str, value: Json, *, is_json: bool, before: Sequence[str] = ()) -> Edit:
    """A new key at the end of a mapping, but above the keys named in `before`."""
    if node.what != MAP or node.marked:
        raise Unsafe("there is no plain mapping here to add a key to")
    if node.flow:
        # In quotes unless it is a word.
        shown = to_yaml({key: 0}, _ENDLESS).removesuffix(": 0\n")
        shown = _compact(key) if is_json or not re.fullmatch(r"[\w.-]+", shown) else shown
        return _into_brackets(text, node, f"{shown}: {_compact(value)}", node.keys)
    places = [index for index, name in enumerate(node.keys) if name.text not in before]
    after = places[-1] if places else 0
    lines = _indented(to_yaml({key: value}, _ENDLESS), node.keys[0].column - 1)
    return _after_line(text, node.children[after], node.keys[after], lines)


def removed(text: str, node: Node, key: str) -> Edit:
    index = next(number for number, name in enumerate(node.keys) if name.text == key)
    return _without(text, node, index, node.keys[index].start, node.keys)


def item_added(text: str, node: Node, after: int, value: Json) -> Edit:
    """A new item behind the item with the number `after`; -1 puts it first."""
    if node.what != SEQ or node.marked:
        raise Unsafe("there is no plain list here to add an item to")
    if node.flow:
        if after != len(node.children) - 1:
            raise Unsafe("an item was added between others in a list that is written in brackets")
        return _into_brackets(text, node, _compact(value), node.children)
    lines = _indented(to_yaml({"k": [value]}, _ENDLESS).partition("\n")[2], node.column - 1 - 2)
    return _item_lines(text, node, after, lines)


def _item_lines(text: str, node: Node, after: int, lines: str) -> Edit:
    if after >= 0:
        return _after_line(text, node.children[after], None, lines)
    first = text.rfind("\n", 0, node.start) + 1
    if text[first : node.start].strip():
        raise Unsafe("an item was added before the first one, on whose line something else stands")
    return Edit(first, first, lines)


def item_moved(text: str, node: Node, index: int, after: int) -> Edit:
    """The lines of an item once more, comments and all, behind the item with the number `after`; -1 puts them first."""
    if node.what != SEQ or node.marked or node.flow:
        raise Unsafe("the items have another order in a list that is not written line by line")
    first, stop = _lines(text, text.rindex("-", 0, node.children[index].start), node.children[index].end)
    return _item_lines(text, node, after, text[first:stop].removesuffix("\n") + "\n")


def item_removed(text: str, node: Node, index: int, *, moved: bool = False) -> Edit:
    """A list without one of its items. `moved`: which stands elsewhere by another edit."""
    if node.what != SEQ or node.marked:
        raise Unsafe("there is no plain list here to take an item from")
    start = node.children[index].start
    start = start if node.flow else text.rindex("-", 0, start)
    return _without(text, node, index, start, node.children, keeps_comments=moved)


def _inline(value: Json, node: Node, *, is_json: bool) -> str:
    if not isinstance(value, str) or is_json:
        return _compact(value)
    if node.style == "'" and not _HIDDEN.search(value) and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    if node.style == '"' or "\n" in value:
        return _compact(value)
    shown = to_yaml({"k": value}, _ENDLESS).removeprefix("k: ").removesuffix("\n")
    return _compact(value) if "\n" in shown or (node.flow and re.search(r"[,\[\]{}:#]", shown)) else shown


def _compact(value: Json) -> str:
    """JSON, which is YAML too, with what no file should hold as escapes."""
    text = json.dumps(plain(value), ensure_ascii=False)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _block(text: str, node: Node, value: Json, *, trims: bool) -> Edit:
    """The lines of a literal block; its header stays, unless another one is needed for the same text."""
    header, _, body = text[node.start : node.end].partition("\n")
    found = re.fullmatch(r"\|([-+]?)(\s+#.*)?", header.rstrip())
    if found is None or node.style == ">":
        raise Unsafe("the text is folded or has an indentation of its own here, which cannot be kept")
    if not isinstance(value, str) or not value.strip() or _HIDDEN.search(value):
        raise Unsafe("the live value cannot be written as the block of lines that stands here")
    lines = value.rstrip("\n").split("\n")
    if next(line for line in lines if line.strip())[0] in " \t":
        raise Unsafe("the live text begins with white space, which a block of lines cannot show")
    ends = len(value) - len(value.rstrip("\n"))
    chomp = found[1] if trims and found[1] != "+" else {0: "-", 1: ""}.get(ends)
    if chomp is None or found[1] == "+":
        raise Unsafe("the number of empty lines at the end counts here")
    first = next((line for line in body.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    shown = "\n".join(indent + line if line else "" for line in lines)
    return Edit(node.start, node.end, f"|{chomp}{found[2] or ''}\n{shown}")


def _indented(lines: str, by: int) -> str:
    """Every line that is not empty with so many spaces more (or fewer, if negative)."""
    more = " " * by
    split = lines.splitlines(keepends=True)
    return "".join(more + line.removeprefix(" " * -by) if line.strip() else line for line in split)


def _after_line(text: str, value: Node, key: Node | None, lines: str) -> Edit:
    """New lines below the one in which a value (or, where it is empty, its key) ends."""
    end = max(value.end, key.end if key else 0)
    stop = text.find("\n", end)
    if stop < 0:
        return Edit(len(text), len(text), "\n" + lines.rstrip("\n"))
    return Edit(stop + 1, stop + 1, lines)


def _into_brackets(text: str, node: Node, new: str, starts: Sequence[Node]) -> Edit:
    """Behind the last entry of a mapping or a list in brackets, laid out as the entries before."""
    if not node.children:
        return Edit(node.start, node.end, text[node.start] + new + text[node.end - 1])
    if len(starts) > 1:
        gap = text[node.children[-2].end : starts[-1].start].partition(",")[2]
    else:
        gap = text[node.start + 1 : starts[0].start] if "\n" in text[node.start : starts[0].start] else " "
    if gap.strip():
        raise Unsafe("a comment stands between the entries here")
    return Edit(node.children[-1].end, node.children[-1].end, f",{gap}{new}")


def _without(
    text: str, node: Node, index: int, start: int, starts: Sequence[Node], *, keeps_comments: bool = False
) -> Edit:
    """The entry that begins at `start`, with the comma or the lines that belong to it."""
    if node.marked or len(node.children) < 2:
        raise Unsafe("nothing would be left of what stands around it")
    child = node.children[index]
    if not keeps_comments and _has_comment_lines(text, start, child):
        raise Unsafe("comments would be lost with it")
    if node.flow:
        left, right = (node.children[index - 1].end, child.end) if index else (start, starts[1].start)
        if "#" in text[left:start] + text[child.end : right]:
            raise Unsafe("a comment stands between the entries here")
        return Edit(left, right, "")
    first, stop = _lines(text, start, child.end)
    return Edit(first if text[:stop].endswith("\n") else max(first - 1, 0), stop, "")


def _lines(text: str, start: int, end: int) -> tuple[int, int]:
    """From the beginning of the line in which an entry starts to the end of that in which it ends."""
    first = text.rfind("\n", 0, start) + 1
    if text[first:start].strip():
        raise Unsafe("it stands on a line with something else")
    return first, text.find("\n", end) + 1 or len(text)


def _has_comment_lines(text: str, start: int, node: Node) -> bool:
    """True if a comment has its own line from `start` to the end of a value. One behind a value goes with it."""
    leaves = [part for part in node.all() if not part.children and part.what not in (MAP, SEQ)]
    keys = (key for part in node.all() for key in part.keys)
    position, gaps = start, []
    for part in sorted((*leaves, *keys), key=lambda item: item.start):
        gaps.append(text[position : part.start])
        position = part.end
    return any(line.lstrip().startswith("#") for line in "_".join([*gaps, text[position : node.end]]).split("\n")[1:])
