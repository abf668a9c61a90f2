"""Where two structured values of a field differ, leaf by leaf, with paths that people can read.

Both sides are compared in canonical form, so that a default never shows as a change. Lists become maps first, keyed by
what identifies an item, so that one new tool does not shift all tools after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..core.canonical import Shared, canonical_value, same
from ..core.model import MISSING, Json, Shape
from ..core.patterns import pattern
from ..core.references import target_of

_MOST_LEAVES = 8
_PLAIN_KEY = pattern(r"[^\s.\[\]]+( [^\s.\[\]]+)*")


class Leaf(NamedTuple):
    """One difference; MISSING on a side: not there. With `reordered` the sides are lists of the same names."""

    path: str
    before: Json
    after: Json
    reordered: bool = False


class Item(NamedTuple):
    """The key of a list's item in the map that the list became.

    `form`: `named` by type and name, `bare` where the name is the item itself, `placed` where only its place tells it,
    `holder` where it is told by what it refers to; what else it says of that is left out where it is shown as a whole.
    """

    name: str
    form: str


class _Items(dict[Item, Json]):
    """A list as a map. A type of its own, so that an empty list is never an empty object."""


_Path = tuple[Any, ...]


def leaves(before: Json, after: Json, shape: Shape) -> list[Leaf]:
    """The differing leaves of two values of a field, sorted by path; a leaf with path "" is the whole value."""
    one, two = _comparable(before, shape), _comparable(after, shape)
    if isinstance(one, Shared) and isinstance(two, Shared):
        # Where many objects have the same tools and one of these changes, it is the same change.
        key = (leaves, id(two), shape)
        if key not in one.notes:
            one.notes[key] = two, _leaves(before, after, one, two, shape)
        return list(one.notes[key][1])
    return _leaves(before, after, one, two, shape)


def _leaves(before: Json, after: Json, one: Json, two: Json, shape: Shape) -> list[Leaf]:
    defaults: dict[_Path, Json] = {}
    old, new = _keyed_sides(one, two, shape, defaults)
    if type(old) is not type(new) or not isinstance(old, dict):
        return [] if same(old, new) and type(old) is type(new) else [Leaf("", _as_json(old), _as_json(new))]
    try:
        # Slow to import and to run, so only here: for the few fields that are known to differ.
        from deepdiff import DeepDiff

        tree = DeepDiff(*_differing(old, new), view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0)
        paths = [tuple(level.path(output_format="list")) for levels in tree.values() for level in levels]
    except RecursionError:
        return [Leaf("", _as_json(old), _as_json(new))]
    found = [leaf for path in paths for leaf in _leaf(path, old, new, defaults)]
    found.extend(_reordered((), old, new))
    if isinstance(before, str) or isinstance(after, str):
        # A word such as `auto` was read as the type of an object, which it is not: it stands for the whole.
        found = [leaf._replace(path="") if leaf.path == "type" else leaf for leaf in found]
    return sorted(found, key=lambda leaf: (leaf.path, leaf.reordered, _text(leaf.before), _text(leaf.after)))


def _differing(old: dict[Any, Json], new: dict[Any, Json]) -> tuple[dict[Any, Json], dict[Any, Json]]:
    """Both sides without what they share: of 128 tools mostly one differs."""
    one, two = type(old)(), type(new)()
    for key, before in old.items():
        if key not in new:
            one[key] = before
            continue
        after = new[key]
        if type(before) is type(after):
            if isinstance(before, dict):
                before, after = _differing(before, after)
                if not before and not after:
                    continue
            elif before == after:
                continue
        one[key], two[key] = before, after
    two.update({key: after for key, after in new.items() if key not in old})
    return one, two


def names(value: Json, shape: Shape) -> list[str] | None:
    """The keys of the items of a list of objects with a type or a file; None for any other value."""
    items = shape.items
    if items is None or (items.by_type is None and _referring(items) is None):
        return None
    short = canonical_value(value, shape)
    return [key.name for key, _, _ in _keys(short, items)] if isinstance(short, list) else None


def _comparable(value: Json, shape: Shape) -> Json:
    short = canonical_value(value, shape)
    if short is MISSING:
        short = shape.default
    if isinstance(short, str) and shape.by_type is not None:
        short = {"type": short}
    return short


def _keyed_sides(old: Json, new: Json, shape: Shape, defaults: dict[_Path, Json]) -> tuple[Json, Json]:
    """Both sides as `_keyed`. Of items that both lists hold the key is enough: of 128 tools mostly one differs."""
    if not isinstance(old, list) or not isinstance(new, list):
        return _keyed(old, shape, (), defaults), _keyed(new, shape, (), defaults)
    items = shape.items or Shape()
    one, two = (
        {key: (item, content, inner) for item, (key, content, inner) in zip(side, _keys(side, items), strict=True)}
        for side in (old, new)
    )
    both = {key for key, (item, *_) in one.items() if key in two and same(item, two[key][0])}
    old, new = (
        _Items(
            (key, None if key in both else _keyed(content, inner, (key,), defaults))
            for key, (_, content, inner) in side.items()
        )
        for side in (one, two)
    )
    return old, new


def _keyed(value: Json, shape: Shape, path: _Path, defaults: dict[_Path, Json]) -> Json:
    """`value` with every list as a map from `Item` to item; what absent members default to goes to `defaults`."""
    if isinstance(value, dict):
        shape = (shape.by_type or {}).get(str(value.get("type")), shape)
        members = shape.properties or {}
        scalars = {key: sub.default for key, sub in members.items() if not isinstance(sub.default, dict | list | None)}
        defaults.update({(*path, key): default for key, default in scalars.items() if default is not MISSING})
        rest = shape.values or Shape()
        return {key: _keyed(item, members.get(key, rest), (*path, key), defaults) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    keys = _keys(value, shape.items or Shape())
    return _Items((key, _keyed(content, inner, (*path, key), defaults)) for key, content, inner in keys)


def _keys(items: list[Json], shape: Shape) -> Iterator[tuple[Item, Json, Shape]]:
    """As `_identified` for each item, every key once."""
    seen: set[Item] = set()
    for place, item in enumerate(items):
        key, content, inner = _identified(item, place, shape)
        name, count = key.name, 1
        while key in seen:
            count += 1
            key = Item(f"{name} #{count}", key.form)
        seen.add(key)
        yield key, content, inner


def _identified(item: Json, place: int, shape: Shape) -> tuple[Item, Json, Shape]:
    """The key of a list's item, what is left to compare under it, and the shape of that."""
    if isinstance(item, dict) and shape.by_type is not None:
        return _typed(item, shape.by_type)
    if shape.refers is not None and (address := target_of(item)) is not None:
        return Item(str(address), "bare"), str(address), Shape()
    member = _referring(shape)
    if isinstance(item, dict) and member is not None:
        address = target_of(item.get(member))
        rest = {key: part for key, part in item.items() if key != member}
        return Item(_text(item.get(member)) if address is None else str(address), "holder"), rest, shape
    placed = isinstance(item, dict | list)
    return Item(f"[{place}]", "placed") if placed else Item(_text(item), "bare"), item, shape


