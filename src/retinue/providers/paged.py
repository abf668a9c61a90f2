"""Lists that come in pages, read to their end. Where a list goes on is found out, not believed. Knows no vendor.

Only `has_more: false` is taken at its word; whatever says more, or nothing, is asked for what comes next.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core.errors import ApiGone, NotFound, Rejected, ServiceError
from ..core.model import Json
from ..core.values import dataclass
from .lenient import mapping, text
from .wire import Answer, Verb

if TYPE_CHECKING:
    from .http import Http

NOT_THIS_API = "Check `endpoint`: it is what the service's own SDK takes as base URL, for example https://host/v1."
MOST_PAGES, MOST_ITEMS = 5_000, 200_000
_WALKS = 4
"""How often a list is begun that changes under the walk."""
_USUAL_PAGES = (10, 20, 50, 100, 1_000, 10_000)
"""A list of just so many may be cut off there."""

Item = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: whether the list goes on; None where nothing reliable says so. `full`: as long as was asked for."""

    items: Sequence[Item]
    more: bool | None
    full: bool = False


class Moved(Exception):
    """The list changed under the walk, so that something may have been passed over; `str` says how."""


Next = Callable[[str | None, int], Page]
"""The page after an item, by its id, and after so many items. Raises Moved."""


def walked(
    following: Next, noun: str, key: str = "id", whole: Callable[[Collection[str]], bool] = lambda _ids: True
) -> list[Item]:
    """Every item of a list once. A list that moves too much is begun again, four times in all. Raises ServiceError.

    An error in the place of a first page is raised as it is. `whole`: asked where two walks end in the same doubt.
    """
    before: set[str] | None = None
    why = ""
    pages = count(1)
    for _ in range(_WALKS):
        first = following(None, 0)
        try:
            found, sure = _walk(first, following, noun, key, pages)
        except (Moved, ApiGone, NotFound, Rejected) as error:
            before, why = None, str(error)
            continue
        # Two walks that agree have missed nothing by a deletion in between; only a cursor may mean nothing there.
        if sure or (before == found.keys() and whole(found)):
            return list(found.values())
        before, why = set(found), "a page is empty although the one before said that there are more"
    remedy = "Try again. A proxy that leaves out part of a request does that too: point `endpoint` at the service."
    raise ServiceError(f"the list of {noun} cannot be read to its end, begun {_WALKS} times: {why}", remedy)


def _walk(page: Page, following: Next, noun: str, key: str, pages: Iterator[int]) -> tuple[dict[str, Item], bool]:
    """One walk, from its first page on: the items by id, and whether its end is sure. `pages` numbers its pages."""
    found: dict[str, Item] = {}
    passed, owed = 0, False
    for number in pages:
        new = {str(item[key]): item for item in page.items if str(item[key]) not in found}
        found |= new
        if page.more is False and (page.items or not owed):
            break
        if not page.items and not page.more:
            return found, not owed
        if not new:
            raise Moved("the service says there are more but sends nothing new")
        if number >= MOST_PAGES or len(found) > MOST_ITEMS:
            message = f"the list of {noun} does not end: {len(found)} in {number} pages so far"
            raise ServiceError(message, f"At most {MOST_ITEMS:,} in {MOST_PAGES:,} pages are read.")
        owed, passed = bool(page.more) or page.full, passed + len(page.items)
        page = following(str(page.items[-1][key]), passed)
    return found, True


Ask = Callable[[Mapping[str, str]], Answer]
"""Asks for one page with these parameters."""


def asking(http: Http, path: str, gone: str) -> Ask:
    """For pages of the list at `path`; where there is no such list, ApiGone with the remedy `gone`."""

    def ask(params: Mapping[str, str]) -> Answer:
        try:
            return http.ask(Verb.LIST, "GET", path, params=params)
        except ApiGone as error:
            raise ApiGone(error.message, error.remedy or gone, status=error.status) from error

    return ask


