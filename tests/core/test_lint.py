"""A project chooses how much a lint matters."""

from __future__ import annotations

from retinue.core.lint import KEY_LIKE, linted
from retinue.core.model import Diagnostic, Severity


def test_a_project_chooses_the_severity_of_a_lint_and_of_nothing_else() -> None:
    lint, other = Diagnostic(KEY_LIKE, "a key"), Diagnostic("missing-key", "no model")
    assert [item.severity for item in linted([lint, other], {KEY_LIKE: "warn"})] == [Severity.WARNING, other.severity]
    assert [*linted([lint, other], {KEY_LIKE: "off", "missing-key": "off"})] == [other]
    assert [*linted([lint], {})] == [lint]
