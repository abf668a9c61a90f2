"""A key is found however a text writes it, and nothing else is hidden."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.masking import Key, holds, key_of, masked, masked_json

SECRET = 'sk-Pr/oj+4bC"d_ef=12~34.xY'
HALF = len(SECRET) // 2


def keys(*secrets: str) -> list[Key]:
    return [found for secret in secrets if (found := key_of(secret)) is not None]


def escaped(form: str) -> str:
    return "".join(form.format(ord(char)) for char in SECRET)


WRITTEN = {
    "as it is": SECRET,
    "json": json.dumps(SECRET)[1:-1],
    "json with escaped slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "json, every character": escaped("\\u{:04x}"),
    "json in capitals": escaped("\\u{:04X}"),
    "json, some characters": SECRET.replace("+", "\\u002B").replace("/", "\\u002f"),
    "json in json": json.dumps(json.dumps(SECRET))[3:-3],
    "json in json, escaped": escaped("\\\\u{:04X}"),
    "json in json in json": json.dumps(json.dumps(json.dumps(SECRET)))[7:-7],
    "python": repr(SECRET.encode())[2:-1],
    "hexadecimal escapes": escaped("\\x{:02x}"),
    "yaml": escaped("\\U{:08x}"),
    "javascript": escaped("\\u{{{:x}}}"),
    "url": quote(SECRET, safe=""),
    "url, every character": escaped("%{:02x}"),
    "url, as old scripts write it": escaped("%u{:04x}"),
    "url in url": quote(quote(SECRET, safe=""), safe=""),
    "url in json": quote(SECRET, safe="").replace("%", "\\u0025"),
    "html": html.escape(SECRET),
    "html, decimal": escaped("&#{};"),
    "html, hexadecimal": escaped("&#x{:X};"),
    "html, by name": SECRET.replace("/", "&sol;").replace("_", "&lowbar;").replace(".", "&period;"),
    "octal": escaped("\\{:03o}"),
    "json pointer": SECRET.replace("~", "~0").replace("/", "~1"),
    "json pointer in a url": quote(SECRET.replace("~", "~0").replace("/", "~1"), safe=""),
    "markdown": "".join(char if char.isalnum() else f"\\{char}" for char in SECRET),
    "wrapped": f"{SECRET[:9]}\n    {SECRET[9:20]}\r\n{SECRET[20:]}",
    "wrapped in json": f"{SECRET[:9]}\\n  {SECRET[9:]}",
    "wrapped as mail does": f"{SECRET[:9]}=\r\n{SECRET[9:]}",
    "spaced": " ".join(SECRET),
    "with soft hyphens": f"{SECRET[:9]}\xad\u200b{SECRET[9:]}",
    "with marks of direction": f"{SECRET[:9]}\u200e\u202e{SECRET[9:]}",
    "with colours": f"{SECRET[:9]}\x1b[1;31m{SECRET[9:12]}\x1b[0m{SECRET[12:]}",
    "with colours, written out": f"{SECRET[:9]}\\x1b[31m{SECRET[9:]}",
    "in utf-16, read as utf-8": "\0".join(SECRET),
    "in capitals": SECRET.upper(),
    "in small letters": SECRET.lower(),
    "hexadecimal": SECRET.encode().hex(),
    "cut off at the end": SECRET[: HALF + 1],
    "cut off, nearly whole": SECRET[:-1],
    "cut off at the start": SECRET[HALF - 1 :],
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("around", ["{}", "Key {} is wrong", "Bearer {}.", "é\u2028{}ß", '{{"m":"{}"}}'])
def test_a_key_is_found_however_it_is_written(text: str, around: str) -> None:
    assert masked(around.format(text), keys(SECRET)) == around.format("[key]")


@pytest.mark.parametrize("end", ["=&#10;", "=\\u000a", "=%0A"])
@pytest.mark.parametrize("start", ["sk-=\nPr/oj+4b", "sk-P%20r/oj+4b", "sk-=&#10;Pr/oj+4b", "sk-\u0130Pr/oj+4b"])
def test_a_text_from_which_a_key_can_still_be_read_is_not_shown(start: str, end: str) -> None:
    """A line break after a `=` may be the mail's or the key's."""
    text = f'{start}C"d_ef{end}12~34.xY'
    assert not holds(masked(text, keys(SECRET)), keys(SECRET))


@pytest.mark.parametrize("before", ["", "a", "ab", ":", "user:", "Bearer "])
@pytest.mark.parametrize("after", ["", ":x", "\n"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_in_base64_is_found_wherever_it_begins(before: str, after: str, encode: object) -> None:
    text = encode(f"{before}{SECRET}{after}".encode()).decode()  # type: ignore[operator]
    shown = masked(f"Basic {text}", keys(SECRET))
    assert "[key]" in shown
    assert len(shown) < len("Basic [key]") + 16
    assert masked(text.replace("/", "\\/").replace("+", "%2B"), keys(SECRET)).count("[key]") == 1


def test_each_of_several_keys_and_each_place() -> None:
    text = f"{SECRET}{SECRET}, sk-other-123456 and {SECRET[:20]} but not sk-ot"
    assert masked(text, keys(SECRET, "sk-other-123456")) == "[key][key], [key] and [key] but not sk-ot"
    # One begins as the other does.
    assert masked("sk-other-123456789", keys("sk-other-123456", "sk-other-123456789")) in ("[key]", "[key]789")


@pytest.mark.parametrize("secret", ["a", "sk-1234", "", "emulator", "anything", "password"])
def test_what_is_short_or_a_plain_word_is_no_key(secret: str) -> None:
    assert key_of(secret) is None


@pytest.mark.parametrize("secret", ["test-key", "Passw0rd", "0123456789abcdef", "correcthorsebatterystaple"])
def test_everything_else_is(secret: str) -> None:
    assert masked(f"a {secret} b", keys(secret)) == "a [key] b"


@given(st.text(), st.text())
def test_a_text_without_a_key_stays_as_it_is_and_one_with_it_loses_it(before: str, after: str) -> None:
    assert masked(before, keys(SECRET)) == before
    assert SECRET not in masked(before + SECRET + after, keys(SECRET))


def test_a_long_token_is_found_in_parts_and_no_text_takes_long() -> None:
    token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + "aB3_9-" * 300
    assert masked(f"x {token[:500]} y {token}z", keys(token)) == "x [key] y [key]z"
    for piece in ("\\", "%25", "&#", "=\r", "\\u00", "\u200b"):
        text = piece * 100_000
        assert masked(text, keys(SECRET)) == text


def test_json_keeps_its_shape() -> None:
    value = {"a": [1, None, f"x {SECRET}"], SECRET: True, "b": {"c": SECRET.replace("/", "\\/")}}
    assert masked_json(value, keys(SECRET)) == {"a": [1, None, "x [key]"], "[key]": True, "b": {"c": "[key]"}}
