"""Anthropic's Managed Agents: the SDK of today, its own API tests and types, and the published document judge them.

Faults that are put into the emulator must be found.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from retinue_emulator.anthropic import BETA, DEPLOYMENT, KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from ..emulator.choices import MANAGED_ROWS, Row, label
from ..serving import served
from .anthropic_published import Exchange, Judge
from .needs import anthropic_sdk
from .service import emulator
from .suites import run

PYTHON, SOURCE = anthropic_sdk()
HERE = Path(__file__).parent
PREFIX = "/anthropic"
MODULES = "beta/test_agents.py beta/agents/test_versions.py"
pytestmark = pytest.mark.outside


@cache
def judge() -> Judge:
    return Judge(json.loads(subprocess.check_output([PYTHON, HERE / "anthropic_types.py"])))


# --- a service to ask: the emulator, a witness, and at will a fault


@dataclass
class Ask:
    """A request, and the emulator that it goes to."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    service: Emulator

    @property
    def key(self) -> str:
        return self.path.split("/")[3] if self.path.count("/") > 2 else ""

    @property
    def updates(self) -> bool:
        return self.method == "POST" and self.path.count("/") == 3

    def stored(self) -> Any:
        return json.loads(self.service.store.get(KIND, self.key) or "{}")

    def store(self, **change: Any) -> None:
        if found := self.stored():
            self.service.seed({"object": KIND, **found, **change})


def _nothing(_ask: Ask) -> None: ...


def _same(_ask: Ask, value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Wrong:
    """A service with one fault: what it does before and after a request, and what it makes of an answer."""

    before: Callable[[Ask], object] = _nothing
    after: Callable[[Ask], object] = _nothing
    answer: Callable[[Ask, Any], Any] = _same
    any_beta: bool = False
    always_200: bool = False


class Service:
    """The emulator as the session expects it: mounted at the root, two deployments there. Keeps each exchange."""

    def __init__(self, row: Row, wrong: Wrong = Wrong()) -> None:
        self.emulator, self._wrong = Emulator(":memory:", Behaviour(**row)), wrong
        self.exchanges: list[Exchange] = []
        for deployment, agent in (("a", "agent_run"), ("b", "agent_other")):
            self.emulator.seed({"object": KIND, "id": agent})
            self.emulator.seed({"object": DEPLOYMENT, "id": deployment, "agent": {"id": agent}})

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        ask = Ask(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, json.loads(data or b"{}"), self.emulator)
        self._wrong.before(ask)
        status, headers, answer = self.ask(environ, ask)
        self._wrong.after(ask)
        answer = self._wrong.answer(ask, answer) if status.startswith("200") else answer
        status = "200 OK" if self._wrong.always_200 else status
        text = json.dumps(answer).encode()
        start_response(status, [*headers, ("Content-Length", str(len(text)))])
        return [text]

    def ask(self, environ: Mapping[str, Any], ask: Ask) -> tuple[str, list[tuple[str, str]], Any]:
        data, told = json.dumps(ask.body).encode() if ask.method == "POST" else b"", list[Any]()
        inner = {
            **environ,
            "PATH_INFO": PREFIX + ask.path,
            "QUERY_STRING": urlencode(ask.query),
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
            **({"HTTP_ANTHROPIC_BETA": BETA} if self._wrong.any_beta else {}),
        }
        answer = json.loads(b"".join(self.emulator(inner, lambda *arguments: told.extend(arguments))))
        self.exchanges.append(Exchange(ask.method, ask.path, ask.body, int(told[0][:3]), answer))
        return told[0], [(name, value) for name, value in told[1] if name.lower() != "content-length"], answer


# --- the SDK's own tests


@dataclass(frozen=True)
class Amendment:
    """A request that the reference forbids but these tests send: refused with words that match, it is asked again."""

    words: str
    change: Callable[[Ask], Any]


def _with_toolset(ask: Ask) -> None:
    toolset = {"type": "mcp_toolset", "mcp_server_name": ask.body["mcp_servers"][0]["name"]}
    ask.body = {**ask.body, "tools": [*ask.body["tools"], toolset]}


AMENDMENTS = (
    Amendment("'limit'", lambda ask: ask.query.update(limit="1")),
    Amendment("'version'", lambda ask: ask.query.update(version="1")),
    Amendment("page: ", lambda ask: ask.query.pop("page")),
    Amendment("mcp_servers: ", _with_toolset),
)


class Assumed(Service):
    """What they assume besides: two agents that are always there, at version 1 and not archived."""

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.amended: Counter[str] = Counter()

    def ask(self, environ: Mapping[str, Any], ask: Ask) -> tuple[str, list[tuple[str, str]], Any]:
        for key in ("agent_011CZkYpogX7uDKUyvBTophP", "agent_011CZkYqphY8vELVzwCUpqiQ"):
            self.emulator.seed({"object": KIND, "id": key, "created_at": "2019-12-27T18:11:19.117Z"})
        found = super().ask(environ, ask)
        while found[0].startswith("400"):
            message = found[2]["error"]["message"]
            amendment = next(item for item in AMENDMENTS if re.search(item.words, message))
            assert self.amended.total() < 100, message
            self.amended[amendment.words] += 1
            amendment.change(ask)
            found = super().ask(environ, ask)
        return found


def test_the_sdks_own_tests_pass(tmp_path: Path) -> None:
    service = Assumed({})
    with served(service) as url:
        ends, printed = run(MODULES, url, tmp_path / "report.xml", PYTHON, SOURCE, "-p", "tests._alias_httpx")
    service.emulator.close()
    assert ends == {"passed": 140}, printed
    assert service.amended == {"'limit'": 10, "'version'": 5, "page: ": 10, "mcp_servers: ": 10}
    assert [problem for exchange in service.exchanges for problem in judge().complaints(exchange)] == []


# --- faults that are put into the emulator


def _agents(change: Callable[[Any], Any]) -> Callable[[Ask, Any], Any]:
    """Of every agent in an answer."""

    def changed(ask: Ask, value: Any) -> Any:
        if ask.path.endswith("/deployments"):
            return value
        return {**value, "data": [*map(change, value["data"])]} if "data" in value else change(value)

    return changed


def _unmarked(agent: Any) -> Any:
    return {**agent, "metadata": {key: item for key, item in agent["metadata"].items() if "retinue." not in key}}


def _pages(change: Callable[[Any], Any]) -> Callable[[Ask, Any], Any]:
    return lambda _ask, value: {**value, **change(value)} if "data" in value else value


def _updating(change: Callable[[Ask], Any]) -> Callable[[Ask], None]:
    """`change` gives members of the body of an update, or None."""

    def before(ask: Ask) -> None:
        if ask.updates:
            ask.body = {**ask.body, **(change(ask) or {})}

    return before


def _no_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None}


