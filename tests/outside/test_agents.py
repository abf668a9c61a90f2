"""OpenAI's Agents: the SDK of today and its own API tests judge the emulator, and faults put into it are found."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.agents import KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from ..emulator.choices import AGENT_ROWS, OF_AGENTS, Row, label
from ..serving import served
from .needs import agents_sdk
from .service import emulator
from .suites import run

PYTHON, SOURCE = agents_sdk()
SESSION = Path(__file__).with_name("agents_session.py")
pytestmark = pytest.mark.outside


def session(url: str) -> list[str]:
    """What the SDK finds wrong with the service at a URL."""
    done = subprocess.run([PYTHON, SESSION, url], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines() if done.returncode else []


@pytest.fixture(params=AGENT_ROWS, ids=label)
def service(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    found = Emulator(":memory:", Behaviour(**request.param))
    yield found
    found.close()


# --- the SDK's own tests


class Assumed:
    """What they assume: the API at the root, and agents that are always there."""

    def __init__(self, service: Emulator) -> None:
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for key in ("agent_id", "after"):
            if self._service.store.get(KIND, key) is None:
                self._service.seed({"object": KIND, "id": key, "created_at": 1})
        return self._service({**environ, "PATH_INFO": "/v1" + environ["PATH_INFO"]}, start_response)


OTHERS: Row = {name: choices[-1] for name, choices in OF_AGENTS.items()}


@pytest.mark.parametrize("row", [AGENT_ROWS[0], OTHERS], ids=label)
def test_the_sdks_own_tests_pass(row: Row, tmp_path: Path) -> None:
    service = Emulator(":memory:", Behaviour(**row))
    with served(Assumed(service)) as url:
        ends, printed = run("beta/test_agents.py", url, tmp_path / "report.xml", PYTHON, SOURCE)
    service.close()
    assert ends == {"passed": 105}, printed


# --- the SDK as a client


def test_the_sdk_finds_nothing_wrong(service: Emulator) -> None:
    with served(service) as url:
        assert session(f"{url}/v1") == []


def test_what_retinue_makes_the_sdk_reads_and_what_the_sdk_makes_retinue_reads(tmp_path: Path) -> None:
    retinue = (sys.executable, "-m", "retinue")
    shell = {**os.environ, "OPENAI_API_KEY": "sk-outside"}
    script = (
        "import openai, sys\n"
        "agents = openai.OpenAI(base_url=sys.argv[1], _strict_response_validation=True).beta.agents\n"
        "for a in agents.list(limit=1): print(a.name, a.metadata['retinue.address'], [t.type for t in a.tools])\n"
        "agents.create(model='gpt-5', name='Theirs', tools=[{'type': 'web_search', 'mode': 'cached'}])\n"
    )
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistants" / "ours.yaml").write_text(
        "assistant: ours\nname: Ours\nmodel: gpt-5\ntools:\n  - {type: web_search}\n"
        "  - {type: mcp, server_label: wiki, server_url: 'https://wiki.example.com/mcp'}\n"
    )
    with emulator() as url:

        def ran(*words: str | Path) -> str:
            done = subprocess.run([*words], cwd=tmp_path, env=shell, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        settings = f"provider: openai-agents, endpoint: {url}/v1, api_key: {{env: OPENAI_API_KEY}}"
        (tmp_path / "retinue.yaml").write_text(
            f"version: 1\nproject: demo-k3f9\nmanifests: [assistants]\nenvironments:\n  live: {{{settings}}}\n"
        )
        ran(*retinue, "apply", "--auto-approve")
        read = ran(PYTHON, "-c", script, f"{url}/v1")
        assert read.strip() == "Ours demo-k3f9/live/Assistant/ours ['web_search', 'mcp']"
        ran(*retinue, "import")
        assert "mode: cached" in (tmp_path / "assistants" / "theirs.yaml").read_text()
        ran(*retinue, "apply", "--auto-approve")
        assert "No changes. 2 objects match" in ran(*retinue, "plan")


# --- faults put into the emulator


def _same(_ask: Ask, value: Any) -> Any:
    return value


@dataclass
class Ask:
    """A request, and the emulator that it goes to."""

    method: str
    path: str
    query: str
    service: Emulator

    @property
    def updates(self) -> bool:
        return self.method == "POST" and self.path.count("/") == 3

    def stored(self) -> Any:
        text = self.service.store.get(KIND, self.path.rpartition("/")[2])
        return json.loads(text) if text else {}


@dataclass(frozen=True)
class Wrong:
    """A service with one fault: what it makes of a body, or of an answer."""

    body: Callable[[Ask, Any], Any] = _same
    answer: Callable[[Ask, Any], Any] = _same
    status: Callable[[Ask, str], str] = _same
    any_beta: bool = False
    keeps: bool = False


def _unmarked(_ask: Ask, value: Any) -> Any:
    """The answer without the marker, also within a list."""
    for agent in value.get("data", [value]):
        agent["metadata"] = {key: item for key, item in agent.get("metadata", {}).items() if "retinue." not in key}
    return value


def _merged(name: str) -> Callable[[Ask, Any], Any]:
    def change(ask: Ask, body: Any) -> Any:
        held = ask.stored().get(name) or type(body.get(name) or {})()
        given = body.get(name) if ask.updates else None
        if not given:
            return body
        return {**body, name: {**held, **given} if isinstance(held, dict) else [*held, *given]}

    return change


def _listed(change: Callable[[Any], Any]) -> Callable[[Ask, Any], Any]:
    return lambda _ask, value: {**value, **change(value)} if "data" in value else value


def _updating(change: Callable[[Any], Any]) -> Callable[[Ask, Any], Any]:
    return lambda ask, body: change(body) if ask.updates else body


WRONG = {
    "the marker is lost": Wrong(answer=_unmarked),
    "metadata is merged": Wrong(body=_merged("metadata")),
    "tools are added": Wrong(body=_merged("tools")),
    "experimental is replaced": Wrong(body=_updating(lambda b: {**b, "experimental": {"time_awareness": False}})),
    "null keeps the value": Wrong(
        body=_updating(lambda b: {name: item for name, item in b.items() if item is not None})
    ),
    "a page is short by one": Wrong(answer=_listed(lambda page: {"data": page["data"][:-1]})),
    "a list ends after its first page": Wrong(answer=_listed(lambda _: {"has_more": False})),
    "a list is in the other order": Wrong(answer=_listed(lambda page: {"data": page["data"][::-1]})),
    "an update replaces the object": Wrong(
        body=_updating(lambda b: {"service_tier": None, "reasoning": None, "instructions": None, **b})
    ),
    "a delete deletes nothing": Wrong(keeps=True),
    "any beta header will do": Wrong(any_beta=True),
    "what is gone is answered with 200": Wrong(status=lambda _ask, status: "200 OK" if status[:3] == "404" else status),
}


class Faulty:
    """The emulator with one fault."""

    def __init__(self, service: Emulator, wrong: Wrong) -> None:
        self._service, self._wrong = service, wrong

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, wrong = environ["REQUEST_METHOD"], self._wrong
        ask = Ask(method, environ["PATH_INFO"], environ.get("QUERY_STRING", ""), self._service)
        size = int(environ.get("CONTENT_LENGTH") or 0)
        data = environ["wsgi.input"].read(size)
        if method == "POST":
            data = json.dumps(wrong.body(ask, json.loads(data))).encode()
        environ = {**environ, "CONTENT_LENGTH": str(len(data)), "wsgi.input": io.BytesIO(data)}
        if wrong.any_beta:
            environ["HTTP_OPENAI_BETA"] = "agents=v1"
        kept = ask.stored() if wrong.keeps and method == "DELETE" else None
        told: list[Any] = []
        answer = b"".join(self._service(environ, lambda *arguments: told.extend(arguments)))
        if kept:
            self._service.seed(kept)
        status = wrong.status(ask, told[0])
        if told[0].startswith("200"):
            answer = json.dumps(wrong.answer(ask, json.loads(answer))).encode()
        headers = [(name, value) for name, value in told[1] if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(answer)))])
        return [answer]


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_found(name: str) -> None:
    service = Emulator(":memory:")
    with served(Faulty(service, WRONG[name])) as url:
        assert session(f"{url}/v1") != []
    service.close()


def test_the_way_in_which_faults_are_put_in_is_none() -> None:
    service = Emulator(":memory:")
    with served(Faulty(service, Wrong())) as url:
        assert session(f"{url}/v1") == []
    service.close()
