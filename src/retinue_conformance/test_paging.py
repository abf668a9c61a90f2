"""Lists: every object exactly once, in one total order, however small the pages and whatever happens meanwhile."""

from __future__ import annotations

import pytest

from .bench import Bench

COUNT = 5


def make(bench: Bench) -> list[str]:
    """Some objects; every other one is someone else's."""
    kind, spec = bench.kind.name, bench.sample.minimal
    keys = [
        bench.create(f"n{number}", spec).remote_id if number % 2 else bench.subject.seed(kind, spec)
        for number in range(COUNT)
    ]
    bench.listed(*keys)
    return keys


@pytest.fixture
def made(bench: Bench) -> list[str]:
    return make(bench)


def _ids(bench: Bench) -> list[str]:
    return [live.remote_id for live in bench.service.list(bench.kind.name)]


def _paged(bench: Bench, size: int) -> None:
    if not bench.subject.pages_of(size):
        pytest.skip("lists have no pages")


def _each_once(bench: Bench, found: list[str], made: list[str], when: str) -> None:
    twice = sorted({key for key in found if found.count(key) > 1})
    missing, unknown = sorted(set(made) - set(found)), sorted(set(found) - set(made))
    if twice or missing or unknown:
        bench.fail(f"{when}, `list` gives twice: {twice}, not at all: {missing}, though they do not exist: {unknown}")


def test_an_empty_service_lists_nothing(bench: Bench) -> None:
    if found := _ids(bench):
        bench.fail(f"an empty service lists {found}; does `reset` of the subject empty it?")


@pytest.mark.parametrize("size", [1, 2, COUNT, COUNT + 1])
def test_pages_of_any_size_give_every_object_once(bench: Bench, made: list[str], size: int) -> None:
    _paged(bench, size)
    _each_once(bench, _ids(bench), made, f"with {size} objects a page")


def test_the_order_is_total_and_the_same_for_every_page_size(bench: Bench, made: list[str]) -> None:
    whole = _ids(bench)
    if whole != _ids(bench):
        bench.fail("two lists of an unchanged service differ in order")
    _paged(bench, 2)
    if _ids(bench) != whole:
        bench.fail(f"pages of 2 give another order than one page: {_ids(bench)}, not {whole}")


def test_two_walks_at_once_do_not_disturb_each_other(bench: Bench, made: list[str]) -> None:
    _paged(bench, 2)
    first, second = bench.service.list(bench.kind.name), bench.service.list(bench.kind.name)
    pairs = list(zip(first, second, strict=True))
    _each_once(bench, [left.remote_id for left, _ in pairs], made, "in the first of two walks at once")
    _each_once(bench, [right.remote_id for _, right in pairs], made, "in the second of two walks at once")


def test_what_appears_during_a_walk_moves_nothing_else(bench: Bench, made: list[str]) -> None:
    _paged(bench, 2)
    walk = bench.service.list(bench.kind.name)
    found = [next(walk).remote_id]
    new = bench.create("late", bench.sample.minimal).remote_id
    found += [live.remote_id for live in walk]
    _each_once(bench, [key for key in found if key != new], made, "while another object was created")
    if found.count(new) > 1:
        bench.fail("an object that is created during a walk is listed twice")


def test_what_goes_away_before_a_walk_reaches_it_hides_nothing_else(bench: Bench, made: list[str]) -> None:
    _paged(bench, 2)
    last = _ids(bench)[-1]
    walk = bench.service.list(bench.kind.name)
    found = [next(walk).remote_id]
    bench.service.delete(bench.kind.name, last)
    found += [live.remote_id for live in walk]
    rest = [key for key in made if key != last]
    _each_once(bench, [key for key in found if key != last], rest, "while another object was deleted")
