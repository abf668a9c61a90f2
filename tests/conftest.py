"""Shared by all tests: the `--update` flag for golden files, no network but loopback, one profile for hypothesis."""

from __future__ import annotations

import difflib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("retinue_conformance")

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_LOOPBACK = ("127.0.0.1", "::1", "localhost", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files; review them as a diff")


def pytest_configure() -> None:
    """A shell starts what runs in the background without Ctrl-C, and that is handed down; tests send it signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["RETINUE_AS_OF"] = "2026-12-01"  # what is announced to end is told by this day


def compare(path: Path, actual: str, *, update: bool) -> None:
    """Compare with a golden file, or write it."""
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(actual.encode("utf-8"))
        return
    if not path.exists():
        pytest.fail(f"{path} is missing; run `pytest --update`, then review and commit it", pytrace=False)
    expected = path.read_bytes().decode("utf-8")
    if actual != expected:
        pytest.fail(_difference(path, expected, actual), pytrace=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """`golden(name, text)`: compare with golden/NAME.txt beside the test; `--update` writes it.

    A name with a suffix of its own (`Path("plan.json")`) keeps it; `golden("json/plan", …)` is a file in a folder.
    """
    folder, update = request.path.parent / "golden", bool(request.config.getoption("--update"))

    def check(name: str | Path, actual: str) -> None:
        compare(folder / (name if isinstance(name, Path) else f"{name}.txt"), actual, update=update)

    return check


def _difference(path: Path, expected: str, actual: str) -> str:
    old, new = (text.splitlines(keepends=True) for text in (expected, actual))
    lines = difflib.unified_diff(old, new, f"{path.name} (golden)", "now", n=2)
    shown = "".join(line if line.endswith("\n") else line + "\n\\ no newline at the end\n" for line in lines)
    return f"{path} no longer holds; if the change is wanted, `pytest --update` and review it\n{shown}"


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """No test may reach another machine, nor look its name up (this process only; a subprocess is on its own)."""

    def guarded(original: Callable[..., Any], host: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            wanted = host(*arguments)
            if wanted is not None and wanted not in _LOOPBACK:
                raise AssertionError(f"a test tried to reach {wanted!r}")
            return original(*arguments, **named)

        return call

    def of_address(self: socket.socket, *rest: Any) -> Any:
        return None if self.family == socket.AF_UNIX else rest[-1][0]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name), of_address))
        patch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, lambda host, *_: host))
        yield


@pytest.fixture
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).parent.parent