def _nulls_ignored(ask: Ask) -> None:
    if ask.updates:
        ask.body = _no_nulls(ask.body)


def _unlocked(ask: Ask) -> None:
    if ask.updates:
        ask.body.pop("version", None)


def _not_raised(ask: Ask) -> None:
    if ask.updates:
        ask.store(version=1)


def _undone(ask: Ask) -> None:
    if ask.updates and ask.stored().get("archived_at"):
        ask.store(archived_at=None)


def _not_archived(ask: Ask) -> None:
    if ask.path.endswith("/archive"):
        ask.store(archived_at=None)


def _without(name: str) -> Callable[[Ask], object]:
    return lambda ask: ask.query.pop(name, None)


def _added(ask: Ask) -> Any:
    return {"tools": [*ask.stored()["tools"], *ask.body["tools"]]} if ask.body.get("tools") else None


def _replaced(ask: Ask) -> Any:
    return (
        {"metadata": {**dict.fromkeys(ask.stored()["metadata"]), **ask.body["metadata"]}}
        if "metadata" in ask.body
        else None
    )


def _kept_pairs(ask: Ask) -> Any:
    return {"metadata": _no_nulls(ask.body["metadata"])} if "metadata" in ask.body else None


def _effort_lost(ask: Ask) -> Any:
    model = ask.body.get("model")
    return {"model": {**(model if isinstance(model, dict) else {"id": model}), "effort": "high"}} if model else None


