"""`retinue comment`: a saved plan as the one comment of its environment in a pull or merge request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from ...core.codec import outcome, plan_digest, plan_to_json
from ...core.errors import AuthError, ServiceError, UsageError
from ...core.model import Plan
from ...render.fit import LIMIT
from ...render.inert import units
from ...render.markdown import plan_markdown
from ...review.hosts import HOSTS, Host
from ...review.sticky import approved_digest, head, marker, steps
from .. import console, helping, options
from ..codehost import HostOptions, commit_of, host_of
from ..options import STDOUT
from ..projects import choose_environment, open_project
from ..report import run_link
from .apply import read_plan


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
    first = head(mark, None if outcome(plan) == "blocked" else plan_digest(plan_to_json(plan, "")))
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
        host.number = host.number or host.request_of(commit_of(options.commit))
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
    name, host = host_of(options)
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
