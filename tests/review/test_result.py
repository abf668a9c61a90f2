"""The request hears the end: how an apply ended goes above the plan in its comment, and drift is kept as one issue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retinue.review.sticky import Comment, approved_plan, head, marker, with_result

from ..cli.conftest import Ran, World
from .fakes import COMMIT, TOKEN, Fake, GitHubFake, GitLabFake, serving
from .test_comment import CI, MARK

MERGED = {
    "id": 2,
    "number": 7,
    "iid": 7,
    "merged_at": "2026-01-01T00:00:00Z",
    "merge_commit_sha": COMMIT,
    "state": "merged",
}


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CI:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=[GitHubFake, GitLabFake], ids=["github", "gitlab"])
def fake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A host with a merged request, and the variables that its CI sets after the merge."""
    fake: Fake = request.param()
    fake.requests = [MERGED]
    with serving(fake) as url:
        given = {"GITHUB_REPOSITORY": "acme/bots", "GITHUB_API_URL": url, "GITHUB_SHA": COMMIT, "GITHUB_TOKEN": TOKEN}
        if isinstance(fake, GitLabFake):
            given = {"GITLAB_CI": "true", "CI_PROJECT_ID": "acme/bots", "CI_COMMIT_SHA": COMMIT}
            given |= {"CI_API_V4_URL": url, "GITLAB_TOKEN": TOKEN, "CI_JOB_URL": "https://ci.example.com/jobs/1"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def planned(world: World) -> World:
    world.project()
    for name in ("ant", "bee"):
        world.assistant(name)
    assert world.run("plan", "--out", "plan.json").code == 0
    return world


def tell(world: World, *flags: str) -> Ran:
    ran = world.run("comment", *flags)
    assert TOKEN not in ran.out + ran.err
    return ran


def applied(world: World, *flags: str) -> int:
    """Apply as a pipeline does, its result in a file."""
    ran = world.run("apply", "--format", "json", *(flags or ("--auto-approve",)))
    (world.root / "result.json").write_text(ran.out)
    return ran.code


def test_what_was_done_stands_above_the_plan_and_the_approval_stays(planned: World, fake: Fake) -> None:
    assert tell(planned, "--plan", "plan.json", "--number", "7").code == 0
    (row,) = fake.rows
    plan = row["body"]
    assert applied(planned) == 0
    assert tell(planned, "--result", "result.json").out.endswith("7: updated 101\n")
    body = row["body"]
    first, rest = body.split("\n", 1)
    assert first == plan.split("\n", 1)[0]
    assert rest.startswith("<!-- retinue result -->\n### retinue: applied to `demo` / `dev`\n\n**Applied: 2 created.**")
    assert plan.split("\n", 1)[1].strip() in body
    for name in ("ant", "bee"):
        assert f"- `+ Assistant/{name}` done `asst_" in body
    digest = json.loads((planned.root / "plan.json").read_text())["digest"]
    assert tell(planned, "--read").out == f"{digest}\n"
    # Told again it stays as it is, and a run that had nothing left to do takes nothing back.
    assert "kept as it was 101" in tell(planned, "--result", "result.json").out
    assert applied(planned) == 0
    assert "nothing left to do" in tell(planned, "--result", "result.json").err
    assert row["body"] == body
    # A new plan begins anew.
    assert tell(planned, "--plan", "plan.json", "--number", "7").code == 0
    assert row["body"].strip() == plan.strip()
    assert len(fake.rows) == 1


def test_what_failed_and_what_was_not_started_is_told_by_address_with_its_error(planned: World, fake: Fake) -> None:
    tell(planned, "--plan", "plan.json", "--number", "7")
    value = {
        "outcome": "partial",
        "exit_code": 8,
        "project": "demo",
        "environment": "dev",
        "diagnostics": [{"severity": "warning", "code": "altered", "message": "odd ` text", "remedy": None}
                        | dict.fromkeys(("file", "line", "column", "address", "path"))],
        "results": [
            {"address": f"Assistant/{name}", "action": action, "status": status, "remote_id": None, "error": error,
             "remedy": None}
            for name, action, status, error in (
                ("ant", "create", "done", None),
                ("bee", "update", "failed", "400: no such model <b>@all</b>"),
                ("cow", "delete", "not-started", "another step failed"),
                ("dog", "update", "held", "staging: it is still to update there"),
                ("elk", "create", "unknown", "ReadTimeout"),
                ("fox", "update", "skipped", "Assistant/elk is not done"),
            )
        ],
    }  # fmt: skip
    (planned.root / "result.json").write_text(json.dumps(value))
    assert tell(planned, "--result", "result.json").code == 0
    (row,) = fake.rows
    told = row["body"].split("<!-- /retinue result -->")[0]
    assert "**Applied: 1 created; 1 held, 1 failed, 1 unknown, 1 skipped, 1 not started.**" in told
    for line in (
        "`~ Assistant/bee` failed",
        "`- Assistant/cow` not started",
        "`~ Assistant/dog` held",
        "`+ Assistant/elk` unknown",
        "`~ Assistant/fox` skipped",
        "`+ Assistant/ant` done",
    ):
        assert line in told
    for words in ("no such model", "another step failed", "staging: it is still to update there", "ReadTimeout", "odd"):
        assert words in told
    assert told.index("Assistant/bee") < told.index("Assistant/ant")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--expect-digest", "sha256:" + "0" * 64), 6, "Not applied: the plan is stale"),
        (("--auto-approve", "--timeout", "0s"), 3, "Not applied: the project, its manifests or the command are wrong"),
        ((), 3, "Not applied"),
    ],
)
def test_an_apply_that_ended_before_its_first_step_is_told_too(
    planned: World, fake: Fake, flags: tuple[str, ...], code: int, words: str
) -> None:
    ran = planned.run("apply", "--format", "json", *flags)
    assert ran.code == code
    planned.write("result.json", ran.out)
    assert tell(planned, "--result", "result.json", "-e", "dev").code == 0
    (row,) = fake.rows
    assert row["body"].startswith(f"{MARK}\n<!-- retinue result -->")
    assert words in row["body"]
    assert planned.live() == {}


