"""How Flowise writes values: numbers and spaces as JavaScript does, dates in whole seconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

WORKSPACE = "7d3f1f0c-5b0e-4c53-9d0b-0a3c5f1f7a11"
"""The open-source server has one."""


def as_js(value: Any) -> str:
    """JSON.stringify: no spaces, 1.0 as 1."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if type(value) is float and value.is_integer() else value


def date(seconds: float) -> str:
    """`2026-11-22T04:16:48.000Z`; the database keeps whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
