"""Provider `foundry` against the emulator: in process, over a socket, and where the service may differ."""

from __future__ import annotations

from collections.abc import Mapping

from retinue.core.model import Json
from retinue.providers.base import Marker
from retinue.providers.foundry import PROVIDER, classify
from retinue.providers.foundry.forms import body, to_spec
from retinue.providers.foundry.serving import newest_of, number, pin, serving
from retinue_conformance.subject import Spec
from retinue_emulator.faults import Behaviour

from .openai_subjects import VECTOR_STORE, OpenAISubject

ORDER = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
ANSWER = {"type": "object", "properties": {"text": {"type": "string"}}}


def function(name: str, **rest: Json) -> Json:
    return {"type": "function", "function": {"name": name, **rest}}


AGENT = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "gpt-4o-prod",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [
            {"type": "code_interpreter"},
            function("lookup", description="Looks an order up.", parameters=ORDER, strict=True),
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
        "temperature": 0.2,
        "top_p": 0.9,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": ANSWER, "strict": True, "description": "An answer."},
        },
        "reasoning_effort": "low",
        "providers": {
            "foundry": {
                "tool_choice": "required",
                "structured_inputs": {"grade": {"description": "Of the pupil.", "default_value": 7, "required": True}},
                "rai_config": {"rai_policy_name": "strict"},
                "reasoning": {"summary": "concise", "context": "auto"},
                "tools": [
                    {
                        "type": "openapi",
                        "openapi": {"name": "weather", "spec": {"paths": {}}, "auth": {"type": "anonymous"}},
                    },
                    {
                        "type": "mcp",
                        "server_label": "vault",
                        "server_url": "https://v.example.com",
                        "require_approval": "never",
                    },
                    {
                        "type": "file_search",
                        "vector_store_ids": ["vs_1"],
                        "filters": {"type": "eq", "key": "a", "value": 1},
                    },
                    {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}},
                ],
            }
        },
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "gpt-4o-mini",
        "instructions": "Answer in two sentences.",
        "tools": [function("lookup_order"), {"type": "web_search"}],
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "temperature": 2,
        "top_p": 0,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "high",
        "providers": {
            "foundry": {
                "tool_choice": {"type": "function", "name": "lookup_order"},
                "structured_inputs": {"level": {"schema": {"type": "string"}}},
                "reasoning": {"summary": "detailed"},
                "tools": [{"type": "bing_grounding", "bing_grounding": {"search_configurations": []}}],
            }
        },
    },
    minimal={"model": "gpt-4o-prod"},
    # What a tool may use stands within that tool, so that neither is there alone (tests/foundry).
    lacks=frozenset({"tool_resources"}),
)
_STRANGE = {"voice_mode": "alto", "x_limits": {"tokens": [1, 2]}}


class FoundrySubject(OpenAISubject):
    """A project of the emulator. An edit is one in the portal, which makes a version and has it serve."""

    provider = PROVIDER
    classify = staticmethod(classify)
    path = "/api/projects/demo"
    headers = {"Authorization": "Bearer token-1234"}

    def __init__(self, name: str, *, socket: bool = False, behaviour: Behaviour | None = None) -> None:
        super().__init__(name, socket=socket, behaviour=behaviour)
        self.samples = {"Assistant": AGENT, **({} if socket else {"VectorStore": VECTOR_STORE})}
        self._seeded = 0

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        if kind != "Assistant":
            return super().seed(kind, spec)
        self._seeded += 1
        raw = body(spec, Marker("-", "-"))
        pairs = {key: item for key, item in raw["metadata"].items() if item != "-"}
        return self._put({**raw, "metadata": pairs, "name": f"somebodys-{self._seeded}"})

    def _put(self, raw: Mapping[str, Json]) -> str:
        return self.emulator.seed({**raw, "object": "foundry.agent"})

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        """As they are answered one by one, with what was planted at the top."""
        if kind != "Assistant":
            return super().live(kind)
        found = {}
        for name, raw in self.emulator.store.everything("foundry.agent"):
            definition = raw["versions"]["latest"]["definition"]
            found[name] = {**raw, **{key: item for key, item in definition.items() if key in _STRANGE}}
        return found

    def _serving(self, name: str) -> dict[str, Json]:
        at = serving(self.live("Assistant")[name])
        return dict(self.emulator.store.everything(f"foundry.version/{name}"))[f"{name}:{at}"]

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        if kind != "Assistant":
            super().edit(kind, remote_id, fields)
            return
        before = self._serving(remote_id)
        pairs = {**before["metadata"], "modified_at": "1780000000"}
        raw = body({**to_spec(before), **fields}, Marker("-", "-"), frozenset(), before)
        marks = {key: item for key, item in pairs.items() if key.startswith("retinue.a") or key == "modified_at"}
        new = number(newest_of(self.live(kind)[remote_id])) + 1
        edited = {**raw, "name": remote_id, "version": str(new), "metadata": {**raw["metadata"], **marks}}
        self._put({**edited, **pin({}, {new: 100})})

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        if kind != "Assistant":
            return super().plant(kind, remote_id)
        raw = self._serving(remote_id)
        self._put({**raw, "definition": {**raw["definition"], **_STRANGE}})
        return _STRANGE


_OTHER = Behaviour(foundry_create="same", foundry_endpoint="null", ties="id", unknown_cursor="empty")
SUBJECTS = (
    FoundrySubject("foundry"),
    FoundrySubject("foundry-socket", socket=True),
    FoundrySubject("foundry-other-choices", behaviour=_OTHER),
)
