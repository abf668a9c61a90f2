"""Knowledge that begins or ends outside: requests of others as manifests, and stores that go away meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retinue_emulator.app import Emulator

from .conftest import World, opened
from .knowledge import STORE, held, steps, stores

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication


def test_a_store_that_goes_away_before_its_files_are_read_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes = False

    def around(emulator: Emulator) -> WSGIApplication:
        def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            answer = list(emulator(environ, start_response))
            if goes and (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", "/v1/vector_stores"):
                for key, _ in emulator.store.everything("vector_store"):
                    emulator.store.delete("vector_store", key)
            return answer

        return app

    with opened(tmp_path / "demo", monkeypatch, around) as world:
        world.project()
        world.write("assistants/handbook.yaml", STORE)
        world.write("handbook/returns.md", "# Returns\n")
        world.apply()
        goes = True
        gone = world.run("plan")
        goes = False
        assert (gone.code, gone.err) == (0, "")
        assert "+ VectorStore/handbook" in gone.out
        world.apply()


@pytest.mark.parametrize("command", ["init", "import"])
def test_a_create_request_with_its_own_store_becomes_two_manifests_that_apply(world: World, command: str) -> None:
    files = [world.emulator.seed({"object": "file", "filename": f"{name}.md", "content": name}) for name in "ab"]
    cut = {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 100}}
    helper = {"file_ids": files, "chunking_strategy": cut, "metadata": {"owner": "cx"}}
    request: dict[str, Any] = {"name": "Support", "model": "gpt-4o", "tools": [{"type": "file_search"}]}
    request["tool_resources"] = {"file_search": {"vector_stores": [helper]}}
    world.write("old.json", json.dumps(request))
    if command == "import":
        world.project()
    assert world.run(command, "--from", "old.json").code == 0
    world.project()
    assert steps(world) == {
        ("VectorStore/support", "create", "new"),
        ("Assistant/support", "create", "new"),
    }
    world.apply()
    (store,) = stores(world)
    assert world.only()["tool_resources"]["file_search"]["vector_store_ids"] == [store["id"]]
    entries = held(world, f"vector_store.file/{store['id']}")
    assert {key: entry["chunking_strategy"] for key, entry in entries.items()} == dict.fromkeys(files, cut)
    assert store["metadata"]["owner"] == "cx"
