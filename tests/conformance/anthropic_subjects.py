"""Provider `anthropic` against the emulator: in process, over a socket, and where the service may differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from retinue.core.model import Json
from retinue.providers.anthropic import PROVIDER, classify
from retinue.providers.anthropic.forms import Form
from retinue.providers.base import Marker
from retinue_conformance.subject import Spec, marker_of
from retinue_emulator.anthropic import KIND
from retinue_emulator.faults import Behaviour

from .openai_subjects import OpenAISubject

_ORDER = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
_ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": False}
_ASK = {"type": "always_ask"}
HEADERS = {"x-api-key": "sk-conformance"}
FORM = Form("anthropic", whole=False)


def _function(name: str, parameters: Json) -> Json:
    return {"type": "function", "function": {"name": name, "description": "Looks it up.", "parameters": parameters}}


MANAGED = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "claude-opus-5-5",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [
            _function("lookup", _ORDER),
            {"type": "code_interpreter"},
            {
                "type": "web_search",
                "filters": {"allowed_domains": ["example.com", "example.org"]},
                "user_location": {"type": "approximate", "city": "Bern", "country": "CH"},
            },
            {
                "type": "mcp",
                "server_label": "wiki",
                "server_url": "https://wiki.example.com/mcp",
                "allowed_tools": ["read", "find"],
            },
        ],
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "reasoning_effort": "low",
        "providers": {
            "anthropic": {
                "speed": "fast",
                "inference_geo": "us",
                "tools": [
                    {
                        "type": "mcp_toolset",
                        "mcp_server_name": "vault",
                        "default_config": {"enabled": True, "permission_policy": {"type": "always_allow"}},
                        "configs": [{"name": "write", "permission_policy": {"type": "always_ask"}}],
                    },
                    {"type": "custom", "name": "x" * 100, "description": "Looks it up.", "input_schema": _ORDER},
                ],
                "mcp_servers": [{"type": "url", "name": "vault", "url": "https://v.example.com"}],
                "skills": [{"type": "anthropic", "skill_id": "xlsx", "version": "3"}],
                "multiagent": {"type": "multiagent_20261001", "workflows": {"type": "disabled"}},
                "execution_identity": {"type": "aws_role", "role_arn": "arn:aws:iam::123456789012:role/agents"},
            }
        },
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "claude-sonnet-5-5",
        "instructions": "Answer in two sentences.",
        "tools": [_function("lookup_order", _ANSWER), {"type": "web_search"}],
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "reasoning_effort": "max",
        "providers": {
            "anthropic": {
                "tools": [
                    {
                        "type": "mcp_toolset",
                        "mcp_server_name": "vault",
                        "default_config": {"enabled": False, "permission_policy": {"type": "always_ask"}},
                        "configs": [{"name": "read", "enabled": True, "permission_policy": {"type": "auto"}}],
                    },
                ],
                "mcp_servers": [{"type": "url", "name": "vault", "url": "https://w.example.com"}],
                "skills": [{"type": "custom", "skill_id": "skill_1", "version": "1"}],
                "multiagent": {"type": "multiagent_20261001", "subagents": {"type": "disabled"}},
            }
        },
    },
    minimal={"name": "Math Tutor ∑", "model": "claude-opus-5-5"},
    resolved=frozenset(("reasoning_effort",)),
)


class AnthropicSubject(OpenAISubject):
    """As for Assistants, but that an agent has other members than a manifest, and others write by the API alone."""

    provider = PROVIDER
    classify = staticmethod(classify)
    headers = HEADERS
    path = "/anthropic"

    def __init__(self, name: str, *, socket: bool = False, behaviour: Behaviour | None = None) -> None:
        super().__init__(name, socket=socket, behaviour=behaviour)
        self.samples = {"Assistant": MANAGED}

    def __enter__(self) -> AnthropicSubject:
        super().__enter__()
        headers = {**HEADERS, "anthropic-version": "2023-06-01", "anthropic-beta": "managed-agents-2026-04-01"}
        transport = httpx.WSGITransport(app=self.emulator)
        base = "http://emulator/anthropic/v1/"
        self._others = self._stack.enter_context(httpx.Client(transport=transport, base_url=base, headers=headers))
        return self

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        body = FORM.create(spec, Marker("-", "-"))
        return str(self._sent("agents", {**body, "metadata": dict(spec.get("metadata") or {})})["id"])

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: raw for key, raw in self.stored(kind).items() if raw["archived_at"] is None}

    def stored(self, kind: str) -> dict[str, dict[str, Json]]:
        return dict(self.emulator.store.everything(KIND))

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = FORM.read(self.stored(kind)[remote_id])
        self._sent(f"agents/{remote_id}", FORM.update(live, fields, marker_of(live)))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice": "alto", "x_limits": {"tokens": [1, 2]}}
        self.emulator.seed({**self.stored(kind)[remote_id], **strange, "object": KIND})
        return strange

    def _sent(self, path: str, body: Json) -> Any:
        answer = self._others.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


_OTHER = Behaviour(
    managed_noop="version",
    managed_effort="kept",
    managed_multiagent="replaced",
    managed_archived=409,
    managed_rearchive="refused",
)
SUBJECTS: tuple[OpenAISubject, ...] = (
    AnthropicSubject("anthropic"),
    AnthropicSubject("anthropic-socket", socket=True),
    AnthropicSubject("anthropic-other-choices", behaviour=_OTHER),
)
