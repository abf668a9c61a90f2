"""The context of one run of the engine. Values and handed-in effects only; starts nothing by itself."""

from __future__ import annotations

import os
import threading
from collections import ChainMap
from collections.abc import Callable, Collection, Iterator, Mapping

from ..core.errors import StaleError
from ..core.marker import NONCE_ALPHABET, NONCE_LENGTH, Mark
from ..core.model import Address, Change, Kind, Live, Outcome
from ..core.observation import Target
from ..core.values import dataclass, field
from ..providers.base import Capabilities, Content, Marker, Service
from ..providers.gate import Clock

_LOOKS = 3


def random_nonce() -> str:
    # One look into the kernel's pool for each, not one for each letter: ten threads wait for it otherwise.
    number, letters = int.from_bytes(os.urandom(16), "big") % len(NONCE_ALPHABET) ** NONCE_LENGTH, []
    for _ in range(NONCE_LENGTH):
        number, letter = divmod(number, len(NONCE_ALPHABET))
        letters.append(NONCE_ALPHABET[letter])
    return "".join(letters)


def packed(mark: Mark) -> Marker:
    """The two texts of a marker, as a provider takes them."""
    return Marker(mark.owner_text or "", mark.applied_text or "")


def _nothing(*_arguments: object) -> None:
    return None


def _no_content(change: Change) -> Content:
    raise StaleError(f"the bytes of {change.address} are not at hand")


@dataclass(frozen=True)
class Run:
    """`started` and `finished` report progress; `backup` is handed each object before it is changed or deleted.

    After `stop` is set nothing new starts; what is in flight is finished. `made`: the nonces of this run's creates;
    `ids`: the live ids of what this run has done so far. `content`: the bytes of a planned upload, or StaleError;
    `changed`: in words, why these are no longer the planned ones. `before`: the ids of all that was live when the plan
    was made, or None.
    """

    service: Service
    capabilities: Capabilities
    target: Target
    parallelism: int = 10
    fail_fast: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    nonce: Callable[[], str] = random_nonce
    clock: Clock = field(default_factory=Clock)
    started: Callable[[Change], None] = _nothing
    finished: Callable[[Outcome], None] = _nothing
    backup: Callable[[Live], None] = _nothing
    made: dict[str, Address] = field(default_factory=dict)
    ids: dict[Address, str] = field(default_factory=dict)
    content: Callable[[Change], Content] = _no_content
    changed: Callable[[Change], str | None] = _nothing
    before: Collection[str | None] | None = None

    def known(self, change: Change) -> Mapping[Address, str]:
        """The live ids of what a step refers to: those of its plan, and those that this run made since."""
        return ChainMap(self.ids, dict(change.resolved))

    def looks(self) -> Iterator[None]:
        """One look after the other, for as long as the service's list may lag behind."""
        for look in range(_LOOKS):
            if look:
                self.clock.wait(self.capabilities.list_lag / (_LOOKS - 1), self.stop)
            yield

    def has_made(self, live: Live) -> bool:
        """True if one of this run's creates made the object; its nonce tells."""
        return live.mark.applied is not None and live.mark.applied.nonce in self.made

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return self.target.kinds
