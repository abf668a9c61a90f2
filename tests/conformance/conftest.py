"""The conformance suite for our own subjects, and for those of packages that are installed."""

from __future__ import annotations

import pytest

from retinue_conformance.plugin import SUBJECTS
from retinue_conformance.plugin import bench as bench
from retinue_conformance.plugin import opened as opened
from retinue_conformance.plugin import pytest_generate_tests as pytest_generate_tests

from .agents_subjects import SUBJECTS as AGENTS
from .anthropic_subjects import SUBJECTS as ANTHROPIC
from .azure_subjects import SUBJECTS as AZURE
from .flowise_subjects import SUBJECTS as FLOWISE
from .foundry_subjects import SUBJECTS as FOUNDRY
from .langgraph_subjects import SUBJECTS as LANGGRAPH
from .mistral_subjects import SUBJECTS as MISTRAL
from .openai_subjects import SUBJECTS as OPENAI

SUBJECTS[:] = [*OPENAI, *AGENTS, *ANTHROPIC, *AZURE, *FLOWISE, *FOUNDRY, *LANGGRAPH, *MISTRAL]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what canned answers say twice: a service on a socket answers nothing there."""
    twice = [item for item in items if "/test_hostile.py" in item.nodeid and "-socket-" in item.nodeid]
    config.hook.pytest_deselected(items=twice)
    items[:] = [item for item in items if item not in twice]
