"""What has been answered is kept: by many threads, by several processes, over a restart, and after kill -9."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.store import Store, Window

from ..client import HEADERS, good, in_process

SERVE = """
import sys, threading
from retinue_emulator.app import Emulator
from retinue_emulator.server import serve
serve(Emulator(sys.argv[1]), "127.0.0.1", 0, lambda url: print(url, flush=True), threading.Event())
"""
CREATE = """
import sys
from retinue_emulator.store import Store
store = Store(sys.argv[1])
for number in range(50):
    key = f"{sys.argv[2]}-{number}"
    store.put("assistant", key, 1, '{"id": "' + key + '"}')
    with store.transaction():
        count = int(store.get("counter", "all") or 0)
        store.put("counter", "all", 1, str(count + 1))
"""


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_parallel_creates_in_process_lose_nothing(tmp_path: Path, kind: str) -> None:
    emulator = Emulator(":memory:" if kind == "memory" else str(tmp_path / "db.sqlite"))
    with in_process(emulator) as api, ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda _: api.created()["id"], range(320)))
        assert len(set(made)) == 320
        assert sorted(api.walk(limit=33)) == sorted(made)
    emulator.close()


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_parallel_modifies_of_one_object_lose_nothing(tmp_path: Path, kind: str) -> None:
    emulator = Emulator(":memory:" if kind == "memory" else str(tmp_path / "db.sqlite"))
    with in_process(emulator) as api, ThreadPoolExecutor(16) as pool:
        key = api.created()["id"]
        list(pool.map(lambda number: good(api.modify(key, metadata={f"k{number}": ""})), range(16)))
        assert len(good(api.get(key))["metadata"]) == 16
    emulator.close()


def test_a_reader_is_not_held_up_by_a_writer(tmp_path: Path) -> None:
    with closing(Store(str(tmp_path / "db"))) as store, ThreadPoolExecutor(1) as pool:
        store.put("k", "a", 1, "old")
        with store.transaction():
            store.put("k", "a", 1, "new")
            assert pool.submit(store.get, "k", "a").result(timeout=5) == "old"
        assert store.get("k", "a") == "new"


def test_processes_that_share_a_new_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "db.sqlite"
    running = [subprocess.Popen([sys.executable, "-c", CREATE, str(path), str(number)]) for number in range(4)]
    assert [process.wait(30) for process in running] == [0, 0, 0, 0]
    with closing(Store(str(path))) as store:
        assert (store.count("assistant"), store.get("counter", "all")) == (200, "200")


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_server_has_kept_every_answered_create(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    answered: list[str] = []
    enough = threading.Event()

    def work(url: str) -> None:
        with httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=10) as client:
            while True:
                try:
                    answered.append(good(client.post("assistants", json={"model": "m"}))["id"])
                except httpx.TransportError:
                    return
                if len(answered) > 200:
                    enough.set()

    for _ in range(2):
        enough.clear()
        with subprocess.Popen([sys.executable, "-c", SERVE, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            threads = [threading.Thread(target=work, args=(url,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            assert enough.wait(30)
            process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
        with closing(Store(str(path))) as store:
            rows = store.texts("assistant")
        assert set(answered) <= {key for key, _ in rows}
        assert all(json.loads(text)["id"] == key for key, text in rows)


def test_a_restart_keeps_objects_and_their_order(tmp_path: Path) -> None:
    path = str(tmp_path / "db.sqlite")
    before: list[str] = []
    for _ in range(3):
        emulator = Emulator(path)
        with in_process(emulator) as api:
            assert api.walk(order="asc", limit=2) == before
            before += [api.created()["id"] for _ in range(3)]
            api.delete(before.pop(0))
        emulator.close()


def test_what_fails_inside_a_transaction_has_not_been(tmp_path: Path) -> None:
    with closing(Store(str(tmp_path / "db"))) as store:
        with pytest.raises(LookupError), store.transaction():  # noqa: PT012 - what is done within must be undone
            store.put("k", "a", 1, "x")
            with store.transaction():
                store.put("k", "b", 1, "x")
            raise LookupError
        assert store.count("k") == 0
        store.put("k", "a", 1, "x")
        assert store.count("k") == 1


def test_a_replaced_object_moves_with_its_time() -> None:
    with closing(Store(":memory:")) as store:
        for key, time in (("a", 1), ("b", 2), ("a", 3)):
            store.put("k", key, time, key)
        assert [key for key, _ in store.texts("k")] == ["b", "a"]


def test_kinds_do_not_mix() -> None:
    with closing(Store(":memory:")) as store:
        store.put("one", "x", 1, "1")
        store.put("two", "x", 1, "2")
        assert (store.get("one", "x"), store.page("two", Window(9, newest_first=True))) == ("1", ([("x", "2")], False))
        assert store.delete("one", "x")
        assert not store.delete("one", "x")
        with pytest.raises(KeyError):
            store.page("one", Window(9, newest_first=True, after="x"))


def test_a_database_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        Store(str(tmp_path))
    (tmp_path / "text").write_text("this is no database, but it is long enough to look like something" * 20)
    with pytest.raises(sqlite3.DatabaseError):
        Store(str(tmp_path / "text"))


def test_a_closed_store_is_closed(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "db"))
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.get("k", "a")