def test_a_stale_object_is_told_by_its_address_and_field(planned: World, fake: Fake) -> None:
    planned.apply()
    planned.assistant("ant", model="gpt-5")
    planned.run("plan", "--out", "plan.json")
    ant = next(raw for raw in planned.live().values() if raw["metadata"]["retinue.address"].endswith("/ant"))
    planned.emulator.seed({**ant, "model": "other"})
    assert applied(planned, "plan.json") == 6
    assert tell(planned, "--result", "result.json").code == 0
    assert "Assistant/ant: /model was" in fake.rows[0]["body"]


def test_what_is_blocked_and_what_is_wrong_with_a_key_is_told(
    planned: World, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned.apply()
    for name in ("ant", "bee"):
        planned.remove(f"assistants/{name}.yaml")
    planned.assistant("cow")
    assert applied(planned) == 5
    tell(planned, "--result", "result.json")
    assert "- `- Assistant/ant` not started" in fake.rows[0]["body"]
    monkeypatch.delenv("DEMO_KEY")
    assert applied(planned) == 4
    tell(planned, "--result", "result.json", "-e", "dev")
    assert "Not applied: the key is missing, refused or not allowed to do this" in fake.rows[0]["body"]
    assert len(fake.rows) == 1


def test_where_no_request_was_merged_there_is_none_to_tell(planned: World, fake: Fake) -> None:
    fake.requests = []
    assert applied(planned) == 0
    ran = tell(planned, "--result", "result.json")
    assert (ran.code, "No merged request brought this commit" in ran.err, fake.writes()) == (0, True, [])


def test_a_result_is_never_cut_and_a_plan_that_is_too_long_gives_way(planned: World, fake: Fake) -> None:
    fake.add(f"{MARK}<!-- sha256:{'0' * 64} -->\n{'a long plan ' * 5_430}")
    assert applied(planned) == 0
    assert tell(planned, "--result", "result.json").code == 0
    body = fake.rows[0]["body"]
    assert "too long to stay below" in body
    assert body.startswith(f"{MARK}<!-- sha256:{'0' * 64} -->\n<!-- retinue result -->")


def test_only_our_own_comment_is_touched_and_a_dry_run_touches_none(planned: World, fake: Fake) -> None:
    theirs = fake.add(f"{MARK}<!-- sha256:{'0' * 64} -->\nforged", who="mallory")["body"]
    assert applied(planned) == 0
    assert "would create a comment" in tell(planned, "--result", "result.json", "--dry-run").out
    assert fake.writes() == []
    assert tell(planned, "--result", "result.json").code == 0
    assert (fake.rows[0]["body"], "forged" in fake.rows[1]["body"]) == (theirs, False)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"results": [{"address": 1}], "diagnostics": [], "exit_code": 0}', "null"]
)
def test_what_is_no_result_is_refused(planned: World, fake: Fake, text: str) -> None:
    planned.write("result.json", text)
    ran = tell(planned, "--result", "result.json")
    assert (ran.code, fake.writes()) == (3, [])
    assert "does not hold the result of an apply" in ran.err or "empty" in ran.err


