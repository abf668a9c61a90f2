"""The digest of a whole spec: it lapses with every change that matters, and comes back with the old spec."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.marker import Applied, parse_applied
from retinue.core.model import Live
from retinue.core.observation import Observation
from retinue.core.ownership import decide
from retinue.core.promotion import spec_digests, verified
from retinue.core.steps import verify_steps
from retinue.providers.assistants_v2 import KINDS

from .worlds import at, desired, managed, target

BASE = {"model": "gpt-4o", "name": "ant", "temperature": 1, "tools": [{"type": "code_interpreter"}]}


def digest(spec: dict[str, Any], **policy: Any) -> str:
    return spec_digests([desired("ant", spec, **policy)], KINDS)[at("ant")]


SAME = {
    "a default that is written down": {**BASE, "top_p": 1},
    "a default that is left out": {key: value for key, value in BASE.items() if key != "temperature"},
    "another kind of number": {**BASE, "temperature": 1.0},
    "another order of keys": dict(reversed(BASE.items())),
}
OTHER = {
    "a field": {**BASE, "temperature": 0.5},
    "a new field": {**BASE, "instructions": "Hi"},
    "a field less": {key: value for key, value in BASE.items() if key != "tools"},
    "a text": {**BASE, "name": "Ant"},
}


@pytest.mark.parametrize("spec", SAME.values(), ids=SAME.keys())
def test_what_means_the_same_keeps_the_digest(spec: dict[str, Any]) -> None:
    assert digest(spec) == digest(BASE)


@pytest.mark.parametrize("spec", OTHER.values(), ids=OTHER.keys())
def test_any_change_of_meaning_lapses_it(spec: dict[str, Any]) -> None:
    assert digest(spec) != digest(BASE)


def test_what_is_left_to_others_is_no_part_of_it() -> None:
    pointers = ("/temperature",)
    assert digest({**BASE, "temperature": 0.5}, ignore_changes=pointers) == digest(BASE, ignore_changes=pointers)


def test_it_lapses_with_what_it_refers_to() -> None:
    def top(model: str) -> str:
        chain = [desired("c", {"model": model}), desired("b", requires=["c"]), desired("a", requires=["b"])]
        return spec_digests(chain, KINDS)[at("a")]

    assert top("gpt-4o") == top("gpt-4o") != top("gpt-5")


@given(st.text(max_size=20), st.booleans())
def test_it_fits_the_marker(name: str, protected: bool) -> None:
    applied = Applied("abcdefgh", protected, digest({"model": "m", "name": name}))
    assert parse_applied(str(applied)) == applied


def with_verified(resource: Live, text: str | None) -> Live:
    applied = parse_applied(resource.marker_applied or "")
    assert applied is not None
    return replace(resource, marker_applied=str(replace(applied, verified=text)))


def test_only_the_digest_of_the_spec_as_it_is_now_counts() -> None:
    ant = desired("ant")
    digests = spec_digests([ant], KINDS)
    for noted, found in ((digests[at("ant")], {at("ant")}), ("A" * 12, set()), (None, set())):
        owned = decide([with_verified(managed(ant), noted)], "demo", "dev", KINDS).owned
        assert verified(digests, owned) == found
    assert verified(digests, {}) == set()
    assert verified(digests, decide([managed(ant, damaged=True)], "demo", "dev", KINDS).owned) == set()


def test_steps_are_made_for_the_chosen_addresses_alone() -> None:
    wanted = [desired("ant"), desired("bee")]
    seen = Observation(target(), [managed(item) for item in wanted])
    (step,) = verify_steps(wanted, [at("bee")], seen)
    assert (step.address, step.remote_id) == (at("bee"), seen.world.owned[at("bee")].remote_id)
    assert step.mark.verified == spec_digests(wanted, KINDS)[at("bee")]
