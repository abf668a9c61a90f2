"""Where a change is written stands beside it, as a note outside the digest: the place where an author would edit it."""

from __future__ import annotations

import json

import pytest

from .conftest import World

TOOL = "type: function\nfunction:\n  name: look_up\n  description: {}\n  parameters: {{type: object}}\n"


@pytest.fixture
def project(world: World) -> World:
    """Every way in which a value can come into a manifest."""
    world.project(
        'defaults: {assistant: {metadata: {owner: "${var.owner}"}}}\n',
        "    variables: {owner: cx, hours: 8 to 18}\n    overlay: overlays/dev.yaml\n",
    )
    world.write("overlays/dev.yaml", "assistant: overlaid\ntemperature: 0.2\n---\nassistant: block\nmetadata: {a: b}\n")
    world.write("prompts/included.md", "# Bot\nOne.\nTwo.\n")
    world.write("prompts/template.md", "# Bot\nOpen ${var.hours}.\nTwo.\n")
    world.write("tools/look_up.yaml", TOOL.format("Look up."))
    world.assistant("included", "instructions: {file: ../prompts/included.md}\n")
    world.assistant("template", "instructions: {file: ../prompts/template.md, template: true}\n")
    world.write("prompts/tone.md", "Kind.\nBrief.\n")
    world.assistant("parts", "instructions:\n  - {file: ../prompts/tone.md}\n  - |\n    One.\n    Two.\n")
    world.assistant("block", "instructions: |\n  One.\n  Two.\n  Three.\n")
    world.assistant("folded", "instructions: >\n  One.\n  Two.\n\n  Three.\n")
    world.assistant("overlaid", "temperature: 1\n")
    world.assistant("tools", "tools:\n  - type: code_interpreter\n  - {file: ../tools/look_up.yaml}\n")
    world.write("assistants/front.md", "---\nassistant: front\nmodel: gpt-4o\n---\n\nOne.\nTwo.\n")
    world.apply()
    return world


def places(world: World) -> dict[str, list[str]]:
    """By address and path, what a plan says of where that is written."""
    found: dict[str, list[str]] = {}
    for item in json.loads(world.run("plan", "--format", "json").out)["diagnostics"]:
        if item["code"] == "written":
            found.setdefault(f"{item['address']}{item['path'] or ''}", []).append(f"{item['file']}:{item['line']}")
    return found


@pytest.mark.parametrize(
    ("file", "old", "new", "where"),
    [
        ("prompts/included.md", "Two.", "2.", {"included/instructions": ["prompts/included.md:3"]}),
        ("prompts/included.md", "Two.\n", "Two.\nThree.\n", {"included/instructions": ["prompts/included.md:4"]}),
        ("prompts/included.md", "# Bot\n", "", {"included/instructions": ["prompts/included.md:1"]}),
        ("prompts/included.md", "Two.\n", "", {"included/instructions": ["prompts/included.md:2"]}),
        ("prompts/template.md", "Two.", "2.", {"template/instructions": ["prompts/template.md:3"]}),
        ("retinue.yaml", "8 to", "9 to", {"template/instructions": ["prompts/template.md:2", "retinue.yaml:10"]}),
        ("assistants/block.yaml", "Three.", "3.", {"block/instructions": ["assistants/block.yaml:6"]}),
        ("prompts/tone.md", "Brief.", "Short.", {"parts/instructions": ["prompts/tone.md:2"]}),
        ("assistants/parts.yaml", "Two.", "2.", {"parts/instructions": ["assistants/parts.yaml:7"]}),
        ("assistants/folded.yaml", "Three.", "3.", {"folded/instructions": ["assistants/folded.yaml:3"]}),
        ("assistants/front.md", "Two.", "2.", {"front/instructions": ["assistants/front.md:7"]}),
        ("overlays/dev.yaml", "0.2", "0.4", {"overlaid/temperature": ["overlays/dev.yaml:2"]}),
        ("overlays/dev.yaml", "a: b", "a: c", {"block/metadata": ["overlays/dev.yaml:5"]}),
        ("tools/look_up.yaml", "Look up.", "Find.", {"tools/tools": ["tools/look_up.yaml:4"]}),
        ("assistants/tools.yaml", "code_interpreter", "file_search", {"tools/tools": ["assistants/tools.yaml:4"]}),
        ("assistants/tools.yaml", "  - type: code_interpreter\n", "", {"tools/tools": ["assistants/tools.yaml:4"]}),
        (
            "assistants/overlaid.yaml",
            "temperature: 1\n",
            "top_p: 0.5\n",
            {"overlaid/top_p": ["assistants/overlaid.yaml:3"]},
        ),
        ("assistants/block.yaml", "model: gpt-4o", "model: gpt-4.1", {"block/model": ["assistants/block.yaml:2"]}),
        ("assistants/tools.yaml", "assistant: tools", "assistant: new", {"new": ["assistants/tools.yaml:1"]}),
    ],
)
def test_a_change_says_where_it_is_written(
    project: World, file: str, old: str, new: str, where: dict[str, list[str]]
) -> None:
    text = (project.root / file).read_text(encoding="utf-8")
    assert old in text
    project.write(file, text.replace(old, new))
    wanted = {f"Assistant/{address}": found for address, found in where.items()}
    assert places(project) == wanted
    ((_, found),) = wanted.items()
    for wanted_format in ("text", "markdown", "html"):
        assert ", ".join(found) in project.run("plan", "--format", wanted_format).out


