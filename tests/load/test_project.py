"""retinue.yaml: what it becomes, and every way in which it can be wrong; a key is never repeated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retinue.core.model import Address, Diagnostic, Place
from retinue.load.project import Environment, Project, Removal, Secret, find, load_project
from retinue.providers.registry import catalogue

HEAD = "version: 1\nproject: shop-a1b2\nmanifests: [assistants]\n"
LOCAL = "environments: {local: {provider: openai-assistants, endpoint: emulator}}\n"


def load(root: Path, text: str) -> tuple[Project | None, list[Diagnostic]]:
    (root / "retinue.yaml").write_text(text, encoding="utf-8")
    return load_project(root, catalogue)


def valid(root: Path, text: str) -> Project:
    project, problems = load(root, text)
    assert problems == []
    assert project is not None
    return project


def refused(root: Path, text: str) -> list[Diagnostic]:
    project, problems = load(root, text)
    assert project is None
    assert all(problem.place and problem.remedy for problem in problems)
    return problems


def places(root: Path, text: str) -> list[str]:
    return [f"{problem.place}: {problem.code}" for problem in refused(root, text)]


def environment(root: Path, fields: str) -> list[str]:
    """The problems of an environment; its fields start in column 37 of line 4."""
    return places(root, HEAD + f"environments: {{a: {{provider: other, {fields}}}}}\n")


def test_a_project_is_found_upward(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) is None or find(deep) not in (tmp_path, deep)
    (tmp_path / "retinue.yaml").write_text("")
    assert find(deep) == find(tmp_path) == tmp_path
    (deep / "retinue.yaml").mkdir()
    assert find(deep) == tmp_path


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that hold")
def test_a_folder_that_may_not_be_read_is_no_project(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    try:
        assert find(folder) != folder
    finally:
        folder.chmod(0o700)


def test_every_field_of_the_file_becomes_a_value(tmp_path: Path) -> None:
    project = valid(
        tmp_path,
        HEAD
        + "defaults: {assistant: {model: '${var.model}', temperature: 0.2, retinue: {labels: {a: b}}}}\n"
        + "environments:\n"
        + "  local: {provider: openai-assistants, endpoint: emulator,"
        + " variables: {model: m, n: 3, on: true, none: null}}\n"
        + "  prod:\n    provider: other\n    endpoint: https://host:8443/v1/\n    api_key: {env: KEY_1}\n"
        + "    organization: org-1\n    openai_project: proj_1\n    overlay: overlays/prod.yaml\n    critical: true\n"
        + "    allow_http: true\n"
        + "removed: [Assistant/old, {address: Assistant/older, forget: true}]\nformerly: [shop]\n",
    )
    assert (project.root, project.file, project.name) == (tmp_path, "retinue.yaml", "shop-a1b2")
    assert (project.manifests, project.formerly) == (("assistants",), ("shop",))
    assert project.defaults["assistant"]["temperature"] == 0.2
    assert project.removed == (
        Removal(Address("Assistant", "old"), False, Place("retinue.yaml", 16, 11)),
        Removal(Address("Assistant", "older"), True, Place("retinue.yaml", 16, 26)),
    )
    local, prod = project.environments.values()
    assert (local.name, local.endpoint, local.api_key, local.critical) == ("local", "emulator", None, False)
    assert local.variables == {"model": "m", "n": 3, "on": True, "none": None}
    assert prod == Environment(
        name="prod",
        provider="other",
        endpoint="https://host:8443/v1",
        place=Place("retinue.yaml", 7, 3),
        api_key=Secret("env", "KEY_1"),
        settings={"organization": "org-1", "openai_project": "proj_1"},
        overlay=("overlays/prod.yaml",),
        critical=True,
    )


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{env: A_B}", Secret("env", "A_B")),
        ("{file: /run/secrets/key}", Secret("file", "/run/secrets/key")),
        ("{command: [az, --query, x]}", Secret("command", ("az", "--query", "x"))),
    ],
)
def test_a_key_is_a_reference(tmp_path: Path, text: str, secret: Secret) -> None:
    project = valid(tmp_path, HEAD + f"environments: {{a: {{provider: p, endpoint: https://h, api_key: {text}}}}}\n")
    assert project.environments["a"].api_key == secret


SECRET = "sk-proj-12345abcde"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (f"endpoint: https://h, api_key: {SECRET}", ["retinue.yaml:4:67: literal-secret"]),
        (f"endpoint: https://h, api_key: [{SECRET}]", ["retinue.yaml:4:67: literal-secret"]),
        (f"endpoint: https://h, api_key: {{env: {SECRET}}}", ["retinue.yaml:4:73: bad-name"]),
        (f"endpoint: https://h, api_key: {{env: [{SECRET}]}}", ["retinue.yaml:4:73: bad-name"]),
        (f"endpoint: https://h, api_key: {{command: {SECRET}}}", ["retinue.yaml:4:77: wrong-type"]),
        (f"endpoint: https://h, api_key: {{value: {SECRET}}}", ["retinue.yaml:4:67: unknown-key"]),
        (f"endpoint: https://h, api_key: {{{SECRET}}}", ["retinue.yaml:4:67: unknown-key"]),
        (f"endpoint: https://h, api_key: {{env: A, file: {SECRET}}}", ["retinue.yaml:4:67: wrong-type"]),
        (f"endpoint: https://user:{SECRET}@h/v1", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: https://{SECRET}@h/v1", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: 'user:{SECRET}@h'", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: https://h/v1?key={SECRET}", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: 'https://h/v1#{SECRET}'", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: 'https://good.example\\@{SECRET}/v1'", ["retinue.yaml:4:47: endpoint-secret"]),
        (f"endpoint: {SECRET}", ["retinue.yaml:4:47: endpoint-shape"]),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(tmp_path: Path, fields: str, expected: list[str]) -> None:
    assert environment(tmp_path, fields) == expected
    told = repr(refused(tmp_path, (tmp_path / "retinue.yaml").read_text()))
    assert SECRET not in told
    assert "abcde" not in told


def test_a_key_that_looks_like_a_number_is_not_repeated_by_the_reader_either(tmp_path: Path) -> None:
    text = HEAD + "environments: {a: {provider: openai-assistants, endpoint: emulator, api_key: 0123456789}}\n"
    [problem] = refused(tmp_path, text)
    assert problem.code == "literal-secret"
    assert "0123456789" not in repr(problem)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("https://host", "https://host/v1/", "https://host:8443/a/@b", "https://[::1]:443/v1", "https://HOST/v1"),
        *("http://localhost:3000", "http://api.localhost/v1", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]"),
    ],
)
def test_these_endpoints_are_fine(tmp_path: Path, endpoint: str) -> None:
    text = HEAD + f"environments: {{a: {{provider: openai-assistants, endpoint: '{endpoint}'}}}}\n"
    assert valid(tmp_path, text).environments["a"].endpoint == endpoint.rstrip("/")


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("ftp://host", "endpoint-scheme"),
        ("file:///etc/passwd", "endpoint-shape"),
        ("host/v1", "endpoint-shape"),
        ("https://", "endpoint-shape"),
        ("https:///v1", "endpoint-shape"),
        ("https://host:99999", "endpoint-shape"),
        ("https://[::1", "endpoint-shape"),
        ("https://a b/v1", "endpoint-shape"),
        ("https://good\\\\evil/v1", "endpoint-shape"),
        ("https://host/v1?", "endpoint-secret"),
        ("https://host/a\\tb", "endpoint-shape"),
        ("Emulator", "endpoint-shape"),
        ("${var.endpoint}", "endpoint-shape"),
        ("http://example.com", "endpoint-plain-http"),
        ("http://10.0.0.1:3000", "endpoint-plain-http"),
        ("http://localhost.example.com", "endpoint-plain-http"),
        ("http://0.0.0.0:1", "endpoint-plain-http"),
    ],
)
def test_these_endpoints_are_refused(tmp_path: Path, endpoint: str, code: str) -> None:
    assert environment(tmp_path, f'endpoint: "{endpoint}"') == [f"retinue.yaml:4:47: {code}"]


def test_plain_http_needs_an_explicit_switch(tmp_path: Path) -> None:
    fields = "endpoint: http://10.0.0.1:3000, allow_http: "
    assert environment(tmp_path, fields + "false") == ["retinue.yaml:4:47: endpoint-plain-http"]
    text = HEAD + f"environments: {{a: {{provider: openai-assistants, {fields}true}}}}\n"
    assert valid(tmp_path, text).environments["a"].endpoint == "http://10.0.0.1:3000"


def test_a_misspelt_emulator_is_recognised(tmp_path: Path) -> None:
    [problem] = refused(tmp_path, HEAD + LOCAL.replace("emulator", "emulater"))
    assert problem.remedy == "Did you mean `emulator`?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["retinue.yaml:1:1: project-shape"]),
        ("# nothing\n", ["retinue.yaml:1:1: project-shape"]),
        ("- a\n", ["retinue.yaml:1:1: project-shape"]),
        (HEAD + LOCAL + "---\na: 1\n", ["retinue.yaml:6:1: project-shape"]),
        (HEAD + LOCAL + "---\n", []),
        (HEAD + "environments: {\n", ["retinue.yaml:4:16: yaml-syntax"]),
        (HEAD + "\tx: 1\n", ["retinue.yaml:4:1: yaml-tab"]),
        (HEAD + LOCAL + "project: other\n", ["retinue.yaml:5:1: duplicate-key"]),
        (HEAD.replace("1", "2", 1) + LOCAL, ["retinue.yaml:1:10: not-allowed"]),
        (HEAD.replace("1", "true", 1) + LOCAL, ["retinue.yaml:1:10: not-allowed"]),
        (HEAD.replace("project", "projet") + LOCAL, ["retinue.yaml:1:1: missing-key", "retinue.yaml:2:1: unknown-key"]),
        (HEAD.replace("shop-a1b2", "Shop") + LOCAL, ["retinue.yaml:2:10: bad-name"]),
        (HEAD.replace("shop-a1b2", "|\n  shop\n") + LOCAL, ["retinue.yaml:2:10: bad-name"]),
        (HEAD.replace("shop-a1b2", "s" * 41) + LOCAL, ["retinue.yaml:2:10: too-long"]),
        (HEAD.replace("[assistants]", "assistants") + LOCAL, ["retinue.yaml:3:12: wrong-type"]),
        (HEAD.replace("[assistants]", "[]") + LOCAL, ["retinue.yaml:3:12: empty"]),
        (HEAD, ["retinue.yaml:1:1: missing-key"]),
        (HEAD + "environments: {}\n", ["retinue.yaml:4:15: empty"]),
        (HEAD + LOCAL.replace("local", "Local"), ["retinue.yaml:4:16: bad-name"]),
        (HEAD + LOCAL.replace("local", "e" * 25), ["retinue.yaml:4:16: too-long"]),
        (HEAD + LOCAL.replace("endpoint", "endpont"),
         ["retinue.yaml:4:23: missing-key", "retinue.yaml:4:53: unknown-key"]),
        (HEAD + LOCAL + "removed: [old]\n", ["retinue.yaml:5:11: bad-name"]),
        (HEAD + LOCAL + "removed: [Asistant/old]\n", ["retinue.yaml:5:11: unknown-kind"]),
        (HEAD + LOCAL + "removed: [Assistant/a, {address: Assistant/a}]\n", ["retinue.yaml:5:24: removed-twice"]),
        (HEAD + LOCAL + "removed: [{addres: Assistant/a}]\n",
         ["retinue.yaml:5:11: missing-key", "retinue.yaml:5:12: unknown-key"]),
        (HEAD + LOCAL + "formerly: [shop-a1b2]\n", ["retinue.yaml:5:12: formerly-itself"]),
        (HEAD + LOCAL + "defaults: {asistant: {}}\n", ["retinue.yaml:5:12: unknown-key"]),
        (HEAD + LOCAL + "defaults: {assistant: {temprature: 1}}\n", ["retinue.yaml:5:24: unknown-key"]),
        (HEAD + LOCAL + "defaults: {assistant: {retinue: {adopt: a}}}\n", ["retinue.yaml:5:34: unknown-key"]),
    ],
)  # fmt: skip
def test_every_fault_has_its_place_and_code(tmp_path: Path, text: str, expected: list[str]) -> None:
    if expected:
        assert places(tmp_path, text) == expected
    else:
        valid(tmp_path, text)


def test_variables_are_scalars_with_usable_names(tmp_path: Path) -> None:
    assert environment(tmp_path, "endpoint: emulator, variables: {a-b: 1, c d: x, e: [1], f: {}}") == [
        "retinue.yaml:4:77: bad-name",
        "retinue.yaml:4:88: wrong-type",
        "retinue.yaml:4:96: wrong-type",
    ]


def test_what_the_reader_doubts_is_told_once(tmp_path: Path) -> None:
    assert environment(tmp_path, "endpoint: emulator, critical: yes") == ["retinue.yaml:4:67: yaml-ambiguous"]


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "version: 2\nprojet: a\nmanifests: b\nenvironments: {A: {provider: 1, endpoint: http://x, api_key: s}}\n"
    assert [place.rpartition(" ")[2] for place in places(tmp_path, text)] == [
        *("missing-key", "not-allowed", "unknown-key", "wrong-type", "bad-name", "wrong-type"),
        *("endpoint-plain-http", "literal-secret"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfea", "text-not-utf8"), (b"\xef\xbb\xbfversion: 1\n", "text-bom"), (b"a\0b", "text-")],
)
def test_a_file_that_is_no_clean_text_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "retinue.yaml").write_bytes(content)
    project, problems = load_project(tmp_path, catalogue)
    assert project is None
    assert problems[0].code.startswith(code)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert [problem.code for problem in load_project(tmp_path, catalogue)[1]] == ["file-missing"]
