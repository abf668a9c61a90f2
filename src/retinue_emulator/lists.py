"""Lists as the OpenAI API pages them: limit, order, cursors, and objects that a lagging list does not show yet.

Source: OpenAI API reference, List assistants; the other lists of the API take the same parameters.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from . import checks
from .errors import ApiError
from .faults import Behaviour
from .ground import Ground
from .store import Row, Tie, Window
from .web import Request

_TIES: Mapping[str, Tie] = {"creation": "sequence", "id": "id"}
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def window_of(query: Mapping[str, str], *, usual: int = 20, most: int = 100) -> Window:
    """What the four query parameters ask for, or ApiError 400. `limit` is `usual` unless given, and at most `most`."""
    limit, order = query.get("limit", str(usual)), query.get("order", "desc")
    if not _WHOLE.fullmatch(limit):
        raise checks.wrong_type("limit", "an integer", limit)
    checks.number(1, most, whole=True)("limit", int(limit))
    checks.one_of("asc", "desc")("order", order)
    return Window(int(limit), order == "desc", query.get("after") or None, query.get("before") or None)


class Lag:
    """Ids that lists leave out for a while after their creation. Safe for many threads; forgotten on restart."""

    def __init__(self, ground: Ground) -> None:
        self._behaviour, self._now = ground.behaviour, ground.now
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


class Listing:
    """The list of all objects of a kind, as it is asked for page by page. `usual` and `most`: as in `window_of`."""

    def __init__(self, ground: Ground, kind: str, *, usual: int = 20, most: int = 100) -> None:
        self._store, self._behaviour = ground.store, ground.behaviour
        self._kind, self._usual, self._most = kind, usual, most
        self._lag = Lag(ground)

    def created(self, key: str) -> None:
        """The list may not show it yet."""
        self._lag.created(key)

    def page(self, request: Request, keep: Keep | None = None, hidden: Collection[str] = ()) -> str:
        """The JSON text of one page; the objects in it are not decoded, unless `keep` has to look at them."""
        window, behaviour = window_of(request.query, usual=self._usual, most=self._most), self._behaviour()
        if keep is not None:
            rows = self._store.texts(self._kind)
            hidden = {*hidden, *self._lag.hidden(), *(key for key, text in rows if not keep(json.loads(text)))}
            return page_of(rows, window, behaviour, hidden)
        try:
            hidden = {*hidden, *self._lag.hidden()}
            rows, more = self._store.page(self._kind, window, hidden=hidden, ties=_TIES[behaviour.ties])
        except KeyError as error:
            _unknown_cursor(str(error.args[0]), window, behaviour)
            rows, more = [], False
        rows = self._disturbed(rows, window, request.page_fault)
        return envelope(rows, more=more)

    def _disturbed(self, rows: list[Row], window: Window, fault: str) -> list[Row]:
        """As by a server that pages by offset while others write: an entry comes twice, or one is passed over."""
        if fault == "miss" and len(rows) > 1:
            return rows[1:]
        if fault == "repeat" and rows:
            last = window.after and self._store.get(self._kind, window.after)
            return [(window.after, last) if window.after and last else rows[0], *rows]
        return rows


def page_of(rows: list[Row], window: Window, behaviour: Behaviour, hidden: Collection[str] = ()) -> str:
    """One page of rows that are at hand, oldest first; a hidden one may still be a cursor."""
    ordered = rows[::-1] if window.newest_first else rows
    shown = [row for row in ordered if row[0] not in hidden]
    order = {key: place for place, (key, _) in enumerate(ordered)}
    for cursor in (window.after, window.before):
        if cursor is not None and cursor not in order:
            _unknown_cursor(cursor, window, behaviour)
            return envelope([], more=False)
    if window.after is not None:
        shown = [row for row in shown if order[row[0]] > order[window.after]]
    if window.before is not None:
        shown = [row for row in shown if order[row[0]] < order[window.before]]
    chosen = shown[-window.limit :] if window.backward else shown[: window.limit]
    return envelope(chosen, more=len(shown) > window.limit)


def _unknown_cursor(cursor: str, window: Window, behaviour: Behaviour) -> None:
    """Raises ApiError 400, unless an unknown cursor means an empty page."""
    if behaviour.unknown_cursor == "refuse":
        name = "after" if window.after == cursor else "before"
        message = f"Invalid '{name}': no object found with id '{cursor}'."
        raise ApiError(400, message, code="invalid_value", param=name)


def envelope(rows: list[Row], *, more: bool) -> str:
    """`{object: list, data, first_id, last_id, has_more}`; both ids are null in an empty list."""
    first, last = (json.dumps(rows[0][0]), json.dumps(rows[-1][0])) if rows else ("null", "null")
    return (
        f'{{"object": "list", "data": [{", ".join(text for _, text in rows)}], "first_id": {first},'
        f' "last_id": {last}, "has_more": {"true" if more else "false"}}}'
    )
