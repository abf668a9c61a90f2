"""Files and vector stores by whole commands: what is sent, what is found again, what goes, and in which order."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from .conftest import World
from .knowledge import ASSISTANT, STORE, changes, file_names, held, names_in, plain_names, steps, stores, uploads
from .knowledge import known as known


def test_everything_is_made_in_order_and_linked_by_live_ids(known: World) -> None:
    known.apply()
    (store,), assistant = stores(known), known.only()
    assert assistant["tool_resources"]["file_search"]["vector_store_ids"] == [store["id"]]
    (table,) = assistant["tool_resources"]["code_interpreter"]["file_ids"]
    assert known.emulator.files.content(table) == b"item,price\n"
    assert names_in(known, store["id"]) == ["returns.md", "shipping.md"]
    assert store["metadata"]["retinue.address"] == "demo/dev/VectorStore/handbook"
    assert plain_names(known) == ["prices.csv", "returns.md", "shipping.md"]


def test_a_file_is_named_by_scope_and_content(known: World) -> None:
    known.apply()
    scope = base64.b32encode(hashlib.sha256(b"demo/dev").digest())[:8].decode().lower()
    contents = {"prices": "item,price\n", "returns": "# Returns\n", "shipping": "# Shipping\n"}
    assert file_names(known) == [
        f"{stem}.rt-{scope}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{'.csv' if stem == 'prices' else '.md'}"
        for stem, text in contents.items()
    ]


def test_an_unchanged_plan_lists_each_kind_once_and_reads_only_the_files_of_our_stores(known: World) -> None:
    known.emulator.seed({"object": "vector_store", "id": "vs_others", "name": "Theirs"})
    known.apply()
    known.emulator.requests.clear()
    known.settled()
    (ours,) = (store["id"] for store in stores(known) if store["id"] != "vs_others")
    asked = [f"{request.method} {request.path}" for request in known.emulator.requests]
    assert asked == [
        "GET /v1/assistants",
        "GET /v1/vector_stores",
        f"GET /v1/vector_stores/{ours}/files",
        "GET /v1/files",
    ]


def test_a_project_without_knowledge_asks_for_assistants_only(world: World) -> None:
    world.project()
    world.assistant("plain", "tools: [{type: file_search}, {type: code_interpreter}]\n")
    world.assistant("raw", "tool_resources: {file_search: {vector_store_ids: [vs_theirs]}}\n")
    world.apply()
    assert {request.path.split("/")[2] for request in world.emulator.requests} == {"assistants"}


def test_new_bytes_are_sent_then_referred_to_then_the_old_ones_go(known: World) -> None:
    known.apply()
    known.write("data/prices.csv", "item,price\npen,2\n")
    known.write("handbook/returns.md", "# Returns, anew\n")
    old = set(held(known, "file"))
    known.emulator.requests.clear()
    assert {(address.split("@")[0], action, reason) for address, action, reason in steps(known)} == {
        ("Assistant/support", "update", "reference"),
        ("VectorStore/handbook", "update", "reference"),
        ("File/data/prices.csv", "create", "manifest"),
        ("File/handbook/returns.md", "create", "manifest"),
        ("File/prices.csv", "delete", "unused"),
        ("File/returns.md", "delete", "unused"),
    }
    known.apply()
    writes = [f"{request.method} {request.path}" for request in known.emulator.writes()]
    assert [write.split("/")[2] for write in writes][:2] == ["files", "files"]
    assert [write for write in writes if write.startswith("DELETE /v1/files/")] == writes[-2:]
    assert len(old & set(held(known, "file"))) == 1
    (store,) = stores(known)
    assert names_in(known, store["id"]) == ["returns.md", "shipping.md"]


def test_equal_bytes_are_one_file(known: World) -> None:
    known.write("data/copy.csv", "item,price\n")
    known.write("assistants/other.yaml", ASSISTANT.replace("support", "other").replace("prices", "copy"))
    known.apply()
    assert plain_names(known) == ["copy.csv", "returns.md", "shipping.md"]
    ids = {str(raw["tool_resources"]["code_interpreter"]) for raw in known.live().values()}
    assert len(ids) == 1
    assert len(stores(known)) == 1


def test_files_added_changed_and_removed_are_named(known: World) -> None:
    known.apply()
    known.write("handbook/new.md", "# New\n")
    known.remove("handbook/shipping.md")
    text = known.run("plan").out
    assert "+ File/handbook/new.md" in text
    assert "files            + File/handbook/new.md" in text
    assert re.search(r"files +- File/shipping.md@[0-9a-f]{8}", text)
    assert re.search(r"- File/shipping.md@[0-9a-f]{8} +file-\w+ +nothing refers to it any more", text)
    known.apply()
    assert plain_names(known) == ["new.md", "prices.csv", "returns.md"]


def test_a_store_may_be_shared_and_raw_ids_stay_possible(known: World) -> None:
    known.emulator.seed({"object": "file", "id": "file-theirs", "filename": "theirs.md", "content": "# Ours"})
    known.write("assistants/handbook.yaml", STORE + "  - file-theirs\n")
    known.write("assistants/second.yaml", ASSISTANT.replace("assistant: support", "assistant: second"))
    known.apply()
    (store,) = stores(known)
    assert {str(raw["tool_resources"]["file_search"]) for raw in known.live().values()} == {
        f"{{'vector_store_ids': ['{store['id']}']}}"
    }
    assert "file-theirs" in held(known, f"vector_store.file/{store['id']}")
    known.write("assistants/handbook.yaml", STORE)
    known.apply()
    assert "file-theirs" in held(known, "file")


def test_attributes_and_chunks_are_kept_per_file_and_mended(known: World) -> None:
    sizes = "{max_chunk_size_tokens: 400, chunk_overlap_tokens: 100}"
    described = STORE.replace("*.md}", "*.md, attributes: {section: rules, public: true, order: 2}}")
    known.write("assistants/handbook.yaml", described + f"chunking_strategy: {{type: static, static: {sizes}}}\n")
    known.apply()
    (store,) = stores(known)
    kind = f"vector_store.file/{store['id']}"
    for key, entry in held(known, kind).items():
        assert entry["attributes"] | {"retinue.name": ""} == {
            "section": "rules",
            "public": True,
            "order": 2,
            "retinue.name": "",
        }
        assert entry["chunking_strategy"]["static"] == {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 100}
        known.emulator.seed({**entry, "object": "vector_store.file", "id": key, "attributes": {"section": "wrong"}})
    assert steps(known) == {("VectorStore/handbook", "update", "drift")}
    known.apply()
    known.write("assistants/handbook.yaml", described)
    known.apply()
    for entry in held(known, kind).values():
        assert entry["chunking_strategy"]["static"]["max_chunk_size_tokens"] == 800
        assert entry["attributes"]["section"] == "rules"


def test_a_store_that_is_gone_is_made_anew_and_its_assistant_follows(known: World) -> None:
    known.apply()
    (old,) = stores(known)
    known.emulator.store.delete("vector_store", old["id"])
    known.emulator.vector_stores.entries.drop(old["id"])
    assert steps(known) == {
        ("VectorStore/handbook", "create", "new"),
        ("Assistant/support", "update", "reference"),
    }
    sent = uploads(known)
    known.apply()
    (new,) = stores(known)
    assert known.only()["tool_resources"]["file_search"]["vector_store_ids"] == [new["id"]]
    assert uploads(known) == sent


def test_an_expired_store_is_replaced_and_the_old_one_goes_last(known: World) -> None:
    known.write("assistants/handbook.yaml", STORE + "expires_after: {days: 7}\n")
    known.apply()
    (old,) = stores(known)
    raw = held(known, "vector_store")[old["id"]]
    known.emulator.seed({**raw, "last_active_at": raw["last_active_at"] - 8 * 86_400})
    assert steps(known) == {
        ("VectorStore/handbook", "replace", "expired"),
        ("Assistant/support", "update", "reference"),
    }
    known.emulator.requests.clear()
    ran = known.apply()
    assert "1 replaced" in ran.out
    (new,) = stores(known)
    assert new["id"] != old["id"]
    assert [request.path for request in known.emulator.writes()][-1] == f"/v1/vector_stores/{old['id']}"
    assert known.only()["tool_resources"]["file_search"]["vector_store_ids"] == [new["id"]]


def test_what_no_manifest_names_any_more_is_taken_away_in_reverse_order(known: World) -> None:
    known.write("assistants/plain.yaml", "assistant: plain\nmodel: gpt-4o\n")
    known.apply()
    known.remove("assistants/handbook.yaml")
    known.write("assistants/support.yaml", "assistant: support\nname: Support\nmodel: gpt-4o\n")
    known.emulator.requests.clear()
    known.apply()
    writes = [f"{request.method} {request.path.split('/')[2]}" for request in known.emulator.writes()]
    assert writes == ["POST assistants", "DELETE vector_stores", "DELETE files", "DELETE files", "DELETE files"]
    assert (stores(known), file_names(known)) == ([], [])


def test_a_run_killed_before_the_last_store_went_is_finished_by_the_next(known: World) -> None:
    known.write("assistants/plain.yaml", "assistant: plain\nmodel: gpt-4o\n")
    known.apply()
    known.remove("assistants/handbook.yaml")
    known.write("assistants/support.yaml", "assistant: support\nname: Support\nmodel: gpt-4o\n")
    ran = known.run("apply", "--auto-approve", "--target", "Assistant/support")
    assert ran.code == 0, ran.err
    assert len(stores(known)) == 1
    known.apply()
    assert (stores(known), file_names(known)) == ([], [])


def test_a_narrowed_plan_takes_no_file_away(known: World) -> None:
    known.apply()
    known.write("data/prices.csv", "other\n")
    narrowed = changes(known, "--target", "Assistant/support")
    assert {change["address"] for change in narrowed} == {"Assistant/support", "File/data/prices.csv"}


def test_unused_files_do_not_count_for_the_brake_and_files_of_others_stay(known: World) -> None:
    for number in range(12):
        known.write(f"handbook/page-{number}.md", f"# Page {number}\n")
    known.apply()
    theirs = known.emulator.seed({"object": "file", "filename": "page.rt-aaaaaaaa-0123456789abcdef.md"})
    known.emulator.seed({"object": "file", "filename": "page.md"})
    for number in range(12):
        known.remove(f"handbook/page-{number}.md")
    known.apply()
    assert theirs in held(known, "file")
    assert len(held(known, "file")) == 5


@pytest.fixture
def with_two_stores(known: World) -> str:
    """The assistant refers to a second store, which no manifest has any more. Its id."""
    known.write("assistants/old.yaml", "vector_store: old\nname: Old\n")
    known.write("assistants/support.yaml", ASSISTANT.replace("handbook}]", "old}]"))
    known.apply()
    known.remove("assistants/old.yaml")
    return str(next(store["id"] for store in stores(known) if store["name"] == "Old"))


def test_a_target_does_not_leave_a_dangling_reference(known: World, with_two_stores: str) -> None:
    known.write("assistants/support.yaml", ASSISTANT)
    (old,) = changes(known, "--target", "VectorStore/old")
    assert old["blocked"]["message"] == "Assistant/support would still refer to it"
    assert old["blocked"]["remedies"] == ["--target Assistant/support too"]
    assert known.run("apply", "--auto-approve", "--target", "VectorStore/old").code == 5
    assert with_two_stores in held(known, "vector_store")
    both = ("--target", "VectorStore/old", "--target", "Assistant/support")
    assert known.run("apply", "--auto-approve", *both).code == 0
    assert with_two_stores not in held(known, "vector_store")
    known.settled()


def test_nothing_goes_that_a_manifest_names_by_its_id(known: World, with_two_stores: str) -> None:
    raw = ASSISTANT.replace("{ref: VectorStore/handbook}", with_two_stores)
    known.write("assistants/support.yaml", raw)
    (old,) = changes(known)
    assert old["blocked"]["remedies"] == [f"take {with_two_stores} out of Assistant/support first"]
    assert known.run("apply", "--auto-approve").code == 5
    known.write("assistants/support.yaml", ASSISTANT)
    known.apply()


def test_a_file_that_something_of_others_refers_to_stays(known: World) -> None:
    known.apply()
    (table,) = known.only()["tool_resources"]["code_interpreter"]["file_ids"]
    known.emulator.seed({"name": "Theirs", "tool_resources": {"code_interpreter": {"file_ids": [table]}}})
    known.write("data/prices.csv", "other\n")
    known.apply()
    assert table in held(known, "file")


def test_destroy_takes_everything_of_ours(known: World) -> None:
    known.apply()
    ran = known.run("destroy", "--auto-approve", "--allow", "brake=2")
    assert ran.code == 0, ran.err
    assert (known.live(), stores(known), file_names(known)) == ({}, [], [])


def test_output_lists_stores_and_no_files(known: World) -> None:
    known.apply()
    (store,) = stores(known)
    assert json.loads(known.run("output").out)["VectorStore/handbook"] == store["id"]


# --- capabilities


def test_a_service_without_knowledge_says_so_at_validate_with_the_place(known: World) -> None:
    text = (known.root / "retinue.yaml").read_text().replace("provider: openai-assistants", "provider: flowise")
    known.write("retinue.yaml", text.replace("/v1", ""))
    ran = known.run("validate")
    assert ran.code == 3
    assert "assistants/handbook.yaml:1:1" in ran.err
    assert "flowise holds no vector stores" in ran.err
    assert "flowise holds no files" in ran.err


# --- other commands


def two(known: World) -> None:
    """The same project with a second environment at the same service."""
    text = (known.root / "retinue.yaml").read_text()
    known.write("retinue.yaml", text + text[text.index("  dev:") :].replace("  dev:", "  prod:"))


def test_two_environments_with_the_same_files_do_not_differ_although_their_ids_do(known: World) -> None:
    two(known)
    for name in ("dev", "prod"):
        assert known.run("apply", "--auto-approve", "--allow", "twin", "-e", name).code == 0
    ran = known.run("diff", "dev", "prod", "--live", "--detailed-exitcode")
    assert ran.code == 0, ran.out
    assert len(stores(known)) == 2
    assert len(file_names(known)) == 6


def test_what_was_detached_outside_is_no_reason_to_write_live_ids_into_a_manifest(known: World) -> None:
    known.apply()
    raw = known.only()
    known.emulator.seed({**raw, "tool_resources": {"code_interpreter": {"file_ids": ["file-theirs"]}}})
    before = (known.root / "assistants/support.yaml").read_text()
    ran = known.run("import", "--update")
    assert (known.root / "assistants/support.yaml").read_text() == before
    assert "live ids must not take their place" in ran.out + ran.err
    known.apply()


def test_render_shows_the_manifests_and_no_files(known: World) -> None:
    rendered = json.loads(known.run("render", "--format", "json").out)
    assert [document.get("assistant", document.get("vector_store")) for document in rendered] == ["support", "handbook"]
    assert known.run("validate").out == "2 manifests are valid in dev.\n"
