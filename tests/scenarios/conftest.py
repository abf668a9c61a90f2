"""Plays a scenario folder: manifests, a live world and commands in; what a user and the service would see out."""

from __future__ import annotations

import copy
import io
import json
import re
import shlex
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from ..cli.conftest import Ran, World, opened

HERE = Path(__file__).parent


class Recorder:
    """Notes every request on its way to the emulator: method, path, query, and the body of a write."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.lines: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(data)
        query = environ.get("QUERY_STRING", "")
        self.lines.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{'?' * bool(query)}{query}")
        if data:
            self.lines.append(json.dumps(json.loads(data), indent=2, ensure_ascii=False, sort_keys=True))
        return self._emulator(environ, start_response)


class Player:
    """Carries out the steps of `scenario.yaml`, each a mapping with one of these keys.

    `files: FOLDER`: the project is now just what this folder of the scenario holds; without a retinue.yaml of its own
    it gets one with the environment `dev`. `run: COMMAND`. `edit: {WHO: FIELDS}`, `copy: WHO`, `remove: WHO`: in the
    service's dashboard; `twice: WHO`: by a second run; WHO is an address or a live id. `server: SETTINGS` and
    `fault: {to: PATTERN, kind: …}` of the emulator. `show: FILE` of the project.
    """

    def __init__(self, folder: Path, world: World, recorder: Recorder) -> None:
        self.folder, self.world, self._recorder = folder, world, recorder
        self.plans: list[Any] = []
        self.requests: list[str] = []
        self.script = yaml.safe_load((folder / "scenario.yaml").read_text(encoding="utf-8"))

    def play(self) -> None:
        for raw in self._live_at_start():
            self.world.emulator.seed(raw)
        for step in self.script["steps"]:
            ((word, given),) = step.items()
            getattr(self, f"_{word}")(given)

    def _live_at_start(self) -> list[dict[str, Any]]:
        path = self.folder / "live.yaml"
        return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []

    def _files(self, name: str) -> None:
        root = self.world.root
        for path in root.iterdir():
            if path.suffix != ".json":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.folder / name, root, dirs_exist_ok=True)
        if not (root / "retinue.yaml").exists():
            self.world.project()
        else:
            text = (root / "retinue.yaml").read_text(encoding="utf-8")
            (root / "retinue.yaml").write_text(text.replace("<url>", self.world.url), encoding="utf-8")

    def _run(self, command: str) -> None:
        arguments = shlex.split(command)
        reads = arguments[0] == "plan" and not {"--format", "--out"} & set(arguments)
        if reads:
            self.plans.append(json.loads(self._ran(*arguments, "--format", "json").out))
            self.world.transcript.pop()
        # One after the other, so that the requests come in one order.
        serial = ["--parallelism", "1"] if arguments[0] in ("apply", "destroy", "forget", "promote", "verify") else []
        self._recorder.lines.clear()
        ran = self._ran(arguments[0], *serial, *arguments[1:])
        self.world.transcript[-1] = self.world.transcript[-1].replace(" --parallelism 1", "", 1)
        lines = self._recorder.lines or ["(none)"]
        if (
            ran.code == 3 and len(lines) == 1 and arguments[0] not in ("validate", "render")
        ):  # it may be asked for before the manifests are found to be wrong
            lines = ["(at most the first list)"]
        self.requests.append("\n".join([f"# {command}", *lines]))
        if arguments[:2] == ["apply", "--auto-approve"] and ran.code == 0:
            self._settled(arguments[2:])

    def _ran(self, *arguments: str) -> Ran:
        """A command, and the end of every request that it sent beside its main thread."""
        ran = self.world.run(*arguments)
        for thread in threading.enumerate():
            if thread.name.endswith("(work)"):
                thread.join(10)
        return ran

    def _settled(self, options: list[str]) -> None:
        """After a whole apply the next plan for the same environment is empty; a narrowed one leaves changes."""
        if not {"--target", "--select", "--exclude"} & set(options):
            self.world.settled(*options[options.index("-e") : options.index("-e") + 2] if "-e" in options else ())

    def _edit(self, changes: dict[str, dict[str, Any]]) -> None:
        for who, fields in changes.items():
            raw = self._who(who)
            metadata = {**raw["metadata"], **fields.get("metadata", {})}
            kept = {key: value for key, value in metadata.items() if value is not None}
            self.world.emulator.seed({**raw, **fields, "metadata": kept})

    def _copy(self, who: str) -> None:
        raw = copy.deepcopy(self._who(who))
        self.world.emulator.seed({**raw, "id": f"asst_{'Z' * 24}", "created_at": raw["created_at"] + 10})

    def _twice(self, who: str) -> None:
        """As if a second run had created the same address, a little later."""
        raw = self._who(who)
        parts = raw["metadata"]["retinue.applied"].split(" ")
        metadata = {**raw["metadata"], "retinue.applied": " ".join([parts[0], "otherRun", *parts[2:]])}
        self.world.emulator.seed(
            {**raw, "id": f"asst_{'Y' * 24}", "created_at": raw["created_at"] + 10, "metadata": metadata}
        )

    def _remove(self, who: str) -> None:
        self.world.emulator.store.delete("assistant", self._who(who)["id"])

    def _server(self, settings: dict[str, Any]) -> None:
        unsupported = frozenset(settings.get("unsupported", ()))
        self.world.emulator.behaviour = Behaviour(**{**settings, "unsupported": unsupported})

    def _fault(self, given: dict[str, Any]) -> None:
        given = dict(given)
        times, after = given.pop("times", 1), given.pop("after", 0)
        self.world.emulator.faults.on(given.pop("to"), Fault(**given), after=after, times=times)

    def _show(self, name: str) -> None:
        text = (self.world.root / name).read_text(encoding="utf-8").rstrip()
        self.world.transcript.append(self.world.normal(f"$ cat {name}\n{text}"))

    def _who(self, who: str) -> dict[str, Any]:
        live = self.world.live()
        if who in live:
            return live[who]
        (raw,) = (raw for raw in live.values() if raw["metadata"].get("retinue.address", "").endswith(f"/{who}"))
        return raw

    def seen(self) -> dict[str, str]:
        """What is expected of the scenario, by file name."""
        found = {
            "transcript.txt": self.world.seen(),
            "requests.txt": self.texts("\n\n".join(self.requests)) + "\n",
            "world.json": self.normal(list(self.world.live().values())) + "\n",
        }
        return found | ({"plans.json": self.normal(self.plans) + "\n"} if self.plans else {})

    def normal(self, value: Any) -> str:
        """As JSON text without what differs from run to run."""
        return self.texts(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))

    def texts(self, text: str) -> str:
        text = self.world.normal(text)
        text = re.sub(r'("retinue\.applied": "1 )[A-Za-z0-9]{8}', r"\1<nonce>", text)
        return re.sub(r'("created_at": )\d{10}', r"\1<time>", text)


@pytest.fixture
def player(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    recorders: list[Recorder] = []

    def around(emulator: Emulator) -> Recorder:
        recorders.append(Recorder(emulator))
        return recorders[0]

    with opened(tmp_path / "demo", monkeypatch, around) as world:
        yield Player(HERE / request.param, world, recorders[0])
