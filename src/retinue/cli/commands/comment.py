"""`retinue comment`: a plan, and how its apply ended, as the one comment of its environment; drift as an issue."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

from ...core.codec import diagnostic_from_json, outcome, plan_digest, plan_to_json
from ...core.errors import AuthError, ServiceError, UsageError
from ...core.model import Plan
from ...core.strictjson import loads
from ...core.values import dataclass, replace
from ...load.endpoints import is_loopback
from ...providers.wire import Connection
from ...render.fit import LIMIT
from ...render.inert import is_web_address, units
from ...render.markdown import plan_markdown, results_markdown
from ...render.results import counts, outcomes_of
from ...review.hosts import HOSTS, Host
from ...review.sticky import Step, approved_digest, approved_plan, head, marker, steps, with_result
from .. import console, helping, options
from ..connecting import proxy_for
from ..named_files import read_named
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
    """Which code host, repository and request, and what to tell there: just one of the last five."""

    host: str | None
    repository: str | None
    number: int | None
    commit: str | None
    api_url: str | None
    token_env: str | None
    timeout: str
    dry_run: bool
    planfile: str | None
    result: str | None
    read: bool
    drift: str | None
    no_drift: bool


@helping.command("comment", HostOptions, "--plan plan.json --dry-run", "--read -e prod", "--result result.json -e prod")
@click.option("--plan", "planfile", metavar="FILE", help="The saved plan: retinue plan --out FILE.")
@click.option("--read", is_flag=True, help="Print the digest that was approved instead, to apply it after the merge.")
@click.option("--result", metavar="FILE", help="How the apply ended: retinue apply --format json >FILE.")
@click.option("--drift", metavar="FILE", help="Keep one open issue with this report: retinue drift --format markdown.")
@click.option("--no-drift", is_flag=True, help="Close that issue.")
@options.DIRECTORY
@options.ENVIRONMENT
@click.option("--host", type=click.Choice(list(HOSTS)), help="Default: that of the CI this runs in.")
@click.option("--repository", metavar="NAME", help="OWNER/NAME, or GitLab's project id. Default: the CI's.")
@click.option("--number", type=click.IntRange(1), help="Of the pull or merge request. Default: the CI's.")
@click.option("--commit", metavar="SHA", help="For --read and --result: one of the merged request. Default: the CI's.")
@click.option("--api-url", metavar="URL", help="The host's API. Default: the CI's.")
@click.option("--token-env", metavar="NAME", help="The variable with the token. Default: GITHUB_TOKEN, GITLAB_TOKEN.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@options.OUT_BESIDES
@options.LINK
@click.option("--timeout", default="2m", show_default=True, metavar="TIME", help="For the whole run: 90s, 15m.")
@options.VERBOSE
@options.NO_COLOR
def command(options: HostOptions) -> int:
    """Show a saved plan in its pull request: one comment for each environment, made once and then kept up to date.

    With --read the digest in that comment is printed, for `retinue apply --expect-digest`. With --result the comment
    tells how the apply ended, above the plan. With --drift an issue of the environment is kept instead.
    With --out FILE the text is written to a file and no host is asked: for other hosts, or to look at it.
    """
    wanted = (options.planfile, options.result, options.read, options.drift, options.no_drift)
    if sum(map(bool, wanted)) != 1:
        message = "give exactly one of --plan, --result, --read, --drift and --no-drift"
        raise UsageError(message, "Try `retinue comment --help`.")
    if options.planfile:
        return _plan(read_plan(options.planfile), options)
    if options.result:
        return _result(options.result, options)
    if options.read:
        return _read(options)
    return _drift(options)


def _plan(plan: Plan, options: HostOptions) -> int:
    mark = marker(plan.project, plan.environment)
    # The digest is there to be approved; the whole fits into a comment.
    first = head(mark, None if outcome(plan) == "blocked" else plan_digest(plan_to_json(plan, "")))
    room = LIMIT - units(first) - 1
    body = f"{first}\n{plan_markdown(plan, link_to=run_link(options.link), page=options.link, limit=room)}"
    if options.out:
        return _written(body, options)
    with _connected(options) as host:
        _carry_out(host, steps(list(host.comments()), mark, body), body, options)
    return 0


def _result(path: str, options: HostOptions) -> int:
    """Report how an apply ended in the pull request that brought its commit; without such a request, do nothing."""
    data = read_named(path, _MOST_BYTES, "the result", _HOW)
    try:
        value = loads(data.decode("utf-8"))
        outcomes, notes = outcomes_of(value), [diagnostic_from_json(item) for item in value["diagnostics"]]
        code, scope = int(value["exit_code"]), (value.get("project"), value.get("environment"))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path} does not hold the result of an apply", _HOW) from error
    if not all(isinstance(name, str) for name in scope):
        project = open_project(options.directory)
        scope = project.name, choose_environment(project, options.environment).name
    failed = _ENDS.get(code, f"Not applied: it ended with code {code}.")
    headline = counts(outcomes) if outcomes else failed if code else "No changes: every object matched its manifest."
    mark, link = marker(*scope), run_link(options.link)
    if options.out:
        return _written(results_markdown(scope, headline, outcomes, notes, link_to=link), options)
    with _connected(options) as host:
        host.number = host.number or host.request_of(_commit_of(options))
        if not host.number:
            console.note("No merged request brought this commit, so there is no comment to update.")
            return 0
        comments = list(host.comments())
        first, plan, told = approved_plan(comments, mark)
        if told and not outcomes and not code:
            console.note("There was nothing left to do: the result of the earlier apply stays.")
            return 0
        text = results_markdown(scope, headline, outcomes, notes, link_to=link, limit=LIMIT - units(first) - _FRAME)
        if units(first) + units(text) + units(plan) + _FRAME > LIMIT:
            plan = "The plan was too long to stay below its result."
        body = with_result(first, text, plan)
        _carry_out(host, steps(comments, mark, body), body, options)
    return 0


_MOST_BYTES = 64 * 1024 * 1024
_FRAME = 200
"""Characters for what stands around a result."""
_HOW = "Make one with `retinue apply --format json >FILE`."
_ENDS = {
    3: "Not applied: the project, its manifests or the command are wrong.",
    4: "Not applied: the key is missing, refused or not allowed to do this.",
    5: "Not applied: a change is blocked.",
    6: "Not applied: the plan is stale. Plan again and approve that.",
    9: "Not applied: the service cannot be reached.",
    130: "Not applied: the run was interrupted.",
    143: "Not applied: the run was interrupted.",
}


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
            f"{host.repository} {host.number} has no comment by retinue with an applicable plan of {environment}",
            "Plan again, review, and approve that digest.",
        )
    console.result(digest)
    return 0


def _drift(options: HostOptions) -> int:
    """One open issue for the drift of an environment: opened, brought up to date, or closed."""
    project = open_project(options.directory)
    environment = choose_environment(project, options.environment).name
    mark, body = marker(project.name, environment, "drift"), ""
    if options.drift:
        report = read_named(options.drift, LIMIT * 4, "the report", "Make one with `retinue drift --format markdown`.")
        body = f"{mark}\n{report.decode('utf-8', 'replace')}"
    if options.out:
        return _written(body, options)
    with _connected(options) as host:
        found = sorted(host.issues(), key=lambda item: int(item.id))
        todo = steps(found, mark, body)
        if options.no_drift:
            todo = [Step("delete", step.id) for step in todo if step.id]
        _carry_out(host, todo, body, options, f"retinue: drift in {environment}")
    return 0


def _written(body: str, options: HostOptions) -> int:
    console.deliver(body, replace(options, out=None if options.out == STDOUT else options.out))
    return 0


def _carry_out(host: Host, todo: Sequence[Step], body: str, options: HostOptions, issue: str = "") -> None:
    """Do the steps, or say what would be done. `issue`: its title, where they are about one and no comment."""
    where = f"{host.repository} {'' if issue else host.number}".rstrip()
    past = {**_PAST, "delete": "closed"} if issue else _PAST
    if options.dry_run:
        verbs = {"delete": "close"} if issue else {}
        what = "an issue" if issue else "a comment"
        lines = [f"would {verbs.get(step.verb, step.verb)} {step.id or what} in {where}" for step in todo]
    else:
        end = "Nothing differs from what was last applied."
        left = host.keep_issue(todo, issue, body, end) if issue else host.carry_out(todo, body)
        lines = [f"{where}: " + ", ".join(f"{past[step.verb]} {step.id or left}" for step in todo)] if todo else []
    console.result(console.harmless("\n".join(lines) or f"{where}: nothing to do"))


@contextmanager
def _connected(options: HostOptions) -> Iterator[Host]:
    """The host, closed at the end; its refusals name the rights that the token needs."""
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
    "github": "The token needs `pull-requests: write`, for drift `issues: write`. One of a pull request from a fork"
    " never has it: there, write `retinue show PLANFILE --format markdown` to $GITHUB_STEP_SUMMARY.",
    "gitlab": "The token needs the scope `api` and the role Reporter; CI_JOB_TOKEN may not write notes.",
}
_PAST = {"create": "created", "update": "updated", "keep": "kept as it was", "delete": "deleted the duplicate"}


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
    if not number and options.planfile:
        raise UsageError(
            "this run does not belong to a pull or merge request", "Name it with --number; --out FILE needs none."
        )
    url = options.api_url or os.environ.get(url_name) or ("https://api.github.com" * (host == "github"))
    # The token goes there.
    there = urlsplit(url).hostname if is_web_address(url) else None
    if not there or "@" in url or (urlsplit(url).scheme == "http" and not is_loopback(there)):
        raise UsageError("a token cannot be sent to this API URL", "Name one with --api-url https://….")
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
