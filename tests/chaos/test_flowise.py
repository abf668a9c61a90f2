"""Flowise: at every request of a run every mishap; one plain apply later each row has just one chatflow, which says the
same as the row."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from retinue.core.model import Desired
from retinue.core.observation import Target
from retinue.providers.base import kinds_at
from retinue.providers.flowise import PROVIDER
from retinue_emulator.flowise_chatflows import KIND as FLOW
from retinue_emulator.flowise_rows import KIND as ROW

from ..core import worlds
from ..core.worlds import at, desired
from . import invariants
from .conftest import FULL
from .harness import MISHAPS, Mishap, Stage, Wire

Rows = tuple[tuple[str, str, int, str], ...]
OTHERS = ("Somebody's", "Canvas")


def _assistant(name: str, says: str = "Be kind.", /, **policy: Any) -> Desired:
    return desired(name, {"model": "gpt-4o", "instructions": says, "name": name.title()}, **policy)


BEFORE = [_assistant(name) for name in ("kept", "reworded", "maths", "orphan", "leaving")]
WANTED = [
    _assistant("kept"),
    _assistant("base"),
    _assistant("top", "Be first.", requires=["base", "reworded"]),
    _assistant("reworded", "Be strict."),
    _assistant("maths-tutor", "Count.", moved_from="maths"),
]
REMOVED = {at("leaving"): True, at("orphan"): False}


class FlowiseWire(Wire):
    """Counts no objects: what is made here is told by the world alone."""

    def _count(self) -> None:
        return

    def is_old(self, path: str) -> bool:
        return False


@dataclass
class FlowiseStage(Stage):
    def __post_init__(self) -> None:
        self.wire = FlowiseWire(self.emulator, self.clock, ROW)

    def target(self) -> Target:
        record = self.provider.capabilities
        kinds = kinds_at(self.provider, record.kinds)
        return worlds.target(removed=self.removed, kinds=kinds)


def _stage(parallelism: int = 1) -> FlowiseStage:
    return FlowiseStage.empty(holds=ROW, provider=PROVIDER, path="", parallelism=parallelism)


@functools.cache
def _before() -> Rows:
    """The store before the run, made once."""
    stage = _stage()
    stage.wanted = BEFORE
    assert stage.plain_apply().finished
    flows, store = stage.emulator.flowise.chatflows, stage.emulator.store
    flows.save({"name": "Canvas", "flowData": '{"nodes": []}', "type": "CHATFLOW"})
    theirs = flows.save({"name": "Somebody's", "flowData": '{"nodes": []}', "type": "ASSISTANT"})
    details = {"name": "Somebody's", "flowId": theirs["id"]}
    stage.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": details})
    found = tuple(
        (kind, key, number, text) for kind in (ROW, FLOW) for number, (key, text) in enumerate(store.texts(kind))
    )
    stage.close()
    return found


def furnished(parallelism: int = 1) -> FlowiseStage:
    stage = _stage(parallelism)
    stage.clock.time += 1000
    for row in _before():
        stage.emulator.store.put(*row)
    stage.wanted, stage.removed = WANTED, REMOVED
    return stage


def world(stage: Stage) -> dict[str, Any]:
    """By name what the row says and what answers for it; then what answers for nothing."""
    flows, found = dict(stage.emulator.store.everything(FLOW)), dict[str, Any]()
    for _, row in stage.emulator.store.everything(ROW):
        details = json.loads(row["details"])
        flow = flows.pop(details.get("flowId"), {})
        nodes = {node["id"]: node["data"] for node in json.loads(flow.get("flowData", '{"nodes": []}'))["nodes"]}
        says = nodes.get("toolAgent_0", {"inputs": {}})["inputs"].get("systemMessage")
        pairs = details.get("metadata", {})
        found[details["name"]] = (details.get("instruction"), says, flow.get("name"), pairs.get("retinue.address"))
    return {**found, "": sorted(flow["name"] for flow in flows.values())}


def others(stage: Stage) -> list[str]:
    texts = [text for kind in (ROW, FLOW) for _, text in stage.emulator.store.texts(kind)]
    return [text for text in texts if any(name in text for name in OTHERS)]


@functools.cache
def undisturbed() -> tuple[Mapping[str, Any], tuple[str, ...], list[str]]:
    stage = furnished()
    theirs, report = others(stage), stage.plain_apply()
    assert report.finished, report.text
    found = world(stage)
    stage.close()
    return found, tuple(report.requests), theirs


def complaints(stage: Stage) -> list[str]:
    """After a disturbed run, then a plain apply, then one more."""
    expected, _, theirs = undisturbed()
    again = stage.plain_apply()
    have = world(stage)
    return [
        *([] if again.finished else [f"the plain apply ended with {again.text}"]),
        *([] if have == expected else [f"{have} for {expected}"]),
        *([] if others(stage) == theirs else ["others were touched"]),
        *invariants.nothing_to_do(stage.plain_apply()),
    ]


def test_the_run_has_a_step_of_every_kind() -> None:
    stage = furnished()
    report = stage.plain_apply()
    assert report.plan is not None
    actions = sorted(change.action.value for change in report.plan.changes)
    assert actions == ["create", "create", "delete", "forget", "move", "update"]
    assert undisturbed()[0] == {
        "Kept": ("Be kind.", "Be kind.", "Kept", "demo/dev/Assistant/kept"),
        "Base": ("Be kind.", "Be kind.", "Base", "demo/dev/Assistant/base"),
        "Top": ("Be first.", "Be first.", "Top", "demo/dev/Assistant/top"),
        "Reworded": ("Be strict.", "Be strict.", "Reworded", "demo/dev/Assistant/reworded"),
        "Maths-Tutor": ("Count.", "Count.", "Maths-Tutor", "demo/dev/Assistant/maths-tutor"),
        "Leaving": ("Be kind.", "Be kind.", "Leaving", None),
        "Somebody's": (None, None, "Somebody's", None),
        "": ["Canvas"],
    }
    assert complaints(stage) == []
    stage.close()


EVERY = [replace(item, only=(*item.only, "PUT")) for item in MISHAPS]


@pytest.mark.parametrize("mishap", EVERY, ids=[mishap.name for mishap in EVERY])
@pytest.mark.parametrize("parallelism", [1, 4])
def test_every_boundary(mishap: Mishap, parallelism: int) -> None:
    wrong, requests = {}, list(enumerate(undisturbed()[1]))
    for number, request in requests if FULL else requests[(sum(mishap.name.encode()) + parallelism) % 4 :: 4]:
        stage = furnished(parallelism)
        report = stage.plain_apply(mishap, number)
        if mishap.name == "status-403" and report.requests[number : number + 1] == ["GET /api/v1/chatflows"]:
            # So it is told that the key may not see them: a plan says that they stay as they are.
            stage.close()
            continue
        if found := complaints(stage):
            wrong[f"{number} {request}"] = found
        stage.close()
    assert wrong == {}
