"""What a service cannot hold: found in its record, weighed by `on_loss`, left out of what is compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retinue.core.model import Address, Desired, Diagnostic, Severity
from retinue.providers import registry
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.base import Capabilities, Support
from retinue.providers.losses import LOSS, OnLoss, held, losses, weighed

KIND = KINDS["Assistant"]
RECORD = Capabilities(
    kinds=KINDS,
    identity="server",
    list_lag=0,
    create_repeatable=False,
    fields={
        "Assistant": {
            "tools": (Support.UNSUPPORTED, "there are none"),
            "top_p": (Support.UNSUPPORTED, "nobody asked for it"),
            "model": (Support.EMULATED, "a key"),
        }
    },
)


def manifest(**spec: Any) -> Desired:
    return Desired("Assistant", {"model": "m", **spec}, address=Address("Assistant", "one"))


def test_what_is_stated_and_unsupported_is_a_loss_with_its_note() -> None:
    found = list(losses(manifest(tools=[{"type": "code_interpreter"}], top_p=0.5), KIND, RECORD))
    assert [(item.code, item.path) for item in found] == [(LOSS, "/tools"), (LOSS, "/top_p")]
    assert "there are none" in found[0].message


@pytest.mark.parametrize("spec", [{}, {"tools": []}, {"tools": None}, {"top_p": 1}, {"top_p": 1.0}])
def test_what_is_at_its_default_is_no_loss(spec: dict[str, Any]) -> None:
    assert list(losses(manifest(**spec), KIND, RECORD)) == []


@pytest.mark.parametrize(
    ("on_loss", "tools", "top_p"),
    [
        ({}, Severity.ERROR, Severity.WARNING),
        ("error", Severity.ERROR, Severity.ERROR),
        ("warn", Severity.WARNING, Severity.WARNING),
        ("allow", Severity.INFO, Severity.INFO),
        ({"tools": "allow"}, Severity.INFO, Severity.WARNING),
        ({"top_p": "error"}, Severity.ERROR, Severity.ERROR),
    ],
)
def test_the_environment_weighs_a_loss(on_loss: OnLoss, tools: Severity, top_p: Severity) -> None:
    found = losses(manifest(tools=[{"type": "code_interpreter"}], top_p=0.5), KIND, RECORD)
    assert [weighed(item, KIND, on_loss).severity for item in found] == [tools, top_p]


@pytest.mark.parametrize("name", ["instructions", "tools", "tool_resources", "response_format"])
def test_what_makes_an_assistant_what_it_is_is_never_lost_by_default(name: str) -> None:
    assert weighed(Diagnostic(LOSS, "", path=f"/{name}"), KIND, {}).severity is Severity.ERROR


def test_other_findings_and_other_paths_keep_their_weight() -> None:
    for item in (
        Diagnostic("other", "", path="/tools"),
        Diagnostic(LOSS, "", path="/providers/x"),
        Diagnostic(LOSS, ""),
    ):
        assert weighed(item, KIND, "allow") == item


def test_what_is_lost_is_left_out_also_in_the_middle_of_a_list() -> None:
    tools = [{"type": "code_interpreter"}, {"type": "function"}, {"type": "file_search", "file_search": {"x": 1}}]
    found = [Diagnostic(LOSS, "", path=path) for path in ("/top_p", "/tools/1", "/tools/2/file_search")]
    resource = manifest(tools=tools, top_p=0.5)
    assert held(resource, found).spec == {"model": "m", "tools": [tools[0], {"type": "file_search"}]}
    assert resource.spec["tools"] == tools


def test_a_loss_of_another_manifest_takes_nothing_away() -> None:
    resource = manifest(top_p=0.5)
    assert held(resource, [Diagnostic(LOSS, "", path="/top_p", address="Assistant/two")]) is resource


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
TOOLS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["function", "file_search", "mcp"]), "function": ANYTHING})
)


@pytest.mark.parametrize("name", registry.names())
@given(st.dictionaries(st.sampled_from([name for kind in KINDS.values() for name in kind.fields]), ANYTHING | TOOLS))
@settings(max_examples=30)
@example({"tools": 1})
@example({"metadata": 3, "description": "d"})
@example({"files": [1, {"file_id": 2, "chunking_strategy": 3}], "tool_resources": {"file_search": 4}})
def test_a_check_takes_whatever_validation_has_refused(name: str, spec: dict[str, Any]) -> None:
    provider = registry.load(name)
    for kind in provider.capabilities.kinds:
        for block in ({}, 1, {name: 1}, {name: {"type": "OPENAI", "tools": [2], "context_keys": 3}}):
            found = provider.check(Desired(kind, {**spec, "providers": block}, Address(kind, "a")))
            assert all(problem.path and problem.code for problem in found)
