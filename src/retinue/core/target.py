"""What a plan is for: one environment of one project at one service. Values only; what becomes of them is plan.py's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .links import split
from .model import Address, Kind, Resource
from .ownership import World, decide
from .promotion import Proof


@dataclass(frozen=True, slots=True)
class Target:
    """`endpoint` carries no secret. `environments` are all names the project file declares.

    `unreadable`: the fields a service never reports, by kind. `recognised_by`: the pointers by which an object whose
    marker the service lost is known again, by kind. `removed`: what may go, and whether it is let go of instead.
    `proof`: of the environment that this one is promoted from.
    """

    project: str
    environment: str
    provider: str
    endpoint: str
    kinds: Mapping[str, Kind]
    unreadable: Mapping[str, Collection[str]] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    removed: Mapping[Address, bool] = field(default_factory=dict)
    critical: bool = False
    deny_drift: bool = False
    recognised_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proof: Proof | None = None

    def hidden(self, kind: str) -> Collection[str]:
        return self.unreadable.get(kind, ())

    def world(self, live: Iterable[Resource]) -> World:
        """Live objects by whose they are; what is known by its bytes is not among them."""
        marked, _ = split(live, self.kinds)
        return decide(marked, self.project, self.environment, self.formerly, self.kinds)
