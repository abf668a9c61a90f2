"""House rules that a reader would otherwise check by eye: lengths, docstrings, no mocks, no machine paths."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
HERE = Path(__file__).relative_to(REPOSITORY).as_posix()
MAX_FUNCTION = 60
MAX_FILE = {"src": 450, "tests": 600, "benchmarks": 450}
"""Lines by folder: tests stand alone, so a longer file of them is no harder to read."""

TEXTS = {".py", ".md", ".json", ".yaml", ".yml", ".toml", ".txt", ".sh"}
PLACES = ("src", "tests", "examples", "schemas", "docs", "benchmarks", ".github", ".ci")

MACHINE = re.compile(r"/(home|Users)/[a-z]|/(work|tmp/w|root)/|C:\\\\?Users", re.ASCII)
UNFINISHED = re.compile(r"\b(TODO|FIXME|HACK)\b")


def _files(*folders: str) -> Iterator[str]:
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(REPOSITORY).as_posix()


PYTHON = [path for path in _files("src", "tests", "benchmarks") if path.endswith(".py")]
TESTS = [path for path in PYTHON if path.startswith("tests/")]
ALL_TEXTS = [path for path in _files(*PLACES) if Path(path).suffix in TEXTS]
ALL_TEXTS += [path.name for path in sorted(REPOSITORY.iterdir()) if path.is_file() and path.suffix in TEXTS]


def text_of(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def long_functions(tree: ast.Module) -> list[str]:
    """Functions over the limit, their docstring included."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in found if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION]


def mocks(tree: ast.Module) -> list[int]:
    """Lines that import a mock library, or put something else in the place of one of retinue's own names."""
    ours = set()
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                full = f"{module}.{alias.name}".strip(".")
                if full.startswith("retinue"):
                    ours.add((alias.asname or alias.name).partition(".")[0])
                if re.match(r"(unittest\.)?mock\b|pytest_mock\b", full):
                    lines.append(node.lineno)
    for node in ast.walk(tree):
        replaced = list(_replaced(node))
        if any(_root(item) in ours or _names_retinue(item) for item in replaced):
            lines.append(node.lineno)  # type: ignore[attr-defined]
    return lines


LOOSE = re.compile(r"\b([Dd]ict|(Mutable)?Mapping)\[str, Any\]")


