"""Keeps exactly one comment under a hidden marker: made once, brought up to date, doubles removed. Knows no host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as its host tells it. `ours`: whether whoever we are there has written it."""

    id: str
    body: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One write: `create`, `update` or `delete`; or `keep`, which is none."""

    verb: str
    id: str | None = None


class Host(Protocol):
    """The comments of one pull or merge request, oldest first. Every method may raise a `core.errors` error."""

    def request_of(self, commit: str) -> int:
        """The number of the merged request that brought a commit to its branch; 0 if there is none."""

    def comments(self) -> Iterator[Comment]: ...

    def create(self, body: str) -> str:
        """The id of the new comment."""

    def update(self, key: str, body: str) -> None: ...

    def delete(self, key: str) -> None: ...

    def close(self) -> None: ...


def marker(project: str, environment: str) -> str:
    """What makes a comment the one of an environment. Whatever the names are, it is one HTML comment."""
    return f"<!-- retinue plan {quote(project, safe='')}/{quote(environment, safe='')} -->"


def head(mark: str, digest: str | None) -> str:
    """The first line of a comment: the marker, and the digest that whoever approves the request approves."""
    return f"{mark}<!-- {digest} -->" if digest else mark


def approved_digest(comments: Sequence[Comment], mark: str) -> str | None:
    """What `head` wrote into the comment that is ours; None if there is none, or nothing to approve in it."""
    own = _own(comments, mark)
    found = re.match(r"<!-- (sha256:[0-9a-f]{64}) -->", own[0].body.lstrip()[len(mark) :]) if own else None
    return found[1] if found else None


def steps(comments: Sequence[Comment], mark: str, body: str) -> list[Step]:
    """Only comments that are ours and begin with the marker are touched; the oldest of them stays."""
    own = _own(comments, mark)
    if not own:
        return [Step("create")]
    # Hosts trim a body and may turn its line ends.
    first = Step("keep" if own[0].body.replace("\r\n", "\n").strip() == body.strip() else "update", own[0].id)
    return [first, *(Step("delete", comment.id) for comment in own[1:])]


def carry_out(host: Host, todo: Sequence[Step], body: str) -> str:
    """Do the steps; the id of the comment that stays."""
    left = ""
    for step in todo:
        if step.verb == "create":
            left = host.create(body)
        elif step.verb == "delete":
            host.delete(step.id or "")
        else:
            left = step.id or ""
            if step.verb == "update":
                host.update(left, body)
    return left


def _own(comments: Sequence[Comment], mark: str) -> list[Comment]:
    return [comment for comment in comments if comment.ours and comment.body.lstrip().startswith(mark)]
