"""Runs whole commands in process against an emulator on a socket, and records what a user would see."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retinue import __version__
from retinue.cli import app
from retinue_emulator.app import Emulator

from ..serving import served

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

KEY = "sk-canary-0123456789"


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str


@dataclass
class World:
    """A project folder, a live emulator, and commands that work on both."""

    root: Path
    emulator: Emulator
    url: str
    monkeypatch: pytest.MonkeyPatch
    transcript: list[str] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def project(self, extra: str = "", environment: str = "") -> None:
        """A project with one environment `dev` at the emulator."""
        self.write(
            "retinue.yaml",
            f"version: 1\nproject: demo\nmanifests: [assistants]\n{extra}"
            f"environments:\n  dev:\n    provider: openai-assistants\n    endpoint: {self.url}/v1\n"
            f"    api_key: {{env: DEMO_KEY}}\n{environment}",
        )

    def assistant(self, name: str, text: str = "", model: str = "gpt-4o") -> None:
        self.write(f"assistants/{name}.yaml", f"assistant: {name}\nmodel: {model}\n{text}")

    def run(self, *arguments: str, stdin: str = "") -> Ran:
        """Run a command as a user without a terminal would, in the project folder."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            code = app.run(list(arguments))
        ran = Ran(code, out.getvalue(), err.getvalue())
        self._record(arguments, ran)
        assert KEY not in ran.out + ran.err
        return ran

    def apply(self, *arguments: str) -> Ran:
        """Apply, which must succeed; the next plan must be empty."""
        ran = self.run("apply", "--auto-approve", *arguments)
        assert ran.code == 0, ran.out + ran.err
        self.settled()
        return ran

    def settled(self, *options: str) -> None:
        """The next plan is empty, and making it writes nothing."""
        before = self.writes()
        ran = self.run("plan", "--detailed-exitcode", *options)
        self.transcript.pop()
        assert (ran.code, ran.out.splitlines()[-1][:11]) == (0, "No changes."), ran.out + ran.err
        assert self.writes() == before

    def writes(self) -> int:
        """How many requests the service has had that were meant to change something."""
        return len(self.emulator.writes())

    def accepted(self, *options: str) -> None:
        """The next plan sends no field, it only notes what was taken over from live; once applied, it is empty."""
        made = json.loads(self.run("plan", "--format", "json", *options).out)
        assert {item["reason"] for item in made["changes"]} <= {"accepted"}, made["changes"]
        assert self.run("apply", "--auto-approve", *options).code == 0
        del self.transcript[-2:]
        self.settled(*options)

    def live(self) -> dict[str, dict[str, Any]]:
        """The emulator's assistants by id."""
        return dict(self.emulator.store.everything("assistant"))

    def only(self) -> dict[str, Any]:
        """The one live assistant."""
        (found,) = self.live().values()
        return found

    def _record(self, arguments: tuple[str, ...], ran: Ran) -> None:
        parts = [f"$ retinue {' '.join(arguments)}", ran.out.rstrip("\n")]
        if ran.err:
            # Progress comes in the order in which requests end.
            lines = [re.sub(r"\A  \d+(/\d+  )", r"  N\1", line) for line in ran.err.rstrip("\n").splitlines()]
            steps = sorted(line for line in lines if re.match(r"  (N/\d+  )?Assistant/\S+: \w+ ", line))
            rest = [line for line in lines if line not in steps]
            parts.append("\n".join(f"! {line}".rstrip() for line in steps + rest))
        parts.append(f"[exit {ran.code}]")
        self.transcript.append(self.normal("\n".join(part for part in parts if part)))

    def normal(self, text: str) -> str:
        """The text with what differs from run to run replaced: ids by number, port, folder, digests."""
        text = text.replace(str(self.root), "<folder>").replace(self.url.removeprefix("http://"), "<host>")
        # A release changes no expectation: its version stands as the first one.
        text = text.replace(f'"retinue_version": "{__version__}"', '"retinue_version": "0.1.0"')
        text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:<digest>", text)
        # By address, because objects are created in parallel.
        for key, _ in sorted(self.live().items(), key=lambda item: str(item[1]["metadata"].get("retinue.address"))):
            self._ids.setdefault(key, f"asst_{len(self._ids) + 1:03}{'x' * (len(key) - 8)}"[: len(key)])
        return re.sub(r"asst_[A-Za-z0-9]{24}", lambda found: self._ids.get(found[0], found[0]), text)

    def seen(self) -> str:
        """Everything so far, as a golden file holds it."""
        return "\n\n".join(self.transcript) + "\n"


def enter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty folder the working directory, with the key and nothing else of ours in the environment."""
    root.mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("DEMO_KEY", KEY)
    for name in ("RETINUE_ENV", "NO_COLOR", "FORCE_COLOR", "RETINUE_ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def opened(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    around: Callable[[Emulator], WSGIApplication] = lambda emulator: emulator,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[World]:
    """A world in an empty folder, which becomes the working directory; `around` may look at what the emulator gets.

    A request that hangs does so in `sleep`, which takes seconds.
    """
    with closing(Emulator(":memory:", sleep=sleep)) as emulator, served(around(emulator)) as url:
        enter(root, monkeypatch)
        yield World(root, emulator, url, monkeypatch)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(tmp_path / "demo", monkeypatch) as found:
        yield found
