"""Provider `openai-agents` against the emulator: in process, over a socket, and where the service may differ."""

from __future__ import annotations

from collections.abc import Mapping

from retinue.core.model import Json
from retinue.providers.base import Marker
from retinue.providers.openai_agents import PROVIDER, classify
from retinue.providers.openai_agents.forms import create_body, to_live, update_body
from retinue_conformance.subject import Spec, marker_of
from retinue_emulator.faults import Behaviour

from .openai_subjects import OpenAISubject

_ORDER = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
_ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}}


def _function(name: str, parameters: Json) -> Json:
    return {"type": "function", "function": {"name": name, "description": "Looks it up.", "parameters": parameters}}


def _format(schema: Json) -> Json:
    return {"type": "json_schema", "json_schema": {"schema": schema}}


AGENT = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "gpt-5",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [
            _function("lookup", _ORDER),
            {
                "type": "mcp",
                "server_label": "wiki",
                "server_url": "https://wiki.example.com/mcp",
                "allowed_tools": ["read"],
            },
            {
                "type": "web_search",
                "search_context_size": "high",
                "filters": {"allowed_domains": ["example.com", "example.org"]},
                "user_location": {"type": "approximate", "city": "Bern", "country": "CH"},
            },
        ],
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "response_format": _format(_ANSWER),
        "reasoning_effort": "low",
        "providers": {
            "openai-agents": {
                "service_tier": "flex",
                "reasoning": {"summary": "concise"},
                "text": {"verbosity": "high"},
                "multi_agent": {"enabled": True, "max_concurrent_subagents": 3},
                "compaction": {"async": True},
                "experimental": {"time_awareness": True},
                "tools": [
                    {"type": "tool_search"},
                    {"type": "computer_use", "include_screenshots": True},
                    {**_function("find", _ORDER)["function"], "type": "function", "defer_loading": True},
                    {
                        "type": "mcp",
                        "server_label": "vault",
                        "transport": {
                            "type": "http",
                            "server_url": "https://v.example.com",
                            "headers": {"x-team": "edu"},
                        },
                        "required": True,
                        "request_metadata": {"a": [1]},
                    },
                ],
            }
        },
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "gpt-5-mini",
        "instructions": "Answer in two sentences.",
        "tools": [_function("lookup_order", _ANSWER), {"type": "web_search"}],
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "response_format": _format(_ORDER),
        "reasoning_effort": "high",
        "providers": {
            "openai-agents": {
                "service_tier": "priority",
                "text": {"verbosity": "low"},
                "multi_agent": {"enabled": True},
                "tools": [
                    {"type": "automations"},
                    {
                        "type": "mcp",
                        "server_label": "files",
                        "transport": {"type": "stdio", "command": "serve", "cwd": "/work", "args": ["-v"]},
                    },
                ],
            }
        },
    },
    minimal={"model": "gpt-5"},
)


class AgentsSubject(OpenAISubject):
    """As for Assistants, but that an agent has other members than a manifest."""

    provider = PROVIDER
    classify = staticmethod(classify)

    def __init__(self, name: str, *, socket: bool = False, behaviour: Behaviour | None = None) -> None:
        super().__init__(name, socket=socket, behaviour=behaviour)
        self.samples = {"Assistant": AGENT}

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        # What somebody made has no marker; the one for which `create_body` asks goes again.
        made = to_live({"id": "-", **create_body(spec, Marker("-", "-"))})
        body = update_body(made, {}, None)
        return self.emulator.seed({**create_body(spec, Marker("-", "-")), **body, "object": "agent"})

    def stored(self, kind: str) -> dict[str, dict[str, Json]]:
        return dict(self.emulator.store.everything("agent"))

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        raw = self.stored(kind)[remote_id]
        live = to_live(raw)
        self.emulator.seed({**raw, **update_body(live, fields, marker_of(live))})

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice": "alto", "x_limits": {"tokens": [1, 2]}}
        self.emulator.seed({**self.stored(kind)[remote_id], **strange})
        return strange


_OTHER = Behaviour(
    agents_objects="merge",
    agents_optional="absent",
    agents_page="ids",
    unknown_cursor="empty",
)
SUBJECTS = (
    AgentsSubject("openai-agents"),
    AgentsSubject("openai-agents-socket", socket=True),
    AgentsSubject("openai-agents-other-choices", behaviour=_OTHER),
)
