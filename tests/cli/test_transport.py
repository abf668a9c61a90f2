"""Whole commands against services that never end, lie about their lists or lead elsewhere: no duplicate, no silence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator

from .conftest import World, opened

COUNT = 120
Body = dict[str, Any]


@dataclass
class Gateway:
    """Before an emulator. `of_list` makes something else of each list's JSON; `slow`: requests to answer by drips."""

    emulator: Emulator
    of_list: Callable[[Body], Body] = lambda body: body
    of_query: Callable[[str], str] = lambda query: query
    redirect: tuple[str, int, str] | None = None
    slow: dict[str, int] = field(default_factory=dict)
    cut: bool = False
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.seen.append(f"{method} {path}")
        if self.redirect and method == self.redirect[0]:
            _, status, target = self.redirect
            start_response(f"{status} Moved", [("Location", target), ("Content-Length", "0")])
            return [b""]
        if method == "GET" and path.endswith("/assistants"):
            environ = {**environ, "QUERY_STRING": self.of_query(environ["QUERY_STRING"])}
        said = list[Any]()
        data = b"".join(self.emulator(environ, lambda *given: said.append(given)))
        if method == "GET" and path.endswith("/assistants"):
            data = json.dumps(self.of_list(json.loads(data))).encode()
        status, headers = said[0][:2]
        kept = [pair for pair in headers if pair[0].lower() != "content-length"]
        drips = self.slow.get(method, 0)
        if drips:
            self.slow[method] -= 1
        start_response(status, [*kept, ("Content-Length", str(len(data)))])
        return self._drip(data) if drips else [data]

    def _drip(self, data: bytes) -> Iterator[bytes]:
        """For 20 seconds and more, or not to the end."""
        for byte in data[: 10 if self.cut else -1]:
            yield bytes([byte])
            time.sleep(0.05)
        time.sleep(0 if self.cut else 20)


@contextmanager
def behind(root: Path, monkeypatch: pytest.MonkeyPatch, count: int = 1) -> Iterator[tuple[World, Gateway]]:
    gateways = list[Gateway]()

    def around(emulator: Emulator) -> Any:
        gateways.append(Gateway(emulator))
        return gateways[0]

    with opened(root, monkeypatch, around) as world:
        world.project()
        for number in range(count):
            world.assistant(f"a{number:03}")
        yield world, gateways[0]


def without(name: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key != name}


LIES: dict[str, dict[str, Any]] = {
    "has_more missing": {"of_list": without("has_more")},
    "has_more null": {"of_list": lambda body: {**body, "has_more": None}},
    "has_more text": {"of_list": lambda body: {**body, "has_more": "no"}},
    "has_more always": {"of_list": lambda body: {**body, "has_more": True}},
    "last_id wrong": {"of_list": lambda body: {**body, "last_id": "asst_other"}},
    "neither": {"of_list": lambda body: without("last_id")(without("has_more")(body))},
    "no after": {"of_query": lambda query: "limit=100&order=asc"},
    "no after, has_more missing": {"of_query": lambda _: "limit=100&order=asc", "of_list": without("has_more")},
    "nothing taken, has_more missing": {"of_query": lambda _: "", "of_list": without("has_more")},
    "no limit, has_more missing": {
        "of_query": lambda query: query.replace("limit=100", "limit=20"),
        "of_list": without("has_more"),
    },
    "data null": {"of_list": lambda body: {**body, "data": None}},
}


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_of_a_list_makes_a_duplicate(lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with behind(tmp_path / "demo", monkeypatch, COUNT) as (world, gateway):
        assert world.run("apply", "--auto-approve", "--parallelism", "32").code == 0
        before = world.live()
        assert len(before) == COUNT
        for name, value in LIES[lie].items():
            setattr(gateway, name, value)
        ran = world.run("apply", "--auto-approve", "--allow", "brake=0")
        assert world.live() == before
        assert ran.code in (0, 1), ran.err
        assert ran.code == 0 or "Error: " in ran.err
        if lie.startswith(("has_more missing", "has_more null", "has_more text", "neither", "last_id", "no limit")):
            assert (ran.code, ran.out.strip().splitlines()[-1][:11]) == (0, "No changes.")


@pytest.mark.parametrize(
    "command", [("plan", "--format", "json"), ("apply", "--auto-approve"), ("drift",), ("import",)], ids=" ".join
)
def test_a_list_that_trickles_ends_with_the_time_of_the_run(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch) as (world, gateway):
        gateway.slow["GET"] = 99
        begun = time.monotonic()
        ran = world.run(*command, "--timeout", "2s")
        assert time.monotonic() - begun < 6
        assert ran.code == 9
        assert "the time of --timeout is up" in ran.out + ran.err
        assert world.live() == {}


def test_a_create_whose_answer_is_cut_off_is_looked_up_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch) as (world, gateway):
        gateway.slow["POST"], gateway.cut = 1, True
        world.apply()
        assert gateway.seen.count("POST /v1/assistants") == 1
        assert len(world.live()) == 1


