"""The four operations on the files of an assistant, as the provider uses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from retinue.core.errors import NotFound, ServiceError, UnknownOutcome
from retinue.providers.azure_openai.service import FileIdsVerbs, classify
from retinue.providers.http import Http, in_process
from retinue.providers.openai_assistants import V2
from retinue.providers.wire import Answer, Connection, Verb, Verdict
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

from .conftest import FIRST

GATEWAY = {"error": {"code": "404", "message": "Resource not found"}}
DEPLOYMENT = {
    "error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}
}
SERVICE: dict[str, Any] = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with closing(Emulator(":memory:")) as found:
        yield found


@pytest.fixture
def files(emulator: Emulator) -> Iterator[FileIdsVerbs]:
    """Against a server that answers three files at a time, whatever limit is asked for."""

    def three(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = re.sub(r"\blimit=\d+", "limit=3", environ.get("QUERY_STRING", ""))
        return emulator({**environ, "QUERY_STRING": query}, start_response)

    connection = Connection(
        "http://azure/openai", {"api-key": "k" * 16}, {"api-version": FIRST}, transport=in_process(three)
    )
    with closing(Http(connection, classify)) as http:
        yield FileIdsVerbs(http, V2, "gone")


def assistant(emulator: Emulator, *files: str) -> str:
    return emulator.seed({"tool_resources": {"code_interpreter": {"file_ids": list(files)}}})


@pytest.mark.parametrize("count", [0, 1, 3, 4, 20])
def test_the_list_goes_through_all_pages(emulator: Emulator, files: FileIdsVerbs, count: int) -> None:
    names = [f"assistant-{number:02}" for number in range(count)]
    assert list(files.files(assistant(emulator, *names))) == names
    assert len(emulator.requests) == max(1, -(-count // 3))


def test_the_files_of_an_assistant_that_is_gone_are_not_none(files: FileIdsVerbs) -> None:
    with pytest.raises(NotFound):
        list(files.files("asst_none"))


def test_a_list_of_another_shape_is_an_error(emulator: Emulator, files: FileIdsVerbs) -> None:
    emulator.faults.on("GET", Fault("broken", body='{"data": [{"object": "assistant.file"}]}'))
    with pytest.raises(ServiceError):
        list(files.files(assistant(emulator, "a")))


def test_attach_and_detach(emulator: Emulator, files: FileIdsVerbs) -> None:
    key = assistant(emulator, "a")
    files.attach(key, "b")
    files.detach(key, "a")
    files.detach(key, "a")
    assert list(files.files(key)) == ["b"]


def test_an_attach_whose_answer_is_lost_is_looked_for(emulator: Emulator, files: FileIdsVerbs) -> None:
    key = assistant(emulator)
    emulator.faults.on("POST", Fault("reset", after_commit=True))
    files.attach(key, "b")
    assert [line.method for line in emulator.requests] == ["POST", "GET"]
    emulator.faults.on("POST", Fault("reset"))
    with pytest.raises(UnknownOutcome):
        files.attach(key, "c")


def test_an_attach_that_is_told_to_wait_is_sent_again(emulator: Emulator, files: FileIdsVerbs) -> None:
    key = assistant(emulator)
    emulator.faults.on("POST", Fault("status", 429, hint="ms", wait=0.01), times=2)
    files.attach(key, "b")
    assert list(files.files(key)) == ["b"]


def test_an_id_cannot_mean_another_route(emulator: Emulator, files: FileIdsVerbs) -> None:
    key = assistant(emulator, "a")
    with pytest.raises(ServiceError):
        files.detach(key, "../../" + key)
    assert emulator.store.get("assistant", key)


@pytest.mark.parametrize(
    ("verb", "body", "verdict"),
    [
        (Verb.GET, GATEWAY, Verdict.GONE),
        (Verb.DELETE, GATEWAY, Verdict.GONE),
        (Verb.GET, SERVICE, Verdict.ABSENT),
        (Verb.DELETE, SERVICE, Verdict.ABSENT),
        (Verb.LIST, SERVICE, Verdict.GONE),
        (Verb.GET, {"error": {**SERVICE["error"], "code": "not_found"}}, Verdict.ABSENT),
        # API management, and what else may stand in front of the service.
        (Verb.GET, {"statusCode": 404, "message": "Resource not found"}, Verdict.GONE),
        (Verb.DELETE, {"statusCode": 404, "message": "Resource not found"}, Verdict.GONE),
        (Verb.UPDATE, {"error": {"code": 404, "message": "Resource not found"}}, Verdict.GONE),
        (Verb.GET, None, Verdict.GONE),
        (Verb.DELETE, {}, Verdict.GONE),
        (Verb.GET, {"error": "text"}, Verdict.GONE),
        (Verb.CREATE, DEPLOYMENT, Verdict.REJECTED),
        (Verb.UPDATE, DEPLOYMENT, Verdict.REJECTED),
    ],
)
def test_a_404_of_the_gateway_is_not_one_of_the_service(verb: Verb, body: Any, verdict: Verdict) -> None:
    assert classify(verb, Answer(404, {}, body)) is verdict
