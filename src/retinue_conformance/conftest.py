"""For `pytest --pyargs retinue_conformance`: the subjects of the packages that are installed."""

from __future__ import annotations

from .plugin import bench as bench
from .plugin import opened as opened
from .plugin import pytest_generate_tests as pytest_generate_tests