def _reactivated(ask: Ask) -> None:
    for key, deployment in ask.service.store.everything(DEPLOYMENT):
        ask.service.seed({**deployment, "object": DEPLOYMENT, "id": key, "status": "active"})


WRONG = {
    "a version is not raised": Wrong(after=_not_raised, answer=_agents(lambda agent: {**agent, "version": 1})),
    "a version is not raised for whom reads it": Wrong(after=_not_raised),
    "an archive can be undone by an update": Wrong(before=_undone),
    "an archive does not last": Wrong(after=_not_archived),
    "the lock is ignored": Wrong(before=_unlocked),
    "the marker is lost": Wrong(answer=_agents(_unmarked)),
    "metadata is replaced": Wrong(before=_updating(_replaced)),
    "null keeps a pair": Wrong(before=_updating(_kept_pairs)),
    "null keeps the value": Wrong(before=_nulls_ignored),
    "tools are added": Wrong(before=_updating(_added)),
    "an effort is lost with the rest of its model": Wrong(before=_updating(_effort_lost)),
    "a skill has no pin": Wrong(
        answer=_agents(lambda agent: {**agent, "skills": [{**skill, "version": None} for skill in agent["skills"]]})
    ),
    "an old version is the newest": Wrong(before=_without("version")),
    "a page is short by one": Wrong(answer=_pages(lambda page: {"data": page["data"][:-1]})),
    "a list ends after its first page": Wrong(answer=_pages(lambda _: {"next_page": None})),
    "archived agents are never listed": Wrong(before=_without("include_archived")),
    "deployments are of any agent": Wrong(before=_without("agent_id")),
    "an archive pauses nothing": Wrong(after=_reactivated),
    "any beta header will do": Wrong(any_beta=True),
    "a refusal comes with 200": Wrong(always_200=True),
}


# --- the SDK as a client


class Heard:
    """What one process of the SDK found wrong with each service, and what it asked the right ones."""

    def __init__(self) -> None:
        services = {label(row): Service(row) for row in MANAGED_ROWS}
        services |= {name: Service({}, wrong) for name, wrong in WRONG.items()}
        with ExitStack() as stack:
            urls = {stack.enter_context(served(service)): name for name, service in services.items()}
            command = [PYTHON, str(HERE / "anthropic_session.py"), *urls]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        for service in services.values():
            service.emulator.close()
        assert done.returncode == 0, done.stderr
        self.found: dict[str, list[str]] = {urls[url]: found for url, found in json.loads(done.stdout).items()}
        self.exchanges = {name: service.exchanges for name, service in services.items()}


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("row", MANAGED_ROWS, ids=label)
def test_the_sdk_the_document_and_the_types_find_nothing_wrong(heard: Heard, row: Row) -> None:
    assert heard.found[label(row)] == []
    exchanges = heard.exchanges[label(row)]
    assert len(exchanges) > 80 and {exchange.status for exchange in exchanges} >= {200, 400, 404, 409}
    assert [problem for exchange in exchanges for problem in judge().complaints(exchange)] == []


BOTH_WAYS = """
import anthropic, sys
client = anthropic.Anthropic(base_url=sys.argv[1], api_key="sk-outside", _strict_response_validation=True)
agents = client.beta.agents
for a in agents.list(limit=1):
    print(a.name, a.version, a.metadata["retinue.address"], a.model.effort.type, [tool.type for tool in a.tools])
if sys.argv[2:]:
    servers = [{"type": "url", "name": "wiki", "url": "https://wiki.example.com/mcp"}]
    tools = [{"type": "mcp_toolset", "mcp_server_name": "wiki"}]
    agents.create(model="claude-opus-5-5", name="Theirs", system="Be kind.", mcp_servers=servers, tools=tools)
    agents.update(a.id, version=a.version, name="Edited")
"""


