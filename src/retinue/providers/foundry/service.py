"""A Foundry project as a service: its agents, with files and vector stores beside them, and what names mean there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ...core.model import Action, Address, Change, Desired, Diagnostic, Json, Live, Obstacle, Serving, Severity
from ..assistants_v2 import ASSISTANT, FILE, VECTOR_STORE
from ..azure_openai.service import classify as classify_azure
from ..base import ByKind, Content, Marker, Resolved, Version
from ..openai_files import FileVerbs
from ..paged import created_at
from ..vector_stores import StoreVerbs
from ..wire import Answer, Connection, Verb, Verdict
from .agents import AT_ONCE, AgentVerbs
from .forms import NAME, agent_name, block_of
from .serving import SERVES, kind_of, live_of, name_of, newest_of, number, serving

if TYPE_CHECKING:
    from ..http import Http

MOST_VERSIONS, MANY_VERSIONS = 1_000, 800
_MOST_IN_BATCH = 500


def classify(verb: Verb, answer: Answer) -> Verdict:
    """As of Azure's other services; what a header would have to opt in to is refused, and no lack of a permission."""
    if answer.status == 403 and (answer.error or {}).get("code") == "preview_feature_required":
        return Verdict.REJECTED
    return classify_azure(verb, answer)


class FoundryService(ByKind):
    """`_taken`: by their names, which a manifest wants, the kinds of agents that are no prompt agents."""

    def __init__(self, http: Http, connection: Connection, template: str) -> None:
        openai = http.variant(below="openai/v1/")
        files = FileVerbs(openai, connection.tell)
        stores = StoreVerbs(openai, connection, files, most=_MOST_IN_BATCH)
        self.agents, self._files = AgentVerbs(http, template), files
        super().__init__({ASSISTANT.name: self.agents, VECTOR_STORE.name: stores, FILE.name: files}, http.close)
        self._ours = tuple(prefix for prefix in connection.ours if prefix)
        self._taken: dict[str, str] = {}

    def upload(self, kind: str, spec: Mapping[str, Json], scope: str, content: Content) -> Live:
        return self._files.upload(spec, scope, content)

    # --- versions

    def versions(self, live: Live) -> Sequence[Version]:
        def version(raw: Mapping[str, Json]) -> Version:
            alone = live_of({"name": live.remote_id, "versions": {"latest": raw}}, raw, [raw])
            return Version(number(raw), created_at(raw), number(raw) == serving(live.raw), alone)

        found = self.agents.versions(live.remote_id) if SERVES in live.raw else ()
        return [version(raw) for raw in sorted(found, key=number, reverse=True)]

    def serving(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Serving | None:
        return self.agents.serving(live, fields, marker, at_default) if SERVES in live.raw else None

    # --- names

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests as they are, with what there is to say of the names of their agents and of what has these.

        A name that no list shows is asked for: a create needs it to be free, and the list has been seen to be wrong.
        """
        items, listed = [item for item in desired if self.verbs[item.kind] is self.agents], self.agents.listed
        names = [self._name(item, item.address.name) for item in items]
        lacking = [item for item, live in zip(items, self._held(items), strict=True) if live is None]
        before = {self._name(item, item.policy.moved_from) for item in lacking if item.policy.moved_from}
        adopted = {name for item in lacking for name in item.policy.adopt.values()}
        new = before | adopted | {self._name(item, item.address.name) for item in lacking}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            agents = [agent for agent in pool.map(self.agents.agent, sorted(new - listed.keys())) if agent is not None]
        self._taken = {name_of(agent): kind for agent in agents if (kind := kind_of(agent)) != "prompt"}
        prompts = [self.agents.read(agent) for agent in agents if name_of(agent) not in self._taken]
        listed.update((live.remote_id, live) for live in prompts)
        held = self._held(items)
        counts = Counter(name for name, live in zip(names, held, strict=True) if live is None)
        found = [*_others(self.agents.others)]
        for item, name, live in zip(items, names, held, strict=True):
            found += _remarks(item, live, name, counts[name])
        return Resolved(tuple(desired), tuple(found), tuple(prompts))

    def obstacle(self, change: Change) -> Obstacle | None:
        """Another agent has the name that a create needs."""
        if change.action is not Action.CREATE or self.verbs[change.address.kind] is not self.agents:
            return None
        name = agent_name(change.values, change.address.name, self.agents.template)
        name = self.agents.folded.get(name, name)
        held = self.agents.listed.get(name)
        if held is None and name not in self._taken:
            return None
        environment = (self._ours or ("/ENV/",))[0].split("/")[1]
        owner = held.mark.owner if held else None
        ways = [f"another name: `providers: {{{NAME}: {{name: …}}}}`"]
        if held is None:
            what = f"an agent of kind {self._taken[name]}, which is left alone"
        elif owner is None:
            what, adopt = "an agent that is not managed", f"retinue: {{adopt: {{{environment}: {name}}}}}"
            ways = [adopt, *ways]
        elif str(owner).startswith(self._ours):
            what, ways = f"the agent of {owner.address}", [f"retinue: {{moved_from: {owner.address.name}}}", *ways]
        else:
            what = f"the agent of {owner}"
            ways.append(
                f'or names of its own for the environment: `agent_name: "{{name}}-{environment}"` in retinue.yaml'
            )
        return Obstacle("name-taken", f"{name} is the name of {what}", tuple(ways))

    def _name(self, item: Desired, address: str) -> str:
        return agent_name(item.spec, address, self.agents.template)

    def _held(self, items: Sequence[Desired]) -> list[Live | None]:
        """The listed agents of these manifests, or of what they were renamed from. Of copies the oldest counts."""
        oldest_last = sorted(self.agents.listed.values(), key=lambda it: (it.created_at, it.remote_id), reverse=True)
        owned = {owner: live for live in oldest_last if (owner := live.mark.owner_text)}

        def held(item: Desired) -> Live | None:
            names = filter(None, (item.address.name, item.policy.moved_from))
            owners = (f"{prefix}{Address(item.kind, name)}" for name in names for prefix in self._ours)
            return next((owned[owner] for owner in owners if owner in owned), None)

        return [held(item) for item in items]


def _others(counts: Mapping[str, int]) -> Iterator[Diagnostic]:
    if total := sum(counts.values()):
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        some = "1 agent of another kind is" if total == 1 else f"{total} agents of other kinds are"
        yield Diagnostic("other-agents", f"{some} left alone: {named}", severity=Severity.INFO)


def _remarks(item: Desired, held: Live | None, name: str, count: int) -> Iterator[Diagnostic]:
    """`held`: the agent of the manifest; `count`: how many manifests would create one of this name."""
    at, path = str(item.address), f"/providers/{NAME}/name"
    if held is None:
        if count > 1:
            message = f"{count} manifests would be the agent {name}"
            yield Diagnostic("agent-name", message, "Give each its own name.", address=at, path=path)
        return
    if block_of(item.spec).get("name") and name != held.remote_id:
        message = f"the agent of {at} is called {held.remote_id}, and a name is fixed when an agent is created"
        remedy = (
            f"Write `name: {held.remote_id}`, or remove the line; for an agent of another name write another manifest."
        )
        yield Diagnostic("agent-name", message, remedy, address=at, path=path)
    versions = number(newest_of(held.raw))
    if versions >= MANY_VERSIONS:
        message = (
            f"{held.remote_id} has had {versions:,} versions; {MOST_VERSIONS:,} is the most that an agent can have"
        )
        remedy = "Delete old ones in the portal or by the vendor's SDK, but never the one that serves."
        yield Diagnostic("version-limit", message, remedy, address=at, severity=Severity.WARNING)
