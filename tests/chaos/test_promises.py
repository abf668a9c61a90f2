"""docs/promises.md: each promise names the tests that hold it, they exist, and none of them is expected to fail."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
PAGE = (REPOSITORY / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISES, _, LIMITS = PAGE.partition("\n## Limits\n")
LIMITS = LIMITS.partition("\n## ")[0]
_LINK = re.compile(r"\[`(\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


def links(text: str) -> list[tuple[str, str]]:
    """The named tests, as (name, path)."""
    return [(found[1], found[2]) for found in _LINK.finditer(text)]


def points(text: str) -> list[str]:
    return re.findall(r"^- .*(?:\n  .*)*", text, re.M)


@cache
def named_in(path: str) -> dict[str, str]:
    """The tests of a file, each with its decorators as text."""
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"), path)
    found = {node.name: _decorators(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return found | {node.targets[0].id: "" for node in assigned if isinstance(node.targets[0], ast.Name)}


def _decorators(node: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(decorator) for decorator in node.decorator_list)


@pytest.mark.parametrize(("name", "path"), sorted(set(links(PAGE))))
def test_a_named_test_exists(name: str, path: str) -> None:
    assert name.lower().startswith("test")
    assert (REPOSITORY / path).is_file()
    assert name in named_in(path)


@pytest.mark.parametrize("point", points(PROMISES), ids=lambda point: re.sub(r"\W+", "-", point[4:44]))
def test_a_promise_is_held_by_a_test_that_passes(point: str) -> None:
    assert links(point)
    assert [name for name, path in links(point) if "xfail" in named_in(path)[name]] == []


def test_the_page_has_promises_and_limits() -> None:
    assert len(points(PROMISES)) > 30
    assert len(points(LIMITS)) > 4
    assert len(links(PAGE)) == len(re.findall(r"\]\(\.\./tests/[^)]*\.py\)", PAGE)), "each link names a test"
