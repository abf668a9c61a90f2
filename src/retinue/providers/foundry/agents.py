"""The verbs of agents over HTTP: an agent is its versions and a pointer to the one that serves. Safe for many threads.

Writes into no agent that it did not find, and moves no pointer before the new version was read back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.errors import (
    Conflict,
    HeldBack,
    Incomplete,
    NoMarker,
    NotFound,
    NotSent,
    Rejected,
    RetinueError,
    ServiceError,
    StaleError,
    UnknownOutcome,
)
from ...core.model import Json, Live, Serving
from ..base import Marker
from ..lenient import mapping
from ..paged import asking, below, created_at, find, paged, remove
from ..wire import Answer, Verb
from .forms import agent_name, alike, body
from .serving import (
    AGENT_NAME,
    MOST_COMPARED,
    NOT_THIS_API,
    SERVES,
    Raw,
    floats,
    has_marker,
    hides_marker,
    kind_of,
    live_of,
    name_of,
    newest_of,
    number,
    pin,
    reusable,
    serving,
    shares,
)

if TYPE_CHECKING:
    from ..http import Http

AT_ONCE, _ATTEMPTS = 10, 3
_AGAIN = "Plan again and review."


class AgentVerbs:
    """`listed`: what the last list held, by name. `others`: how many agents of each other kind there are.

    `met`: the names that were found by name; a list that lacks one of them is completed by it. `folded`: by a name that
    was asked for, the one of an agent that the service takes for the same, in other case.
    """

    def __init__(self, http: Http, template: str) -> None:
        self._http, self.template = http.variant(params={"api-version": "v1"}), template
        self._patch = self._http.variant(content_type="application/merge-patch+json")
        self._ask = asking(self._http, "agents", NOT_THIS_API)
        self._histories: dict[str, Sequence[Raw]] = {}
        self.listed: dict[str, Live] = {}
        self.others: Counter[str] = Counter()
        self.met: set[str] = set()
        self.folded: dict[str, str] = {}

    # --- reading

    def list(self) -> Iterator[Live]:
        agents: list[Raw] = [*paged(self._ask, "agents", {"limit": "100"})]
        unlisted = self.met - {name_of(agent) for agent in agents}
        agents += [agent for name in sorted(unlisted) if (agent := self.agent(name)) is not None]
        kinds = [kind_of(agent) for agent in agents]
        self.others = Counter(kind for kind in kinds if kind != "prompt")
        prompts = [agent for agent, kind in zip(agents, kinds, strict=True) if kind == "prompt"]
        asked = [agent for agent in prompts if serving(agent) != number(newest_of(agent)) or hides_marker(agent)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            more = dict(zip(map(name_of, asked), pool.map(self.read, asked), strict=True))
        found = [more[name] if (name := name_of(agent)) in more else self.read(agent) for agent in prompts]
        owners = Counter(live.marker_address for live in found if live.marker_address)
        for index, live in enumerate(found):
            if owners[live.marker_address or ""] > 1:
                # Only now its age matters: which of them is the copy?
                oldest = min(self._history(live.raw), key=number, default={})
                found[index] = replace(live, created_at=created_at(oldest))
        self.listed = {live.remote_id: live for live in found}
        yield from found

    def agent(self, name: str) -> Raw | None:
        """Of any kind; None where there is none of just this name."""
        found: Raw | None = find(self._http, _path(name)) if AGENT_NAME.fullmatch(name) else None
        if found is None or name_of(found) == name:
            self.met |= set() if found is None else {name}
            return found
        if name_of(found).lower() == name.lower():
            self.folded[name] = name_of(found)
            return None
        raise ServiceError(f"asked for the agent {name}, the service answered {name_of(found)}", NOT_THIS_API)

    def get(self, remote_id: str) -> Live | None:
        found = self.agent(remote_id)
        return None if found is None or kind_of(found) != "prompt" else self.read(found)

    def read(self, agent: Raw) -> Live:
        newest, at = newest_of(agent), serving(agent)
        few = number(newest) <= MOST_COMPARED and number(newest) != at
        versions = [newest, *(self._history(agent) if few or hides_marker(agent) else ())]
        served = next((item for item in versions if number(item) == at), None)
        if served is None:
            found = find(self._http, _path(name_of(agent), at))
            served = found if found is not None and number(found) == at else None
        return live_of(agent, served, versions)

    def _history(self, agent: Raw) -> Sequence[Raw]:
        """Every version. They never change, so they are asked for again only where there is a newer one."""
        name, newest = name_of(agent), newest_of(agent)
        known = self._histories.get(name, [])
        if newest not in known:
            known = self._histories[name] = [newest] if number(newest) == 1 else self.versions(name)
        return known

    def versions(self, name: str) -> Sequence[Raw]:
        def ask(params: Mapping[str, str]) -> Answer:
            # Not Verb.LIST: a 404 says that this agent is gone, not the API.
            return self._http.ask(Verb.GET, "GET", f"{_path(name)}/versions", params=params)

        try:
            return [*paged(ask, f"versions of {name}", {"limit": "100"})]
        except NotFound:
            return []

    # --- writing

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        name = agent_name(spec, marker.address.rpartition("/")[2], self.template)
        if self.agent(name) is not None or name in self.folded:
            raise StaleError(f"there is an agent {self.folded.get(name, name)} already", _AGAIN)
        try:
            made = self._written(name, None, body(spec, marker, at_default))
        except Conflict as error:
            raise StaleError(error.message, _AGAIN) from error
        self.met.add(name)
        return live_of({"name": name, "versions": {"latest": made}}, made, [made])

    def update(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Live:
        """Pins what serves, writes, reads back, moves the pointer; where a version says all that, only moves it.

        A note in the marker alone takes the share of the version that serves, and leaves others theirs.
        """
        agent, name = live.raw, live.remote_id
        served: Raw = agent[SERVES]
        wanted, target = self._target(live, fields, marker, at_default)
        if target is served and {serving(agent), *shares(agent)} == {number(served)}:
            return live
        if target is not None:
            return self._move(agent, target, self._history(agent), {number(target): 100})
        before = shares(agent) or {number(served): 100}
        if floats(agent):
            self._point(agent, before)
        try:
            made = self._written(name, agent, wanted)
        except Rejected as error:
            now = None if shares(agent) else self.agent(name)
            # What was refused and is there all the same must not serve; what others wrote may.
            others = isinstance(error, Conflict)
            if now is not None and shares(now) == before and (others or newest_of(now) == newest_of(agent)):
                self._point(agent, {})
            raise
        try:
            split = {number(made) if it == serving(agent) else it: share for it, share in before.items()}
            now = self._read_back(name, made, before)
            return self._move(now, made, [made], {number(made): 100} if fields else split)
        except (Conflict, NoMarker):
            raise
        except RetinueError as error:
            message = f"version {number(made)} of {name} is written, but does not serve yet: {error.message}"
            raise Incomplete(message, error.remedy or "Apply again.", remote_id=name) from error

    def serving(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Serving:
        _, target = self._target(live, fields, marker, at_default)
        then = number(newest_of(live.raw)) + 1 if target is None else number(target)
        return Serving(str(serving(live.raw)), str(then))

    def delete(self, remote_id: str) -> None:
        if AGENT_NAME.fullmatch(remote_id):
            remove(self._http, _path(remote_id))
            self.met.discard(remote_id)

    def _target(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str]
    ) -> tuple[Raw, Raw | None]:
        """What the version to serve says, and the one that says that already."""
        served = live.raw[SERVES]
        wanted = body({**live.spec, **fields}, marker, at_default, served)
        if has_marker(served, wanted) and alike(served, wanted):
            return wanted, served
        return wanted, reusable(wanted, served, self._history(live.raw), marker)

    def _written(self, name: str, agent: Raw | None, wanted: Raw) -> Raw:
        """The version that was made. Raises Conflict if it does not follow the newest that was read.

        Where an equal definition makes no version, the answer may be someone else's, which is never taken back.
        """
        known = [] if agent is None else self._history(agent)
        newest = 0 if agent is None else number(newest_of(agent))
        made = self._post(name, newest, wanted)
        if made in known and not has_marker(made, wanted):
            message = f"the service answered version {number(made)} of {name}again, with the same definition"
            raise Rejected(message, "The marker alone cannot be written here: change the manifest with it.")
        if not has_marker(made, wanted):
            message = f"version {number(made)} of {name} does not have the marker that was sent"
            why = "someone else made it at the same moment, or the service does not keep metadata"
            raise NoMarker(f"{message}: {why}", "It is left as it is. Look at it, then plan again.")
        # A number may be left out: that of a version which was deleted.
        follows = number(made) == newest + 1 or (
            number(made) > newest and not [raw for raw in self.versions(name) if newest < number(raw) < number(made)]
        )
        if follows or made in known:
            return made
        raise self._withdrawn(made, name, Conflict(f"{name} was written by others at the same moment"))

    def _post(self, name: str, newest: int, wanted: Raw) -> Raw:
        """After a lost answer the version is looked up before it is sent again."""
        lost: UnknownOutcome | None = None
        attempts = 0
        while True:
            try:
                made: Raw = self._http.send(Verb.CREATE, "POST", f"{_path(name)}/versions", body=dict(wanted))
                if number(made):
                    return made
                raise ServiceError(f"the service answered no version of {name}", NOT_THIS_API)
            except UnknownOutcome as doubt:
                lost, attempts = doubt, attempts + (not isinstance(doubt, HeldBack))
                try:
                    since = [raw for raw in self.versions(name) if number(raw) > newest and has_marker(raw, wanted)]
                    # Others may have copied the pairs of an update, but not those of a create, which are new.
                    found = [raw for raw in since if not newest or alike(raw, wanted)]
                except RetinueError as error:
                    raise UnknownOutcome(f"{doubt.message}, and looking for it failed: {error.message}") from error
                if found:
                    return min(found, key=number)
                if attempts == _ATTEMPTS:
                    raise
            except NotSent as stopped:
                if lost is None:
                    raise
                raise UnknownOutcome(f"{lost.message}; then {stopped.message}") from stopped
            except Rejected as error:
                if error.code == "preview_feature_required":
                    error.remedy = "retinue sends no header `Foundry-Features`: remove what needs it from the agent."
                raise

    def _withdrawn(self, made: Raw, name: str, error: RetinueError) -> RetinueError:
        """The error, after the version that was made is gone again, unless someone has made it serve."""
        try:
            if number(made) in shares(self.agent(name) or {}):
                error.message += f"; version {number(made)} stays, because it was made to serve"
            else:
                remove(self._http, _path(name, number(made)))
        except RetinueError as why:
            # No conflict that leaves nothing: this version must not come to serve by taking off a pin.
            return ServiceError(f"{error.message}; version {number(made)} stays behind: {why.message}", _AGAIN)
        return error

    def _read_back(self, name: str, made: Raw, before: Mapping[int, int]) -> Raw:
        """The agent as it is now. Raises Conflict if its pointer was moved meanwhile."""
        agent = self.agent(name) or {}
        found = newest_of(agent) if agent else {}
        if number(found) != number(made):
            found = mapping(find(self._http, _path(name, number(made))))
        if not has_marker(found, made):
            raise self._withdrawn(made, name, NoMarker(f"the service did not keep the marker on {name}"))
        if shares(agent) not in (before, {number(made): 100}):
            why = f"another version of {name} was made to serve at the same moment"
            raise self._withdrawn(made, name, Conflict(why))
        return agent

    def _move(self, agent: Raw, target: Raw, history: Sequence[Raw], split: Mapping[int, int]) -> Live:
        moved = self._point(agent, split)
        if serving(moved) != number(target):
            raise ServiceError(f"the service did not make version {number(target)} of {name_of(agent)} serve")
        return live_of(moved, target, [newest_of(moved), *history])

    def _point(self, agent: Raw, split: Mapping[int, int]) -> Raw:
        found: Raw = self._patch.send(Verb.UPDATE, "PATCH", _path(name_of(agent)), body=pin(agent, split))
        return found


def _path(name: str, version: int | None = None) -> str:
    return below("agents", name) + ("" if version is None else f"/versions/{version}")
