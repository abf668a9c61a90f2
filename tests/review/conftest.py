"""The world of the command-line tests, for comments about plans of it."""

from __future__ import annotations

from ..cli.conftest import world

__all__ = ["world"]
