"""The wait until a store's files are indexed: told, bounded, and what becomes of a file that cannot be."""

from __future__ import annotations

from dataclasses import replace

from .conftest import World
from .knowledge import held, stores, uploads
from .knowledge import known as known


def test_a_file_that_cannot_be_indexed_is_named_with_the_reason_and_the_run_is_partial(known: World) -> None:
    known.emulator.behaviour = replace(known.emulator.behaviour, index_failures={"returns*": "It is not text."})
    ran = known.run("apply", "--auto-approve")
    assert ran.code == 8
    assert "1 of 2 files could not be indexed: returns.md: It is not text." in ran.out + ran.err
    assert known.live() == {}
    known.emulator.behaviour = replace(known.emulator.behaviour, index_failures={})
    sent = uploads(known)
    known.apply()
    assert uploads(known) == sent
    assert len(known.live()) == len(stores(known)) == 1


def test_new_bytes_that_cannot_be_indexed_leave_the_old_ones_to_be_found(known: World) -> None:
    known.apply()
    (store,) = stores(known)
    known.write("handbook/returns.md", "# Returns, anew\n")
    known.emulator.behaviour = replace(known.emulator.behaviour, index_failures={"returns*": "It is not text."})
    assert known.run("apply", "--auto-approve").code == 8
    assert [
        entry["attributes"]["retinue.name"] for entry in known.emulator.vector_stores.entries.completed(store["id"])
    ]
    assert len(held(known, "file")) == 4
    known.emulator.behaviour = replace(known.emulator.behaviour, index_failures={})
    known.apply()
    assert len(held(known, "file")) == 3


def test_indexing_that_takes_time_is_waited_for_with_a_word(known: World) -> None:
    known.emulator.behaviour = replace(known.emulator.behaviour, index_seconds=0.7)
    ran = known.apply()
    assert "0 of 2 files indexed" in ran.err
    assert stores(known)[0]["status"] == "completed"


def test_indexing_that_never_ends_ends_with_the_time_of_the_run(known: World) -> None:
    known.emulator.behaviour = replace(known.emulator.behaviour, index_stuck="returns*")
    ran = known.run("apply", "--auto-approve", "--timeout", "3s")
    assert ran.code == 8
    assert "1 of 2 files was still being indexed" in ran.out + ran.err
