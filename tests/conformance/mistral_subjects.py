"""Provider `mistral` against the emulator: in process, over a socket, with an alias, where the service may differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from retinue.core.model import Json
from retinue.providers.base import Marker
from retinue.providers.mistral import MistralProvider, classify
from retinue.providers.mistral.forms import create_body, to_live, update_body
from retinue_conformance.subject import Spec
from retinue_emulator.faults import Behaviour
from retinue_emulator.mistral import KIND

from .foundry_subjects import ANSWER, ORDER, function
from .openai_subjects import OpenAISubject

AGENT = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "mistral-large-latest",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [
            {"type": "code_interpreter"},
            function("lookup", description="Looks an order up.", parameters=ORDER, strict=True),
            {"type": "web_search"},
        ],
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "temperature": 0.2,
        "top_p": 0.9,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": ANSWER, "strict": True, "description": "An answer."},
        },
        "reasoning_effort": "high",
        "providers": {
            "mistral": {
                "completion_args": {
                    "max_tokens": 700,
                    "random_seed": 7,
                    "stop": ["END", "STOP"],
                    "presence_penalty": -1.5,
                    "frequency_penalty": 0.5,
                    "tool_choice": "any",
                    "prediction": {"type": "content", "content": "Dear pupil"},
                },
                "handoffs": ["ag_1", "ag_2"],
                "guardrails": [{"block_on_error": True, "moderation_llm_v2": {"action": "block"}}],
                "version_message": "first",
                "tools": [
                    {"type": "document_library", "library_ids": ["lib_1"]},
                    {"type": "connector", "connector_id": "gmail", "tool_configuration": {"include": ["search"]}},
                ],
            }
        },
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "mistral-small-latest",
        "instructions": "Answer in two sentences.",
        "tools": [function("lookup_order", parameters=ORDER), {"type": "code_interpreter"}],
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "temperature": 0,
        "top_p": 0.1,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "none",
        "providers": {
            "mistral": {
                "completion_args": {"max_tokens": 70, "stop": "END"},
                "handoffs": ["ag_3"],
                "deployment_chat": True,
                "tools": [
                    {"type": "image_generation"},
                    {"type": "web_search", "tool_configuration": {"exclude": ["x"]}},
                ],
            }
        },
    },
    minimal={"model": "mistral-large-latest", "name": "Math Tutor ∑"},
    lacks=frozenset({"tool_resources"}),
)


class MistralSubject(OpenAISubject):
    """A workspace of the emulator. An edit is one in the console, which makes a version."""

    classify = staticmethod(classify)
    path = "/mistral"
    headers = {"Authorization": "Bearer key-1234"}

    def __init__(self, name: str, alias: str = "", *, socket: bool = False, behaviour: Behaviour | None = None) -> None:
        super().__init__(name, socket=socket, behaviour=behaviour)
        self.provider, self.samples = MistralProvider(alias), {"Assistant": AGENT}
        self._alias = alias

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        return self.emulator.seed(
            {**create_body(spec, Marker("-", "-")), "metadata": spec.get("metadata"), "object": KIND}
        )

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return dict(self.emulator.store.everything(KIND))

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = to_live(self._served(remote_id))
        marker = Marker(live.marker_address, live.marker_applied or "") if live.marker_address else None
        self._write(remote_id, update_body(live, fields, marker))

    def _aliases(self, remote_id: str) -> dict[str, Any]:
        return self.emulator.store.read("mistral.aliases", remote_id) or {}

    def _served(self, remote_id: str) -> Mapping[str, Json]:
        at = self._aliases(remote_id).get(self._alias, self.live("Assistant")[remote_id])["version"]
        return dict(self.emulator.store.everything(f"mistral.version/{remote_id}"))[str(at)]

    def _write(self, remote_id: str, body: Mapping[str, Json]) -> None:
        """A version after the one that serves, to which the alias is moved."""
        whole = {**self._served(remote_id), **body, "versions": self.live("Assistant")[remote_id]["versions"]}
        whole["metadata"] = {key: value for key, value in (whole["metadata"] or {}).items() if value is not None}
        self.emulator.seed({**whole, "object": KIND})
        aliases = self._aliases(remote_id)
        for alias in aliases.values():
            alias["version"] = self.live("Assistant")[remote_id]["version"]
        self.emulator.store.put("mistral.aliases", remote_id, 0, json.dumps(aliases))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice_mode": "alto", "x_limits": {"tokens": [1, 2]}}
        self._write(remote_id, strange)
        return strange


_OTHER = Behaviour(
    mistral_arguments="merge", mistral_metadata="merge", mistral_noop="same", mistral_base="current", ties="id"
)
SUBJECTS = (
    MistralSubject("mistral"),
    MistralSubject("mistral-socket", socket=True),
    MistralSubject("mistral-other-choices", behaviour=_OTHER),
    MistralSubject("mistral-alias", "prod"),
    MistralSubject("mistral-alias-other-choices", "prod", behaviour=_OTHER),
)
