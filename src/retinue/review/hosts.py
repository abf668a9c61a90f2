"""The two code hosts whose API retinue speaks: GitHub (REST, version 2022-11-28) and GitLab (REST v4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..core.errors import AuthError, ServiceError
from ..core.model import Json
from ..providers.paged import remove
from ..providers.wire import Answer, Connection, Verb, Verdict
from .sticky import Comment, Step

_PAGE = 100
_MOST_PAGES = 300


def classify(verb: Verb, answer: Answer) -> Verdict:
    """Both hosts answer 404 where a token may not look, and GitHub 403 where it asks too often."""
    if 200 <= answer.status < 300:
        return Verdict.OK
    limited = answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0"
    if answer.status == 429 or answer.status >= 500 or (limited and verb is not Verb.CREATE):
        return Verdict.RETRY
    if answer.status in (401, 403):
        return Verdict.AUTH
    if answer.status == 404 and verb is Verb.DELETE:
        return Verdict.ABSENT
    return Verdict.REJECTED


class Host:
    """The comments of one pull or merge request, oldest first. Every method may raise a `core.errors` error.

    `number` 0: not known yet; only `request_of` may be asked.
    """

    _headers: Mapping[str, str] = {}
    _method = "PUT"
    _issues = ""
    _open, _number, _text, _remarks = "opened", "iid", "description", "notes"
    _closed: Mapping[str, str] = {"state_event": "close"}
    _order: Mapping[str, str] = {"sort": "asc", "order_by": "created_at"}
    _by = ("author", "username")

    def __init__(self, connection: Connection, repository: str, number: int) -> None:
        self.repository, self.number = repository, number
        self._http = connection.with_headers({**self._headers, **connection.headers}).http(classify)

    def request_of(self, commit: str) -> int:
        """The number of the merged request that brought a commit to its branch; 0 if there is none."""
        raise NotImplementedError

    def comments(self) -> Iterator[Comment]:
        me = self._me()
        for raw in self._pages(self._all(), **self._order):
            yield Comment(str(raw["id"]), raw.get("body") or "", self._author(raw) == me and not raw.get("system"))

    def _all(self) -> str:
        """The path below which comments are listed and made."""
        raise NotImplementedError

    def _each(self) -> str:
        """The path below which each comment is."""
        return self._all()

    def carry_out(self, todo: Sequence[Step], body: str) -> str:
        """Do the steps; the id of the comment that stays."""
        left = ""
        for step in todo:
            path = f"{self._each()}/{quote(step.id or '', safe='')}"
            if step.verb == "delete":
                remove(self._http, path)
                continue
            left = step.id or ""
            if step.verb == "create":
                left = str(self._http.send(Verb.CREATE, "POST", self._all(), body={"body": body})["id"])
            elif step.verb == "update":
                self._http.send(Verb.UPDATE, self._method, path, body={"body": body})
        return left

    def issues(self) -> Iterator[Comment]:
        """The open issues of the repository, as comments of theirs whose ids are their numbers."""
        me = self._me()
        for raw in self._pages(self._issues, state=self._open):
            if "pull_request" not in raw:
                yield Comment(str(raw[self._number]), raw.get(self._text) or "", self._author(raw) == me)

    def keep_issue(self, todo: Sequence[Step], title: str, body: str, end: str) -> str:
        """Do the steps; what is deleted is closed with the words `end`. The number of the issue that stays."""
        left = ""
        for step in todo:
            path = f"{self._issues}/{quote(step.id or '', safe='')}"
            if step.verb == "delete":
                self._http.send(Verb.CREATE, "POST", f"{path}/{self._remarks}", body={"body": end})
                self._http.send(Verb.UPDATE, self._method, path, body=self._closed)
                continue
            left = step.id or ""
            if step.verb == "create":
                made = {"title": title, self._text: body}
                left = str(self._http.send(Verb.CREATE, "POST", self._issues, body=made)[self._number])
            elif step.verb == "update":
                self._http.send(Verb.UPDATE, self._method, path, body={self._text: body})
        return left

    def _me(self) -> str | None:
        """Who the token speaks for."""
        raise NotImplementedError

    def _author(self, raw: Mapping[str, Any]) -> str | None:
        """Who has written a comment or an issue."""
        holder, name = self._by
        return (raw.get(holder) or {}).get(name)

    def close(self) -> None:
        self._http.close()

    def _pages(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list that comes in pages. A page that is not full is the last one on both hosts."""
        for page in range(1, _MOST_PAGES + 1):
            asked = {**params, "per_page": str(_PAGE), "page": str(page)}
            found: Json = self._http.send(Verb.LIST, "GET", path, params=asked)
            if not isinstance(found, list) or not all(isinstance(item, dict) and "id" in item for item in found):
                message = "the list of comments is not in the shape of this host's API"
                raise ServiceError(message, "Check the API's URL.")
            yield from found
            if len(found) < _PAGE:
                return


class GitHub(Host):
    """Comments of a pull request, which on GitHub is an issue too."""

    _headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    _method = "PATCH"
    _open, _number, _text, _remarks = "open", "number", "body", "comments"
    _closed = {"state": "closed"}
    _order: Mapping[str, str] = {}
    _by = ("user", "login")

    def __init__(self, connection: Connection, repository: str, number: int) -> None:
        super().__init__(connection, repository, number)
        # Beside `/api/v3` on a server of one's own, and below the one host of github.com.
        self._graphql = f"{connection.base_url.removesuffix('/v3')}/graphql"
        self._path = "repos/" + "/".join(quote(part, safe="") for part in repository.split("/"))
        self._issues = f"{self._path}/issues"

    def _all(self) -> str:
        return f"{self._path}/issues/{self.number}/comments"

    def _each(self) -> str:
        return f"{self._path}/issues/comments"

    def request_of(self, commit: str) -> int:
        found = self._pages(f"{self._path}/commits/{quote(commit, safe='')}/pulls")
        merged = [raw for raw in found if raw.get("merged_at")]
        # The request that made this very commit before one that merely holds it.
        merged.sort(key=lambda raw: raw.get("merge_commit_sha") != commit)
        return int(merged[0]["number"]) if merged else 0

    def _me(self) -> str:
        """Whose token it is: `NAME`, or `APP[bot]`. Raises AuthError.

        REST refuses this question to a workflow's own token and to an app's; GraphQL answers it to every kind.
        """
        answer = self._http.send(Verb.GET, "POST", self._graphql, body={"query": "{viewer{login}}"})
        match answer:
            case {"data": {"viewer": {"login": str(login)}}} if login:
                return login
        raise AuthError("GitHub does not say whose token this is")


class GitLab(Host):
    """Notes of a merge request."""

    def __init__(self, connection: Connection, repository: str, number: int) -> None:
        super().__init__(connection, repository, number)
        self._path = f"projects/{quote(repository, safe='')}"
        self._issues = f"{self._path}/issues"

    def _all(self) -> str:
        return f"{self._path}/merge_requests/{self.number}/notes"

    def request_of(self, commit: str) -> int:
        path = f"{self._path}/repository/commits/{quote(commit, safe='')}/merge_requests"
        merged = [raw for raw in self._pages(path) if raw.get("state") == "merged"]
        return int(merged[0]["iid"]) if merged else 0

    def _me(self) -> str:
        match self._http.send(Verb.GET, "GET", "user"):
            case {"username": str(name)} if name:
                return name
        raise AuthError("GitLab does not say whose token this is")


HOSTS: Mapping[str, type[Host]] = {"github": GitHub, "gitlab": GitLab}
