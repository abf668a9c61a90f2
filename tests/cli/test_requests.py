"""How many requests an apply of many takes, on every provider: lists, one look at each object, one write of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..langgraph.fake import FakeLangGraph
from .conftest import World, opened

MANY = 4


class Place(NamedTuple):
    """A service. `environment`: its lines in retinue.yaml; `item`: the path of one object; `block`: what a manifest has
    for it; `listed`: the path of its list, where that is asked for by POST; `beside`: paths of what belongs to an
    object, counted elsewhere; `made_by`: how many writes make an object.
    """

    environment: Callable[[str], str]
    item: str
    block: str = ""
    listed: str = ""
    beside: str = "-"
    made_by: int = 1


def _lines(provider: str, path: str, more: str = "") -> Callable[[str], str]:
    return lambda url: (
        f"  dev:\n    provider: {provider}\n    endpoint: {url}{path}\n    api_key: {{env: DEMO_KEY}}\n{more}"
    )


PLACES = {
    "openai-assistants": Place(_lines("openai-assistants", "/v1"), r"/v1/assistants/[^/]+"),
    "azure-openai": Place(
        _lines("azure-openai", "", "    api_version: 2024-05-01-preview\n"), r"/openai/assistants/[^/]+"
    ),
    "azure-openai-first": Place(
        _lines("azure-openai", "", "    api_version: 2024-02-15-preview\n"), r"/openai/assistants/[^/]+"
    ),
    "foundry-classic": Place(
        _lines("azure-openai", "/api/projects/demo", "    api_version: v1\n"), r"/api/projects/demo/assistants/[^/]+"
    ),
    # A row, and then the link to its chatflow; tests/flowise/test_chatflows.py counts the rest.
    "flowise": Place(
        _lines("flowise", ""), r"/api/v1/assistants/[^/]+", beside=r"/api/v1/(chatflows|nodes)(/.*)?", made_by=2
    ),
    "langgraph": Place(
        _lines("langgraph", ""),
        r"/assistants/[^/]+",
        block="providers:\n  langgraph:\n    graph_id: agent\n",
        listed="/assistants/search",
    ),
}


@dataclass
class Shop:
    world: World
    place: Place
    log: list[Any]

    def manifests(self, text: str, count: int = MANY) -> None:
        for number in range(MANY):
            if number < count:
                self.world.assistant(f"a{number}", f"name: Number {number}\n{text}{self.place.block}")
            else:
                (self.world.root / f"assistants/a{number}.yaml").unlink(missing_ok=True)

    def run(self, *arguments: str) -> Counter[str]:
        """What a command asks: a `look` at one object, its `versions`, a `write` or delete, a `list` of anything."""
        self.log.clear()
        ran = self.world.run(*arguments)
        assert ran.code == 0, ran.out + ran.err
        found: Counter[str] = Counter()
        for line in self.log:
            path = line.path.partition("?")[0]
            if re.fullmatch(self.place.beside, path):
                continue
            one = re.fullmatch(self.place.item + "(/versions)?", path) if path != self.place.listed else None
            what = "list" if path == self.place.listed or line.method == "GET" else "write"
            found["versions" if one and one[1] else "look" if one and line.method == "GET" else what] += 1
        return found


@pytest.fixture(params=list(PLACES))
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    place, fake = PLACES[request.param], FakeLangGraph()
    with opened(tmp_path / "demo", monkeypatch, lambda emulator: fake if place.listed else emulator) as world:
        head = "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        world.write("retinue.yaml", head + place.environment(world.url))
        yield Shop(world, place, fake.requests if place.listed else world.emulator.requests)


@pytest.mark.parametrize("how", ["fresh", "saved", "trusted"])
def test_an_apply_lists_looks_at_each_object_once_and_writes_it_once(shop: Shop, how: str) -> None:
    for action, text, count in (("create", "One.", MANY), ("update", "Two.", MANY), ("delete", "Two.", 1)):
        shop.manifests(f"instructions: {text}\n", count)
        allowed = ["--allow", f"brake={MANY - 1}"] if action == "delete" else []
        trusted = ["--trust-plan", *allowed] if how == "trusted" else []
        planned = shop.run("plan", "--out", "plan.json", *allowed)
        assert planned.keys() <= {"list", "versions"}
        if how == "fresh":
            applied = shop.run("apply", "--auto-approve", *allowed)
        else:
            applied = shop.run("apply", "plan.json", *trusted)
        steps = MANY - 1 if action == "delete" else MANY
        assert applied["write"] == steps * (shop.place.made_by if action == "create" else 1)
        assert applied["look"] == (0 if action == "create" else steps)
        # After creates one more list looks for those of others. A history is asked for where no list tells it.
        # What a trusted plan deletes is held against all that is owned, of each kind.
        more = action == "create" or (action == "delete" and how == "trusted")
        assert applied["list"] <= planned["list"] + more
        assert applied["versions"] <= planned["versions"] <= steps
        shop.world.settled()


def test_what_many_steps_refer_to_is_looked_for_once(world: World) -> None:
    world.project()
    world.write("assistants/handbook.yaml", "vector_store: handbook\nname: Handbook\n")
    for number in range(MANY):
        world.assistant(f"a{number}", f"name: Number {number}\n")
    world.apply()
    searching = "tools: [{type: file_search}]\n"
    searching += "tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}}\n"
    for number in range(MANY):
        world.assistant(f"a{number}", f"name: Number {number}\n{searching}")
    assert world.run("plan", "--out", "plan.json").code == 0
    world.emulator.requests.clear()
    assert world.run("apply", "plan.json", "--trust-plan").code == 0
    asked = Counter(re.sub(r"(asst|vs)_[^/]+", r"\1", line.path) for line in world.emulator.requests)
    assert asked["/v1/vector_stores/vs"] == 1
    assert asked["/v1/assistants/asst"] == 2 * MANY
    world.settled()
