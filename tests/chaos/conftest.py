"""How much of the chaos is tried: a sample, or with RETINUE_CHAOS=full all of it."""

from __future__ import annotations

import os

import pytest

FULL = os.environ.get("RETINUE_CHAOS") == "full"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos_full: part of the whole matrix; runs with RETINUE_CHAOS=full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if FULL:
        return
    skip = pytest.mark.skip(reason="RETINUE_CHAOS=full runs it")
    for item in items:
        if item.get_closest_marker("chaos_full"):
            item.add_marker(skip)