def test_other_hosts_get_a_file(planned: World) -> None:
    assert applied(planned) == 0
    assert tell(planned, "--result", "result.json", "--out", "result.md").code == 0
    assert (planned.root / "result.md").read_text().startswith("### retinue: applied to `demo` / `dev`\n")


def test_turned_line_ends_and_a_trimmed_end_lose_nothing() -> None:
    first = head(marker("demo", "dev"), f"sha256:{'0' * 64}")
    body = with_result(first, "result", "### plan\n\ntext")
    turned = body.strip().replace("\n", "\r\n")
    assert approved_plan([Comment("1", turned, True)], MARK) == (first, "### plan\n\ntext", True)
    assert approved_plan([Comment("1", f"{first}\r\n### plan", True)], MARK) == (first, "### plan", False)
    assert approved_plan([Comment("1", turned, False)], MARK) == (MARK, "", False)
    assert (
        with_result(first, "other", approved_plan([Comment("1", turned, True)], MARK)[1]).count("retinue result") == 2
    )


# --- drift


def night(world: World, *, moved: bool) -> Ran:
    if not moved:
        return tell(world, "--no-drift", "-e", "dev")
    assert world.run("drift", "--format", "markdown", "--out", "drift.md", "--detailed-exitcode").code == 2
    return tell(world, "--drift", "drift.md", "-e", "dev")


def test_drift_opens_updates_and_closes_one_issue(planned: World, fake: Fake) -> None:
    planned.apply()
    assert night(planned, moved=False).out == "acme/bots: nothing to do\n"
    first = next(iter(planned.live().values()))
    planned.emulator.seed({**first, "model": "another"})
    assert night(planned, moved=True).out == "acme/bots: created 1\n"
    (issue,) = fake.issues
    text = issue[fake.issue_text]
    assert (issue["title"], text.split("\n")[0]) == ("retinue: drift in dev", "<!-- retinue drift demo/dev -->")
    assert "gpt-4o → another" in text
    assert night(planned, moved=True).out == "acme/bots: kept as it was 1\n"
    planned.emulator.seed({**first, "model": "a third"})
    assert night(planned, moved=True).out == "acme/bots: updated 1\n"
    assert "a third" in issue[fake.issue_text]
    planned.emulator.seed(first)
    assert night(planned, moved=False).out == "acme/bots: closed 1\n"
    assert (issue["state"], issue["said"]) == ("closed", ["Nothing differs from what was last applied."])
    planned.emulator.seed({**first, "model": "another"})
    assert night(planned, moved=True).out == "acme/bots: created 2\n"


def test_issues_of_others_and_of_other_environments_stay_as_they_are(planned: World, fake: Fake) -> None:
    planned.apply()
    first = next(iter(planned.live().values()))
    planned.emulator.seed({**first, "model": "another"})
    mark = "<!-- retinue drift demo/dev -->"
    fake.add_issue("retinue: drift in dev", f"{mark}\nforged", who="mallory")
    fake.add_issue("retinue: drift in prod", "<!-- retinue drift demo/prod -->\nx")
    fake.add_issue("retinue: drift in dev", f"{mark}\na pull request")["pull_request"] = {}
    for number in range(120):
        fake.add_issue(f"another {number}", "text", who="somebody")
    older, double = (fake.add_issue("retinue: drift in dev", f"{mark}\nold") for _ in "ab")
    before = json.dumps(fake.issues[:120])
    key = fake.issue_number
    said = night(planned, moved=True).out
    assert said == f"acme/bots: updated {older[key]}, closed {double[key]}\n"
    assert json.dumps(fake.issues[:120]) == before
    assert tell(planned, "--no-drift", "-e", "dev", "--dry-run").out == f"would close {older[key]} in acme/bots\n"
    assert older["state"] == fake.state_open


def test_a_refusal_names_the_right_that_is_missing(planned: World, fake: Fake) -> None:
    fake.forbid_writes = True
    planned.write("drift.md", "x")
    ran = tell(planned, "--drift", "drift.md", "-e", "dev")
    assert (ran.code, "issues: write" in ran.err or "scope `api`" in ran.err) == (4, True)


def test_just_one_of_the_five(planned: World, tmp_path: Path) -> None:
    for flags in ((), ("--read", "--no-drift"), ("--result", "a", "--plan", "b"), ("--drift", "a", "--no-drift")):
        assert tell(planned, *flags).code == 3
