"""The fields that each service can hold, as text, Markdown and JSON. Knows no provider: plain records in.

Beside it the findings of a check, claim against fact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ..core.model import Json
from ..core.values import dataclass
from .safe import clean

_LEGEND = (
    "native: as it is. emulated: kept in another form. unsupported: lost, and `on_loss` of the environment decides"
    " what then."
)
_NONE = "-"
_SIGNS = {True: "ok", False: "NO", None: "- "}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One provider. `facts`: label to value; `fields`: by kind and field, how well it is held and a note."""

    name: str
    title: str
    facts: Mapping[str, Json]
    fields: Mapping[str, Mapping[str, tuple[str, str]]]


def matrix_text(sheets: Sequence[Sheet]) -> str:
    """The providers, then for each kind a table: a row for each field, a column for each provider."""
    wide = max(len(sheet.name) for sheet in sheets)
    lines = [f"{sheet.name:<{wide}}  {sheet.title}" for sheet in sheets]
    for kind, fields in _tables(sheets):
        rows = [(f"  {name}", *supports) for name, supports in fields.items()]
        lines += ["", *_aligned([(kind, *(sheet.name for sheet in sheets)), *rows])]
    return "\n".join([*lines, "", _LEGEND, "Why, for each field: `retinue providers NAME`."]) + "\n"


def sheet_text(sheet: Sheet) -> str:
    """One provider: its facts, then each field with its note."""
    lines = [f"{sheet.name}: {sheet.title}", ""]
    wide = max(map(len, sheet.facts))
    words = {True: "yes", False: "no"}
    lines += [f"  {label:<{wide}}  {words.get(value, value)}" for label, value in sheet.facts.items()]
    for kind, fields in sheet.fields.items():
        rows = [(f"  {name}", support, note) for name, (support, note) in fields.items()]
        lines += ["", f"  {kind}", *(f"  {line}" for line in _aligned(rows))]
    return "\n".join([*lines, "", _LEGEND]) + "\n"


def matrix_markdown(sheets: Sequence[Sheet]) -> str:
    """A table for each kind; for a single provider with the notes."""
    tables, single = [], sheets[0].fields if len(sheets) == 1 else {}
    for kind, fields in _tables(sheets):
        head = [kind, *(sheet.name for sheet in sheets), *(["note"] if single else [])]
        notes = {name: [single[kind][name][1]] if single else [] for name in fields}
        rows = [[f"`{name}`", *supports, *notes[name]] for name, supports in fields.items()]
        cells = ([clean(cell).replace("|", "\\|") for cell in row] for row in (head, ["---"] * len(head), *rows))
        tables.append("".join(f"| {' | '.join(row)} |\n" for row in cells))
    return "\n".join(tables)


def matrix_json(sheets: Sequence[Sheet]) -> Json:
    found = {}
    for sheet in sheets:
        fields = {
            kind: {name: {"support": support, "note": note} for name, (support, note) in held.items()}
            for kind, held in sheet.fields.items()
        }
        found[sheet.name] = {"title": sheet.title, "facts": dict(sheet.facts), "fields": fields}
    return {"providers": found}


def _tables(sheets: Sequence[Sheet]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """By kind every field with how well each provider holds it; a field that only some know comes last."""
    for kind in dict.fromkeys(kind for sheet in sheets for kind in sheet.fields):
        held = [sheet.fields.get(kind, {}) for sheet in sheets]
        names = dict.fromkeys(name for fields in held for name in fields)
        ordered = sorted(names, key=lambda name: not all(name in fields for fields in held))
        yield kind, {name: [fields.get(name, (_NONE, ""))[0] for fields in held] for name in ordered}


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{clean(cell):<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def findings_text(document: Json) -> str:
    """The result of a check, from its JSON form."""
    lines, failed = [f"{document['provider']}, checked by retinue {document['retinue_version']}", ""], 0
    wide = max(len(item["kind"] + item["probe"]) for item in document["findings"]) + 1
    for item in document["findings"]:
        about = f"{item['kind']} {item['probe']}".strip()
        claim = f"   (claimed: {item['claim']})" if item["holds"] is False else ""
        lines.append(f"  {_SIGNS[item['holds']]} {about:<{wide}}  {item['fact']}{claim}")
        failed += item["holds"] is False
    for kind, answers in document["answers"].items():
        lines += ["", *(f"  {kind}, {key}: {json.dumps(answer, sort_keys=True)}" for key, answer in answers.items())]
    end = f"{failed} claim{'' if failed == 1 else 's'} did not hold." if failed else "Every claim holds."
    return "\n".join([*lines, "", end, ""])
