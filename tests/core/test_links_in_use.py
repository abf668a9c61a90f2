"""What others refer to: files go once nothing needs them, and nothing that is still referred to is deleted unasked."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.model import Action, Address, Change, Desired, Live, Plan
from retinue.core.plan import Selection
from retinue.core.policy import is_unasked

from .carrying import verdict, world_after
from .worlds import at, desired, foreign, managed, plan, steps

BOOK = Address("VectorStore", "book")
STORE = Desired("VectorStore", {"name": "Book"}, BOOK)
PATH = Address("File", "docs/a.md")


def searching(name: str, *stores: str) -> Desired:
    ids = [{"ref": f"VectorStore/{store}"} for store in stores]
    return desired(name, {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": ids}}} if ids else None)


def file(sha: str, address: Address = PATH) -> Desired:
    return Desired("File", {"name": address.name.rpartition("/")[2], "sha256": sha * 64, "bytes": 1}, address)


def holding(*files: Address) -> Desired:
    return Desired("VectorStore", {"name": "Book", "files": [{"file_id": {"ref": str(item)}} for item in files]}, BOOK)


def applied(wanted: list[Desired], live: list[Live] | None = None, **options: Any) -> list[Live]:
    """What is live after an apply, which leaves nothing to do."""
    made = plan(wanted, live or [], **options)
    assert blocked(made) == {}
    after = world_after(made, live or [])
    assert plan(wanted, after).changes == ()
    return after


def blocked(made: Plan) -> dict[str, str]:
    return {change.address.name: change.blocked.message for change in made.changes if change.blocked}


# --- files


def test_a_file_is_sent_once_and_stays_while_something_needs_it() -> None:
    live = applied([holding(PATH), file("a"), searching("bot", "book")])
    assert sorted(item.kind for item in live) == ["Assistant", "File", "VectorStore"]
    moved = Address("File", "other/b.md")
    wanted = [holding(moved), file("a", moved), searching("bot", "book")]
    # Only the marker learns the new name of the same bytes.
    assert [(item.address, item.action) for item in plan(wanted, live).changes] == [(BOOK, Action.UPDATE)]
    sent = {item.remote_id: item.spec for item in live}
    assert {item.remote_id: item.spec for item in applied(wanted, live)} == sent


def test_other_bytes_are_a_new_file_and_the_old_one_goes_after_the_last_that_used_it() -> None:
    live = applied([holding(PATH), file("a")])
    made = plan([holding(PATH), file("b")], live)
    assert steps(made) == [
        ("docs/a.md", "create", "manifest"),
        ("book", "update", "reference"),
        ("a.md@aaaaaaaa", "delete", "unused"),
    ]
    after = applied([holding(PATH), file("b")], live)
    assert [item.spec["sha256"] for item in after if item.kind == "File"] == ["b" * 16]


def test_a_file_that_no_manifest_wants_goes_and_one_that_others_use_stays() -> None:
    live = applied([holding(PATH), file("a")])
    (sent,) = [item for item in live if item.kind == "File"]
    assert steps(plan([holding()], live))[-1] == ("a.md@aaaaaaaa", "delete", "unused")
    theirs = foreign("asst_9", tool_resources={"code_interpreter": {"file_ids": [sent.remote_id]}})
    assert [change.address for change in plan([holding()], [*live, theirs]).changes] == [BOOK]


def test_the_second_upload_of_the_same_bytes_goes() -> None:
    live = applied([holding(PATH), file("a")])
    (sent,) = [item for item in live if item.kind == "File"]
    again = Live("File", sent.spec, remote_id="file_2", created_at=10, marker_address=sent.marker_address)
    (change,) = plan([holding(PATH), file("a")], [*live, again]).changes
    assert (change.action, change.remote_id) == (Action.DELETE, "file_2")


def test_a_file_is_deleted_only_while_it_is_the_one_of_the_plan() -> None:
    live = applied([holding(PATH), file("a")])
    (change,) = [item for item in plan([holding()], live).changes if item.action is Action.DELETE]
    (sent,) = [item for item in live if item.kind == "File"]
    theirs = Live("File", sent.spec, remote_id=sent.remote_id, marker_address="another0")
    assert verdict(change, sent) == "go"
    assert verdict(change, None) == f"done {sent.remote_id}"
    assert verdict(change, theirs) == f"{sent.remote_id} is not this project's file"
    assert (
        verdict(change, managed(desired("bot"), id=sent.remote_id)) == f"{sent.remote_id} is of another kind: Assistant"
    )


# --- what is still referred to


def test_nothing_goes_that_an_object_of_ours_would_still_refer_to() -> None:
    live = applied([STORE, searching("bot", "book")])
    (store,) = [item for item in live if item.kind == "VectorStore"]
    raw = desired("bot", {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": [store.remote_id]}}})
    made = plan([raw], live)
    assert blocked(made)["book"] == "Assistant/bot would still refer to it"
    assert blocked(plan([searching("bot")], live)) == {}


def test_a_narrowed_plan_names_the_user_that_it_leaves_out() -> None:
    live = applied([STORE, searching("bot", "book")])
    chosen = Selection(frozenset(), frozenset({"VectorStore/book"}))
    (change,) = plan([searching("bot")], live, selection=chosen).changes
    assert change.blocked is not None
    assert change.blocked.remedies == ("--target Assistant/bot too",)


USERS = {
    "without a marker": lambda spec: foreign("asst_9", **spec),
    "of another project": lambda spec: managed(desired("x", {"model": "m", **spec}), project="other", id="asst_9"),
}


@pytest.mark.parametrize("user", USERS)
def test_what_an_object_of_others_refers_to_goes_only_by_an_explicit_word(user: str) -> None:
    live = applied([STORE, desired("bot")])
    (store,) = [item for item in live if item.kind == "VectorStore"]
    theirs = USERS[user]({"tool_resources": {"file_search": {"vector_store_ids": [store.remote_id]}}})
    everything = [*live, theirs]
    made = plan([desired("bot")], everything)
    assert "which is not managed here, would still refer to it" in blocked(made)["book"]
    (change,) = made.changes
    assert change.blocked is not None
    assert change.blocked.remedies[-1] == "to delete it anyway, removed: [VectorStore/book]"
    said = plan([desired("bot")], everything, target={"removed": {BOOK: False}})
    assert blocked(said) == {}
    assert [item.code for item in said.diagnostics if item.code == "in-use"] == ["in-use"]
    kept = plan([desired("bot")], everything, target={"removed": {BOOK: True}})
    assert [(item.action, item.blocked) for item in kept.changes] == [(Action.FORGET, None)]
    destroyed = plan([], everything, destroy=True)
    assert {item.blocked.code for item in destroyed.changes if item.blocked} == {"brake"}


def test_a_copy_counts_as_an_object_of_others() -> None:
    live = applied([STORE, searching("bot", "book")])
    (bot,) = [item for item in live if item.kind == "Assistant"]
    copy = Live(
        **{name: getattr(bot, name) for name in ("kind", "spec", "marker_address", "marker_applied")},
        remote_id="asst_9",
        created_at=99,
    )
    assert "asst_9" in blocked(plan([searching("bot")], [*live, copy]))["book"]


def test_only_a_delete_that_its_manifest_left_behind_is_unasked() -> None:
    (orphan,) = plan([], [managed(desired("bot"))]).changes
    (destroyed,) = plan([], [managed(desired("bot"))], destroy=True).changes
    asked: list[tuple[Change, set[Address]]] = [(destroyed, set()), (orphan, {at("bot")})]
    assert is_unasked(orphan, set())
    assert not any(is_unasked(change, acknowledged) for change, acknowledged in asked)
