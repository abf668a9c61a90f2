"""`--target`, `--exclude` and `--select`: they only ever narrow a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .errors import UsageError
from .model import Address, Change, Desired


@dataclass(frozen=True, slots=True)
class Selection:
    """The desired addresses that are chosen, and what `--target` names without a wildcard, less what is excluded."""

    addresses: frozenset[Address]
    exact: frozenset[str]

    def keeps(self, change: Change, chosen: Iterable[Address]) -> bool:
        """A narrowed plan deletes (or forgets) nothing but an orphan that `--target` names exactly."""
        if change.action.gives_up:
            return str(change.address) in self.exact and not (change.extra or change.unused)
        return change.address in chosen


def select(
    desired: Iterable[Desired],
    targets: Sequence[str] = (),
    excludes: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    orphans: Iterable[Address] = (),
) -> Selection | None:
    """The selection that the flags describe; None if they describe none.

    `targets` and `excludes` are addresses or globs. Raises UsageError for a pattern or a label that matches nothing.
    """
    if not (targets or excludes or labels):
        return None
    known = {resource.address: resource for resource in desired}
    everything = sorted({str(address) for address in (*known, *orphans)})
    for pattern in (*targets, *excludes):
        if not any(fnmatchcase(text, pattern) for text in everything):
            remedy = f"Known: {', '.join(everything) or 'none'}. A pattern looks like Assistant/support-*."
            raise UsageError(f"no object matches `{pattern}`", remedy)
    for key, value in (labels or {}).items():
        if not any(resource.policy.labels.get(key) == value for resource in known.values()):
            pairs = sorted({f"{k}={v}" for resource in known.values() for k, v in resource.policy.labels.items()})
            raise UsageError(f"no manifest has the label {key}={value}", f"Known labels: {', '.join(pairs) or 'none'}.")
    chosen = {
        address
        for address, resource in known.items()
        if (not targets or _any_matches(targets, str(address)))
        and not _any_matches(excludes, str(address))
        and all(resource.policy.labels.get(key) == value for key, value in (labels or {}).items())
    }
    exact = {target for target in targets if target in everything and not _any_matches(excludes, target)}
    return Selection(frozenset(chosen), frozenset(exact))


def _any_matches(patterns: Sequence[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
