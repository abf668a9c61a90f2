"""Decides how one comment is kept under a hidden marker: made once, brought up to date, doubles removed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from ..core.values import dataclass


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


def marker(project: str, environment: str, what: str = "plan") -> str:
    """What makes a comment or an issue the one of an environment. Whatever the names are, it is one HTML comment."""
    return f"<!-- retinue {what} {quote(project, safe='')}/{quote(environment, safe='')} -->"


def head(mark: str, digest: str | None) -> str:
    """The first line of a comment: the marker, and the digest that whoever approves the request approves."""
    return f"{mark}<!-- {digest} -->" if digest else mark


def approved_digest(comments: Sequence[Comment], mark: str) -> str | None:
    """What `head` wrote into the comment that is ours; None if there is none, or nothing to approve in it."""
    own = _own(comments, mark)
    found = re.match(r"<!-- (sha256:[0-9a-f]{64}) -->", own[0].body.lstrip()[len(mark) :]) if own else None
    return found[1] if found else None


_RESULT, _END = "<!-- retinue result -->", "<!-- /retinue result -->"


def approved_plan(comments: Sequence[Comment], mark: str) -> tuple[str, str, bool]:
    """The first line of the comment that is ours, the plan in it, and if an apply has told its result there before."""
    own = _own(comments, mark)
    # Hosts trim a body and may turn its line ends.
    first, _, rest = own[0].body.replace("\r\n", "\n").strip().partition("\n") if own else (mark, "", "")
    before, told, after = rest.partition(_RESULT)
    return first, (before + after.partition(_END)[2]).strip(), bool(told)


def with_result(first: str, result: str, plan: str) -> str:
    """The comment with the result of an apply above the plan that was approved."""
    return f"{first}\n{_RESULT}\n{result.strip()}\n\n{_END}\n{plan}".rstrip() + "\n"


def steps(comments: Sequence[Comment], mark: str, body: str) -> list[Step]:
    """Only comments that are ours and begin with the marker are touched; the oldest of them stays."""
    own = _own(comments, mark)
    if not own:
        return [Step("create")]
    # Hosts trim a body and may turn its line ends.
    first = Step("keep" if own[0].body.replace("\r\n", "\n").strip() == body.strip() else "update", own[0].id)
    return [first, *(Step("delete", comment.id) for comment in own[1:])]


def _own(comments: Sequence[Comment], mark: str) -> list[Comment]:
    return [comment for comment in comments if comment.ours and comment.body.lstrip().startswith(mark)]
