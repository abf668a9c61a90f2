"""What a run read live for a target, and whose it is: worked out once and handed on. Chooses no step. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .content import Key, by_key, scope_of
from .model import Live
from .ownership import World, decide
from .target import Target


@dataclass(frozen=True)
class Observation:
    """What follows from `live` is worked out where it is first asked for, and kept."""

    target: Target
    live: Sequence[Live]

    @cached_property
    def _parts(self) -> tuple[list[Live], list[Live]]:
        marked: list[Live] = []
        files: list[Live] = []
        for item in self.live:
            (files if self.target.kinds[item.kind].by_content else marked).append(item)
        return marked, files

    @property
    def marked(self) -> Sequence[Live]:
        """The live objects but for files."""
        return self._parts[0]

    @cached_property
    def world(self) -> World:
        """The live objects but for files, by whose they are. Raises NewerMarker."""
        target = self.target
        return decide(self.marked, target.project, target.environment, target.kinds, target.formerly)

    @cached_property
    def files(self) -> Mapping[Key, tuple[Live, ...]]:
        """The files of this project and environment by what is in them, the oldest first."""
        return by_key(self._parts[1], scope_of(self.target.project, self.target.environment))