def loose_options(tree: ast.Module) -> list[str]:
    """Functions that take options as a mapping from names to anything, and commands that take whatever click sends."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            parameters = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            loose = any(LOOSE.search(ast.unparse(item.annotation)) for item in parameters if item.annotation)
            is_command = any("helping.command" in ast.unparse(item) for item in node.decorator_list)
            if loose or (is_command and node.args.kwarg):
                found.append(node.name)
    return found


def _replaced(node: ast.AST) -> Iterator[ast.expr]:
    """What a call of `setattr` or an assignment to an attribute changes."""
    if isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("setattr", "delattr", "patch", "object"):
            yield node.args[0]
    if isinstance(node, ast.Assign):
        yield from (target.value for target in node.targets if isinstance(target, ast.Attribute))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names_retinue(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("retinue.")


ROLES = {"service.py", "forms.py", "checks.py", "block.py", "verdicts.py", "schema.json"}
"""Names that several provider packages may give to a file, each for the same part in it."""


def recurring_names(paths: Iterable[str]) -> dict[str, list[str]]:
    """File names with more than one home in `src/retinue`, and these homes.

    A command's module may be called like the module of another package that does its work, and a file of a provider
    package like its counterpart in the others.
    """
    homes: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.removeprefix("src/retinue/").rpartition("/")
        if folder != "cli/commands" and name != "__init__.py":
            a_role = name in ROLES and re.fullmatch(r"providers/\w+", folder)
            homes.setdefault(name, []).append("providers/*" if a_role else folder)
    return {name: found for name, found in homes.items() if len(set(found)) > 1}


def tree_of(path: str) -> ast.Module:
    return ast.parse(text_of(path), path)


def test_every_module_says_what_it_is_for() -> None:
    assert [path for path in PYTHON if text_of(path).strip() and not ast.get_docstring(tree_of(path))] == []


def test_no_file_is_too_long() -> None:
    lengths = {path: len(text_of(path).splitlines()) for path in PYTHON}
    assert {path: length for path, length in lengths.items() if length > MAX_FILE[path.partition("/")[0]]} == {}


def test_no_function_is_too_long() -> None:
    assert {path: names for path in PYTHON if (names := long_functions(tree_of(path)))} == {}


def test_the_options_of_a_command_are_one_typed_value() -> None:
    command_line = [path for path in PYTHON if path.startswith("src/retinue/cli/")]
    assert {path: names for path in command_line if (names := loose_options(tree_of(path)))} == {}


def test_no_two_files_are_called_alike_but_for_a_command_or_a_role_of_a_provider_package() -> None:
    assert recurring_names(path for path in _files("src/retinue") if Path(path).suffix in (".py", ".json")) == {}


def test_nothing_of_our_own_is_mocked() -> None:
    assert {path: lines for path in TESTS if (lines := mocks(tree_of(path)))} == {}


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert {path: found for path in ALL_TEXTS if path != HERE and (found := MACHINE.findall(text_of(path)))} == {}


def test_nothing_is_left_for_later() -> None:
    assert {path: found for path in ALL_TEXTS if path != HERE and (found := UNFINISHED.findall(text_of(path)))} == {}


# --- the rules can fail

MOCKS = {
    "a mock library": "from unittest.mock import MagicMock",
    "the module of it": "from unittest import mock",
    "a function of ours": "from retinue.engine import apply\ndef t(monkeypatch): monkeypatch.setattr(apply, 'f', 1)",
    "deep in a module of ours": "import retinue.cli\ndef t(m): m.setattr(retinue.cli.app, 'run', 1)",
    "by name": "def t(m): m.setattr('retinue.cli.app.run', 1)",
    "by assignment": "from retinue.cli import app\napp.run = 1",
}


@pytest.mark.parametrize("source", MOCKS.values(), ids=MOCKS.keys())
def test_a_mock_is_found(source: str) -> None:
    assert len(mocks(ast.parse(source))) == 1


def test_replacing_what_is_not_ours_is_no_mock() -> None:
    assert mocks(ast.parse("import sys\ndef t(m, w): m.setattr(sys, 'stdout', 1); w.x = 2")) == []


def test_a_long_function_is_found() -> None:
    assert long_functions(ast.parse("def f():\n" + "    x = 1\n" * 60)) == ["f"]
    assert long_functions(ast.parse("def f():\n" + "    x = 1\n" * 59)) == []


@pytest.mark.parametrize(
    "folders",
    [
        ("core", "cli"),
        ("core", "cli/commands", "engine"),
        ("providers/one", "providers/two"),
        ("core", "providers/one"),
    ],
    ids=str,
)
def test_a_name_that_recurs_is_found(folders: tuple[str, ...]) -> None:
    assert list(recurring_names(f"src/retinue/{folder}/reading.py" for folder in folders)) == ["reading.py"]


def test_a_command_and_the_roles_of_providers_may_be_called_alike() -> None:
    assert recurring_names(f"src/retinue/{folder}/plan.py" for folder in ("core", "cli/commands")) == {}
    assert recurring_names(f"src/retinue/providers/{name}/forms.py" for name in ("one", "two")) == {}
    assert recurring_names(f"src/retinue/{folder}/forms.py" for folder in ("providers/one", "load")) != {}


LOOSE_OPTIONS = {
    "a mapping": "def f(options: Mapping[str, Any]) -> int: ...",
    "a dict, optional and by name": "def f(*, options: dict[str, Any] | None = None) -> int: ...",
    "whatever click sends": "@helping.command('plan')\ndef f(**options: Any) -> int: ...",
}


@pytest.mark.parametrize("source", LOOSE_OPTIONS.values(), ids=LOOSE_OPTIONS.keys())
def test_loose_options_are_found(source: str) -> None:
    assert loose_options(ast.parse(source)) == ["f"]
    assert loose_options(ast.parse("def f(options: PlanOptions, names: Mapping[str, str]) -> int: ...")) == []


@pytest.mark.parametrize("text", ["/home/me/x", "/Users/me", "/work/main", "/tmp/w/venv", "C:\\Users\\me"])
def test_a_machine_path_is_found(text: str) -> None:
    assert MACHINE.search(text)


# --- the helpers of conftest.py


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 80), ("::ffff:192.0.2.1", 80)], ids=str)
def test_a_test_cannot_reach_another_machine(address: tuple[str, int]) -> None:
    with pytest.raises(AssertionError, match="tried to reach"):
        socket.create_connection(address, timeout=1)


def test_a_test_can_reach_a_server_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_a_golden_file_that_is_missing_or_differs_fails_with_what_changed(
    golden: Callable[[str | Path, str], None], request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--update"):
        pytest.skip("nothing may be written here")
    with pytest.raises(pytest.fail.Exception, match="is missing"):
        golden("no-such-file", "text")
    with pytest.raises(pytest.fail.Exception, match=r"(?s)no longer holds.*no-project.txt \(golden\).*\+something"):
        golden(REPOSITORY / "tests" / "cli" / "golden" / "no-project.txt", "something\n")
