"""What `verify` passed: digests of whole specs, and the steps that note them on live objects. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from . import differences
from .canonical import canonical
from .graph import order
from .marks import short_digest
from .model import Action, Address, Change, Desired, Kind, MarkChange, Reason
from .ownership import Claim
from .pointer import without

_LENGTH = 12


def spec_digests(desired: Sequence[Desired], kinds: Mapping[str, Kind]) -> dict[Address, str]:
    """By address, the digest of a spec in canonical form and of all that it refers to, as the marker keeps it.

    What the manifest leaves to others (`ignore_changes`) is no part of it.
    """
    resources = {resource.address: resource for resource in desired}
    found: dict[Address, str] = {}
    for address in order({address: frozenset(item.requires) for address, item in resources.items()}):
        resource = resources[address]
        spec = without(canonical(resource.spec, kinds[resource.kind]), resource.policy.ignore_changes)
        needed = sorted(found[other] for other in resource.requires if other in found)
        found[address] = short_digest([spec, needed], _LENGTH)
    return found


def verified(digests: Mapping[Address, str], owned: Mapping[Address, Claim]) -> frozenset[Address]:
    """The addresses whose marker says that just this spec passed."""
    return frozenset(
        address
        for address, digest in digests.items()
        if (claim := owned.get(address)) and claim.applied and claim.applied.verified == digest
    )


def verify_steps(
    desired: Sequence[Desired],
    addresses: Collection[Address],
    owned: Mapping[Address, Claim],
    kinds: Mapping[str, Kind],
    hidden: Mapping[str, Collection[str]],
) -> list[Change]:
    """For each address, which must be live as its manifest wants it, the step that notes its spec as verified."""
    digests = spec_digests(desired, kinds)
    steps = []
    for resource in desired:
        if resource.address not in addresses or kinds[resource.kind].by_content:
            continue
        live, ignored = owned[resource.address].live, resource.policy.ignore_changes
        steps.append(
            Change(
                address=resource.address,
                action=Action.UPDATE,
                reason=Reason.VERIFIED,
                remote_id=live.remote_id,
                expect=differences.expect_digest(live, kinds[resource.kind], hidden.get(resource.kind, ()), ignored),
                protected=resource.policy.protect,
                ignored=ignored,
                mark=MarkChange(verified=digests[resource.address]),
            )
        )
    return steps
