"""A service that keeps `retinue.address` and alters `retinue.applied`: seen in the answer of every write."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

from .conftest import World, opened
from .knowledge import STORE, stores

Alteration = Callable[[str, str], str]
"""What becomes of the text that is sent, and of the one that is there (empty at a create)."""
ALTERATIONS: dict[str, Alteration] = {
    "truncated": lambda sent, _: sent[:14],
    "last character": lambda sent, _: sent[:-1] + ("A" if sent[-1] != "A" else "B"),
    "upper case": lambda sent, _: sent.upper(),
    "no longer protected": lambda sent, _: sent.replace(" !p", ""),
    "encoded": lambda sent, _: base64.b64encode(sent.encode()).decode(),
    "percent": lambda sent, _: sent.replace(" ", "%20"),
    "the old one": lambda sent, old: old or sent,
    "empty": lambda *_: "",
}
OF_CREATES = [name for name in ALTERATIONS if name != "the old one"]


class Altering:
    """In front of the emulator: alters the marker in every write while `alteration` is set."""

    alteration: Alteration | None = None

    def around(self, emulator: Emulator) -> Callable[..., Iterable[bytes]]:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if self.alteration is not None and "json" in environ.get("CONTENT_TYPE", ""):
                body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
                metadata = body.get("metadata") or {}
                if sent := metadata.get("retinue.applied"):
                    metadata["retinue.applied"] = self.alteration(sent, _there(emulator, environ["PATH_INFO"]))
                data = json.dumps(body).encode()
                environ = {**environ, "wsgi.input": io.BytesIO(data), "CONTENT_LENGTH": str(len(data))}
            return emulator(environ, start_response)

        return application


def _there(emulator: Emulator, path: str) -> str:
    key = path.rpartition("/")[2]
    for kind in ("assistant", "vector_store"):
        for found, raw in emulator.store.everything(kind):
            if found == key:
                return str(raw["metadata"].get("retinue.applied", ""))
    return ""


@pytest.fixture
def altering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Altering]]:
    altering = Altering()
    with opened(tmp_path / "demo", monkeypatch, altering.around) as world:
        world.project()
        yield world, altering


def assistant(world: World, text: str = "") -> None:
    world.assistant("tutor", f"name: Tutor\n{text}retinue: {{protect: true}}\n")


@pytest.mark.parametrize("name", OF_CREATES)
def test_a_create_is_taken_back(altering: tuple[World, Altering], name: str) -> None:
    world, service = altering
    service.alteration = ALTERATIONS[name]
    assistant(world)
    for _ in range(2):
        ran = world.run("apply", "--auto-approve")
        assert ran.code == 1
        said = " ".join((ran.out + ran.err).split())
        assert "the service did not keep the marker on asst_" in said
        assert "it was taken back" in said
        assert world.live() == {}
    service.alteration = None
    world.apply()


@pytest.mark.parametrize("name", ["truncated", "last character", "upper case", "no longer protected", "percent"])
def test_a_create_whose_answer_is_lost_besides_leaves_nothing_behind(
    altering: tuple[World, Altering], name: str
) -> None:
    world, service = altering
    service.alteration = ALTERATIONS[name]
    assistant(world)
    world.emulator.faults.on("POST /v1/assistants$", Fault("reset", after_commit=True))
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, world.live()) == (1, {})
    assert "it was taken back" in " ".join((ran.out + ran.err).split())


@pytest.mark.parametrize("name", ["encoded", "empty"])
def test_a_create_whose_nonce_cannot_be_read_either_is_not_repeated(
    altering: tuple[World, Altering], name: str
) -> None:
    world, service = altering
    service.alteration = ALTERATIONS[name]
    assistant(world)
    world.emulator.faults.on("POST /v1/assistants$", Fault("reset", after_commit=True), times=None)
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, len(world.live())) == (1, 1)
    assert f"{world.only()['id']} has this address and a marker that cannot be read" in " ".join(ran.out.split())
    service.alteration = None
    world.emulator.faults.clear()
    world.apply()
    assert len(world.live()) == 1


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_update_says_so_each_time_and_makes_nothing_anew(altering: tuple[World, Altering], name: str) -> None:
    world, service = altering
    assistant(world)
    world.apply()
    key = world.only()["id"]
    service.alteration = ALTERATIONS[name]
    for heat in (0.3, 0.4):
        assistant(world, f"temperature: {heat}\n")
        writes = world.writes()
        ran = world.run("apply", "--auto-approve")
        assert (ran.code, world.only()["id"]) == (1, key)
        assert f"the service did not keep the marker on {key}" in " ".join((ran.out + ran.err).split())
        assert world.writes() == writes + 1
    service.alteration = None
    assistant(world, "temperature: 0.5\n")
    world.apply()
    assert world.only()["id"] == key


@pytest.mark.parametrize("name", OF_CREATES)
def test_a_store_is_taken_back(altering: tuple[World, Altering], name: str) -> None:
    world, service = altering
    service.alteration = ALTERATIONS[name]
    world.write("handbook/a.md", "# A\n")
    world.write("assistants/handbook.yaml", STORE + "retinue: {protect: true}\n")
    for code in (8, 1):  # the first run has sent the file
        ran = world.run("apply", "--auto-approve")
        assert (ran.code, stores(world)) == (code, [])
        assert "did not keep the marker" in " ".join((ran.out + ran.err).split())
    service.alteration = None
    world.apply()


@pytest.mark.parametrize("name", ALTERATIONS)
def test_of_a_store_that_is_updated_no_file_is_touched(altering: tuple[World, Altering], name: str) -> None:
    world, service = altering
    world.write("handbook/a.md", "# A\n")
    world.write("assistants/handbook.yaml", STORE + "retinue: {protect: true}\n")
    world.apply()
    (before,) = stores(world)
    service.alteration = ALTERATIONS[name]
    world.write("handbook/b.md", "# B\n")
    ran = world.run("apply", "--auto-approve")
    (after,) = stores(world)
    assert ran.code == 8  # it has sent the file
    assert "did not keep the marker" in " ".join((ran.out + ran.err).split())
    assert (after["id"], after["file_counts"]["total"]) == (before["id"], 1)
    service.alteration = None
    world.apply()


def test_the_note_of_what_a_service_altered_is_looked_at_too(altering: tuple[World, Altering]) -> None:
    world, service = altering
    world.emulator.behaviour = type(world.emulator.behaviour)(alterations={"name": "upper"})
    service.alteration = ALTERATIONS["the old one"]
    assistant(world)
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, world.live()) == (1, {})
    assert "did not keep the marker" in " ".join((ran.out + ran.err).split())


def test_a_verification_that_is_not_kept_is_said(altering: tuple[World, Altering]) -> None:
    world, service = altering
    assistant(world)
    world.apply()
    service.alteration = ALTERATIONS["the old one"]
    ran = world.run("verify", "--", "true")
    assert ran.code == 1
    assert "did not keep the marker" in " ".join((ran.out + ran.err).split())


def test_a_marker_that_the_service_does_not_give_up_is_said(world: World) -> None:
    world.project()
    assistant(world)
    world.apply()
    kept = world.only()["metadata"]
    world.emulator.behaviour = type(world.emulator.behaviour)(alterations={"metadata": lambda _: kept})
    world.remove("assistants/tutor.yaml")
    ran = world.run("forget", "Assistant/tutor", "--auto-approve")
    assert ran.code == 1
    assert "did not take the marker off" in " ".join((ran.out + ran.err).split())
