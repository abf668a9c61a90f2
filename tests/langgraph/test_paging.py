"""Pages by offset move when objects go away: nothing is passed over, and a server that does not say so is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import pytest

from retinue.core.errors import RetinueError, ServiceError
from retinue.providers.http import in_process
from retinue.providers.langgraph import PROVIDER
from retinue.providers.wire import Connection

from .fake import FakeLangGraph

Meddle = Callable[[FakeLangGraph, dict[str, Any], int], object]


def filled(count: int) -> tuple[FakeLangGraph, list[str]]:
    fake = FakeLangGraph()
    return fake, [str(fake.create({"graph_id": "agent", "name": f"N{n}"})["assistant_id"]) for n in range(count)]


Headers = list[tuple[str, str]]
NEXT, TOTAL = "X-Pagination-Next", "X-Pagination-Total"


def _but(*names: str) -> Callable[[Headers], Headers]:
    return lambda given: [pair for pair in given if pair[0] not in names]


def _total(text: str) -> Callable[[Headers], Headers]:
    return lambda given: [(key, text if key == TOTAL else value) for key, value in given if key != NEXT]


PROXIES: dict[str, Callable[[Headers], Headers]] = {
    "headers": list,
    "no headers": _but(NEXT, TOTAL),
    "no next": _but(NEXT),
    "no total": _but(TOTAL),
    "a total of zero": _total("0"),
    "a total below it all": _total("-1"),
    "a total that is no number": _total("many"),
    "a total that is empty": _total(""),
    "a total as only Python reads it": _total("1_0"),
    "a total beyond all bounds": _total("9" * 5_000),
}
"""What becomes of the two headers on their way."""


def read(fake: FakeLangGraph, meddle: Meddle = lambda *_: None, *, headers: str = "headers") -> list[str]:
    """What `list` gives; `meddle` runs before each page, with its body and number."""
    search, count = fake.search, iter(range(10_000))

    def meddled(body: dict[str, Any], answered: dict[str, str]) -> Any:
        meddle(fake, body, next(count))
        return search(body, answered)

    def without(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return fake(environ, lambda status, given: start_response(status, PROXIES[headers](given)))

    fake.search = meddled  # type: ignore[assignment, method-assign]
    with closing(PROVIDER.connect(Connection("http://fake", transport=in_process(without)))) as service:
        return [live.remote_id or "" for live in service.list("Assistant")]


@pytest.mark.parametrize("headers", PROXIES)
@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 11, 23])
def test_pages_of_any_size_give_every_object_once(count: int, size: int, headers: str) -> None:
    fake, made = filled(count)
    fake.page = size
    assert read(fake, headers=headers) == made


def test_a_list_of_one_page_is_one_request() -> None:
    fake, made = filled(9)
    bodies = list[Any]()
    assert read(fake, lambda _, body, __: bodies.append(body)) == made
    assert len(bodies) == 1


@pytest.mark.parametrize("headers", PROXIES)
@pytest.mark.parametrize("gone", [0, 3, 4, 5, 8])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_what_goes_away_between_two_pages_hides_nothing_else(at: int, gone: int, headers: str) -> None:
    fake, made = filled(23)
    fake.page = 5

    def meddle(fake: FakeLangGraph, _body: dict[str, Any], number: int) -> None:
        if number == at:
            del fake.objects[made[gone]]

    found = read(fake, meddle, headers=headers)
    assert len(found) == len(set(found))
    assert set(made) - {made[gone]} <= set(found)


def test_what_is_put_before_the_others_between_two_pages_hides_nothing() -> None:
    fake, made = filled(23)
    fake.page = 5

    def meddle(fake: FakeLangGraph, _body: dict[str, Any], number: int) -> None:
        if number == 2:
            fake.create({"graph_id": "agent", "name": "Old"})["created_at"] = "1999-01-01T00:00:00+00:00"

    found = read(fake, meddle)
    assert len(found) == len(set(found))
    assert set(made) <= set(found)


def test_a_list_that_moves_at_each_page_is_an_error_in_the_end() -> None:
    fake, made = filled(40)
    fake.page = 5

    def meddle(fake: FakeLangGraph, body: dict[str, Any], _number: int) -> None:
        if body["offset"]:
            fake.objects.pop(next(iter(fake.objects.keys() & set(made))))

    with pytest.raises(ServiceError, match="the list of assistants cannot be read to its end, begun 4 times"):
        read(fake, meddle)


@pytest.mark.parametrize("headers", PROXIES)
def test_a_server_that_ignores_where_to_go_on_is_read_whole_or_refused(headers: str) -> None:
    for count in (0, 1, 2, 7, 10, 23):
        fake, made = filled(count)

        def meddle(_fake: FakeLangGraph, body: dict[str, Any], _number: int) -> None:
            body.update(offset=0, limit=10)

        try:
            assert read(fake, meddle, headers=headers) == made
        except RetinueError as error:
            assert "begun 4 times" in error.message  # noqa: PT017 - one of the two holds


@pytest.mark.parametrize("headers", PROXIES)
def test_a_server_that_takes_no_limit_is_read_whole(headers: str) -> None:
    fake, made = filled(23)
    assert read(fake, lambda _, body, __: body.update(limit=10), headers=headers) == made
