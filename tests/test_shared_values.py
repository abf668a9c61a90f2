"""Values that many objects share: worked out once, equal to what each would be alone, and never altered."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from retinue.core import canonical
from retinue.core.canonical import canonical_json, canonical_value, plain_shared, same
from retinue.core.differences import stated_fields
from retinue.core.marks import short_digest
from retinue.core.model import Json
from retinue.load.manifests import Loaded, load
from retinue.load.project import load_project
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.registry import catalogue
from retinue.render.leaves import leaves

ASSISTANT = KINDS["Assistant"]
TOOLS = ASSISTANT.fields["tools"].shape
COUNT, SHARED = 30, 12
PLAIN = "{{file: ../tools/t{0}.yaml}}"
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["", "1", "ä\ud800"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


def tool(number: int, kind: str = "object", word: str = "") -> str:
    return (
        f"type: function\nfunction:\n  name: tool_{number}\n  description: '{word}'\n  parameters:\n    type: {kind}\n"
        "    properties: {id: {type: string}, most: {type: integer, default: 1.0}}\n"
    )


def shop(root: Path, entry: str = PLAIN, **changed: str) -> Loaded:
    """Thirty assistants with the same twelve tools, each tool in a file of its own."""
    environment = "{provider: openai-assistants, endpoint: emulator, variables: {word: now}}"
    start = "version: 1\nproject: shop-a1b2\nmanifests: [assistants]\n"
    files = {"retinue.yaml": f"{start}environments:\n  dev: {environment}\n"}
    files |= {f"tools/t{number}.yaml": changed.get(f"t{number}", tool(number)) for number in range(SHARED)}
    entries = "".join(f"  - {entry.format(number)}\n" for number in range(SHARED))
    for number in range(COUNT):
        files[f"assistants/a{number}.yaml"] = f"assistant: a{number}\nmodel: m\ntools:\n{entries}"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    read, _ = load_project(root, catalogue)
    assert read is not None
    return load(read, "dev")


def test_a_tool_in_a_file_is_one_value_in_all_manifests(tmp_path: Path) -> None:
    loaded = shop(tmp_path)
    assert loaded.diagnostics == ()
    canonical._of_bytes.cache_clear()
    first, *others = [stated_fields(item.spec, ASSISTANT)["tools"] for item in loaded.resources]
    assert all(one is two for other in others for one, two in zip(first, other, strict=True))
    # For each tool the plain form and the canonical one, and what these hold; nothing for each assistant.
    assert canonical._of_bytes.cache_info().misses <= 4 * SHARED
    assert json.loads(json.dumps(first[3]))["function"]["parameters"]["properties"]["most"] == {
        "type": "integer",
        "default": 1,
    }


def test_what_the_service_answers_is_the_same_value_in_any_order_of_keys(tmp_path: Path) -> None:
    tools = shop(tmp_path).resources[0].spec["tools"]
    for answer in (json.loads(json.dumps(tools)), json.loads(json.dumps(tools, sort_keys=True))):
        have, want = (canonical_value(side, TOOLS) for side in (answer, tools))
        assert same(have, want)
        assert short_digest(have) == short_digest(want)
        answer[5]["function"]["parameters"]["properties"]["most"]["default"] = True
        assert same(canonical_value(json.loads(json.dumps(tools)), TOOLS), want)
        assert not same(canonical_value(answer, TOOLS), want)
        [leaf] = leaves(answer, tools, TOOLS)
        assert (leaf.path, leaf.before, leaf.after) == (
            "function tool_5.parameters.properties.most.default",
            True,
            1,
        )


def test_a_fault_in_a_shared_file_is_told_at_its_line_however_often_it_is_used(tmp_path: Path) -> None:
    loaded = shop(tmp_path, t4=tool(4, "objekt"), t7="type: function\nfunction: {name: tool_7, nmae: x}\n")
    assert [f"{item.place}: {item.code}" for item in loaded.diagnostics] == [
        "tools/t4.yaml:6:11: not-a-schema",
        "tools/t4.yaml:6:11: not-a-schema",
        "tools/t7.yaml:2:26: unknown-key",
    ]


def test_a_template_and_a_text_that_is_none_stay_apart(tmp_path: Path) -> None:
    spelled = tool(0, word="as of ${var.word}")
    loaded = shop(tmp_path, "{{file: ../tools/t{0}.yaml, template: true}}", t0=spelled)
    assert loaded.diagnostics == ()
    assert {item.spec["tools"][0]["function"]["description"] for item in loaded.resources} == {"as of now"}
    loaded = shop(tmp_path, "{{file: ../tools/t{0}.yaml, template: false}}", t0=spelled)
    assert {item.spec["tools"][0]["function"]["description"] for item in loaded.resources} == {"as of ${var.word}"}
    (tmp_path / "assistants/a3.yaml").write_text(
        "assistant: a3\nmodel: m\ntools: [{file: ../tools/t0.yaml, template: true}]\n"
    )
    read, _ = load_project(tmp_path, catalogue)
    assert read is not None
    found = [item.spec["tools"][0]["function"]["description"] for item in load(read, "dev").resources]
    assert sorted(found) == ["as of ${var.word}"] * (COUNT - 1) + ["as of now"]


@given(VALUES, VALUES)
def test_sharing_changes_no_value_and_no_comparison(left: Json, right: Json) -> None:
    def alone(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: alone(item) for key, item in value.items()}
        if isinstance(value, list):
            return [alone(item) for item in value]
        return canonical.number(value)

    def text(value: Json) -> str:
        return json.dumps(alone(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    one, two = plain_shared([left]), plain_shared([right])
    assert one == [alone(left)]
    assert canonical_json(one) == canonical_json([left]) == text([left])
    assert same(one, two) is (text([left]) == text([right]))
    assert text(one) == text([left])


def test_an_item_that_is_altered_after_it_was_seen_is_another_value() -> None:
    item = {"a": {"b": [1]}}
    before = plain_shared([item])
    item["a"]["b"].append(2)
    assert (before, plain_shared([item])) == ([{"a": {"b": [1]}}], [{"a": {"b": [1, 2]}}])
    large = {"a": "x" * 50_000}
    assert plain_shared([large]) == [large]
    assert plain_shared([large])[0] is not large
