"""Lists as the OpenAI API pages them: read to the end, held against proxies that ignore the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core.errors import ApiGone, ServiceError
from ..core.model import Json
from .wire import Answer, Verb

if TYPE_CHECKING:
    from .http import Http

NOT_THIS_API = "Check `endpoint`: it is what the service's own SDK takes as base URL, for example https://host/v1."


Ask = Callable[[Mapping[str, str]], Answer]
"""Asks for one page with these parameters."""


def asking(http: Http, path: str, gone: str) -> Ask:
    """For pages of the list at `path`; where there is no such list, ApiGone with the remedy `gone`."""

    def ask(params: Mapping[str, str]) -> Answer:
        try:
            return http.ask(Verb.LIST, "GET", path, params=params)
        except ApiGone as error:
            raise ApiGone(error.message, gone, status=error.status) from error

    return ask


def paged(ask: Ask, noun: str, params: Mapping[str, str]) -> Iterator[dict[str, Json]]:
    """Every object of a list, oldest first."""
    asked = {**params, "order": "asc"}
    seen: set[str] = set()
    while True:
        page = _page(ask(asked).body, noun)
        new = [item for item in page["data"] if item["id"] not in seen]
        seen.update(item["id"] for item in new)
        yield from new
        if not page.get("has_more"):
            return
        if not new:
            raise ServiceError(
                f"the service says there are more {noun} but sends the same page again",
                "A proxy that ignores `after` does that; point `endpoint` at the service itself.",
            )
        asked = {**asked, "after": new[-1]["id"]}


def _page(page: dict[str, Json], noun: str) -> dict[str, Json]:
    data = page.get("data")
    if not isinstance(data, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in data
    ):
        raise ServiceError(f"the list of {noun} is not in the shape of the Assistants API", NOT_THIS_API)
    return page


def below(path: str, remote_id: str) -> str:
    """An id comes from a person or a plan file too: `asst_x?` must not mean `asst_x`, nor `..` another route."""
    return f"{path}/{quote(remote_id, safe='', errors='surrogatepass').replace('.', '%2E')}"


def created_at(raw: Mapping[str, Json]) -> int:
    """Seconds since 1970; 0 where the service does not say."""
    created = raw.get("created_at")
    return created if type(created) is int else 0


def id_of(raw: Mapping[str, Json], noun: str) -> str:
    """Raises ServiceError for an answer that is no such object."""
    remote_id = raw.get("id")
    if not isinstance(remote_id, str) or not remote_id:
        raise ServiceError(f"the service answered {noun} without an id", NOT_THIS_API)
    return remote_id