def test_what_retinue_makes_the_sdk_reads_and_what_the_sdk_makes_retinue_reads(tmp_path: Path) -> None:
    retinue = (sys.executable, "-m", "retinue")
    shell = {**os.environ, "ANTHROPIC_API_KEY": "sk-outside"}
    manifests = tmp_path / "assistants"
    manifests.mkdir()
    (manifests / "ours.yaml").write_text(
        "assistant: ours\nname: Ours\nmodel: claude-opus-5-5\nreasoning_effort: low\n"
        "tools:\n  - {type: web_search}\n"
        "  - {type: mcp, server_label: wiki, server_url: 'https://wiki.example.com/mcp', allowed_tools: [read]}\n"
    )
    with emulator() as url:

        def ran(*words: str) -> str:
            done = subprocess.run(words, cwd=tmp_path, env=shell, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        settings = f"provider: anthropic, endpoint: {url}{PREFIX}, api_key: {{env: ANTHROPIC_API_KEY}}"
        (tmp_path / "retinue.yaml").write_text(
            f"version: 1\nproject: demo-k3f9\nmanifests: [assistants]\nenvironments:\n  live: {{{settings}}}\n"
        )
        ran(*retinue, "apply", "--auto-approve")
        words = "demo-k3f9/live/Assistant/ours low ['agent_toolset_20260401', 'mcp_toolset']"
        assert ran(PYTHON, "-c", BOTH_WAYS, url + PREFIX, "write").strip() == f"Ours 1 {words}"
        assert "Edited" in ran(*retinue, "plan")
        ran(*retinue, "import")
        theirs = (manifests / "theirs.yaml").read_text()
        assert "Be kind." in theirs and "server_label: wiki" in theirs
        ran(*retinue, "apply", "--auto-approve")
        assert "No changes. 2 objects match" in ran(*retinue, "plan")
        assert f"Ours 3 {words}" in ran(PYTHON, "-c", BOTH_WAYS, url + PREFIX)


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_found(heard: Heard, name: str) -> None:
    assert heard.found[name] != []


# --- the judges can fail


def _agent(change: Mapping[str, Any], *, less: str = "") -> Callable[[Exchange], Exchange]:
    """Of a create: its answer with other members, and without one."""

    def changed(exchange: Exchange) -> Exchange:
        answer = {name: value for name, value in {**exchange.answer, **change}.items() if name != less}
        return exchange._replace(answer=answer)

    return changed


def _asked(change: Mapping[str, Any]) -> Callable[[Exchange], Exchange]:
    return lambda exchange: exchange._replace(request={**exchange.request, **change})


TOOL = {"type": "custom", "name": "f", "description": "F.", "input_schema": {"type": "object"}}
UNJUST: dict[str, Callable[[Exchange], Exchange]] = {
    "an unknown member": _agent({"colour": "red"}),
    "no version": _agent({}, less="version"),
    "a version that is a text": _agent({"version": "1"}),
    "no identity": _agent({}, less="execution_identity"),
    "another type": _agent({"type": "assistant"}),
    "an effort that is a text": _agent({"model": {"id": "m", "effort": "low", "speed": "fast", "inference_geo": None}}),
    "a skill without pin": _agent({"skills": [{"type": "anthropic", "skill_id": "xlsx"}]}),
    "an open tool": _agent({"tools": [{**TOOL, "strict": True}]}),
    "a pair that is null": _agent({"metadata": {"a": None}}),
    "no name asked": lambda exchange: exchange._replace(request={"model": "m"}),
    "a long name asked": _asked({"name": "x" * 257}),
    "a long system asked": _asked({"system": "x" * 100_001}),
    "a temperature asked": _asked({"temperature": 1}),
    "an effort of none asked": _asked({"model": {"id": "m", "effort": "none"}}),
    "an open tool asked": _asked({"tools": [{**TOOL, "strict": True}]}),
    "another route": lambda exchange: exchange._replace(path="/v1/assistants"),
    "half an envelope": lambda exchange: exchange._replace(status=400, answer={"error": {"message": "No."}}),
    "an unknown status": lambda exchange: exchange._replace(
        status=418, answer={"type": "error", "error": {"type": "api_error", "message": "No."}, "request_id": "r"}
    ),
}


@pytest.mark.parametrize("case", UNJUST)
def test_the_judges_find_what_is_wrong(heard: Heard, case: str) -> None:
    created = next(item for item in heard.exchanges["defaults"] if item.method == "POST" and item.status == 200)
    assert judge().complaints(created) == []
    assert judge().complaints(UNJUST[case](created)) != []
