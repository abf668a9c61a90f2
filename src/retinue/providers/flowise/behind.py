"""Asks, through Flowise, the OpenAI API behind OPENAI rows; notes where it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from ...core.errors import RetinueError
from ...core.model import Diagnostic, Json, Severity
from ..paged import below
from ..wire import Verb
from .rows import details_of, is_marked, upstream_id
from .upstream import is_comparable
from .verdicts import is_gone_upstream

_PAGE = 20
"""How many assistants the one page of the upstream's list shows."""
_Listed: TypeAlias = dict[str, Mapping[str, Json]] | RetinueError
"""What the API behind one credential lists, by id, or why it lists nothing."""


class Behind:
    """`notes`: what to tell people, by what it is about. `name_of`: a credential's id to what people call it."""

    def __init__(self, send: Callable[..., Json], name_of: Callable[[str], str | None]) -> None:
        self._send, self._name_of = send, name_of
        self._asked: dict[str, _Listed] = {}
        self.notes: dict[str, Diagnostic] = {}

    def try_out(self, credentials: Iterable[str]) -> None:
        """Note which upstreams do not answer: the first create would be late to learn it."""
        for credential in credentials:
            listed = self._list(credential, self._asked)
            if isinstance(listed, RetinueError):
                self._note(credential, listed)

    def of_rows(self, rows: Sequence[Mapping[str, Json]]) -> dict[str, Mapping[str, Json]]:
        """By row: the assistant behind it, as it is now. One list for each credential; what is not in it one by one.

        Of unmarked rows only what needs no request of its own; failures there are not reported.
        """
        self._asked = {}
        return self._found(rows, self._asked)

    def of_one(self, row: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """As it is now, whatever was known before."""
        return self._found([row], {}).get(str(row.get("id")))

    def _found(self, rows: Sequence[Mapping[str, Json]], asked: dict[str, _Listed]) -> dict[str, Mapping[str, Json]]:
        found: dict[str, Mapping[str, Json]] = {}
        for row in rows:
            key, credential = upstream_id(row), row.get("credential")
            if key is None or not isinstance(credential, str) or not credential:
                continue
            listed, marked = self._list(credential, asked), is_marked(row)
            if isinstance(listed, RetinueError):
                if marked:
                    self._note(credential, listed)
                continue
            held = listed.get(key)
            if held is None and marked:
                held = self._one(row, key, credential, len(listed))
            if held is not None and is_comparable(held):
                found[str(row.get("id"))] = held
        return found

    def _list(self, credential: str, asked: dict[str, _Listed]) -> _Listed:
        """The first page, for it has no other."""
        if credential not in asked:
            try:
                listed = self._send(Verb.LIST, "GET", "openai-assistants", params={"credential": credential})
            except RetinueError as error:
                asked[credential] = error
            else:
                items = (item for item in listed if isinstance(item, dict))
                asked[credential] = {item["id"]: item for item in items if isinstance(item.get("id"), str)}
        return asked[credential]

    def _one(self, row: Mapping[str, Json], key: str, credential: str, listed: int) -> Mapping[str, Json] | None:
        """One that the first page does not show; asked for only if there may be a second page."""
        problem = "the upstream's list does not show it"
        if listed >= _PAGE:
            path = below("openai-assistants", key)
            try:
                found: dict[str, Json] = self._send(Verb.GET, "GET", path, params={"credential": credential})
                return found
            except RetinueError as error:
                problem = error.message
        name = details_of(row).get("name")
        message = f"the assistant {key} behind the row {row.get('id')} “{name}” is not there: {problem}"
        remedy = "A change of this row will fail. Delete the row in Flowise; the next apply creates both again."
        note = Diagnostic("flowise-upstream", message, remedy, severity=Severity.WARNING)
        self.notes[f"behind {row.get('id')}"] = note
        return None

    def _note(self, credential: str, failure: RetinueError) -> None:
        what = "cannot be read"
        remedy = (
            "What changed there is not in this plan; until it answers, its rows can be neither created nor changed."
        )
        if is_gone_upstream(failure.message):
            what = "has no Assistants API any more"
            remedy = "Its rows can be read and deleted, but not created or changed. `type: CUSTOM` needs no upstream."
        name = self._name_of(credential)
        message = f"the upstream behind the credential `{name}` {what}: {failure.message}"
        note = Diagnostic("flowise-upstream", message, remedy, severity=Severity.WARNING)
        self.notes[f"upstream {credential}"] = note
