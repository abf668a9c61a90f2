"""Ends that vendors announced for services and models, held against one environment and a date. Pure: no clock.

A message names the end date, never the days left, so that it changes only where the date passes a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from .model import Desired, Diagnostic, Severity
from .values import dataclass, replace

RETIRED, RETIRING = "retired", "retiring"


@dataclass(frozen=True, slots=True)
class End:
    """A service, or values of the field `field`, that end `on` a day; from `warned` on a note is a warning.

    Days are texts such as 2027-03-31, which compare as they stand. `known`: the day on which this was known.
    `values`: patterns; none: the service itself. `hosts`: suffixes of the hosts where that holds; none: everywhere.
    `successor`: what to use instead, as the vendor says. `goes_on`: what is there goes on working, so this is a note.
    `tentative`: the vendor may still move the day. `sources`: the vendor's page first, then where it was read.
    """

    what: str
    on: str
    warned: str
    known: str
    sources: Sequence[str]
    values: Sequence[str] = ()
    field: str = "model"
    hosts: Sequence[str] = ()
    successor: str = ""
    goes_on: bool = False
    tentative: bool = False

    def holds_at(self, host: str) -> bool:
        return not self.hosts or any(f".{host.lower()}".endswith(suffix) for suffix in self.hosts)


def ending(
    ends: Iterable[End], host: str, resources: Sequence[Desired], environment: str, as_of: str
) -> Iterator[tuple[Diagnostic, Desired | None]]:
    """What ends for this environment, each once: with the first manifest that uses a value, None for the service."""
    for end in (item for item in ends if item.holds_at(host)):
        if not end.values:
            yield _told(end, end.what, environment, as_of), None
            continue
        users: dict[str, list[Desired]] = {}
        for resource in resources:
            value = resource.spec.get(end.field)
            if isinstance(value, str) and any(fnmatchcase(value, pattern) for pattern in end.values):
                users.setdefault(value, []).append(resource)
        for value, using in users.items():
            more = f" (used by {using[0].address} and {len(using) - 1} more)" if len(using) > 1 else ""
            found = _told(end, f"{end.what} `{value}`", environment, as_of)
            yield replace(found, message=f"{found.message}{more}", path=f"/{end.field}"), using[0]


def _told(end: End, what: str, environment: str, as_of: str) -> Diagnostic:
    over = as_of >= end.on
    severity = Severity.WARNING if as_of >= end.warned and not end.goes_on else Severity.INFO
    if end.values:
        instead = f"Use `{end.successor}`, its successor, and test it." if end.successor else "Choose another model."
    else:
        report = f"`retinue migrate --from {environment} --to NEW --provider PROVIDER` reports what a move keeps."
        instead = f"{end.successor} {report}" if end.goes_on else f"Move to {end.successor}: {report}"
    remedy = f"{instead} Source: {end.sources[0]} (known as of {end.known})."
    message = f"{what} {'ended' if over else 'ends'} on {end.on}{' (a tentative date)' if end.tentative else ''}"
    return Diagnostic(RETIRED if over else RETIRING, message, remedy, path="/endpoint", severity=severity)
