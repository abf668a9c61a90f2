"""The wire of the harness for random worlds: it knows what each request did, and hands every deed to the book."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from retinue_emulator.app import Emulator

from ..engine.conftest import VirtualClock
from . import harness
from .harness import Mishap, objects
from .model import Book, Deed, Licence, Raw


class JudgedWire(harness.Wire):
    """Without a licence a run may only read. `meddle` is called once, ahead of a request that only reads."""

    def __init__(self, emulator: Emulator, clock: VirtualClock, book: Book) -> None:
        self.book = book
        super().__init__(emulator, clock)

    def begin(self, mishap: Mishap | None = None, at: int = 0, meddle: Callable[[], None] | None = None) -> None:
        super().begin(mishap, at)
        self.meddle = meddle
        self.licence: Licence | None = None
        self.written: dict[str, Raw] = {}
        self.deeds: list[Deed] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.meddle and len(self.requests) >= self._at and environ["REQUEST_METHOD"] == "GET":
            meddle, self.meddle = self.meddle, None
            meddle()
        before = objects(self.emulator)
        try:
            return super().__call__(environ, start_response)
        finally:
            self._note(before, objects(self.emulator))

    def live(self) -> dict[str, Raw]:
        return objects(self.emulator)

    def _note(self, before: dict[str, Raw], after: dict[str, Raw]) -> None:
        for key in sorted(before.keys() | after.keys()):
            deed = Deed(key, before.get(key), after.get(key))
            if deed.before == deed.after:
                continue
            self.deeds.append(deed)
            if self.licence is None:
                self.book.complaints.append(f"a write to {key} by a run that may only read")
            else:
                self.book.judge(deed, before, self.licence, self.written)
            if deed.after is not None:
                self.written[key] = deed.after
