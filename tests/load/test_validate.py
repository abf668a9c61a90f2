"""What is wrong in a manifest, where, and what to do: all of it at once, at the offending key."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from retinue.core.model import Address, Diagnostic
from retinue.load.jsontext import parse as parse_json
from retinue.load.located import Map
from retinue.load.validate import validate_manifest
from retinue.load.yaml import parse_text
from retinue.providers.assistants_v2 import KINDS
from retinue.schema.bundle import manifest_schema

KIND = KINDS["Assistant"]
ADDRESS = Address("Assistant", "a")
HEAD = "assistant: a\nmodel: m\n"


def located(text: str) -> Map:
    parsed = parse_text(text, "m.yaml")
    assert parsed.diagnostics == []
    value = parsed.documents[0].value
    assert type(value) is Map
    return value


def problems(text: str) -> list[Diagnostic]:
    found = validate_manifest(KIND, located(text), ADDRESS)
    assert all(problem.place and problem.remedy and problem.address == "Assistant/a" for problem in found)
    return found


def places(text: str) -> list[str]:
    return [f"{problem.place}: {problem.code}" for problem in problems(HEAD + text)]


def only(text: str) -> Diagnostic:
    [problem] = problems(HEAD + text)
    return problem


def test_a_full_manifest_is_valid() -> None:
    assert places(
        "name: Math Tutor\ndescription: null\ninstructions: Help.\ntemperature: 2\ntop_p: 0\nresponse_format: auto\n"
        "tools: [{type: code_interpreter}, {type: file_search, file_search: {max_num_results: 50}},\n"
        "  {type: function, function: {name: f, parameters: {type: object, properties: {a: {type: string}}}}}]\n"
        "metadata: {owner: me}\nreasoning_effort: xhigh\n"
        "retinue: {labels: {a: b}, environments: [dev], protect: true, moved_from: b, adopt: asst_1,"
        " ignore_changes: [/temperature, /metadata/owner]}\n"
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temprature: 1", ["m.yaml:3:1: unknown-key"]),
        ("id: asst_1\nobject: assistant\ncreated_at: 5", [f"m.yaml:{n}:1: pasted-key" for n in (3, 4, 5)]),
        ("file_ids: [a]", ["m.yaml:3:1: pasted-key"]),
        ("providers: {flowise: {type: CUSTOM}}", []),
        ("temperature: 3", ["m.yaml:3:14: out-of-range"]),
        ("temperature: -0.1", ["m.yaml:3:14: out-of-range"]),
        ("temperature: true", ["m.yaml:3:14: wrong-type"]),
        ('top_p: "0.5"', ["m.yaml:3:8: wrong-type"]),
        ("name: [a]", ["m.yaml:3:7: wrong-type"]),
        ("tools: [{type: code-interpreter}]", ["m.yaml:3:16: not-allowed"]),
        ("tools: [{type: retrieval}]", ["m.yaml:3:16: v1-tool"]),
        ("tools: [code_interpreter]", ["m.yaml:3:9: wrong-type"]),
        ("tools: [{}]", ["m.yaml:3:9: missing-key"]),
        ("tools: {type: code_interpreter}", ["m.yaml:3:8: wrong-type"]),
        ("tools: [{type: file_search, file_search: {max_num_results: 51}}]", ["m.yaml:3:60: out-of-range"]),
        ("tools: [{type: file_search, file_search: {ranking_options: {}}}]", ["m.yaml:3:60: missing-key"]),
        ("tools: [{type: function, name: f}]", ["m.yaml:3:26: unknown-key"]),
        ("tools: [{type: function, function: {name: f g}}]", ["m.yaml:3:43: bad-name"]),
        ("tool_resources: {code_interpreter: {file_ids: file-1}}", ["m.yaml:3:47: wrong-type"]),
        ("tool_resources: {file_search: {vector_stores: []}}", ["m.yaml:3:32: unknown-key"]),
        ("tool_resources: {file_search: {file_ids: []}}", ["m.yaml:3:32: unknown-key"]),
        ("tool_resources: {file_search: {vector_store_ids: [a, b]}}", ["m.yaml:3:50: too-many"]),
        ("metadata: {a: 1, b: true, c: null}", [f"m.yaml:3:{n}: wrong-type" for n in (15, 21, 30)]),
        ("metadata: {retinue.x: a}", ["m.yaml:3:12: reserved-key"]),
        ("response_format: json_object", ["m.yaml:3:18: not-allowed"]),
        ("response_format: [json]", ["m.yaml:3:18: not-allowed"]),
        ("response_format: {type: json}", ["m.yaml:3:25: not-allowed"]),
        ("response_format: {type: json_schema}", ["m.yaml:3:18: missing-key"]),
        ("reasoning_effort: hgh", ["m.yaml:3:19: not-allowed"]),
        ("retinue: {ignore_changes: [/temprature, temperature, /]}",
         ["m.yaml:3:28: unknown-field", "m.yaml:3:41: bad-name", "m.yaml:3:54: unknown-field"]),
        ("retinue: {moved_from: Bad Name, protect: x, adopt: 5, labels: {a: 1}, lables: {}}",
         ["m.yaml:3:23: bad-name", "m.yaml:3:42: wrong-type", "m.yaml:3:52: wrong-type",
          "m.yaml:3:67: wrong-type", "m.yaml:3:71: unknown-key"]),
    ],
)  # fmt: skip
def test_every_fault_has_its_place_and_code(text: str, expected: list[str]) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((text, "model") for text in ('"{{ model }}"', '"{{ .Values.model | quote }}"', "$model", "$(model)")),
        *((text, "model") for text in ("<%= model %>", '"%{model}"', "'{% model %}'")),
        ("$MODEL", "MODEL"),
    ],
)
def test_a_model_that_is_another_tools_template_is_told_ours(written: str, meant: str) -> None:
    [problem] = problems(f"assistant: a\nmodel: {written}\n")
    assert (problem.code, str(problem.place)) == ("variable-syntax", "m.yaml:2:8")
    assert problem.remedy == f"For a variable write `${{var.{meant}}}`."


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = "temprature: 1\ntemperature: 3\ntools: [{type: x}, 5]\nmetadata: {a: 1}"
    assert [place.partition(": ")[2] for place in places(text)] == [
        "unknown-key", "out-of-range", "not-allowed", "wrong-type", "wrong-type",
    ]  # fmt: skip


def test_a_missing_model_is_told_at_the_manifest_with_the_way_to_defaults() -> None:
    [problem] = problems("assistant: a\nname: b\n")
    assert (str(problem.place), problem.code) == ("m.yaml:1:1", "missing-key")
    assert "`defaults` in retinue.yaml" in (problem.remedy or "")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("temprature: 1", "Did you mean `temperature`?"),
        ("top-p: 1", "Did you mean `top_p`?"),
        ("labels: {a: b}", "It belongs below `retinue`: `retinue: {labels: …}`."),
        ("id: asst_1", "write `retinue: {adopt: asst_…}`"),
        ("tools: [{type: code-interpreter}]", "Did you mean `code_interpreter`?"),
        ("tools: [code_interpreter]", "Write `- type: code_interpreter`."),
        ("tools: [{type: function, function: {name: f}, strict: true}]", "It belongs below `function`"),
        ("tools: [{type: function, name: f, parameters: {}}]", "They belong below `function`: `function: {name: …, pa"),
        ("tools: [{type: file_search, ranking_options: {}}]", "It belongs below `file_search`"),
        ("response_format: {type: json_schema, name: x, schema: {}}", "`json_schema: {name: …, schema: …}`"),
        ("labels: {a: b}\nprotect: true", "They belong below `retinue`: `retinue: {labels: …, protect: …}`."),
        ("tools: [{type: retrieval}]", "Write `type: file_search`"),
        ("tools: [{type: tool_search}]", "write it below `providers: {openai-agents: {tools: […]}}`"),
        ("tools: [{type: custom}]", "Write it as a function"),
        ("tools: [{type: web_search, context_size: low}]", "Write it as `search_context_size: …`."),
        ("text: {format: {type: text}}", "Write its `format` as `response_format: …`"),
        ("reasoning: {effort: low}", "Write its `effort` as `reasoning_effort: …`"),
        ("service_tier: flex", "write it below `providers: {openai-agents: {service_tier: …}}`"),
        *(
            (f"{key}: Be kind.", "Write it as `instructions: …`.")
            for key in ("system", "prompt", "systemPrompt", "Prompt")
        ),
        ("system_promt: Be kind.", "If `system_prompt` is meant: Write it as `instructions: …`."),
        ("functions: [{name: f}]", "Write each as a tool: `tools: [{type: function,"),
        ("maxTokens: 100", "It is of a run, not of an assistant"),
        ("stop: x", "It is of a chat request, not of an assistant"),
        ("top: 1", "Did you mean `top_p`?"),
        ("deployment_name: x", "Write it as `model: …`."),
        ("agent_id: asst_1", "write `retinue: {adopt: asst_…}`"),
        ("vector_store_ids: [a]", "{file_search: {vector_store_ids: [{ref: VectorStore/NAME}]}}"),
        ("graph_id: x", "write it below `providers: {langgraph: {graph_id: …}}`"),
        ("api_key: x", "`api_key: {env: NAME}`. If a real key stands here, revoke it now."),
        ('top_p: "{{ values.top_p }}"', "For a variable write `${var.top_p}`."),
        ("name: {name}", "Write the value itself, or `${var.name}` for a variable."),
        ("completion_args: {temperature: 1}", "Write its members as fields of the manifest: `temperature`"),
        ("definition: {}", "Write its members as fields of the manifest: `model`"),
        ("mcp_servers: []", "`tools: [{type: mcp, server_label: NAME, server_url: URL}]`"),
        ("tools: [{}]", "Add `type: code_interpreter` (or file_search, function, mcp, web_search)."),
        ("metadata: {a: 1.50}", 'Put it in quotes: "1.50".'),
        ("metadata: {a: null}", "Remove the line, or write text."),
        ("response_format: json_object", "Write `{type: json_object}`."),
        ("tool_resources: {file_search: {vector_stores: []}}", "`vector_store_ids: [{ref: VectorStore/NAME}]`"),
        ("temperature: hot", "Write a number, without quotes."),
        ("tools: code_interpreter", "Write a list: [{type: code_interpreter}]."),
        ("retinue: {ignore_changes: [/temprature]}", "Did you mean `/temperature`?"),
    ],
)
def test_the_remedy_says_what_to_write(text: str, remedy: str) -> None:
    assert remedy in (only(text).remedy or "")


@pytest.mark.parametrize(
    ("field", "most"), [("name", 256), ("description", 512), ("instructions", 256_000)]
)  # fmt: skip
def test_a_text_that_is_too_long_says_how_long_it_is_and_may_be(field: str, most: int) -> None:
    assert places(f"{field}: {'x' * most}") == []
    problem = only(f"{field}: {'x' * (most + 1)}")
    assert problem.code == "too-long"
    assert f"{most + 1:,} characters, at most {most:,}" in problem.message
    assert problem.remedy == "Shorten it by 1 character."
    assert len(problem.message) < 200


def test_128_tools_are_allowed_and_129_are_not() -> None:
    assert places("tools:\n" + "  - type: code_interpreter\n" * 128) == []
    problem = only("tools:\n" + "  - type: code_interpreter\n" * 129)
    assert (problem.code, str(problem.place), problem.path) == ("too-many", "m.yaml:4:3", "/tools")
    assert "129 entries, at most 128" in problem.message


def test_14_metadata_pairs_are_allowed_and_15_are_not() -> None:
    pairs = "".join(f"  k{index}: v\n" for index in range(14))
    assert places("metadata:\n" + pairs) == []
    problem = only("metadata:\n" + pairs + "  one: more\n")
    assert problem.code == "too-many"
    assert problem.message.startswith("15 metadata pairs are too many: at most 14")
    assert "marker" in (problem.remedy or "")


def test_metadata_limits_point_at_the_key_and_at_the_value() -> None:
    key = "k" * 65
    assert places(f"metadata:\n  {key}: v\n  k: {'v' * 513}") == ["m.yaml:4:3: too-long", "m.yaml:5:6: too-long"]


def test_two_functions_of_one_name_point_at_the_second() -> None:
    tool = "  - {type: function, function: {name: f}}\n"
    problem = only("tools:\n" + tool + "  - type: code_interpreter\n" + tool)
    assert (str(problem.place), problem.code) == ("m.yaml:6:39", "duplicate-tool")
    assert "tools[0]" in problem.message


def test_two_servers_of_one_label_point_at_the_second() -> None:
    tool = "  - {type: mcp, server_label: a, server_url: https://a.example}\n"
    problem = only("tools:\n" + tool + tool)
    assert (str(problem.place), problem.code) == ("m.yaml:5:31", "duplicate-tool")
    assert "tools[0]" in problem.message


def parameters(text: str) -> str:
    return f"tools: [{{type: function, function: {{name: f, parameters: {text}}}}}]"


@pytest.mark.parametrize(
    ("text", "columns", "remedy"),
    [
        ("{type: object, properties: {a: {type: str}}}", [96], "Did you mean `string`?"),
        ("{type: object, properties: {a: {type: [string, int]}}}", [105], "Did you mean `integer`?"),
        ("{type: object, properties: {a: string}}", [89], "Write `{type: string}`."),
        ("{type: object, properties: {a: {required: true}}}", [100], "`required: [a, b]`"),
        ("{type: object, required: a}", [83], "`required: [a, b]`"),
        ("{type: object, required: [a, a]}", [83], "`required: [a, b]`"),
        ("{type: array}", [65], "Write `type: object`"),
        ("{properties: {a: {type: string}}}", [58], "Write `type: object`"),
        ("{type: object, properties: {a: {minimum: x}, b: {items: 5}}}", [99, 114], ""),
    ],
)
def test_what_is_no_json_schema_is_told_in_its_own_place(text: str, columns: list[int], remedy: str) -> None:
    found = problems(HEAD + parameters(text))
    assert [str(problem.place) for problem in found] == [f"m.yaml:3:{column}" for column in columns]
    assert {problem.code for problem in found} == {"not-a-schema"}
    assert remedy in (found[0].remedy or "")


@pytest.mark.parametrize("text", ["{}", "null", "{type: object}", "{type: object, $defs: {a: {}}, x-mine: 1}"])
def test_these_are_parameters(text: str) -> None:
    assert places(parameters(text)) == []


def test_the_schema_of_a_response_format_is_checked_too() -> None:
    text = "response_format: {type: json_schema, json_schema: {name: x, schema: {type: objct}}}"
    problem = only(text)
    assert (str(problem.place), problem.code) == ("m.yaml:3:76", "not-a-schema")
    assert "Did you mean `object`?" in (problem.remedy or "")
    assert places(text.replace("objct", "array")) == []


def test_values_are_shortened_and_printable_in_messages() -> None:
    problem = only(f'reasoning_effort: "{"x" * 500}"')
    assert len(problem.message) < 120
    problem = only('reasoning_effort: "a\\e[31m\\nb"')
    assert problem.message.isprintable()
    problem = only(f'"{"x" * 500}\\e": 1')
    assert problem.message.isprintable()
    assert len(problem.message) < 120


def test_a_huge_number_is_out_of_range_and_no_crash() -> None:
    assert only(f"temperature: {'9' * 99}").code == "out-of-range"


def test_a_valid_manifest_needs_no_validator_and_so_not_its_import() -> None:
    code = (
        "import sys\n"
        "from retinue.core.model import Address\n"
        "from retinue.load.validate import validate_manifest\n"
        "from retinue.load.yaml import parse_text\n"
        "from retinue.providers.assistants_v2 import KINDS\n"
        "data = parse_text('assistant: a\\nmodel: m', 'm').documents[0].value\n"
        "assert validate_manifest(KINDS['Assistant'], data, Address('Assistant', 'a')) == []\n"
        "assert 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


WORDS = st.sampled_from(
    (
        *("model", "tools", "type", "function", "code_interpreter", "file_search", "name", "parameters", "metadata"),
        *("response_format", "json_schema", "schema", "retinue", "ignore_changes", "labels", "properties", "required"),
        *("/temperature", "object", "id", "file_ids", "a\x1b", ""),
    )
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from([*KIND.fields, "retinue", "x"]), ANY, max_size=6))
def test_any_document_gives_diagnostics_and_none_only_if_it_is_valid(fields: dict[str, Any]) -> None:
    text = json.dumps({"assistant": "a", "model": "m", **fields})
    data = parse_json(text.encode(), "m.json").documents[0].value
    found = validate_manifest(KIND, data, ADDRESS)
    assert all(problem.place and problem.remedy and problem.code and problem.message.isprintable() for problem in found)
    if not found:
        assert Draft7Validator(manifest_schema(KINDS["Assistant"])).is_valid(data)
