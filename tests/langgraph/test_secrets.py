"""A secret in a live context is written into no file and shown nowhere; the server keeps it."""

from __future__ import annotations

import json

from .conftest import LangGraphWorld

CANARY = "c4n4ry-7f3a-91"


def test_a_context_with_secrets_is_imported_without_them_and_keeps_them(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", block="providers: {langgraph: {graph_id: plain}}\n")
    world.apply()
    raw = world.named("Tutor")
    world.monkeypatch.setenv("LANGGRAPH_API_KEY", "sk-canary-0123456789")
    context = {
        **raw["context"],
        "api_key": CANARY,
        "clientSecret": CANARY,
        "db": f"postgres://u:{CANARY}@db/x",
        "crm": {"headers": {"authorization": f"Basic {CANARY}"}, "url": f"https://h/?token={CANARY}&a=1"},
        "style": "dry",
    }
    raw["context"] = context
    raw["config"] = {"configurable": context}
    shown = "".join(
        world.run("plan", "--format", kind).out + world.run("drift").out for kind in ("text", "json", "markdown")
    )
    shown += world.run("show", "Assistant/tutor").out + world.run("show", "Assistant/tutor", "--format", "json").out
    assert CANARY not in shown and "[key]" in shown
    raw["metadata"] = {}
    world.remove("assistants/tutor.yaml")
    ran = world.run("import", "-e", "dev")
    text = (world.root / "assistants/tutor.yaml").read_text()
    assert ran.code == 0 and CANARY not in text + ran.out + ran.err, ran.err
    assert "style: dry" in text and "https://h/?a=1" in text and "postgres://db/x" in text
    assert ran.err.count("a secret stands at") == 5
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()
    assert world.named("Tutor")["context"] == context