def _referring(shape: Shape) -> str | None:
    """The member by which an item refers to another object."""
    return next((key for key, sub in (shape.properties or {}).items() if sub.refers is not None), None)


def _typed(item: dict[str, Json], by_type: Mapping[str, Shape]) -> tuple[Item, Json, Shape]:
    """`{type: function, function: {name: x, …}}` is known as `function x`, and its own members follow directly."""
    word = str(item.get("type"))
    shape = by_type.get(word, Shape())
    member = (shape.properties or {}).get(word)
    content, inner = {key: part for key, part in item.items() if key != "type"}, item.get(word)
    if set(content) <= {word} and (isinstance(inner, dict) or (inner is None and member)):
        content, shape = dict(inner or {}), member or Shape()
    name = content.pop("name", None)
    return Item(word if name is None else f"{word} {_text(name)}", "named"), content, shape


def _at(value: Json, path: _Path) -> Json:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def _leaf(path: _Path, old: Json, new: Json, defaults: Mapping[_Path, Json]) -> Iterator[Leaf]:
    before, after = (_at(side, path) for side in (old, new))
    if before is not MISSING and after is not MISSING:
        yield Leaf(_readable(path), _as_json(before), _as_json(after))
        return
    present = after if before is MISSING else before
    if path in defaults:
        other = defaults[path]
        sides = [(path, other, present)] if before is MISSING else [(path, present, other)]
    else:
        branches = _branches(path, present)
        sides = [(way, MISSING, value) if before is MISSING else (way, value, MISSING) for way, value in branches]
    yield from (Leaf(_readable(way), one, two) for way, one, two in sides)


def _branches(path: _Path, value: Json) -> list[tuple[_Path, Json]]:
    """Entries for a value on one side only: an item of a list as a whole, a small object leaf by leaf."""
    last = path[-1]
    if isinstance(last, Item):
        return [(path if last.form == "placed" else path[:-1], _item(last, _as_json(value)))]
    ways = list(_paths(path, value))
    if len(ways) > _MOST_LEAVES:
        return [(path, _as_json(value))]
    return [(way, _as_json(_at(value, way[len(path) :]))) for way in ways]


def _paths(path: _Path, value: Json) -> Iterator[_Path]:
    if isinstance(value, dict) and value and not isinstance(value, _Items):
        for key, item in value.items():
            yield from _paths((*path, key), item)
    else:
        yield path


def _reordered(path: _Path, old: Json, new: Json) -> Iterator[Leaf]:
    """Lists that hold the same items in another order; items that only one side has do not count."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    before = [key for key in old if isinstance(key, Item) and key in new]
    after = [key for key in new if isinstance(key, Item) and key in old]
    if before != after:
        yield Leaf(_readable(path), [key.name for key in before], [key.name for key in after], reordered=True)
    for key in old.keys() & new.keys():
        yield from _reordered((*path, key), old[key], new[key])


def _readable(path: Sequence[Any]) -> str:
    """`function lookup_order.parameters.required`; an item that is its own name is not repeated."""
    text = ""
    for step in path:
        placed = isinstance(step, Item) and step.form == "placed"
        if isinstance(step, Item):
            name = "" if step.form == "bare" else step.name
        else:
            name = step if _PLAIN_KEY.fullmatch(step) else json.dumps(step, ensure_ascii=False)
        text += f".{name}" if text and name and not placed else name
    return text


def _as_json(value: Json) -> Json:
    """The value behind its keyed form, to show it: maps of items as lists again."""
    if isinstance(value, _Items):
        return [_item(key, _as_json(item)) for key, item in value.items()]
    return {key: _as_json(item) for key, item in value.items()} if isinstance(value, dict) else value


def _item(key: Item, value: Json) -> Json:
    if key.form == "holder":
        return key.name
    if key.form != "named":
        return value
    return {key.name: value} if value else key.name


def _text(value: Json) -> str:
    """Any value as text that sorts and names; text stays as it is."""
    if value is MISSING:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
