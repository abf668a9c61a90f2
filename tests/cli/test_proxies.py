"""Proxies of the shell: never for this machine, never with a key in plain sight, and named in what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from retinue.cli.connecting import proxy_for
from retinue.core.errors import UsageError
from retinue.load.endpoints import endpoint_problem, is_loopback
from retinue_emulator.app import Emulator

from ..serving import served
from .conftest import KEY, World

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
HERE = (
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "api.localhost",
        "127.0.0.1",
        "127.255.3.4",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ),
    *("[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "0x7f.1"),
)
ELSEWHERE = (
    "example.com",
    "10.0.0.1",
    "[fe80::1]",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "1",
    "128.1",
    "0.0.0.0",  # noqa: S104 - refused as an endpoint
    "[::]",
)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("host", HERE)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_this_machine_is_never_asked_through_a_proxy(
    host: str, scheme: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://proxy.example:3128")
    assert proxy_for(f"{scheme}://{host}:3000/v1", signed=True) is None
    assert endpoint_problem(f"{scheme}://{host}:3000/v1", allow_http=False) is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_machines_are(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    assert not is_loopback(host.strip("[]"))
    assert proxy_for(f"https://{host}/v1", signed=True) == "http://proxy.example:3128"
    assert proxy_for(f"http://{host}/v1", signed=False) == "http://proxy.example:3128"


@pytest.mark.parametrize("proxy", ["http://me:pw-canary@proxy.example", "https://proxy.example", "socks5://10.0.0.9:1"])
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_key_does_not_go_to_another_machine_in_plain_sight(
    proxy: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "HTTP_PROXY":
        name = "http_proxy"  # in capitals it means nothing to a CGI program, and everything to others
    monkeypatch.setenv(name, proxy)
    with pytest.raises(UsageError, match=r"plain http to intern\.example through the proxy") as caught:
        proxy_for("http://intern.example:8000/v1", signed=True)
    assert "canary" not in f"{caught.value.message} {caught.value.remedy}"
    monkeypatch.setenv("NO_PROXY", "other.example, .INTERN.example")
    assert proxy_for("http://intern.example:8000/v1", signed=True) is None


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:3128", "localhost:3128", "http://[::1]:3128"])
def test_a_proxy_on_this_machine_may_see_it(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    assert proxy_for("http://intern.example/v1", signed=True) is not None


@pytest.mark.parametrize("rule", ["*", "example.com", ".example.com", "api.example.com:443", "a,api.example.com ,b"])
def test_no_proxy_is_heeded(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("NO_PROXY", rule)
    assert proxy_for("https://api.example.com:443/v1", signed=True) is None


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that refuses everything, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers.get('Authorization')}")
            self.send_response(403, "Forbidden")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_CONNECT = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_KEY", KEY)
    with closing(Emulator()) as emulator, served(emulator) as url:
        yield World(tmp_path, emulator, url, monkeypatch)


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_run_against_this_machine_leaves_the_proxy_alone(name: str, host: str, world: World) -> None:
    with proxy() as (where, asked):
        world.monkeypatch.setenv(name, f"http://{where}")
        world.url = world.url.replace("127.0.0.1", host)
        world.project()
        world.assistant("a")
        world.apply()
        assert world.run("init", "-C", "new", "--from", "openai-assistants", "--endpoint", f"{world.url}/v1").code in (
            0,
            4,
        )
        assert asked == []


def test_what_goes_wrong_behind_a_proxy_names_it_without_its_password(world: World) -> None:
    world.assistant("a")
    with proxy() as (where, asked):
        world.monkeypatch.setenv("all_proxy", f"http://me:pw-canary@{where}")
        world.url = "http://intern.example"
        world.project(environment="    allow_http: true\n")
        ran = world.run("plan", "-v")
        assert ran.code == 4
        assert ran.err.count(f"through the proxy {where}") == 2
        assert [KEY in line for line in asked] == [True]
        world.url = "https://api.example"
        world.project()
        ran = world.run("plan", "--timeout", "2s")
        assert (ran.code, "canary" in ran.out + ran.err) == (9, False)
        assert f"https://api.example/v1 cannot be reached through the proxy {where}" in ran.err
    ran = world.run("plan", "--timeout", "2s")
    assert (ran.code, f"through the proxy {where}" in ran.err) == (9, True)


def test_plain_http_through_a_proxy_elsewhere_is_refused_before_anything_is_sent(world: World) -> None:
    world.monkeypatch.setenv("http_proxy", "http://me:pw-canary@proxy.example:3128")
    world.url = "http://intern.example"
    world.assistant("a")
    world.project(environment="    allow_http: true\n")
    ran = world.run("plan")
    assert (ran.code, "NO_PROXY" in ran.err, "canary" in ran.err) == (3, True, False)


@pytest.mark.parametrize("value", ["foo://me:pw-canary@host", "http://me:pw-canary@host:x"])
def test_a_proxy_that_cannot_be_used_is_wrong_usage(value: str, world: World) -> None:
    world.monkeypatch.setenv("HTTPS_PROXY", value)
    world.url = "https://api.example"
    world.assistant("a")
    world.project()
    ran = world.run("plan")
    assert (ran.code, "canary" in ran.out + ran.err) == (3, False)
    assert "a proxy or certificate setting" in ran.err
