"""The limits that the schemas of the kinds state, read from their JSON as data, so that each number stands once.

Imports nothing of retinue: the files come with it in one distribution.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def _schema(kind: str) -> Any:
    retinue = find_spec("retinue")
    if retinue is None or not retinue.submodule_search_locations:
        raise ImportError("the emulator reads its limits from the package retinue, which is not installed")
    path = Path(retinue.submodule_search_locations[0], "providers", "assistants_v2", f"{kind}.json")
    return json.loads(path.read_text(encoding="utf-8"))


_assistant, _store = _schema("assistant"), _schema("vector_store")
ASSISTANT: dict[str, Any] = _assistant["properties"]
RESOURCES: dict[str, Any] = ASSISTANT["tool_resources"]["properties"]
SEARCH: dict[str, Any] = _assistant["definitions"]["file_search"]["properties"]["file_search"]["properties"]
RANKING: dict[str, Any] = SEARCH["ranking_options"]["properties"]
FUNCTION: dict[str, Any] = _assistant["definitions"]["function"]["properties"]["function"]["properties"]
STORE: dict[str, Any] = _store["properties"]
INDEXABLE = frozenset(_store["x-retinue-extensions"])
CHUNK: dict[str, Any] = _store["definitions"]["chunking_static"]["properties"]["static"]["properties"]

MOST_PAIRS = 16
"""Of metadata and of attributes. The schemas say fewer: retinue keeps some for itself."""
LONGEST_KEY: int = ASSISTANT["metadata"]["propertyNames"]["maxLength"]
LONGEST_VALUE: int = ASSISTANT["metadata"]["additionalProperties"]["maxLength"]