def test_a_variable_is_edited_where_it_is_set(project: World) -> None:
    text = (project.root / "retinue.yaml").read_text(encoding="utf-8")
    project.write("retinue.yaml", text.replace("owner: cx", "owner: edu"))
    found = places(project)
    assert len(found) == 8
    assert set(map(tuple, found.values())) == {("retinue.yaml:10",)}


def test_a_line_that_is_gone_points_at_its_manifest(project: World) -> None:
    project.assistant("template")
    assert places(project) == {"Assistant/template/instructions": ["assistants/template.yaml:1"]}


def test_places_are_outside_the_digest_and_no_annotations(project: World) -> None:
    def plan() -> dict[str, object]:
        return dict(json.loads(project.run("plan", "--format", "json").out))

    project.write("prompts/included.md", "# Bot\nOne.\n2.\n")
    before = plan()
    project.write("assistants/included.yaml", "# why\n" + (project.root / "assistants/included.yaml").read_text())
    assert plan()["digest"] == before["digest"]
    assert "written" not in project.run("plan", "--format", "github").out
    assert '"written"' not in project.run("plan", "--format", "sarif").out
    assert "is written in" not in project.run("plan").out
    project.apply()


def test_a_page_that_goes_into_a_file_leaves_the_terminal_the_text(project: World) -> None:
    project.write("prompts/included.md", "# Bot\nOne.\n2.\n")
    ran = project.run("plan", "--format", "html", "--out", "plan.html")
    assert (project.root / "plan.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (project.root / "plan.html").stat().st_mode & 0o777 == 0o600
    assert ran.out.splitlines()[-1] == "Plan: 0 to create, 1 to update, 0 to replace, 0 to delete."
    assert "Wrote plan.html." in ran.err
    assert project.run("plan", "--out", "plan.json").code == 0
    assert project.run("show", "plan.json", "--format", "html").out.startswith("<!DOCTYPE html>")


def test_drift_and_differences_are_pages_too(project: World) -> None:
    live = next(raw for raw in project.live().values() if raw["metadata"]["retinue.address"].endswith("/overlaid"))
    project.emulator.seed({**live, "temperature": 0.9})
    page = project.run("drift", "--format", "html").out
    assert "<del>0.2</del> → <ins>0.9</ins>" in page
    assert "overlays/dev.yaml:2" in page
    text = (project.root / "retinue.yaml").read_text(encoding="utf-8")
    dev = text[text.index("  dev:") :]
    project.write("retinue.yaml", text + dev.replace("dev:", "prod:", 1).replace("owner: cx", "owner: edu"))
    ran = project.run("diff", "dev", "prod", "--format", "html", "--out", "diff.html")
    assert (ran.code, ran.out) == (0, "")
    assert "<del>cx</del> → <ins>edu</ins>" in (project.root / "diff.html").read_text(encoding="utf-8")
