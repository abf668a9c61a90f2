"""Mistral's agents: at every request of a run every mishap, with an alias and without; callers get old or new."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from retinue.core.model import Desired
from retinue.core.observation import Target
from retinue.providers.base import kinds_at
from retinue.providers.mistral import MistralProvider
from retinue_emulator.faults import Behaviour
from retinue_emulator.mistral import KIND

from ..core import worlds
from ..core.worlds import desired
from . import invariants
from .conftest import FULL
from .harness import MISHAPS, Mishap, Stage, Wire
from .versioned import REMOVED, story

ALIAS = "prod"
OTHER = "Theirs"
Rows = tuple[tuple[str, str, int, str], ...]


def _assistant(name: str, says: str = "Be kind.", /, **policy: Any) -> Desired:
    spec = {"model": "mistral-large-latest", "instructions": says, "name": name.title(), "temperature": 0.3}
    return desired(name, spec, **policy)


BEFORE, SECOND, WANTED = story(_assistant)


class MistralWire(Wire):
    """Also notes after each request what those get who name the alias, or no version."""

    alias = ""

    def begin(self, mishap: Mishap | None = None, at: int = 0) -> None:
        self.told: dict[str, set[str]] = {}
        super().begin(mishap, at)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return super()._answer(environ, start_response)
        finally:
            for key, raw in served(self.emulator, self.alias).items():
                self.told.setdefault(key, set()).add(str(raw["instructions"]))


class MistralStage(Stage):
    """Its target knows what only Mistral has: an alias that is not set is a difference there."""

    def target(self) -> Target:
        return worlds.target(removed=self.removed, kinds=kinds_at(self.provider, self.provider.capabilities.kinds))


def served(emulator: Any, alias: str) -> dict[str, dict[str, Any]]:
    """By id, the version that callers get; none of an agent whose alias is not set."""
    store, found = emulator.store, {}
    for key, raw in store.everything(KIND):
        pointer = (store.read("mistral.aliases", key) or {}).get(alias)
        if alias and pointer is not None:
            found[key] = dict(store.everything(f"mistral.version/{key}"))[str(pointer["version"])]
        elif not alias:
            found[key] = raw
    return found


def _stage(alias: str, parallelism: int = 1) -> MistralStage:
    stage = MistralStage.empty(holds=KIND, provider=MistralProvider(alias), path="/mistral", parallelism=parallelism)
    wire = MistralWire(stage.emulator, stage.clock, KIND)
    wire.alias = alias
    stage.wire = wire
    return stage


@functools.cache
def _rows(alias: str) -> Rows:
    """The store before the run, made once."""
    stage = _stage(alias)
    stage.emulator.seed({"object": KIND, "name": OTHER, "instructions": "Mine.", "metadata": {"owner": "hr"}})
    for wanted in (BEFORE, SECOND):
        stage.wanted = wanted
        assert stage.plain_apply().finished
    store = stage.emulator.store
    kinds = (KIND, "mistral.aliases", *(f"mistral.version/{key}" for key, _ in store.texts(KIND)))
    found = [(kind, key, 0, text) for kind in kinds for key, text in store.texts(kind)]
    stage.close()
    return tuple(found)


def furnished(alias: str, parallelism: int = 1, **choices: str) -> Stage:
    rows, stage = _rows(alias), _stage(alias, parallelism)
    stage.clock.time += 1000
    stage.emulator.behaviour = Behaviour(**choices)  # type: ignore[arg-type]
    for row in rows:
        stage.emulator.store.put(*row)
    stage.wanted, stage.removed = WANTED, REMOVED
    return stage


def world(stage: Stage, alias: str) -> list[tuple[str, Any]]:
    """What callers get and whose it is, without ids, numbers of versions and the nonces of what is new."""
    found = []
    for raw in served(stage.emulator, alias).values():
        pairs: dict[str, Any] = {key: item for key, item in (raw["metadata"] or {}).items() if item is not None}
        words = pairs.get("retinue.applied", "").split()
        pairs["retinue.applied"] = [word for n, word in enumerate(words) if n != 1]
        found.append(
            (raw["name"], {**{key: raw[key] for key in ("model", "instructions", "completion_args")}, **pairs})
        )
    return sorted(found, key=str)


@functools.cache
def undisturbed(alias: str) -> tuple[list[tuple[str, Any]], tuple[str, ...], Mapping[str, set[str]]]:
    stage = furnished(alias)
    before = served(stage.emulator, alias)
    report = stage.plain_apply()
    assert report.finished, report.text
    found, after = world(stage, alias), served(stage.emulator, alias)
    stage.close()
    may = {key: {str(side[key]["instructions"]) for side in (before, after) if key in side} for key in before}
    return found, tuple(report.requests), may


def complaints(stage: Stage, alias: str) -> list[str]:
    """After a disturbed run, then a plain apply, then one more."""
    expected, _, may = undisturbed(alias)
    told = [stage.wire.told]  # type: ignore[attr-defined]
    again = stage.plain_apply()
    told.append(stage.wire.told)  # type: ignore[attr-defined]
    have = world(stage, alias)
    between = {
        f"{key} said {said - may[key]}" for run in told for key, said in run.items() if said - may.get(key, said)
    }
    return [
        *([] if again.finished else [f"the plain apply ended with {again.text}"]),
        *([] if have == expected else [f"{have} for {expected}"]),
        *sorted(between),
        *invariants.nothing_to_do(stage.plain_apply()),
    ]


def tried(mishap: Mishap, alias: str, **options: Any) -> dict[str, list[str]]:
    requests = undisturbed(alias)[1]
    wrong = {}
    some = enumerate(requests) if FULL else list(enumerate(requests))[sum(mishap.name.encode()) % 6 :: 6]
    for number, request in some:
        stage = furnished(alias, **options)
        stage.plain_apply(mishap, number)
        if found := complaints(stage, alias):
            wrong[f"{number} {request}"] = found
        stage.close()
    return wrong


@pytest.mark.parametrize("alias", ["", ALIAS])
def test_the_run_has_a_step_of_every_kind(alias: str) -> None:
    stage = furnished(alias)
    report = stage.plain_apply()
    assert report.plan is not None
    actions = {change.action.value for change in report.plan.changes}
    assert actions == {"create", "delete", "forget", "move", "update"}
    assert complaints(stage, alias) == []
    stage.close()


EVERY = [replace(item, only=(*item.only, "PATCH", "PUT")) for item in MISHAPS]


@pytest.mark.parametrize("alias", ["", ALIAS])
@pytest.mark.parametrize("mishap", EVERY, ids=[mishap.name for mishap in EVERY])
def test_every_boundary(mishap: Mishap, alias: str) -> None:
    assert tried(mishap, alias) == {}


@pytest.mark.parametrize("mishap", EVERY[::9], ids=[mishap.name for mishap in EVERY[::9]])
@pytest.mark.parametrize("choices", [{"mistral_noop": "same", "mistral_arguments": "merge"}, {"parallelism": 4}])
def test_every_boundary_where_the_service_differs(mishap: Mishap, choices: dict[str, Any]) -> None:
    assert tried(mishap, ALIAS, **choices) == {}
