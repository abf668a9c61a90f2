"""What must hold after whatever went wrong. Each function tells what is wrong, in words; nothing means all is well."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .harness import Mishap, Objects, Raw, Report, is_new

ADDRESS, APPLIED = "retinue.address", "retinue.applied"


def same_world(live: Objects, expected: Objects, before: Objects) -> list[str]:
    """I1: the same world as after an undisturbed run, but for ids, times and nonces of what is new."""
    have, want = Counter(impersonal(live, before)), Counter(impersonal(expected, before))
    missing = [f"missing: {text}" for text in (want - have).elements()]
    return missing + [f"one too many: {text}" for text in (have - want).elements()]


def one_object_per_address(live: Objects, addresses: Collection[str], others: Collection[str] = ()) -> list[str]:
    """I1: just one object for each `project/environment/Kind/name`, and none for another one of that project."""
    held = Counter(raw["metadata"].get(ADDRESS) for key, raw in live.items() if key not in others)
    for nobody in (None, ""):
        held.pop(nobody, None)
    wrong = [f"{address} has {held[address]} objects" for address in addresses if held[address] != 1]
    return wrong + [f"nobody asks for {address}" for address in held if address not in addresses]


def others_untouched(live: Objects, before: Objects, others: Iterable[str]) -> list[str]:
    """I2: foreign objects, other projects' and copies are as they were, byte for byte."""
    return [f"{key} was touched" for key in sorted(others) if _bytes(live.get(key)) != _bytes(before[key])]


def nothing_to_do(report: Report) -> list[str]:
    """I3: an apply after a good apply finds an empty plan and sends no write."""
    found = [f"sent {request}" for request in report.writes]
    if report.plan is None or report.plan.changes:
        found.append(f"planned {report.plan.changes if report.plan else report.error!r}")
    return found


def code_agrees(code: int, out: str) -> list[str]:
    """I4: with --format json, stdout is one JSON value that says the same as the exit code."""
    try:
        value = json.loads(out)
    except ValueError as error:
        return [f"stdout is no JSON: {error}: {out[:200]!r}"]
    said, outcome, statuses = value.get("exit_code"), value.get("outcome"), _statuses(value)
    found = [] if said == code else [f"exit {code}, but the JSON says {said}"]
    if (code == 0) != (outcome in ("applied", "held", "no-changes")):
        found.append(f"exit {code} with outcome {outcome}")
    looked_only = not statuses and outcome in ("error", "stale", "interrupted")
    if (code == 0) != (statuses <= {"done", "held"} and not looked_only):
        found.append(f"exit {code} with steps {sorted(statuses)}")
    return found


def no_secret(secret: str, texts: Mapping[str, str | bytes]) -> list[str]:
    """I5: the secret is in none of these texts, told by name."""
    data = {name: text if isinstance(text, bytes) else text.encode("utf-8", "replace") for name, text in texts.items()}
    return [f"the key is in {name}" for name, content in data.items() if secret.encode() in content]


def no_early_delete(report: Report, expected: Objects, before: Objects) -> list[str]:
    """I6: no old object goes before every create and update has taken effect, and none once one has failed."""
    if report.at_first_delete is None:
        return []
    # Markers are taken off last.
    freed = {key for key, raw in before.items() if raw["metadata"].get(ADDRESS) and key in expected}
    freed = {key for key in freed if not expected[key]["metadata"].get(ADDRESS)}
    expected = {key: raw for key, raw in expected.items() if key not in freed}
    have, want = (Counter(impersonal(world, before)) for world in (report.at_first_delete, expected))
    found = [f"deleted before this was there: {text}" for text in (want - have).elements()]
    after = ("delete", "forget")
    failed = [outcome for outcome in report.outcomes or () if outcome.action not in after and outcome.status != "done"]
    return found + [f"deleted although this failed: {outcome.address}: {outcome.error}" for outcome in failed]


def no_blind_repeat(report: Report, mishap: Mishap) -> list[str]:
    """A create is looked for before it is tried again, so there are never two of it, not even for a moment."""
    return [] if report.most < 2 or mishap.doubles else [f"there were {report.most} new objects with one address"]


def got_over(report: Report, mishap: Mishap) -> list[str]:
    """What passes by itself does not make a run fail."""
    return [] if report.finished or not mishap.passing else [f"the run did not get over it: {report.text}"]


def dependents_skipped(report: Report) -> list[str]:
    """What needs a step that was not done is not done either."""
    if report.outcomes is None or report.plan is None:
        return []
    failed = {outcome.address for outcome in report.outcomes if outcome.action != "delete" and outcome.status != "done"}
    return [
        f"{change.address} was done although it needs {', '.join(map(str, failed & set(change.requires)))}"
        for change, outcome in zip(report.plan.changes, report.outcomes, strict=True)
        if outcome.status == "done" and failed & set(change.requires)
    ]


def creates_told_truly(report: Report) -> list[str]:
    """A create that is called done left one object; one that is not, and not called unknown either, left none."""
    new = Counter(raw["metadata"].get(ADDRESS) for key, raw in report.left.items() if is_new(key))
    found = []
    for outcome in report.outcomes or ():
        count = new[f"demo/dev/{outcome.address}"]
        told = {"done": (1,), "unknown": (0, 1)}.get(outcome.status, (0,))
        if outcome.action == "create" and count not in told:
            found.append(f"the create of {outcome.address} is called {outcome.status} and left {count}")
    return found


def all_accounted_for(report: Report) -> list[str]:
    """A run that was not killed says of each planned step how it ended, and of each failure why."""
    if report.outcomes is None or report.plan is None:
        return []
    planned = [(change.address, change.action) for change in report.plan.changes]
    told = [(outcome.address, outcome.action) for outcome in report.outcomes]
    found = [] if planned == told else [f"planned {planned}, told {told}"]
    return found + [
        f"no word why {o.address} is {o.status}" for o in report.outcomes if o.status != "done" and not o.error
    ]


def impersonal(live: Objects, before: Objects) -> list[str]:
    """Each object as text. Nonces that were not there `before` are alike, and so are ids and times of new objects."""
    old = {nonce for raw in before.values() if (nonce := _nonce(raw))}
    return [_impersonal(key, raw, before, old) for key, raw in live.items()]


def _impersonal(key: str, raw: Raw, before: Objects, old: Collection[str]) -> str:
    nonce = _nonce(raw)
    if nonce and nonce not in old:
        applied = raw["metadata"][APPLIED].replace(nonce, "NONCE", 1)
        raw = {**raw, "metadata": {**raw["metadata"], APPLIED: applied}}
    if key not in before:
        raw = {**raw, "id": "", "created_at": 0}
    return json.dumps(raw, sort_keys=True)


def _nonce(raw: Raw) -> str | None:
    parts = str(raw["metadata"].get(APPLIED, "")).split(" ")
    return parts[1] if len(parts) > 1 else None


def _statuses(value: Any) -> set[str]:
    return {item["status"] for item in value.get("results", ())}


def _bytes(raw: Raw | None) -> str | None:
    return None if raw is None else json.dumps(raw)


def together(*complaints: Sequence[str]) -> list[str]:
    return [complaint for group in complaints for complaint in group]
