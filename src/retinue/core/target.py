"""What a plan is for: one environment of one project at one service. Values only; what becomes of them is plan.py's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .marker import Owner
from .model import Address, Kind


@dataclass(frozen=True, slots=True)
class Target:
    """`endpoint` carries no secret. `environments` are all names the project file declares;
    `formerly`: earlier names of the project.

    `unreadable`: the fields a service never reports, by kind. `recognised_by`: the pointers by which an object whose
    marker the service lost is known again, by kind. `removed`: what may go, and whether it is let go of instead.
    `removal`: in words, what a delete is here where it cannot be undone.
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
    removal: str = ""

    def owner(self, address: Address) -> Owner:
        """The owner of what has an address of ours."""
        return Owner(self.project, self.environment, address)

    def hidden(self, kind: str) -> Collection[str]:
        return self.unreadable.get(kind, ())
