"""Whole commands that a mishap strikes: the exit code and the JSON agree, and no byte holds the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retinue_emulator.faults import Fault

from ..cli.conftest import KEY
from . import invariants
from .conftest import FULL
from .harness import MISHAPS, Mishap, undisturbed
from .project import APPLY, Site, complaints, everything, opened

SWIFT = [mishap for mishap in MISHAPS if mishap.name in ("status-400", "status-401", "status-404", "read-only")]
"""They make no run wait, because nothing of them is tried again."""
CHOSEN = MISHAPS if FULL else SWIFT
REQUESTS = range(len(undisturbed()[1]))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with opened() as found:
        yield found


@pytest.mark.parametrize("mishap", [m for m in CHOSEN if m.act is None], ids=lambda mishap: mishap.name)
def test_the_code_and_the_json_agree(
    mishap: Mishap, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {}
    for at in REQUESTS if FULL else REQUESTS[:: len(CHOSEN)]:
        world = site.fresh(tmp_path / str(at), monkeypatch)
        site.wire.begin(mishap, at)
        ran = world.run(*APPLY, "--parallelism", "1", "--backup", "saved", "-v")
        site.wire.begin()
        texts = {"stdout": ran.out, "stderr": ran.err}
        if found := [
            *invariants.code_agrees(ran.code, ran.out),
            *invariants.no_secret(KEY, {**texts, **everything(world)}),
            *complaints(world),
        ]:
            wrong[at] = found
    assert wrong == {}


def test_a_saved_plan_holds_no_key_and_is_the_same_once_more(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = site.fresh(tmp_path / "project", monkeypatch)
    for name in ("one.json", "two.json"):
        assert world.run("plan", "--format", "json", "--out", name, "-v").code == 0
    assert (world.root / "one.json").read_bytes() == (world.root / "two.json").read_bytes()
    ran = world.run("apply", "one.json", "--auto-approve", "--format", "json", "--backup", "saved", "-v")
    assert [*invariants.code_agrees(ran.code, ran.out), *invariants.no_secret(KEY, everything(world))] == []
    assert ran.code == 0
    assert complaints(world) == []


@pytest.mark.parametrize("body", [f"Incorrect API key provided: {KEY}", json.dumps({"error": {"message": KEY}})])
def test_a_service_that_repeats_the_key_does_not_make_us_show_it(
    body: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = site.fresh(tmp_path / "project", monkeypatch)
    site.wire.begin(Mishap("echo", Fault("status", 401, body=body)), 0)
    ran = world.run(*APPLY, "-v")
    assert ran.code == 4
    assert invariants.no_secret(KEY, {"stdout": ran.out, "stderr": ran.err}) == []
