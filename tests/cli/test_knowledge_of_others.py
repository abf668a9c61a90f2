"""Objects of others that use our files and stores: these stay, or go only by an explicit word."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

from .conftest import World, opened
from .knowledge import ASSISTANT, STORE, changes, held, stores

PROVIDERS = ("openai-assistants", "azure-openai")


def project(world: World, provider: str, more: str = "") -> None:
    endpoint = world.url + ("/v1" if provider == "openai-assistants" else "")
    world.write(
        "retinue.yaml",
        f"version: 1\nproject: demo\nmanifests: [assistants]\n{more}environments:\n  dev:\n    provider: {provider}\n"
        f"    endpoint: {endpoint}\n    api_key: {{env: DEMO_KEY}}\n",
    )


def fill(world: World, provider: str) -> None:
    """A handbook that Assistant/support uses, applied."""
    project(world, provider)
    world.write("assistants/handbook.yaml", STORE)
    world.write("assistants/support.yaml", ASSISTANT)
    world.write("handbook/returns.md", "# Returns\n")
    world.write("data/prices.csv", "item,price\n")
    world.apply()


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def known(world: World, provider: str) -> World:
    fill(world, provider)
    return world


def theirs(world: World, **more: Any) -> str:
    """An assistant of others that uses our store."""
    (store,) = stores(world)
    resources = {"file_search": {"vector_store_ids": [store["id"]]}}
    return world.emulator.seed({"name": "Legacy", "model": "m", "tool_resources": resources, **more})


def without_store(world: World) -> None:
    world.remove("assistants/handbook.yaml")
    world.write("assistants/support.yaml", "assistant: support\nname: Support\nmodel: gpt-4o\n")


def deletion(world: World) -> dict[str, Any]:
    (found,) = (change for change in changes(world) if change["address"] == "VectorStore/handbook")
    return found


def test_a_store_that_an_assistant_of_others_uses_does_not_go(known: World) -> None:
    other = theirs(known)
    without_store(known)
    (store,) = stores(known)
    blocked = deletion(known)["blocked"]
    assert blocked == {
        "code": "in-use",
        "message": f"{other} (“Legacy”), which is not managed here, would still refer to it",
        "remedies": [
            f"take {store['id']} out of {other} first",
            "to keep it there, removed: [{address: VectorStore/handbook, forget: true}]",
            "to delete it anyway, removed: [VectorStore/handbook]",
        ],
    }
    assert known.run("apply", "--auto-approve").code == 5
    assert [item["id"] for item in stores(known)] == [store["id"]]


def test_nor_one_that_another_project_uses(known: World) -> None:
    theirs(known, metadata={"retinue.address": "other/dev/Assistant/bot", "retinue.applied": "1 12345678"})
    without_store(known)
    assert deletion(known)["blocked"]["code"] == "in-use"


def test_it_goes_once_nobody_uses_it(known: World) -> None:
    other = theirs(known)
    without_store(known)
    known.emulator.store.delete("assistant", other)
    known.apply()
    assert stores(known) == []


def test_it_can_be_kept_there(known: World, provider: str) -> None:
    theirs(known)
    without_store(known)
    project(known, provider, "removed: [{address: VectorStore/handbook, forget: true}]\n")
    known.apply()
    assert len(stores(known)) == 1


def test_what_is_acknowledged_goes_with_a_warning(known: World, provider: str) -> None:
    other = theirs(known)
    without_store(known)
    project(known, provider, "removed: [VectorStore/handbook]\n")
    assert deletion(known)["blocked"] is None
    ran = known.run("plan")
    assert f"{other} (“Legacy”), which is not managed here, still refers to it" in ran.out
    known.apply()
    assert stores(known) == []


def test_destroy_says_so_too_and_goes_on(known: World) -> None:
    other = theirs(known)
    ran = known.run("destroy", "--auto-approve", "--allow", "brake=2")
    assert ran.code == 0, ran.err
    assert f"{other} (“Legacy”)" in ran.out
    assert stores(known) == []


def test_an_adopted_user_is_no_stranger(known: World) -> None:
    other = theirs(known)
    without_store(known)
    known.write(
        "assistants/legacy.yaml", f"assistant: legacy\nname: Legacy\nmodel: m\nretinue: {{adopt: {{dev: {other}}}}}\n"
    )
    known.apply()
    assert stores(known) == []


def test_an_unwanted_file_stays_while_a_store_of_others_holds_it(known: World) -> None:
    (table,) = known.only()["tool_resources"]["code_interpreter"]["file_ids"]
    store = known.emulator.seed({"object": "vector_store", "name": "Theirs"})
    known.emulator.seed({"object": "vector_store.file", "id": table, "vector_store_id": store})
    known.write("data/prices.csv", "other\n")
    known.apply()
    assert table in held(known, "file")
    known.emulator.store.delete("vector_store", store)
    known.apply()
    assert table not in held(known, "file")


class Slow:
    """Every read of a store's files takes a moment; how many were at work at once is counted."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def around(self, emulator: Emulator) -> Callable[..., Iterable[bytes]]:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if not environ["PATH_INFO"].endswith("/files") or "/vector_stores/" not in environ["PATH_INFO"]:
                return emulator(environ, start_response)
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.05)
            try:
                return emulator(environ, start_response)
            finally:
                with self.lock:
                    self.now -= 1

        return application


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Slow]]:
    counted = Slow()
    with opened(tmp_path / "slow", monkeypatch, counted.around) as found:
        fill(found, "azure-openai")
        for number in range(30):
            found.emulator.seed({"object": "vector_store", "id": f"vs_{number}", "name": f"Theirs {number}"})
        counted.most = 0
        yield found, counted


@pytest.mark.parametrize(("options", "most"), [((), 10), (("--parallelism", "3"), 3)])
def test_stores_of_others_are_read_several_at_a_time(
    slow: tuple[World, Slow], options: tuple[str, ...], most: int
) -> None:
    world, counted = slow
    world.write("data/prices.csv", "other\n")
    ran = world.run("plan", "--format", "json", *options)
    assert [change["reason"] for change in json.loads(ran.out)["changes"]].count("unused") == 1
    assert 1 < counted.most <= most


def test_one_of_them_that_cannot_be_read_is_an_error(slow: tuple[World, Slow]) -> None:
    world, _ = slow
    world.write("data/prices.csv", "other\n")
    world.emulator.faults.on("GET .*/vector_stores/vs_7/files", Fault("status", 403), times=100)
    assert world.run("plan").code == 4
    world.emulator.faults.clear()
    world.apply()
