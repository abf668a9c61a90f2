"""The world of the command-line tests, for pipelines that reach it over HTTP, and a `retinue` that starts quickly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..cli.conftest import world
from .runner import Runner
from .warm import warm

__all__ = ["world"]


@pytest.fixture(scope="session", autouse=True)
def _quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with warm(tmp_path_factory.mktemp("warm")) as program:
        plain, Runner.retinue = Runner.retinue, str(program)
        yield
        Runner.retinue = plain
