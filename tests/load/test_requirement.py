"""`required_version`: the wrong version of retinue stops before it judges anything else of the project file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from retinue import __version__
from retinue.load.located import Map
from retinue.load.project import parse_project, requirement_problem
from retinue.load.yaml import parse_text
from retinue.providers.registry import catalogue
from retinue.schema.accept import ecma
from retinue.schema.bundle import project_schema

HEAD = (
    "version: 1\nproject: shop\nmanifests: [a]\n"
    "environments: {local: {provider: openai-assistants, endpoint: emulator}}\n"
)
REQUIRE = 'required_version: "%s"\n'


def said(value: str, running: str) -> str | None:
    """The code for a text in quotes."""
    data = parse_text(REQUIRE % value, "retinue.yaml").documents[0].value
    assert type(data) is Map
    problem = requirement_problem(data, running)
    return problem.code if problem else None


def places(text: str) -> list[str]:
    project, problems = parse_project(Path(), text.encode(), "retinue.yaml", catalogue)
    assert project is None
    assert all(problem.remedy for problem in problems)
    return [f"{problem.place}: {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("value", "running", "fits"),
    [
        (">=0.2,<1", "0.2.0", True),
        (">=0.2,<1", "0.1.9", False),
        (">=0.2,<1", "1.0.0", False),
        (" >= 0.2 ,\t< 1 ", "0.9", True),
        ("==0.2", "0.2.0", True),
        ("==0.2.0", "0.2", True),
        ("==0.2", "0.2.1", False),
        (">0.2", "0.2.0", False),
        (">0.2", "0.2.1", True),
        ("<=0.2", "0.2.0", True),
        ("<=0.2", "0.2.1", False),
        (">=0.10", "0.9", False),
        (">=0.3", "0.3.0rc1", False),
        ("<0.3", "0.3.0rc1", False),
        ("<=0.3", "0.3.0.dev4", True),
        ("==0.3", "0.3.0a1", False),
        (">=0.2", "0.3.0.dev1", True),
        (">=0.3", "0.3.0.post1", True),
        (">0.3", "0.3.0.post1", False),
        ("==0.3", "0.3.0+local.7", True),
        (">=0.1,>=9", "1.0", False),
        (">=00.02", "0.2", True),
        (f">={'9' * 5000}", "1.0", False),
    ],
)
def test_a_version_fits_or_not(value: str, running: str, fits: bool) -> None:
    assert said(value, running) == (None if fits else "version-mismatch")


_release = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
_running = st.builds("{}{}".format, _release, st.sampled_from(["", "", "a1", "b2", "rc1", ".dev1", ".post1", "+local"]))
_clause = st.builds("{}{}".format, st.sampled_from(["==", ">=", ">", "<=", "<"]), _release)


@given(st.lists(_clause, min_size=1, max_size=3).map(",".join), _running)
def test_it_compares_as_pip_does(value: str, running: str) -> None:
    fits = SpecifierSet(value).contains(Version(running), prereleases=True)
    assert said(value, running) == (None if fits else "version-mismatch")


BAD = {
    "no operator": ("0.2", "0.2"),
    "a word": ("latest", "latest"),
    "not equal": ("!=0.2", "!=0.2"),
    "compatible": ("~=0.2", "~=0.2"),
    "another tool's": ("~>0.2", "~>0.2"),
    "a caret": ("^0.2", "^0.2"),
    "one sign": ("=0.2", "=0.2"),
    "the wrong way round": ("=>0.2", "=>0.2"),
    "three signs": ("===0.2", "===0.2"),
    "a wildcard": ("==0.2.*", "==0.2.*"),
    "a pre-release": (">=0.2rc1", ">=0.2rc1"),
    "a v": (">=v0.2", ">=v0.2"),
    "a space for a comma": (">=0.2 <1", ">=0.2 <1"),
    "a dot at the end": (">=0.2.", ">=0.2."),
    "digits of others": (">=٢", ">=٢"),
    "no number": (">=", ">="),
    "a comma too many": (">=0.2,", ""),
    "two commas": (">=0.2,,<1", ""),
    "nothing": ("", ""),
    "the second of two": (">=0.1, !=0.1.3", "!=0.1.3"),
}


@pytest.mark.parametrize(("value", "wrong"), BAD.values(), ids=BAD.keys())
def test_anything_else_is_told_at_its_place_with_the_operators(value: str, wrong: str) -> None:
    _, (problem,) = parse_project(Path(), (HEAD + REQUIRE % value).encode(), "retinue.yaml", catalogue)
    assert (str(problem.place), problem.code) == ("retinue.yaml:5:19", "version-requirement")
    where = f"`{wrong}` in `required_version` is not" if wrong else "`required_version` lacks"
    assert problem.message == f"{where} a comparison with a release number"
    assert "==, >=, >, <= or <" in (problem.remedy or "")


@pytest.mark.parametrize("value", ["0.2", "1", "", '[">=0.2"]', "{min: 1}", "true", "!=0.2"])
def test_what_is_not_text_is_one_problem(value: str) -> None:
    _, (problem,) = parse_project(Path(), (HEAD + f"required_version: {value}\n").encode(), "retinue.yaml", catalogue)
    assert problem.code == "version-requirement"


def test_without_quotes_yaml_says_what_to_do() -> None:
    _, (problem,) = parse_project(Path(), (HEAD + "required_version: >=0.2\n").encode(), "retinue.yaml", catalogue)
    assert (problem.code, problem.remedy) == ("yaml-syntax", "Text that starts with > or | goes in quotes.")


@given(st.text("<>=!~0123.,* va\n", max_size=12))
def test_editors_and_retinue_agree_on_what_may_stand_there(value: str) -> None:
    data = parse_text("required_version: x\n", "retinue.yaml").documents[0].value
    data["required_version"] = value
    problem = requirement_problem(data, __version__)
    pattern = project_schema(catalogue(()))["properties"]["required_version"]["pattern"]
    assert (ecma(pattern).search(value) is None) == (problem is not None and problem.code == "version-requirement")


def test_nothing_else_is_said_of_a_file_for_another_version() -> None:
    newer = "version: 2\nproject: 7\nfuture: {key: yes, key: no}\nenvironments: none\n"
    assert places(newer + REQUIRE % ">=9") == ["retinue.yaml:5:19: version-mismatch"]
    assert places(REQUIRE % ">=9" + newer) == ["retinue.yaml:1:19: version-mismatch"]
    assert places(HEAD + REQUIRE % ">=9" + "---\nmore: 1\n") == ["retinue.yaml:5:19: version-mismatch"]


def test_what_is_wrong_beside_a_malformed_one_is_said_too() -> None:
    assert places(HEAD + REQUIRE % "0.2" + "future: 1\n") == [
        "retinue.yaml:5:19: version-requirement",
        "retinue.yaml:6:1: unknown-key",
    ]


def test_the_running_version_fits_itself() -> None:
    project, problems = parse_project(Path(), (HEAD + REQUIRE % f"=={__version__}").encode(), "retinue.yaml", catalogue)
    assert (project is None, problems) == (False, [])
