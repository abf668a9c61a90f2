"""The verbs over HTTP: those of the Assistants family, with agents on the wire. Safe for many threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.model import Desired
from ..assistants_v2 import ASSISTANT
from ..base import ByKind, Resolved
from ..openai_assistants import AssistantVerbs
from .forms import as_understood, create_body, to_live, update_body

if TYPE_CHECKING:
    from ..http import Http

_GONE = (
    "The Agents API is a beta: check that this account takes part in it, and `endpoint` (https://api.openai.com/v1, or"
    " `emulator` to work locally)."
)


class AgentForm:
    """How an agent looks on the wire."""

    read, create, update = staticmethod(to_live), staticmethod(create_body), staticmethod(update_body)


class AgentsService(ByKind):
    def __init__(self, http: Http) -> None:
        self._agents = AssistantVerbs(http, AgentForm(), _GONE, "agents", clearable=())
        super().__init__({ASSISTANT.name: self._agents}, http.close)

    def account(self) -> str | None:
        return self._agents.account()

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests with their response formats as an agent holds them."""
        found = []
        for item in desired:
            stated = item.spec.get("response_format")
            held = as_understood(stated)
            found.append(item if held == stated else replace(item, spec={**item.spec, "response_format": held}))
        return Resolved(tuple(found))
