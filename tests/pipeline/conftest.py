"""The world of the command-line tests, for pipelines that reach it over HTTP."""

from __future__ import annotations

from ..cli.conftest import world

__all__ = ["world"]
