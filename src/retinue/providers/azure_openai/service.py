"""The verbs where files hang on the assistant itself, and what an answer of Azure means.

Source: the reference of 2024-02-15-preview, assistant files; recorded error envelopes of gateway and service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import TYPE_CHECKING

from ...core.errors import HeldBack, Incomplete, NotFound, RetinueError, UnknownOutcome
from ...core.model import Json, Live
from ..base import Fields, Marker
from ..openai_assistants import AssistantVerbs
from ..openai_assistants import classify as classify_openai
from ..paged import below, find, id_of, paged, remove
from ..wire import Answer, Verb, Verdict
from .forms import file_ids

if TYPE_CHECKING:
    pass

_AGAIN = "Apply again: the next plan has what is missing."


def classify(verb: Verb, answer: Answer) -> Verdict:
    """As of the OpenAI API, but that a 404 says "no such object" only where the service itself answered it.

    Any gateway before it (`{"error": {"code": "404", …}}`, `{"statusCode": 404, …}`, a page) says "no such route".
    """
    if answer.status != 404:
        return classify_openai(verb, answer)
    if answer.error is None or answer.error.get("code") in ("404", 404):
        return Verdict.GONE
    # The resource is there and has no deployment of the name that `model` says.
    no_deployment = answer.error.get("code") == "DeploymentNotFound"
    return Verdict.REJECTED if no_deployment else classify_openai(verb, answer)


class FileIdsVerbs(AssistantVerbs):
    """2024-02-15-preview. Where an assistant does not tell its files they are listed, and attached one by one."""

    def _read(self, raw: Mapping[str, Json]) -> Live:
        if "file_ids" in raw or not isinstance(raw.get("id"), str):
            return super()._read(raw)
        try:
            files = [*self.files(raw["id"])]
        except NotFound:
            # Deleted since this answer: its own answer is still what was asked for.
            files = []
        return super()._read({**raw, "file_ids": files})

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        raw = self._made(spec, marker, at_default)
        return self._settled(id_of(raw, "an assistant"), lambda: self._read(raw), spec)

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        written = super().update(live, fields, marker, at_default)
        return self._settled(written.remote_id, lambda: written, fields)

    def _settled(self, key: str, read: Callable[[], Live], fields: Mapping[str, Json]) -> Live:
        """The assistant as it was written, and its files. Raises Incomplete if these cannot be told or set."""
        try:
            return self._with_files(read(), fields)
        except RetinueError as error:
            message = f"{key} was written, but not its files: {error.message}"
            raise Incomplete(message, error.remedy or _AGAIN, remote_id=key) from error

    def _with_files(self, live: Live, fields: Mapping[str, Json]) -> Live:
        """The assistant with just the files that were asked for, whether or not its own write took them."""
        if "tool_resources" not in fields:
            return live
        wanted, held = file_ids(fields["tool_resources"]), file_ids(live.spec["tool_resources"])
        if set(wanted) == set(held):
            return live
        key = live.remote_id
        for file in (item for item in held if item not in wanted):
            self.detach(key, file)
        for file in (item for item in wanted if item not in held):
            self.attach(key, file)
        return self.get(key) or live

    def files(self, assistant: str) -> Iterator[str]:
        """The ids of its files. Raises NotFound without the assistant, ServiceError for no such list."""

        def ask(params: Mapping[str, str]) -> Answer:
            # Not Verb.LIST: a 404 of the service says that this assistant is gone, not the API.
            return self._http.ask(Verb.GET, "GET", _files(assistant), params=params)

        return (item["id"] for item in paged(ask, f"files of {assistant}", {"limit": "100"}))

    def attach(self, assistant: str, file: str) -> None:
        """Looks the file up if the outcome is unknown; sends it now if it was only told to wait."""
        while True:
            try:
                self._http.send(Verb.CREATE, "POST", _files(assistant), body={"file_id": file})
                return
            except UnknownOutcome as doubt:
                if find(self._http, below(_files(assistant), file)) is not None:
                    return
                if not isinstance(doubt, HeldBack):
                    raise

    def detach(self, assistant: str, file: str) -> None:
        remove(self._http, below(_files(assistant), file))


def _files(assistant: str) -> str:
    return f"{below('assistants', assistant)}/files"
