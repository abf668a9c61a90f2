"""The official SDK's own API tests, unmodified, against the emulator behind a wrapper; one line of SUITES a module."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour
from retinue_emulator.store_files import kind_in

from ..emulator.choices import OPEN, Row, label
from ..serving import served
from .needs import sdk, sdk_source
from .published import Witness, departures
from .suites import run
from .wrapper import Seed, Wrapper

sdk()
SOURCE = sdk_source()
pytestmark = pytest.mark.outside


class Suite(NamedTuple):
    """A module below tests/api_resources: how many tests it has, what it assumes, how often a request is amended."""

    module: str
    tests: int
    seeds: tuple[Seed, ...]
    amended: Mapping[str, int]
    skipped: int = 0


def _named(kind: str, *ids: str) -> tuple[Seed, ...]:
    return tuple((kind, {"object": kind, "id": key}) for key in ids)


def _inside(store: str, kind: str, *ids: str) -> tuple[Seed, ...]:
    more = {"object": kind, "vector_store_id": store, "batch": "batch_id"}
    return tuple((kind_in(store, kind), {"id": key, **more}) for key in ids)


_FILES = _named("file", "string", "file_id", "file-abc123")
_STORES = _named("vector_store", "before", "vector_store_id", "vs_abc123", "after")
_ENTRIES = tuple(
    seed
    for store in ("vector_store_id", "vs_abc123")
    for seed in (
        *_inside(store, "vector_store.file", "before", "file_id", "file-abc123", "after"),
        *_inside(store, "vector_store.file_batch", "batch_id", "vsfb_abc123"),
    )
)
SUITES = (
    Suite(
        "beta/test_assistants.py",
        105,
        _named("assistant", "before", "assistant_id", "after"),
        {"limit": 5, "tool_resources.file_search": 5},
    ),
    Suite("test_files.py", 117, (*_named("file", "before", "after"), *_FILES), {"limit": 5}, skipped=3),
    Suite("test_vector_stores.py", 130, (*_FILES, *_STORES), {"limit": 5}),
    Suite("vector_stores/test_files.py", 134, (*_FILES, *_STORES, *_ENTRIES), {"limit": 5}),
    Suite(
        "vector_stores/test_file_batches.py",
        92,
        (*_FILES, *_STORES, *_ENTRIES),
        {"limit": 5, "file_ids": 15, "files": 5},
    ),
)
DEFAULTS: Row = {name: choices[0] for name, choices in OPEN.items()}
OTHERS: Row = {name: choices[-1] for name, choices in OPEN.items()}
CHOICES = (DEFAULTS, {name: choices[1] for name, choices in OPEN.items()}, OTHERS)


@pytest.mark.parametrize("row", CHOICES, ids=label)
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.module)
def test_the_sdks_own_tests_pass(suite: Suite, row: Row, tmp_path: Path) -> None:
    witness = Witness(departures(row))
    # The SDK's types deny the nulls that recordings of vector stores show.
    emulator = Emulator(":memory:", Behaviour(**{**row, "store_nulls": "none"}))
    wrapper = Wrapper(emulator, suite.seeds, witness)
    with served(wrapper) as url:
        ends, printed = run(suite.module, url, tmp_path / "report.xml", sys.executable, SOURCE)
    emulator.close()
    assert ends == +Counter(passed=suite.tests, skipped=suite.skipped), printed

    assert Counter(wrapper.amended) == suite.amended
    assert len(witness.answers) > suite.tests / 2
    assert witness.complaints() == []
