"""What was read live: sorted when it is first asked for, and never again."""

from __future__ import annotations

from retinue.core.content import scope_of
from retinue.core.model import Live
from retinue.core.observation import Observation

from .worlds import at, desired, foreign, managed, target

OURS, THEIRS = scope_of("demo", "dev"), scope_of("demo", "prod")


def file(scope: str, created_at: int) -> Live:
    spec = {"name": "a.txt", "sha256": "ab" * 32, "bytes": 5}
    return Live("File", spec, remote_id=f"file-{created_at}", marker_address=scope, created_at=created_at)


def test_files_are_told_from_what_has_a_marker_and_ours_from_those_of_others() -> None:
    live = [managed(desired("ant")), foreign("asst_9"), file(OURS, 2), file(OURS, 1), file(THEIRS, 3)]
    seen = Observation(target(), live)
    assert [item.kind for item in seen.marked] == ["Assistant", "Assistant"]
    assert seen.world.owned.keys() == {at("ant")}
    assert [[item.remote_id for item in same] for same in seen.files.values()] == [["file-1", "file-2"]]


def test_nothing_is_worked_out_twice() -> None:
    seen = Observation(target(), [managed(desired("ant")), file(OURS, 1)])
    assert seen.world is seen.world
    assert seen.files is seen.files
    assert seen.marked is seen.marked
