"""All environments in one table, each read for itself, and what a freeze and a scheduled run may and may not do."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .conftest import KEY, World, opened
from .test_json_outputs import printed, put

SAMPLE = re.compile(r'(?P<name>retinue_[a-z_]+)\{(?P<labels>[a-z]+="[a-z-]+"(,[a-z]+="[a-z-]+")*)\} (?P<value>[0-9]+)')
LATE = "2999-01-01T00:00:00Z"


def environment(name: str, url: str, more: str = "") -> str:
    return f"  {name}: {{provider: openai-assistants, endpoint: {url}/v1, api_key: {{env: DEMO_KEY}}{more}}}\n"


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def fleet(world: World) -> World:
    """`dev` is applied; the others are not."""
    world.project(environment=environment("prod", world.url, ", promote_from: dev"))
    world.assistant("ant", "instructions: Be kind.\n")
    assert world.run("apply", "-e", "dev", "--auto-approve").code == 0
    return world


def by_name(world: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    value = printed(world, "status", "--all", *arguments, code=code)
    return {item["environment"]: item for item in value["environments"]}


def test_each_state_is_told_and_all_in_sync_is_0(fleet: World) -> None:
    rows = by_name(fleet, "--detailed-exitcode", code=2)
    assert (rows["dev"]["state"], rows["dev"]["unchanged"]) == ("in-sync", 1)
    assert (rows["prod"]["state"], rows["prod"]["changes"]) == ("pending", 1)
    plan = json.loads(fleet.run("plan", "-e", "prod", "--format", "json").out)
    assert rows["prod"]["digest"] == plan["digest"]
    assert fleet.run("apply", "-e", "prod", "--auto-approve").code == 0
    assert by_name(fleet, "--detailed-exitcode").keys() == {"dev", "prod"}
    fleet.assistant("ant", "instructions: Be brief.\n")
    rows = by_name(fleet)
    assert (rows["prod"]["state"], rows["prod"]["held"]) == ("held", 1)
    text = fleet.run("status", "--all").out
    assert "Environments: 1 held, 1 pending." in text


def test_what_was_changed_outside_is_drifted(fleet: World) -> None:
    put(fleet, fleet.only(), instructions="Be rude.")
    row = by_name(fleet)["dev"]
    assert (row["state"], row["changes"], row["drifted"]) == ("drifted", 1, 1)


def test_what_keeps_one_from_being_read_hides_no_other(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_KEY", raising=False)
    more = (
        environment("dead", closed_port())
        + environment("gone", f"{fleet.url}/nothing")
        + environment("keyless", fleet.url).replace("DEMO_KEY", "NO_KEY")
        + environment("wrong", fleet.url, ", overlay: overlays/none.yaml")
        + environment("after", fleet.url, ", promote_from: dead")
    )
    fleet.project(environment=more)
    value = printed(fleet, "status", "--all", "--timeout", "5s", code=3)
    rows = {item["environment"]: item for item in value["environments"]}
    assert list(rows) == ["dev", "dead", "gone", "keyless", "wrong", "after"]
    whys = {name: row["why"] for name, row in rows.items()}
    assert whys == {
        "dev": None,
        "dead": "unreachable",
        "gone": "gone",
        "keyless": "auth",
        "wrong": "invalid",
        "after": None,
    }
    assert rows["dev"]["state"] == "in-sync"
    assert rows["after"]["state"] == "pending"
    assert rows["after"]["digest"] is None
    assert [item["code"] for item in rows["after"]["diagnostics"]] == ["unproven"]
    assert [name for name, row in rows.items() if not row["diagnostics"]] == ["dev"]
    for form in ("text", "markdown"):
        ran = fleet.run("status", "--all", "--timeout", "5s", "--format", form)
        assert ran.code == 3
        assert [name for name in rows if name not in ran.out] == []


def test_a_service_that_never_answers_delays_no_longer_than_its_time(fleet: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        fleet.project(environment=environment("silent", url))
        rows = by_name(fleet, "--timeout", "3s", code=9)
    assert rows["dev"]["state"] == "in-sync"
    assert rows["silent"]["why"] in ("timeout", "unreachable")


def test_offline_is_a_matrix_that_needs_no_key(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_KEY")
    ran = fleet.run("status", "--offline")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    assert [item["environment"] for item in json.loads(ran.out)["include"]] == ["dev", "prod"]


def test_flags_that_exclude_each_other(fleet: World) -> None:
    for wrong in (("--all", "-e", "dev"), ("--offline", "--format", "text"), ("--offline", "--metrics-file", "x")):
        assert fleet.run("status", *wrong).code == 3
    assert fleet.run("status").code == 3  # which of the two?
    assert fleet.run("reconcile", "-e", "dev").code == 3
    assert fleet.run("reconcile", "--once", "-e", "dev", "--mode", "approved").code == 3
    assert fleet.run("reconcile", "--once", "-e", "dev", "--approved", "x").code == 3


def test_metrics_are_lines_of_the_text_format(fleet: World) -> None:
    fleet.project(environment=environment("prod", fleet.url) + environment("dead", closed_port()))
    path = fleet.root / "retinue.prom"
    assert fleet.run("status", "--all", "--timeout", "5s", "--metrics-file", str(path)).code == 9
    samples = {}
    for line in path.read_text().splitlines():
        found = SAMPLE.fullmatch(line)
        assert found or re.fullmatch(r"# (HELP|TYPE) retinue_[a-z_]+ .+", line), line
        if found:
            assert f"# TYPE {found['name']} gauge\n" in path.read_text()
            samples[found["name"], found["labels"]] = float(found["value"])
    states = {labels for (name, labels), value in samples.items() if name == "retinue_environment_state" and value}
    assert states == {
        'project="demo",environment="dev",state="in-sync"',
        'project="demo",environment="prod",state="pending"',
        'project="demo",environment="dead",state="unreachable"',
    }
    assert samples["retinue_objects", 'project="demo",environment="prod",what="changes"'] == 1
    assert not [labels for name, labels in samples if name == "retinue_objects" and "dead" in labels]
    assert samples["retinue_last_run_timestamp_seconds", 'project="demo"'] > 1e9


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "--auto-approve"),
        ("destroy", "--auto-approve", "--allow", "brake=1"),
        ("forget", "Assistant/ant", "--auto-approve"),
        ("verify", "--", "true"),
        ("providers", "check", "--auto-approve"),
        ("apply", "plan.json"),
    ],
    ids=" ".join,
)
def test_a_freeze_stops_every_write_and_no_plan(fleet: World, arguments: tuple[str, ...]) -> None:
    if arguments[0] == "apply":
        fleet.assistant("bee")
    elif arguments[0] == "forget":
        fleet.assistant("cat")
        fleet.remove("assistants/ant.yaml")
    before = fleet.run("plan", "-e", "dev", "--format", "json", "--out", "plan.json").out
    fleet.project(environment=f"    freeze: {{until: '{LATE}', reason: the sale}}\n")
    assert fleet.run("plan", "--format", "json").out == before
    writes = fleet.writes()
    ran = fleet.run(*arguments)
    assert ran.code == 5, ran.err
    assert "frozen until" in ran.err
    assert "the sale" in ran.err
    assert fleet.writes() == writes
    assert "frozen until" in fleet.run("status").out
    fleet.project(environment="    freeze: {until: '2001-01-01', reason: over}\n")
    if arguments[0] == "apply":
        assert fleet.run(*arguments).code == 0
        assert fleet.run("plan", "--detailed-exitcode").code == 0
    assert "frozen" not in fleet.run("status").out


def test_nothing_to_do_is_0_in_a_freeze(fleet: World) -> None:
    fleet.project(environment=f"    freeze: {{until: '{LATE}', reason: the sale}}\n")
    assert fleet.run("apply", "--auto-approve").code == 0


@pytest.mark.parametrize(
    "until", ["2026-02-30", "2026-13-01", "tomorrow", "2026-12-24T25:00:00Z", "2026-12-24T10:00:00", "12", ""]
)
def test_a_freeze_that_no_calendar_has_is_told_at_its_line(fleet: World, until: str) -> None:
    fleet.project(environment=f"    freeze: {{until: '{until}', reason: x}}\n")
    ran = fleet.run("validate")
    assert ran.code == 3
    assert "retinue.yaml:9:21:" in ran.err


def test_reconcile_writes_nothing_that_was_not_approved(fleet: World) -> None:
    fleet.assistant("bee")
    writes = fleet.writes()
    value = printed(fleet, "reconcile", "--once", "-e", "dev", schema="status")
    digest = value["environments"][0]["digest"]
    other = "sha256:" + "0" * 64
    fleet.write("approved.txt", f"# reviewed\n\n{other} an older one\n")
    ran = fleet.run("reconcile", "--once", "-e", "dev", "--mode", "approved", "--approved", "approved.txt")
    assert ran.code == 0
    assert f"Not approved, so not applied: {digest}" in ran.err
    assert fleet.writes() == writes
    fleet.write("approved.txt", "yes\n")
    wrong = fleet.run("reconcile", "--once", "-e", "dev", "--mode", "approved", "--approved", "approved.txt")
    assert wrong.code == 3
    assert "approved.txt:1" in wrong.err


def test_reconcile_applies_what_was_approved_once_and_tells_the_metrics(fleet: World) -> None:
    fleet.assistant("bee")
    digest = json.loads(fleet.run("plan", "-e", "dev", "--format", "json").out)["digest"]
    words = ("reconcile", "--once", "-e", "dev", "--mode", "approved", "--approved", "-", "--metrics-file", "m.prom")
    ran = fleet.run(*words, stdin=f"{digest}\n")
    assert ran.code == 0, ran.err
    assert 'environment="dev",state="in-sync"} 1' in (fleet.root / "m.prom").read_text()
    assert fleet.run("plan", "-e", "dev", "--detailed-exitcode").code == 0
    assert fleet.run(*words, stdin=f"{digest}\n").code == 0


def test_reconcile_does_not_undo_what_somebody_edited_after_the_review(fleet: World) -> None:
    fleet.assistant("ant", "instructions: Be brief.\n")
    digest = json.loads(fleet.run("plan", "-e", "dev", "--format", "json").out)["digest"]
    put(fleet, fleet.only(), instructions="Edited by hand.")
    words = ("reconcile", "--once", "-e", "dev", "--mode", "approved", "--approved", "-")
    writes = fleet.writes()
    assert fleet.run(*words, stdin=digest).code == 0
    assert fleet.only()["instructions"] == "Edited by hand."
    assert fleet.writes() == writes


def test_reconcile_in_a_freeze_is_5_for_what_was_approved(fleet: World) -> None:
    fleet.assistant("bee")
    digest = json.loads(fleet.run("plan", "-e", "dev", "--format", "json").out)["digest"]
    fleet.project(environment=f"    freeze: {{until: '{LATE}', reason: the sale}}\n")
    assert fleet.run("reconcile", "--once", "--mode", "approved", "--approved", "-", stdin=digest).code == 5
    assert fleet.run("reconcile", "--once").code == 0


def test_an_environment_that_cannot_be_read_is_no_0(fleet: World) -> None:
    fleet.project(environment=environment("dead", closed_port()))
    ran = fleet.run("reconcile", "--once", "-e", "dead", "--timeout", "5s", "--metrics-file", "m.prom")
    assert ran.code == 9
    assert 'state="unreachable"} 1' in (fleet.root / "m.prom").read_text()
    assert KEY not in ran.out + ran.err
    assert threading.active_count() < 50


class Counting:
    """Notes how many requests are in flight at most, of each key."""

    def __init__(self, application: Any) -> None:
        self.application, self.lock = application, threading.Lock()
        self.now, self.most = Counter[str](), Counter[str]()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        key = environ["HTTP_AUTHORIZATION"]
        with self.lock:
            self.now[key] += 1
            self.most[key] = max(self.most[key], self.now[key])
        try:
            return [*self.application(environ, start_response)]
        finally:
            with self.lock:
                self.now[key] -= 1


def test_environments_of_one_account_share_their_budget_and_those_of_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting: list[Counting] = []

    def counted(emulator: Any) -> Counting:
        counting.append(Counting(emulator))
        return counting[0]

    monkeypatch.setenv("OTHER_KEY", "sk-other")
    with opened(tmp_path / "demo", monkeypatch, counted) as world:
        more = [environment(f"e{number}", world.url) for number in range(5)]
        world.project(environment="".join(more) + environment("other", world.url).replace("DEMO_KEY", "OTHER_KEY"))
        world.emulator.latency = 0.05
        assert set(by_name(world, "--parallelism", "2")) == {"dev", "other", *(f"e{number}" for number in range(5))}
        assert counting[0].most == {f"Bearer {KEY}": 2, "Bearer sk-other": 1}


def test_a_freeze_is_told_wherever_it_stands_and_only_while_it_holds(fleet: World) -> None:
    over, holds = (f', freeze: {{until: "{year}-01-01", reason: Holidays}}' for year in (2020, 2999))
    more = environment("past", fleet.url, over) + environment("dead", closed_port(), holds)
    fleet.project(environment=more)
    rows = by_name(fleet, "--timeout", "5s", code=9)
    assert {name for name, row in rows.items() if row["freeze"]} == {"dead"}
    listed = json.loads(fleet.run("status", "--offline").out)["include"]
    assert {row["environment"] for row in listed if row["frozen"]} == {"dead"}
    markdown = fleet.run("status", "--all", "--timeout", "5s", "--format", "markdown").out
    assert "frozen until 2999-01-01: Holidays" in markdown


def test_markdown_tells_what_is_not_known(fleet: World) -> None:
    fleet.project(
        environment=environment("dead", closed_port()) + environment("after", fleet.url, ", promote_from: dead")
    )
    assert "what is held is not known" in fleet.run("status", "--all", "--timeout", "5s", "--format", "markdown").out
