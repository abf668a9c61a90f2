"""Random and hostile objects as manifests: they mean the same when they are read back, or nothing is written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from retinue.core.canonical import canonical, same
from retinue.core.model import Severity, Shape
from retinue.load.dumps import objects_from_text, respelled
from retinue.load.emit import to_yaml
from retinue.load.yaml import parse_text

from .exports import KIND, KNOWN, codes, exported, loaded

TRICKY = st.sampled_from(
    (
        *("no", "Yes", "1e3", "0755", "1_000", "12:30", "2024-01-31", "~", "null", "", " ", "=", "<<", "- a", "a: b"),
        *(
            "# c",
            "a #b",
            "!tag",
            "&a",
            "*a",
            "@a",
            "%a",
            "|",
            ">",
            "{a}",
            "[a]",
            "'",
            '"',
            "\\",
            "${var.x}",
            "$${",
            "$",
        ),
        *(
            "\t",
            "a\tb",
            "a\nb",
            " a\nb",
            "a\n",
            "\n",
            "a \nb",
            "\r",
            "a\r\nb",
            "\x85",
            "\u2028",
            "\ufeff",
            "\x00",
            "\x7f",
        ),
        *("😀", "ﬀ", "-", "--- a", "...", "0x1F", ".5", "+1", "1.", "true", "Assistant/a", "a" * 200, "a b " * 60),
    )
)
TEXT = TRICKY | st.text(max_size=30)
SHORT = TEXT.map(lambda text: text[:60])
KEYS = SHORT.filter(lambda key: bool(key) and not key.startswith("retinue."))
NUMBER = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
FREE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHORT, inner, max_size=3),
    max_leaves=8,
)
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "description": TEXT,
        "properties": st.dictionaries(
            SHORT,
            st.fixed_dictionaries({}, optional={"type": st.just("string"), "default": FREE, "enum": st.lists(FREE)}),
            max_size=3,
        ),
    },
)
TOOLS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"type": "code_interpreter"}),
    st.fixed_dictionaries(
        {"type": st.just("file_search")},
        optional={
            "file_search": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "max_num_results": st.none() | st.integers(1, 50),
                    "ranking_options": st.none()
                    | st.fixed_dictionaries(
                        {"score_threshold": st.sampled_from((0, 0.0, 0.3, 1))},
                        optional={"ranker": st.sampled_from(("auto", "default_2024_08_21", None))},
                    ),
                },
            )
        },
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {"name": st.from_regex(r"\A[a-zA-Z0-9_-]{1,64}\Z")},
                optional={"description": st.none() | TEXT, "parameters": SCHEMAS, "strict": st.booleans() | st.none()},
            ),
        }
    ),
)


def without_doubled_names(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two functions of one name are refused, which is not what these tests are about."""
    by_name = {tool.get("function", {}).get("name", number): tool for number, tool in enumerate(tools)}
    return list(by_name.values())


IDS = st.lists(st.text("abc123-", min_size=1, max_size=9), max_size=4)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    # `$MODEL` would be refused as what another tool fills in.
    {"model": st.text(min_size=1, max_size=20).filter(lambda text: "$" not in text)},
    optional={
        "id": st.text(max_size=20),
        "name": st.none() | TEXT,
        "description": st.none() | TEXT,
        "instructions": st.none() | TEXT | st.lists(TEXT, max_size=4).map("\n".join),
        "tools": st.lists(TOOLS, max_size=3).map(without_doubled_names),
        "tool_resources": st.fixed_dictionaries(
            {}, optional={"code_interpreter": st.none() | st.fixed_dictionaries({"file_ids": IDS})}
        ),
        "metadata": st.none() | st.dictionaries(KEYS, TEXT, max_size=4),
        "temperature": st.none() | st.floats(0, 2),
        "top_p": st.none() | st.sampled_from((0, 1, 0.5, 1.0)),
        "response_format": st.sampled_from((None, "auto", {"type": "text"}, {"type": "json_object"})),
    },
)


@given(OBJECTS)
def test_every_manifest_loads_back_to_the_same_canonical_form(item: dict[str, Any]) -> None:
    result = exported(item)
    assume(not any(problem.severity is Severity.ERROR for problem in result.diagnostics))
    read = loaded(dict(result.files))
    assert read.diagnostics == ()
    [resource] = read.resources
    assert same(canonical(resource.spec, KIND), canonical(item, KIND))


@given(st.dictionaries(st.sampled_from([*KIND.fields, "id", "object", "file_ids", "x"]), FREE, max_size=6))
def test_any_object_gives_files_that_mean_the_same_or_an_error(item: dict[str, Any]) -> None:
    item = {"object": "assistant"} | item
    result = exported(item)
    if not result.files:
        assert codes(result)
        return
    read = loaded(dict(result.files))
    assert len(read.rendered) == 1
    if isinstance(item.get("instructions"), list):
        # No object of the API, although a manifest may say it so: told, and joined.
        assert "wrong-type" in codes(result)
        return
    if item.get("file_ids") in (None, []) and "retrieval" not in str(item):
        [resource] = read.resources
        shapes = {name: field.shape for name, field in KIND.fields.items()}
        assert same(canonical(resource.spec, KIND), canonical(respelled(item, Shape(properties=shapes)), KIND))


@given(FREE)
def test_any_json_value_is_taken_without_a_crash(value: Any) -> None:
    objects, _ = objects_from_text(json.dumps(value).encode(), "e.json", [KNOWN.kinds["Assistant"]])
    for path in exported(*objects).files:
        assert ".." not in path
        assert path.isprintable()


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_without_a_crash(data: bytes) -> None:
    _, problems = objects_from_text(data, "e.json", [KNOWN.kinds["Assistant"]])
    assert all(problem.place and problem.remedy for problem in problems)


@given(st.dictionaries(TEXT, FREE, min_size=1, max_size=4))
def test_yaml_is_read_back_as_it_was_written(document: dict[str, Any]) -> None:
    parsed = parse_text(to_yaml(document), "m.yaml")
    assert parsed.diagnostics == []
    assert same(parsed.documents[0].value, document)


def test_long_text_is_a_literal_block_and_nothing_is_an_alias() -> None:
    shared = {"a": "one\ntwo: x\n"}
    assert to_yaml({"x": shared, "y": [shared]}) == (
        "x:\n  a: |\n    one\n    two: x\ny:\n  - a: |\n      one\n      two: x\n"
    )


def test_emoji_and_accents_stay_readable() -> None:
    assert to_yaml({"name": "Prüfung 😀", "n": "1e3", "b": "no"}) == 'name: Prüfung 😀\nn: "1e3"\nb: "no"\n'
