"""Answers in odd clothes: what is JSON is read whatever the headers say, what is none is an error with a name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator

from ..cli.conftest import World, opened

Dress = Callable[[bytes], tuple[bytes, str]]
"""Of a body the bytes and the content type that go over the wire."""
READ: dict[str, Dress] = {
    "byte order mark": lambda body: (b"\xef\xbb\xbf" + body, "application/json"),
    "says latin-1": lambda body: (body, "application/json; charset=iso-8859-1"),
    "says utf-16": lambda body: (body, "application/json; charset=utf-16"),
    "says no such charset": lambda body: (body, "application/json; charset=nonsense"),
    "says it is a page": lambda body: (body, "text/html"),
    "escaped": lambda body: (json.dumps(json.loads(body), ensure_ascii=True).encode(), "application/json"),
    "spread out": lambda body: (b"\r\n\t " + json.dumps(json.loads(body), indent=9).encode(), "application/json"),
    "twice the same key": lambda body: (b'{"data":1,"id":1,' + body.lstrip()[1:], "application/json"),
    "not quite UTF-8": lambda body: (body[:-1] + b',"x":"\xff\xed\xa0\x80"}', "application/json"),
    "half a pair": lambda body: (body[:-1] + rb',"\ud800":"\udc00"}', "application/json"),
    "huge numbers": lambda body: (body[:-1] + b',"x":1e400,"y":' + b"7" * 9_999 + b"}", "application/json"),
    "deep": lambda body: (body[:-1] + b',"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "application/json"),
}
REFUSED: dict[str, Dress] = {
    "nothing": lambda body: (b"", "application/json"),
    "null": lambda body: (b"null", "application/json"),
    "a number": lambda body: (b"1", "application/json"),
    "a text": lambda body: (rb'"\ud800"', "application/json"),
    "a list": lambda body: (b"[" + body + b"]", "application/json"),
    "no number": lambda body: (body[:-1] + b',"x":NaN}', "application/json"),
    "utf-16": lambda body: (body.decode().encode("utf-16"), "application/json; charset=utf-16"),
    "never closed": lambda body: (b"[" * 50_000, "application/json"),
}


class Dressed:
    """In front of the emulator."""

    dress: Dress | None = None

    def around(self, emulator: Emulator) -> Callable[..., Iterable[bytes]]:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            said: list[Any] = []
            body = b"".join(emulator(environ, lambda *words: said.extend(words)))
            headers = dict(said[1])
            if self.dress is not None:
                body, headers["Content-Type"] = self.dress(body)
                headers["Content-Length"] = str(len(body))
            start_response(said[0], list(headers.items()))
            return [body]

        return application


@pytest.fixture
def dressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Dressed]]:
    dressed = Dressed()
    with opened(tmp_path / "demo", monkeypatch, dressed.around) as world:
        world.project()
        world.assistant("tutor", "name: Tüte 😀\n")
        yield world, dressed


@pytest.mark.parametrize("how", READ)
def test_json_is_read_whatever_it_wears(dressed: tuple[World, Dressed], how: str) -> None:
    world, service = dressed
    service.dress = READ[how]
    world.apply()
    world.assistant("tutor", "name: Tüte 😀\ntemperature: 0.5\n")
    world.apply()
    assert world.only()["name"] == "Tüte 😀"
    assert json.loads(world.run("drift", "--format", "json").out)["outcome"] == "no-drift"


@pytest.mark.parametrize("how", REFUSED)
def test_anything_else_is_an_error_with_a_name(dressed: tuple[World, Dressed], how: str) -> None:
    world, service = dressed
    service.dress = REFUSED[how]
    for words in (("plan",), ("plan", "--format", "json"), ("apply", "--auto-approve"), ("import",), ("output",)):
        ran = world.run(*words, "--timeout", "1s")
        assert ran.code in (1, 9), (words, ran.err)
        if "json" in words:
            assert json.loads(ran.out)["outcome"] == "error"
    service.dress = None
    world.apply()
    service.dress = REFUSED[how]
    world.assistant("tutor", "name: Other\n")
    assert world.run("apply", "--auto-approve", "--timeout", "1s").code in (1, 9)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 418, 500])
@pytest.mark.parametrize("body", [rb'{"error":{"message":"\ud800","code":"\udc00","param":"\ud800"}}', rb'"\ud800"'])
def test_a_refusal_may_hold_anything(dressed: tuple[World, Dressed], status: int, body: bytes) -> None:
    from retinue_emulator.faults import Fault

    world, _ = dressed
    world.emulator.faults.on("POST", Fault("status", status, body=body.decode()), times=None)
    ran = world.run("apply", "--auto-approve", "--format", "json", "--timeout", "1s")
    assert ran.code in (1, 4, 9)
    assert json.loads(ran.out)["results"][0]["status"] in ("failed", "unknown")
    (ran.out + ran.err).encode("utf-8")
