"""The control route: tests that reach the emulator only by its socket change its behaviour and read its log.

Must be there only when asked for at start: whoever reaches it may change everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .faults import Behaviour, Fault
from .web import Answer, Request

if TYPE_CHECKING:
    from .app import Emulator

PATH = "/_emulator/control"
_PARTS = ("objects", "faults", "behaviour", "requests", "latency")
_KEYS = ("reset", "behaviour", "latency", "faults", "rates", "chance", "objects")
_UNSENDABLE = ("page_filter",)


class Control:
    """GET answers the state. POST takes an object with any of:

    `reset`: true, or a list of `objects`, `faults` (rates and chance too), `behaviour`, `requests`, `latency`;
    `behaviour`: fields of Behaviour to change; `latency`: seconds;
    `faults`: a list of `{on, fault, after, times}`; `rates`: a list of `{per_second, burst, match, hint}`;
    `chance`: `{seed, probability, faults, match}`; `objects`: a list of assistants to put there as they are.
    A reset comes first. Either all of it is done or, with an answer of 400, nothing.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def answer(self, request: Request) -> Answer:
        try:
            if request.method == "POST":
                # Asking for this type keeps web pages out: a browser would have to ask for permission first.
                if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                    raise ApiError(415, "the control route takes application/json")
                self.apply(request.json())
            elif request.method != "GET":
                raise ApiError(405, "the control route takes GET and POST")
            return Answer(json.dumps(self._state(), ensure_ascii=False))
        except ApiError as error:
            return Answer(json.dumps({"error": {"message": str(error)}}), error.status)

    def apply(self, document: Any) -> None:
        """Do what a POST asks for. Raises ApiError 400."""
        try:
            _only(document, _KEYS)
            steps = self._steps(document)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ApiError(400, f"{type(error).__name__}: {error}") from error
        for step in steps:
            step()

    def _steps(self, document: Mapping[str, Any]) -> list[Callable[[], object]]:
        """Everything is read before anything is done."""
        emulator, faults = self._emulator, self._emulator.faults
        steps: list[Callable[[], object]] = list(self._resets(document.get("reset", [])))
        base = Behaviour() if _resets(document, "behaviour") else emulator.behaviour
        behaviour = _behaviour(base, document.get("behaviour", {}))
        latency = float(document.get("latency", 0.0 if _resets(document, "latency") else emulator.latency))
        steps.append(lambda: _set(emulator, behaviour, latency))
        rehearsal = type(faults)(lambda: 0.0)
        for item in document.get("faults", []):
            rule = {**_only(item, ("on", "fault", "after", "times")), "fault": Fault(**item["fault"])}
            rule["pattern"] = rule.pop("on")
            rehearsal.on(**rule)
            steps.append(lambda rule=rule: faults.on(**rule))  # type: ignore[misc]
        for rate in document.get("rates", []):
            rehearsal.limit(**_only(rate, ("per_second", "burst", "match", "hint")))
            steps.append(lambda rate=rate: faults.limit(**rate))  # type: ignore[misc]
        if "chance" in document:
            chance = dict(_only(document["chance"], ("seed", "probability", "faults", "match")))
            chance["faults"] = [Fault(**fault) for fault in chance["faults"]]
            rehearsal.sometimes(**chance)
            steps.append(lambda: faults.sometimes(**chance))
        for raw in document.get("objects", []):
            if not isinstance(raw, dict) or not isinstance(raw.get("created_at", 0), int):
                raise ValueError("objects are JSON objects, and created_at is a whole number")
            steps.append(lambda raw=raw: emulator.seed(raw))  # type: ignore[misc]
        return steps

    def _resets(self, parts: Any) -> list[Callable[[], object]]:
        emulator = self._emulator
        chosen = _PARTS if parts is True else tuple(parts or ())
        if not set(chosen) <= set(_PARTS):
            raise ValueError(f"reset takes {_PARTS}")
        known: dict[str, Callable[[], object]] = {
            "objects": emulator.store.clear,
            "faults": emulator.faults.clear,
            "requests": emulator.requests.clear,
        }
        return [known[part] for part in chosen if part in known]

    def _state(self) -> dict[str, Any]:
        behaviour = self._emulator.behaviour
        shown = {item.name: getattr(behaviour, item.name) for item in fields(behaviour)}
        shown["unsupported"] = sorted(behaviour.unsupported)
        shown["alterations"] = {
            name: change if isinstance(change, str) else "function" for name, change in behaviour.alterations.items()
        }
        for name in _UNSENDABLE:
            del shown[name]
        return {
            "behaviour": shown,
            "latency": self._emulator.latency,
            "requests": [line._asdict() for line in list(self._emulator.requests)],
        }


def _set(emulator: Emulator, behaviour: Behaviour, latency: float) -> None:
    emulator.behaviour, emulator.latency = behaviour, latency


def _resets(document: Mapping[str, Any], part: str) -> bool:
    chosen = document.get("reset", [])
    return chosen is True or part in (chosen or ())


def _only(value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("expected an object")
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return value


def _behaviour(base: Behaviour, changes: Any) -> Behaviour:
    names = tuple(item.name for item in fields(base) if item.name not in _UNSENDABLE)
    changes = dict(_only(changes, names))
    if "unsupported" in changes:
        changes["unsupported"] = frozenset(changes["unsupported"])
    return replace(base, **changes)
