"""The YAML reader: equal to pyyaml on safe input, a diagnostic with a place for everything else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retinue.core.model import Place
from retinue.load import yaml
from retinue.load.located import Map, Seq, place_of

BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{inner}'] * 10)}]\n" for inner, name in zip("abcde", "bcdef", strict=True)
)


def data_of(text: str | bytes) -> Any:
    parsed = yaml.parse(text.encode() if isinstance(text, str) else text, "f.yaml")
    assert parsed.diagnostics == []
    assert parsed.complete
    return [document.value for document in parsed.documents]


def problems_of(text: str | bytes) -> list[str]:
    parsed = yaml.parse(text.encode() if isinstance(text, str) else text, "f.yaml")
    assert all(problem.message and problem.remedy for problem in parsed.diagnostics)
    return [f"{problem.place}: {problem.code}" for problem in parsed.diagnostics]


BAD = {
    "tab in the indentation": ("a:\n\tb: 1\n", "2:1: yaml-tab"),
    "tab after spaces": ("a:\n  b: 1\n \tc: 2\n", "3:2: yaml-tab"),
    "tab in a block text": ("a: >\n  x\n\ty\n", "3:1: yaml-tab"),
    "byte order mark": (b"\xef\xbb\xbfa: 1\n", "1:1: text-bom"),
    "byte order mark inside": ("a: 1\nb: x\ufeffy\n", "2:5: text-control-character"),
    "latin-1": ("a: 1\nb: é".encode("latin-1"), "2:4: text-not-utf8"),
    "UTF-16": ("a: 1".encode("utf-16"), "1:1: text-not-utf8"),
    "NUL": (b"a: 1\nb: \0x", "2:4: text-control-character"),
    "bell": (b"a: \x07", "1:4: text-control-character"),
    "delete": (b"a: \x7f", "1:4: text-control-character"),
    "line separator": ("a: x\u2028y", "1:5: text-control-character"),
    "duplicate key": ("a: 1\nb: 2\na: 3\n", "3:1: duplicate-key"),
    "duplicate key in a flow mapping": ("x: {a: 1, 'a': 2}", "1:11: duplicate-key"),
    "200 kB of lists": ("- " * 100_000 + "x", "1:129: too-deep"),
    "200 kB of brackets": ("[" * 200_000, "1:65: too-deep"),
    "200 kB of braces": ("{a: " * 50_000, "1:257: too-deep"),
    "alias bomb": (BOMB, "5:29: too-many-values"),
    "repeated long text": (f"a: &a {'x' * 64_000}\nb: [{', '.join(['*a'] * 200)}]\n", "2:397: too-many-values"),
    "depth through aliases": ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, "2:44: too-deep"),
    "too many values": ("[" + "1," * 100_000 + "1]", "1:200000: too-many-values"),
    "unknown anchor": ("a: *nowhere", "1:4: yaml-alias"),
    "anchor inside itself": ("a: &a [*a]", "1:8: yaml-alias"),
    "local tag": ("a: !secret x", "1:4: yaml-tag"),
    "python tag": ("a: !!python/object/apply:os.system [ls]", "1:4: yaml-tag"),
    "standard tag": ("a: !!int '1'", "1:4: yaml-tag"),
    "bare tag": ("a: ! 1", "1:4: yaml-tag"),
    "tag on a mapping": ("a: !!str {b: 1}", "1:4: yaml-tag"),
    "tag that is no text": ("a: !%ED%A0%80 x", "1:1: yaml-syntax"),
    "merge key": ("b: &b {x: 1}\na:\n  <<: *b\n", "3:3: yaml-merge-key"),
    "number as key": ("1: x", "1:1: yaml-key"),
    "boolean as key": ("true: x", "1:1: yaml-key"),
    "null as key": ("~: x", "1:1: yaml-key"),
    "date as key": ("2026-11-22: x", "1:1: yaml-key"),
    "list as key": ("? [a]\n: b", "1:3: yaml-key"),
    "template of another tool": ("model: {{ model }}", "1:8: yaml-key"),
    "template as a whole document": ("{{ model }}: x", "1:1: yaml-key"),
    "template in a list": ("a: [{{ model }}]", "1:5: yaml-key"),
    "mapping as key": ("{{a: b}: c}", "1:2: yaml-key"),
    "unclosed list": ("a: [1", "1:4: yaml-syntax"),
    "unclosed quote": ("a: 'x", "1:4: yaml-syntax"),
    "colon in a value": ("a: b: c", "1:5: yaml-syntax"),
    "reserved character": ("a: `b`", "1:4: yaml-syntax"),
    "wrong indentation": ("a: 1\n b: 2\n", "2:3: yaml-syntax"),
    "missing colon": ("a: 1\nb\n", "2:1: yaml-syntax"),
    "variable in a flow mapping": ("a: {file: ${var.x}}", "1:12: yaml-syntax"),
    "half a surrogate pair": ('a: "\\uD800"', "1:7: yaml-syntax"),
    "unknown directive": ("%FOO\n---\na: 1", "1:5: yaml-syntax"),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_a_diagnostic_at_its_place(text: str | bytes, expected: str) -> None:
    assert problems_of(text) == [f"f.yaml:{expected}"]


DOUBTFUL = (
    "no No NO yes on Off OFF 0755 08 -007 00.5 0o17 0b101 0x_1 12:30:45 12:30 1:30.5 2026-11-22 2026-1-2 "
    "2026-11-22T10:00:00Z 1_000 1_000.5 .nan .NaN .inf -.INF +.inf 1e999"
)


@pytest.mark.parametrize("text", DOUBTFUL.split())
def test_what_yaml_readers_disagree_about_needs_quotes(text: str) -> None:
    assert problems_of(f"a: {text}") == ["f.yaml:1:4: yaml-ambiguous"]
    assert problems_of(f"- {text}") == ["f.yaml:1:3: yaml-ambiguous"]
    assert data_of(f"a: '{text}'") == [{"a": text}]
    assert data_of(f"a: !!str {text}") == [{"a": text}]


def test_a_number_without_end_is_no_number() -> None:
    assert problems_of("a: " + "9" * 5000) == ["f.yaml:1:4: yaml-ambiguous"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("true", True), ("True", True), ("FALSE", False),
        ("0", 0), ("-1", -1), ("+12", 12), ("0x1F", 31), ("1e3", 1000.0), ("1e-3", 0.001), ("1.5E+2", 150.0),
        (".5", 0.5), ("1.", 1.0), ("-0.2", -0.2), ("y", "y"), ("n", "n"), ("nO1", "nO1"), ("gpt-4o", "gpt-4o"),
        ("1.2.3", "1.2.3"), ("2024-05-01-preview", "2024-05-01-preview"), ("12:99", "12:99"),  ("+", "+"),
        (".", "."), ("1e", "1e"), ("0x", "0x"), ("${var.x}", "${var.x}"), ("asst_1", "asst_1"), ("=", "="),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_yaml_1_2(text: str, value: Any) -> None:
    read = data_of(f"a: {text}")
    assert read == [{"a": value}]
    assert type(read[0]["a"]) is type(value)


def test_keys_that_look_like_switches_are_text() -> None:
    assert data_of("on: 1\nno: 2\n'1': 3\n'<<': 4") == [{"on": 1, "no": 2, "1": 3, "<<": 4}]


def test_every_value_has_its_place() -> None:
    [document] = yaml.parse(b"# note\na: &x\n  - b\n  - {c: 1}\nd: *x\n", "dir/f.yaml").documents
    assert document.place == Place("dir/f.yaml", 2, 1)
    assert type(document.value) is Map
    assert type(document.value["a"]) is Seq
    assert place_of(document.value, ["a", 1, "c"]) == Place("dir/f.yaml", 4, 9)
    assert place_of(document.value, ["a", 1, "c"], key=True) == Place("dir/f.yaml", 4, 6)
    assert place_of(document.value, ["d"]) == Place("dir/f.yaml", 5, 4)


def test_documents_before_a_syntax_error_are_kept_and_the_cut_off_one_is_not() -> None:
    parsed = yaml.parse(b"a: 1\n---\nb: 2\nc: [\n", "f.yaml")
    assert [document.value for document in parsed.documents] == [{"a": 1}]
    assert not parsed.complete


def test_all_problems_of_a_file_are_reported() -> None:
    assert problems_of("a: no\nb: 0755\na: 1\nc: *x\nd: [") == [
        "f.yaml:1:4: yaml-ambiguous",
        "f.yaml:2:4: yaml-ambiguous",
        "f.yaml:3:1: duplicate-key",
        "f.yaml:4:4: yaml-alias",
        "f.yaml:5:5: yaml-syntax",
    ]


def test_problems_without_end_are_cut_short() -> None:
    assert len(problems_of("[" + "no," * 5000 + "]")) == 100


def test_aliases_share_their_value_and_may_be_keys() -> None:
    assert data_of("a: &a x\nb: *a\n*a : c") == [{"a": "x", "b": "x", "x": "c"}]
    assert problems_of("a: &a [1]\n*a : c") == ["f.yaml:2:1: yaml-key"]


def test_several_documents_and_line_ends() -> None:
    assert data_of("a: |\r\n  x\r\n  y\r\n---\r\nb: 1\r\n") == [{"a": "x\ny\n"}, {"b": 1}]
    assert data_of("") == []
    assert data_of("# nothing\n") == []
    assert data_of("---\n---\n") == [None, None]


# Texts such as 08 or 1e5, which pyyaml takes for text and YAML 1.2 for a number, are no safe input: see `scalars`.
SAFE_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\u2028\u2029\ufffe\uffff")
).filter(lambda text: not re.match(r"[-+]?[.]?\d", text))
SAFE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | SAFE_TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(SAFE_TEXT, inner, max_size=5),
    max_leaves=30,
)


@given(SAFE, st.booleans(), st.booleans())
def test_equals_pyyaml_on_safe_input(value: Any, flow: bool, pure: bool) -> None:
    text = pyyaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    loader = pyyaml.SafeLoader if pure else pyyaml.CSafeLoader
    parsed = yaml.parse_text(text, "f.yaml", loader=loader)
    assert parsed.diagnostics == []
    read = parsed.documents[0].value
    assert read == pyyaml.safe_load(text) == value
    assert json.dumps(read) == json.dumps(value)


FRAGMENTS = [
    *("a", ": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ",", "'", '"', "&a ", "*a", "!", "!!str ", "|", ">", "?"),
    *("---", "...", "%", "#", "<<", "no", "0755", "\\x", "\\", "\r", "\x85", "\u2028", "é", "\0", "${var.x}"),
]


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\xff")
@example(b"a: !%ED%A0%80 x")
def test_no_bytes_raise_anything(data: bytes) -> None:
    parsed = yaml.parse(data, "f.yaml")
    assert parsed.complete or parsed.diagnostics


@settings(max_examples=500)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join), st.booleans())
@example('"\\UFFFFFFFF"', True)
@example("{\r[", False)
@example("{\x85{{ x }}: 1}", True)
@example("{\u2028[", True)
def test_no_text_raises_anything_with_either_loader(text: str, pure: bool) -> None:
    parsed = yaml.parse_text(text, "f.yaml", loader=pyyaml.SafeLoader if pure else pyyaml.CSafeLoader)
    assert parsed.complete or parsed.diagnostics
    json.dumps([document.value for document in parsed.documents], allow_nan=False).encode()
