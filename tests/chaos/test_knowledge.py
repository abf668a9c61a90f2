"""Files and vector stores under every mishap at every request: the same world in the end, and no byte sent twice."""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pytest

from retinue.core.content import parse_stored
from retinue.core.model import Address, Change, Desired, Plan, Status
from retinue.core.observation import Observation
from retinue.core.plan import make_plan
from retinue.core.references import addresses_in
from retinue.engine.apply import apply_changes
from retinue.engine.read import read_live
from retinue.engine.run import Run
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.http import in_process
from retinue.providers.openai_assistants import PROVIDER
from retinue.providers.wire import Connection
from retinue_emulator.faults import Behaviour, Fault

from .conftest import FULL
from .harness import MISHAPS, Crash, Mishap, Report, Stage

BYTES: dict[str, bytes] = {}
"""The project's files, by the first digits of their digest: what a run reads when it sends them."""


@dataclass(frozen=True)
class Text:
    """The bytes of a file; with `breaks` the run dies before the last of them is sent."""

    name: str
    data: bytes
    breaks: bool = False

    @property
    def size(self) -> int:
        return len(self.data)

    def pieces(self) -> Iterator[bytes]:
        yield self.data[:5]
        if self.breaks:
            raise Crash("by the harness")
        yield self.data[5:]


def file(path: str, text: str) -> Desired:
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    BYTES[digest] = data
    spec = {"name": path.rpartition("/")[2], "sha256": digest, "bytes": len(data)}
    return Desired("File", spec, Address("File", path))


def _linked(kind: str, name: str, spec: Mapping[str, Any]) -> Desired:
    return Desired(kind, spec, Address(kind, name), requires=addresses_in(spec, KINDS[kind]))


def store(name: str, *paths: str, **more: Any) -> Desired:
    files = [{"file_id": {"ref": f"File/{path}"}, "attributes": {"part": name}} for path in paths]
    return _linked("VectorStore", name, {"name": name, "files": files, **more})


def assistant(name: str, files: Sequence[str] = (), stores: Sequence[str] = ()) -> Desired:
    resources = {
        "code_interpreter": {"file_ids": [{"ref": f"File/{path}"} for path in files]},
        "file_search": {"vector_store_ids": [{"ref": f"VectorStore/{item}"} for item in stores]},
    }
    return _linked("Assistant", name, {"name": name, "model": "gpt-4o", "tool_resources": resources})


BEFORE = (
    *(file(f"book/{name}.md", f"# {name}, first\n") for name in ("kept", "changed", "removed")),
    file("data/prices.csv", "item,price\n"),
    store("book", "book/kept.md", "book/changed.md", "book/removed.md"),
    store("old", "book/kept.md"),
    assistant("support", ["data/prices.csv"], ["book"]),
    assistant("leaving", [], ["old"]),
    assistant("plain"),
)
"""What an earlier apply made."""

WANTED = (
    *(
        file(f"book/{name}.md", text)
        for name, text in (("kept", "# kept, first\n"), ("changed", "# changed, second\n"))
    ),
    file("book/added.md", "# added\n"),
    file("data/prices.csv", "item,price\npen,2\n"),
    file("faq.md", "# Questions\n"),
    store("book", "book/kept.md", "book/changed.md", "book/added.md"),
    store("faq", "faq.md", "book/kept.md", expires_after={"days": 7}),
    assistant("support", ["data/prices.csv"], ["book"]),
    assistant("asker", [], ["faq"]),
    assistant("plain"),
)
"""New bytes twice, a page more and one less, a new store and its assistant; a store and its assistant go."""

THEIRS = (
    {"object": "file", "id": "file-theirs", "filename": "x.rt-aaaaaaaa-0123456789abcdef.md", "content": "# Theirs"},
    {"object": "vector_store", "id": "vs_theirs", "name": "theirs", "metadata": {"owner": "hr"}},
)
REMOVED = {Address("VectorStore", "old"): False, Address("Assistant", "leaving"): False}


