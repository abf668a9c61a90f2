"""Tools of agents, told as data: of services that nest a function, and of those that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Json
from retinue.providers.agent_tools import FUNCTION, FlatTools
from retinue.providers.foundry.flat_tools import TOOLS as FOUNDRY
from retinue.providers.openai_agents.forms import TOOLS as OPENAI


def branch(kind: str, **members: Json) -> Json:
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": {"type": {}, **members}}}


def below(*branches: Json) -> Json:
    """The schema of what stands below `providers`."""
    kinds = [item["if"]["properties"]["type"]["const"] for item in branches]
    return {"properties": {"tools": {"items": {"properties": {"type": {"enum": kinds}}, "allOf": [*branches]}}}}


NESTED = FlatTools(
    below(
        branch("function", function={}),
        branch("web_search", depth={"default": "plain"}),
        branch("code_interpreter"),
        branch("library", ids={}),
    ),
    {
        "function": {f"function/{name}": f"function/{name}" for name in FUNCTION},
        "web_search": {},
        "code_interpreter": {},
    },
)
"""As of a service that writes a function as a manifest does, and searches without settings."""
CALL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}


def test_a_nested_function_is_written_with_its_arguments_and_known_by_its_name() -> None:
    bare = {"type": "function", "function": {"name": "f"}}
    (written,) = NESTED.write([bare], None)
    assert written == {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
    }
    live = [{**CALL, "novel": 1}, {"type": "function", "function": {"name": "g"}, "novel": 2}, {"type": "image"}]
    assert NESTED.write([CALL], None, live) == [{**CALL, "novel": 1}, {"type": "image"}]
    assert NESTED.unsaid(live) == {"function.f.novel": 1, "function.g.novel": 2, "image": [{"type": "image"}]}


def test_a_member_that_only_the_service_has_puts_a_tool_below_providers() -> None:
    raw = [CALL, {"type": "web_search", "depth": "plain"}, {"type": "web_search", "depth": "far"}, {"type": "library"}]
    found = NESTED.read(raw)
    assert found.portable == [CALL, {"type": "web_search"}]
    assert found.own == [{"type": "web_search", "depth": "far"}, {"type": "library"}]
    assert NESTED.write(found.portable, found.own) == [CALL, {"type": "web_search"}, *found.own]
    ((said),) = NESTED.problems([{"type": "web_search"}, *found.own], "/providers/x/tools", "X")
    assert (said.code, said.path) == ("agents-tool", "/providers/x/tools/0")


@pytest.mark.parametrize("allowed", [None, [], ["read"]])
@pytest.mark.parametrize("tools", [OPENAI, FOUNDRY])
def test_a_server_that_may_call_nothing_is_no_server_that_may_call_all(tools: FlatTools, allowed: Json) -> None:
    tool = {"type": "mcp", "server_label": "a", "server_url": "https://x.example", "allowed_tools": allowed}
    (written,) = tools.write([tool], None)
    assert written.get("allowed_tools") == allowed
    (back,) = tools.read([written]).portable
    assert back == {name: item for name, item in tool.items() if item is not None}


_words = st.text("ab", min_size=1, max_size=3)
_json = st.recursive(st.none() | st.booleans() | st.integers(0, 9) | _words, lambda it: st.lists(it, max_size=2))
_members = ("type", "name", "function", "transport", "container", "vector_store_ids", "server_label", "allowed_tools")
_tool = st.dictionaries(st.sampled_from(_members) | _words, _json, max_size=5)
_kinds = st.sampled_from(["function", "mcp", "web_search", "code_interpreter", "file_search", "shell", "novel"])
_live = st.lists(st.builds(lambda kind, tool: {**tool, "type": kind}, _kinds, _tool) | _tool, max_size=4)


@given(raw=_live | _json, tools=st.sampled_from([NESTED, OPENAI, FOUNDRY]))
def test_whatever_a_service_answers_every_tool_has_its_place(raw: Any, tools: FlatTools) -> None:
    found = tools.read(raw)
    objects = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    assert len(found.portable) + len(found.own) + len(found.strange) == len(objects)
    written = tools.write(found.portable, found.own, raw)
    assert len(written) == len(objects) and written[len(written) - len(found.strange) :] == found.strange
    assert tools.unsaid(raw).keys() >= {item["type"] for item in found.strange if item.get("type") == "novel"}
