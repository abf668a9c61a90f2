"""Which module may import what read from the syntax trees: no module is imported for it."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent / "src" / "retinue"
EMULATOR = ROOT.parent / "retinue_emulator"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

LAYERS = {
    "core": {"core"},
    "schema": {"core", "schema"},
    "load": {"", "core", "schema", "load"},
    "render": {"core", "schema", "render"},
    "providers": {"core", "schema", "providers"},
    "provider.py": {"core", "schema", "providers"},
    "engine": {"core", "providers", "engine"},
    "review": {"core", "providers", "review"},
    "cli": {"", "core", "schema", "load", "render", "providers", "engine", "review", "cli"},
    "__init__.py": set(),
    "__main__.py": {"cli"},
}
"""What each layer may import of retinue; "" is the package itself, which holds the version and nothing else."""

THIRD_PARTY = {
    "azure": ("providers/azure_openai/identity.py",),
    "click": ("cli/",),
    "deepdiff": ("render/",),
    "httpcore": ("providers/sockets.py",),
    "httpx": tuple(f"providers/{name}.py" for name in ("answers", "http", "lines", "sockets")),
    "jsonschema": ("load/", "schema/"),
    "yaml": ("load/",),
}
LAZY = {"azure": ("providers/",), "deepdiff": ("render/",), "jsonschema": ("load/", "schema/")}
"""Heavy packages that must not be imported when these modules are."""

NOT_IN_CORE = {"os", "pathlib", "time", "random", "logging", "io", "socket", "sys"}
NOT_IN_CORE |= {
    "datetime",
    "glob",
    "http",
    "secrets",
    "shutil",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "uuid",
}
VENDORS = re.compile(
    r"openai|azure|flowise|langgraph|foundry|bedrock|anthropic|mistral|\bvapi\b|elevenlabs", re.IGNORECASE
)


class Import(NamedTuple):
    """One imported module, absolute, and whether that happens when its importer is imported."""

    module: str
    at_once: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def layer(self) -> str:
        """Of a module of retinue: `core` of `retinue.core.model`, "" of `retinue`."""
        return (*self.module.split("."), "")[1]


def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def layer_of(module: str) -> str:
    return module.partition("/")[0]


def imports(module: str, tree: ast.Module, package: str = "retinue") -> Iterator[Import]:
    """Every import in a module of a package, wherever it stands."""
    here = [package, *module.split("/")[:-1]]
    inner = {id(node) for outer in ast.walk(tree) if isinstance(outer, ast.FunctionDef) for node in ast.walk(outer)}
    inner |= {id(node) for outer in ast.walk(tree) if _is_type_checking(outer) for node in ast.walk(outer)}
    for node in ast.walk(tree):
        at_once = id(node) not in inner
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*(here[: len(here) - node.level + 1] if node.level else []), *filter(None, [node.module])]
            if base == ["retinue"]:
                names = (alias.name for alias in node.names)
                yield from (Import(f"retinue.{name}" if name in LAYERS else "retinue", at_once) for name in names)
            else:
                yield Import(".".join(base), at_once)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def breaches(module: str, tree: ast.Module) -> list[str]:
    """Every import that a rule of this page forbids."""
    found = []
    for item in imports(module, tree):
        if item.package == "retinue":
            allowed = item.layer in LAYERS[layer_of(module)]
        elif item.package in sys.stdlib_module_names:
            allowed = layer_of(module) != "core" or item.package not in NOT_IN_CORE
        else:
            allowed = module.startswith(THIRD_PARTY.get(item.package, ()))
            allowed &= not (item.at_once and module.startswith(LAZY.get(item.package, ())))
        if not allowed:
            found.append(item.module)
    return found


def uses(tree: ast.Module) -> set[str]:
    """Names that are called or read with a dot: `print`, `click.echo`, `os.environ`."""
    found = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def branches_on_a_provider(tree: ast.Module) -> bool:
    """Whether something called `provider` is compared with a text."""

    def is_provider(node: ast.expr) -> bool:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        key = node.slice.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else ""
        return "provider" in (name, key)

    def has_text(node: ast.AST) -> bool:
        return any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node))

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(is_provider, sides)) and any(has_text(side) for side in sides if not is_provider(side)):
                return True
        if isinstance(node, ast.Match) and is_provider(node.subject):
            return True
    return False


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer_of(module) for module in MODULES} <= LAYERS.keys()
    assert len(MODULES) > 40


def test_imports_run_one_way() -> None:
    assert {module: found for module in MODULES if (found := breaches(module, tree_of(module)))} == {}


def test_the_emulator_knows_nothing_of_retinue() -> None:
    paths = sorted(EMULATOR.rglob("*.py"))
    assert len(paths) > 20
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    packages = {
        name: {item.package for item in imports(name, tree, "retinue_emulator")} for name, tree in trees.items()
    }
    known = sys.stdlib_module_names | {"retinue_emulator"}
    assert {name: found for name, packages_of in packages.items() if (found := packages_of - known)} == {}


OUTPUT = {"print", "input", "click.echo", "click.secho", "sys.stdout", "sys.stderr", "click.get_text_stream"}
ENVIRONMENT = {"os.environ", "os.getenv", "os.putenv", "os.environb"}
EFFECTS = {"open", "exec", "eval", "__import__", "importlib.import_module"}


def outside(*layers: str) -> list[str]:
    return [module for module in MODULES if layer_of(module) not in layers]


def test_only_the_command_line_prints_and_reads_the_environment() -> None:
    found = {module: uses(tree_of(module)) & (OUTPUT | ENVIRONMENT) for module in outside("cli")}
    assert {module: names for module, names in found.items() if names} == {}


def test_core_opens_no_file_and_knows_no_vendor() -> None:
    core = set(MODULES) - set(outside("core"))
    found = {module: names for module in core if (names := uses(tree_of(module)) & EFFECTS)}
    assert found == {"core/values.py": {"exec"}}  # of constructors, as the standard library makes them
    assert [module for module in core if VENDORS.search((ROOT / module).read_text(encoding="utf-8"))] == []


KINDS = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "providers" / "assistants_v2").glob("*.json")]
NAMES = {kind["x-retinue-kind"] for kind in KINDS}
WORDS = NAMES | {kind[f"x-retinue-{what}"] for kind in KINDS for what in ("word", "plural")} - {"", "files"}
NO_PROVIDER = ("core", "schema", "load", "engine", "render", "cli", "review")
_NAMED = re.compile(rf"\b({'|'.join(sorted(NAMES - {'File'}))})\b|\bFile/|vector.?store", re.IGNORECASE)
_ADDRESS = re.compile(r"\bAssistant/(?=[a-z*]|NAME)")
"""In an example of an address a kind has a name; `f"Assistant/{name}"` is none."""
_HELP = ("helping.command", "click.option")
"""Calls whose texts are the help of a command."""


def named(tree: ast.Module) -> list[str]:
    """The kinds and vendors that the code of a module names: in texts, but for docstrings and help, and as names."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in _HELP]
    docs |= {id(part) for call in calls for part in ast.walk(call)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            text = _ADDRESS.sub("", node.value)
            # In prose an assistant is what all of this is about; alone, its word is a decision.
            prose = re.sub(r"\bassistants?\b", "", text) if " " in text.strip() else text
            if text in WORDS or _NAMED.search(prose) or VENDORS.search(text):
                found.append(node.value)
        else:
            names = [getattr(node, name, None) for name in ("id", "attr", "arg", "name", "module")]
            found += [name for name in names if isinstance(name, str) and (VENDORS.search(name) or name in NAMES)]
    return found


def test_only_providers_name_kinds_and_vendors() -> None:
    modules = [module for module in MODULES if layer_of(module) in NO_PROVIDER]
    assert len(modules) > 100
    assert {module: found for module in modules if (found := named(tree_of(module)))} == {}


@pytest.mark.parametrize(
    "source",
    [
        'kinds["Assistant"]',
        'kind == "VectorStore"',
        'f"Assistant/{name}"',
        'path = "File/data.csv"',
        'text = "vector_store: x"',
        'folder = "assistants"',
        'text = "provider: openai-assistants"',
        "if settings.azure: pass",
        "from ..providers.flowise import PROVIDER",
        "def to_openai(): pass",
    ],
)
def test_a_kind_or_a_vendor_that_is_named_is_found(source: str) -> None:
    assert named(ast.parse(source))


def test_examples_of_addresses_and_help_name_no_kind() -> None:
    assert named(ast.parse('"one looks like Assistant/math-tutor"\nhelping.command("x", "retinue x flowise")')) == []


SWITCHED = re.compile(r"\b(kind|\w+\.kind)\b")


def switches_over_kinds(tree: ast.Module) -> list[str]:
    """Comparisons of something called `kind` with the name of a kind, written out or as `ASSISTANT.name`."""
    found = []
    for node in ast.walk(tree):
        sides: list[ast.AST] = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if isinstance(node, ast.Match):
            sides = [node.subject, *(case.pattern for case in node.cases)]
        texts = [ast.unparse(part) for side in sides for part in ast.walk(side) if isinstance(part, ast.expr)]
        names = NAMES | {repr(name) for name in NAMES}
        kinds = any(text in names or re.search(r"\b[A-Z_]{3,}\.name$", text) for text in texts)
        if kinds and any(SWITCHED.fullmatch(text) for text in texts):
            found.append(ast.unparse(node))
    return found


def test_no_provider_switches_over_kinds() -> None:
    modules = [module for module in MODULES if layer_of(module) == "providers"]
    assert {module: found for module in modules if (found := switches_over_kinds(tree_of(module)))} == {}


@pytest.mark.parametrize("source", ['kind == "File"', "live.kind == FILE.name", "match kind:\n  case 'File': pass"])
def test_a_switch_over_kinds_is_found(source: str) -> None:
    assert switches_over_kinds(ast.parse(source))


def test_nothing_but_a_provider_branches_on_a_providers_name() -> None:
    assert [module for module in outside("providers") if branches_on_a_provider(tree_of(module))] == []


READERS = {
    "reason": ("render/", "core/codec.py"),
    "marker_address": ("providers/", "core/model.py"),
    "marker_applied": ("providers/", "core/model.py"),
}
"""Who may read these attributes: a reason is text for people, and a marker is parsed once, where an object enters."""
BUILDERS = {"Mark.parse": ("core/model.py",), "Marker": ("engine/run.py", "providers/")}
"""Who may parse the texts of a marker, and who may pack them for a service."""


def reads(tree: ast.Module) -> set[str]:
    """The attributes that are read of anything."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
    return {node.attr for node in found}


def calls(tree: ast.Module) -> set[str]:
    """What is called by its name, or as a member of a name: `Marker`, `Mark.parse`."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_nothing_is_decided_by_a_reason_or_by_the_text_of_a_marker() -> None:
    trees = {module: tree_of(module) for module in MODULES}
    for found_in, allowed in ((reads, READERS), (calls, BUILDERS)):
        found = {module: found_in(tree) & allowed.keys() for module, tree in trees.items()}
        assert [
            (module, name) for module in found for name in found[module] if not module.startswith(allowed[name])
        ] == []
    assert all(name in calls(trees[modules[0]]) for name, modules in BUILDERS.items())


# --- the rules can fail

BAD_IMPORTS = {
    "core knows load": ("core/x.py", "from ..load import yaml"),
    "core knows load, by the package": ("core/x.py", "from .. import load"),
    "core knows load, absolute": ("core/x.py", "import retinue.load.yaml"),
    "core knows load, in a function": ("core/x.py", "def f():\n    from ..load import yaml"),
    "core knows the version": ("core/x.py", "from .. import __version__"),
    "core reads files": ("core/x.py", "from pathlib import Path"),
    "core has a clock": ("core/x.py", "import time"),
    "core has a package": ("core/x.py", "import yaml"),
    "load knows render": ("load/x.py", "from ..render.text import plan_text"),
    "render knows the engine": ("render/x.py", "from ..engine import apply"),
    "a provider knows the engine": ("providers/a/x.py", "from ...engine import apply"),
    "the engine knows the command line": ("engine/x.py", "from ..cli import app"),
    "the command line knows the emulator": ("cli/x.py", "from retinue_emulator.app import Emulator"),
    "a second transport": ("providers/other.py", "import httpx"),
    "deepdiff at once": ("render/x.py", "from deepdiff import DeepDiff"),
    "deepdiff elsewhere": ("core/x.py", "def f():\n    import deepdiff"),
    "an undeclared package": ("cli/x.py", "import requests"),
}


@pytest.mark.parametrize(("module", "source"), BAD_IMPORTS.values(), ids=BAD_IMPORTS.keys())
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    assert len(breaches(module, ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source",
    ["provider == 'a'", "'a' != target.provider", "env['provider'] in ('a', 'b')", "match provider:\n  case 'a': pass"],
)
def test_a_branch_on_a_providers_name_is_found(source: str) -> None:
    assert branches_on_a_provider(ast.parse(source))


def test_a_reader_is_found_but_not_who_only_writes() -> None:
    assert "reason" in reads(ast.parse("if change.reason == 'drift': pass"))
    assert "reason" not in reads(ast.parse("Change(reason=Reason.DRIFT)\nfor reason in Reason: print(reason.value)"))
    assert {"Marker", "Mark.parse"} <= calls(ast.parse("Marker('a', 'b')\nMark.parse('a', 'b')"))


@pytest.mark.parametrize("source", ["print(1)", "import click\nclick.echo(1)", "import os\nos.environ['A']",
                                    "from os import environ"])  # fmt: skip
def test_a_forbidden_use_is_found(source: str) -> None:
    assert uses(ast.parse(source)) & (OUTPUT | ENVIRONMENT)
