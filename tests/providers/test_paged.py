"""Lists that lie about where they end, or move while they are read: read whole, or refused, never cut short."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from retinue.core.errors import ApiGone, NotFound, Rejected, RetinueError, ServiceError
from retinue.core.model import Json
from retinue.providers.paged import paged
from retinue.providers.wire import Answer

MISSING = object()
Say = Callable[[bool], Any]


@dataclass
class Server:
    """A list of ids as a service pages it, and what is odd about this one.

    `says` and `last` make `has_more` and `last_id` of the truth; MISSING leaves them out. `unknown`: what becomes of a
    cursor that is not there: an error, an `empty` page, or the `first` one. `meanwhile` runs before each request.
    """

    ids: list[str]
    says: Say = bool
    last: Callable[[str], Any] = str
    most: int = 100
    takes_limit: bool = True
    takes_after: bool = True
    takes_order: bool = True
    unknown: RetinueError | str = "empty"
    inclusive: bool = False
    meanwhile: Callable[[Server], object] = lambda _: None
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(self, params: Mapping[str, str]) -> Answer:
        self.asked.append(params)
        self.meanwhile(self)
        ids = self.ids[::-1] if self.takes_order and params["order"] == "desc" else self.ids
        start, after = 0, params.get("after")
        if after is not None and self.takes_after:
            if after in ids:
                start = ids.index(after) + (not self.inclusive)
            elif isinstance(self.unknown, RetinueError):
                raise self.unknown
            elif self.unknown == "empty":
                start = len(ids)
        size = min(self.most, int(params["limit"])) if self.takes_limit else self.most
        page = ids[start : start + size]
        said = {
            "has_more": self.says(start + size < len(ids)),
            "last_id": self.last(page[-1]) if page else None,
        }
        body = {"object": "list", "data": [{"id": key} for key in page]}
        body |= {key: value for key, value in said.items() if value is not MISSING}
        return Answer(200, {}, body)

    def read(self) -> list[str]:
        return [str(item["id"]) for item in paged(self, "things", {"limit": "100"})]


def numbered(count: int) -> list[str]:
    return [f"x{n:04}" for n in range(count)]


COUNTS = (0, 1, 19, 20, 21, 99, 100, 101, 200, 230)
NO_WORD: dict[str, Say] = {
    "missing": lambda _: MISSING,
    "null": lambda _: None,
    "text": lambda more: "true" if more else "false",
    "number": lambda more: int(more),
    "list": lambda _: [],
    "always text": lambda _: "false",
    "zero": lambda _: 0,
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("most", [1, 7, 20, 100])
@pytest.mark.parametrize("says", NO_WORD.values(), ids=NO_WORD)
def test_where_nothing_says_that_a_list_goes_on_it_is_asked(says: Say, most: int, count: int) -> None:
    assert Server(numbered(count), says=says, most=most).read() == numbered(count)


@pytest.mark.parametrize("count", COUNTS)
def test_a_list_that_tells_the_truth_costs_no_more_than_its_pages(count: int) -> None:
    server = Server(numbered(count))
    assert server.read() == numbered(count)
    assert len(server.asked) == max(1, -(-count // 100))


def test_a_short_list_without_a_word_costs_one_request_more() -> None:
    server = Server(numbered(30), says=lambda _: MISSING)
    server.read()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "last", [lambda _: None, lambda _: MISSING, lambda _: "", lambda _: "wrong", lambda _: 7], ids=range(5)
)
@pytest.mark.parametrize("says", [bool, *NO_WORD.values()], ids=["true", *NO_WORD])
def test_the_cursor_is_the_last_item_whatever_last_id_says(says: Say, last: Callable[[str], Any]) -> None:
    assert Server(numbered(230), says=says, last=last).read() == numbered(230)


def test_an_end_that_contradicts_last_id_is_asked_again() -> None:
    server = Server(numbered(230), says=lambda _: False, last=lambda _: "x0229")
    assert server.read() == numbered(230)


@pytest.mark.parametrize("count", COUNTS)
def test_a_service_that_always_says_more_is_read_whole_or_refused(count: int) -> None:
    server = Server(numbered(count), says=lambda _: True)
    with pytest.raises(ServiceError, match="cannot be read to its end, begun 4 times"):
        server.read()


@pytest.mark.parametrize("count", [100, 200])
def test_a_service_that_calls_every_full_page_one_of_several_is_read_whole(count: int) -> None:
    server = Server(numbered(count))
    server.says = lambda more: more or len(server.asked) % (count // 100 + 1) != 0
    assert server.read() == numbered(count)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("most", [20, 100])
@pytest.mark.parametrize("takes_order", [True, False])
@pytest.mark.parametrize("takes_limit", [True, False])
@pytest.mark.parametrize("says", [bool, *NO_WORD.values()], ids=["true", *NO_WORD])
def test_a_service_that_ignores_the_cursor_is_read_whole_or_refused(
    says: Say, takes_limit: bool, takes_order: bool, most: int, count: int
) -> None:
    server = Server(
        numbered(count), says=says, most=most, takes_after=False, takes_limit=takes_limit, takes_order=takes_order
    )
    _whole_or_refused(server, numbered(count))


@pytest.mark.parametrize("count", [1, 19, 21, 99, 101, 230])
def test_a_service_that_takes_no_parameter_and_lists_all_is_read(count: int) -> None:
    server = Server(
        numbered(count), lambda _: MISSING, most=10**6, takes_after=False, takes_limit=False, takes_order=False
    )
    assert server.read() == numbered(count)
    assert len(server.asked) == 3


def _whole_or_refused(server: Server, wanted: list[str]) -> None:
    try:
        found = server.read()
    except ServiceError as error:
        assert error.remedy  # noqa: PT017 - one of the two holds
        return
    assert sorted(found) == wanted


@pytest.mark.parametrize("says", [bool, *NO_WORD.values()], ids=["true", *NO_WORD])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_an_order_that_is_not_the_one_asked_for_and_creates_meanwhile_hide_nothing(order: str, says: Say) -> None:
    ids = numbered(230)

    def create(server: Server) -> None:
        if len(server.asked) > 10:
            return
        new = f"y{len(server.asked)}"
        server.ids = [new, *server.ids] if order == "desc" else [*server.ids, new]

    server = Server(ids[::-1] if order == "desc" else ids, says=says, takes_order=False, meanwhile=create)
    found = server.read()
    assert set(ids) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("says", [bool, *NO_WORD.values()], ids=["true", *NO_WORD])
@pytest.mark.parametrize("inclusive", [False, True])
def test_a_cursor_that_is_answered_with_itself_is_one_item(inclusive: bool, says: Say) -> None:
    assert Server(numbered(230), says=says, inclusive=inclusive).read() == numbered(230)


GONE: dict[str, RetinueError | str] = {
    "404": ApiGone("no such thing", status=404),
    "404 of one": NotFound("no such thing", status=404),
    "400": Rejected("Invalid 'after'", status=400),
    "422": Rejected("Invalid cursor", status=422),
    "empty": "empty",
    "first": "first",
}


def deleting(times: int) -> Callable[[Server], None]:
    """Before each of so many later pages the object goes away after which it is asked."""
    left = iter(range(times))

    def meanwhile(server: Server) -> None:
        after = server.asked[-1].get("after")
        if after in server.ids and next(left, None) is not None:
            server.ids.remove(after)

    return meanwhile


@pytest.mark.parametrize("says", [bool, *NO_WORD.values()], ids=["true", *NO_WORD])
@pytest.mark.parametrize("unknown", GONE.values(), ids=GONE)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_list_whose_cursor_goes_away_is_begun_again(times: int, unknown: RetinueError | str, says: Say) -> None:
    server = Server(numbered(330), says=says, unknown=unknown, meanwhile=deleting(times))
    found = server.read()
    assert set(server.ids) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("unknown", [GONE[name] for name in GONE if name != "first"], ids=str)
def test_a_list_whose_cursor_goes_away_each_time_is_an_error_in_the_end(unknown: RetinueError | str) -> None:
    server = Server(numbered(330), unknown=unknown, meanwhile=deleting(99))
    with pytest.raises(ServiceError, match="the list of things cannot be read to its end, begun 4 times") as caught:
        server.read()
    assert type(caught.value) is ServiceError
    assert len(server.asked) <= 20


@pytest.mark.parametrize("error", [value for value in GONE.values() if isinstance(value, RetinueError)], ids=repr)
@pytest.mark.parametrize("walk", [1, 2])
def test_what_the_first_page_is_answered_is_raised_as_it_is(error: RetinueError, walk: int) -> None:
    def meanwhile(server: Server) -> None:
        if len(server.asked) >= 2 * walk - 1:
            raise error

    with pytest.raises(type(error), match=error.message) as caught:
        Server(numbered(230), meanwhile=meanwhile).read() if walk == 1 else Again(meanwhile).read()
    assert caught.value is error


class Again(Server):
    """The second page of the first walk is refused, and then the first of the second."""

    def __init__(self, meanwhile: Callable[[Server], None]) -> None:
        super().__init__(numbered(230))
        self.meanwhile = lambda server: _refuse(server) if len(server.asked) == 2 else meanwhile(server)


def _refuse(_server: Server) -> None:
    raise Rejected("Invalid 'after'", status=400)


def test_pages_without_end_are_bounded_in_items() -> None:
    count = itertools.count()

    def ask(_params: Mapping[str, str]) -> Answer:
        data = [{"id": f"x{next(count)}"} for _ in range(10_000)]
        return Answer(200, {}, {"data": data, "has_more": True})

    with pytest.raises(
        ServiceError, match=r"the list of things does not end: 2[01]0000 in 2[01] pages so far"
    ) as caught:
        paged(ask, "things", {"limit": "10000"})
    assert caught.value.remedy == "At most 200,000 in 5,000 pages are read."


def test_pages_without_end_are_bounded_in_pages() -> None:
    count = itertools.count()
    with pytest.raises(ServiceError, match="does not end: 5000 in 5000 pages so far"):
        paged(lambda _: Answer(200, {}, {"data": [{"id": f"x{next(count)}"}]}), "things", {"limit": "100"})


@pytest.mark.parametrize(
    "data", [MISSING, None, {}, "x", 7, ["x"], [{}], [{"id": None}], [{"id": ""}], [{"id": 7}], [None]]
)
@pytest.mark.parametrize("page", [1, 2])
def test_a_page_of_another_shape_is_an_error_wherever_it_comes(page: int, data: Any) -> None:
    server = Server(numbered(230))

    def ask(params: Mapping[str, str]) -> Answer:
        answer = server(params)
        body: dict[str, Json] = dict(answer.body)
        if len(server.asked) == page:
            body = {key: value for key, value in {**body, "data": data}.items() if value is not MISSING}
        return Answer(200, {}, body)

    with pytest.raises(ServiceError, match="not in the shape of this API"):
        paged(ask, "things", {"limit": "100"})


def test_an_id_that_comes_again_in_one_page_or_another_is_one_item() -> None:
    pages = iter([(["a", "b", "a"], True), (["b", "c", "c"], True), (["d", "a"], False)])

    def ask(_params: Mapping[str, str]) -> Answer:
        ids, more = next(pages)
        return Answer(200, {}, {"data": [{"id": key} for key in ids], "has_more": more})

    assert [item["id"] for item in paged(ask, "things", {"limit": "100"})] == ["a", "b", "c", "d"]


CURSORS: dict[str, Callable[[str], str]] = {
    "padded": lambda key: f"{key} ",
    "upper case": str.upper,
    "cut": lambda key: key[0] + key[2:],
    "other": lambda key: f"https://host/{key}",
}


@pytest.mark.parametrize("unknown", ["empty", "first", Rejected("Invalid 'after'", status=400)], ids=str)
@pytest.mark.parametrize("change", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize("takes_order", [True, False])
@pytest.mark.parametrize("count", [3, 100, 101, 230])
def test_a_cursor_that_means_nothing_on_its_way_cuts_nothing_off(
    count: int, takes_order: bool, change: Callable[[str], str], unknown: RetinueError | str
) -> None:
    """Something between here and the service writes ids otherwise, in its answers alone."""
    server = Server(numbered(count), unknown=unknown, takes_order=takes_order)

    def ask(params: Mapping[str, str]) -> Answer:
        body = dict(server(params).body)
        last = change(body["last_id"]) if body["last_id"] else None
        return Answer(200, {}, {**body, "last_id": last, "data": [{"id": change(item["id"])} for item in body["data"]]})

    try:
        found = [item["id"] for item in paged(ask, "things", {"limit": "100"})]
    except RetinueError as error:
        assert count > 100, error.message  # noqa: PT017 - one of the two holds
        return
    assert sorted(found) == sorted(set(map(change, numbered(count))))
