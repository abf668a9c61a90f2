"""The verbs over HTTP: an agent is changed by the version that was read, and removed by archiving it for good.

Safe for many threads. Deployments, which run agents, are read and never written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from ...core.errors import ApiGone, AuthError, NotFound, Rejected, StaleError
from ...core.model import Desired, Diagnostic, Json, Live, Severity
from ...core.values import dataclass, field, replace
from ..assistants_v2 import ASSISTANT
from ..base import Auth, ByKind, Marker, Resolved, Version
from ..lenient import mapping, seconds, text
from ..openai_assistants import classify as usual
from ..paged import asking, below, by_token, find
from ..wire import Answer, Verb, Verdict
from .forms import Form

if TYPE_CHECKING:
    from ..http import Http

_PAGE = 100
_KEY = Auth("x-api-key", "", frozenset({"command"}))


@dataclass(frozen=True)
class Family:
    """One service of this kind, as it differs from others.

    `agents`, `deployments`: their paths; no deployments: "". `whole`: an update replaces the whole agent, else it is
    by field and the metadata a patch. `removal`: what archiving means, in words; "": an agent is deleted.
    """

    name: str = "anthropic"
    title: str = "Anthropic Managed Agents (beta)"
    endpoint: str = "https://api.anthropic.com"
    agents: str = "v1/agents"
    deployments: str = "v1/deployments"
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"anthropic-version": "2023-06-01", "anthropic-beta": "managed-agents-2026-04-01"}
    )
    key_variable: str = "ANTHROPIC_API_KEY"
    auth: Auth = _KEY
    whole: bool = False
    removal: str = "archived for good"


ANTHROPIC = Family()


def classify(verb: Verb, answer: Answer) -> Verdict:
    """The meaning of an answer of this API (API reference: errors)."""
    if verb is Verb.UPDATE and answer.status in (409, 412):
        return Verdict.CONFLICT
    return Verdict.RETRY if answer.status == 499 else usual(verb, answer)


class AgentVerbs:
    """The verbs of kind `Assistant`. `ours`: how the marker addresses begin of what the run is about.

    `unread`: in words, why deployments could not be read.
    """

    def __init__(self, http: Http, family: Family, ours: Sequence[str]) -> None:
        self._http, self._family, self._ours = http, family, tuple(ours)
        self.form, self.unread = Form(family.name, whole=family.whole), ""
        self._lock = threading.Lock()
        self._running: Mapping[str, tuple[str, ...]] | None = None

    def list(self) -> Iterator[Live]:
        """Every agent that is not archived; those of ours with the deployments that run them."""
        for live in map(self.form.read, self._all(self._family.agents, "agents")):
            if _archived(live.raw):
                continue
            is_ours = live.marker_address is not None and live.marker_address.startswith(self._ours)
            yield replace(live, users=self._users(live)) if is_ours else live

    def get(self, remote_id: str) -> Live | None:
        raw = find(self._http, below(self._family.agents, remote_id))
        return None if raw is None or _archived(raw) else self.form.read(raw)

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        body = self.form.create(spec, marker)
        return self.form.read(self._http.send(Verb.CREATE, "POST", self._family.agents, body=body))

    def update(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Live:
        body = self.form.update(live, fields, marker, at_default)
        try:
            raw = self._http.send(Verb.UPDATE, "POST", below(self._family.agents, live.remote_id), body=body)
        except Rejected as refused:
            if self.get(live.remote_id) is None:
                raise NotFound(f"{live.remote_id} was archived since it was read", status=refused.status) from refused
            raise
        return self.form.read(raw)

    def delete(self, remote_id: str) -> None:
        """Raises StaleError while a deployment runs it: that would stop for good."""
        if self._family.deployments:
            try:
                running = _running(self._all(self._family.deployments, "deployments", agent_id=remote_id))
            except (AuthError, ApiGone, Rejected):
                # What this run could read before, it must be able to read now.
                if self._running is not None and not self.unread:
                    raise
                running = {}
            if users := running.get(remote_id):
                raise StaleError(f"{remote_id} is run by {', '.join(users)} now", "Plan again and review.")
        path = below(self._family.agents, remote_id)
        try:
            if self._family.removal:
                self._http.send(Verb.DELETE, "POST", f"{path}/archive")
            else:
                self._http.send(Verb.DELETE, "DELETE", path)
        except NotFound:
            return
        except Rejected:
            if self.get(remote_id) is not None:
                raise

    def versions(self, live: Live) -> Sequence[Version]:
        """Newest first. A version of an agent is the agent as it was."""
        found = self._all(f"{below(self._family.agents, live.remote_id)}/versions", "versions", key="version")
        numbered = {int(raw["version"]): raw for raw in found if type(raw["version"]) is int}
        return [
            Version(number, seconds(raw.get("updated_at")), number == live.raw.get("version"), self.form.read(raw))
            for number, raw in sorted(numbered.items(), reverse=True)
        ]

    def _users(self, live: Live) -> tuple[str, ...] | None:
        """The deployments that run an agent, which are listed once for a run; None where they cannot be read."""
        if not self._family.deployments:
            return ()
        with self._lock:
            if self._running is None:
                try:
                    self._running = _running(self._all(self._family.deployments, "deployments"))
                except (AuthError, ApiGone, Rejected) as error:
                    self._running, self.unread = {}, error.message
        return None if self.unread else self._running.get(live.remote_id, ())

    def _all(self, path: str, noun: str, key: str = "id", **params: str) -> Sequence[Mapping[str, Json]]:
        """Every object of a list; `page` takes what a page says of the next one."""
        where = f"{self._family.endpoint}, or `emulator` to work locally"
        gone = f"This API is a beta: check that this account takes part in it, and `endpoint` ({where})."
        ask = asking(self._http, path, gone)
        return by_token(ask, noun, {"limit": str(_PAGE), **params}, "page", "next_page", key)


def _archived(raw: Mapping[str, Json]) -> bool:
    return raw.get("archived_at") is not None


def _running(deployments: Sequence[Mapping[str, Json]]) -> dict[str, tuple[str, ...]]:
    """By the id of an agent, the deployments that run it, in words."""
    found: dict[str, list[str]] = {}
    for raw in deployments:
        agent = raw.get("agent")
        remote_id, version = text(agent) or text(mapping(agent).get("id")), mapping(agent).get("version")
        if remote_id is not None and not _archived(raw):
            stays = f", which stays on version {version}" if type(version) is int else ""
            paused = " (paused)" if raw.get("status") == "paused" else ""
            words = f"deployment “{text(raw.get('name')) or '-'}” {raw['id']}{paused}{stays}"
            found.setdefault(remote_id, []).append(words)
    return {key: tuple(sorted(words)) for key, words in found.items()}


class AnthropicService(ByKind):
    def __init__(self, http: Http, family: Family, ours: Sequence[str]) -> None:
        self._agents = AgentVerbs(http, family, ours)
        super().__init__({ASSISTANT.name: self._agents}, http.close)

    def versions(self, live: Live) -> Sequence[Version]:
        return self._agents.versions(live)

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests as an agent holds them, with a note where deployments cannot be read."""
        notes = []
        if self._agents.unread:
            message = f"which deployments run the agents cannot be read: {self._agents.unread}"
            remedy = "Until then an agent is archived only if `removed` names it: its deployments would stop for good."
            notes.append(Diagnostic("deployments-unread", message, remedy, severity=Severity.WARNING))
        return Resolved(tuple(map(self._agents.form.understood, desired)), tuple(notes))
