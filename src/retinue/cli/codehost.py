"""Which pull or merge request a run is about: flags before what the CI's variables say. Reaches nothing."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..core.errors import AuthError, UsageError
from ..load.endpoints import is_loopback
from ..providers.wire import Connection
from ..render.inert import is_web_address
from ..review.hosts import HOSTS, Host
from . import console
from .connecting import proxy_for
from .options import ProjectOptions, parse_timeout

_TOKENS = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}
_VARIABLES = {
    "github": {"repository": "GITHUB_REPOSITORY", "api_url": "GITHUB_API_URL"},
    "gitlab": {"repository": "CI_PROJECT_ID", "api_url": "CI_API_V4_URL"},
}


@dataclass(frozen=True, kw_only=True)
class HostOptions(ProjectOptions):
    """Which code host, repository and request. `read`: the request may be found by its commit."""

    host: str | None
    repository: str | None
    number: int | None
    commit: str | None
    api_url: str | None
    token_env: str | None
    timeout: str
    planfile: str | None
    read: bool
    dry_run: bool


def host_of(options: HostOptions) -> tuple[str, Host]:
    """The name of the code host, and the request for review that this run is about: flags before the CI's variables.

    Raises UsageError with the flag for what is missing, AuthError without a token.
    """
    timeout = parse_timeout(options.timeout)
    host = options.host or ("gitlab" if os.environ.get("GITLAB_CI") else "github")
    names = _VARIABLES[host]
    repository = options.repository or os.environ.get(names["repository"])
    if not repository or (host == "github" and not re.fullmatch(r"[^/\s]+/[^/\s]+", repository)):
        raise UsageError("which repository?", f"Name it with --repository, or set {names['repository']}.")
    number = options.number or (_pull_request() if host == "github" else _merge_request())
    if not number and not options.read:
        raise UsageError("this run is about no pull or merge request", "Name it with --number; --out FILE needs none.")
    url = options.api_url or os.environ.get(names["api_url"]) or ("https://api.github.com" * (host == "github"))
    # The token goes there.
    there = urlsplit(url).hostname if is_web_address(url) else None
    if not there or "@" in url or (urlsplit(url).scheme == "http" and not is_loopback(there)):
        raise UsageError("the API's URL is none that a token can be sent to", "Name one with --api-url https://….")
    token_name = options.token_env or _TOKENS[host]
    token = (os.environ.get(token_name) or "").strip()
    if not (token and token.isascii() and token.isprintable()):
        raise AuthError(f"the environment variable {token_name} holds no token", f"Set {token_name}, or --token-env.")
    proxy, log = proxy_for(url, signed=True), console.line if options.verbose else None
    connection = Connection(
        url.rstrip("/"),
        {"Authorization": f"Bearer {token}"},
        budget=timeout,
        log=log,
        parallelism=1,
        proxy=proxy,
        secrets=console.SECRETS,
    )
    return host, HOSTS[host](connection, repository, number)


def _pull_request() -> int:
    """Of the event that started this workflow, else of its ref `refs/pull/7/merge`; 0 if it is about none."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"$GITHUB_EVENT_PATH cannot be read ({type(error).__name__})", "Name --number.") from error
    event = event if isinstance(event, dict) else {}
    issue = event.get("issue") if isinstance(event.get("issue"), dict) else {}
    for holder in (event.get("pull_request"), issue if issue and "pull_request" in issue else None):
        if isinstance(holder, dict) and type(holder.get("number")) is int:
            return max(0, int(holder["number"]))
    found = re.fullmatch(r"refs/pull/([1-9][0-9]{0,9})/\w+", os.environ.get("GITHUB_REF", ""))
    return int(found[1]) if found else 0


def _merge_request() -> int:
    text = os.environ.get("CI_MERGE_REQUEST_IID", "")
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,9}", text) else 0


def commit_of(option: str | None) -> str:
    """`--commit`, else the one that the CI runs for. Raises UsageError."""
    commit = option or os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or ""
    if not re.fullmatch("[0-9a-f]{40,64}", commit):
        raise UsageError("which commit?", "Name it whole with --commit, or its request with --number.")
    return commit
