"""Exports to manifests: every shape they come in, nothing lost in silence, and hostile input gives diagnostics."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from retinue.core.canonical import canonical, same
from retinue.core.marker import ADDRESS_KEY, APPLIED_KEY
from retinue.core.model import Severity
from retinue.load.dumps import objects_from_text
from retinue.load.export import Destination, manifests_from_objects

from .exports import EXPECTED, KIND, KNOWN, V2, codes, exported, loaded

DUMPED = V2 | {
    "reasoning_effort": None,
    "tools": [{"type": "code_interpreter"}],
    "tool_resources": {"code_interpreter": {"file_ids": None}, "file_search": None},
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(V2),
        json.dumps([V2]),
        json.dumps({"object": "list", "data": [V2], "first_id": "a", "last_id": "a", "has_more": False}),
        json.dumps([{"object": "list", "data": [V2]}]),
        json.dumps({"assistants": [V2]}, indent=2),
        json.dumps(DUMPED),
        "\n\n" + json.dumps(V2) + "\r\n",
        "\ufeff" + json.dumps(V2),
    ],
)
def test_every_shape_of_an_export_gives_the_same_short_manifest(text: str) -> None:
    objects, problems = objects_from_text(text.encode(), "export.json", [KNOWN.kinds["Assistant"]])
    assert problems == []
    result = exported(*objects)
    assert result.files == EXPECTED
    assert result.diagnostics == ()


def test_json_lines_and_values_after_each_other_are_read_in_their_order() -> None:
    text = "\n".join(json.dumps(V2 | {"name": name}) for name in "ba") + json.dumps(V2 | {"name": "c"}, indent=1)
    objects, problems = objects_from_text(text.encode(), "export.jsonl", [KNOWN.kinds["Assistant"]])
    assert problems == []
    assert [name for name in exported(*objects).files if name.startswith("a")] == [
        "assistants/b.yaml",
        "assistants/a.yaml",
        "assistants/c.yaml",
    ]


def test_utf_16_as_windows_shells_write_it_is_read() -> None:
    objects, problems = objects_from_text(json.dumps(V2).encode("utf-16"), "export.json", [KNOWN.kinds["Assistant"]])
    assert (objects, problems) == ([V2], [])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "e.json:1:1: export-empty"),
        (b"[]", "e.json:1:1: export-empty"),
        (b'{"object": "list", "data": []}', "e.json:1:1: export-empty"),
        (b"[[[]]]", "e.json:1:1: export-empty"),
        (b'{"a": 1,}', f"e.json:1:{8 if sys.version_info >= (3, 13) else 9}: json-syntax"),
        (b'[{"a": 1},\n {"b": }]', "e.json:2:8: json-syntax"),
        (b"assistants: []", "e.json:1:1: json-syntax"),
        (b'{"a": NaN}', "e.json:1:1: json-syntax"),
        (b'{}\n{"a": -Infinity}', "e.json:2:1: json-syntax"),
        (b'{"temperature": 1e999}', "e.json:1:1: json-syntax"),
        (b'{"a": ' + b"9" * 5000 + b"}", "e.json:1:1: json-syntax"),
        (b"[" * 200_000, "e.json:1:1: json-syntax"),
        (b'{"a":' * 100_000, "e.json:1:1: json-syntax"),
        (b'{"a": "\xff"}', "e.json:1:8: text-not-utf8"),
        (b"SyncCursorPage[Assistant](data=[Assistant(id='a')])", "e.json:1:1: json-syntax"),
        (b"{'id': 'asst_1', 'name': None}", "e.json:1:2: json-syntax"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(data: bytes, expected: str) -> None:
    objects, [problem] = objects_from_text(data, "e.json", [KNOWN.kinds["Assistant"]])
    assert objects == []
    assert f"{problem.place}: {problem.code}" == expected
    assert problem.remedy
    assert len(problem.message) < 200


def test_pythons_own_notation_is_recognised() -> None:
    for text in ("[Assistant(id='a')]", "{'id': 'a'}", "SyncCursorPage[Assistant](data=[])"):
        _, [problem] = objects_from_text(text.encode(), "e.json", [KNOWN.kinds["Assistant"]])
        assert "model_dump_json" in (problem.remedy or "")


def test_v1_becomes_v2_and_files_of_retrieval_are_told() -> None:
    result = exported(
        {
            "id": "asst_1", "object": "assistant", "name": "Handbook", "model": "gpt-4", "instructions": "Short.",
            "tools": [{"type": "retrieval"}], "file_ids": ["file-1", "file-2"], "metadata": {},
        }
    )  # fmt: skip
    assert result.files == {
        "assistants/handbook.yaml": "assistant: handbook\nname: Handbook\nmodel: gpt-4\ninstructions: Short.\n"
        "tools:\n  - type: file_search\n"
    }
    [problem] = result.diagnostics
    assert (problem.code, problem.severity, problem.address) == ("export-v1", Severity.WARNING, "Assistant/handbook")
    assert "file-1, file-2" in problem.message
    assert "vector_store_ids" in (problem.remedy or "")


def test_v1_files_of_code_interpreter_are_carried_over() -> None:
    result = exported(V2 | {"tool_resources": None, "file_ids": ["file-2", "file-1"]})
    text = result.files["assistants/math-tutor.yaml"]
    assert text.endswith("tool_resources:\n  code_interpreter:\n    file_ids:\n      - file-1\n      - file-2\n")
    assert result.diagnostics == ()


def test_v1_files_that_no_tool_uses_are_told() -> None:
    result = exported({"model": "m", "file_ids": ["file-1"]})
    assert codes(result) == ["export-v1"]
    assert "no tool uses" in result.diagnostics[0].message


def test_the_same_search_tool_stands_once() -> None:
    result = exported({"model": "m", "tools": [{"type": "retrieval"}, {"type": "file_search"}, {"type": "retrieval"}]})
    assert result.files["assistants/assistant.yaml"].count("file_search") == 1


def test_unknown_fields_are_told() -> None:
    result = exported(
        V2
        | {"voice": "alloy", "empty": []}
        | {"tools": [{"type": "file_search", "file_search": {"ranking_options": {"hybrid_search": None, "x": 1}}}]}
    )
    assert [problem.message.rpartition(": ")[2].split("`")[1] for problem in result.diagnostics] == [
        "/tools/0/file_search/ranking_options/x",
        "/voice",
    ]
    assert set(codes(result)) == {"export-left-out"}


def test_a_page_of_several_is_told() -> None:
    result = exported({"object": "list", "data": [V2], "has_more": True})
    assert codes(result) == ["export-page"]
    assert result.files == EXPECTED


def test_of_pages_in_one_file_the_last_says_if_others_are_missing() -> None:
    pages = [{"data": [V2], "has_more": True}, {"data": [V2 | {"name": "b"}], "has_more": False}]
    assert codes(exported(*pages)) == codes(exported(pages)) == []
    assert codes(exported(*reversed(pages))) == ["export-page"]


def test_other_lists_beside_those_that_are_read_are_told() -> None:
    result = exported({"assistants": [V2], "data": [V2 | {"id": "asst_2"}], "vector_stores": [{"id": "vs_1"}]})
    assert codes(result) == ["export-other"] and "`vector_stores`" in result.diagnostics[0].message
    assert len(result.manifests) == 2


def test_the_marker_of_another_project_is_left_out() -> None:
    result = exported(V2 | {"metadata": {ADDRESS_KEY: "p/e/Assistant/x", APPLIED_KEY: "1 abcdefgh", "owner": "me"}})
    assert result.files["assistants/math-tutor.yaml"].endswith("metadata:\n  owner: me\n")
    assert result.diagnostics == ()


def test_adopt_lines_name_the_environment_and_the_old_id() -> None:
    result = exported(V2, adopt_environment="prod")
    assert result.files["assistants/math-tutor.yaml"].endswith("retinue:\n  adopt:\n    prod: asst_abc123\n")
    [resource] = loaded(dict(result.files)).resources
    assert resource.policy.adopt == {"prod": "asst_abc123"}


def test_files_go_where_the_project_has_its_manifests() -> None:
    assert list(exported(V2, folder="team/bots").files) == ["team/bots/math-tutor.yaml", "team/prompts/math-tutor.md"]
    assert "file: ../prompts/" in exported(V2, folder="team/bots").files["team/bots/math-tutor.yaml"]
    assert list(exported(V2, folder=".").files) == ["math-tutor.yaml", "prompts/math-tutor.md"]
    assert "file: prompts/" in exported(V2, folder=".").files["math-tutor.yaml"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Math Tutor", "math-tutor"),
        ("Rechnungsprüfung Größe", "rechnungsprufung-grosse"),
        ("Émile's Ünïcode!!", "emile-s-unicode"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\x00b\x1b[31m", "a-b-31m"),
        ("x" * 300, "x" * 63),
        ("数学老师", "assistant-abc123"),
        ("---", "assistant-abc123"),
        ("", "assistant-abc123"),
        (None, "assistant-abc123"),
        (5, "assistant-abc123"),
        *(("CON", "assistant-con"), ("nul", "assistant-nul"), ("Com1", "assistant-com1"), ("console", "console")),
    ],
)
def test_a_display_name_becomes_a_safe_name(name: Any, expected: str) -> None:
    [path, *_] = exported(V2 | {"name": name}).files
    assert path == f"assistants/{expected}.yaml"


def test_names_are_unique_also_against_those_of_the_project() -> None:
    long = {"name": "x" * 63, "model": "m"}
    result = exported(*(V2 | {"id": f"asst_{n}"} for n in range(3)), long, long, taken=["math-tutor"])
    assert [name for name in result.files if name.startswith("assistants")] == [
        *("assistants/math-tutor-2.yaml", "assistants/math-tutor-3.yaml", "assistants/math-tutor-4.yaml"),
        *(f"assistants/{'x' * 63}.yaml", f"assistants/{'x' * 61}-2.yaml"),
    ]
    assert len(loaded(dict(result.files)).resources) == 5


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"metadata": {f"k{n}": "v" for n in range(15)}}, "assistants/math-tutor.yaml:9:3: too-many"),
        ({"temperature": 3}, "assistants/math-tutor.yaml:8:14: out-of-range"),
        ({"model": None}, "assistants/math-tutor.yaml:1:1: missing-key"),
        ({"description": "x" * 513}, "assistants/math-tutor.yaml:3:14: too-long"),
        ({"metadata": {"a": 1}}, "assistants/math-tutor.yaml:9:6: wrong-type"),
        ({"instructions": "x" * 256_001}, "assistants/math-tutor.yaml:4:15: too-long"),
    ],
)
def test_a_broken_limit_is_told_with_the_object_and_the_place_in_its_new_file(
    change: dict[str, Any], place: str
) -> None:
    result = exported(V2 | change)
    [problem] = result.diagnostics
    assert problem.severity is Severity.WARNING
    assert problem.message.startswith("`Math Tutor` (asst_abc123): ")
    assert f"{problem.place}: {problem.code}".partition(":")[0] == place.partition(":")[0]
    assert problem.code == place.rpartition(" ")[2]
    told = [f"{found.place}: {found.code}" for found in loaded(dict(result.files)).diagnostics]
    assert told == [f"{problem.place}: {problem.code}"] or problem.code == "too-long"


DEEP: Any = {}
for _ in range(300):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (5, "export-shape"),
        (None, "export-shape"),
        ("asst_1", "export-shape"),
        (V2 | {"object": "thread"}, "export-other"),
        (V2 | {"object": ["assistant"]}, "export-other"),
        (V2 | {"metadata": DEEP}, "export-unwritable"),
        (V2 | {"temperature": float("inf")}, "export-unwritable"),
        (V2 | {"temperature": 10**200}, "export-unwritable"),
        (V2 | {"name": "a\ud800"}, "export-unwritable"),
        (V2 | {"metadata": {"\udfff": "a"}}, "export-unwritable"),
        (V2 | {"metadata": {"file": "a.csv"}}, "export-unwritable"),
        (V2 | {"metadata": {"upload": "a"}}, "export-unwritable"),
        (V2 | {"tools": [0] * 100_001}, "export-unwritable"),
        (V2 | {"instructions": "ä" * 2_000_000}, "export-unwritable"),
    ],
)
def test_what_cannot_become_a_manifest_is_told_and_the_others_go_on(item: Any, code: str) -> None:
    result = exported(item, V2)
    assert codes(result) == [code]
    assert result.files == EXPECTED
    assert len(result.diagnostics[0].message) < 250


def test_what_is_live_and_cannot_become_a_manifest_is_left_out() -> None:
    result = manifests_from_objects(
        [V2 | {"metadata": {"file": "a.csv"}}, V2], KNOWN, Destination(adopt_environment="dev")
    )
    [(code, message, severity)] = [(item.code, item.message, item.severity) for item in result.diagnostics]
    assert (code, message[-17:], severity) == ("export-unwritable", "; it was left out", Severity.WARNING)
    assert "assistants/math-tutor.yaml" in result.files


def test_an_object_that_looks_like_an_include_is_no_problem_with_a_second_key() -> None:
    files = dict(exported(V2 | {"metadata": {"file": "a.csv", "b": "c"}}).files)
    [resource] = loaded(files).resources
    assert resource.spec["metadata"] == {"file": "a.csv", "b": "c"}


@pytest.mark.parametrize(
    "prompt",
    [
        *(
            "one\ntwo",
            "one\ntwo\n",
            "one\ntwo\n\n",
            "\n\n  leading\nlines",
            "trail \nspace\t\n",
            "---\nassistant: x\n---\n",
        ),
        *(
            "${var.x}\n$${y}\n${",
            "a\r\nb\r\n",
            "a\rb\r",
            "\ufeffbom\nx",
            "nul\0\nx",
            "\x1b[31m\nred",
            "emoji 😀\n數學",
            " ",
        ),
        *(
            "x" * 5000,
            "# Title\n\n- a: b\n",
            "no",
            "1e3",
            "0755",
            "2024-01-31",
            "~",
            "null",
            "{file: x.md}",
            "\u2028\n\x85",
        ),
    ],
)
def test_every_prompt_comes_back_as_it_was(prompt: str) -> None:
    [resource] = loaded(dict(exported(V2 | {"instructions": prompt}).files)).resources
    wanted, found = canonical(V2 | {"instructions": prompt}, KIND), canonical(resource.spec, KIND)
    assert found["instructions"] == wanted["instructions"]


NOTHING: list[Any] = [None, [], {}, "", "broken{", 3]


@pytest.mark.parametrize(
    "item",
    [
        {"id": "asst_2", "error": "404: no assistant found"},
        {"id": "asst_2", "threads": ["thread_1"]},
        {"id": "asst_2", "object": "assistant"},
        {"id": "asst_2", "object": "assistant", "name": "Box", "metadata": {"a": "b"}},
        {"id": "asst_2", "model": None, "instructions": "", "tools": [], "tool_resources": {}},
        {"id": "asst_2", "name": "Box", "createdAt": 5},
        *({"id": "r", "type": "CUSTOM", "details": details} for details in NOTHING),
    ],
)
def test_a_row_without_content_never_becomes_an_empty_manifest(item: dict[str, Any]) -> None:
    result = exported(V2, item)
    assert result.files == EXPECTED
    [problem] = result.diagnostics
    assert problem.code == "export-other"
    assert problem.message.endswith("was left out: it has no field of an assistant")


def test_members_that_an_sdk_prints_in_camel_case_are_read() -> None:
    item = {
        "id": "asst_1",
        "object": "assistant",
        "createdAt": "2026-01-01T00:00:00Z",
        "name": "Box",
        "model": "gpt-4o",
        "topP": 0.5,
        "responseFormat": {"type": "json_object"},
        "tools": [{"type": "file_search", "fileSearch": {"maxNumResults": 4}}],
        "toolResources": {"codeInterpreter": {"fileIds": ["file-1"]}, "fileSearch": {"vectorStoreIds": ["vs_1"]}},
        "metadata": {"camelCase": "stays"},
    }
    result = exported(item)
    assert result.diagnostics == ()
    [resource] = loaded(dict(result.files)).resources
    assert resource.spec["top_p"] == 0.5
    assert resource.spec["response_format"] == {"type": "json_object"}
    assert resource.spec["tools"] == [{"type": "file_search", "file_search": {"max_num_results": 4}}]
    assert resource.spec["tool_resources"] == {
        "code_interpreter": {"file_ids": ["file-1"]},
        "file_search": {"vector_store_ids": ["vs_1"]},
    }
    assert resource.spec["metadata"] == {"camelCase": "stays"}


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("system_prompt", "Be brief.", "Write it as `instructions: …`."),
        ("systemPrompt", "Be brief.", "Write it as `instructions: …`."),
        ("notes", {"a": 1}, "Look at it in the export."),
        ("note", "One.\nTwo.", "Look at it in the export."),
        ("updated_at", 5, "Nothing to do, unless you miss it."),
        ("owner_id", "org_1", "Nothing to do, unless you miss it."),
    ],
)
def test_what_was_left_out_has_a_true_remedy(key: str, value: Any, remedy: str) -> None:
    [problem] = exported(V2 | {key: value}).diagnostics
    assert (problem.code, problem.path) == ("export-left-out", None)
    assert problem.remedy is not None
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize("name", ["con", "NUL", "Lpt1"])
def test_no_file_is_called_like_a_device_of_windows(name: str) -> None:
    tool = {"type": "function", "function": {"name": name.lower(), "parameters": {"type": "object", "properties": {}}}}
    one, other = ({**V2, "name": title, "tools": [tool]} for title in (name, "Other"))
    files = exported(one, other, tools={}).files
    stems = {path.rpartition("/")[2].partition(".")[0] for path in files}
    assert stems == {f"assistant-{name.lower()}", "other", f"tool-{name.lower()}"}


def test_an_object_that_two_pages_hold_becomes_one_manifest() -> None:
    assert exported(V2, dict(V2)).files == EXPECTED
    assert len(exported(V2, V2 | {"model": "other"}).manifests) == 2


@pytest.mark.parametrize(
    ("item", "meant"),
    [
        ({"metadata": [], "tool_resources": [], "tools": {}}, {}),
        ({"tool_resources": {"code_interpreter": []}}, {}),
        ({"tool_resources": {"code_interpreter": {"file_ids": {}}}}, {}),
    ],
)
def test_an_empty_list_in_the_place_of_an_object_means_nothing(item: dict[str, Any], meant: dict[str, Any]) -> None:
    result = exported({"model": "m", "name": "Box", **item})
    assert result.diagnostics == ()
    [resource] = loaded(dict(result.files)).resources
    assert same(canonical(resource.spec, KIND), canonical({"model": "m", "name": "Box", **meant}, KIND))


def test_a_pair_that_an_empty_text_would_take_away_is_named() -> None:
    assert codes(exported(V2 | {"metadata": {"a": "", "b": "x"}})) == ["export-left-out"]


@pytest.mark.parametrize("text", ['"hello"', "3", "true", "null", "{}", "[]", "[null, 3]"])
def test_a_file_without_an_object_says_what_it_should_hold(text: str) -> None:
    [problem] = objects_from_text(text.encode(), "export.json", [KNOWN.kinds["Assistant"]])[1]
    assert problem.code == "export-empty"
    assert str(problem.remedy).startswith("It should hold assistants as the API lists them")


def test_an_entry_that_is_not_an_object_stops_no_other() -> None:
    result = exported("oops", V2, None, 3)
    assert codes(result) == ["export-shape"] * 3
    assert result.files == EXPECTED
