"""A kind that an outside package registers works as the portable ones do, and nothing in retinue knows its name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ENTRY_POINTS = """[retinue.providers]
acme = acme_shelf:PROVIDER
[retinue.emulators]
acme = acme_shelf.server:Acme
"""
PROJECT = """\
version: 1
project: library
manifests: [library]
defaults: {shelf: {width: 80}}
environments:
  dev: {provider: acme, endpoint: emulator, variables: {hall: Hall}}
  other: {provider: openai-assistants, endpoint: emulator}
"""
BOT = "assistant: greeter\nname: Greeter\nmodel: small\n"
SHELF = """\
---
shelf: hall
name: ${var.hall}
keeper: {ref: Assistant/greeter}
metadata: {floor: one}
---
Mind the step.
"""


SECOND = """\
from dataclasses import replace
from acme_shelf import BOTS, SHELVES, RestProvider, kind_of, schema_beside

KIND = kind_of(schema_beside(__package__, "shelf"))
NAMES = {"name": "title", "keeper": "bot", "note": "note", "height": "width"}
PROVIDER = RestProvider("NAME", "Another library", (BOTS, replace(SHELVES, kind=KIND, names=NAMES)))
"""


class Library:
    """A project in a process that has the package installed, and the service behind it."""

    def __init__(self, folder: Path) -> None:
        self.site, self.root = folder / "site", folder / "project"
        self.install("acme_shelf", ENTRY_POINTS)
        paths = (self.site, HERE / "outside", HERE.parents[1] / "src")
        self.environment = {"PYTHONPATH": ":".join(map(str, paths)), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
        self.write("retinue.yaml", PROJECT)
        self.write("library/greeter.yaml", BOT)
        self.write("library/hall.md", SHELF)

    def install(self, package: str, entry_points: str) -> None:
        info = self.site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")

    def install_with_kind(self, provider: str, kind: str) -> None:
        """A second package, on the server of the first, with a kind that has the same word, `shelf`, and a height."""
        self.install(provider, ENTRY_POINTS.replace("acme_shelf:", f"{provider}:").replace("acme =", f"{provider} ="))
        schema = json.loads((HERE / "outside/acme_shelf/shelf.json").read_text(encoding="utf-8"))
        fields = schema["properties"]
        fields["height"] = fields.pop("width")
        (self.site / provider).mkdir()
        (self.site / provider / "shelf.json").write_text(json.dumps(schema | {"x-retinue-kind": kind}))
        (self.site / provider / "__init__.py").write_text(SECOND.replace("NAME", provider), encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "retinue", *arguments]
        ran = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == code, (arguments, ran.returncode, ran.stdout, ran.stderr)
        return ran.stdout + ran.stderr

    def apply(self) -> str:
        """Applies; the next plan must be empty."""
        said = self.run("apply", "-e", "dev", "--auto-approve")
        assert json.loads(self.run("plan", "-e", "dev", "--format", "json"))["changes"] == []
        return said

    @property
    def world(self) -> dict[str, dict[str, dict[str, Any]]]:
        found: dict[str, dict[str, dict[str, Any]]] = json.loads(self.stored.read_text(encoding="utf-8"))
        return found

    @property
    def stored(self) -> Path:
        return self.root / ".retinue-emulator" / "dev.sqlite"

    def edit(self, kind: str, key: str, **fields: Any) -> None:
        """Somebody changes an object in the service itself."""
        world = self.world
        world[kind][key] |= fields
        self.stored.write_text(json.dumps(world), encoding="utf-8")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def _only(objects: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    [found] = objects.values()
    return found


def test_an_object_of_an_outside_kind_is_made_after_what_it_refers_to(library: Library) -> None:
    plan = library.run("plan", "-e", "dev")
    assert "+ Shelf/hall" in plan
    assert "Assistant/greeter" in plan
    library.apply()
    bot, shelf = _only(library.world["bots"]), _only(library.world["shelves"])
    assert (shelf["bot"], shelf["note"], shelf["width"]) == (bot["id"], "Mind the step.", 80)
    assert shelf["labels"] == {
        "floor": "one",
        "retinue.address": "library/dev/Shelf/hall",
        "retinue.applied": shelf["labels"]["retinue.applied"],
    }


def test_drift_of_an_outside_kind_is_told_and_taken_back(library: Library) -> None:
    library.apply()
    shelf = _only(library.world["shelves"])
    library.edit("shelves", shelf["id"], note="Keep out.")
    assert "Shelf/hall" in library.run("drift", "-e", "dev", code=0)
    library.apply()
    assert _only(library.world["shelves"])["note"] == "Mind the step."


def test_live_values_of_an_outside_kind_go_into_the_body_of_its_manifest(library: Library) -> None:
    library.apply()
    library.edit("shelves", _only(library.world["shelves"])["id"], note="Keep out.", width=7)
    library.run("import", "-e", "dev", "--update")
    written = (library.root / "library/hall.md").read_text(encoding="utf-8")
    assert written.endswith("---\nKeep out.\n")
    library.apply()
    assert _only(library.world["shelves"])["note"] == "Keep out."


def test_objects_of_both_kinds_are_imported_with_the_reference_between_them(library: Library) -> None:
    (library.root / "library/greeter.yaml").unlink()
    (library.root / "library/hall.md").unlink()
    library.run("plan", "-e", "dev", "--allow", "incomplete")
    key, other = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    bot = {
        "id": key,
        "made": 1,
        "title": "Guide",
        "engine": "small",
        "labels": {},
        "about": "",
        "prompt": "",
        "heat": "",
    }
    shelf = {"id": other, "made": 2, "title": "Attic", "bot": key, "note": "Dark.", "width": "", "labels": {}}
    library.stored.write_text(json.dumps({"bots": {key: bot}, "shelves": {other: shelf}}), encoding="utf-8")
    library.run("import", "-e", "dev")
    found = (library.root / "library/attic.yaml").read_text(encoding="utf-8")
    assert "shelf: attic" in found
    assert "keeper:\n  ref: Assistant/guide" in found
    plan = json.loads(library.run("plan", "-e", "dev", "--format", "json"))
    assert sorted((item["address"], item["action"]) for item in plan["changes"]) == [
        ("Assistant/guide", "adopt"),
        ("Shelf/attic", "adopt"),
    ]
    library.apply()


def test_a_reference_to_nothing_and_a_wrong_field_are_told_at_their_line(library: Library) -> None:
    library.write("library/hall.md", SHELF.replace("greeter", "nobody").replace("metadata:", "width: wide\nmetadata:"))
    said = library.run("validate", "-e", "dev", code=3)
    assert "library/hall.md:4:" in said
    assert "there is no manifest Assistant/nobody" in said
    assert "library/hall.md:5:" in said
    assert "`width` must be a whole number" in said


def test_a_service_that_has_not_the_kind_says_what_it_holds(library: Library) -> None:
    library.write("library/hall.md", SHELF.replace("${var.hall}", "Hall"))
    said = library.run("validate", "-e", "other", code=3)
    assert "openai-assistants holds no shelves, so Shelf/hall cannot go there" in said


def test_what_is_no_longer_wanted_goes_before_what_it_refers_to(library: Library) -> None:
    library.apply()
    library.run("destroy", "-e", "dev", "--auto-approve", "--allow", "brake=2")
    assert library.world == {"bots": {}, "shelves": {}}


def test_editors_learn_of_the_kind(library: Library) -> None:
    schema = json.loads(library.run("schema"))
    assert {"assistant", "shelf"} <= schema["properties"].keys()
    assert "shelf" in json.loads(library.run("schema", "project"))["properties"]["defaults"]["properties"]
    assert "Shelf" in library.run("providers", "acme")


def test_where_no_environment_names_the_provider_its_kinds_are_unknown(library: Library) -> None:
    library.write(
        "retinue.yaml",
        PROJECT.replace("  dev: {provider: acme", "  dev: {provider: flowise").replace(
            "defaults: {shelf: {width: 80}}\n", ""
        ),
    )
    said = library.run("validate", "-e", "dev", code=3)
    assert "library/hall.md:2:1" in said


@pytest.mark.parametrize("kind", ["Shelf", "Rack", "Alcove"])
def test_a_word_that_two_packages_use_means_the_kind_of_the_service(library: Library, kind: str) -> None:
    library.install_with_kind("zenith", kind)
    environments = "  dev: {provider: acme, endpoint: emulator}\n  two: {provider: zenith, endpoint: emulator}\n"
    head = PROJECT.partition("environments:")[0].replace("defaults: {shelf: {width: 80}}\n", "")
    library.write("retinue.yaml", f"{head}environments:\n{environments}")
    library.write("library/hall.md", SHELF.replace("${var.hall}", "Hall\nwidth: 80"))
    assert "+ Shelf/hall" in library.run("plan", "-e", "dev")
    said = library.run("validate", "-e", "two", code=3)
    assert "library/hall.md:4:" in said
    assert "`width`" in said
    library.write("library/hall.md", SHELF.replace("${var.hall}", "Hall\nheight: 80"))
    assert f"+ {kind}/hall" in library.run("plan", "-e", "two")
    library.run("apply", "-e", "two", "--auto-approve")
    assert json.loads(library.run("plan", "-e", "two", "--format", "json"))["changes"] == []
    said = library.run("validate", "-e", "dev", code=3)
    assert "`height`" in said
