"""Files that are not taken away, because somebody else needs them; and what is no drift although a file goes."""

from __future__ import annotations

from retinue.core.content import scope_of, stored_name

from .conftest import World
from .knowledge import ASSISTANT, STORE, changes, file_names, held, names_in, plain_names, stores
from .knowledge import known as known

FORGET = "\nremoved: [{address: VectorStore/handbook, forget: true}]\n"
ALONE = "assistant: support\nname: Support\nmodel: gpt-4o\n"


def forgotten(world: World) -> None:
    """The handbook is let go, and its assistant no longer refers to it."""
    world.apply()
    (world.root / "assistants/handbook.yaml").unlink()
    world.write("assistants/support.yaml", ALONE)
    world.write("retinue.yaml", (world.root / "retinue.yaml").read_text() + FORGET)
    world.apply()


def test_the_files_of_a_store_that_was_let_go_stay(known: World) -> None:
    forgotten(known)
    known.apply()
    (store,) = stores(known)
    assert not store["metadata"]["retinue.address"]
    assert names_in(known, store["id"]) == ["returns.md", "shipping.md"]
    assert plain_names(known) == ["returns.md", "shipping.md"]


def test_destroy_leaves_a_file_that_a_store_of_others_holds(known: World) -> None:
    forgotten(known)
    known.run("destroy", "--auto-approve", "--allow", "brake=1")
    assert plain_names(known) == ["returns.md", "shipping.md"]


def test_a_file_of_ours_that_a_new_manifest_names_by_its_id_stays(known: World) -> None:
    known.apply()
    (table,) = known.only()["tool_resources"]["code_interpreter"]["file_ids"]
    known.write("assistants/support.yaml", ALONE)
    other = ASSISTANT.replace("support", "other").replace("Support", "Other")
    known.write("assistants/other.yaml", other.replace("{upload: ../data/prices.csv}", table))
    known.apply()
    assert plain_names(known) == ["prices.csv", "returns.md", "shipping.md"]


def test_an_adopted_store_shows_in_the_plan_what_it_holds(known: World) -> None:
    forgotten(known)
    (store,) = stores(known)
    adopting = STORE.replace("*.md", "returns.md") + f"retinue: {{adopt: {{dev: {store['id']}}}}}\n"
    known.write("assistants/handbook.yaml", adopting)
    known.write("retinue.yaml", (known.root / "retinue.yaml").read_text().replace(FORGET, ""))
    (adopt, *_) = (change for change in changes(known) if change["action"] == "adopt")
    (files,) = (field for field in adopt["fields"] if field["path"] == "/files")
    assert len(files["before"]) == 2
    known.apply()
    assert names_in(known, store["id"]) == ["returns.md"]


def test_a_saved_plan_deletes_no_file_that_something_refers_to_since(known: World) -> None:
    known.apply()
    known.write("assistants/support.yaml", ALONE)
    known.emulator.seed({**known.only(), "tool_resources": {}, "metadata": {}, "id": "asst_theirs", "name": "Theirs"})
    known.run("plan", "--out", "p.json")
    (table,) = (key for key, raw in held(known, "file").items() if raw["filename"].startswith("prices"))
    theirs = {**held(known, "assistant")["asst_theirs"]}
    known.emulator.seed({**theirs, "tool_resources": {"code_interpreter": {"file_ids": [table]}}})
    ran = known.run("apply", "p.json", "--auto-approve")
    assert ran.code == 6, ran.out + ran.err
    assert "asst_theirs refers to it" in ran.out + ran.err
    assert "prices.csv" in plain_names(known)


def causes(world: World) -> set[tuple[str, str, str]]:
    """Of every field that is to change."""
    found = (change for change in changes(world) if change["action"] == "update")
    return {(change["address"], field["path"], field["cause"]) for change in found for field in change["fields"]}


def test_a_file_that_a_manifest_names_no_more_was_not_changed_outside(known: World) -> None:
    known.apply()
    known.remove("handbook/shipping.md")
    known.write("assistants/support.yaml", ASSISTANT.replace("{upload: ../data/prices.csv}", ""))
    assert causes(known) == {
        ("Assistant/support", "/tool_resources", "manifest"),
        ("VectorStore/handbook", "/files", "manifest"),
    }
    assert "No drift." in known.run("drift").out


def test_new_bytes_that_a_run_sent_before_it_was_cut_off_are_no_drift(known: World) -> None:
    known.apply()
    known.write("data/prices.csv", "item,price\ntea,2\n")
    (sent,) = (name for name in sent_before_the_cut(known) if name.startswith("prices"))
    assert sent in file_names(known)
    assert causes(known) == {("Assistant/support", "/tool_resources", "manifest")}


def sent_before_the_cut(world: World) -> list[str]:
    """Seeds what an apply sends first, as a run leaves it that dies then; the names of these files."""
    names = []
    for change in changes(world):
        spec = {field["path"][1:]: field["after"] for field in change["fields"] or ()}
        if change["action"] == "create" and "sha256" in spec:
            names.append(stored_name(spec["name"], scope_of("demo", "dev"), spec["sha256"]))
            world.emulator.seed({"object": "file", "filename": names[-1], "bytes": spec["bytes"]})
    return names
