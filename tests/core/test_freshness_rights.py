"""Each step may write just the objects whose owner is what its action demands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from retinue.core.content import scope_of
from retinue.core.freshness import displaced, refusal
from retinue.core.marker import parse_owner
from retinue.core.model import Action, Address, Change, Live, Reason
from retinue.core.ownership import decide
from retinue.providers.assistants_v2 import KINDS

from .worlds import at, desired, managed, target

TARGET = target(formerly=("past",))
OWNERS = {
    "nobody": None,
    "ours": "demo/dev/Assistant/bot",
    "ours elsewhere": "demo/dev/Assistant/robot",
    "ours before": "past/dev/Assistant/bot",
    "another environment": "demo/prod/Assistant/bot",
    "an earlier name there": "past/prod/Assistant/bot",
    "another project": "other/dev/Assistant/bot",
    "unreadable": "other/dev/Assistant/BOT",
    "another kind": "demo/dev/VectorStore/bot",
}
MAY = {
    (Action.UPDATE, None): {"ours"},
    (Action.NO_OP, None): {"ours"},
    (Action.REPLACE, None): {"ours"},
    (Action.DELETE, None): {"ours", "ours before"},
    (Action.FORGET, None): {"ours", "ours before"},
    (Action.ADOPT, None): {"nobody", "unreadable", "another kind"},
    (Action.MOVE, None): set(),
    (Action.MOVE, "demo/dev/Assistant/robot"): {"ours elsewhere"},
    (Action.MOVE, "past/dev/Assistant/bot"): {"ours before"},
    (Action.MOVE, "demo/prod/Assistant/bot"): set(),
    (Action.MOVE, "other/dev/Assistant/bot"): set(),
    (Action.REPLACE, "demo/dev/Assistant/robot"): {"ours elsewhere"},
    (Action.REPLACE, "other/dev/Assistant/bot"): set(),
}
"""By action and the old marker that it states, whose objects it may write."""


@pytest.mark.parametrize(("action", "moved_from"), MAY, ids=str)
@pytest.mark.parametrize("owner", OWNERS)
def test_each_action_writes_only_what_it_may(action: Action, moved_from: str | None, owner: str) -> None:
    change = Change(at("bot"), action, Reason.MANIFEST, "asst_1", moved_from=parse_owner(moved_from or ""))
    live = Live("Assistant", {}, remote_id="asst_1", marker_address=OWNERS[owner])
    why = refusal(change, live, TARGET)
    assert (why is None) is (owner in MAY[action, moved_from]), why


def test_a_file_is_deleted_by_its_scope_and_its_content() -> None:
    live = Live("File", {"name": "a.md", "sha256": "0123456789abcdef", "bytes": 1}, remote_id="file-1")
    change = Change(Address("File", "a.md@01234567"), Action.DELETE, Reason.UNUSED, "file-1")
    ours, theirs = (replace(live, marker_address=scope_of("demo", name)) for name in ("dev", "prod"))
    assert refusal(change, ours, target()) is None
    for item in (live, theirs, replace(ours, spec={**live.spec, "sha256": "f" * 16})):
        assert refusal(change, item, target()) == "file-1 is not this project's file"


def test_a_copy_is_at_most_let_go_of_and_a_double_create_besides_deleted() -> None:
    original, copy = (managed(desired("bot"), id=f"asst_{n}", created=n, nonce="n0000001") for n in (1, 2))
    double = managed(desired("bot"), id="asst_3", created=3, nonce="n0000002")
    world = decide([original, copy, double], "demo", "dev", KINDS)
    for action in set(Action) - {Action.CREATE}:
        change = Change(at("bot"), action, Reason.DUPLICATE, "asst_1")
        assert displaced(change, world) is None
        assert (displaced(replace(change, remote_id="asst_2"), world) is None) is (action is Action.FORGET)
        allowed = action in (Action.FORGET, Action.DELETE)
        assert (displaced(replace(change, remote_id="asst_3"), world) is None) is allowed
