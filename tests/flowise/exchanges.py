"""One run of requests that shows the quirks of Flowise which the provider relies on, for the fake and the real one.

`{A}`…: ids that an earlier answer gave. What differs from server to server (ids, dates) is normalised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

Json = Any
Call = Callable[[str, str, Json], tuple[int, str, str]]
"""(method, path, body) → (status, content type, text). The body is JSON unless it is bytes."""


class Step(NamedTuple):
    """`keep`: the name under which the id of the answer is remembered."""

    method: str
    path: str
    body: Json = None
    keep: str = ""


def _custom(details: Json, **more: Json) -> Json:
    return {"type": "CUSTOM", "credential": "7db93c02-8d5a-4117-a8f1-3dfb6721b339", "details": details, **more}


def _openai(details: Json, **more: Json) -> Json:
    return {"type": "OPENAI", "credential": "{C}", "details": json.dumps(details), **more}


_BOT = {
    "name": "Bot",
    "description": "Helps.",
    "model": "gpt-4o",
    "instructions": "Be kind.",
    "tools": ["code_interpreter", "file_search"],
    "tool_resources": {"code_interpreter": {"file_ids": ["file-1"], "files": [{"id": "file-1"}]}},
    "temperature": 1.0,
    "x_own": [1.0, "a"],
    "metadata": {"k": "v"},
}
_DOCUMENT = {
    "id": "d290f1ee-6c54-4b01-90e6-d701748f0851",
    "iconSrc": "/images/assistant.png",
    "createdDate": "2024-08-24T14:15:22Z",
    "updatedDate": "2024-08-24T14:15:22Z",
}
_DOCUMENT_DETAILS = {
    "id": "asst_zbNeYIuXIUSKVHjJkfRo6ilv",
    "name": "assistant",
    "description": "text",
    "model": "gpt-4",
    "instructions": "You are a helpful assistant, do your best to answer question and query",
    "temperature": 1,
    "top_p": 1,
    "tools": ["function", "code_interpreter", "file_search"],
    "tool_resources": {"ANY_ADDITIONAL_PROPERTY": {}},
}
_DOCUMENT_WITHOUT = {k: v for k, v in _DOCUMENT_DETAILS.items() if k not in ("id", "tool_resources", "tools")}
_FLOW = '{"nodes":[],"edges":[]}'
STEPS = (
    Step("GET", "/version"),
    Step("GET", "/assistants"),
    Step("POST", "/credentials",
         {"name": "up", "credentialName": "openAIApi", "plainDataObj": {"openAIApiKey": "sk-x"}}, "C"),
    Step("POST", "/credentials",
         {"name": "search", "credentialName": "serpApi", "plainDataObj": {"serpApiKey": "x"}}, "S"),
    # CUSTOM: byte for byte
    Step("POST", "/assistants", _custom('{ "name": "A",  "n": 1.0, "x_own": [] }', iconSrc="/a.png", id="x"), "A"),
    Step("GET", "/assistants/{A}"),
    Step("GET", "/assistants/{A}%20"),
    Step("GET", "/assistants?type=CUSTOM"),
    Step("GET", "/assistants?type=OPENAI"),
    Step("GET", "/assistants?type=NONE&limit=1"),
    Step("PUT", "/assistants/{A}", {"details": '{"name": "B"}'}),
    Step("PUT", "/assistants/{A}", {"details": '{"name": ""}'}),
    Step("PUT", "/assistants/{A}", {"details": ""}),
    Step("PUT", "/assistants/{A}", {"details": "{"}),
    Step("PUT", "/assistants/{A}", {"iconSrc": None}),
    Step("PUT", "/assistants/{A}", {"credential": None}),
    Step("POST", "/assistants", _custom("null"), "N"),
    Step("POST", "/assistants", _custom("[]"), "L"),
    Step("POST", "/assistants", {"type": "CUSTOM", "details": "{}"}),
    Step("POST", "/assistants", _custom("")),
    Step("POST", "/assistants", _custom({"name": "x"})),
    Step("POST", "/assistants", {}),
    Step("POST", "/assistants", b'{"type": "CUSTOM", "det'),
    # OPENAI: mirrored, re-serialised
    Step("POST", "/assistants", _openai(_BOT), "O"),
    Step("GET", "/openai-assistants?credential={C}"),
    Step("PUT", "/assistants/{O}", {"credential": "{C}", "details": json.dumps({**_BOT, "model": "gpt-4o-mini"})}),
    Step("PUT", "/assistants/{O}", {"credential": "{C}", "details": json.dumps({"name": "Bot", "model": "gpt-4o"})}),
    Step("GET", "/openai-assistants?credential={C}"),
    Step("PUT", "/assistants/{O}", {"credential": "{C}"}),
    Step("PUT", "/assistants/{O}", {"credential": "{S}", "details": json.dumps(_BOT)}),
    Step("PUT", "/assistants/{O}", {"credential": "nope", "details": json.dumps(_BOT)}),
    Step("PUT", "/assistants/{O}", {"credential": "{C}", "type": "CUSTOM", "details": json.dumps(_BOT), "x": 1}),
    Step("POST", "/assistants", _openai({"name": "No model"})),
    Step("POST", "/assistants", {**_openai(_BOT), "credential": "nope"}),
    Step("POST", "/assistants", {**_openai(_BOT), "credential": "{S}"}),
    Step("POST", "/assistants", {"credential": "{C}", "details": json.dumps({"name": "T", "model": "gpt-4o"})}, "T"),
    Step("GET", "/openai-assistants?credential=nope"),
    Step("GET", "/openai-assistants"),
    # the published document's own body: details are a text in truth, an upstream id means "take that one over"
    Step("POST", "/assistants", {**_DOCUMENT, "credential": "{C}", "details": _DOCUMENT_DETAILS}),
    Step("POST", "/assistants", {**_DOCUMENT, "credential": "{C}", "details": json.dumps(_DOCUMENT_DETAILS)}),
    Step("POST", "/assistants", {**_DOCUMENT, "credential": "{C}", "details": json.dumps(_DOCUMENT_WITHOUT)}, "D"),
    Step("GET", "/assistants/{D}"),
    Step("DELETE", "/assistants/{D}?isDeleteBoth=true"),
    # absent, unknown
    Step("GET", "/assistants/nope"),
    Step("PUT", "/assistants/nope", {"details": "{}"}),
    Step("DELETE", "/assistants/nope"),
    Step("GET", "/assistants/a%2Fb"),
    Step("GET", "/nothing"),
    Step("PATCH", "/assistants/{A}", {}),
    Step("POST", "/assistants/{A}", {}),
    # chatflows: unknown ids are ignored, columns that are not given stay, a type that there is not is refused
    Step("GET", "/chatflows?type=ASSISTANT"),
    Step("POST", "/chatflows", {"id": "x", "name": "F", "flowData": _FLOW, "type": "ASSISTANT", "category": "m"}, "F"),
    Step("GET", "/chatflows/{F}"),
    Step("GET", "/chatflows?type=ASSISTANT"),
    Step("GET", "/chatflows?type=CHATFLOW"),
    Step("PUT", "/chatflows/{F}", {"name": "G", "flowData": _FLOW, "type": "ASSISTANT", "id": "y"}),
    Step("PUT", "/chatflows/{F}", {"name": "H"}),
    Step("POST", "/chatflows", {"name": "F", "flowData": _FLOW, "type": "NONE"}),
    Step("GET", "/chatflows/7db93c02-8d5a-4117-a8f1-3dfb6721b339"),
    Step("GET", "/chatflows/nope"),
    Step("PUT", "/chatflows/7db93c02-8d5a-4117-a8f1-3dfb6721b339", {"name": "H"}),
    Step("DELETE", "/chatflows/{F}"),
    Step("DELETE", "/chatflows/{F}"),
    Step("DELETE", "/chatflows/nope"),
    Step("GET", "/nodes/nope"),
    # away
    Step("DELETE", "/assistants/{O}?isDeleteBoth=true"),
    Step("GET", "/openai-assistants?credential={C}"),
    Step("DELETE", "/assistants/{A}"),
    Step("DELETE", "/assistants/{A}"),
    Step("DELETE", "/assistants/{N}"),
    Step("DELETE", "/assistants/{L}"),
    Step("DELETE", "/assistants/{T}"),
    Step("GET", "/assistants"),
    Step("DELETE", "/credentials/{C}"),
    Step("DELETE", "/credentials/{S}"),
)  # fmt: skip


def run(call: Call) -> str:
    """Every step and its answer, as a golden file holds it."""
    ids: dict[str, str] = {}
    lines = []
    for step in STEPS:
        body = step.body if isinstance(step.body, bytes) else _filled(step.body, ids)
        status, content_type, text = call(step.method, _filled(step.path, ids), body)
        value = _value(content_type, text)
        if step.keep:
            ids[step.keep] = value["id"]
        lines.append(f"{step.method} {step.path}\n  {status} {_normal(value, ids)}")
    return "\n".join(lines) + "\n"


def _filled(value: Json, ids: dict[str, str]) -> Json:
    text = json.dumps(value)
    for name, key in ids.items():
        text = text.replace(f"{{{name}}}", key)
    return json.loads(text)


def _value(content_type: str, text: str) -> Json:
    return json.loads(text) if "json" in content_type else f"<{content_type.partition(';')[0]}>"


def _normal(value: Json, ids: dict[str, str]) -> str:
    text = json.dumps(_sorted(value), sort_keys=True, ensure_ascii=False)
    for name, key in ids.items():
        text = text.replace(key, f"<{name}>")
    text = re.sub(r"asst_[A-Za-z0-9]+", "<asst>", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<date>", text)
    text = re.sub(r'"workspaceId": "[^"]+"', '"workspaceId": "<workspace>"', text)
    text = re.sub(r'"encryptedData": "[^"]+"', '"encryptedData": "<secret>"', text)
    text = re.sub(r'"created_at": \d+', '"created_at": 0', text)
    # The words of JSON.parse differ from version to version of Node; the provider looks for the end alone.
    text = re.sub(r'( - )[^-]* is not valid JSON"', r'\1… is not valid JSON"', text)
    return re.sub(r'("message": )"[^"]*"(.*"statusCode": 400)', r'\1"…"\2', text)


def _sorted(value: Json) -> Json:
    """Lists of rows in a fixed order: the server promises none."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value
