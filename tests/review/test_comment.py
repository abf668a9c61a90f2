"""`retinue comment` against fakes of GitHub and GitLab: one comment, only our own, at the right place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retinue.review.sticky import Comment, Step, approved_digest, head, marker, steps

from ..cli.conftest import Ran, World
from .fakes import COMMIT, TOKEN, Fake, GitHubFake, GitLabFake, serving

MARK = "<!-- retinue plan demo/dev -->"
CI: tuple[str, ...] = (
    "GITHUB_ACTIONS",
    "GITHUB_REPOSITORY",
    "GITHUB_API_URL",
    "GITHUB_EVENT_PATH",
    "GITHUB_REF",
    "GITHUB_TOKEN",
)
CI += ("GITLAB_CI", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "CI_API_V4_URL", "GITLAB_TOKEN", "CI_JOB_URL")
CI += ("GITHUB_SERVER_URL", "GITHUB_RUN_ID")


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CI:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def planned(world: World) -> World:
    world.project()
    world.assistant("greeter")
    assert world.run("plan", "--out", "plan.json").code == 0
    return world


@pytest.fixture(params=[GitHubFake, GitLabFake], ids=["github", "gitlab"])
def fake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Fake]:
    """A host, and the variables that its CI sets."""
    fake: Fake = request.param()
    with serving(fake) as url:
        if isinstance(fake, GitHubFake):
            event = tmp_path / "event.json"
            event.write_text(json.dumps({"pull_request": {"number": 7}}))
            given = {"GITHUB_REPOSITORY": "acme/bots", "GITHUB_API_URL": url, "GITHUB_EVENT_PATH": str(event)}
            given |= {"GITHUB_TOKEN": TOKEN}
        else:
            given = {"GITLAB_CI": "true", "CI_PROJECT_ID": "acme/bots", "CI_MERGE_REQUEST_IID": "7"}
            given |= {"CI_API_V4_URL": url, "GITLAB_TOKEN": TOKEN}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield fake


def comment(world: World, *flags: str) -> Ran:
    ran = world.run("comment", "--plan", "plan.json", *flags)
    assert TOKEN not in ran.out + ran.err
    return ran


def test_the_comment_is_made_once_and_then_kept_up_to_date(planned: World, fake: Fake) -> None:
    assert comment(planned).out.endswith("7: created 101\n")
    (row,) = fake.rows
    assert row["body"].startswith(f"{MARK}<!-- sha256:")
    assert row["body"].split("\n", 1)[1].startswith("### retinue: `demo` / `dev`\n\n**Plan: 1 to create")
    assert "7: kept as it was 101" in comment(planned).out
    assert len(fake.writes()) == 1
    planned.apply()
    planned.run("plan", "--out", "plan.json")
    assert "7: updated 101" in comment(planned).out
    assert "**No changes. 1 object matches its manifest.**" in row["body"]
    assert [line.split()[0] for line in fake.writes()] == ["POST", fake.patch]


def test_old_doubles_are_removed_on_any_page_and_others_stay(planned: World, fake: Fake) -> None:
    fake.add(f"{MARK} quoted by somebody", who="mallory")
    for number in range(150):
        fake.add(f"a remark {number}", who="somebody")
    first = fake.add(f"{MARK}\r\nold text")["id"]
    fake.add("<!-- retinue plan demo/prod -->\nanother environment")
    fake.add(f"our own remark about {MARK}")
    second = fake.add(f"{MARK}\nolder")["id"]
    assert f"updated {first}, deleted the duplicate {second}" in comment(planned).out
    assert len(fake.rows) == 154
    assert sum(line.startswith(f"GET {fake.collection}") for line in fake.seen) == 2
    assert [line.split()[0] for line in fake.writes()] == [fake.patch, "DELETE"]


def test_a_dry_run_reads_and_says_what_it_would_do(planned: World, fake: Fake) -> None:
    assert "would create a comment in acme/bots" in comment(planned, "--dry-run").out
    first, second = (fake.add(f"{MARK}\nold")["id"] for _ in "ab")
    said = comment(planned, "--dry-run").out
    assert [line.split(" in ")[0] for line in said.splitlines()] == [f"would update {first}", f"would delete {second}"]
    assert fake.writes() == []


def test_a_refusal_names_the_right_that_is_missing(planned: World, fake: Fake) -> None:
    fake.forbid_writes = True
    ran = comment(planned)
    assert (ran.code, ran.out) == (4, "")
    assert "pull-requests: write" in ran.err or "scope `api`" in ran.err


def test_an_update_is_tried_again_and_a_lost_create_is_not(planned: World, fake: Fake) -> None:
    fake.fail = [502]
    ran = comment(planned)
    assert (ran.code, "may or may not have been created" in ran.err) == (1, True)
    assert len(fake.writes()) == 1
    fake.add(f"{MARK}\nold")
    fake.fail = [502]
    assert comment(planned).code == 0
    assert len(fake.writes()) == 3


@pytest.mark.parametrize("base", ["", "/v3"], ids=["github.com", "a server of one's own"])
def test_the_comment_of_another_bot_is_neither_touched_nor_an_approval(
    planned: World, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    fake = GitHubFake()
    with serving(fake) as url:
        forged = f"{MARK}<!-- sha256:{'0' * 64} -->\nforged"
        for who in ("mallory", "echo[bot]"):
            fake.add(forged, who=who)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        flags = ("--host", "github", "--repository", "acme/bots", "--number", "7", "--api-url", url + base)
        assert planned.run("comment", "--read", *flags).code == 3
        own = fake.add(f"{MARK}\nold")["id"]
        assert comment(planned, *flags).out.endswith(f"updated {own}\n")
    assert [row["body"] for row in fake.rows[:2]] == [forged, forged]


def test_a_token_that_is_nobodys_ends_in_4(planned: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = GitHubFake()
    fake.me = None
    with serving(fake) as url:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        ran = comment(planned, "--repository", "acme/bots", "--number", "7", "--api-url", url, "-v")
    assert (ran.code, "whose token this is" in ran.err, fake.rows) == (4, True, [])


@pytest.mark.parametrize(
    ("event", "ref", "number"),
    [
        ({"pull_request": {"number": 7}}, "", 7),
        ({"issue": {"number": 7, "pull_request": {}}}, "", 7),
        ({}, "refs/pull/7/merge", 7),
        ({"issue": {"number": 7}}, "refs/heads/main", 0),
        ([], "", 0),
    ],
)
def test_the_number_comes_from_the_event_or_the_ref(
    planned: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, event: object, ref: str, number: int
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_REF", ref)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    fake = GitHubFake()
    with serving(fake) as url:
        ran = comment(planned, "--repository", "acme/bots", "--api-url", url)
    assert (ran.code, len(fake.rows)) == ((0, 1) if number else (3, 0))


BAD = {
    "no repository": ("--number", "7"),
    "no number": ("--repository", "a/b"),
    "no owner": ("--repository", "b", "--number", "7"),
    "a token in the clear": ("--repository", "a/b", "--number", "7", "--api-url", "http://example.com"),
    "user info": ("--repository", "a/b", "--number", "7", "--api-url", "https://me:x@example.com"),
    "a link that is none": ("--link", "javascript:x"),
}


@pytest.mark.parametrize("flags", BAD.values(), ids=BAD.keys())
def test_wrong_usage_ends_in_3(planned: World, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert comment(planned, *flags).code == 3


def test_no_token_ends_in_4(planned: World) -> None:
    ran = comment(planned, "--repository", "a/b", "--number", "7", "--token-env", "MINE")
    assert (ran.code, "MINE holds no token" in ran.err) == (4, True)


def test_other_hosts_get_a_file(planned: World) -> None:
    assert comment(planned, "--out", "comment.md").code == 0
    text = (planned.root / "comment.md").read_text()
    assert text.startswith(f"{MARK}<!-- sha256:")
    assert "-->\n### retinue: `demo` / `dev`\n" in text


def test_only_ours_that_begin_with_the_marker_are_touched() -> None:
    found = [Comment("1", f"{MARK}\nx", False), Comment("2", f"> {MARK}", True), Comment("3", f"{MARK}\nx", True)]
    assert steps(found, MARK, f"{MARK}\nx\n") == [Step("keep", "3")]
    assert steps(found[:2], MARK, "x") == [Step("create")]


def test_a_marker_is_one_html_comment_whatever_the_names_are() -> None:
    assert marker("demo", "dev") == MARK
    assert marker("a-->\n<b>", "c/d") == "<!-- retinue plan a--%3E%0A%3Cb%3E/c%2Fd -->"
    assert marker("a", "b/c") != marker("a/b", "c")


def test_what_was_approved_is_read_after_the_merge(planned: World, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = json.loads((planned.root / "plan.json").read_text())["digest"]
    assert comment(planned).code == 0
    for name in ("GITHUB_EVENT_PATH", "CI_MERGE_REQUEST_IID"):
        monkeypatch.delenv(name, raising=False)
    merged = {"number": 7, "iid": 7, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": COMMIT, "state": "merged"}
    other = {"id": 1, "number": 8, "iid": 8, "merged_at": None, "state": "opened"}
    fake.requests = [other, {"id": 2, **merged}]
    assert planned.run("comment", "--read", "--commit", COMMIT).out == f"{digest}\n"
    fake.requests = [other]
    assert planned.run("comment", "--read", "--commit", COMMIT).code == 3
    assert planned.run("comment", "--read").code == 3
    assert planned.run("comment", "--read", "--number", "7", "-e", "dev").out == f"{digest}\n"
    fake.rows[0]["body"] = f"{MARK}\nblocked"
    assert planned.run("comment", "--read", "--number", "7").code == 3


def test_a_digest_that_somebody_else_wrote_approves_nothing() -> None:
    digest = f"sha256:{'0' * 64}"
    forged, ours = Comment("1", f"{MARK}<!-- {digest} -->", False), Comment("2", f"{MARK}\n<!-- {digest} -->", True)
    assert approved_digest([forged], MARK) is None
    assert approved_digest([ours], MARK) is None
    assert approved_digest([Comment("3", head(MARK, digest), True)], MARK) == digest


def test_one_of_plan_and_read(planned: World) -> None:
    assert planned.run("comment").code == 3
    assert planned.run("comment", "--plan", "plan.json", "--read").code == 3
