"""What retinue itself sends to Azure and is answered, from create to delete, judged by the published definition."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from retinue_emulator.app import Emulator

from ..cli.conftest import World, opened
from .azure_published import JUDGED, LATER, PUBLISHED, SECOND, Seen
from .needs import sdk
from .published import Answer

sdk()
pytestmark = pytest.mark.outside
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def witnessed(seen: Seen, emulator: Emulator) -> Application:
    """The emulator, with every exchange below /openai kept."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        statuses: list[int] = []

        def started(status: str, *rest: Any) -> Any:
            statuses.append(int(status.split()[0]))
            return start_response(status, *rest)

        pieces = [*emulator({**environ, "wsgi.input": io.BytesIO(body)}, started)]
        path = environ["PATH_INFO"].removeprefix("/openai")
        answer = Answer(environ["REQUEST_METHOD"], path, statuses[-1], {}, b"".join(pieces))
        seen.saw(dict(parse_qsl(environ["QUERY_STRING"])), body, answer)
        return pieces

    return application


@pytest.fixture(params=[SECOND, LATER, PUBLISHED])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seen(version: str) -> Seen:
    return Seen(version)


@pytest.fixture
def world(version: str, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """In the end every exchange must have been as published."""
    with opened(tmp_path / "demo", monkeypatch, lambda emulator: witnessed(seen, emulator)) as found:
        found.write(
            "retinue.yaml",
            "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n  prod:\n    provider: azure-openai\n"
            f"    endpoint: {found.url}\n    api_version: {version}\n    api_key: {{env: DEMO_KEY}}\n",
        )
        for name in ("returns", "shipping"):
            found.write(f"handbook/{name}.md", f"# {name}\n")
        found.write("data/prices.csv", "item,price\n")
        yield found
    assert seen.complaints() == []


BARE = "assistant: tutor\nmodel: gpt-4o\n"
FULL = """\
assistant: tutor
model: gpt-4o
name: Tutor
description: Teaches.
instructions: Teach.
tools:
  - {type: code_interpreter}
  - {type: file_search}
  - {type: function, function: {name: f, description: d}}
tool_resources:
  code_interpreter: {file_ids: [{upload: ../data/prices.csv}]}
  file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}
metadata: {team: edu}
temperature: 0.2
top_p: 0.9
response_format: {type: json_object}
"""
STORE = "vector_store: handbook\nname: Handbook\nmetadata: {team: edu}\nfiles:\n"
UPLOADS = "  - {upload: ../handbook/*.md}\n"
LATER_ONLY = """\
assistant: newer
model: gpt-4o
tools:
  - {type: file_search, file_search: {max_num_results: 8}}
  - type: function
    function:
      {name: f, description: d, strict: true, parameters: {type: object, properties: {}, required: [],
        additionalProperties: false}}
response_format: {type: json_schema, json_schema: {name: answer, schema: {type: object}}}
"""
CUT = "{type: static, static: {max_chunk_size_tokens: 200, chunk_overlap_tokens: 50}}"


def operations(seen: Seen) -> set[str]:
    """What was done of assistants and stores, with ids left out."""
    done = set()
    for _, _, answer in seen.exchanges:
        if answer.path.startswith(JUDGED):
            _, kind, *rest = answer.path.split("/")
            below = [part if index % 2 else "ID" for index, part in enumerate(rest)]
            done.add(f"{answer.method} {'/'.join([kind, *below])}")
    return done


def test_every_field_from_create_to_delete(world: World, seen: Seen, version: str) -> None:
    world.write("assistants/handbook.yaml", STORE + UPLOADS + "expires_after: {days: 7}\n")
    world.write("assistants/tutor.yaml", FULL)
    world.apply()
    world.write("assistants/handbook.yaml", STORE.replace("Handbook", "Guide") + UPLOADS)
    world.write("handbook/returns.md", "# Returns, anew\n")
    world.write("assistants/tutor.yaml", FULL.replace("Teach", "Explain").replace("0.2", "0.4"))
    world.apply()
    world.write("assistants/tutor.yaml", BARE)
    world.apply()
    world.remove("assistants/handbook.yaml")
    world.apply("--allow", "brake=1")
    assert world.run("destroy", "--auto-approve", "--allow", "brake=1").code == 0
    assert world.live() == {}
    store = "vector_stores/ID"
    assert operations(seen) >= {
        *("GET assistants", "POST assistants", "GET assistants/ID", "POST assistants/ID", "DELETE assistants/ID"),
        *("GET vector_stores", "POST vector_stores", f"GET {store}", f"POST {store}", f"DELETE {store}"),
        *(f"GET {store}/files", f"DELETE {store}/files/ID", f"POST {store}/file_batches"),
        f"GET {store}/file_batches/ID",
    }
    assert {answer.status for _, _, answer in seen.exchanges} == {200}


def test_what_came_later(world: World, seen: Seen, version: str) -> None:
    world.write("assistants/newer.yaml", LATER_ONLY)
    world.write("assistants/handbook.yaml", STORE + f"  - {{upload: ../handbook/*.md, chunking_strategy: {CUT}}}\n")
    if version < LATER:
        assert world.run("apply", "--auto-approve").code == 3
        # The first list may have left before the manifests were read.
        assert operations(seen) <= {"GET assistants"}
        return
    world.apply()
    assert "POST vector_stores/ID/file_batches" in operations(seen)


def test_pages_of_a_list_adopt_and_forget(world: World, seen: Seen) -> None:
    for number in range(101):
        world.emulator.seed({"model": "gpt-4o", "name": f"Other {number}"})
    key = world.emulator.seed({"model": "gpt-4o", "name": "Tutor"})
    world.write("assistants/tutor.yaml", BARE + "name: Tutor\n")
    assert world.run("adopt", "Assistant/tutor", key, "--auto-approve").code == 0
    world.settled()
    world.remove("assistants/tutor.yaml")
    world.assistant("another")
    assert world.run("forget", "--id", key, "--auto-approve").code == 0
    assert any("after" in query for query, _, _ in seen.exchanges)


def test_the_witness_finds_what_is_not_as_published(world: World, seen: Seen) -> None:
    key = world.emulator.seed({"model": "gpt-4o", "colour": "red"})
    world.run("plan")
    assert [text for text in seen.complaints() if "colour" in text]
    seen.exchanges.clear()
    path = f"/assistants/{key}"
    seen.saw({}, b'{"temperature": "hot"}', Answer("POST", path, 200, {}, b"{}"))
    wrong = " ".join(seen.complaints())
    assert "missing in the query: api-version" in wrong
    assert "'hot'" in wrong
    seen.exchanges.clear()
