"""Foundry's agents: at every request of a run every mishap, and what callers get is old or new and nothing between."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from retinue.core.model import Desired
from retinue.providers.foundry import PROVIDER
from retinue.providers.foundry.serving import serving
from retinue_emulator.faults import Behaviour

from ..core.worlds import desired
from . import invariants
from .conftest import FULL
from .harness import MISHAPS, Mishap, Raw, Stage, Wire
from .versioned import REMOVED, story

KIND = "foundry.agent"
OTHERS = ("hosted-bot", "prods", "somebodys")
FORGED = {"retinue.address": "demo/prod/Assistant/kept", "retinue.applied": "1 rivalriv"}


def _assistant(name: str, says: str = "Be kind.", /, **policy: Any) -> Desired:
    return desired(name, {"model": "gpt-4o", "instructions": says, "name": name.title()}, **policy)


BEFORE, SECOND, _ALIKE = story(_assistant)
WANTED = [*_ALIKE, _assistant("found", "Be found.", adopt={"dev": "found"})]


class FoundryWire(Wire):
    """Also notes after each request what callers of each agent get."""

    def _count(self) -> None:
        for name, said in served(self.emulator).items():
            self.told.setdefault(name, set()).add(said)

    def begin(self, mishap: Mishap | None = None, at: int = 0) -> None:
        self.told: dict[str, set[str]] = {}
        super().begin(mishap, at)

    def is_old(self, path: str) -> bool:
        return False

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return super()._answer(environ, start_response)
        finally:
            self._count()


def served(emulator: Any) -> dict[str, str]:
    return {name: str(raw["definition"].get("instructions")) for name, raw in versions(emulator).items()}


def versions(emulator: Any) -> dict[str, Raw]:
    """By agent, the version that callers get."""
    found = {}
    for name, raw in dict(emulator.store.everything(KIND)).items():
        rows = dict(emulator.store.everything(f"foundry.version/{name}"))
        found[name] = rows[f"{name}:{serving({'name': name, **raw})}"]
    return found


@functools.cache
def _rows() -> tuple[tuple[str, str, int, str], ...]:
    """The store before the run, made once."""
    stage = _stage()
    for name, kind in (("found", "prompt"), ("somebodys", "prompt"), ("hosted-bot", "hosted"), ("prods", "prompt")):
        pairs = FORGED if name == "prods" else {"owner": "hr"}
        definition = {"kind": kind, "model": "gpt-4o", "instructions": "Mine."}
        stage.emulator.seed({"object": KIND, "name": name, "definition": definition, "metadata": pairs})
    for wanted in (BEFORE, SECOND):
        stage.wanted = wanted
        assert stage.plain_apply().finished
    store, found = stage.emulator.store, []
    for kind in (KIND, *(f"foundry.version/{name}" for name, _ in store.texts(KIND))):
        created = {key: raw["created_at"] for key, raw in store.everything(kind)}
        found += [(kind, key, created[key], text) for key, text in store.texts(kind)]
    stage.close()
    return tuple(found)


def _stage(parallelism: int = 1) -> Stage:
    stage = Stage.empty(holds=KIND, provider=PROVIDER, path="/api/projects/demo", parallelism=parallelism)
    stage.wire = FoundryWire(stage.emulator, stage.clock, KIND)
    return stage


def furnished(parallelism: int = 1, **choices: str) -> Stage:
    rows = _rows()
    stage = _stage(parallelism)
    stage.clock.time += 1000
    stage.emulator.behaviour = Behaviour(**choices)  # type: ignore[arg-type]
    for row in rows:
        stage.emulator.store.put(*row)
    stage.wanted, stage.removed = WANTED, REMOVED
    return stage


def world(stage: Stage) -> dict[str, Any]:
    """What callers get and whose it is, without the numbers of versions and the nonces of what is new."""
    found = {}
    for name, raw in versions(stage.emulator).items():
        newest = dict(stage.emulator.store.everything(KIND))[name]["versions"]["latest"]["metadata"]
        if newest.get("retinue.address") == "forgotten":
            # Nobody's, and it says the same whichever of the two versions serves.
            raw = {**raw, "metadata": newest}
        applied = raw["metadata"].get("retinue.applied", "").split(" ")
        pairs = {**raw["metadata"], "retinue.applied": [word for n, word in enumerate(applied) if n != 1]}
        found[name] = (raw["definition"], raw["description"], pairs)
    return found


def untouched(stage: Stage) -> dict[str, str]:
    kinds = (KIND, *(f"foundry.version/{name}" for name in OTHERS))
    rows = {(kind, key): text for kind in kinds for key, text in stage.emulator.store.texts(kind)}
    return {f"{kind} {key}": text for (kind, key), text in rows.items() if key.partition(":")[0] in OTHERS}


@functools.cache
def undisturbed() -> tuple[dict[str, Any], tuple[str, ...], Mapping[str, set[str]], Mapping[str, str]]:
    stage = furnished()
    before, others = served(stage.emulator), untouched(stage)
    report = stage.plain_apply()
    assert report.finished, report.text
    found, after = world(stage), served(stage.emulator)
    stage.close()
    may = {name: {text for text in (before.get(name), after.get(name)) if text} for name in before | after}
    return found, tuple(report.requests), may, others


def complaints(stage: Stage, expected: dict[str, Any]) -> list[str]:
    """After a disturbed run, then a plain apply, then one more."""
    _, _, may, others = undisturbed()
    told = [stage.wire.told]  # type: ignore[attr-defined]
    again = stage.plain_apply()
    told.append(stage.wire.told)  # type: ignore[attr-defined]
    have = world(stage)
    between = {f"{name} said {said - may[name]}" for run in told for name, said in run.items() if said - may[name]}
    return [
        *([] if again.finished else [f"the plain apply ended with {again.text}"]),
        *(
            f"{name}: {have.get(name)} for {expected.get(name)}"
            for name in have | expected
            if have.get(name) != expected.get(name)
        ),
        *sorted(between),
        *([] if untouched(stage) == others else ["others were touched"]),
        *invariants.nothing_to_do(stage.plain_apply()),
    ]


def tried(mishap: Mishap, **options: Any) -> dict[str, list[str]]:
    expected, requests, _, _ = undisturbed()
    wrong = {}
    some = enumerate(requests) if FULL else list(enumerate(requests))[sum(mishap.name.encode()) % 6 :: 6]
    for number, request in some:
        stage = furnished(**options)
        stage.plain_apply(mishap, number)
        if found := complaints(stage, expected):
            wrong[f"{number} {request}"] = found
        stage.close()
    return wrong


def test_the_run_has_a_step_of_every_kind() -> None:
    stage = furnished()
    report = stage.plain_apply()
    assert report.plan is not None
    actions = sorted(change.action.value for change in report.plan.changes)
    assert actions == ["adopt", "create", "create", "delete", "forget", "move", "update", "update", "update"]
    posts = [request for request in report.requests if request.startswith("POST")]
    assert len(posts) == 7, "the way back moves the pointer alone"
    assert complaints(stage, undisturbed()[0]) == []
    stage.close()


EVERY = [replace(item, only=(*item.only, "PATCH")) for item in MISHAPS]


@pytest.mark.parametrize("mishap", EVERY, ids=[mishap.name for mishap in EVERY])
def test_every_boundary(mishap: Mishap) -> None:
    assert tried(mishap) == {}


@pytest.mark.parametrize("mishap", EVERY[::9], ids=[mishap.name for mishap in EVERY[::9]])
@pytest.mark.parametrize("choices", [{"foundry_create": "same", "foundry_endpoint": "null"}, {"parallelism": 4}])
def test_every_boundary_where_the_service_differs(mishap: Mishap, choices: dict[str, Any]) -> None:
    assert tried(mishap, **choices) == {}
