"""Which version of a Foundry agent serves, whose the agent is, and which older version can serve again. Pure.

Trusts nothing in an answer. An agent is one prompt agent here; those of other kinds are nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...core.errors import ServiceError
from ...core.marker import ADDRESS_KEY, APPLIED_KEY
from ...core.model import Json, Live
from ..assistants_v2 import ASSISTANT
from ..base import Marker
from ..lenient import mapping, mappings, text
from ..metadata import MARKER_KEYS, texts
from .forms import FORGOTTEN, NAME, alike, to_spec

Raw = Mapping[str, Json]
AGENT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
SERVES = "serves"
"""Where the version that serves stands in what is kept of an agent, and of nothing else."""
MOST_COMPARED = 100
"""Versions that one request lists: so many are read to learn what may have been applied last."""
LATEST = "@latest"
"""In place of a number in a rule: the newest version, as without rules."""
NOT_THIS_API = "Check `endpoint`: it is the project's, https://NAME.services.ai.azure.com/api/projects/NAME."


def name_of(agent: Raw) -> str:
    if name := text(agent.get("name")):
        return name
    raise ServiceError("the service answered an agent without a name", NOT_THIS_API)


def newest_of(agent: Raw) -> Raw:
    newest = mapping(mapping(agent.get("versions")).get("latest"))
    if number(newest) and mapping(newest.get("definition")):
        return newest
    raise ServiceError(f"the service answered the agent {name_of(agent)} without its newest version", NOT_THIS_API)


def kind_of(agent: Raw) -> str:
    """`prompt`, or what other kind of agent it is; one that has only drafts so far is a `draft`."""
    drafts_only = "latest" in mapping(agent.get("versions")) and agent["versions"]["latest"] is None
    return "draft" if drafts_only else str(newest_of(agent)["definition"].get("kind"))


def number(version: Raw) -> int:
    """0 for anything else."""
    found = version.get("version")
    return int(found) if isinstance(found, str) and re.fullmatch("[0-9]{1,9}", found) else 0


def shares(agent: Raw) -> dict[int, int]:
    """The versions that the endpoint is set to serve, with their traffic in percent; empty: always the newest one."""
    rules = _rules(agent)
    if all(rule.get("agent_version") == LATEST for rule in rules):
        return {}
    found: dict[int, int] = {}
    for rule in rules:
        stated, percent = rule.get("agent_version"), rule.get("traffic_percentage")
        version = number(newest_of(agent)) if stated == LATEST else number({"version": stated})
        share = percent if type(percent) is int else 100
        if version and share > 0:
            found[version] = found.get(version, 0) + share
    return found


def floats(agent: Raw) -> bool:
    """True if the next version would serve as soon as it is written, be it to some callers only."""
    return not shares(agent) or any(rule.get("agent_version") == LATEST for rule in _rules(agent))


def _rules(agent: Raw) -> list[Mapping[str, Json]]:
    selector = mapping(mapping(agent.get("agent_endpoint")).get("version_selector"))
    return mappings(selector.get("version_selection_rules"))


def serving(agent: Raw) -> int:
    """The number of the version that most callers get."""
    found = shares(agent)
    return max(found, key=lambda one: (found[one], one)) if found else number(newest_of(agent))


def has_marker(version: Raw, wanted: Raw) -> bool:
    return all(texts(version).get(key) == texts(wanted).get(key) for key in MARKER_KEYS)


def hides_marker(agent: Raw) -> bool:
    """True if an older version than the newest may say whose it is."""
    return newest_marked([newest_of(agent)]) is None and number(newest_of(agent)) > 1


def newest_marked(versions: Iterable[Raw]) -> Raw | None:
    """The newest that says whose the agent is, or that it is nobody's."""
    marked = (item for item in versions if not texts(item).keys().isdisjoint(MARKER_KEYS))
    return max(marked, key=number, default=None)


def live_of(agent: Raw, served: Raw | None, versions: Sequence[Raw]) -> Live:
    """`served`: the version that most callers get, None if there is no such one; `versions`: all that are known.

    The newest of these with a marker names the owner. What was asked last of what serves, its own marker says, unless
    it has none: then it is an edit outside, of unknown history, as is a pointer that was moved. Nothing tells who moved
    it, and so which of all versions was applied last.
    """
    shown, split, marked = newest_of(agent) if served is None else served, shares(agent), newest_marked(versions)
    owner, applied = (texts(marked or {}).get(key) for key in MARKER_KEYS)
    spec = to_spec(shown)
    if owner == FORGOTTEN:
        owner, applied = None, None
    elif marked is not None and newest_marked([shown]) and texts(shown).get(ADDRESS_KEY) != FORGOTTEN:
        applied = texts(shown).get(APPLIED_KEY)
    if moved := len(split) > 1 or served is None:
        stated = {str(version): percent for version, percent in sorted(split.items())}
        spec["providers"] = {NAME: {**spec["providers"][NAME], "serving": stated}}
    whole = not moved and newest_marked([shown]) and number(newest_of(agent)) <= MOST_COMPARED
    others = [texts(item)[APPLIED_KEY] for item in versions if item is not shown and APPLIED_KEY in texts(item)]
    return Live(
        ASSISTANT.name,
        spec,
        name_of(agent),
        marker_address=owner or None,
        marker_applied=applied or None,
        set_back=moved or (marked is not None and number(marked) != number(shown)),
        others_applied=tuple(dict.fromkeys(others)) if whole else (),
        raw={**agent, SERVES: shown},
    )


def pin(agent: Raw, split: Mapping[int, int]) -> Json:
    """What makes the endpoint serve these versions with their shares; none: the newest one again."""
    rules = [
        {"type": "FixedRatio", "agent_version": str(version), "traffic_percentage": share}
        for version, share in split.items()
    ]
    endpoint: dict[str, Json] = {"version_selector": {"version_selection_rules": rules} if rules else None}
    if rules and not mapping(agent.get("agent_endpoint")).get("protocol_configuration"):
        endpoint["protocol_configuration"] = {"responses": {}}
    return {"agent_endpoint": endpoint}


def reusable(wanted: Raw, served: Raw, versions: Sequence[Raw], marker: Marker | None) -> Raw | None:
    """The newest of these that says all of `wanted`: then it can serve, and nothing is written.

    A proof of `verify` may differ, because it is of a version's own spec; unless that proof is all there is to write.
    None where the newest marker names another owner.
    """
    held, mark = newest_marked(versions), texts(wanted).get(APPLIED_KEY)
    if marker is None or held is None or texts(held).get(ADDRESS_KEY) != marker.address:
        return None
    good = [item for item in versions if _unproven(item) == _unproven(wanted) and alike(item, wanted)]
    exact = [item for item in good if texts(item).get(APPLIED_KEY) == mark]
    return max(exact or (good if served not in good else ()), key=number, default=None)


def _unproven(version: Raw) -> tuple[str | None, str | None]:
    """The texts of a marker without its proof."""
    pairs = texts(version)
    applied = Live(ASSISTANT.name, {}, "-", marker_applied=pairs.get(APPLIED_KEY)).mark.applied
    text = str(replace(applied, verified=None)) if applied else pairs.get(APPLIED_KEY)
    return pairs.get(ADDRESS_KEY), text
