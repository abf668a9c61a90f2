"""Foundry's agents: Azure's SDK and its own tests judge the emulator, and faults put into it are found."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from ..emulator.choices import FOUNDRY_ROWS, Row, label
from ..serving import served
from .between import Ask, Change, Reply, Send, between
from .needs import foundry_sdk
from .suites import run_by

PYTHON, SOURCE = foundry_sdk()
HERE = Path(__file__).parent
PROJECT = "/api/projects/outside"
pytestmark = pytest.mark.outside


def wrong(services: Mapping[str, tuple[Any, Row]]) -> dict[str, list[str]]:
    """What the SDK finds wrong with each service, in one process, because to import the SDK takes seconds."""
    with ExitStack() as stack:
        urls = {name: stack.enter_context(served(app)) + PROJECT for name, (app, _) in services.items()}
        rows = json.dumps({urls[name]: row for name, (_, row) in services.items()})
        command = [PYTHON, str(HERE / "foundry_session.py")]
        done = subprocess.run(command, input=rows, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {name: found[url] for name, url in urls.items()}


# --- the SDK's own tests

MODULES = (
    "test_agents_crud.py",
    "test_agents_crud_async.py",
    "test_agent_create_version_exception.py",
    "test_agent_create_version_exception_async.py",
)
KNOWN = {"feet in a mile": "5280", "meters in a mile": "1609", "add 2 again": "6"}
"""What those tests ask the model, and what it has to know."""


def model(ask: Ask, send: Send) -> Reply:
    """The service with a model behind it, and conversations."""
    if ask.path.endswith("/conversations"):
        return Reply(200, {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}})
    reply = send(ask)
    if ask.path.endswith("/responses") and reply.status == 200:
        said = next(answer for question, answer in KNOWN.items() if question in ask.body["input"])
        reply.body["output"][0]["content"][0]["text"] = said
    return reply


def test_the_sdks_own_tests_pass(tmp_path: Path) -> None:
    service = Emulator(":memory:")
    paths = [str(HERE / "foundry_stub"), str(SOURCE / "tests")]
    with served(between(service, model)) as url:
        ends, printed = run_by(
            [PYTHON, "-m", "pytest", "--noconftest", "-o", "asyncio_mode=auto"],
            [f"tests/agents/{module}" for module in MODULES],
            {"FOUNDRY_ENDPOINT": url + PROJECT, "PYTHONPATH": os.pathsep.join(paths)},
            tmp_path / "report.xml",
            SOURCE,
        )
    service.close()
    assert ends == {"passed": 8}, printed


# --- the SDK as a client


@cache
def sound() -> dict[str, list[str]]:
    services = {label(row): Emulator(":memory:", Behaviour(**row)) for row in FOUNDRY_ROWS}
    try:
        return wrong({label(row): (services[label(row)], row) for row in FOUNDRY_ROWS})
    finally:
        for service in services.values():
            service.close()


@pytest.mark.parametrize("row", FOUNDRY_ROWS, ids=label)
def test_the_sdk_finds_nothing_wrong(row: Row) -> None:
    assert sound()[label(row)] == []


# --- faults put into the emulator


def _versions(value: Any) -> Iterator[dict[str, Any]]:
    """Every version in an answer."""
    if isinstance(value, dict):
        if value.get("object") == "agent.version":
            yield value
        value = [*value.values()]
    for item in value if isinstance(value, list) else ():
        yield from _versions(item)


def _each_version(change: Mapping[str, Any]) -> Change:
    def fault(ask: Ask, send: Send) -> Reply:
        reply = send(ask)
        for version in _versions(reply.body):
            version.update(change)
        return reply

    return fault


def _merged(ask: Ask, send: Send) -> Reply:
    """A create adds to what the latest version has."""
    if ask.method == "POST" and ask.path.endswith("/versions"):
        agent = send(Ask("GET", ask.path.removesuffix("/versions"), b"", ask.environ))
        if agent.status == 200:
            before = agent.body["versions"]["latest"]
            whole = {**before["definition"], **ask.body["definition"]}
            return send(Ask("POST", ask.path, {**ask.body, "definition": whole}, ask.environ))
    return send(ask)


def _listed(**change: Any) -> Change:
    """A page of agents is another."""

    def fault(ask: Ask, send: Send) -> Reply:
        reply = send(ask)
        if ask.path.endswith("/agents") and "data" in reply.body:
            made = {name: make(reply.body["data"]) for name, make in change.items()}
            return Reply(reply.status, {**reply.body, **made})
        return reply

    return fault


def _unsent(method: str, ending: str, **answer: Any) -> Change:
    """Requests of a method and a path are answered, and nothing is done."""

    def fault(ask: Ask, send: Send) -> Reply:
        if ask.method != method or not ask.path.endswith(ending):
            return send(ask)
        reply = send(Ask("GET", ask.path.partition(":")[0], b"", ask.environ))
        return Reply(204, b"") if not answer else Reply(reply.status, {**reply.body, **answer})

    return fault


def _unpatched(ask: Ask, send: Send) -> Reply:
    """A patch is answered as if it were done."""
    if ask.method != "PATCH":
        return send(ask)
    reply = send(Ask("GET", ask.path, b"", ask.environ))
    return Reply(reply.status, {**reply.body, **ask.body})


def _without_rules(ask: Ask, send: Send) -> Reply:
    """The newest answers callers, whatever is pinned."""
    if not ask.path.endswith("/protocols/openai/responses"):
        return send(ask)
    name = ask.path.split("/")[-5]
    reference = {"type": "agent_reference", "name": name}
    plain = {**ask.environ, "QUERY_STRING": ""}
    return send(Ask("POST", f"{PROJECT}/openai/v1/responses", {"agent_reference": reference}, plain))


def _newest_as_any(ask: Ask, send: Send) -> Reply:
    """A version that is not the newest is answered with the definition of the newest: it is not immutable."""
    reply = send(ask)
    if ask.method == "GET" and "/versions/" in ask.path and reply.status == 200:
        agent = send(Ask("GET", ask.path.partition("/versions/")[0], b"", ask.environ))
        reply.body["definition"] = agent.body["versions"]["latest"]["definition"]
    return reply


def _strict_given(ask: Ask, send: Send) -> Reply:
    if ask.method == "POST" and ask.path.endswith("/versions"):
        for tool in ask.body["definition"].get("tools") or ():
            if tool["type"] == "function":
                tool.setdefault("strict", False)
    return send(ask)


def _open_gate(ask: Ask, send: Send) -> Reply:
    features = ",".join(f"{name}=V1Preview" for name in ("Skills", "DraftAgents", "WorkflowAgents"))
    return send(Ask(ask.method, ask.path, ask.body, {**ask.environ, "HTTP_FOUNDRY_FEATURES": features}))


def _bent(ask: Ask, send: Send) -> Reply:
    """The name of an agent is cut to what the rule allows."""
    head, found, name = ask.path.partition("/agents/")
    return send(Ask(ask.method, head + found + name.replace("-/", "/"), ask.body, ask.environ))


def _found_again(ask: Ask, send: Send) -> Reply:
    reply = send(ask)
    return Reply(200, {}) if reply.status == 404 and ask.method == "GET" else reply


FAULTS: Mapping[str, Change] = {
    "the metadata is lost": _each_version({"metadata": {}}),
    "a member that no version must lack is missing": _each_version({"created_at": None}),
    "a member is there that no version has": _each_version({"display_name": "Tutor"}),
    "instructions are trimmed to nothing": _each_version({"definition": {"kind": "prompt", "model": "gpt-5"}}),
    "a create is merged": _merged,
    "versions can change": _newest_as_any,
    "a function needs no strict": _strict_given,
    "previews need no header": _open_gate,
    "a name is bent to the rule": _bent,
    "a page is short by one": _listed(data=lambda data: data[:-1]),
    "a list ends after its first page": _listed(last_id=lambda _: None),
    "a list is in the other order": _listed(data=lambda data: data[::-1]),
    "a delete deletes nothing": _unsent("DELETE", "/agents/tutor", object="agent.deleted", deleted=True),
    "a version's delete deletes nothing": _unsent("DELETE", "/versions/1", deleted=True),
    "a disabled agent still answers": _unsent("POST", ":disable"),
    "a pin is forgotten": _unpatched,
    "a pin pins nothing": _without_rules,
    "what is gone is answered with 200": _found_again,
}


def straight(ask: Ask, send: Send) -> Reply:
    return send(ask)


@cache
def unsound() -> dict[str, list[str]]:
    changes = {**FAULTS, "none": straight}
    services = {name: Emulator(":memory:") for name in changes}
    try:
        return wrong({name: (between(services[name], change), {}) for name, change in changes.items()})
    finally:
        for service in services.values():
            service.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    assert unsound()[name] != []


def test_the_way_in_which_faults_are_put_in_is_none() -> None:
    assert unsound()["none"] == []
