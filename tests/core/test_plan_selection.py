"""`--target`, `--exclude` and `--select` only ever narrow a plan."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.errors import UsageError
from retinue.core.model import Plan
from retinue.core.plan import Selection, select

from .worlds import at, desired, managed, plan, steps

WANTED = [
    desired("support-de", labels={"team": "cx", "tier": "1"}),
    desired("support-en", labels={"team": "cx"}),
    desired("tutor", labels={"team": "edu"}),
]
ORPHANS = [at("old")]


def chosen(*targets: str, exclude: tuple[str, ...] = (), **labels: str) -> list[str]:
    found = select(WANTED, targets, exclude, labels, ORPHANS)
    assert found is not None
    return sorted(address.name for address in found.addresses)


def exact(*targets: str, exclude: tuple[str, ...] = ()) -> list[str]:
    found = select(WANTED, targets, exclude, None, ORPHANS)
    assert found is not None
    return sorted(found.exact)


def test_without_a_flag_nothing_is_narrowed() -> None:
    assert select(WANTED) is None
    assert select(WANTED, labels={}) is None


def test_a_target_is_an_address_or_a_glob_and_several_add_up() -> None:
    assert chosen("Assistant/tutor") == ["tutor"]
    assert chosen("Assistant/support-*") == ["support-de", "support-en"]
    assert chosen("Assistant/tutor", "*/support-e?") == ["support-en", "tutor"]


def test_an_exclusion_wins_over_a_target() -> None:
    assert chosen("Assistant/*", exclude=("Assistant/support-*",)) == ["tutor"]
    assert chosen(exclude=("Assistant/tutor",)) == ["support-de", "support-en"]


def test_labels_must_all_hold() -> None:
    assert chosen(team="cx") == ["support-de", "support-en"]
    assert chosen(team="cx", tier="1") == ["support-de"]
    assert chosen("Assistant/support-en", team="edu") == []


def test_a_label_that_no_manifest_has_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(team="nobody")
    assert "team=cx" in (caught.value.remedy or "")


def test_case_counts_in_a_pattern() -> None:
    with pytest.raises(UsageError):
        chosen("assistant/tutor")


@pytest.mark.parametrize("flag", ["targets", "excludes"])
def test_a_pattern_that_matches_nothing_is_refused_with_what_there_is(flag: str) -> None:
    chosen_by: dict[str, Any] = {flag: ("Assistant/tutr",)}
    with pytest.raises(UsageError, match="no object matches `Assistant/tutr`") as caught:
        select(WANTED, orphans=ORPHANS, **chosen_by)
    assert "Did you mean `Assistant/tutor`?" in str(caught.value.remedy)


def test_only_a_target_without_a_wildcard_names_an_object_exactly() -> None:
    assert exact("Assistant/old") == ["Assistant/old"]
    assert exact("Assistant/ol*") == []
    assert exact("Assistant/[o]ld") == []


def test_an_excluded_target_is_not_named() -> None:
    assert exact("Assistant/old", exclude=("Assistant/o*",)) == []


# --- what a narrowed plan holds


def narrowed(selection: Selection | None) -> Plan:
    wanted = [desired("bot", requires=["store"]), desired("store"), desired("other")]
    return plan(wanted, [managed(desired("old")), managed(desired("older"))], selection=selection)


def narrowed_to(*targets: str, exclude: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    wanted = [desired("bot"), desired("store"), desired("other")]
    return steps(narrowed(select(wanted, targets, exclude, None, [at("old"), at("older")])))


def test_a_narrowed_plan_says_so() -> None:
    assert narrowed(None).complete
    assert not narrowed(Selection(frozenset(), frozenset())).complete


def test_a_narrowed_plan_includes_what_its_targets_need() -> None:
    assert narrowed_to("Assistant/bot") == [("bot", "create", "new"), ("store", "create", "new")]


def test_a_narrowed_plan_includes_even_an_excluded_object_that_a_target_needs() -> None:
    assert ("store", "create", "new") in narrowed_to("Assistant/bot", exclude=("Assistant/store",))


def test_a_narrowed_plan_deletes_nothing_but_an_orphan_that_is_named_exactly() -> None:
    assert narrowed_to("Assistant/*")[3:] == []
    assert narrowed_to("Assistant/old") == [("old", "delete", "orphan")]
    assert narrowed_to("Assistant/old", "Assistant/other") == [("other", "create", "new"), ("old", "delete", "orphan")]


def test_a_narrowed_plan_never_deletes_what_is_excluded() -> None:
    assert narrowed_to("Assistant/old", exclude=("Assistant/old",)) == []


def test_a_narrowed_plan_forgets_only_what_is_named_exactly() -> None:
    options = {"removed": {at("old"): True}}
    live = [managed(desired("old"))]
    for targets, expected in ((("Assistant/o*",), []), (("Assistant/old",), [("old", "forget", "removed")])):
        selection = select([], targets, (), None, [at("old")])
        assert steps(plan([], live, target=options, selection=selection)) == expected


def test_a_narrowed_plan_deletes_no_double_create() -> None:
    """It is no orphan; a whole plan clears it away."""
    wanted = [desired("bot")]
    live = [managed(wanted[0]), managed(wanted[0], id="second", created=2, nonce="b" * 8)]
    assert steps(plan(wanted, live)) == [("bot", "delete", "duplicate")]
    assert steps(plan(wanted, live, selection=select(wanted, ["Assistant/bot"]))) == []


def test_a_narrowed_plan_counts_only_what_was_chosen_as_unchanged() -> None:
    wanted = [desired("a"), desired("b")]
    live = [managed(resource) for resource in wanted]
    assert plan(wanted, live).unchanged == 2
    made = plan(wanted, live, selection=select(wanted, ["Assistant/a"]))
    assert (made.unchanged, made.unchanged_addresses) == (1, (at("a"),))
