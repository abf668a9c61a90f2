"""docs/messages.md explains every code that the source can say, and none that it cannot."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from retinue.cli.console import error_code
from retinue.core import errors

ROOT = Path(__file__).parents[1]
SAYING = {"Diagnostic", "Obstacle", "report", "_report", "_stop", "_note", "_refuse"}
"""Calls whose first argument, or `code=`, is a code."""
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def sources() -> Iterator[ast.Module]:
    for path in sorted((ROOT / "src" / "retinue").rglob("*.py")):
        if "emulator" not in path.parts:
            yield ast.parse(path.read_text(encoding="utf-8"))


def said(tree: ast.Module) -> Iterator[str]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in SAYING:
            continue
        code = node.args[0] if node.args else next((word.value for word in node.keywords if word.arg == "code"), None)
        value = code.value if isinstance(code, ast.Constant) else constants.get(getattr(code, "id", ""))
        if isinstance(value, str) and CODE.fullmatch(value):
            yield value


def of_schemas() -> set[str]:
    """A schema may have a message of its own, with its code."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "src" / "retinue").rglob("*.json"))
    return {code for text in texts for code in re.findall('"code": "([a-z0-9-]+)"', text)}


def of_errors() -> set[str]:
    """A failure without diagnostics of its own is told by its class."""
    classes = [
        item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.RetinueError)
    ]
    return {error_code(item) for item in classes} - {"retinue", "invalid-manifests"}


def documented() -> list[str]:
    text = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [code for row in rows for code in re.findall("`([a-z0-9-]+)`", row)]


def test_every_code_is_explained_once() -> None:
    codes = {code for tree in sources() for code in said(tree)} | of_errors() | of_schemas()
    assert len(codes) > 120
    assert sorted(codes - set(documented())) == [], "explain them in docs/messages.md"
    assert len(documented()) == len(set(documented()))


def test_no_code_is_explained_that_is_never_said() -> None:
    texts = {node.value for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [code for code in documented() if code not in texts | of_errors() | of_schemas()] == []


def test_a_code_is_found_wherever_it_stands() -> None:
    source = "LOSS = 'a-loss'\nDiagnostic('one', m)\nx.report('two', m)\nObstacle(code='three')\nDiagnostic(LOSS, m)\n"
    assert list(said(ast.parse(source + "f('no')"))) == ["one", "two", "three", "a-loss"]


def test_the_page_is_in_the_wheel_where_explain_looks_for_it() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert settings["targets"]["wheel"]["force-include"] == {"docs/messages.md": "retinue/messages.md"}


GERMAN = re.compile(
    r"\b([Ss]omebody|anew|by now|again for more|without a word)\b"
    r"|(?<!here )\bis no (?!longer\b|more\b|better\b)[a-z]|^Whether "
)
"""Word orders that a reader has to read twice. Names of tests in a link are not meant, nor "there is no X"."""


def texts() -> Iterator[tuple[str, str]]:
    """Every line of the docs, of the messages and help, and the first line of every docstring, with its file."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        yield from ((page.name, line) for line in page.read_text(encoding="utf-8").splitlines())
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from ((path.name, line) for line in node.value.splitlines())


def test_texts_are_in_the_word_order_of_english() -> None:
    found = [f"{name}: {line.strip()}" for name, line in texts() if GERMAN.search(line)]
    assert found == []


def test_the_guard_of_english_sees_its_patterns() -> None:
    for line in ("Whether it is so.", "a dot is no name", "somebody moved it", "plan it anew"):
        assert GERMAN.search(line), line
    for line in ("there is no name", "There is no lock.", "it is no longer there", "`test_what_somebody_does`"):
        assert not GERMAN.search(line), line
