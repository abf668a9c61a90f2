"""Tokens that run out in the middle of a run, and those that never were any good."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.azure import NO_KEY

from ..cli.conftest import World, opened
from .conftest import environment

PRINT = """\
from pathlib import Path
path = Path("asked")
asked = int(path.read_text()) + 1 if path.exists() else 1
path.write_text(str(asked))
print(f"eyJ0b2tlbg.number.{asked}")
"""


class Gateway:
    """Takes each token for a number of requests and then refuses it, as a gateway does whose tokens live an hour."""

    def __init__(self, life: int) -> None:
        self.life, self.used, self.lock = life, Counter[str](), threading.Lock()

    def around(self, emulator: Emulator) -> Callable[..., Iterable[bytes]]:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
            with self.lock:
                self.used[token] += 1
                good = self.used[token] <= self.life
            if good:
                return emulator(environ, start_response)
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("401 Unauthorized", [("Content-Type", "application/json")])
            return [json.dumps({"error": {"code": "401", "message": f"{NO_KEY} {token}"}}).encode()]

        return application


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(life=5)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> Iterator[World]:
    with opened(tmp_path / "demo", monkeypatch, gateway.around) as found:
        monkeypatch.delenv("CI", raising=False)
        environment(found, more=f"    api_key: {{command: ['{sys.executable}', token.py]}}")
        found.write("token.py", PRINT)
        for number in range(12):
            found.assistant(f"ant-{number}")
        found.write("data/prices.csv", "item,price\n")
        found.assistant(
            "table",
            "tools: [{type: code_interpreter}]\n"
            "tool_resources: {code_interpreter: {file_ids: [{upload: ../data/prices.csv}]}}\n",
        )
        yield found


def asked(world: World) -> int:
    return int((world.root / "asked").read_text())


@pytest.mark.parametrize("life", [2, 3, 4, 5, 7, 11])
def test_a_token_that_runs_out_is_asked_for_anew(world: World, gateway: Gateway, life: int) -> None:
    gateway.life = life
    ran = world.run("apply", "--auto-approve", "--parallelism", "1")
    assert ran.code == 0, ran.out + ran.err
    assert len(world.live()) == 13
    assert len(world.emulator.store.everything("file")) == 1
    assert asked(world) == len(gateway.used) > 1
    assert "eyJ0b2tlbg" not in ran.out + ran.err


def test_many_that_are_refused_at_once_ask_for_one_new_token(world: World, gateway: Gateway) -> None:
    gateway.life = 12
    assert world.run("apply", "--auto-approve").code == 0
    assert len(world.live()) == 13
    assert asked(world) == len(gateway.used)
    assert sum(gateway.used.values()) > 12


def test_a_token_that_never_was_good_is_asked_for_once(world: World, gateway: Gateway) -> None:
    gateway.life = 0
    ran = world.run("plan", "-v")
    assert (ran.code, asked(world), list(gateway.used.values())) == (4, 1, [1])
    assert "eyJ0b2tlbg" not in ran.out + ran.err


def test_the_same_token_again_is_not_sent_again(world: World, gateway: Gateway) -> None:
    world.write("token.py", "print('eyJ0b2tlbg.the.same')")
    ran = world.run("apply", "--auto-approve", "--parallelism", "1")
    assert ran.code in (4, 8)
    assert "[key]" in ran.out + ran.err
    assert "eyJ0b2tlbg" not in ran.out + ran.err


def test_no_new_token_is_an_error_of_signing_in(world: World, gateway: Gateway) -> None:
    gateway.life = 1
    world.write("token.py", PRINT + "assert asked == 1\n")
    ran = world.run("plan")
    assert (ran.code, ran.out) == (4, "")
    assert "the command of `api_key` ended with code 1" in ran.err
