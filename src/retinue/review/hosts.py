"""The two code hosts whose API retinue speaks: GitHub (REST, version 2022-11-28) and GitLab (REST v4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..core.errors import AuthError, ServiceError
from ..core.model import Json
from ..providers.credentials import Secrets
from ..providers.http import Http
from ..providers.paged import remove
from ..providers.wire import Answer, Connection, Verb, Verdict
from .sticky import Comment, Host

_PAGE = 100
_MOST_PAGES = 300


@dataclass(frozen=True, slots=True)
class Access:
    """Where a request for review is: the API's base URL, the repository or project, the number, and a token.

    `number` 0: not known yet; only `request_of` may be asked. `proxy` and `secrets` as in a Connection.
    """

    api_url: str
    repository: str
    number: int
    token: str
    timeout: float = 120.0
    log: Callable[[str], None] | None = None
    proxy: str | None = None
    secrets: Secrets = field(default_factory=Secrets)


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


class _Comments:
    """What both hosts do alike. `_listed`: where comments are listed and made; `_each`: where each of them is."""

    _headers: Mapping[str, str] = {}
    _method = "PUT"
    _listed: str
    _each: str

    def __init__(self, access: Access) -> None:
        connection = Connection(
            access.api_url,
            {**self._headers, "Authorization": f"Bearer {access.token}"},
            budget=access.timeout,
            log=access.log,
            parallelism=1,
            proxy=access.proxy,
            secrets=access.secrets,
        )
        self._http = Http(connection, classify)

    def create(self, body: str) -> str:
        return str(self._http.send(Verb.CREATE, "POST", self._listed, body={"body": body})["id"])

    def update(self, key: str, body: str) -> None:
        self._http.send(Verb.UPDATE, self._method, f"{self._each}/{quote(key, safe='')}", body={"body": body})

    def delete(self, key: str) -> None:
        remove(self._http, f"{self._each}/{quote(key, safe='')}")

    def close(self) -> None:
        self._http.close()


class GitHub(_Comments):
    """Comments of a pull request, which on GitHub is an issue too."""

    _headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    _method = "PATCH"

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        # Beside `/api/v3` on a server of one's own, and below the one host of github.com.
        self._graphql = f"{access.api_url.removesuffix('/v3')}/graphql"
        self._repository = "/".join(quote(part, safe="") for part in access.repository.split("/"))
        self._each = f"repos/{self._repository}/issues/comments"
        self._listed = f"repos/{self._repository}/issues/{access.number}/comments"

    def request_of(self, commit: str) -> int:
        found = _pages(self._http, f"repos/{self._repository}/commits/{quote(commit, safe='')}/pulls", {})
        merged = [raw for raw in found if raw.get("merged_at")]
        # The request that made this very commit before one that merely holds it.
        merged.sort(key=lambda raw: raw.get("merge_commit_sha") != commit)
        return int(merged[0]["number"]) if merged else 0

    def comments(self) -> Iterator[Comment]:
        me = self._login()
        for raw in _pages(self._http, self._listed, {}):
            ours = (raw.get("user") or {}).get("login") == me
            yield Comment(str(raw["id"]), raw.get("body") or "", ours)

    def _login(self) -> str:
        """Whose token it is: `NAME`, or `APP[bot]`. Raises AuthError.

        REST refuses this question to a workflow's own token and to an app's; GraphQL answers it to every kind.
        """
        answer = self._http.send(Verb.GET, "POST", self._graphql, body={"query": "{viewer{login}}"})
        match answer:
            case {"data": {"viewer": {"login": str(login)}}} if login:
                return login
        raise AuthError("GitHub does not say whose token this is")


class GitLab(_Comments):
    """Notes of a merge request."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._project = f"projects/{quote(access.repository, safe='')}"
        self._listed = self._each = f"{self._project}/merge_requests/{access.number}/notes"

    def request_of(self, commit: str) -> int:
        path = f"{self._project}/repository/commits/{quote(commit, safe='')}/merge_requests"
        merged = [raw for raw in _pages(self._http, path, {}) if raw.get("state") == "merged"]
        return int(merged[0]["iid"]) if merged else 0

    def comments(self) -> Iterator[Comment]:
        who = self._http.send(Verb.GET, "GET", "user")
        me = who.get("username") if isinstance(who, dict) else None
        for raw in _pages(self._http, self._listed, {"sort": "asc", "order_by": "created_at"}):
            ours = me is not None and (raw.get("author") or {}).get("username") == me and not raw.get("system")
            yield Comment(str(raw["id"]), raw.get("body") or "", ours)


HOSTS: dict[str, Callable[[Access], Host]] = {"github": GitHub, "gitlab": GitLab}


def _pages(http: Http, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every entry of a list that comes in pages. A page that is not full is the last one on both hosts."""
    for page in range(1, _MOST_PAGES + 1):
        found: Json = http.send(Verb.LIST, "GET", path, params={**params, "per_page": str(_PAGE), "page": str(page)})
        if not isinstance(found, list) or not all(isinstance(item, dict) and "id" in item for item in found):
            raise ServiceError("the list of comments is not in the shape of this host's API", "Check the API's URL.")
        yield from found
        if len(found) < _PAGE:
            return
