"""Errors are values with words for people; each says what it means, and its failure has an exit code."""

from __future__ import annotations

import pytest

from retinue.cli.exits import of_error
from retinue.core import errors
from retinue.core.errors import ApiGone, InvalidManifests, RetinueError, ServiceError, UnknownOutcome
from retinue.core.model import MISSING, Address, Diagnostic, Place

CLASSES: dict[str, type[RetinueError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, RetinueError)
}


def test_every_error_says_what_it_means_and_has_an_exit_code() -> None:
    assert [name for name, kind in CLASSES.items() if not kind.__doc__] == []
    codes = {name: of_error(kind("x")).name for name, kind in CLASSES.items() if kind is not InvalidManifests}
    other = {name for name, code in codes.items() if code == "ERROR"}
    assert {name: code for name, code in codes.items() if name not in other} == {
        "UsageError": "USAGE",
        "AuthError": "AUTH",
        "StaleError": "STALE",
        "Frozen": "BLOCKED",
        "Conflict": "STALE",
        "Unreachable": "UNREACHABLE",
        "NotSent": "UNREACHABLE",
        "ApiGone": "UNREACHABLE",
        "Incomplete": "PARTIAL",
    }
    assert of_error(InvalidManifests([])).name == "USAGE"


def test_every_error_has_one_root_and_the_services_have_one_of_their_own() -> None:
    raised = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, RetinueError) for kind in raised)
    ours = {name for name, kind in CLASSES.items() if not issubclass(kind, ServiceError)}
    assert ours == {
        "RetinueError",
        "UsageError",
        "InvalidManifests",
        "AuthError",
        "Frozen",
        "StaleError",
        "NewerMarker",
    }


@pytest.mark.parametrize("kind", [kind for kind in CLASSES.values() if kind is not InvalidManifests])
def test_an_error_carries_its_message_and_remedy(kind: type[RetinueError]) -> None:
    error = kind("it broke", "mend it")
    assert (str(error), error.message, error.remedy) == ("it broke", "it broke", "mend it")
    assert kind("it broke").remedy is None


def test_a_services_error_keeps_the_services_own_words() -> None:
    error = UnknownOutcome("cut off", status=502, code="bad_gateway", param="model")
    assert (error.status, error.code, error.param) == (502, "bad_gateway", "model")
    assert ApiGone("gone").status is None


def test_invalid_manifests_carry_every_diagnostic() -> None:
    found = [Diagnostic("a", "b"), Diagnostic("c", "d")]
    error = InvalidManifests(found)
    assert error.diagnostics == tuple(found)
    assert str(error) == "2 problem(s) in the project"


def test_values_read_as_people_write_them() -> None:
    assert str(Place("a.yaml", 3, 7)) == "a.yaml:3:7"
    assert str(Address("Assistant", "bot")) == "Assistant/bot"
    assert repr(MISSING) == "MISSING"
