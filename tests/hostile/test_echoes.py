"""A service that repeats the key in every way it can: nothing that a command prints or writes holds it."""

from __future__ import annotations

import base64
import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from retinue_emulator.app import Emulator

from ..cli.conftest import Ran, World
from ..serving import served

SECRET = "sk-Pr/oj+4bC~d_ef-12345678"
PIECE = SECRET[:12]

Reply = tuple[int, str, dict[str, str], str]
"""Status, reason, headers, body."""


def every(form: str) -> str:
    return "".join(form.format(ord(char)) for char in SECRET)


SPELT = {
    "plain": SECRET,
    "slashes": SECRET.replace("/", "\\/"),
    "small": SECRET.replace("+", "\\u002b").replace("/", "\\u002f"),
    "capitals": every("\\u{:04X}"),
    "mixed": SECRET.replace("+", "\\u002B").replace("/", "\\/").replace("~", "\\u007e"),
    "percent": quote(SECRET, safe=""),
    "percents": every("%{:02X}"),
    "entities": every("&#{};"),
    "base64": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "wrapped": f"{SECRET[:14]}\\n   {SECRET[14:]}",
}

PLACES: dict[str, Reply] = {
    "error": (401, "No", {}, '{"error": {"message": "Incorrect API key provided: KEY."}}'),
    "long": (400, "No", {}, '{"error": {"message": "' + "x" * 280 + ' KEY"}}'),
    "code": (400, "No", {}, '{"error": {"message": "no", "code": "KEY", "param": "KEY"}}'),
    "detail": (403, "No", {}, '{"detail": {"sent": {"authorization": "Bearer KEY"}}}'),
    "list": (422, "No", {}, '[{"input": "KEY"}]'),
    "page": (403, "No", {"Content-Type": "text/html"}, "<h1>Forbidden</h1><p>Bearer KEY"),
    "cut": (403, "No", {}, '{"error": "Bearer CUT'),
    "name": (400, "No", {}, '{"error": {"KEY": "no such"}}'),
    "html": (200, "OK", {}, "<html>KEY</html>"),
    "shape": (200, "OK", {}, '{"data": "KEY"}'),
    "header": (401, "No", {"x-request-id": "KEY", "x-sent": "KEY", "www-authenticate": "Bearer KEY"}, "{}"),
    "good header": (200, "OK", {"x-request-id": "r" * 120 + "KEY"}, '{"data": [], "has_more": false}'),
    "reason": (401, "KEY", {}, ""),
    "redirect": (302, "Found", {"Location": "http://127.0.0.1:9/KEY?key=KEY"}, "to KEY"),
    "gone": (404, "No", {}, '{"error": {"message": "KEY"}}'),
}


SLOW = ("html", "redirect")
"""Asked again and again, and `init` has no --timeout."""


