"""What a command loads: the cheap ones must stay cheap. Asserted on modules, never on milliseconds."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from retinue_emulator.app import Emulator

from .serving import raw_served, request_in, served

HEAVY = {"yaml", "jsonschema", "httpx", "deepdiff", "asyncio", "sqlite3", "importlib.metadata"}
UNUSED = {"attr", "referencing", "jsonschema", "deepdiff", "difflib", "asyncio", "sqlite3", "importlib.metadata"}
UNUSED |= {f"retinue.render.{name}" for name in ("entries", "fields", "textdiff", "linematch", "wrapped", "webpage")}
UNUSED |= {"retinue.load.written", "retinue.render.markdown", "retinue.render.machines", "retinue.load.export"}
UNUSED.add("retinue_emulator")
"""What no plan of valid manifests needs, if nothing differs."""
PROBE = """
import json, sys
sys.argv = ["retinue", *{arguments!r}]
from retinue.cli import main
try:
    main()
except SystemExit:
    pass
finally:
    sys.stderr.write("\\n" + json.dumps(sorted({heavy!r} & set(sys.modules))))
"""


def loaded(folder: Path, *arguments: str, of: set[str] = HEAVY) -> set[str]:
    """The heavy modules in memory after a command."""
    code = PROBE.format(arguments=list(arguments), heavy=of)
    surroundings = {**os.environ, "RETINUE_TEST_KEY": "k"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=surroundings)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--help"], ["-h"], ["nonsense"]])
def test_version_help_and_typos_load_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert loaded(tmp_path, *arguments) == set()


def test_validate_loads_neither_http_nor_the_emulator(repository: Path) -> None:
    found = loaded(repository / "examples" / "quickstart", "validate")
    assert found.isdisjoint({"httpx", "deepdiff", "sqlite3", "asyncio"})
    assert "yaml" in found


def test_a_plan_without_a_nested_difference_never_loads_deepdiff(tmp_path: Path, repository: Path) -> None:
    project = tmp_path / "retinue.yaml"
    project.write_text(
        "version: 1\nproject: p\nmanifests: [a.yaml]\n"
        "environments: {local: {provider: openai-assistants, endpoint: emulator}}\n"
    )
    (tmp_path / "a.yaml").write_text("assistant: a\nmodel: gpt-4o\n")
    assert "deepdiff" not in loaded(tmp_path, "plan")


def project(folder: Path, endpoint: str, manifest: str, more: str = "") -> Path:
    (folder / "retinue.yaml").write_text(
        "version: 1\nproject: p\nmanifests: [a.yaml]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, endpoint: '{endpoint}', api_key: {{env: RETINUE_TEST_KEY}}{more}}}\n"
    )
    (folder / "a.yaml").write_text(manifest)
    return folder


MANIFEST = """assistant: a
model: gpt-4o
tools:
  - {type: function, function: {name: f, parameters: {type: object, properties: {x: {type: string}}}}}
retinue: {labels: {team: a}, protect: true}
"""


def test_a_plan_of_valid_manifests_imports_just_what_it_uses(tmp_path: Path) -> None:
    with closing(Emulator()) as emulator, served(emulator) as url:
        folder = project(tmp_path, f"{url}/v1", MANIFEST)
        assert loaded(folder, "apply", "--auto-approve", of={"jsonschema", "attr", "deepdiff", "sqlite3"}) == set()
        assert loaded(folder, "plan", "--detailed-exitcode", of=UNUSED) == set()
        assert [request.method for request in emulator.requests].count("POST") == 1


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "RETINUE_TEST_KEY": "k"}
    command = [sys.executable, "-m", "retinue", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=surroundings, timeout=60)


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes a request and never answers; and if one came."""
    asked, over = threading.Event(), threading.Event()

    def handle(connection: socket.socket) -> None:
        request_in(connection)
        asked.set()
        over.wait()

    with raw_served(handle) as (url, _):
        try:
            yield url, asked
        finally:
            over.set()


def test_a_manifest_error_waits_for_no_answer(tmp_path: Path) -> None:
    with silent() as (url, _):
        done = run(project(tmp_path, f"{url}/v1", "assistant: a\nmodle: gpt-4o\n"), "plan")
    assert done.returncode == 3
    assert "a.yaml:2:1" in done.stderr


EARLY = """
import os, sys, time
def wait(event, arguments):
    if event == "open" and str(arguments[0]).endswith("a.yaml"):
        for _ in range(3000):
            if os.path.exists("asked"):
                return
            time.sleep(0.01)
        os._exit(99)
sys.addaudithook(wait)
sys.argv = ["retinue", "plan", "--detailed-exitcode"]
from retinue.cli import main
main()
"""
"""A plan that opens its manifest only once the request has come."""


def test_the_first_list_is_on_its_way_before_the_manifests_are_read(tmp_path: Path) -> None:
    listed = json.dumps({"object": "list", "data": [], "has_more": False}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(listed)}\r\n\r\n"

    def handle(connection: socket.socket) -> None:
        request_in(connection)
        (tmp_path / "asked").touch()
        connection.sendall(head.encode() + listed)

    with raw_served(handle) as (url, came):
        project(tmp_path, f"{url}/v1", MANIFEST)
        done = subprocess.run(
            [sys.executable, "-c", EARLY],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "RETINUE_TEST_KEY": "k"},
            timeout=60,
        )
    assert (done.returncode, len(came)) == (2, 1), done.stderr
    assert "1 to create" in done.stdout


@pytest.mark.parametrize(
    "key",
    ["api_key: {command: [touch, ran]}", "api_key: {env: RETINUE_TEST_KEY}, account: org-x"],
)
def test_nothing_is_asked_before_manifests_are_valid_where_it_takes_more_than_a_request(
    tmp_path: Path, key: str
) -> None:
    with silent() as (url, asked):
        folder = project(tmp_path, f"{url}/v1", "assistant: a\nmodle: gpt-4o\n")
        file = folder / "retinue.yaml"
        file.write_text(file.read_text().replace("api_key: {env: RETINUE_TEST_KEY}", key))
        assert run(folder, "plan").returncode == 3
        assert not asked.is_set()
    assert not (folder / "ran").exists()


def test_a_host_that_is_not_allowed_is_asked_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETINUE_ALLOWED_HOSTS", "elsewhere.example.com")
    with silent() as (url, asked):
        done = run(project(tmp_path, f"{url}/v1", MANIFEST), "plan")
        assert (done.returncode, asked.is_set()) == (3, False)
    assert "RETINUE_ALLOWED_HOSTS" in done.stderr


def test_the_emulator_of_an_environment_waits_for_valid_manifests(tmp_path: Path) -> None:
    folder = project(tmp_path, "emulator", "assistant: a\nmodle: gpt-4o\n")
    assert run(folder, "plan").returncode == 3
    assert not (folder / ".retinue-emulator").exists()
