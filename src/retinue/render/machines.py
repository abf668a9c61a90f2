"""Diagnostics for machines: SARIF 2.1.0, and annotations of GitHub Actions. Pure; drops none without saying so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from posixpath import join, normpath
from types import MappingProxyType
from urllib.parse import quote

from ..core.model import WRITTEN, Diagnostic, Json, Place, Plan, Severity
from .diagnostics import NAMES, in_order, obstacles
from .safe import clean_lines

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 25_000
"""Of one run that GitHub takes in a SARIF file."""
MOST_TEXT = 1024
"""Characters of a description that GitHub shows."""
ROOT = "%SRCROOT%"
MOST_ANNOTATIONS = 10
"""Of one type that GitHub shows of one step."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def plan_diagnostics(plan: Plan) -> tuple[Diagnostic, ...]:
    """The diagnostics of a plan: its own, and one for each blocked or held step."""
    # Places are for beside the changes: as findings of their own they would only be noise.
    places = {item.address: item.place for item in plan.diagnostics if item.code == WRITTEN and not item.path}
    stuck = []
    for change in plan.changes:
        for word, obstacle in obstacles(change):
            message = f"{change.action} {change.address} is {word}: {obstacle.message}"
            remedy = "\n".join(obstacle.remedies) or None
            severity = Severity.ERROR if word == "blocked" else Severity.WARNING
            address = str(change.address)
            stuck.append(Diagnostic(obstacle.code, message, remedy, places.get(address), address, severity=severity))
    return (*stuck, *(item for item in plan.diagnostics if item.code != WRITTEN))


def sarif(
    diagnostics: Sequence[Diagnostic],
    version: str,
    folder: str = ".",
    explained: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> dict[str, Json]:
    """One SARIF log. `folder`: the project's, relative to the repository; places are relative to the project.

    `explained`: by code, its section in the page of all messages and the text there.
    """
    items = in_order(diagnostics)
    shown = items if len(items) <= MOST_RESULTS else [*items[: MOST_RESULTS - 1], _rest(items[MOST_RESULTS - 1 :])]
    codes = sorted({item.code for item in shown})
    rules = [_rule(code, *explained.get(code, ("", ""))) for code in codes]
    driver = {"name": "retinue", "version": version, "rules": rules}
    results: list[Json] = []
    alike: Counter[str] = Counter()
    for item in shown:
        place = item.place or Place("retinue.yaml", 1, 1)
        # Only a lone surrogate, which no JSON reader takes, is written in another way.
        uri = quote(normpath(join(folder, place.file)).encode("utf-8", "surrogatepass"), safe="/")
        region = {"startLine": max(1, place.line), "startColumn": max(1, place.column)}
        result = {
            "ruleId": item.code,
            "ruleIndex": codes.index(item.code),
            "level": NAMES[item.severity],
            "message": {"text": _text(item)},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}, "region": region}}
            ],
            "partialFingerprints": {"primaryLocationLineHash": _fingerprint(item, uri, alike)},
        }
        results.append(result)
    bases = {ROOT: {"description": {"text": "The root of the repository."}}}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": bases,
                "results": results,
            }
        ],
    }


def _rule(code: str, section: str, text: str) -> Json:
    """What is known of a code beyond one message; GitHub shows no more than 1024 characters of a description."""
    name = code or "message"
    plain = text.replace("`", "") or name
    short = f"{name} ({section})" if section else name
    markdown = f"**{code}** ({section})\n\n{text}\n\nThe same text: `retinue explain {code}`." if text else name
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": short[:MOST_TEXT]},
        "fullDescription": {"text": plain[:MOST_TEXT]},
        "help": {"text": f"{short}: {plain}", "markdown": markdown},
        "properties": {"tags": [section] if section else []},
    }


def _fingerprint(item: Diagnostic, uri: str, alike: Counter[str]) -> str:
    """The same finding wherever its line moves to: by code, file, object and message, counted if several are alike."""
    parts = (item.code, uri, item.address or "", item.path or "", item.message)
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    alike[digest] += 1
    return f"{digest}:{alike[digest]}"


def github(diagnostics: Sequence[Diagnostic], folder: str = ".") -> str:
    """A workflow command for each diagnostic; of more than are shown of one type, the last one counts the rest."""
    lines = []
    for severity, command in _COMMANDS.items():
        items = [item for item in in_order(diagnostics) if item.severity is severity]
        shown = items if len(items) <= MOST_ANNOTATIONS else items[: MOST_ANNOTATIONS - 1]
        for item in shown:
            at = item.place
            place = {"file": normpath(join(folder, at.file)), "line": str(at.line), "col": str(at.column)} if at else {}
            named = {**place, "title": f"retinue: {item.code}"}.items()
            properties = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in named)
            lines.append(f"::{command} {properties}::{_escaped(_text(item), _DATA)}")
        if len(shown) < len(items):
            lines.append(f"::{command} title=retinue::{_escaped(_rest(items[len(shown) :]).message, _DATA)}")
    return "".join(f"{line}\n" for line in lines)


def _text(item: Diagnostic) -> str:
    where = "" if item.place else " ".join(part for part in (item.address, item.path) if part)
    head = f"{where}: {item.message}" if where else item.message
    return clean_lines(f"{head}\n{item.remedy}" if item.remedy else head) or item.code or "no text"


def _rest(items: Sequence[Diagnostic]) -> Diagnostic:
    count = len(items)
    message = f"{count} more {'is' if count == 1 else 'are'} not shown here; the text of the run lists all"
    return Diagnostic("more", message, severity=items[0].severity)


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return re.sub("[%\r\n:,]", lambda found: escapes.get(found[0], found[0]), clean_lines(text))