def holding(place: str, key: str) -> Reply:
    """The answer that repeats the key there."""

    def put(text: str) -> str:
        return text.replace("KEY", key).replace("CUT", key[: len(key) * 3 // 4])

    status, reason, headers, body = PLACES[place]
    return status, put(reason), {name: put(value) for name, value in headers.items()}, put(body)


@contextmanager
def echoing(reply: Reply) -> Iterator[str]:
    """A server that gives this one answer."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, reason, headers, body = reply
            self.send_response(status, reason)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def leaks(root: Path, ran: Ran) -> list[str]:
    """Where half of the key stands, in any spelling."""
    texts = {"stdout": ran.out, "stderr": ran.err}
    for path in root.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_text(encoding="utf-8")
    found = []
    for where, text in texts.items():
        joined = "".join(text.split())
        plain = joined.replace("\\\\", "\\").replace("\\/", "/").replace("\\n", "")
        views = {text, joined, plain, unquote(plain)}
        with suppress(UnicodeDecodeError), warnings.catch_warnings(action="ignore"):
            views.add(plain.encode().decode("unicode_escape"))
        signs = [PIECE, SECRET[-12:], quote(SECRET, safe="")[:14], every("&#{};")[:40], every("\\u{:04x}")[:40]]
        signs.append(base64.b64encode(f"user:{SECRET}".encode()).decode()[8:24])
        found += [where for view in views for sign in signs if sign.lower() in view.lower()]
    return found


COMMANDS = (
    ("plan", "-v", "--out", "plan.json"),
    ("plan", "--format", "json"),
    ("plan", "--format", "sarif"),
    ("plan", "--format", "github"),
    ("plan", "--format", "markdown", "--out", "plan.md"),
    ("apply", "--auto-approve", "-v", "--backup", "saved"),
    ("apply", "--auto-approve", "--format", "json"),
    ("apply", "--auto-approve", "--format", "markdown"),
    ("drift", "-v", "--format", "json", "--out", "drift.json"),
    ("import",),
    ("output", "-v"),
    ("show", "Assistant/a", "-v"),
    ("destroy", "--auto-approve", "--format", "json"),
    ("adopt", "Assistant/a", "asst_1", "--auto-approve"),
)


def world_at(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_KEY", SECRET)
    monkeypatch.setattr(World, "_record", lambda *_: None)
    with closing(Emulator()) as emulator:
        world = World(tmp_path, emulator, url, monkeypatch)
    world.project()
    world.assistant("a")
    return world


@pytest.mark.parametrize("place", PLACES)
def test_no_command_shows_a_key_that_an_answer_repeats(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    turn = list(PLACES).index(place)
    # Each place meets every other spelling, and each spelling some of the commands: all of them in the end.
    for number, (spelling, key) in list(enumerate(SPELT.items()))[turn % 2 :: 2]:
        commands = COMMANDS[(number + turn) % 5 :: 5]
        with echoing(holding(place, key)) as url:
            world = world_at(tmp_path, url, monkeypatch)
            new = [("init", "-C", f"new{number}", "--from", "openai-assistants", "--endpoint", f"{url}/v1")]
            for command in (*commands, *new[: number % 3 == 0 and place not in SLOW]):
                timeout = () if command[0] == "init" else ("--timeout", "1s")
                ran = world.run(*command, *timeout)
                assert ran.code not in (70,), (spelling, command, ran)
                assert leaks(tmp_path, ran) == [], (spelling, command, ran)
                assert (ran.code != 0) or place == "good header", (spelling, command, ran)


@pytest.mark.parametrize("provider", ["azure-openai", "flowise", "langgraph"])
@pytest.mark.parametrize("place", ["error", "detail", "header", "gone", "name", "cut"])
@pytest.mark.parametrize("spelling", ["mixed", "percent", "base64"])
def test_no_provider_shows_it(
    provider: str, place: str, spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with echoing(holding(place, SPELT[spelling])) as url:
        world = world_at(tmp_path, url, monkeypatch)
        world.remove("assistants/a.yaml")
        text = (tmp_path / "retinue.yaml").read_text().replace("provider: openai-assistants", f"provider: {provider}")
        world.write("retinue.yaml", text + "    api_version: 2024-05-01-preview\n" * (provider == "azure-openai"))
        for command in (("output", "-v"), ("output", "--format", "json"), ("show", "Assistant/a", "-v")):
            ran = world.run(*command, "--timeout", "1s")
            assert ran.code in (1, 4, 9), (command, ran)
            assert leaks(tmp_path, ran) == [], (command, ran)


@pytest.mark.parametrize("text", [SECRET, f"Use {SECRET} always", every("%{:02X}"), SECRET.replace("+", "\\u002B")])
def test_a_key_in_a_live_object_is_shown_by_no_command_and_is_left_there(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with closing(Emulator()) as emulator, served(emulator) as url:
        world = World(tmp_path, emulator, url, monkeypatch)
        world.project()
        world.assistant("a", "instructions: Be kind.\ndescription: One\n")
        world.apply()
        (owned,) = world.live()
        held = world.live()[owned]
        other = {**held, "id": "asst_other", "instructions": text, "name": "other", "metadata": {"note": text}}
        changed = {**held, "instructions": f"Be kind.\n{text}", "description": text, "name": text}
        for number, item in enumerate((changed, other)):
            emulator.store.put("assistant", item["id"], number, json.dumps(item))
        for command in (*COMMANDS[:5], *COMMANDS[8:9], COMMANDS[11], ("import", "-v"), ("import", "--update")):
            ran = world.run(*command)
            assert leaks(tmp_path, ran) == [], (command, ran)
            assert ran.code in (0, 1)
        assert "holds the key of this environment" in world.run("import", "-C", ".", "--id", "asst_other").err + ran.err
        ran = world.run("init", "-C", "new", "--from", "openai-assistants", "--endpoint", f"{url}/v1")
        assert leaks(tmp_path, ran) == []
        assert world.live()["asst_other"] == other
        # The saved plan is still one that can be carried out, and what it replaces is kept without the key.
        (tmp_path / "assistants" / "other.yaml").unlink(missing_ok=True)
        world.assistant("a", "instructions: Be kind.\ndescription: One\n")
        assert world.run("plan", "--out", "plan.json").code == 0
        ran = world.run("apply", "plan.json", "--auto-approve", "--backup", "saved", "-v")
        assert (ran.code, leaks(tmp_path, ran)) == (0, [])
        assert json.loads((tmp_path / "saved" / f"{owned}.json").read_text())["description"].count("[key]") == 1
        world.settled()


def test_a_manifest_that_holds_the_key_is_refused_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_KEY", SECRET)
    with closing(Emulator()) as emulator, served(emulator) as url:
        world = World(tmp_path, emulator, url, monkeypatch)
        world.project()
        world.assistant("a", f"instructions: Use {SECRET}.\n")
        ran = world.run("plan", "--out", "plan.json")
        assert ran.code == 3
        assert "assistants/a.yaml:3:15" in ran.err
        assert SECRET not in ran.out + ran.err
        assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize("key", [SECRET, quote(SECRET, safe="")])
def test_an_endpoint_that_holds_the_key_is_refused(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_at(tmp_path, f"http://127.0.0.1:9/{key}", monkeypatch)
    ran = world.run("plan", "--format", "json")
    assert (ran.code, "the endpoint holds the key itself" in ran.err) == (3, True)
    assert leaks(tmp_path / "assistants", ran) == []


def test_what_a_header_brings_is_one_harmless_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "\x1b[31m\x9b2J::error::owned ##[error]x \u202e"
    reply = (200, "OK", {"x-request-id": hostile.encode().decode("latin-1")}, '{"data": [], "has_more": false}')
    with echoing(reply) as url:
        ran = world_at(tmp_path, url, monkeypatch).run("plan", "-v")
    (line,) = [line for line in ran.err.splitlines() if line.startswith("GET")]
    assert "\\x1b[31m" in line
    assert not any(char in ran.err for char in "\x1b\x9b\u202e")
    assert "##[" not in ran.err
    assert not any(line.lstrip().startswith("::") for line in ran.err.splitlines())


@pytest.mark.parametrize("renewed", [False, True])
def test_an_old_token_and_a_new_one_are_both_kept(
    renewed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retinue.providers.credentials import Credentials, Secrets

    secrets = Secrets()
    old, new = {"Authorization": f"Bearer {SECRET}"}, {"Authorization": "Bearer eyJ0-new-token-0001"}
    credentials = Credentials(old, lambda: new, secrets)
    credentials.accepted(credentials.headers)
    if renewed:
        assert credentials.renewed(credentials.headers)
    shown = secrets.masked(f"{SECRET} eyJ0-new-token-0001")
    assert shown == ("[key] [key]" if renewed else "[key] eyJ0-new-token-0001")


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"api-key": SECRET}, SECRET),
        ({"X-API-Key": "with spaces 123"}, "with spaces 123"),
        ({"Authorization": f"Bearer {SECRET}"}, SECRET),
        ({"authorization": SECRET}, SECRET),
    ],
)
def test_the_key_is_known_from_any_header_that_carries_one(headers: dict[str, str], secret: str) -> None:
    from retinue.providers.credentials import Secrets

    secrets = Secrets()
    secrets.add({"OpenAI-Beta": "assistants=v2", **headers})
    assert secrets.masked(f"<{secret}> assistants=v2") == "<[key]> assistants=v2"


@pytest.mark.parametrize("way", ["file", "command"])
def test_a_key_from_a_file_or_a_command_is_known_without_its_line_end(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\r\n", encoding="utf-8")
    source = {"file": "{file: key}", "command": "{command: [cat, key]}"}[way]
    monkeypatch.delenv("CI", raising=False)
    with echoing(holding("error", SPELT["mixed"])) as url:
        world = world_at(tmp_path, url, monkeypatch)
        world.write("retinue.yaml", (tmp_path / "retinue.yaml").read_text().replace("{env: DEMO_KEY}", source))
        ran = world.run("plan", "-v")
    (tmp_path / "key").unlink()
    assert (ran.code, leaks(tmp_path, ran)) == (4, [])
    assert "[key]" in ran.err
