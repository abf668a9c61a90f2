"""Two runs that created the same address at once: which objects give way. Pure; nonces tell who made what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from .model import Address
from .ownership import Claim, World


@dataclass(frozen=True, slots=True)
class Contest:
    """An address with several holders, at least one of them made by this run.

    `holder` is the one that stays by age. `extra`: this run's other ones, to be taken back. `rivals`: what other runs
    made. `tied`: the holder is this run's, but a rival is of the same second, so its run may have looked before ours
    was there and will never give way.
    """

    address: Address
    holder: Claim
    extra: tuple[Claim, ...]
    rivals: tuple[Claim, ...]
    tied: bool


def contests(world: World, made: Mapping[str, Address]) -> list[Contest]:
    """The contested addresses among those that this run created; `made` maps the nonces of its creates to addresses."""
    others: dict[Address, list[Claim]] = defaultdict(list)
    for claim in world.duplicates:
        # What has expired is about to be replaced, and no rival.
        if not claim.live.expired:
            others[claim.address].append(claim)
    found = []
    for address in sorted(set(made.values()) & others.keys()):
        holder, rest = world.owned[address], others[address]
        extra = tuple(claim for claim in rest if _is_made(claim, made))
        rivals = tuple(claim for claim in rest if not _is_made(claim, made))
        tied = _is_made(holder, made) and any(rival.live.created_at == holder.live.created_at for rival in rivals)
        if extra or tied:
            found.append(Contest(address, holder, extra, rivals, tied))
    return found


def _is_made(claim: Claim, made: Mapping[str, Address]) -> bool:
    return claim.applied is not None and made.get(claim.applied.nonce) == claim.address
