"""A forged plan writes no row of a Flowise that is of others, whatever it says of it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from retinue.core.codec import plan_digest

from .conftest import FlowiseWorld

OWNERS = {
    "nobody": None,
    "project": "other/dev/Assistant/ant",
    "environment": "demo/prod/Assistant/ant",
    "ours": "demo/dev/Assistant/gone",
}


@pytest.mark.parametrize("flags", [(), ("--trust-plan",)], ids=["manifests", "trusted"])
def test_a_forged_plan_writes_no_row_of_others(world: FlowiseWorld, flags: tuple[str, ...]) -> None:
    world.project()
    world.credential()
    for name in ("ant", "bee", *OWNERS):
        world.flowise(name, text=f"instructions: I am {name}.\n")
    world.apply()
    for name, owner in OWNERS.items():
        metadata = dict(world.rows()[name.title()]["parsed"]["metadata"])
        metadata.pop("retinue.address")
        world.edit(name.title(), metadata={**metadata, "retinue.address": owner} if owner else {})
        world.remove(f"assistants/{name}.yaml")
    world.flowise("ant", text="instructions: I am another ant.\n")
    assert world.run("plan", "--out", "plan.json").code == 0
    plan = json.loads((world.root / "plan.json").read_text())
    (template,) = [item for item in plan["changes"] if item["address"] == "Assistant/ant"]
    ids = {name: row["id"] for name, row in world.rows().items()}
    tries: list[dict[str, Any]] = []
    for name in OWNERS:
        for action in ("update", "delete", "move", "forget", "replace"):
            step = {**template, "action": action, "remote_id": ids[name.title()]}
            if action in ("delete", "forget"):
                step["fields"] = []
            tries += [step, {**step, "expect": expected(world, name)}]
            if action == "move":
                tries.append({**tries[-1], "moved_from": OWNERS[name] or "demo/dev/Assistant/bee"})
    before = world.rows()
    for step in tries:
        forged = {**copy.deepcopy(plan), "changes": [step]}
        world.write("forged.json", json.dumps({**forged, "digest": plan_digest(forged)}))
        ran = world.run("apply", "forged.json", *flags)
        after = world.rows()
        for name in OWNERS:
            if name != "ours":
                assert after[name.title()] == before[name.title()], (step, ran.err)
        ours = flags and step["remote_id"] == ids["Ours"]
        assert ran.code in (3, 6) or ours or "Already applied: 1 in place" in ran.out, (step, ran.err)
    assert len(tries) > 40


def expected(world: FlowiseWorld, name: str) -> str:
    """What a plan would say that it expects of a row; worked out by a plan that would delete it."""
    row = world.rows()[name.title()]
    world.edit(
        name.title(), metadata={"retinue.address": f"demo/dev/Assistant/{name}", "retinue.applied": "1 abcdefgh"}
    )
    made = json.loads(world.run("plan", "--format", "json").out)
    found = next(item["expect"] for item in made["changes"] if item["remote_id"] == row["id"])
    details = row.pop("parsed")
    world.emulator.seed({**row, "details": json.dumps(details), "object": "flowise.assistant"})
    return str(found)
