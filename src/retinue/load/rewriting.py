"""Which edits are made: those after which the files say what is live and nothing else. Writes no file.

Edits that meet in one place stand or fall together: a prompt that seven assistants share changes for all or for none.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ..core.canonical import canonical, same
from ..core.model import MISSING, Address, Json, Kind, Severity
from ..core.values import dataclass, field
from .manifests import Loaded
from .splice import Edit, Unsafe
from .writeback import Refused, Texts, Wanted, Written, edits_for

_Group: TypeAlias = list[Written]
Verify: TypeAlias = Callable[[Mapping[str, bytes], Sequence[Wanted]], str | None]
"""None if a project with these files states just what is wanted; else a text about what would go wrong."""
_MISSED = "read back, the file would not say what is live"


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The new content of files and the one they had, the fields that it gives their live value, and those that stay.

    `also`: by address and field, the other environments that the same line serves.
    """

    files: Mapping[str, bytes]
    before: Mapping[str, bytes]
    written: tuple[Wanted, ...]
    refused: tuple[Refused, ...]
    also: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


def rewrite(wanted: Sequence[Wanted], texts: Texts, verify: Verify) -> Rewriting:
    """As much of what is wanted as can be written exactly."""
    found = [edits_for(item, texts) for item in wanted]
    refused = [item for item in found if isinstance(item, Refused)]
    groups: list[_Group] = []
    again: list[Written] = []
    for group, why in _settle(_groups(_written(found)), groups, texts, verify):
        # A value that was taken away may have let a lower layer through.
        hiding = _written([edits_for(item.wanted, texts, hides=True) for item in group if why == _MISSED])
        if len(hiding) == len(group):
            again += hiding
        else:
            refused += [_refused(item, why, texts) for item in group]
    for group, why in _settle(_groups(again), groups, texts, verify):
        refused += [_refused(item, why, texts) for item in group]
    written = tuple(item.wanted for group in groups for item in group)
    files = {name: data for name, data in _files(groups, texts).items() if data != texts[name].data}
    return Rewriting(files, {name: texts[name].data for name in files}, written, tuple(refused))


def _written(found: Sequence[Written | Refused]) -> list[Written]:
    return [item for item in found if isinstance(item, Written)]


def _settle(groups: Sequence[_Group], kept: list[_Group], texts: Texts, verify: Verify) -> Iterator[tuple[_Group, str]]:
    """Adds to `kept` what may be written beside it; yields the others with the reason. By halves: a look is dear."""
    together = [*kept, *groups]
    try:
        wanted = [item.wanted for group in together for item in group]
        why = verify(_files(together, texts), wanted) if together else None
    except Unsafe as unsafe:
        why = str(unsafe)
    if why is None:
        kept.extend(groups)
    elif len(groups) == 1:
        yield groups[0], why
    else:
        half = len(groups) // 2
        yield from _settle(groups[:half], kept, texts, verify)
        yield from _settle(groups[half:], kept, texts, verify)


def _groups(written: Sequence[Written]) -> list[_Group]:
    """Groups the edits that touch the same characters of a file."""
    groups: list[_Group] = []
    for item in written:
        met = [any(_meet(item, other) for other in group) for group in groups]
        near = [other for group, meets in zip(groups, met, strict=True) if meets for other in group]
        groups = [*(group for group, meets in zip(groups, met, strict=True) if not meets), [*near, item]]
    return groups


def _meet(left: Written, right: Written) -> bool:
    return any(
        one == two or (one.start < two.end and two.start < one.end)
        for name in left.edits.keys() & right.edits.keys()
        for one in left.edits[name]
        for two in right.edits[name]
    )


def _files(groups: Sequence[_Group], texts: Texts) -> dict[str, bytes]:
    edits: dict[str, list[Edit]] = {}
    for group in groups:
        for item in group:
            for name, own in item.edits.items():
                edits.setdefault(name, []).extend(own)
    return {name: texts[name].bytes(those) for name, those in edits.items()}


def _refused(item: Written, why: str, texts: Texts) -> Refused:
    """With the patch that would have been made, for a person to judge, unless it does not say what is live."""
    if why == _MISSED:
        return Refused(item.wanted, why)
    lines: list[str] = []
    try:
        for name in sorted(item.edits):
            before = texts[name].text.splitlines(keepends=True)
            after = texts[name].bytes(item.edits[name]).decode("utf-8").replace("\r\n", "\n").splitlines(keepends=True)
            lines += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=2)
    except Unsafe:
        return Refused(item.wanted, why)
    whole = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return Refused(item.wanted, why, None, "".join(whole))


def unintended(
    before: Loaded, after: Loaded, wanted: Sequence[Wanted], kinds: Mapping[str, Kind], *, here: bool
) -> str | None:
    """Describes any unintended changes these files would cause, or None.

    `here`: in the environment that the live values are from, where the wanted fields must have them. In the others
    only these fields may change, because they come from the same layer.
    """
    known = {(item.code, item.message) for item in before.diagnostics}
    for item in after.diagnostics:
        if item.severity is Severity.ERROR and (item.code, item.message) not in known:
            return f"the file would be wrong: {item.message}"
    if before.rendered.keys() != after.rendered.keys():
        return "other manifests would come or go"
    fields: dict[object, dict[str, Wanted]] = {}
    for one in wanted:
        fields.setdefault(one.resource.address, {})[one.field.name] = one
    for address in before.rendered:
        if other := sorted(moved_fields(before, after, address) - fields.get(address, {}).keys()):
            way_out = "make the change by hand for all, or give this one a value of its own"
            return f"it is shared: `{other[0]}` of {address} would change too; {way_out}"
    specs = {item.address: item.spec for item in after.resources}
    for one in wanted if here else ():
        kind, name = kinds[one.resource.kind], one.field.name
        have = canonical(specs.get(one.resource.address, {}), kind).get(name, MISSING)
        value = {} if one.value is MISSING else {name: one.value}
        if not same(have, canonical(value, kind).get(name, MISSING)):
            return _MISSED
    return None


def moved_fields(before: Loaded, after: Loaded, address: Address) -> set[str]:
    """The fields of a manifest that other files give another value."""
    nothing: Mapping[str, Json] = {}
    old, new = before.rendered.get(address, nothing), after.rendered.get(address, nothing)
    return {key for key in old.keys() | new.keys() if not same(old.get(key, MISSING), new.get(key, MISSING))}
