"""The pins that the action and the GitLab template install: complete, with hashes, and what pyproject.toml allows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "build-requirements.txt": PROJECT["build-system"]["requires"],
}


class Pin(NamedTuple):
    version: str
    hashes: int


def pins(text: str) -> dict[str, Pin]:
    """The lock of one file by name; anything that is neither a pin, a hash nor a comment is an error."""
    found: dict[str, Pin] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"([\w.-]+)==(\S+?)(?: ; [^-]+)?((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*", line)
        assert match, f"no pin: {line[:80]}"
        found[canonicalize_name(match[1])] = Pin(match[2], match[3].count("--hash"))
    return found


def unmet(asked: Iterable[str], locked: dict[str, Pin]) -> list[str]:
    """Requirements, and what they require here, that a lock lacks or pins to a version that they do not allow."""
    missing, waiting, seen = [], [Requirement(text) for text in asked], set()
    while waiting:
        item = waiting.pop()
        if str(item) in seen or (item.marker and not item.marker.evaluate({"extra": ""})):
            continue
        seen.add(str(item))
        pin = locked.get(canonicalize_name(item.name))
        if not pin or not item.specifier.contains(pin.version, prereleases=True) or not pin.hashes:
            missing.append(str(item))
        elif item.name != "hatchling":  # which the environment of the tests has not
            waiting += map(Requirement, requires(item.name) or ())
    return missing


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_has_all_that_is_required_with_hashes(name: str) -> None:
    """After a change in pyproject.toml `.ci/lock` writes the file again."""
    assert unmet(ASKED[name], pins((ROOT / "ci" / name).read_text(encoding="utf-8"))) == []


HASHED = f" --hash=sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("lock", "missing"),
    [
        ("", ["httpx<0.29"]),
        ("httpx==0.30" + HASHED, ["httpx<0.29"]),
        ("httpx==0.28.1", ["httpx<0.29"]),
        ("httpx==0.28.1" + HASHED, ["anyio", "certifi", "httpcore==1.*", "idna"]),
    ],
    ids=["absent", "another version", "without a hash", "without what it requires"],
)
def test_what_a_lock_lacks_is_found(lock: str, missing: list[str]) -> None:
    assert sorted(unmet(["httpx<0.29"], pins(lock))) == missing


@pytest.mark.parametrize("line", ["httpx", "-e .", "httpx @ https://example.com/x.whl", "--index-url https://x"])
def test_a_line_that_pins_nothing_is_found(line: str) -> None:
    with pytest.raises(AssertionError, match="no pin"):
        pins(line)


def test_the_version_stands_once() -> None:
    """pyproject.toml takes it from the package, and the newest section of the changelog is about it."""
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "src/retinue/__init__.py"}
    assert "version" in PROJECT["project"]["dynamic"]
    text = (ROOT / "src/retinue/__init__.py").read_text(encoding="utf-8")
    version = re.findall(r'^__version__ = "(.+)"$', text, re.M)
    sections = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert sections[:2] == ["Unreleased", *version]
