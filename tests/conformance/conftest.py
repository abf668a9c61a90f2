"""The conformance suite for our own subjects, and for those of packages that are installed."""

from __future__ import annotations

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
from .openai_subjects import SUBJECTS as OPENAI

SUBJECTS[:] = [*OPENAI, *AGENTS, *ANTHROPIC, *AZURE, *FLOWISE, *FOUNDRY, *LANGGRAPH]
