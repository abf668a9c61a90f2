"""`retinue emulator` as a process of its own: its options, how it ends, and what outlives it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from retinue.cli import app
from retinue_emulator.app import Emulator

from .client import HEADERS, good, in_process, refusal

COMMAND = [sys.executable, "-W", "error", "-m", "retinue", "emulator"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent another way there")


class Served:
    """A running command, the URL it printed, and a client of it."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        self.client = httpx.Client(base_url=f"{self.url}/v1", headers=HEADERS, timeout=10)

    def create(self) -> httpx.Response:
        return self.client.post("assistants", json={"model": "m"})

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal; the exit code and what it printed since the URL."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err

    def close(self) -> None:
        self.client.close()
        self.end(signal.SIGTERM)


@pytest.fixture
def start() -> Iterator[Callable[..., Served]]:
    """`start(*options)`: a running `retinue emulator`."""
    with ExitStack() as stack:

        def run(*options: str) -> Served:
            served = Served(*options)
            stack.callback(served.close)
            return served

        yield run


def refused(*options: str) -> tuple[int, str]:
    """The exit code and stderr of a command that does not come to serve."""
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=10)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_it_prints_the_url_of_a_free_port_of_loopback_as_soon_as_it_serves(start: Callable[..., Served]) -> None:
    first, second = start(), start("--port", "0")
    assert first.url.startswith("http://127.0.0.1:")
    assert first.url != second.url
    assert good(first.create())["model"] == "m"
    assert good(second.client.get("assistants"))["data"] == []


def test_a_request_by_hand_succeeds_with_what_is_told_and_not_with_less(start: Callable[..., Served]) -> None:
    served = start()
    assert served.process.stderr
    lines = [served.process.stderr.readline() for _ in range(8)]
    asked = []
    for line in lines:
        name, base, *rest = re.split("  +", line.strip())
        query = dict(item[1:].split("=") for item in rest if item.startswith("?"))
        headers = dict(item.split(": ") for item in rest if not item.startswith("?"))
        path = {
            "OpenAI Agents": "agents",
            "Foundry": "agents",
            "Anthropic": "v1/agents",
            "Mistral": "v1/agents/pages",
        }.get(name, "assistants")
        assert base.startswith(served.url)
        answer = httpx.get(f"{base}/{path}", params=query, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), line
        for key in headers:
            less = {name: value for name, value in headers.items() if name != key}
            assert httpx.get(f"{base}/{path}", params=query, headers=less).status_code in (400, 401), line
        asked.append(base.removeprefix(served.url))
    projects = ["/api/projects/NAME", "/api/projects/NAME"]
    assert asked == ["/v1", "/v1", "/openai", *projects, "/api/v1", "/anthropic", "/mistral"]


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well_even_with_a_connection_open(start: Callable[..., Served], number: int) -> None:
    served = start()
    good(served.create())
    code, out, err = served.end(number)
    assert (code, out, len(err.splitlines())) == (0, "", 8), err


@POSIX
def test_an_answer_under_way_is_sent_before_it_ends(start: Callable[..., Served]) -> None:
    served = start("--latency", "0.5")
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(served.create()))
    thread.start()
    thread.join(0.2)
    assert served.end(signal.SIGTERM)[0] == 0
    thread.join()
    assert good(answers[0])["model"] == "m"


@POSIX
def test_what_was_answered_survives_kill_9(start: Callable[..., Served], tmp_path: Path) -> None:
    path = str(tmp_path / "db.sqlite")
    served = start("--db", path)
    answered: list[str] = []
    enough = threading.Event()

    def work() -> None:
        with httpx.Client(base_url=f"{served.url}/v1", headers=HEADERS, timeout=10) as client:
            while True:
                try:
                    answered.append(good(client.post("assistants", json={"model": "m"}))["id"])
                except httpx.TransportError:
                    return
                if len(answered) > 100:
                    enough.set()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert enough.wait(10)
    assert served.end(signal.SIGKILL)[0] == -signal.SIGKILL
    for thread in threads:
        thread.join()
    emulator = Emulator(path)
    with in_process(emulator) as api:
        kept = api.walk(limit=100)
    emulator.close()
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept)) <= len(answered) + len(threads)


def test_a_file_keeps_its_objects_for_the_next_start(start: Callable[..., Served], tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "folder" / "db.sqlite")
    first = start("--db", path)
    key = good(first.create())["id"]
    first.end(signal.SIGTERM)
    again = start("--db", path)
    assert good(again.client.get(f"assistants/{key}"))["id"] == key


# --- options


def test_beyond_the_rate_it_is_429_with_the_hint_that_was_asked_for(start: Callable[..., Served]) -> None:
    client = start("--rate", "0.1", "--burst", "2", "--hint", "ms").client
    assert [client.get("assistants").status_code for _ in range(2)] == [200, 200]
    limited = client.get("assistants")
    assert refusal(limited) == (429, "rate_limit_exceeded", None)
    assert 0 < int(limited.headers["retry-after-ms"]) <= 10_000
    assert "retry-after" not in limited.headers


