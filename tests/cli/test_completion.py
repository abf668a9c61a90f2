"""`completion` and `explain`: what a shell proposes, and what a code means."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys

import pytest

from retinue.cli import app
from retinue.cli.commands.explain import explained

from ..test_messages import documented
from .conftest import Ran, World


@pytest.fixture
def project(world: World) -> World:
    world.project(environment="  prod: {provider: openai-assistants, endpoint: emulator, overlay: over}\n")
    world.assistant("tutor", "instructions: |\n  assistant: not-me\n")
    world.write("assistants/stores.yaml", "vector_store: 'handbook'   # all\nfiles: []\n---\nassistant: greeter\n")
    world.write("assistants/m.md", "---\nassistant: marked\nmodel: x\n---\nHello\n")
    world.write("assistants/j.json", '{\n  "assistant": "json",\n  "model": "x"\n}\n')
    world.write("over/tutor.yaml", "assistant: tutor\n")
    return world


def proposed(world: World, line: str) -> list[str]:
    """What a shell gets for a command line whose last word is being typed."""
    words = line.split(" ")
    world.monkeypatch.setenv("COMP_WORDS", " ".join(words[:-1]))
    world.monkeypatch.setenv("COMP_CWORD", words[-1])
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_RETINUE_COMPLETE", "fish_complete")
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit):
            app.run([])
    out.seek(0)
    assert err.getvalue() == ""
    # Of a path it is said that it is one.
    pairs = [line.split("\t")[0].split(",") for line in out.read().split("\n") if line]
    return [value if kind == "plain" else f"{kind}:" for kind, value in pairs]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("retinue pla", ["plan"]),
        ("retinue plan -e ", ["dev", "prod"]),
        ("retinue plan --env pr", ["prod"]),
        ("retinue diff dev ", ["dev", "prod"]),
        ("retinue promote d", ["dev"]),
        ("retinue plan --target Assistant/", [f"Assistant/{name}" for name in ("greeter", "json", "marked", "tutor")]),
        ("retinue render --exclude Vec", ["VectorStore/handbook"]),
        ("retinue show Assistant/t", ["Assistant/tutor"]),
        ("retinue show plan", ["file:"]),
        ("retinue apply plan", ["file:"]),
        ("retinue plan -C ", ["file:"]),
        ("retinue init --from ", ["file:"]),
        ("retinue migrate --from d", ["dev"]),
        ("retinue migrate --to p", ["prod"]),
        ("retinue migrate --provider flo", ["flowise"]),
        ("retinue init --accept to", ["tool_resources", "tools", "top_p"]),
        ("retinue output --ids-of p", ["prod"]),
        ("retinue adopt Assistant/g", ["Assistant/greeter"]),
        ("retinue providers flo", ["flowise"]),
        ("retinue explain variable-t", ["variable-too-large", "variable-type"]),
        ("retinue completion z", ["zsh"]),
        ("retinue plan --format m", ["markdown"]),
        ("retinue plan --detail", ["--detailed-exitcode"]),
        ("retinue plan --env x --target y", []),
    ],
)
def test_values_are_proposed(project: World, line: str, values: list[str]) -> None:
    found = proposed(project, line)
    assert sorted(found) == values


def test_the_folder_that_is_named_counts(project: World) -> None:
    project.monkeypatch.chdir("/")
    assert proposed(project, "retinue plan -e ") == []
    assert proposed(project, f"retinue plan -C {project.root}/assistants -e d") == ["dev"]


@pytest.mark.parametrize("text", ["", "version: 2\n", ":", "version: 1\nproject: x\nenvironments: 3\n"])
def test_a_faulty_project_proposes_nothing_and_says_nothing(project: World, text: str) -> None:
    project.write("retinue.yaml", text)
    for line in ("retinue plan -e ", "retinue plan --target "):
        assert proposed(project, line) == []


def test_all_commands_are_proposed_without_an_import_of_each(project: World) -> None:
    known = app.group.list_commands(None)  # type: ignore[arg-type]
    assert sorted(proposed(project, "retinue ")) == sorted(known)
    code = (
        "import os, sys; os.environ.update(COMP_WORDS='retinue', COMP_CWORD='', _RETINUE_COMPLETE='fish_complete')\n"
        "from retinue.cli import app\napp.run([])\n"
        "assert not {'yaml', 'httpx', 'retinue.cli.session'} & sys.modules.keys(), sorted(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one(world: World, shell: str) -> None:
    ran = world.run("completion", shell)
    assert ran.code == 0 and f"_RETINUE_COMPLETE={shell}_complete" in ran.out
    if program := shutil.which(shell):
        assert subprocess.run([program, "-n"], input=ran.out, text=True, check=False).returncode == 0
    assert world.run("completion", "tcsh").code == 3


def explain(world: World, code: str) -> Ran:
    return world.run("explain", code)


def test_a_code_is_explained_as_the_page_of_messages_has_it(world: World) -> None:
    ran = explain(world, "front-matter-open")
    assert ran.out == (
        "front-matter-open (YAML and JSON)\n"
        "  The front matter of a Markdown file has no closing line; or it has `instructions` that are not a list, and"
        " there is a body too; or its kind takes no body.\n"
    )
    # Without the links of the page.
    assert "](" not in "".join(text for _, text in explained().values())
    assert sorted(explained()) == sorted(documented())


def test_an_unknown_code_is_told_the_one_that_is_close(world: World) -> None:
    ran = explain(world, "to-long")
    assert (ran.code, ran.err) == (3, "Error: there is no code to-long\n  Did you mean `too-long`?\n")
    assert explain(world, "nothing of the kind").code == 3


def test_the_shells_are_listed_on_one_line(world: World) -> None:
    ran = world.run("completion")
    assert (ran.code, "Choose from: bash, zsh, fish" in ran.err) == (3, True), ran.err
