"""The twelve changes as a project folder, for whole commands against an emulator on a socket."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from retinue.core.model import Desired
from retinue_emulator.app import Emulator

from ..cli.conftest import KEY, World, enter
from ..engine.conftest import VirtualClock
from ..serving import served
from . import invariants
from .harness import OTHERS, REMOVED, WANTED, Wire, furniture, undisturbed

ADDRESSES = {f"demo/dev/{resource.address}" for resource in WANTED}
APPLY = ("apply", "--auto-approve", "--format", "json")


class Site:
    """A served world of the twelve changes with the wire before it; `fresh` puts both back to their beginning."""

    def __init__(self, emulator: Emulator, wire: Wire, url: str) -> None:
        self.emulator, self.wire, self.url = emulator, wire, url

    def fresh(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> World:
        """The project in an empty folder, which becomes the working directory."""
        self.settle()
        self.emulator.store.clear()
        self.emulator.requests.clear()
        for raw in furniture().values():
            self.emulator.seed(raw)
        self.wire.begin()
        enter(root, monkeypatch)
        world = World(root, self.emulator, self.url, monkeypatch)
        write_project(world)
        return world

    def settle(self) -> None:
        """Wait until what a dead process had sent is through, as it would be at a service."""
        deadline = time.monotonic() + 10
        while self.wire.busy and time.monotonic() < deadline:
            time.sleep(0.005)


@contextmanager
def opened() -> Iterator[Site]:
    emulator = Emulator(":memory:")
    wire = Wire(emulator, VirtualClock())
    with served(wire) as url:
        yield Site(emulator, wire, url)
    emulator.close()


def write_project(world: World) -> None:
    removed = [
        json.dumps({"address": str(address), "forget": True}) if forget else str(address)
        for address, forget in REMOVED.items()
    ]
    world.project(f"removed: [{', '.join(removed)}]\n")
    for resource in WANTED:
        world.write(f"assistants/{resource.address.name}.yaml", json.dumps(_manifest(resource)))


def _manifest(resource: Desired) -> dict[str, Any]:
    policy = resource.policy
    ours = {"protect": policy.protect, "moved_from": policy.moved_from, "adopt": dict(policy.adopt)}
    return {
        "assistant": resource.address.name,
        **resource.spec,
        "retinue": {key: value for key, value in ours.items() if value},
    }


def complaints(world: World) -> list[str]:
    """What is wrong after a plain apply that follows whatever went wrong."""
    before, expected = furniture(), undisturbed()[0]
    ran = world.run(*APPLY)
    live = world.live()
    writes = len(world.emulator.writes())
    again = world.run(*APPLY)
    return invariants.together(
        [] if ran.code == 0 else [f"the plain apply ended in {ran.code}: {ran.out}{ran.err}"],
        invariants.code_agrees(ran.code, ran.out),
        invariants.same_world(live, expected, before),
        invariants.one_object_per_address(live, ADDRESSES, OTHERS),
        invariants.others_untouched(live, before, OTHERS),
        invariants.code_agrees(again.code, again.out),
        [] if json.loads(again.out)["outcome"] == "no-changes" else [f"there is always something to do: {again.out}"],
        [] if len(world.emulator.writes()) == writes else ["there is always something to write"],
        invariants.no_secret(KEY, everything(world)),
    )


def everything(world: World) -> dict[str, str | bytes]:
    """Every byte that a run leaves: files, what the service holds, the emulator's log."""
    texts: dict[str, str | bytes] = {str(path): path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    return texts | {"the live objects": json.dumps(world.live()), "the emulator's log": str(world.emulator.requests)}
