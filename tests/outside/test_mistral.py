"""The emulator's Mistral Agents against mistralai 3, and retinue beside it: see `run.sh`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour
from retinue_emulator.web import Answer, told

from ..serving import served
from .needs import mistral_sdk

pytestmark = pytest.mark.outside
PYTHON = mistral_sdk()
SESSION = str(Path(__file__).parent / "mistral_session.py")
ROWS: tuple[dict[str, str], ...] = (
    {},
    {"mistral_arguments": "merge", "mistral_metadata": "merge", "mistral_noop": "same", "mistral_base": "current"},
    {"mistral_arguments": "merge", "mistral_noop": "same"},
    {"mistral_metadata": "merge", "mistral_base": "current"},
)
PREFIX = "/mistral"


class Wrong(Emulator):
    """An emulator whose answers to some requests are changed."""

    def __init__(self, method: str, ending: str, member: str, value: Any) -> None:
        super().__init__()
        for index, route in enumerate(self.mistral.routes):
            if (route.method, route.template.endswith(ending)) == (method, True):
                self._router._table[len(route.template.split("/"))] = [
                    (route._replace(handle=self._changed(known.handle, member, value)), parts)
                    if known == self.mistral.routes[index]
                    else (known, parts)
                    for known, parts in self._router._table[len(route.template.split("/"))]
                ]

    @staticmethod
    def _changed(handle: Any, member: str, value: Any) -> Any:
        def changed(*arguments: Any) -> Answer:
            found = json.loads(handle(*arguments).body or "{}")
            target = found[0] if isinstance(found, list) and found else found
            if isinstance(target, dict):
                target[member] = value(target) if callable(value) else value
                target = {key: item for key, item in target.items() if item != "-"}
            return told([target, *found[1:]] if isinstance(found, list) and found else target)

        return changed


WRONG = {
    "a create without a version": ("POST", "/v1/agents", "version", "-"),
    "an update that makes no version": ("PATCH", "/{id}", "version", 1),
    "an update that loses the arguments": ("PATCH", "/{id}", "completion_args", {}),
    "an answer without updated_at": ("GET", "/{id}", "updated_at", "-"),
    "a list that ends early": ("GET", "/pages", "next_page_token", None),
    "a list of another shape": ("GET", "/pages", "data", "-"),
    "an alias without its version": ("PUT", "/aliases", "version", "-"),
    "an alias that stays": ("PUT", "/aliases", "version", 9),
    "versions that are all the first": ("GET", "/versions", "version", 1),
    "a version of another": ("GET", "/{version}", "description", "Helps more."),
    "a delete that answers 200": ("DELETE", "/{id}", "deleted", True),
    "a current version that does not move": ("PATCH", "/version", "version", 3),
}


def said(act: str, *urls: str) -> dict[str, Any]:
    done = subprocess.run([PYTHON, SESSION, act, *urls], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """What one process of the SDK found wrong with each emulator, by name."""
    emulators = {str(number): Emulator(behaviour=Behaviour(**row)) for number, row in enumerate(ROWS)}  # type: ignore[arg-type]
    emulators |= {name: Wrong(*change) for name, change in WRONG.items()}
    with ExitStack() as stack:
        urls = {stack.enter_context(served(emulator)) + PREFIX: name for name, emulator in emulators.items()}
        heard = said("life", *urls)
    for emulator in emulators.values():
        emulator.close()
    return {urls[url]: wrong for url, wrong in heard.items()}


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_the_models_read_every_answer_and_the_client_finds_nothing_wrong(found: dict[str, list[str]], row: int) -> None:
    assert found[str(row)] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_found(found: dict[str, list[str]], name: str) -> None:
    assert found[name] != []


@contextmanager
def emulator(row: dict[str, str]) -> Iterator[str]:
    made = Emulator(behaviour=Behaviour(**row))  # type: ignore[arg-type]
    with served(made) as url:
        yield url + PREFIX
    made.close()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_retinue_makes_the_sdk_reads_and_what_the_sdk_makes_retinue_adopts(
    tmp_path: Path, row: dict[str, str]
) -> None:
    retinue, shell = (sys.executable, "-m", "retinue"), {**os.environ, "MISTRAL_API_KEY": "key-outside"}
    manifests = tmp_path / "assistants"
    manifests.mkdir()
    (manifests / "ours.yaml").write_text(
        "assistant: ours\nmodel: mistral-large-latest\ntemperature: 0.2\ntools: [{type: web_search}]\n"
        "providers: {mistral: {completion_args: {random_seed: 3}, version_message: from Git}}\n"
    )
    with emulator(row) as url:

        def ran(*words: str) -> str:
            done = subprocess.run(words, cwd=tmp_path, env=shell, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        settings = f"provider: mistral, endpoint: {url}, alias: prod, api_key: {{env: MISTRAL_API_KEY}}"
        (tmp_path / "retinue.yaml").write_text(
            f"version: 1\nproject: demo-k3f9\nmanifests: [assistants]\nenvironments:\n  live: {{{settings}}}\n"
        )
        ran(*retinue, "apply", "--auto-approve")
        (ours,) = said("seen", url)[url]
        assert ours["completion_args"] == {"temperature": 0.2, "random_seed": 3}
        assert (ours["name"], ours["version_message"], ours["version"]) == ("ours", "from Git", 1)
        theirs = said("made", url)[url]
        ran(*retinue, "import")
        assert theirs in (manifests / "tutor.yaml").read_text()
        ran(*retinue, "apply", "--auto-approve")
        assert "No changes. 2 objects match" in ran(*retinue, "plan")
        adopted = next(agent for agent in said("seen", url)[url] if agent["id"] == theirs)
        assert adopted["metadata"]["retinue.address"] == "demo-k3f9/live/Assistant/tutor"
        assert adopted["metadata"]["deep"] == {"a": [1]} and adopted["completion_args"]["max_tokens"] == 700