def paged(ask: Ask, noun: str, params: Mapping[str, str]) -> list[Item]:
    """Every object of a list as the OpenAI API pages it, oldest first."""
    asked, most = {**params, "order": "asc"}, int(params["limit"])
    first: list[str] = []

    def following(last: str | None, _passed: int) -> Page:
        page = ask(asked if last is None else {**asked, "after": last}).body
        items = items_of(page, noun)
        ids, more = [str(item["id"]) for item in items], page.get("has_more")
        if last is None:
            first[:] = ids
        elif not isinstance(more, bool) and ids and ids == first:
            # One page, whatever the service is asked: the other end of the list tells whether there may be more than
            # that, unless the service takes no order either.
            turned = other_end()
            if set(turned) - set(ids) or (turned == ids and len(ids) in _USUAL_PAGES):
                message = (
                    f"the service lists {len(ids)} {noun} whatever it is asked, and does not say whether there are more"
                )
                remedy = "A proxy that ignores `after` does that; point `endpoint` at the service itself."
                raise ServiceError(message, remedy)
            return Page((), False)
        end = page.get("last_id")
        if not isinstance(more, bool) or (ids and not more and isinstance(end, str) and end not in ("", ids[-1])):
            more = None
        # Some servers begin with the very item that is asked after.
        return Page(items[1:] if ids[:1] == [last] else items, more, len(items) == most)

    def other_end() -> list[str]:
        """The first page of the list in the other order, unless the service takes no order."""
        return [str(item["id"]) for item in items_of(ask({**asked, "order": "desc"}).body, noun)]

    def whole(ids: Collection[str]) -> bool:
        turned = other_end()
        return set(turned) <= set(ids) and not (turned == first and len(first) in _USUAL_PAGES)

    return walked(following, noun, whole=whole)


def by_token(ask: Ask, noun: str, params: Mapping[str, str], sent: str, told: str, key: str = "id") -> list[Item]:
    """Every object of a list whose pages say in `told` what is `sent` for the next one."""
    token, most = [""], int(next(iter(params.values())))

    def following(last: str | None, _passed: int) -> Page:
        page = ask(params if last is None else {**params, sent: token[0]}).body
        items = items_of(page, noun)
        end = page.get(told, None if len(items) < most else False)
        if any(key not in item for item in items) or not isinstance(end, str | None):
            raise ServiceError(f"the list of {noun} is not in the shape of this API", NOT_THIS_API)
        token[0] = end or ""
        return Page(items, bool(end))

    return walked(following, noun, key)


def items_of(page: Json, noun: str) -> list[Item]:
    data = mapping(page).get("data")
    if not isinstance(data, list) or not all(text(mapping(item).get("id")) for item in data):
        raise ServiceError(f"the list of {noun} is not in the shape of this API", NOT_THIS_API)
    for item in data:
        for key, value in item.items():
            if type(value) is str:
                # Mostly what a manifest says, or another object: equal texts are kept once.
                item[key] = sys.intern(value)
    return data


def below(path: str, remote_id: str) -> str:
    """An id comes from a person or a plan file too: `asst_x?` must not mean `asst_x`, nor `..` another route."""
    return f"{path}/{quote(remote_id, safe='', errors='surrogatepass').replace('.', '%2E')}"


def find(http: Http, path: str) -> Json:
    """One object by its path; None where there is none."""
    try:
        return http.send(Verb.GET, "GET", path)
    except NotFound:
        return None


def remove(http: Http, path: str) -> None:
    """Deletes an object by its path; an absent one is not an error."""
    with suppress(NotFound):
        http.send(Verb.DELETE, "DELETE", path)


def created_at(raw: Mapping[str, Json]) -> int:
    """Seconds since 1970; 0 where the service does not say."""
    created = raw.get("created_at")
    return created if type(created) is int else 0


def id_of(raw: Mapping[str, Json], noun: str) -> str:
    """Raises ServiceError for an answer with another object."""
    remote_id = text(raw.get("id"))
    if remote_id is None:
        raise ServiceError(f"the service answered {noun} without an id", NOT_THIS_API)
    return remote_id
