"""Files, vector stores, their files and batches, as the API reference has them; indexing and expiry by a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .client import Api, Clock, good, refused

DAY = 86_400


def upload(api: Api, name: str = "a.md", data: bytes = b"# A", **fields: str) -> httpx.Response:
    return api.client.post("files", files={"file": (name, data)}, data={"purpose": "assistants", **fields})


def uploaded(api: Api, name: str = "a.md", data: bytes = b"# A") -> str:
    return str(good(upload(api, name, data))["id"])


def store(api: Api, **body: Any) -> dict[str, Any]:
    return good(api.client.post("vector_stores", json=body))


def attached(api: Api, where: str, **body: Any) -> dict[str, Any]:
    return good(api.client.post(f"vector_stores/{where}/files", json=body))


def batch(api: Api, where: str, **body: Any) -> httpx.Response:
    return api.client.post(f"vector_stores/{where}/file_batches", json=body)


# --- files


@pytest.mark.parametrize("name", ["a.md", 'quo"te.md', "ümläut.md", "no-suffix"])
def test_what_is_sent_comes_back_byte_for_byte(api: Api, name: str) -> None:
    data = bytes(range(256)) * 5000 + b"\r\n--\r\n\r\n--x"
    made = good(upload(api, name, data))
    assert (made["bytes"], made["filename"], made["purpose"]) == (len(data), name, "assistants")
    assert api.client.get(f"files/{made['id']}/content").content == data
    assert good(api.client.get(f"files/{made['id']}")) == made


def test_a_delimiter_across_pieces_is_found(api: Api) -> None:
    """The multipart reader reads 256 KiB at a time; the end of the part falls on every place around that."""
    for size in range(256 * 1024 - 200, 256 * 1024 + 10, 7):
        assert good(upload(api, data=b"x" * size))["bytes"] == size


def test_files_are_listed_by_purpose_and_paged(api: Api) -> None:
    ids = [uploaded(api, f"{number}.md") for number in range(3)]
    good(upload(api, "other.md", purpose="vision"))
    listed = good(api.client.get("files", params={"purpose": "assistants", "limit": 2, "order": "asc"}))
    assert ([item["id"] for item in listed["data"]], listed["has_more"]) == (ids[:2], True)
    rest = good(api.client.get("files", params={"purpose": "assistants", "after": ids[1], "order": "asc"}))
    assert [item["id"] for item in rest["data"]] == ids[2:]


def test_a_file_expires(api: Api, clock: Clock) -> None:
    more: dict[str, Any] = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    made = good(upload(api, **more))
    assert made["expires_at"] == made["created_at"] + 3600
    clock.sleep(3600)
    assert refused(api.client.get(f"files/{made['id']}")).status == 404
    assert good(api.client.get("files"))["data"] == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"purpose": "homework"}, "purpose"), ({"expires_after[anchor]": "created_at"}, "expires_after.seconds")],
)
def test_a_bad_upload_leaves_nothing_behind(api: Api, fields: dict[str, Any], param: str) -> None:
    assert refused(upload(api, **fields)).param == param
    assert good(api.client.get("files"))["data"] == []


def test_a_body_that_is_no_form_is_refused(api: Api) -> None:
    assert refused(api.client.post("files", json={})).status == 400
    missing = refused(api.client.post("files", files={"other": ("a", b"x")}, data={"purpose": "assistants"}))
    assert missing[:3] == (400, "missing_required_parameter", "file")


# --- stores


def test_an_empty_store_answers_as_recorded(api: Api) -> None:
    made = store(api)
    assert {key: made[key] for key in ("name", "status", "usage_bytes", "metadata", "expires_after", "expires_at")} == {
        "name": None,
        "status": "completed",
        "usage_bytes": 0,
        "metadata": {},
        "expires_after": None,
        "expires_at": None,
    }
    assert set(made["file_counts"].values()) == {0}


def test_a_store_expires_after_its_days(api: Api, clock: Clock) -> None:
    made = store(api, expires_after={"anchor": "last_active_at", "days": 2})
    assert made["expires_at"] == made["created_at"] + 2 * DAY
    clock.sleep(2 * DAY)
    assert good(api.client.get(f"vector_stores/{made['id']}"))["status"] == "expired"


def test_indexing_takes_its_time_and_can_fail_or_never_end(make: Callable[..., Api], clock: Clock) -> None:
    api = make(index_seconds=5, index_failures={"bad*": "No text."}, index_stuck="slow*")
    ids = [uploaded(api, name) for name in ("good.md", "bad.md", "slow.md", "image.png", "empty.md")[:4]]
    ids.append(uploaded(api, "empty.md", b""))
    where = store(api)["id"]
    made = good(batch(api, where, file_ids=ids))
    assert (made["status"], made["file_counts"]["in_progress"]) == ("in_progress", 5)
    clock.sleep(5)
    entries = good(api.client.get(f"vector_stores/{where}/files", params={"order": "asc"}))["data"]
    assert [entry["status"] for entry in entries] == ["completed", "failed", "in_progress", "failed", "failed"]
    codes = [(entry["last_error"] or {}).get("code") for entry in entries]
    assert codes == [None, "server_error", None, "unsupported_file", "invalid_file"]
    failed = good(api.client.get(f"vector_stores/{where}/files", params={"filter": "failed"}))["data"]
    assert len(failed) == 3
    again = good(api.client.get(f"vector_stores/{where}/file_batches/{made['id']}"))
    assert again["file_counts"] == {"in_progress": 1, "completed": 1, "failed": 3, "cancelled": 0, "total": 5}
    cancelled = good(api.client.post(f"vector_stores/{where}/file_batches/{made['id']}/cancel"))
    assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 1)


def test_a_file_in_a_store_keeps_attributes_and_chunks(api: Api) -> None:
    where, key = store(api)["id"], uploaded(api)
    sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 100}
    made = attached(
        api, where, file_id=key, attributes={"a": "x", "n": 1.5}, chunking_strategy={"type": "static", "static": sizes}
    )
    assert (made["attributes"], made["chunking_strategy"]["static"]) == ({"a": "x", "n": 1.5}, sizes)
    path = f"vector_stores/{where}/files/{key}"
    assert good(api.client.post(path, json={"attributes": {"b": True}}))["attributes"] == {"b": True}
    assert attached(api, where, file_id=key)["chunking_strategy"]["static"]["max_chunk_size_tokens"] == 800


def test_a_deleted_file_is_in_no_store_and_a_detached_one_is_still_a_file(api: Api) -> None:
    one, two = uploaded(api, "1.md"), uploaded(api, "2.md")
    where = store(api, file_ids=[one, two])["id"]
    good(api.client.delete(f"vector_stores/{where}/files/{two}"))
    good(api.client.delete(f"files/{one}"))
    assert good(api.client.get(f"vector_stores/{where}/files"))["data"] == []
    assert good(api.client.get(f"files/{two}"))["id"] == two


def test_a_search_finds_the_file_with_the_words(api: Api) -> None:
    keys = [uploaded(api, "cats.md", b"Cats purr."), uploaded(api, "dogs.md", b"Dogs bark loudly.")]
    where = store(api, file_ids=keys)["id"]
    found = good(api.client.post(f"vector_stores/{where}/search", json={"query": "who barks? dogs bark"}))["data"]
    assert [(item["filename"], item["content"][0]["text"]) for item in found] == [("dogs.md", "Dogs bark loudly.")]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "too many in a create": ({"file_ids": ["f"] * 501}, "file_ids"),
    "days": ({"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days"),
    "anchor": ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor"),
    "metadata": ({"metadata": {"k": 1}}, "metadata.k"),
    "unknown": ({"voice": "alto"}, "voice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_limits_of_a_store(api: Api, case: str) -> None:
    body, param = REFUSED[case]
    assert refused(api.client.post("vector_stores", json=body)).param == param


BATCHES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "file_ids"),
    "too many": ({"file_ids": ["f"] * 2001}, "file_ids"),
    "both": ({"file_ids": ["f"], "files": [{"file_id": "f"}]}, "files"),
    "attributes": ({"files": [{"file_id": "f", "attributes": {str(n): "" for n in range(17)}}]}, "files[0].attributes"),
    "value": ({"files": [{"file_id": "f", "attributes": {"a": []}}]}, "files[0].attributes.a"),
    "overlap": (
        {
            "file_ids": ["f"],
            "chunking_strategy": {
                "type": "static",
                "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 101},
            },
        },
        "chunking_strategy.static.chunk_overlap_tokens",
    ),
}


@pytest.mark.parametrize("case", BATCHES)
def test_limits_of_a_batch(api: Api, case: str) -> None:
    body, param = BATCHES[case]
    assert refused(batch(api, store(api)["id"], **body)).param == param


def test_what_is_not_there_is_said(api: Api) -> None:
    where = store(api)["id"]
    assert refused(batch(api, where, file_ids=["file-none"])).status == 404
    for path in ("vector_stores/vs_none", f"vector_stores/{where}/files/f", "files/file-none", "files/x/content"):
        assert refused(api.client.get(path)).status == 404
    assert refused(api.client.delete("vector_stores/vs_none")).status == 404


def test_an_upload_that_is_cut_leaves_nothing_behind(live: Api) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\nhalf'
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "100000"}

    def pieces() -> Iterator[bytes]:
        yield head
        raise KeyError("pulled the plug")

    with pytest.raises(KeyError):
        live.client.post("files", content=pieces(), headers=headers)
    assert good(live.client.get("files"))["data"] == []
