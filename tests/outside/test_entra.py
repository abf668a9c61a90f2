"""`entra: default` with the real azure-identity, against an identity endpoint as an App Service has it, on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ..azure.conftest import environment
from ..azure.test_tokens import Gateway
from ..cli.conftest import opened
from .needs import sdk
from .service import emulator

sdk()
assert find_spec("azure.identity"), "run tests/outside/run.sh"
pytestmark = pytest.mark.outside

TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.c2lnbmF0dXJl"


@contextmanager
def identity(status: int = 200, *, numbered: bool = False) -> Iterator[tuple[str, list[str]]]:
    """The URL of an endpoint that gives tokens, and the resources that were asked for. `numbered`: each is another."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query)["resource"][0])
            token = f"{TOKEN}{len(asked)}" if numbered else TOKEN
            good = {"access_token": token, "expires_on": "4102444800", "token_type": "Bearer", "resource": asked[-1]}
            body = json.dumps(good if status == 200 else {"statusCode": status, "message": "No identity"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/msi/token", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def of_machine(identity_url: str) -> dict[str, str]:
    """The environment in which azure-identity asks the endpoint."""
    return {
        "IDENTITY_ENDPOINT": identity_url,
        "IDENTITY_HEADER": "secret",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "NO_PROXY": "127.0.0.1",
    }


def plan(folder: Path, endpoint: str, identity_url: str) -> subprocess.CompletedProcess[str]:
    (folder / "assistants").mkdir()
    (folder / "assistants/ant.yaml").write_text("assistant: ant\nmodel: gpt-4o\n", encoding="utf-8")
    (folder / "retinue.yaml").write_text(
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  prod: {{provider: azure-openai, endpoint: '{endpoint}', entra: default}}\n",
        encoding="utf-8",
    )
    variables = {key: value for key, value in os.environ.items() if not key.startswith("AZURE_")}
    variables |= of_machine(identity_url)
    command = [sys.executable, "-m", "retinue", "apply", "--auto-approve"]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("path", "resource"),
    [("", "https://cognitiveservices.azure.com"), ("/api/projects/demo", "https://ai.azure.com")],
)
def test_the_machines_identity_signs_in(tmp_path: Path, path: str, resource: str) -> None:
    with emulator("--set", f"api_key={TOKEN}") as url, identity() as (endpoint, asked):
        ran = plan(tmp_path, url + path, endpoint)
    assert (ran.returncode, asked) == (0, [resource]), ran.stderr
    assert "Applied: 1 created." in ran.stdout
    assert TOKEN not in ran.stdout + ran.stderr


def test_a_token_that_runs_out_is_asked_for_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(life=4)
    with opened(tmp_path / "demo", monkeypatch, gateway.around) as world, identity(numbered=True) as (endpoint, asked):
        for name, value in of_machine(endpoint).items():
            monkeypatch.setenv(name, value)
        environment(world, more="    entra: default")
        for number in range(6):
            world.assistant(f"ant-{number}")
        ran = world.run("apply", "--auto-approve", "--parallelism", "1")
    assert ran.code == 0, ran.err
    assert len(asked) == len(gateway.used) > 1
    assert TOKEN not in ran.out + ran.err


def test_without_an_identity_it_is_an_error_of_signing_in(tmp_path: Path) -> None:
    with emulator() as url, identity(400) as (endpoint, _):
        ran = plan(tmp_path, url, endpoint)
    assert (ran.returncode, ran.stdout) == (4, ""), ran.stderr
    assert "Error: Entra gives no token: " in ran.stderr
    assert "Sign in first (az login), or give this machine an identity." in ran.stderr
    assert "Traceback" not in ran.stderr
