"""Lists as the OpenAI API pages them: limit, order, cursors, and objects that a lagging list does not show yet.

Source: OpenAI API reference, List assistants; the other lists of the API take the same parameters.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


def page(store: Store, kind: str, request: Request, behaviour: Behaviour, lag: Lag) -> str:
    """The JSON text of one page; the objects in it are not decoded."""
    paging = Paging.of(request.query)
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
        if behaviour.unknown_cursor == "refuse":
            name = "after" if paging.after == error.args[0] else "before"
            message = f"Invalid '{name}': no object found with id '{error.args[0]}'."
            raise ApiError(400, message, code="invalid_value", param=name) from error
        rows, more = [], False
    rows = _disturbed(store, kind, rows, paging, request.page_fault)
    return envelope(list(behaviour.page_filter(rows)), more=more)


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
