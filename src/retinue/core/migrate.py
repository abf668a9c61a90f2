"""What becomes of every object and field when manifests go to another service. Values; decides and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from .codec import FORMAT_VERSION, diagnostic_to_json
from .model import Address, Diagnostic, Json, Place, Severity
from .values import dataclass


class Verdict(StrEnum):
    """What becomes of a field. `refused`: nothing is lost, but the manifest has to change before it can go there."""

    KEPT = "kept"
    APPROXIMATED = "approximated"
    AGAIN = "made-again"
    LOST = "lost"
    REFUSED = "refused"


class Row(NamedTuple):
    """One field, or a part of one, by its pointer; "" is the whole object. `note`: how, or why.

    `accepted`: nobody has to decide about it any more.
    """

    path: str
    verdict: Verdict
    note: str = ""
    remedy: str | None = None
    place: Place | None = None
    accepted: bool = True


class End(NamedTuple):
    """An environment and its provider."""

    environment: str
    provider: str


@dataclass(frozen=True, slots=True)
class Migration:
    """The report. `files`: what the move adds to the project, by path; `written`: that is done.

    `diagnostics`: what validation says of the target, of which the rows are made, and what concerns the move alone.
    """

    project: str
    source: End
    target: End
    objects: Mapping[Address, tuple[Row, ...]]
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...] = ()
    written: bool = False

    @property
    def rows(self) -> Iterator[tuple[Address, Row]]:
        return ((address, row) for address, rows in self.objects.items() for row in rows)

    @property
    def ready(self) -> bool:
        """True if validation lets the manifests go there."""
        return not any(item.severity is Severity.ERROR for item in self.diagnostics)

    @property
    def untold(self) -> list[Diagnostic]:
        """What no row says."""
        told = {(str(address), row.path) for address, row in self.rows}
        notes = (item for item in self.diagnostics if item.address or item.severity is not Severity.INFO)
        return [item for item in notes if (item.address, item.path or "") not in told]


def counts(found: Migration) -> dict[Verdict, int]:
    """How many fields, or parts of them, end in each way."""
    rows = [row.verdict for _, row in found.rows]
    return {verdict: rows.count(verdict) for verdict in Verdict}


def migration_to_json(found: Migration, version: str, code: int) -> dict[str, Json]:
    """As `migrate --format json` prints it; `version` is retinue's own."""
    return {
        "format_version": FORMAT_VERSION,
        "retinue_version": version,
        "project": found.project,
        "from": found.source._asdict(),
        "to": found.target._asdict(),
        "objects": [
            {"address": str(address), "fields": [_row(row) for row in rows]} for address, rows in found.objects.items()
        ],
        "summary": {verdict.value: count for verdict, count in counts(found).items()},
        "files": list(found.files),
        "written": found.written,
        "diagnostics": [diagnostic_to_json(item) for item in found.diagnostics],
        "outcome": "ready" if found.ready else "not-ready",
        "exit_code": code,
    }


def _row(row: Row) -> dict[str, Json]:
    place = row.place._asdict() if row.place else dict.fromkeys(Place._fields)
    return {**{name: value for name, value in row._asdict().items() if name != "place"}, **place}