class Shelf(Stage):
    """A stage with all three kinds; `breaks`: the next upload dies half-way."""

    breaks = False
    stored: list[str]

    @classmethod
    def furnished(cls, parallelism: int = 1, ahead: int = 0, lag: float = 0.0, **options: Any) -> Self:
        assert not ahead
        stage = cls.empty(**options)
        for raw in THEIRS:
            stage.emulator.seed(raw)
        stage.wanted = BEFORE
        assert stage.plain_apply().finished
        stage.wanted, stage.removed, stage.parallelism = WANTED, REMOVED, parallelism
        stage.emulator.behaviour = Behaviour(lag_seconds=lag)
        stage.clock.time += 1000
        stage.emulator.requests.clear()
        return stage

    def plan(self, wanted: Sequence[Desired]) -> Plan:
        return make_plan(Observation(self.target(), read_live(self.service(), KINDS)), list(wanted))

    def _new_run(self) -> Run:
        return replace(super()._new_run(), content=self._content)

    def _content(self, change: Change) -> Text:
        digest = next(item.after for item in change.fields if item.path == "/sha256")
        breaks, self.breaks = self.breaks, False
        return Text(change.address.name, BYTES[digest], breaks)

    def held(self, kind: str) -> dict[str, Any]:
        return dict(self.emulator.store.everything(kind))

    def world(self) -> Any:
        """Everything by name: ids, times and nonces left out."""
        files = {key: raw["filename"] for key, raw in self.held("file").items()}
        stores = {key: raw["metadata"].get("retinue.address", key) for key, raw in self.held("vector_store").items()}
        names = {**files, **stores}
        inside = {
            address: sorted(
                (files[entry], json.dumps(raw["attributes"], sort_keys=True))
                for entry, raw in self.held(f"vector_store.file/{key}").items()
            )
            for key, address in stores.items()
        }
        assistants = [
            (raw["metadata"]["retinue.address"], [[names.get(key, key) for key in ids] for ids in _ids(raw)])
            for raw in self.held("assistant").values()
        ]
        expiry = sorted(str(raw["expires_after"]) for raw in self.held("vector_store").values())
        return sorted(files.values()), sorted(stores.values()), inside, sorted(assistants), expiry


def _ids(raw: Mapping[str, Any]) -> list[list[str]]:
    resources = raw["tool_resources"]
    return [
        sorted(resources.get("code_interpreter", {}).get("file_ids", [])),
        resources.get("file_search", {}).get("vector_store_ids", []),
    ]


@functools.cache
def undisturbed() -> tuple[Any, tuple[str, ...]]:
    """The world after a run that nothing disturbs, and its requests."""
    stage = Shelf.furnished()
    report = stage.plain_apply()
    assert report.finished, report.outcomes
    found = stage.world(), tuple(report.requests)
    assert stage.plan(WANTED).changes == ()
    stage.close()
    return found


def sent(stage: Shelf) -> Counter[str]:
    """How often the service has stored a file of each name, ever."""
    return Counter(stage.stored)


def watched(stage: Shelf) -> Shelf:
    """With a list of the name of every file that is stored from now on."""
    stage.stored = []
    put = stage.emulator.store.put

    def noting(kind: str, key: str, created_at: int, body: str) -> None:
        if kind == "file":
            stage.stored.append(json.loads(body)["filename"])
        put(kind, key, created_at, body)

    stage.emulator.store.put = noting  # type: ignore[method-assign]
    return stage


def complaints(stage: Shelf, report: Report) -> list[str]:
    """What is wrong after a disturbed run and one plain apply."""
    found = []
    again = stage.plain_apply()
    if not again.finished:
        found.append(f"the plain apply did not finish: {again.error!r} {again.outcomes}")
    if stage.world() != undisturbed()[0]:
        found.append(f"another world: {stage.world()} instead of {undisturbed()[0]}")
    if twice := [name for name, times in sent(stage).items() if times > 1]:
        found.append(f"sent twice: {twice}")
    if stage.plan(WANTED).changes:
        found.append("the next plan is not empty")
    return found


CASES = [
    (mishap, at) for number, mishap in enumerate(MISHAPS) for at in range(60) if FULL or (at * 7 + number) % 13 == 0
]


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.name)
def test_every_mishap_at_requests_of_a_run_with_files_and_stores(mishap: Mishap) -> None:
    requests = undisturbed()[1]
    for at in (at for item, at in CASES if item is mishap and at < len(requests)):
        if requests[at].split()[0] not in mishap.only:
            continue
        stage = watched(Shelf.furnished())
        report = stage.plain_apply(mishap, at)
        assert report.happened, requests[at]
        if mishap.passing:
            assert report.finished, (requests[at], report.error, report.outcomes)
        assert complaints(stage, report) == [], (mishap.name, requests[at])
        stage.close()


@pytest.mark.parametrize("mishap", [mishap for mishap in MISHAPS if mishap.doubles], ids=lambda mishap: mishap.name)
@pytest.mark.parametrize("path", ["/v1/vector_stores", "/v1/assistants"])
def test_a_create_that_went_through_although_the_answer_says_wait_ends_as_planned(mishap: Mishap, path: str) -> None:
    """The object that stays is the older one, which has no files yet; and it is known by ids, not by names."""
    stage = watched(Shelf.furnished())
    report = stage.plain_apply(mishap, undisturbed()[1].index(f"POST {path}"))
    assert report.finished, (report.error, report.outcomes)
    assert stage.world() == undisturbed()[0]
    assert complaints(stage, report) == []
    stage.close()


def test_a_file_without_a_name_is_not_put_into_a_store() -> None:
    """Its name would be missing there for good: nothing compares it."""
    stage = watched(Shelf.furnished())
    gone = next(mishap for mishap in MISHAPS if mishap.name == "status-404")
    requests = undisturbed()[1]
    at = next(at for at, request in enumerate(requests) if request.startswith("GET /v1/files/"))
    assert requests[at - 1] == "POST /v1/vector_stores"
    report = stage.plain_apply(gone, at)
    (failed,) = (outcome for outcome in report.outcomes or () if outcome.status is Status.FAILED)
    assert "there is no file" in (failed.error or "")
    assert complaints(stage, report) == []
    stage.close()


