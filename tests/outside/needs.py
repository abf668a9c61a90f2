"""What these tests need and `dev` does not bring; run.sh installs it in an environment of its own."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pytest

from . import published

MISSING = "not installed here: {}; run tests/outside/run.sh, which does so in an environment of its own"


def sdk() -> Any:
    """The module `openai`, or a skip of the whole test module."""
    if find_spec("openai") is None:
        _lacking(MISSING.format("openai"))
    if not published.is_installed():
        _lacking(MISSING.format(published.PACKAGE))
    import openai

    return openai


def sdk_source() -> Path:
    """The unpacked source distribution of the SDK, or a skip of the whole test module."""
    folder = os.environ.get("RETINUE_OUTSIDE_SDK")
    if not folder:
        _lacking("the SDK's own tests are not here; run tests/outside/run.sh, which fetches them")
    return Path(folder)


def agents_sdk() -> tuple[str, Path]:
    """The interpreter that has the SDK of today, and its unpacked source, or a skip of the whole test module."""
    python, folder = (os.environ.get(f"RETINUE_OUTSIDE_{name}") for name in ("NOW", "NOW_SDK"))
    if not python or not folder:
        _lacking("the SDK that knows agents is not here; run tests/outside/run.sh, which fetches it")
    return python, Path(folder)


def foundry_sdk() -> tuple[str, Path]:
    """The interpreter that has azure-ai-projects, and its unpacked source, or a skip of the whole test module."""
    python, folder = (os.environ.get(f"RETINUE_OUTSIDE_{name}") for name in ("NOW", "FOUNDRY_SDK"))
    if not python or not folder:
        _lacking("the SDK of Foundry's agents is not here; run tests/outside/run.sh, which fetches it")
    return python, Path(folder)


def anthropic_sdk() -> tuple[str, Path]:
    """The interpreter that has anthropic, and its unpacked source, or a skip of the whole test module."""
    python, folder = (os.environ.get(f"RETINUE_OUTSIDE_ANTHROPIC{name}") for name in ("", "_SDK"))
    if not python or not folder:
        _lacking("the SDK of Managed Agents is not here; run tests/outside/run.sh, which fetches it")
    return python, Path(folder)


def mistral_sdk() -> str:
    """The interpreter that has mistralai, or a skip of the whole test module."""
    python = os.environ.get("RETINUE_OUTSIDE_MISTRAL")
    if not python:
        _lacking("the SDK of Mistral is not here; run tests/outside/run.sh, which fetches it")
    return python


def azure_definition() -> Path:
    """The published file of 2024-05-01-preview, or a skip of the whole test module, which run.sh then leaves out."""
    path = os.environ.get("RETINUE_OUTSIDE_AZURE_DEFINITION")
    if not path:
        _lacking("RETINUE_OUTSIDE_AZURE_DEFINITION does not say where the published file is: docs/outside-proofs.md")
    return Path(path)


def _lacking(reason: str) -> NoReturn:
    """run.sh must not pass because something was skipped."""
    if os.environ.get("RETINUE_OUTSIDE"):
        raise RuntimeError(reason)
    pytest.skip(reason, allow_module_level=True)
