"""Uploads, references and vector stores as they are loaded: what they become, and what is wrong with its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from retinue.core.errors import StaleError
from retinue.core.model import Address, Desired
from retinue.load.manifests import Loaded, load
from retinue.load.project import load_project
from retinue.load.uploads import LocalContent, changed_since, content
from retinue.providers.registry import catalogue

PROJECT = """\
version: 1
project: demo
manifests: [m]
environments:
  dev: {provider: openai-assistants, endpoint: emulator, variables: {folder: docs}}
  prod: {provider: openai-assistants, endpoint: emulator, variables: {folder: docs}}
"""
FILES = {
    "docs/a.md": "# A\n",
    "docs/b.md": "# B\n",
    "docs/deep/c.md": "# C\n",
    "docs/.hidden.md": "# Hidden\n",
    "data/x.csv": "x\n",
    "data/same.csv": "x\n",
    "data/empty.csv": "",
}


def loaded(root: Path, text: str, environment: str = "dev", **files: str) -> Loaded:
    for name, body in {"retinue.yaml": PROJECT, "m/one.yaml": text, **FILES, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(body, encoding="utf-8")
    project, problems = load_project(root, catalogue)
    assert project is not None, problems
    return load(project, environment)


def objects(root: Path, text: str, environment: str = "dev") -> dict[str, Desired]:
    found = loaded(root, text, environment)
    assert found.diagnostics == ()
    return {str(resource.address): resource for resource in found.resources}


def said(root: Path, text: str, environment: str = "dev") -> list[str]:
    return [f"{item.place}: {item.code}: {item.message}" for item in loaded(root, text, environment).diagnostics]


def refs(*names: str) -> list[Any]:
    return [{"ref": f"File/{name}"} for name in names]


def assistant(files: str) -> str:
    return f"assistant: a\nmodel: m\ntool_resources: {{code_interpreter: {{file_ids: {files}}}}}\n"


def test_an_upload_becomes_a_file_of_its_own_that_is_required(tmp_path: Path) -> None:
    found = objects(tmp_path, assistant("[{upload: ../data/x.csv}, file-raw]"))
    assert found["Assistant/a"].spec["tool_resources"] == {
        "code_interpreter": {"file_ids": [*refs("data/x.csv"), "file-raw"]}
    }
    assert found["Assistant/a"].requires == (Address("File", "data/x.csv"),)
    file = found["File/data/x.csv"]
    assert (file.spec["name"], file.spec["bytes"], len(file.spec["sha256"])) == ("x.csv", 2, 64)
    assert str(file.place) == "m/one.yaml:3:48"


def test_a_pattern_names_files_in_order_and_no_hidden_ones(tmp_path: Path) -> None:
    found = objects(tmp_path, assistant('[{upload: "../${var.folder}/*.md"}, {upload: "../docs/**/c.md"}]'))
    resources = found["Assistant/a"].spec["tool_resources"]["code_interpreter"]["file_ids"]
    assert resources == refs("docs/a.md", "docs/b.md", "docs/deep/c.md")


def test_equal_bytes_are_one_file_by_its_first_path(tmp_path: Path) -> None:
    found = objects(tmp_path, assistant("[{upload: ../data/x.csv}, {upload: ../data/same.csv}]"))
    assert [name for name in found if name.startswith("File/")] == ["File/data/same.csv"]
    assert found["Assistant/a"].requires == (Address("File", "data/same.csv"),)


def test_the_entries_of_a_store_are_written_out_and_share_its_chunks(tmp_path: Path) -> None:
    text = (
        "vector_store: s\n"
        "files:\n"
        "- {upload: ../docs/*.md, attributes: {k: 1}}\n"
        "- file-raw\n"
        "- {file_id: {upload: ../docs/deep/c.md}, chunking_strategy: {type: auto}}\n"
        "chunking_strategy: {type: static, static: {max_chunk_size_tokens: 400, chunk_overlap_tokens: 200}}\n"
    )
    sizes = {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 200}}
    a, b, c = refs("docs/a.md", "docs/b.md", "docs/deep/c.md")
    store = objects(tmp_path, text)["VectorStore/s"]
    assert store.spec == {
        "files": [
            {"file_id": a, "attributes": {"k": 1}, "chunking_strategy": sizes},
            {"file_id": b, "attributes": {"k": 1}, "chunking_strategy": sizes},
            {"file_id": "file-raw", "chunking_strategy": sizes},
            {"file_id": c, "chunking_strategy": {"type": "auto"}},
        ]
    }


def test_files_of_manifests_for_other_environments_are_none_of_this_one(tmp_path: Path) -> None:
    text = assistant("[{upload: ../data/x.csv}]") + "retinue: {environments: [prod]}\n"
    assert objects(tmp_path, text) == {}
    assert "File/data/x.csv" in objects(tmp_path, text, "prod")


def test_metadata_and_schemas_may_have_a_member_called_upload_among_others(tmp_path: Path) -> None:
    found = objects(tmp_path, "assistant: a\nmodel: m\nmetadata: {upload: weekly, ref: b}\n")
    assert found["Assistant/a"].spec["metadata"] == {"upload": "weekly", "ref": "b"}


STORE = "vector_store: s\nfiles: "
STATIC = "chunking_strategy: {type: static, static: {max_chunk_size_tokens: 401, chunk_overlap_tokens: %s}}\n"
WRONG: dict[str, tuple[str, str]] = {
    "empty glob": (assistant('[{upload: "../none/*.md"}]'), "m/one.yaml:3:57: glob-empty: no file matches `none/*.md`"),
    "directory": (assistant("[{upload: ../docs}]"), "m/one.yaml:3:57: file-not-regular: `docs` is a folder"),
    "missing": (assistant("[{upload: ../data/y.csv}]"), "m/one.yaml:3:57: file-missing: there is no file `data/y.csv`"),
    "empty": (assistant("[{upload: ../data/empty.csv}]"), "m/one.yaml:3:57: file-empty: `data/empty.csv` is empty"),
    "outside": (
        assistant("[{upload: ../../x.csv}]"),
        "m/one.yaml:3:57: file-outside: `../x.csv` lies outside the project folder",
    ),
    "pattern outside": (
        assistant('[{upload: "../../*.csv"}]'),
        "m/one.yaml:3:57: file-outside: `m/../../*.csv` leads out of the project folder",
    ),
    "too many files": (
        assistant(f"[{', '.join(f'file-{n}' for n in range(21))}]"),
        "m/one.yaml:3:47: too-many: `tool_resources.code_interpreter.file_ids` has 21 entries, at most 20 are allowed",
    ),
    "two stores": (
        "assistant: a\nmodel: m\ntool_resources: {file_search: {vector_store_ids: [vs_1, vs_2]}}\n",
        "m/one.yaml:3:50: too-many: `tool_resources.file_search.vector_store_ids` has 2 entries, at most 1 are allowed",
    ),
    "overlap": (
        f"{STORE}[]\n{STATIC % 201}",
        "m/one.yaml:3:94: chunk-overlap: chunk_overlap_tokens is 201, more than half of max_chunk_size_tokens (401)",
    ),
    "unknown store": (
        "assistant: a\nmodel: m\ntool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/sx}]}}\n---\n"
        f"{STORE}[]\n",
        "m/one.yaml:3:51: reference-missing: there is no manifest VectorStore/sx",
    ),
    "store elsewhere": (
        "assistant: a\nmodel: m\ntool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/s}]}}\n---\n"
        f"{STORE}[]\nretinue: {{environments: [prod]}}\n",
        "m/one.yaml:3:51: reference-missing: VectorStore/s is not there,"
        " so nothing can refer to it (environment `dev`)",
    ),
    "wrong kind": (
        assistant("[{ref: VectorStore/s}]"),
        "m/one.yaml:3:54: bad-name: `tool_resources.code_interpreter.file_ids[0].ref`, `VectorStore/s`,"
        " does not have the right form",
    ),
    "no upload": (assistant("[{ref: File/x}]"), "m/one.yaml:3:48: reference-missing: no manifest uploads File/x"),
    "pattern outside a list": (
        f'{STORE}[{{file_id: {{upload: "../docs/*.md"}}}}]\n',
        "m/one.yaml:2:19: upload-pattern: a pattern is allowed only in a list, because it may name several files",
    ),
    "described twice": (
        f"{STORE}[{{upload: ../docs/a.md}}, {{upload: ../docs/*.md, attributes: {{k: v}}}}]\n",
        "m/one.yaml:2:33: file-twice: this file is files[0] already, with another description",
    ),
    "equal bytes described twice": (
        f"{STORE}[{{upload: ../data/x.csv}}, {{upload: ../data/same.csv, attributes: {{k: v}}}}]\n",
        "m/one.yaml:2:34: file-twice: File/data/same.csv has the same bytes as File/data/x.csv, so they are one file,"
        " and this describes it differently",
    ),
    "reserved": (
        f"{STORE}[{{file_id: f, attributes: {{retinue.x: v}}}}]\n",
        "m/one.yaml:2:35: reserved-key: the attribute `retinue.x` is reserved: retinue writes the file's name there",
    ),
    "a slip beside an upload": (
        f"{STORE}[{{upload: ../docs/a.md, atributes: {{k: v}}}}]\n",
        "m/one.yaml:2:32: unknown-key: unknown key `atributes` in `files[0]`",
    ),
    "file_ids of a store": (
        "vector_store: s\nfile_ids: [f]\n",
        "m/one.yaml:2:1: unknown-key: the files of a vector store stand in `files`",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_once_with_its_place_and_a_remedy(tmp_path: Path, case: str) -> None:
    text, expected = WRONG[case]
    assert said(tmp_path, text) == [expected]
    assert all(item.remedy for item in loaded(tmp_path, text).diagnostics)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    loaded(tmp_path, assistant("[]"))
    (tmp_path / "data/x.csv").chmod(0)
    (found,) = said(tmp_path, assistant("[{upload: ../data/x.csv}]"))
    assert found.startswith("m/one.yaml:3:57: file-unreadable: `data/x.csv` cannot be read")


# --- the bytes


def planned(root: Path, data: bytes) -> LocalContent:
    import hashlib

    (root / "f.md").write_bytes(data)
    return content(root, "f.md", hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize("size", [1, 262_144, 262_145, 1_000_000])
def test_all_bytes_come_in_pieces_and_at_each_call_anew(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    found = planned(tmp_path, data)
    assert [b"".join(found.pieces()) for _ in range(2)] == [data, data]
    assert max(map(len, found.pieces())) <= 262_144


@pytest.mark.parametrize("change", ["longer", "shorter", "other", "gone"])
def test_a_file_that_changes_while_it_is_sent_is_never_sent_whole(tmp_path: Path, change: str) -> None:
    data = os.urandom(600_000)
    found = planned(tmp_path, data)
    pieces = found.pieces()
    sent = len(next(pieces))
    other = {"longer": data + b"x", "shorter": data[:-1], "other": data[:-1] + bytes([data[-1] ^ 1])}
    if change == "gone":
        (tmp_path / "f.md").unlink()
        assert changed_since(tmp_path, "f.md", found.sha256) == "there is no file `f.md`"
        return
    with (tmp_path / "f.md").open("r+b") as file:
        file.write(other[change])
        file.truncate(len(other[change]))
    with pytest.raises(StaleError, match=r"f\.md has other bytes"):
        sent += sum(map(len, pieces))
    assert sent < len(data)
    assert changed_since(tmp_path, "f.md", found.sha256)


# --- misspelt words that stand for something else

SEARCH = "assistant: a\nmodel: m\ntool_resources: {%s}\n"


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("vector_store: s\nfiles: [{uplod: ../docs/a.md}]\n", "uplod", "upload"),
        ("vector_store: s\nfiles: [{Upload: ../docs/a.md}]\n", "Upload", "upload"),
        ("vector_store: s\nfiles: [{file_d: file-1}]\n", "file_d", "file_id"),
        (SEARCH % "code_interpreter: {file_ids: [{uplod: ../data/x.csv}]}", "uplod", "upload"),
        (SEARCH % "file_search: {vector_store_ids: [{rf: VectorStore/s}]}", "rf", "ref"),
        ("assistant: a\nmodel: m\ninstructions: {fle: ../docs/a.md}\n", "fle", "file"),
        ("assistant: a\nmodel: m\ninstructions: {File: ../docs/a.md}\n", "File", "file"),
        ("assistant: a\nmodel: m\ninstructions: {fil: ../docs/a.md, template: true}\n", "fil", "file"),
        ("assistant: a\nmodel: m\ntools: {flie: ../tools.yaml}\n", "flie", "file"),
        ("assistant: a\nmodel: m\ntools: [{fle: ../tools/x.yaml}]\n", "fle", "file"),
        ("assistant: a\nmodel: m\ntools: [{type: function, function: {fle: ../tools/x.yaml}}]\n", "fle", "file"),
        ("assistant: a\nmodel: m\nresponse_format: {fle: ../tools/x.yaml}\n", "fle", "file"),
    ],
)
def test_a_misspelt_word_is_recognized_and_nothing_else_is_said_of_it(
    tmp_path: Path, text: str, key: str, meant: str
) -> None:
    (problem,) = loaded(tmp_path, text).diagnostics
    assert (problem.code, problem.remedy) == ("unknown-key", f"Did you mean `{meant}`?")
    assert f"unknown key `{key}`" in problem.message
    assert problem.place is not None
    line = text.splitlines()[problem.place.line - 1]
    assert line[problem.place.column - 1 :].startswith(f"{key}:")


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        (
            "assistant: a\nmodel: m\ninstructions: {file: ../docs/a.md, templat: true}\n",
            "templat",
            "Did you mean `template`?",
        ),
        (
            "assistant: a\nmodel: m\ninstructions: {file: ../docs/a.md, x: 1}\n",
            "x",
            "Only `template` may stand beside `file`.",
        ),
        (SEARCH % "code_interpreter: {file_ids: [{upload: ../data/x.csv, name: y}]}", "name", "stands alone here."),
    ],
)
def test_what_may_not_stand_beside_an_include_is_the_only_complaint(
    tmp_path: Path, text: str, key: str, remedy: str
) -> None:
    (problem,) = loaded(tmp_path, text).diagnostics
    assert (problem.code, f"unknown key `{key}`" in problem.message) == ("unknown-key", True)
    assert problem.remedy is not None
    assert problem.remedy.endswith(remedy)
    assert problem.place is not None
    assert text.splitlines()[problem.place.line - 1][problem.place.column - 1 :].startswith(f"{key}:")


@pytest.mark.parametrize(
    "text",
    [
        "vector_store: s\nfiles: [{attributes: {a: b}}]\n",
        "assistant: a\nmodel: m\ninstructions: {text: hello}\n",
        "assistant: a\nmodel: m\ntools: [{name: f}]\n",
        "assistant: a\nmodel: m\ntools: [{file: 7}]\n",
    ],
)
def test_what_is_no_misspelt_word_is_told_as_before(tmp_path: Path, text: str) -> None:
    problems = loaded(tmp_path, text).diagnostics
    assert problems
    assert not [problem for problem in problems if "Did you mean" in (problem.remedy or "")]
