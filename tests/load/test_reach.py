"""How far a change of an included file reaches."""

from __future__ import annotations

from pathlib import Path

from retinue.core.model import Action, Address, Cause, Change, FieldChange, Reason
from retinue.load.manifests import Loaded, load
from retinue.load.origins import shared_file_notes
from retinue.load.project import load_project
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.registry import catalogue

PROJECT = """version: 1
project: demo
manifests: [assistants]
defaults: {assistant: {metadata: {file: shared/owner.yaml}}}
environments:
  dev: {provider: openai-assistants, endpoint: emulator}
  prod: {provider: openai-assistants, endpoint: emulator}
"""


def loaded(tmp_path: Path, **files: str) -> Loaded:
    written = {"retinue.yaml": PROJECT, "shared/owner.yaml": "owner: cx\n", "shared/common.md": "Be kind.\n"}
    written["shared/tool.yaml"] = "type: function\nfunction: {name: t, description: {file: common.md}}\n"
    written |= {f"assistants/{name}.yaml": f"assistant: {name}\nmodel: m\n{text}" for name, text in files.items()}
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    project, problems = load_project(tmp_path, catalogue)
    assert project is not None, problems
    found = load(project, "dev")
    assert found.diagnostics == ()
    return found


def change(name: str, field: str, action: Action = Action.UPDATE, cause: Cause = Cause.MANIFEST) -> Change:
    item = FieldChange(f"/{field}", "a", "b", cause)
    return Change(Address("Assistant", name), action, Reason.MANIFEST, "asst_1", (item,))


def said(found: Loaded, *changes: Change) -> list[str]:
    return [f"{item.place}: {item.message}" for item in shared_file_notes(found, changes, KINDS)]


COMMON = "instructions: {file: ../shared/common.md}\n"


def test_users_of_a_changed_prompt_that_do_not_change_are_counted(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=COMMON, b=COMMON, c="instructions: another\n")
    assert said(found, change("a", "instructions"), change("b", "instructions")) == []
    assert said(found, change("a", "instructions")) == [
        "shared/common.md:1:1: shared/common.md is used by 2 assistants, 1 of which changes here"
    ]


def test_only_files_behind_what_the_manifests_change_count(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=COMMON, b=COMMON, c="instructions: another\n")
    assert said(found, change("a", "model")) == []
    assert said(found, change("c", "instructions")) == []
    assert said(found, change("a", "instructions", cause=Cause.DRIFT)) == []
    assert said(found, change("a", "instructions", Action.CREATE)) == []
    assert said(found, change("gone", "instructions", Action.DELETE)) == []


def test_data_and_what_it_includes_count_wherever_they_stand(tmp_path: Path) -> None:
    found = loaded(tmp_path, a="tools: [{file: ../shared/tool.yaml}]\n", b=COMMON, c="top_p: 1\n")
    assert said(found, change("a", "tools")) == [
        "shared/common.md:1:1: shared/common.md is used by 2 assistants, 1 of which changes here"
    ]
    assert said(found, change("c", "metadata")) == [
        "shared/owner.yaml:1:1: shared/owner.yaml is used by 3 assistants, 1 of which changes here"
    ]


def test_a_file_behind_an_alias_counts(tmp_path: Path) -> None:
    text = "description: &x {file: ../shared/common.md}\ninstructions: *x\n"
    found = loaded(tmp_path, a=text, b=COMMON)
    assert len(said(found, change("a", "instructions"))) == 1


def test_manifests_of_other_environments_do_not_count(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=COMMON, b=COMMON + "retinue: {environments: [prod]}\n")
    assert said(found, change("a", "instructions")) == []