def test_a_create_whose_answer_outlasts_the_run_is_unknown_and_found_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch) as (world, gateway):
        gateway.slow["POST"] = 1
        ran = world.run("apply", "--auto-approve", "--timeout", "2s", "--format", "json")
        (result,) = json.loads(ran.out)["results"]
        assert (ran.code, result["status"]) == (9, "unknown")
        count = len(gateway.seen)
        time.sleep(0.5)
        assert len(gateway.seen) == count
        world.apply()
        assert len(world.live()) == 1


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_write_whose_answer_outlasts_the_run_is_unknown(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch, 2) as (world, gateway):
        world.apply()
        if change == "update":
            world.assistant("a000", "description: New.\n")
            allowed = []
        else:
            allowed = ["--allow", "brake=1"]
            world.remove("assistants/a000.yaml")
        gateway.slow["POST" if change == "update" else "DELETE"] = 99
        ran = world.run("apply", "--auto-approve", "--timeout", "2s", "--format", "json", *allowed)
        (result,) = json.loads(ran.out)["results"]
        assert (ran.code, result["status"]) == (9, "unknown"), ran.out
        gateway.slow.clear()
        world.apply()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_the_first_signal_waits_for_what_trickles_no_longer_than_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch, 3) as (world, gateway):
        gateway.slow["POST"] = 99
        words = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "--timeout", "6s", "--format", "json"]
        process = subprocess.Popen(
            words, cwd=world.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        begun = time.monotonic()
        while sum(item.startswith("POST") for item in gateway.seen) < 3:
            assert time.monotonic() - begun < 30
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, "Traceback" in err) == (130, False), err
        assert [item["status"] for item in json.loads(out)["results"]] == ["unknown"] * 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_with_its_target_and_nothing_is_written(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with behind(tmp_path / "demo", monkeypatch) as (world, gateway):
        gateway.redirect = ("GET", status, "https://elsewhere.example/v1/assistants")
        ran = world.run("apply", "--auto-approve")
        assert ran.code == 9
        assert "redirects to https://elsewhere.example/v1/assistants, which is not followed" in ran.err
        assert "write it as `endpoint`" in ran.err
        assert len(gateway.seen) <= 2
        gateway.redirect = ("POST", status, f"{world.url}/v1/assistants/")
        ran = world.run("apply", "--auto-approve", "--format", "json")
        (result,) = json.loads(ran.out)["results"]
        assert (ran.code, result["status"]) == (9, "unknown")
        assert "redirects to" in result["error"]
        assert world.live() == {}


@pytest.mark.parametrize(
    "text", ["0", "-1", "-1s", "0s", "1001h", "9" * 30, "1.5s", "s", "", " 5s", "５s", "inf", "nan"]
)
def test_a_time_that_is_none_is_refused(text: str, world: World) -> None:
    world.project()
    world.assistant("one")
    ran = world.run("plan", f"--timeout={text}")
    assert (ran.code, "--timeout" in ran.err) == (3, True)
