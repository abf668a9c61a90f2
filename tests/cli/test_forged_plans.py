"""A plan file is evidence and no authority: whoever made its digest again, no object of others is written by it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from retinue.core import differences
from retinue.core.codec import plan_digest
from retinue.core.marker import format_entries
from retinue.core.marks import asked_entries
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.openai_assistants import to_live

from .conftest import World

KIND = KINDS["Assistant"]
APPLIED = "1 forgery0"
OTHERS = {
    "stray": None,
    "stranger": None,
    "project": "other/dev/Assistant/ant",
    "environment": "demo/prod/Assistant/ant",
    "past": "past/prod/Assistant/hen",
    "unknown": "future/dev/Assistant/hen",
    "unreadable": "other/dev/Assistant/BOT",
}
"""Live objects of others, by a word for them, with what their marker says."""
OURS = {
    "ant": "demo/dev/Assistant/ant",
    "bee": "demo/dev/Assistant/bee",
    "dog": "demo/dev/Assistant/dog",
    "gnu": "demo/dev/Assistant/old-gnu",
    "hen": "past/dev/Assistant/hen",
    "imp": "demo/dev/Assistant/imp",
}
PROJECT = """\
formerly: [past]
removed: [Assistant/dog, {address: Assistant/imp, forget: true}]
"""


def remote(word: str) -> str:
    return f"asst_{word:x<24.24}"


@dataclass
class Forger:
    """A world with a plan of every action, and what it may become by it."""

    world: World
    plan: dict[str, Any]
    before: dict[str, dict[str, Any]]
    wanted: dict[str, dict[str, Any]]

    def forged(self, **changed: Any) -> str:
        """The text of a plan with other values and a digest that fits."""
        value = {**copy.deepcopy(self.plan), **changed}
        value["summary"]["blocked"] = 0
        return json.dumps({**value, "digest": plan_digest(value)})

    def apply(self, text: str, *flags: str) -> int:
        """Apply a forged plan, look at what became of all objects, and put them back."""
        self.world.write("plan.json", text)
        ran = self.world.run("apply", "plan.json", *flags)
        # 1 and 8: the service itself refuses a create that lacks what it needs.
        assert ran.code in (0, 3, 5, 6) or (flags and ran.code in (1, 8)), ran.err
        assert "Traceback" not in ran.err
        self.check(self.world.live(), trusted="--trust-plan" in flags, about=text)
        self.restore()
        return ran.code

    def check(self, after: dict[str, dict[str, Any]], *, trusted: bool, about: str) -> None:
        adopts = {item["remote_id"] for item in json.loads(about)["changes"] if item["action"] == "adopt"}
        free = {remote(word) for word in ("stray", "stranger", "unreadable")}
        for word in (*OTHERS, "copy"):
            # With --trust-plan an object that nobody manages can be adopted: that is what trust is about.
            if not (trusted and remote(word) in adopts & free):
                changed = after.get(remote(word)) != self.before[remote(word)]
                assert not changed or word == "stray", (word, about)
                assert not changed or plain(after.get(remote(word))) == plain(self.wanted[remote(word)]), about
        for key in after.keys() - self.before.keys():
            assert after[key]["metadata"]["retinue.address"].startswith("demo/dev/"), about
        if not trusted:
            for key, item in self.before.items():
                assert plain(after.get(key)) in (plain(item), plain(self.wanted.get(key))), (key, about)
            made = [plain(after[key]) for key in after.keys() - self.before.keys()]
            assert all(item in map(plain, self.wanted.values()) for item in made), about

    def restore(self) -> None:
        for key in self.world.live().keys() - self.before.keys():
            self.world.emulator.store.delete("assistant", key)
        for item in self.before.values():
            self.world.emulator.assistants.seed(item)


def plain(raw: dict[str, Any] | None) -> Any:
    """An object without what differs from run to run."""
    if raw is None:
        return None
    rest = {name: value for name, value in raw.items() if name not in ("id", "created_at", "metadata")}
    return rest | {"metadata": {name: text for name, text in raw["metadata"].items() if name != "retinue.applied"}}


@pytest.fixture
def forger(world: World) -> Forger:
    world.project(PROJECT)
    for number, (word, owner) in enumerate({**OURS, **OTHERS}.items()):
        metadata = {"retinue.address": owner, "retinue.applied": f"1 nonce{number:03}"} if owner else {}
        protected = {"retinue.applied": "1 noncebee !p"} if word == "bee" else {}
        raw = {"id": remote(word), "created_at": 1000 + number, "name": word.title(), "instructions": f"{word} says so"}
        world.emulator.assistants.seed({**raw, "metadata": {**metadata, **protected}})
    original = world.live()[remote("ant")]
    world.emulator.assistants.seed({**original, "id": remote("copy"), "created_at": 5000})
    for word, text in (
        ("ant", "temperature: 0.3\n"),
        ("bee", "retinue: {protect: true}\n"),
        ("elk", ""),
        ("gnu", "retinue: {moved_from: old-gnu}\n"),
        ("hen", ""),
        ("stray", f"retinue: {{adopt: {{dev: {remote('stray')}}}}}\n"),
    ):
        world.assistant(word, f"name: {word.title()}\ninstructions: {word} says so\n{text}")
    before = world.live()
    assert world.run("plan", "--out", "plan.json").code == 0
    value = json.loads((world.root / "plan.json").read_text())
    actions = {item["address"].partition("/")[2]: item["action"] for item in value["changes"]}
    assert actions | {"bee": actions.get("bee")} == {
        "ant": "update",
        "bee": actions.get("bee"),
        "dog": "delete",
        "elk": "create",
        "gnu": "move",
        "hen": "move",
        "imp": "forget",
        "stray": "adopt",
    }
    assert [item["address"] for item in value["changes"] if item["blocked"]] == []
    assert world.run("apply", "plan.json").code == 0
    found = Forger(world, value, before, world.live())
    world.settled()
    found.restore()
    return found


def expectation(raw: dict[str, Any]) -> str:
    """What a plan would say that it expects of a live object: anybody can work that out."""
    return differences.expect_digest(to_live(raw), replace(KIND, hidden=frozenset({"reasoning_effort"})), ())


def steps(forger: Forger) -> Iterator[dict[str, Any]]:
    """Each action on each object that it is not for, with all that a forger could make fit."""
    template = next(item for item in forger.plan["changes"] if item["action"] == "update")
    written = {"before": None, "cause": "manifest"}
    deeds = [
        {"path": "/instructions", "after": "hijacked", **written},
        {"path": "/model", "after": "gpt-4o", **written},
    ]
    for word in (*OTHERS, "copy", *OURS):
        raw = forger.before[remote(word)]
        owner = raw["metadata"].get("retinue.address")
        name = (owner or "stray").rpartition("/")[2].lower()
        for action in ("update", "delete", "adopt", "move", "forget", "replace", "create"):
            for address in sorted({"Assistant/newt", f"Assistant/{name}"}):
                step = {
                    **template,
                    "address": address,
                    "action": action,
                    "remote_id": None if action == "create" else remote(word),
                    "expect": None if action == "create" else expectation(raw),
                    "fields": [] if action in ("delete", "forget") else deeds,
                    "marker": {"asked": "", "protected": "!p" in raw["metadata"].get("retinue.applied", "")},
                    "display_name": raw["name"],
                    "reason": {"delete": "duplicate", "forget": "copy"}.get(action, "manifest"),
                }
                if action in ("move", "replace"):
                    yield {**step, "moved_from": owner or "demo/dev/Assistant/old-gnu"}
                    if action == "move":
                        yield {**step, "moved_from": "demo/dev/Assistant/old-gnu"}
                if action != "move":
                    yield step
                if action in ("delete", "forget"):
                    yield {**step, "reason": {"delete": "orphan", "forget": "duplicate"}[action]}


@pytest.mark.parametrize("flags", [(), ("--trust-plan",)], ids=["manifests", "trusted"])
def test_no_step_of_a_forged_plan_writes_what_it_may_not(forger: Forger, flags: tuple[str, ...]) -> None:
    codes = [forger.apply(forger.forged(changes=[step]), *flags) for step in steps(forger)]
    assert len(codes) > 200
    assert codes.count(6) > 100
    assert codes.count(0) < len(codes) / 3


@pytest.mark.parametrize("flags", [(), ("--trust-plan",)], ids=["manifests", "trusted"])
def test_a_plan_for_another_place_is_refused(forger: Forger, flags: tuple[str, ...]) -> None:
    for name, value in (
        ("project", "other"),
        ("project", "past"),
        ("environment", "prod"),
        ("provider", "flowise"),
        ("endpoint", "http://127.0.0.1:1/v1"),
    ):
        assert forger.apply(forger.forged(**{name: value}), *flags) == 3


@pytest.mark.parametrize("flags", [(), ("--trust-plan",)], ids=["manifests", "trusted"])
def test_a_legitimate_step_with_one_thing_changed_writes_nothing_else(forger: Forger, flags: tuple[str, ...]) -> None:
    """The steps of the plan itself, each with another object, address, value, marker or order to it."""
    changes = forger.plan["changes"]
    tries = 0
    for step in changes:
        swaps: list[dict[str, Any]] = [{"remote_id": remote(word)} for word in (*OTHERS, "copy")]
        swaps += [{"remote_id": item["remote_id"], "expect": item["expect"]} for item in changes if item is not step]
        swaps += [{"address": item["address"]} for item in changes[:4] if item is not step]
        swaps += [{"moved_from": OTHERS["environment"]}, {"moved_from": OTHERS["project"]}]
        swaps += [{"action": action} for action in ("update", "delete", "adopt", "move", "forget", "replace")]
        swaps += [{"fields": [{"path": "/instructions", "before": None, "after": "x", "cause": "manifest"}]}]
        swaps += [{"marker": {"asked": "", "protected": True}}, {"marker": {"asked": "iAAAAAA", "protected": False}}]
        for swap in swaps:
            forger.apply(forger.forged(changes=[{**step, **swap}]), *flags)
            tries += 1
    assert tries > 150


def test_what_a_forger_allows_himself_lifts_nothing_that_the_manifests_do_not_want(forger: Forger) -> None:
    bee = forger.before[remote("bee")]
    step = {
        **next(item for item in forger.plan["changes"] if item["action"] == "delete"),
        "address": "Assistant/bee",
        "remote_id": remote("bee"),
        "expect": expectation(bee),
        "marker": {"asked": "", "protected": True},
    }
    allowed = {
        "brake": 1,
        "protected": ["Assistant/bee"],
        "twin": True,
        "incomplete": True,
        "renamed": ["Assistant/bee"],
    }
    inputs = {"target": ["Assistant/bee"], "var": {}}
    assert forger.apply(forger.forged(changes=[step], allowed=allowed, inputs=inputs)) == 6


def bee_steps(forger: Forger) -> Iterator[list[dict[str, Any]]]:
    """Ways to take away a protected object of ours, or its protection, with all that a forger could make fit."""
    bee = forger.before[remote("bee")]
    template = next(item for item in forger.plan["changes"] if item["action"] == "delete")
    common = {"address": "Assistant/bee", "remote_id": remote("bee"), "expect": expectation(bee), "requires": []}
    protected, free = ({"asked": "", "protected": value} for value in (True, False))
    lift = {"path": "/retinue/protect", "before": True, "after": False, "cause": "manifest"}
    deed = {"path": "/description", "before": None, "after": "x", "cause": "manifest"}
    for reason in ("orphan", "removed", "destroy", "duplicate", "unused", "unheard of"):
        yield [{**template, **common, "reason": reason, "marker": protected}]
    yield [{**template, **common, "marker": free}]
    yield [{**template, **common, "action": "replace", "reason": "manifest", "fields": [deed], "marker": protected}]
    update = {**template, **common, "action": "update", "reason": "manifest", "marker": free}
    yield [{**update, "fields": [lift]}]
    yield [{**update, "fields": [deed, lift]}]
    yield [{**update, "fields": [lift]}, {**template, **common, "marker": protected}]
    moved = {"address": "Assistant/wasp", "moved_from": "demo/dev/Assistant/bee", "fields": [lift]}
    yield [{**update, **moved, "action": "move"}]
    yield [{**update, **moved, "action": "replace", "fields": [deed]}]


ALLOWED = {"protected": ["Assistant/bee", "Assistant/wasp"]}


@pytest.mark.parametrize("marker", ["protected", "damaged"])
def test_no_plan_that_is_trusted_takes_protection_away(forger: Forger, marker: str) -> None:
    bee = forger.before[remote("bee")]
    if marker == "damaged":
        bee = {**bee, "metadata": {**bee["metadata"], "retinue.applied": "1 noncebee p!"}}
        forger.world.emulator.assistants.seed(bee)
    codes = []
    for number, steps in enumerate(bee_steps(forger)):
        if marker == "damaged" and all(item["action"] not in ("delete", "replace") for item in steps):
            continue
        text = forger.forged(changes=steps, allowed=ALLOWED if number % 3 else {})
        forger.world.write("plan.json", text)
        flags = () if number % 2 else ("--allow", "protected:Assistant/ant")
        ran = forger.world.run("apply", "plan.json", "--trust-plan", *flags)
        assert forger.world.live()[remote("bee")] == bee, text
        assert ran.code in (3, 5, 6), ran.out + ran.err
        assert ran.code != 5 or "--allow protected:Assistant/" in ran.out + ran.err
        codes.append(ran.code)
    assert codes.count(5) > len(codes) / 3


@pytest.mark.parametrize("way", ["flag", "digest"])
def test_who_applies_a_plan_that_is_trusted_can_lift_protection(forger: Forger, way: str) -> None:
    step = next(bee_steps(forger))
    text = forger.forged(changes=step, allowed=ALLOWED if way == "digest" else {})
    forger.world.write("plan.json", text)
    digest = json.loads(text)["digest"]
    flags = {"flag": ("--allow", "protected:Assistant/bee"), "digest": ("--expect-digest", digest)}[way]
    assert forger.world.run("apply", "plan.json", "--trust-plan").code == 5
    ran = forger.world.run("apply", "plan.json", "--trust-plan", *flags)
    assert ran.code == 0, ran.out + ran.err
    assert remote("bee") not in forger.world.live()


@pytest.mark.parametrize(
    ("flags", "trust"),
    [
        (("--allow", "protected:Assistant/bee"), ()),
        (("--allow", "brake=1"), ()),
        (("--allow", "twin", "--allow", "protected:Assistant/bee"), ("--trust-plan",)),
        (("--target", "Assistant/bee"), ("--trust-plan",)),
    ],
    ids=str,
)
def test_nothing_else_can_be_said_beside_a_saved_plan(
    forger: Forger, flags: tuple[str, ...], trust: tuple[str, ...]
) -> None:
    forger.world.write("plan.json", forger.forged())
    ran = forger.world.run("apply", "plan.json", *trust, *flags)
    assert (ran.code, "a saved plan is applied as it is" in ran.err) == (3, True)
    assert forger.world.live() == forger.before


def deletes(world: World, count: int) -> str:
    """Write a plan that deletes so many of our five objects and says that nothing blocks that. Its digest."""
    world.project()
    for name in "abcde":
        world.assistant(f"bot-{name}")
    world.apply()
    for name in "abcde"[:count]:
        world.remove(f"assistants/bot-{name}.yaml")
    assert world.run("plan", "--allow", "incomplete", "--out", "plan.json").code == 0
    plan = json.loads((world.root / "plan.json").read_text())
    plan["changes"] = [{**change, "blocked": None} for change in plan["changes"]]
    plan |= {"outcome": "changes", "allowed": {"brake": count}}
    plan["summary"]["blocked"] = 0
    plan["digest"] = plan_digest(plan)
    world.write("plan.json", json.dumps(plan))
    return str(plan["digest"])


@pytest.mark.parametrize(("count", "environment"), [(2, ""), (5, ""), (1, "    critical: true\n")])
def test_the_brake_is_worked_out_again_for_a_plan_that_is_trusted(world: World, count: int, environment: str) -> None:
    digest = deletes(world, count)
    world.project(environment=environment)
    before = world.live()
    for flags in ((), ("--allow", f"brake={count + 1}"), ("--allow", "protected:Assistant/bot-a")):
        ran = world.run("apply", "plan.json", "--trust-plan", *flags)
        assert (ran.code, f"--allow brake={count}" in ran.out) == (5, True), ran.out + ran.err
    assert world.live() == before
    flags = ("--expect-digest", digest) if count == 2 else ("--allow", f"brake={count}")
    assert world.run("apply", "plan.json", "--trust-plan", *flags).code == 0
    assert len(world.live()) == 5 - count
    # A job that runs once more has nothing left to do, and the number that it was given counts the whole plan.
    assert world.run("apply", "plan.json", "--trust-plan", *flags).code == 0


@pytest.mark.parametrize("way", ["--allow", "--expect-digest"])
def test_the_number_for_the_brake_is_that_of_the_whole_plan_also_for_the_rest_of_it(world: World, way: str) -> None:
    digest = deletes(world, 3)
    first = next(key for key, item in world.live().items() if item["metadata"]["retinue.address"].endswith("/bot-a"))
    world.emulator.store.delete("assistant", first)
    given = {"--allow": "brake=3", "--expect-digest": digest}[way]
    assert world.run("apply", "plan.json", "--trust-plan", way, given).code == 0
    assert len(world.live()) == 2


@pytest.mark.parametrize("reason", ["duplicate", "unused", "destroy", "removed", "expired"])
def test_no_reason_that_a_forger_gives_hides_a_delete_from_the_brake(world: World, reason: str) -> None:
    deletes(world, 5)
    before = world.live()
    plan = json.loads((world.root / "plan.json").read_text())
    plan["changes"] = [{**change, "reason": reason} for change in plan["changes"]]
    world.write("plan.json", json.dumps({**plan, "digest": plan_digest(plan)}))
    code = world.run("apply", "plan.json", "--trust-plan").code
    assert code == {"duplicate": 6, "unused": 3}.get(reason, 5)
    assert world.live() == before


def test_what_is_ours_of_other_kinds_counts_for_the_brake_too(world: World) -> None:
    """The last assistant may go while a store of ours stays, as the plan itself says."""
    world.project()
    world.assistant("ant")
    world.write("assistants/shelf.yaml", "vector_store: shelf\nname: Shelf\n")
    world.write("assistants/rack.yaml", "vector_store: rack\nname: Rack\n")
    world.apply()
    world.remove("assistants/ant.yaml")
    assert world.run("plan", "--out", "plan.json").code == 0
    assert world.run("apply", "plan.json", "--trust-plan").code == 0
    assert world.live() == {}


def test_a_digest_that_was_approved_allows_just_what_its_plan_says(forger: Forger) -> None:
    text = forger.forged(changes=next(bee_steps(forger)), allowed={"protected": ["Assistant/ant"]})
    forger.world.write("plan.json", text)
    digest = json.loads(text)["digest"]
    assert forger.world.run("apply", "plan.json", "--trust-plan", "--expect-digest", digest).code == 5
    assert forger.world.live() == forger.before


def test_other_variables_in_a_plan_write_what_the_manifests_say_with_them_and_no_more(world: World) -> None:
    """As `--var` of whoever applies it: only where a manifest asks for a variable, only on what is ours."""
    world.project("variables: {tone: {default: kind}}\n")
    world.assistant("ant", "instructions: Be ${var.tone}.\n")
    world.apply()
    (ours,) = world.live().values()
    stray = {**ours, "id": remote("stray"), "metadata": {}}
    world.emulator.assistants.seed(stray)
    assert world.run("plan", "--var", "tone=brief", "--out", "plan.json").code == 0
    plan = json.loads((world.root / "plan.json").read_text())

    def applied(inputs: dict[str, Any], **swaps: Any) -> int:
        (change,) = plan["changes"]
        changed = {**plan, "inputs": inputs, "changes": [{**change, **swaps}]}
        world.write("plan.json", json.dumps({**changed, "digest": plan_digest(changed)}))
        return world.run("apply", "plan.json").code

    def field(path: str, after: str) -> list[dict[str, Any]]:
        before = ours[path.removeprefix("/")]
        return [{"path": path, "before": before, "after": after, "cause": "manifest"}]

    asked = asked_entries({"instructions": "Be rude.", "model": "gpt-4o"}, KIND)
    rude = {"marker": {"asked": format_entries(asked), "protected": False}}
    assert applied({"var": {"tone": "rude"}}) == 6
    assert applied({"var": {"tone": "brief", "other": "x"}}) == 3
    assert applied({"var": {"tone": "rude"}}, fields=field("/instructions", "Be rude, ever."), **rude) == 6
    assert applied({"var": {"tone": "rude"}}, fields=field("/name", "Be rude."), **rude) == 6
    assert applied({"var": {"tone": "rude"}}, fields=field("/instructions", "Be rude."), remote_id=stray["id"]) == 6
    assert world.live() == {ours["id"]: ours, stray["id"]: stray}
    assert applied({"var": {"tone": "rude"}}, fields=field("/instructions", "Be rude."), **rude) == 0
    assert plain(world.live()[ours["id"]]) == plain({**ours, "instructions": "Be rude."})
    assert world.live()[stray["id"]] == stray
    world.settled("--var", "tone=rude")