def test_a_429_may_have_no_hint(start: Callable[..., Served]) -> None:
    client = start("--rate", "0.1", "--burst", "1", "--hint", "none").client
    answers = [client.get("assistants") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert not [name for name in answers[1].headers if name.startswith("retry-after")]


def fates(served: Served) -> list[Any]:
    """How each of 30 creates ended."""
    found: list[Any] = []
    for _ in range(30):
        try:
            answer = served.create()
            found.append((answer.status_code, answer.headers["content-type"], answer.text[:1]))
        except httpx.TransportError:
            found.append("dropped")
    return found


def test_one_seed_gives_one_run_of_failures(start: Callable[..., Served]) -> None:
    options = ("--failures", "0.5", "--seed")
    first, again, other = (fates(start(*options, seed)) for seed in ("7", "7", "8"))
    assert first == again != other
    assert "dropped" in first
    assert any(fate[0] == 500 for fate in first)
    assert any(fate[0] == 200 for fate in first)


def test_settings_are_text_or_json(start: Callable[..., Served]) -> None:
    settings = ("metadata=replace", "api_key=sk-only", 'unsupported=["top_p"]', "lag_lists=1")
    served = start(*(part for setting in settings for part in ("--set", setting)))
    assert refusal(served.create())[:2] == (401, "invalid_api_key")
    served.client.headers["Authorization"] = "Bearer sk-only"
    unsupported = served.client.post("assistants", json={"model": "m", "top_p": 0.5})
    assert refusal(unsupported) == (400, "unsupported_parameter", "top_p")
    key = good(served.client.post("assistants", json={"model": "m", "metadata": {"a": "1"}}))["id"]
    assert [len(good(served.client.get("assistants"))["data"]) for _ in range(2)] == [0, 1]
    assert good(served.client.post(f"assistants/{key}", json={"metadata": {"b": "2"}}))["metadata"] == {"b": "2"}


def test_the_control_route_is_there_only_when_asked_for(start: Callable[..., Served]) -> None:
    plain, controlled = start(), start("--control")
    assert httpx.get(f"{plain.url}/_emulator/control").status_code == 404
    assert httpx.post(f"{controlled.url}/_emulator/control", json={"behaviour": {"gone": True}}).status_code == 200
    assert refusal(controlled.create())[0] == 404


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("metadata=mix", "metadata is one of ('merge', 'replace'), not 'mix'"),
        ("colour=red", "unknown: colour; known: metadata,"),
        ("metadata", "--set metadata: expected NAME=VALUE"),
        ("gone=perhaps", "gone is one of (False, True), not 'perhaps'"),
        ("lag_seconds=Infinity", "lag_seconds needs a number from 0, not inf"),
        ("lag_seconds=soon", "lag_seconds needs a number from 0, not 'soon'"),
        ("token_requests=true", "token_requests needs a number from 0, not True"),
        ("unsupported=top_p", "unsupported needs a set of field names, not 'top_p'"),
        ("api_key=5", "api_key needs a text, not 5"),
    ],
)
def test_a_setting_that_does_not_exist_is_a_usage_error(setting: str, told: str) -> None:
    code, err = refused("--set", setting)
    assert code == 3
    assert told in err


@pytest.mark.parametrize(
    "options",
    [
        ("--rate", "0"),
        ("--rate", "-1"),
        ("--rate", "nan"),
        ("--rate", "inf"),
        ("--latency", "-1"),
        ("--latency", "nan"),
        ("--latency", "inf"),
        ("--failures", "2"),
        ("--failures", "nan"),
        ("--burst", "0"),
        ("--port", "70000"),
    ],
)
def test_a_figure_out_of_bounds_is_a_usage_error(options: tuple[str, str]) -> None:
    code, err = refused(*options)
    assert code == 3
    assert options[0] in err


def test_a_port_in_use_is_a_usage_error_with_a_way_out(start: Callable[..., Served]) -> None:
    port = start().url.rpartition(":")[2]
    code, err = refused("--port", port)
    assert code == 3
    assert f"cannot listen on 127.0.0.1:{port}" in err
    assert "0 takes a free one" in err


def test_a_file_that_is_no_database_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, but long enough to look like one " * 20)
    for path in (tmp_path, tmp_path / "text", tmp_path / "text" / "below", "/dev/null", "x" * 5_000):
        code, err = refused("--db", str(path))
        assert (code, "--db" in err) == (3, True), err


@pytest.mark.parametrize(
    "options",
    [
        ("--db", "a\0b"),
        ("--db", "half \ud800"),
        ("--host", "a\0b"),
        ("--host", "\ud800"),
        ("--host", "x" * 300),
        ("--set", "metadata=" + "[" * 100_000),
    ],
    ids=range(6),
)
def test_a_name_or_a_setting_that_none_can_be_is_a_usage_error(
    options: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["emulator", *options]) == 3
    assert "Error: " in capsys.readouterr().err


def test_the_control_route_saves_a_row_as_the_page_of_flowise_does(start: Callable[..., Served]) -> None:
    url = start("--control").url
    details = {"name": "A", "metadata": {"k": "v"}, "temperature": "0.7", "model": "m"}
    made = {"object": "flowise.credential", "id": "c", "credentialName": "openAIApi"}
    row = {"object": "flowise.assistant", "id": "r", "type": "OPENAI", "credential": "c"}

    def control(**body: object) -> int:
        return httpx.post(f"{url}/_emulator/control", json=body).status_code

    headers = {"Authorization": "Bearer k", "OpenAI-Beta": "assistants=v2"}
    key = httpx.post(f"{url}/v1/assistants", json={"model": "m"}, headers=headers).json()["id"]
    assert control(objects=[made, {**row, "details": {**details, "id": key}}]) == 200
    assert control(flowise_pages=[{"id": "r", "details": {"instructions": "New."}}]) == 200
    held = httpx.get(f"{url}/api/v1/assistants/r", headers=headers).json()["details"]
    assert json.loads(held) == {
        "name": "A", "model": "m", "instructions": "New.", "temperature": 0.7, "top_p": None, "tools": [],
        "tool_resources": {}, "id": key,
    }  # fmt: skip
    assert control(flowise_pages=[{"id": "nope"}]) == 400
    assert control(flowise_pages=[{}]) == 400
