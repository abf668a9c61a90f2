"""JSON of others: every valid text is a value that can be compared, shown and written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retinue.core.canonical import canonical_json, digest, same
from retinue.core.strictjson import DEEPEST, TOO_DEEP, is_unicode, loads, received, sendable


@pytest.mark.parametrize("levels", [DEEPEST + 1, 400, 2_000, 100_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}"), ('{"a":"]}}]","b":[', "]}")])
def test_what_is_nested_too_deep_is_cut_at_the_same_level_alone_and_in_a_list(
    levels: int, start: str, end: str
) -> None:
    text = '{"id":"x","deep":' + start * levels + "1" + end * levels + "}"
    alone = received(text)
    assert same(received(f'{{"data":[{text}],"has_more":false}}', listed=True)["data"][0], alone)
    assert same(received(f"[{text}]", listed=True)[0], alone)
    assert TOO_DEEP in canonical_json(alone)
    digest(alone)


def test_what_is_not_too_deep_is_left_as_it_is() -> None:
    value: Any = 1
    for _ in range(DEEPEST):
        value = [value]
    assert received(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["1e400", "-1e999", "9" * 309, "9" * 5_000, "-" + "9" * 5_000])
def test_a_number_that_nobody_can_hold_is_its_digits(text: str) -> None:
    assert received(f"[{text}]") == [text]
    with pytest.raises(ValueError, match="too large"):
        loads(text)


@pytest.mark.parametrize("text", ["-0", "-0.0", "1e300", "1E-400", "123456789012345678901234567890", "1" + "0" * 308])
def test_other_numbers_have_one_form(text: str) -> None:
    assert received(canonical_json(received(text))) == received(text)
    assert loads(canonical_json(received(text))) == loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 9_999,
        "[" * 900 + "}" * 700,
        "NaN",
        "Infinity",
        "-Infinity",
        "",
        "[",
        "{}}",
        '"\n"',
        "01",
        "[1,]",
        "\ufeff\ufeff1",
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        received(text)


@pytest.mark.parametrize("escape", [r"\ud800", r"a\udc00b", r"\udc00\ud800", r"\ud800\ud800"])
def test_half_of_a_pair_is_read_compared_and_sent_as_it_came(escape: str) -> None:
    value = received(f'{{"{escape}": ["{escape}"]}}')
    assert received(sendable(value).decode("utf-8")) == value
    assert not is_unicode(next(iter(value)))
    digest(value)


def test_a_whole_pair_is_one_character() -> None:
    assert received(r'"\ud83d\ude00"') == "\U0001f600"
    assert sendable("\U0001f600") == '"\U0001f600"'.encode()


def test_the_last_of_equal_keys_counts_and_a_byte_order_mark_does_not() -> None:
    assert received('\ufeff{"a": 1, "a": 2}') == {"a": 2}
