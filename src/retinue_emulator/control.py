"""The control route: tests that reach the emulator only by its socket change its behaviour and read its log.

Must be there only when asked for at start: whoever reaches it may change everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .errors import ApiError, Refused
from .faults import Behaviour, Fault, Faults, is_amount
from .web import Answer, Request

if TYPE_CHECKING:
    from .app import Emulator

PATH = "/_emulator/control"
_PARTS = ("objects", "faults", "behaviour", "requests", "latency")
_KEYS = ("reset", "behaviour", "latency", "faults", "rates", "chance", "objects", "flowise_pages")
Step = Callable[[], object]


class Control:
    """GET answers the state. POST takes an object with any of:

    `reset`: true, or a list of `objects`, `faults` (rates and chance too), `behaviour`, `requests`, `latency`;
    `behaviour`: fields of Behaviour to change; `latency`: seconds;
    `faults`: a list of `{on, fault, after, times}`; `rates`: a list of `{per_second, burst, match, hint}`;
    `chance`: `{seed, probability, faults, match}`; `objects`: a list of objects to put there as they are;
    `flowise_pages`: a list of `{id, details}`: rows to save as Flowise's own page does, after these edits.
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
        emulator = self._emulator
        try:
            parts = _only(document, _KEYS).get("reset", [])
            resets = _PARTS if parts is True else tuple(parts or ())
            if not set(resets) <= set(_PARTS):
                raise ValueError(f"reset takes {', '.join(_PARTS)}")
            steps = [*self._settings(document, resets), *self._rules(document)]
            # Objects first: they alone can still fail, and leave nothing behind when they do.
            with emulator.store.transaction():
                if "objects" in resets:
                    emulator.store.clear()
                for raw in document.get("objects", []):
                    emulator.seed(_only(raw, tuple(raw)))
                for page in document.get("flowise_pages", []):
                    emulator.flowise.rows.save_as_page(page["id"], dict(page.get("details", {})))
        except (AttributeError, KeyError, Refused, OverflowError, TypeError, ValueError, re.error) as error:
            raise ApiError(400, f"{type(error).__name__}: {error}") from error
        for step in steps:
            step()

    def _settings(self, document: Mapping[str, Any], resets: Collection[str]) -> Iterator[Step]:
        """The resets, behaviour and latency."""
        emulator = self._emulator
        behaviour = _behaviour(
            Behaviour() if "behaviour" in resets else emulator.behaviour, document.get("behaviour", {})
        )
        latency = float(document.get("latency", 0.0 if "latency" in resets else emulator.latency))
        if not is_amount(latency):
            raise ValueError(f"latency needs a number from 0, not {latency!r}")
        if "faults" in resets:
            yield emulator.faults.clear
        if "requests" in resets:
            yield emulator.requests.clear
        yield partial(setattr, emulator, "behaviour", behaviour)
        yield partial(setattr, emulator, "latency", latency)

    def _rules(self, document: Mapping[str, Any]) -> Iterator[Step]:
        """Faults, rates and chance; each is tried out on a copy before anything is done."""
        faults, rehearsal = self._emulator.faults, Faults(lambda: 0.0)
        for item in document.get("faults", []):
            options = dict(_only(item, ("on", "fault", "after", "times")))
            pattern, fault = options.pop("on"), Fault(**options.pop("fault"))
            rehearsal.on(pattern, fault, **options)
            yield partial(faults.on, pattern, fault, **options)
        for rate in document.get("rates", []):
            rehearsal.limit(**_only(rate, ("per_second", "burst", "match", "hint")))
            yield partial(faults.limit, **rate)
        if "chance" in document:
            chance = dict(_only(document["chance"], ("seed", "probability", "faults", "match")))
            chance["faults"] = [Fault(**fault) for fault in chance["faults"]]
            rehearsal.sometimes(**chance)
            yield partial(faults.sometimes, **chance)

    def _state(self) -> dict[str, Any]:
        behaviour = self._emulator.behaviour
        shown = {item.name: getattr(behaviour, item.name) for item in fields(behaviour)}
        shown["unsupported"] = sorted(behaviour.unsupported)
        shown["alterations"] = {
            name: change if isinstance(change, str) else "function" for name, change in behaviour.alterations.items()
        }
        return {
            "behaviour": shown,
            "latency": self._emulator.latency,
            "requests": [line._asdict() for line in list(self._emulator.requests)],
        }


def _only(value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("expected an object")
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return value


def _behaviour(base: Behaviour, changes: Any) -> Behaviour:
    changes = dict(_only(changes, tuple(item.name for item in fields(base))))
    if isinstance(changes.get("unsupported"), list):
        changes["unsupported"] = frozenset(changes["unsupported"])
    return replace(base, **changes)
