"""Small fakes of GitHub's and GitLab's comment APIs that refuse whatever the real ones would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

from ..serving import served

TOKEN = "t0ken-canary-42"
COMMIT = "c0ffee" * 6 + "c0ff"


class Fake:
    """Comments of one request, in memory; checks method, path, headers, body and paging of everything it is asked."""

    me: str | None = "github-actions[bot]"

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.fail: list[int] = []
        self.forbid_writes = False
        self.requests: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self._next = 100

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method, path = environ["REQUEST_METHOD"], unquote(environ["PATH_INFO"])
        self.seen.append(f"{method} {path}{'?' * bool(environ.get('QUERY_STRING'))}{environ.get('QUERY_STRING', '')}")
        status, answer = self._answer(method, path, environ, body)
        data = b"" if answer is None else json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        start(f"{status} {HTTPStatus(status).phrase}", headers)
        return [data]

    def _answer(self, method: str, path: str, environ: dict[str, Any], body: bytes) -> tuple[int, Any]:
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        if (fault := self.headers_fault(environ)) is not None:
            return 400, {"message": fault}
        if (method, path) == ("POST", self.graphql):
            return self.viewer(json.loads(body))
        path = path.replace("/api/v3/", "/api/")
        if self.fail and method != "GET":
            return self.fail.pop(0), {"message": "try again"}
        if path == "/api/user" and method == "GET":
            return self.user()
        if self.forbid_writes and method != "GET":
            return 403, {"message": "Resource not accessible by integration"}
        before, after = re.split("[0-9a-f]{40}", self.merged)
        if method == "GET" and path.startswith(before) and path.endswith(after):
            return 200, self.requests if path == self.merged else []
        if path.startswith(self.issue_list):
            found = self._issue(method, path.removeprefix(self.issue_list), environ, body)
            if found is not None:
                return found
        if method == "GET" and path == self.collection:
            return self._page(dict(parse_qsl(environ["QUERY_STRING"])))
        if method == "POST" and path == self.collection:
            return 201, self.add(_body(body))
        return self._one(method, path, body)

    def _page(self, query: dict[str, str]) -> tuple[int, Any]:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        if size > 100:
            return 400, {"message": "per_page is at most 100"}
        return 200, self.rows[(page - 1) * size : page * size]

    def _one(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        found = re.fullmatch(re.escape(self.item) + r"(\d+)", path)
        row = next((row for row in self.rows if found and row["id"] == int(found[1])), None)
        if row is None or method not in (self.patch, "DELETE"):
            return 404, {"message": "Not Found"}
        if method == "DELETE":
            self.rows.remove(row)
            return 204, None
        row["body"] = _body(body)
        return 200, row

    def _issue(self, method: str, rest: str, environ: dict[str, Any], body: bytes) -> tuple[int, Any] | None:
        query, sent = dict(parse_qsl(environ.get("QUERY_STRING", ""))), json.loads(body or b"{}")
        if (method, rest) == ("GET", ""):
            assert query["state"] == self.state_open, query
            page, size = int(query["page"]), int(query["per_page"])
            found = [row for row in self.issues if row["state"] == self.state_open]
            return 200, found[(page - 1) * size : page * size]
        if (method, rest) == ("POST", ""):
            assert sent.keys() == {"title", self.issue_text}, sent
            return 201, self.add_issue(sent["title"], sent[self.issue_text])
        found_one = re.fullmatch(rf"/(\d+)(/{self.remarks})?", rest)
        row = next((row for row in self.issues if found_one and row[self.issue_number] == int(found_one[1])), None)
        if row is None or found_one is None:
            return None
        if found_one[2]:
            assert method == "POST", method
            row["said"].append(_body(body))
            return 201, {"id": 1}
        if method != self.patch:
            return 405, {"message": "Method Not Allowed"}
        if sent == self.close_with:
            row["state"] = "closed"
        else:
            assert sent.keys() == {self.issue_text}, sent
            row[self.issue_text] = sent[self.issue_text]
        return 200, row

    def add_issue(self, title: str, text: str, who: str | None = None) -> dict[str, Any]:
        number = len(self.issues) + 1
        row = {"id": 900 + number, self.issue_number: number, "title": title, self.issue_text: text}
        row |= {"state": self.state_open, "said": [], **self.author(who or self.me or "x")}
        self.issues.append(row)
        return row

    issue_list = issue_number = issue_text = state_open = remarks = ""
    close_with: ClassVar[dict[str, str]] = {}

    def add(self, body: str, who: str | None = None) -> dict[str, Any]:
        self._next += 1
        self.rows.append({"id": self._next, "body": body, **self.author(who or self.me or "github-actions[bot]")})
        return self.rows[-1]

    def writes(self) -> list[str]:
        return [line for line in self.seen if not line.startswith("GET ") and line != f"POST {self.graphql}"]

    collection = item = patch = merged = graphql = ""

    def viewer(self, question: dict[str, Any]) -> tuple[int, Any]:
        raise NotImplementedError

    def headers_fault(self, environ: dict[str, Any]) -> str | None:
        return None

    def user(self) -> tuple[int, Any]:
        raise NotImplementedError

    def author(self, who: str) -> dict[str, Any]:
        raise NotImplementedError


class GitHubFake(Fake):
    collection, item, patch = "/api/repos/acme/bots/issues/7/comments", "/api/repos/acme/bots/issues/comments/", "PATCH"

    merged = f"/api/repos/acme/bots/commits/{COMMIT}/pulls"
    issue_list, issue_number, issue_text = "/api/repos/acme/bots/issues", "number", "body"
    state_open, remarks, close_with = "open", "comments", {"state": "closed"}

    def headers_fault(self, environ: dict[str, Any]) -> str | None:
        right = (environ.get("HTTP_ACCEPT"), environ.get("HTTP_X_GITHUB_API_VERSION"))
        return None if right == ("application/vnd.github+json", "2022-11-28") else f"headers {right}"

    graphql = "/api/graphql"

    def user(self) -> tuple[int, Any]:
        """As to the token of a workflow or of an app."""
        return 403, {"message": "Resource not accessible by integration"}

    def viewer(self, question: dict[str, Any]) -> tuple[int, Any]:
        assert question == {"query": "{viewer{login}}"}
        if self.me is None:
            return 200, {"data": {"viewer": None}, "errors": [{"message": "no"}]}
        return 200, {"data": {"viewer": {"login": self.me}}}

    def author(self, who: str) -> dict[str, Any]:
        return {"user": {"login": who, "type": "Bot" if who.endswith("[bot]") else "User"}}


class GitLabFake(Fake):
    collection = "/api/projects/acme/bots/merge_requests/7/notes"
    item, patch = f"{collection}/", "PUT"
    merged = f"/api/projects/acme/bots/repository/commits/{COMMIT}/merge_requests"
    me = "project_1_bot"
    issue_list, issue_number, issue_text = "/api/projects/acme/bots/issues", "iid", "description"
    state_open, remarks, close_with = "opened", "notes", {"state_event": "close"}

    def user(self) -> tuple[int, Any]:
        return 200, {"username": self.me}

    def author(self, who: str) -> dict[str, Any]:
        return {"author": {"username": who}, "system": False}


def _body(data: bytes) -> str:
    value = json.loads(data)
    assert list(value) == ["body"], value
    assert isinstance(value["body"], str)
    assert 0 < len(value["body"]) <= 65_536
    return str(value["body"])


@contextmanager
def serving(fake: Fake) -> Iterator[str]:
    """The API's base URL."""
    with served(fake) as url:
        yield f"{url}/api"