def test_a_run_of_files_and_stores_is_long_enough_to_be_disturbed() -> None:
    kinds_of_requests = Counter(request.split("/")[2] for request in undisturbed()[1])
    assert {"assistants", "files", "vector_stores"} == set(kinds_of_requests)
    assert len(undisturbed()[1]) > 30


def test_an_upload_that_is_cut_leaves_nothing_and_is_sent_again_whole() -> None:
    stage = watched(Shelf.furnished())
    stage.breaks = True
    report = stage.plain_apply()
    assert isinstance(report.error, Crash)
    assert sent(stage) == {}
    assert complaints(stage, report) == []
    stage.close()


@pytest.mark.parametrize("at", range(0, 60, 1 if FULL else 6))
def test_a_run_that_dies_after_any_request_sends_nothing_again(at: int) -> None:
    requests = undisturbed()[1]
    if at >= len(requests):
        pytest.skip("the run is shorter")
    stage = watched(Shelf.furnished())
    crash = next(mishap for mishap in MISHAPS if mishap.name == "crash-after")
    report = stage.plain_apply(crash, at)
    assert complaints(stage, report) == []
    assert set(sent(stage).values()) == {1}
    stage.close()


def test_lost_answers_where_lists_lag_as_long_as_the_record_says() -> None:
    lost = next(mishap for mishap in MISHAPS if mishap.name == "reset-after")
    for at, request in enumerate(undisturbed()[1]):
        if request in ("POST /v1/files", "POST /v1/vector_stores"):
            stage = watched(Shelf.furnished(lag=2.0))
            report = stage.plain_apply(lost, at)
            assert report.finished, (request, report.outcomes, report.error)
            stage.clock.time += 10
            assert complaints(stage, report) == []
            stage.close()


def test_a_batch_that_never_ends_is_given_up_and_made_up_for() -> None:
    stage = watched(Shelf.furnished())
    stage.emulator.behaviour = Behaviour(index_stuck="added*")
    report = stage.plain_apply()
    failed = [item for item in report.outcomes or () if item.status == "failed"]
    assert [(str(item.address), item.failure) for item in failed] == [("VectorStore/book", "partial")]
    assert "still being indexed after" in (failed[0].error or "")
    for key, raw in stage.held(f"vector_store.file/{failed[0].remote_id}").items():
        stage.emulator.seed({**raw, "id": key, "ends_at": 0})
    stage.emulator.behaviour = Behaviour()
    assert complaints(stage, report) == []
    stage.close()


QUOTA = json.dumps(
    {"error": {"message": "You exceeded your quota.", "type": "x", "param": None, "code": "insufficient_quota"}}
)


@pytest.mark.parametrize("path", ["files", "vector_stores"])
def test_a_quota_that_is_used_up_is_said_at_once_and_made_up_for_later(path: str) -> None:
    stage = watched(Shelf.furnished())
    used_up = Fault("status", 429, body=QUOTA)
    at = undisturbed()[1].index(f"POST /v1/{path}")
    mishap = Mishap("quota", used_up, lasting=True, only=("POST",))
    started = stage.clock.time
    report = stage.plain_apply(mishap, at)
    assert not report.finished
    assert any("You exceeded your quota" in (item.error or "") for item in report.outcomes or ())
    assert stage.clock.time - started < 60
    assert complaints(stage, report) == []
    stage.close()


def test_two_runs_at_once_leave_one_store_for_each_address_and_one_file_of_a_kind() -> None:
    """The second run goes from plan to end at the moment when the first has made its first store."""
    stage = Shelf.furnished()
    at = undisturbed()[1].index("POST /v1/vector_stores")

    def other_run() -> None:
        """Past the wire, which is busy with the first run."""
        direct = Connection("http://emulator/v1", {"Authorization": "Bearer k"}, transport=in_process(stage.emulator))
        service = PROVIDER.connect(replace(direct, clock=stage.clock))
        plan = make_plan(Observation(stage.target(), read_live(service, KINDS)), list(WANTED))
        apply_changes(plan.changes, replace(stage._new_run(), service=service, made={}, ids={}))

    report = stage.plain_apply(Mishap("other run", act=other_run), at)
    assert report.happened
    stage.clock.time += 10
    assert stage.plain_apply().finished
    assert stage.world() == undisturbed()[0]
    stage.close()


def test_the_files_and_stores_of_others_are_never_touched() -> None:
    stage = Shelf.furnished()
    before = {kind: stage.held(kind)[key] for kind, key in (("file", "file-theirs"), ("vector_store", "vs_theirs"))}
    assert stage.plain_apply().finished
    assert {kind: stage.held(kind)[raw["id"]] for kind, raw in before.items()} == before
    assert parse_stored(before["file"]["filename"]) is not None
    stage.close()
