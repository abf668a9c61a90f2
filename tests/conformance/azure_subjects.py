"""Provider `azure-openai` against the emulator: both founding versions, a late one, and a Foundry project."""

from __future__ import annotations

from collections.abc import Mapping

from retinue.core.model import Json
from retinue.providers.azure_openai import AzureProvider
from retinue.providers.azure_openai.service import classify
from retinue.providers.azure_openai.versions import Version
from retinue.providers.base import Support
from retinue_conformance.subject import Spec
from retinue_emulator.azure_rules import file_ids
from retinue_emulator.faults import Behaviour

from .openai_subjects import ASSISTANT, VECTOR_STORE, OpenAISubject

_NOTHING = {"type": "object", "title": "x", "properties": {}, "required": [], "additionalProperties": False}
"""The parameters of a function without any, as strict schemas have to say it."""


def _tool(tool: Mapping[str, Json], *, old: bool) -> dict[str, Json]:
    """A tool as this provider can hold it: functions described, and no option that the version has not."""
    if tool["type"] != "function":
        return {"type": tool["type"]} if old else dict(tool)
    function = {"description": "Looks it up.", "parameters": _NOTHING, **tool["function"]}
    return {"type": "function", "function": {k: v for k, v in function.items() if not (old and k == "strict")}}


def _sample(provider: AzureProvider) -> Spec:
    """The sample of the OpenAI API, less what this version has not."""
    record = provider.capabilities.fields["Assistant"]
    old = provider.version.name < "2024-08-01-preview"

    def held(spec: Mapping[str, Json]) -> dict[str, Json]:
        found = {name: value for name, value in spec.items() if record[name][0] is not Support.UNSUPPORTED}
        tools = [_tool(tool, old=old) for tool in found.get("tools", ())]
        if provider.version.has_assistant_files:
            tools = [tool for tool in tools if tool["type"] != "file_search"]
            if "tool_resources" in found:
                found["tool_resources"] = {"code_interpreter": found["tool_resources"]["code_interpreter"]}
        if old and "response_format" in found:
            other = "text" if spec["response_format"]["type"] == "json_object" else "json_object"
            found["response_format"] = {"type": other}
        return found | ({"tools": tools} if tools else {})

    return Spec(held(ASSISTANT.full), held(ASSISTANT.changed), held(ASSISTANT.minimal))


class AzureSubject(OpenAISubject):
    """A resource of Azure OpenAI, or a Foundry project."""

    def __init__(
        self, version: str, *, foundry: bool = False, socket: bool = False, behaviour: Behaviour | None = None
    ) -> None:
        ending = ("-socket" if socket else "") + ("-other-choices" if behaviour else "")
        super().__init__(f"azure-{'foundry-' if foundry else ''}{version}{ending}", socket=socket, behaviour=behaviour)
        self.classify = classify
        self.provider: AzureProvider = AzureProvider(Version(version, foundry))
        self.samples = {"Assistant": _sample(self.provider)}
        if version == "2024-05-01-preview" and not socket:
            self.samples["VectorStore"] = VECTOR_STORE
        self.path = "/api/projects/demo" if foundry else ""
        self.headers = {"Authorization": "Bearer token-1234"} if foundry else {"api-key": "key-conformance"}

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        """The emulator keeps one form for all versions; the first one has `file_ids` instead."""
        if not self.provider.version.has_assistant_files:
            return self.stored(kind)
        return {key: _first(raw) for key, raw in self.stored(kind).items()}


def _first(raw: Mapping[str, Json]) -> dict[str, Json]:
    later = ("tool_resources", "temperature", "top_p", "response_format")
    return {name: value for name, value in raw.items() if name not in later} | {"file_ids": file_ids(raw)}


_OTHER = Behaviour(
    metadata="replace", resources="absent", empty_resources="keep", parameters="schema", assistant_files="apart"
)
SUBJECTS = (
    AzureSubject("2024-05-01-preview"),
    AzureSubject("2024-05-01-preview", socket=True),
    AzureSubject("2024-02-15-preview"),
    AzureSubject("2024-02-15-preview", behaviour=_OTHER),
    AzureSubject("2025-04-01-preview", behaviour=_OTHER),
    AzureSubject("v1", foundry=True),
)
