"""`retinue comment`: a saved plan as the one comment of its environment in a pull or merge request."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

from ...core.codec import outcome, plan_to_json
from ...core.errors import AuthError, ServiceError, UsageError
from ...core.model import Plan
from ...core.values import dataclass, replace
from ...load.endpoints import is_loopback
from ...providers.wire import Connection
from ...render.fit import LIMIT
from ...render.inert import is_web_address, units
from ...render.markdown import plan_markdown
from ...review.hosts import HOSTS, Host
from ...review.sticky import approved_digest, head, marker, steps
from .. import console, helping, options
from ..connecting import proxy_for
from ..options import STDOUT, ProjectOptions, parse_timeout
from ..projects import choose_environment, open_project
from ..report import run_link
from .apply import read_plan

_VARIABLES = {
    "github": ("GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_TOKEN"),
    "gitlab": ("CI_PROJECT_ID", "CI_API_V4_URL", "GITLAB_TOKEN"),
}
"""By host: where the CI tells the repository and the API's URL, and where the token usually is."""


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


@helping.command("comment", HostOptions, "--plan plan.json --dry-run", "--read -e prod")
@click.option("--plan", "planfile", metavar="FILE", help="The saved plan: retinue plan --out FILE.")
@click.option("--read", is_flag=True, help="Print the digest that was approved instead, to apply it after the merge.")
@options.DIRECTORY
@options.ENVIRONMENT
@click.option("--host", type=click.Choice(list(HOSTS)), help="Default: that of the CI this runs in.")
@click.option("--repository", metavar="NAME", help="OWNER/NAME, or GitLab's project id. Default: the CI's.")
@click.option("--number", type=click.IntRange(1), help="Of the pull or merge request. Default: the CI's.")
@click.option("--commit", metavar="SHA", help="For --read: a commit of the merged request. Default: the CI's.")
@click.option("--api-url", metavar="URL", help="The host's API. Default: the CI's.")
@click.option("--token-env", metavar="NAME", help="The variable with the token. Default: GITHUB_TOKEN, GITLAB_TOKEN.")
@click.option("--dry-run", is_flag=True, help="Read, and say what would be written; write nothing.")
@options.OUT_BESIDES
@options.LINK
@click.option("--timeout", default="2m", show_default=True, metavar="TIME", help="For the whole run: 90s, 15m.")
@options.VERBOSE
@options.NO_COLOR
def command(options: HostOptions) -> int:
    """Show a saved plan in its pull request: one comment for each environment, made once and then kept up to date.

    With --out FILE the comment is written to a file and no host is asked: for other hosts, or to look at it.
    With --read the digest in that comment is printed, for `retinue apply --expect-digest`.
    """
    if bool(options.planfile) == options.read:
        raise UsageError("either --plan FILE or --read", "Try `retinue comment --help`.")
    if options.planfile:
        return _write(read_plan(options.planfile), options)
    return _read(options)


def _write(plan: Plan, options: HostOptions) -> int:
    mark = marker(plan.project, plan.environment)
    # The digest is there to be approved; all together is no longer than a comment may be.
    first = head(mark, None if outcome(plan) == "blocked" else plan_to_json(plan, "")["digest"])
    body = f"{first}\n{plan_markdown(plan, link_to=run_link(options.link), limit=LIMIT - units(first) - 1)}"
    if options.out:
        console.deliver(body, replace(options, out=None if options.out == STDOUT else options.out))
        return 0
    with _connected(options) as host:
        todo = steps(list(host.comments()), mark, body)
        where = f"{host.repository} {host.number}"
        if options.dry_run:
            lines = [f"would {step.verb} {step.id or 'a comment'} in {where}" for step in todo]
        else:
            left = host.carry_out(todo, body)
            lines = [f"{where}: " + ", ".join(f"{_PAST[step.verb]} {step.id or left}" for step in todo)]
    console.result(console.harmless("\n".join(lines)))
    return 0


def _read(options: HostOptions) -> int:
    """Print the approved digest. Raises UsageError where nothing was approved."""
    project = open_project(options.directory)
    environment = choose_environment(project, options.environment).name
    with _connected(options) as host:
        host.number = host.number or host.request_of(_commit_of(options))
        if not host.number:
            raise UsageError("no merged request brought this commit", "Name one with --number.")
        digest = approved_digest(list(host.comments()), marker(project.name, environment))
    if digest is None:
        raise UsageError(
            f"{host.repository} {host.number} has no comment of ours with a plan of {environment} that can be applied",
            "Plan again, review, and approve that digest.",
        )
    console.result(digest)
    return 0


@contextmanager
def _connected(options: HostOptions) -> Iterator[Host]:
    """The host, closed at the end; what it refuses is told with what the token needs."""
    name, host = _host_of(options)
    try:
        yield host
    except AuthError as error:
        raise AuthError(error.message, _RIGHTS[name]) from error
    except ServiceError as error:
        remedy = "Check --api-url, --repository and --number, and what the token may see."
        raise type(error)(error.message, remedy) from error
    finally:
        host.close()


_RIGHTS = {
    "github": "The token needs `pull-requests: write`. One of a pull request from a fork never has it: "
    "there, write `retinue show PLANFILE --format markdown` to $GITHUB_STEP_SUMMARY.",
    "gitlab": "The token needs the scope `api` and the role Reporter; CI_JOB_TOKEN may not write notes.",
}
_PAST = {"create": "created", "update": "updated", "keep": "kept as it was", "delete": "deleted the double"}


def _host_of(options: HostOptions) -> tuple[str, Host]:
    """The name of the code host, and the request for review that this run is about: flags before the CI's variables.

    Raises UsageError with the flag for what is missing, AuthError without a token.
    """
    timeout = parse_timeout(options.timeout)
    host = options.host or ("gitlab" if os.environ.get("GITLAB_CI") else "github")
    repository_name, url_name, token_name = _VARIABLES[host]
    repository = options.repository or os.environ.get(repository_name)
    if not repository or (host == "github" and not re.fullmatch(r"[^/\s]+/[^/\s]+", repository)):
        raise UsageError("which repository?", f"Name it with --repository, or set {repository_name}.")
    if not (number := options.number or 0):
        found = re.fullmatch(r"[1-9][0-9]{0,9}", os.environ.get("CI_MERGE_REQUEST_IID", ""))
        number = _pull_request() if host == "github" else int(found[0]) if found else 0
    if not number and not options.read:
        raise UsageError("this run is about no pull or merge request", "Name it with --number; --out FILE needs none.")
    url = options.api_url or os.environ.get(url_name) or ("https://api.github.com" * (host == "github"))
    # The token goes there.
    there = urlsplit(url).hostname if is_web_address(url) else None
    if not there or "@" in url or (urlsplit(url).scheme == "http" and not is_loopback(there)):
        raise UsageError("the API's URL is none that a token can be sent to", "Name one with --api-url https://….")
    token_name = options.token_env or token_name
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


def _commit_of(options: HostOptions) -> str:
    """`--commit`, else the one that the CI runs for. Raises UsageError."""
    commit = options.commit or os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or ""
    if not re.fullmatch("[0-9a-f]{40,64}", commit):
        raise UsageError("which commit?", "Name it whole with --commit, or its request with --number.")
    return commit
