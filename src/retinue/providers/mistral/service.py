"""The verbs: each write is a version; an alias is moved only to what was read back. Safe for many threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ...core.errors import Conflict, Incomplete, NoMarker, NotFound, RetinueError, ServiceError
from ...core.model import Desired, Json, Live, Serving
from ...core.values import replace
from ..base import Fields, Marker, Resolved, Version
from ..lenient import mapping, mappings, seconds, stated
from ..metadata import MARKER_KEYS, texts
from ..paged import Page, asking, below, by_token, find, remove, walked
from ..wire import Answer, Verb, Verdict, by_status
from .forms import CHAT, NAME, POINTER, alike, block_of, create_body, newest_of, to_live, update_body

if TYPE_CHECKING:
    from ..http import Http

AGENTS = "v1/agents"
_AT_ONCE, _PAGE, _MOST_COMPARED = 10, 100, 100
_GONE = "Check `endpoint`: it is https://api.mistral.ai, without a version, or `emulator` to work locally."


def classify(verb: Verb, answer: Answer, shape: type = dict) -> Verdict:
    """What an answer means where it is to be of this shape."""
    if answer.status in (200, 204):
        nothing = verb is Verb.DELETE and not answer.text
        return Verdict.OK if nothing or isinstance(answer.body, shape) else Verdict.UNKNOWN
    return by_status(verb, answer.status)


class MistralService:
    """`alias`: the one that callers name; "": they name none and get the current version."""

    def __init__(self, http: Http, alias: str, ours: Sequence[str]) -> None:
        self._http, self._alias, self._ours, self.close = http, alias, tuple(ours), http.close
        self._lists = http.variant(classify=lambda verb, answer: classify(verb, answer, list))
        self._histories: dict[tuple[str, int], Sequence[Live]] = {}

    def list(self, kind: str) -> Iterator[Live]:
        ask = asking(self._http, f"{AGENTS}/pages", _GONE)
        agents = by_token(ask, "agents", {"page_size": str(_PAGE)}, "page_token", "next_page_token")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from filter(None, pool.map(self._read, agents))

    def get(self, kind: str, remote_id: str) -> Live | None:
        raw = find(self._http, below(AGENTS, remote_id))
        return None if raw is None else self._read(raw)

    def _read(self, raw: Fields) -> Live | None:
        """As it serves. No alias is asked for agents of others; one without a marker may have lost it."""
        live, newest = to_live(raw), newest_of(raw)
        if not self._alias:
            return replace(live, set_back=live.raw["version"] != newest)
        perhaps = newest > 1 if live.marker_address is None else live.marker_address.startswith(self._ours)
        try:
            return self._served(live, newest) if perhaps else live
        except NotFound:
            return None

    def _served(self, current: Live, newest: int) -> Live:
        """The version that the alias names, of the owner that it tells, or else the current one."""
        at = self._pointer(current.remote_id)
        found = (
            current.raw
            if at in (0, current.raw["version"])
            else find(self._http, f"{below(AGENTS, current.remote_id)}/versions/{at}")
        )
        live = to_live(found or current.raw)
        if live.marker_address is None:
            live = replace(live, marker_address=current.marker_address, marker_applied=current.marker_applied)
        if not at or found is None:
            block = {**block_of(live.spec), "serving": {self._alias: at or None}}
            # Of a first version this is a create that broke off, not an edit.
            tried = {"providers": live.spec["providers"]} if newest == 1 else {}
            live = replace(live, spec={**live.spec, "providers": {NAME: block}}, tried=tried)
        elif at != newest:
            older = self._history(current.remote_id, newest) if newest <= _MOST_COMPARED else ()
            others = [it.marker_applied for it in older if it.marker_applied and it.raw["version"] != at]
            live = replace(live, set_back=True, others_applied=tuple(dict.fromkeys(others)))
        return replace(live, raw={**live.raw, "versions": current.raw["versions"], POINTER: at})

    def _pointer(self, remote_id: str) -> int:
        """The version that the alias names; 0: none."""
        found = mappings(self._lists.send(Verb.GET, "GET", f"{below(AGENTS, remote_id)}/aliases"))
        at = next((it.get("version") for it in found if it.get("alias") == self._alias), 0)
        return at if type(at) is int else 0

    def _history(self, remote_id: str, newest: int) -> Sequence[Live]:
        """Every version, newest first; asked for again only where there is a newer one, as they never change."""
        path = f"{below(AGENTS, remote_id)}/versions"

        def following(_last: str | None, passed: int) -> Page:
            params = {"page": str(passed // _PAGE), "page_size": str(_PAGE)}
            found = [dict(raw) for raw in self._lists.send(Verb.GET, "GET", path, params=params) if mapping(raw)]
            return Page([raw for raw in found if "version" in raw], len(found) == _PAGE)

        if (remote_id, newest) not in self._histories:
            found = map(to_live, walked(following, f"versions of {remote_id}", "version"))
            self._histories[remote_id, newest] = sorted(found, key=lambda it: it.raw["version"], reverse=True)
        return self._histories[remote_id, newest]

    def versions(self, live: Live) -> Sequence[Version]:
        return [
            Version(it.raw["version"], seconds(it.raw.get("updated_at")), it.raw["version"] == live.raw["version"], it)
            for it in self._history(live.remote_id, newest_of(live.raw))
        ]

    def create(self, kind: str, spec: Fields, marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        made = to_live(self._http.send(Verb.CREATE, "POST", AGENTS, body=create_body(spec, marker)))
        try:
            if block_of(spec).get(CHAT):
                made = self._patched(made.remote_id, {CHAT: True})
            return self._moved(made) if self._alias else made
        except RetinueError as error:
            message = f"{made.remote_id} is created, but not all of it is in place: {error.message}"
            raise Incomplete(message, error.remedy or "Apply again.", remote_id=made.remote_id) from error

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        """With an alias: pins what serves, writes, reads back, moves the alias; or moves it to a version of ours."""
        if not (self._alias or live.set_back):
            return self._patched(live.remote_id, update_body(live, fields, marker))
        newest, at = next(iter(self._history(live.remote_id, newest_of(live.raw))), live).raw, live.raw.get(POINTER)
        target = self._target(live, fields, marker) if self._alias else None
        if target is not None and target.raw["version"] == at:
            return live
        if target is None:
            at = at or (self._point(live.remote_id, live.raw["version"]) if self._alias else 0)
            target = self._patched(live.remote_id, update_body(live, fields, marker, newest))
            wanted = _wanted(live, fields, marker)
            if target.raw["version"] != newest["version"] + 1 and not alike(target, wanted):
                raise Conflict(f"{live.remote_id} was written by others at the same moment")
        try:
            return self._moved(target, at) if self._alias else target
        except (Conflict, NoMarker):
            raise
        except RetinueError as error:
            message = f"version {target.raw['version']} of {live.remote_id} does not serve yet: {error.message}"
            raise Incomplete(message, error.remedy or "Apply again.", remote_id=live.remote_id) from error

    def serving(
        self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Serving | None:
        if not self._alias:
            return None
        target = self._target(live, fields, marker)
        then = newest_of(live.raw) + 1 if target is None else target.raw["version"]
        return Serving(str(live.raw["version"]), str(then))

    def delete(self, kind: str, remote_id: str) -> None:
        remove(self._http, below(AGENTS, remote_id))

    def _target(self, live: Live, fields: Fields, marker: Marker | None) -> Live | None:
        """The newest version of ours that says all that is wanted already; a proof alone needs its own."""
        wanted = _wanted(live, fields, marker)
        good = [it for it in self._history(live.remote_id, newest_of(live.raw)) if marker and alike(it, wanted)]
        exact = [it for it in good if it.marker_applied == wanted.marker_applied]
        return next(iter(exact or ([] if live.raw["version"] in [it.raw["version"] for it in good] else good)), None)

    def _patched(self, remote_id: str, body: Fields) -> Live:
        return to_live(self._http.send(Verb.UPDATE, "PATCH", below(AGENTS, remote_id), body=dict(body)))

    def _moved(self, target: Live, at: Json = None) -> Live:
        """After the version is read back. Raises Conflict if the alias is not where it was any more."""
        remote_id, number = target.remote_id, target.raw["version"]
        found = mapping(find(self._http, f"{below(AGENTS, remote_id)}/versions/{number}"))
        if any(texts(found).get(key) != texts(target.raw).get(key) for key in MARKER_KEYS):
            raise NoMarker(f"the service did not keep the marker on version {number} of {remote_id}")
        if self._pointer(remote_id) not in (at or 0, number):
            raise Conflict(f"the alias {self._alias} of {remote_id} was moved at the same moment")
        return replace(target, raw={**target.raw, POINTER: self._point(remote_id, number)})

    def _point(self, remote_id: str, number: int) -> int:
        params = {"alias": self._alias, "version": str(number)}
        answer = self._http.send(Verb.UPDATE, "PUT", f"{below(AGENTS, remote_id)}/aliases", params=params)
        if mapping(answer).get("version") != number:
            raise ServiceError(f"the service did not move the alias {self._alias} of {remote_id} to version {number}")
        return number

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests with the name that every agent must have."""
        named = ({"name": it.address.name, **stated(it.spec)} for it in desired)
        return Resolved(tuple(replace(it, spec=spec) for it, spec in zip(desired, named, strict=True)))


def _wanted(live: Live, fields: Fields, marker: Marker | None) -> Live:
    marks = (marker.address, marker.applied) if marker else (None, None)
    return replace(live, spec={**live.spec, **fields}, marker_address=marks[0], marker_applied=marks[1])
