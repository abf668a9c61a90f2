"""One run of requests that shows the quirks of LangGraph which the provider relies on, for the fake and the real one.

`{A}`…: ids that the client chose. Times are normalised; the graphs are those of tests/live/langgraph.sh.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

Json = Any
Call = Callable[[str, str, Json], tuple[int, str, str]]
"""(method, path, body) → (status, the header x-pagination-next, text)."""

IDS = {
    "A": "0a0a0a0a-0000-4000-8000-00000000000a",
    "B": "0b0b0b0b-0000-4000-8000-00000000000b",
    "N": "0c0c0c0c-0000-4000-8000-00000000000c",
}


class Step(NamedTuple):
    method: str
    path: str
    body: Json = None


_OURS = {"retinue.scope": "p/e", "owner": "cx"}
_SEARCH = {"metadata": {"retinue.scope": "p/e"}, "limit": 1000, "sort_by": "created_at", "sort_order": "asc"}
STEPS = (
    # an id of the client's, and a second create with it
    Step("POST", "/assistants",
         {"assistant_id": "{A}", "graph_id": "agent", "name": "A", "context": {"model": "m", "odd": 1},
          "metadata": _OURS}),
    Step("POST", "/assistants", {"assistant_id": "{A}", "graph_id": "agent", "name": "B", "if_exists": "raise"}),
    Step("POST", "/assistants", {"assistant_id": "{A}", "graph_id": "agent", "name": "B", "if_exists": "do_nothing"}),
    Step("POST", "/assistants", {"assistant_id": "{B}", "graph_id": "agent", "metadata": {**_OURS, "x": None}}),
    Step("POST", "/assistants", {"assistant_id": "{N}", "graph_id": "agent", "name": ""}),
    Step("DELETE", "/assistants/{N}"),
    Step("POST", "/assistants", {"assistant_id": "{N}", "graph_id": "nope"}),
    Step("POST", "/assistants", {"assistant_id": "no-uuid", "graph_id": "agent"}),
    Step("POST", "/assistants", {"assistant_id": "{N}"}),
    # an update: always a version, field by field
    Step("PATCH", "/assistants/{A}", {}),
    Step("PATCH", "/assistants/{A}", {"description": "d"}),
    Step("PATCH", "/assistants/{A}", {"description": None}),
    Step("PATCH", "/assistants/{A}", {"name": None}),
    Step("PATCH", "/assistants/{A}", {"name": "", "description": ""}),
    Step("PATCH", "/assistants/{A}", {"name": "A"}),
    # context: whole, in silence; config is swept away with it unless it is sent too
    Step("PATCH", "/assistants/{A}", {"context": {"system_prompt": "s", "deep": {"a": [1.0, None]}}}),
    Step("PATCH", "/assistants/{A}", {"config": {"recursion_limit": 5}}),
    Step("PATCH", "/assistants/{A}", {"context": {"model": "n"}, "config": {"recursion_limit": 5}}),
    Step("PATCH", "/assistants/{A}", {"context": {"model": "o"}}),
    Step("PATCH", "/assistants/{A}", {"context": {"model": "o"}, "config": {"configurable": {"a": 1}}}),
    Step("PATCH", "/assistants/{A}", {"config": {"recursion_limit": 6}}),
    Step("PATCH", "/assistants/{A}", {"config": {"configurable": {"model": "p"}, "recursion_limit": 6}}),
    Step("PATCH", "/assistants/{A}", {"context": {}}),
    Step("PATCH", "/assistants/{A}", {"context": {}, "config": {}}),
    Step("PATCH", "/assistants/{A}", {"context": {}, "config": {"configurable": {}, "recursion_limit": 6}}),
    Step("PATCH", "/assistants/{A}", {"context": {"model": "q"}, "config": {"recursion_limit": 6}}),
    Step("PATCH", "/assistants/{A}", {"context": None}),
    # metadata: merged, null stays
    Step("PATCH", "/assistants/{A}", {"metadata": {"owner": None, "team": "7", "odd": {"a": 1}}}),
    Step("PATCH", "/assistants/{A}", {"metadata": {}}),
    Step("PATCH", "/assistants/{A}", {"graph_id": "nope"}),
    Step("PATCH", "/assistants/{A}", {"graph_id": "plain"}),
    Step("PATCH", "/assistants/{A}", {"graph_id": "agent"}),
    # search: exact pairs, pages
    Step("POST", "/assistants/search", _SEARCH),
    Step("POST", "/assistants/search", {**_SEARCH, "limit": 1}),
    Step("POST", "/assistants/search", {**_SEARCH, "limit": 1, "offset": 1}),
    Step("POST", "/assistants/search", {**_SEARCH, "metadata": {"retinue.scope": "p"}}),
    Step("POST", "/assistants/search", {**_SEARCH, "metadata": {"x": None}}),
    Step("POST", "/assistants/search", {**_SEARCH, "limit": 1001}),
    Step("POST", "/assistants/search", {"graph_id": "nope", "limit": 1}),
    Step("POST", "/assistants/search", {"metadata": {"created_by": "system"}, "select": ["graph_id", "metadata"],
                                        "sort_by": "graph_id", "sort_order": "asc"}),
    # what a graph declares
    Step("GET", "/assistants/{A}/schemas"),
    Step("PATCH", "/assistants/{B}", {"graph_id": "plain"}),
    Step("GET", "/assistants/{B}/schemas"),
    # history
    Step("PATCH", "/assistants/{B}", {"name": "two", "context": {"model": "two"}, "metadata": {"owner": "two"}}),
    Step("PATCH", "/assistants/{B}", {"name": "three", "context": {"model": "three"}}),
    Step("POST", "/assistants/{B}/versions", {"limit": 1000}),
    Step("POST", "/assistants/{B}/versions", {"limit": 1}),
    Step("POST", "/assistants/{B}/latest", {"version": 3}),
    Step("GET", "/assistants/{B}"),
    Step("PATCH", "/assistants/{B}", {"name": "five"}),
    Step("PATCH", "/assistants/{B}", {"context": {"model": "three"}}),
    Step("POST", "/assistants/{B}/latest", {"version": 99}),
    Step("POST", "/assistants",
         {"assistant_id": "{N}", "graph_id": "agent", "config": {"configurable": {"model": "r"}}}),
    Step("DELETE", "/assistants/{N}"),
    # absent, unknown
    Step("GET", "/assistants/{N}"),
    Step("GET", "/assistants/no-uuid"),
    Step("PATCH", "/assistants/{N}", {"name": "x"}),
    Step("DELETE", "/assistants/{N}"),
    Step("POST", "/assistants/{N}/versions", {}),
    Step("GET", "/nothing"),
    # away
    Step("DELETE", "/assistants/{A}"),
    Step("DELETE", "/assistants/{A}"),
    Step("DELETE", "/assistants/{B}"),
    Step("POST", "/assistants/search", _SEARCH),
)  # fmt: skip


def run(call: Call) -> str:
    """Every step and its answer, as a golden file holds it."""
    lines = []
    for step in STEPS:
        status, following, text = call(step.method, _filled(step.path), _filled(step.body))
        more = f" next {following}" if following else ""
        lines.append(f"{step.method} {step.path}\n  {status}{more} {_normal(text, status)}")
    return "\n".join(lines) + "\n"


def _filled(value: Json) -> Json:
    text = json.dumps(value)
    for name, key in IDS.items():
        text = text.replace(f"{{{name}}}", key)
    return json.loads(text)


def _normal(text: str, status: int) -> str:
    value = json.loads(text) if text else None
    if status in (400, 422):
        # Those words are of the server's schema library, and the provider looks at none of them.
        value = dict.fromkeys(value or (), "…")
    if isinstance(value, dict) and "context_schema" in value:
        value = {name: value[name] for name in ("graph_id", "context_schema")}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    for name, key in IDS.items():
        text = text.replace(key, f"<{name}>")
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "<date>", text)
