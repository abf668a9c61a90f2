"""Functions that several exported assistants have in common get a file each."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.canonical import canonical, same
from retinue.load.export import manifests_from_objects

from .exports import KIND, KNOWN, exported, loaded


def tool(name: str = "look_up", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def with_tools(name: str, *tools: Any) -> dict[str, Any]:
    return {"id": f"asst_{name}", "model": "gpt-4o", "name": name, "tools": list(tools)}


def test_a_function_that_two_have_gets_a_file_of_its_own() -> None:
    shared = tool(description="Says ${x}.", strict=False)
    files = exported(with_tools("a", shared, {"type": "code_interpreter"}), with_tools("b", shared), tools={}).files
    assert sorted(files) == ["assistants/a.yaml", "assistants/b.yaml", "tools/look_up.yaml"]
    assert "  - file: ../tools/look_up.yaml\n  - type: code_interpreter\n" in files["assistants/a.yaml"]
    read = loaded(dict(files))
    assert read.diagnostics == ()
    for resource in read.resources:
        assert same(canonical(resource.spec, KIND)["tools"][0], canonical({"tools": [shared]}, KIND)["tools"][0])


def test_what_one_alone_has_or_what_is_no_function_stays_inline() -> None:
    search = {"type": "file_search", "file_search": {"max_num_results": 8}}
    files = exported(with_tools("a", tool(), tool(), search), with_tools("b", search), tools={}).files
    assert sorted(files) == ["assistants/a.yaml", "assistants/b.yaml"]


def test_functions_of_one_name_that_differ_get_a_file_each() -> None:
    one, two = tool(), tool("Look_Up")
    files = exported(with_tools("a", one, two), with_tools("b", one), with_tools("c", two), tools={}).files
    assert {"tools/look_up.yaml", "tools/Look_Up-2.yaml"} <= files.keys()


def test_a_file_that_the_project_has_is_taken_and_never_written() -> None:
    there = {"tools/mine.yaml": tool(), "tools/look_up.yaml": tool(description="x")}
    files = exported(with_tools("a", tool()), with_tools("b", tool()), tools=there).files
    assert sorted(files) == ["assistants/a.yaml", "assistants/b.yaml"]
    assert "file: ../tools/mine.yaml" in files["assistants/a.yaml"]
    other = exported(with_tools("a", tool(strict=True)), with_tools("b", tool(strict=True)), tools=there).files
    assert "tools/look_up-2.yaml" in other


def test_nothing_is_shared_where_the_files_would_be_manifests() -> None:
    assert sorted(exported(with_tools("a", tool()), with_tools("b", tool())).files) == [
        "assistants/a.yaml",
        "assistants/b.yaml",
    ]


@pytest.mark.parametrize("name", ["../../evil", "", "a/b", "Ünï", "x" * 200])
def test_the_name_of_a_function_never_chooses_a_folder(name: str) -> None:
    files = exported(with_tools("a", tool(name)), with_tools("b", tool(name)), tools={}).files
    [path] = [path for path in files if path.startswith("tools/")]
    assert path.count("/") == 1
    assert ".." not in path


def test_only_what_is_wanted_becomes_a_manifest() -> None:
    result = manifests_from_objects([with_tools("a"), with_tools("b")], KNOWN, wanted=lambda item: item["name"] == "b")
    assert sorted(result.files) == ["assistants/b.yaml"]
