"""A delete and a create that are alike are a rename that nobody wrote down: blocked; what is truly another is not."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.allowed import Allowed
from retinue.core.content import scope_of
from retinue.core.model import Action, Address, Change, Desired, Live, Plan, Promotion, Reason
from retinue.core.plan import select
from retinue.core.promotion import Proof

from .worlds import at, desired, managed, plan

TEXT = "\n".join(f"line {number}" for number in range(20))
SPEC = {"model": "gpt-4o", "name": "Maths", "instructions": TEXT, "temperature": 0.2, "metadata": {"owner": "edu"}}


def blocks(made: Plan) -> dict[str, tuple[str, ...]]:
    """By name, what the rule says of the ways out."""
    found = {change.address.name: change.blocked for change in made.changes}
    return {name: item.remedies for name, item in found.items() if item and item.code == "renamed"}


def renamed(before: dict[str, Any], after: dict[str, Any], *, old: str = "old", new: str = "new") -> Plan:
    others = [desired(f"keep-{number}", {"model": "other"}) for number in range(4)]
    return plan([*others, desired(new, after)], map(managed, [*others, desired(old, before)]))


CLOSE = {
    "equal": SPEC,
    "another display name": SPEC | {"name": "Mathematics"},
    "one field of five": SPEC | {"temperature": 0.3},
    "a line of the prompt": SPEC | {"instructions": TEXT.replace("line 7\n", "line seven\n")},
    "the prompt wrapped otherwise": SPEC | {"instructions": TEXT.replace("\n", " ")},
    "the prompt in capitals": SPEC | {"instructions": TEXT.upper()},
    "another model, name and tools": SPEC | {"model": "o3", "name": "X", "tools": [{"type": "code_interpreter"}]},
    "the prompt three times as long": SPEC
    | {"instructions": TEXT + "".join(f"\nRule {n}: mind it" for n in range(40))},
    "the prompt cut short": SPEC | {"instructions": TEXT[:70]},
    "the lines in another order": SPEC | {"instructions": "\n".join(reversed(TEXT.splitlines()))},
    "a field more, two others": SPEC | {"temperature": 0.9, "description": "x", "metadata": {}},
}
FAR = {
    "another prompt and model": SPEC | {"instructions": "else", "model": "gpt-4o-mini"},
    "all but name and prompt": SPEC | {"name": "Greeter", "instructions": "Welcome whoever comes in with a smile."},
    "nothing but the model": {"model": "gpt-4o", "name": "x"},
    "no prompt any more": {name: value for name, value in SPEC.items() if name not in ("instructions", "name")},
}


@pytest.mark.parametrize("after", CLOSE.values(), ids=CLOSE.keys())
def test_what_is_alike_is_blocked_on_both_sides_with_the_line_to_paste(after: dict[str, Any]) -> None:
    made = renamed(SPEC, after)
    ways = (
        "retinue: {moved_from: old} in the manifest of Assistant/new",
        "removed: [Assistant/old]",
        "--allow renamed:Assistant/old",
    )
    assert blocks(made) == {"old": ways, "new": ways}


@pytest.mark.parametrize("after", FAR.values(), ids=FAR.keys())
def test_what_is_only_a_little_alike_is_not(after: dict[str, Any]) -> None:
    assert [change.blocked for change in renamed(SPEC, after).changes] == [None, None]


SHORT = {
    ("Answer in one sentence.", "Answer in two sentences."): True,
    (
        "You help with homework. Answer in one sentence.",
        "You help with homework. Answer in at most three sentences.",
    ): True,
    ("Greet the user in a friendly way.", "Help with homework, step by step."): False,
    (
        "You are a math tutor. Answer in one sentence.",
        "You are a travel agent. Answer in one page, with sources.",
    ): False,
    ("Translate everything into French.", "Write release notes from a list of commits."): False,
}


@pytest.mark.parametrize(("texts", "alike"), SHORT.items(), ids=lambda value: str(value)[:40])
def test_a_prompt_of_one_line_that_was_edited_a_bit_is_alike(texts: tuple[str, str], alike: bool) -> None:
    before, after = (
        {"model": "gpt-4o", "name": name, "instructions": text} for name, text in zip("XY", texts, strict=True)
    )
    assert bool(blocks(renamed(before, after, old="tutor", new="greeter"))) is alike


BLANKLESS = {
    "Japanese": "あなたは自転車店のサポート担当です。お客様の言語で答えてください。",
    "Thai": "คุณเป็นผู้ช่วยของร้านจักรยานตอบลูกค้าด้วยภาษาของเขาเสมอ",
    "Chinese, long": "你是自行车店的客服。请用顾客的语言回答问题。" * 400,
}


@pytest.mark.parametrize("text", BLANKLESS.values(), ids=BLANKLESS.keys())
def test_a_prompt_without_spaces_is_a_text_too(text: str) -> None:
    before, after = {"model": "gpt-4o", "instructions": text}, {"model": "o3", "instructions": text + "!"}
    assert blocks(renamed(before, after, old="jp", new="desk"))
    assert not blocks(renamed(before, after | {"instructions": "你只写诗。" * 20}, old="jp", new="desk"))


def test_one_endless_word_is_compared_in_no_time() -> None:
    one = {"model": "gpt-4o", "instructions": "a" * 200_000}
    assert not blocks(renamed(one, one | {"instructions": "a" * 200_001}, old="jp", new="desk"))


@pytest.mark.parametrize(
    ("new", "display", "alike"),
    [("tutor-v2", "Tutor", True), ("prod-tutor", "Tutor", True), ("tutor-v2", "Poet", False), ("tut", "Tutor", False)],
)
def test_a_name_with_an_addition_and_the_same_display_name_is_a_rename(new: str, display: str, alike: bool) -> None:
    before = {"model": "gpt-4o", "name": "Tutor", "instructions": "Help with homework, step by step."}
    after = {"model": "o3", "name": display, "instructions": "All of it was written again, from nothing."}
    assert bool(blocks(renamed(before, after, old="tutor", new=new))) is alike


@pytest.mark.parametrize("new", ["math-2tutor", "mathtutor", "m-a-t-h-tutor"])
def test_an_address_that_is_only_written_otherwise_is_a_rename_whatever_changed_with_it(new: str) -> None:
    made = renamed(
        SPEC,
        {"model": "o3", "name": "Other", "instructions": "All of it was written again."},
        old="math-tutor",
        new=new,
    )
    assert bool(blocks(made)) is (new != "math-2tutor")


def test_what_other_objects_have_too_makes_no_two_alike() -> None:
    shared = "\n".join(f"House rule {number}: be polite to everybody." for number in range(30))
    house = {"model": "gpt-4o", "metadata": {"owner": "cx@example.com"}, "tools": [{"type": "code_interpreter"}]}

    def bot(name: str, text: str) -> Desired:
        return desired(name, {**house, "name": name, "instructions": f"{shared}\n{text}"})

    orders, travel = bot("orders", "You look up orders by their number."), bot("travel", "Plan trips by train.")
    kept = [bot("kept", "You count sheep."), bot("other", "Recite poems of the last century.")]
    assert blocks(plan([*kept, travel], map(managed, [*kept, orders]))) == {}
    again = bot("purchases", "You look up orders by their numbers.")
    assert blocks(plan([*kept, again], map(managed, [*kept, orders]))).keys() == {"orders", "purchases"}


def test_two_that_are_equally_alike_are_blocked_and_all_candidates_named() -> None:
    keep = [desired(f"keep-{number}", {"model": "other"}) for number in range(8)]
    live = [managed(desired("a", SPEC)), managed(desired("b", SPEC)), *map(managed, keep)]
    one = blocks(plan([desired("new", SPEC), *keep], live))
    assert one.keys() == {"a", "b", "new"}
    assert one["new"] == (
        "retinue: {moved_from: a} in the manifest of Assistant/new",
        "retinue: {moved_from: b} in the manifest of Assistant/new",
        "removed: [Assistant/a, Assistant/b]",
        "--allow renamed:Assistant/a --allow renamed:Assistant/b",
    )
    two = blocks(plan([desired("x", SPEC), desired("y", SPEC), *keep], live[:1] + live[2:]))
    assert two.keys() == {"a", "x", "y"}
    assert two["a"][:2] == tuple(f"retinue: {{moved_from: a}} in the manifest of Assistant/{name}" for name in "xy")


def test_of_several_the_one_most_alike_is_meant() -> None:
    keep = [desired(f"keep-{number}", {"model": "other"}) for number in range(8)]
    live = [managed(desired("a", SPEC | {"temperature": 0.7})), managed(desired("b", SPEC)), *map(managed, keep)]
    assert blocks(plan([desired("new", SPEC), *keep], live)).keys() == {"b", "new"}
    # Once somebody said that it is not this one, the other may be.
    allowed = Allowed({"renamed": ("Assistant/b",)})
    assert blocks(plan([desired("new", SPEC), *keep], live, allowed=allowed)).keys() == {"a", "new"}


def test_several_renames_at_once_are_each_found() -> None:
    texts = [f"You know all about {what} and nothing else." for what in ("birds", "engines", "medieval Latin poetry")]
    keep = [desired(f"keep-{number}", {"model": "other"}) for number in range(12)]

    def bots(prefix: str) -> list[Desired]:
        return [
            desired(f"{prefix}{number}", {"model": "gpt-4o", "instructions": text}) for number, text in enumerate(texts)
        ]

    made = plan([*bots("new"), *keep], map(managed, [*bots("old"), *keep]))
    assert {change.address.name: change.blocked.remedies[0] for change in made.changes if change.blocked} == {
        f"{side}{number}": f"retinue: {{moved_from: old{number}}} in the manifest of Assistant/new{number}"
        for side in ("old", "new")
        for number in range(3)
    }


def test_a_delete_that_somebody_agreed_to_is_no_rename() -> None:
    made = plan([desired("new", SPEC)], [managed(desired("old", SPEC))], target={"removed": {at("old"): False}})
    assert [change.reason for change in made.changes] == [Reason.NEW, Reason.REMOVED]
    assert blocks(made) == {}
    live = [managed(desired(name, SPEC | {"temperature": number})) for number, name in enumerate(("old", "other"))]
    made = plan([desired("new", SPEC)], live, target={"removed": {at("other"): False}})
    assert blocks(made).keys() == {"old", "new"}


def test_it_is_allowed_by_the_address_that_would_be_deleted() -> None:
    for address, names in (("Assistant/old", set()), ("Assistant/new", {"old", "new"})):
        allowed = Allowed({"brake": 1, "renamed": (address,)})
        made = plan([desired("new", SPEC)], [managed(desired("old", SPEC))], allowed=allowed)
        assert blocks(made).keys() == names


def test_a_narrowed_plan_is_no_way_around_it() -> None:
    wanted = [desired("new", SPEC), desired("keep")]
    live = [managed(desired("old", SPEC)), managed(desired("keep"))]
    for target, names in (("new", {"new"}), ("old", {"old"}), ("keep", set())):
        selection = select(wanted, [f"Assistant/{target}"], orphans=[at("old")])
        assert blocks(plan(wanted, live, selection=selection)).keys() == names


def test_a_destroy_is_no_rename() -> None:
    made = plan([desired("new", SPEC)], [managed(desired("old", SPEC))], destroy=True, allowed=Allowed({"brake": 1}))
    assert [change.blocked for change in made.changes] == [None]


def test_what_is_held_blocks_nothing_and_neither_half_goes_without_the_other() -> None:
    keep = [desired(f"keep-{number}", {"model": "other"}) for number in range(4)]
    live = [*map(managed, keep), managed(desired("old", SPEC))]
    pending = Change(at("new"), Action.CREATE, Reason.NEW)
    settled = frozenset(item.address for item in keep if item.address)
    gone = Change(at("old"), Action.DELETE, Reason.ORPHAN, orphan=True)
    for proof in (
        Proof(Promotion("dev"), {at("new"): pending}, settled),
        Proof(Promotion("dev"), {at("old"): gone}, settled | {at("new")}),
    ):
        made = plan([*keep, desired("new", SPEC)], live, proof=proof)
        assert {change.address.name for change in made.changes if change.held} == {"old", "new"}
        assert not any(change.blocked for change in made.changes)
    proof = Proof(Promotion("dev"), {}, settled | {at("new")})
    assert blocks(plan([*keep, desired("new", SPEC)], live, proof=proof)).keys() == {"old", "new"}


def test_it_comes_before_protection_and_the_brake_whose_ways_out_would_lose_the_id() -> None:
    made = plan([desired("new", SPEC)], [managed(desired("old", SPEC), protected=True)])
    assert {change.blocked.code for change in made.changes if change.blocked} == {"renamed"}


def test_the_line_makes_it_a_move_and_blocks_no_more() -> None:
    made = plan([desired("new", SPEC, moved_from="old")], [managed(desired("old", SPEC))])
    assert [(change.action.value, change.blocked) for change in made.changes] == [("move", None)]


def test_a_great_many_are_told_apart_in_a_moment() -> None:
    def bots(prefix: str, count: int, line: str) -> list[Desired]:
        texts = [f"{TEXT}\nYou are number {number} of many{line}." for number in range(count)]
        return [desired(f"{prefix}{number}", SPEC | {"instructions": text}) for number, text in enumerate(texts)]

    for line, least in (("", 220), (" others", 100)):
        made = plan(bots("b", 110, ""), map(managed, bots("a", 120, line)), allowed=Allowed({"brake": 120}))
        assert len(blocks(made)) >= least


def test_a_vector_store_is_known_by_its_files_whatever_their_ids() -> None:
    def store(name: str, *files: str) -> Desired:
        spec = {"name": name, "files": [{"file_id": {"ref": f"File/docs/{file}.md"}} for file in files]}
        return Desired("VectorStore", spec, Address("VectorStore", name))

    def live(wanted: Desired, *ids: str) -> Live:
        spec = {**wanted.spec, "files": [{"file_id": remote_id} for remote_id in ids]}
        owner = f"demo/dev/{wanted.address}"
        return Live("VectorStore", spec, "vs_1", marker_address=owner, marker_applied="1 abcdefgh")

    def file(name: str) -> dict[str, Any]:
        return {"name": f"{name}.md", "sha256": name * 64, "bytes": 3}

    wanted = [Desired("File", file(name), Address("File", f"docs/{name}.md")) for name in "abc"]
    scope = scope_of("demo", "dev")
    stored = [Live("File", file(name), f"file-{name}", marker_address=scope) for name in "abc"]
    old = live(store("old", "a", "b"), "file-a", "file-b")
    for new, alike in ((store("fresh", "a", "b"), True), (store("fresh", "c"), False)):
        made = plan([*wanted, new], [*stored, old])
        assert bool(blocks(made)) is alike, [str(change.address) for change in made.changes]
