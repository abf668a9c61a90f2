"""`import --update` at a Flowise: what the page changed goes into the manifest, in the manifest's words."""

from __future__ import annotations

from .conftest import FlowiseWorld


def test_what_the_page_changed_goes_into_the_manifest(world: FlowiseWorld) -> None:
    world.project()
    world.credential()
    world.flowise(
        "helper", "{type: CUSTOM, credential: main}   # ours", "temperature: 0.2   # dry\ninstructions: Be kind.\n"
    )
    assert world.run("apply", "--auto-approve").code == 0
    world.save_page("Helper", instruction="Be brief.")
    ran = world.run("import", "--update")
    assert ran.code == 0, ran.out + ran.err
    text = (world.root / "assistants/helper.yaml").read_text()
    assert "instructions: Be brief.\n" in text
    assert "{type: CUSTOM, credential: main}   # ours" in text
    world.accepted()
