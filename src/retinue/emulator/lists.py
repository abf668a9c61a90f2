"""Lists as the OpenAI API pages them: limit, order, cursors, and objects that a lagging list does not show yet.

Source: OpenAI API reference, List assistants; the other lists of the API take the same parameters.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from . import checks
from .errors import ApiError
from .faults import Behaviour
from .store import Row, Store, Tie
from .web import Request

_TIES: Mapping[str, Tie] = {"creation": "sequence", "id": "id"}
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Paging:
    """`limit` 1 to `most`; `after` and `before` are ids."""

    limit: int
    newest_first: bool
    after: str | None
    before: str | None

    @classmethod
    def of(cls, query: Mapping[str, str], *, usual: int = 20, most: int = 100) -> Paging:
        """Read the four query parameters, or raise ApiError 400."""
        limit, order = query.get("limit", str(usual)), query.get("order", "desc")
        if not _WHOLE.fullmatch(limit):
            raise checks.wrong_type("limit", "an integer", limit)
        checks.number(1, most, whole=True)("limit", int(limit))
        checks.one_of("asc", "desc")("order", order)
        return cls(int(limit), order == "desc", query.get("after") or None, query.get("before") or None)


class Lag:
    """Ids that lists leave out for a while after their creation. Safe for many threads; forgotten on restart."""

    def __init__(self, behaviour: Callable[[], Behaviour], now: Callable[[], float]) -> None:
        self._behaviour, self._now = behaviour, now
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[float, int]] = {}

    def created(self, key: str) -> None:
        rules = self._behaviour()
        if rules.lag_seconds or rules.lag_lists:
            with self._lock:
                self._waiting[key] = (self._now() + rules.lag_seconds, rules.lag_lists)

    def hidden(self) -> set[str]:
        """What this one list request must not show; it counts as one of `lag_lists`."""
        if not self._waiting:
            return set()
        with self._lock:
            now = self._now()
            hidden = {key: wait for key, wait in self._waiting.items() if wait[0] > now or wait[1] > 0}
            self._waiting = {key: (until, max(0, left - 1)) for key, (until, left) in hidden.items()}
            return set(hidden)


Keep = Callable[[dict[str, Any]], bool]
"""Which objects a list shows."""


def page(
    store: Store,
    kind: str,
    request: Request,
    behaviour: Behaviour,
    lag: Lag,
    *,
    usual: int = 20,
    most: int = 100,
    keep: Keep | None = None,
) -> str:
    """The JSON text of one page; the objects in it are not decoded, unless `keep` has to look at them."""
    paging = Paging.of(request.query, usual=usual, most=most)
    if keep is not None:
        found = store.everything(kind)
        rows = [(key, json.dumps(raw, ensure_ascii=False)) for key, raw in found]
        hidden = lag.hidden() | {key for key, raw in found if not keep(raw)}
        return page_of(rows, request, behaviour, hidden, usual=usual, most=most)
    try:
        rows, more = store.page(
            kind,
            paging.limit,
            newest_first=paging.newest_first,
            after=paging.after,
            before=paging.before,
            hidden=lag.hidden(),
            ties=_TIES[behaviour.ties],
        )
    except KeyError as error:
        _unknown_cursor(str(error.args[0]), paging, behaviour)
        rows, more = [], False
    rows = _disturbed(store, kind, rows, paging, request.page_fault)
    return envelope(list(behaviour.page_filter(rows)), more=more)


def page_of(
    rows: list[Row],
    request: Request,
    behaviour: Behaviour,
    hidden: Collection[str] = (),
    *,
    usual: int = 20,
    most: int = 100,
) -> str:
    """One page of rows that are at hand, oldest first; a hidden one may still be a cursor."""
    paging = Paging.of(request.query, usual=usual, most=most)
    shown = [row for row in rows if row[0] not in hidden]
    if paging.newest_first:
        shown.reverse()
    keys = [key for key, _ in rows] if not paging.newest_first else [key for key, _ in reversed(rows)]
    order = {key: place for place, key in enumerate(keys)}
    for cursor in (paging.after, paging.before):
        if cursor is not None and cursor not in order:
            _unknown_cursor(cursor, paging, behaviour)
            return envelope([], more=False)
    if paging.after is not None:
        shown = [row for row in shown if order[row[0]] > order[paging.after]]
    if paging.before is not None:
        shown = [row for row in shown if order[row[0]] < order[paging.before]]
    backward = paging.before is not None and paging.after is None
    chosen = shown[-paging.limit :] if backward else shown[: paging.limit]
    return envelope(list(behaviour.page_filter(chosen)), more=len(shown) > paging.limit)


def _unknown_cursor(cursor: str, paging: Paging, behaviour: Behaviour) -> None:
    """Raises ApiError 400, unless an unknown cursor means an empty page."""
    if behaviour.unknown_cursor == "refuse":
        name = "after" if paging.after == cursor else "before"
        message = f"Invalid '{name}': no object found with id '{cursor}'."
        raise ApiError(400, message, code="invalid_value", param=name)


def _disturbed(store: Store, kind: str, rows: list[Row], paging: Paging, fault: str) -> list[Row]:
    """As by a server that pages by offset while others write: an entry comes twice, or one is passed over."""
    if fault == "miss" and len(rows) > 1:
        return rows[1:]
    if fault == "repeat" and rows:
        last = paging.after and store.get(kind, paging.after)
        return [(paging.after, last) if paging.after and last else rows[0], *rows]
    return rows


def envelope(rows: list[Row], *, more: bool) -> str:
    """`{object: list, data, first_id, last_id, has_more}`; both ids are null in an empty list."""
    first, last = (json.dumps(rows[0][0]), json.dumps(rows[-1][0])) if rows else ("null", "null")
    return (
        f'{{"object": "list", "data": [{", ".join(text for _, text in rows)}], "first_id": {first},'
        f' "last_id": {last}, "has_more": {"true" if more else "false"}}}'
    )
