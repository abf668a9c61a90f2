"""What an environment gets, from which layer, and how two of them differ: rendered offline, and live."""

from __future__ import annotations

import json

import pytest
import yaml

from .conftest import World

PROJECT = """\
version: 1
project: demo
manifests: [assistants]
defaults: {assistant: {metadata: {owner: cx}}}
environments:
  dev: {provider: openai-assistants, endpoint: URL, api_key: {env: DEMO_KEY}, variables: {model: small}}
  prod:
    provider: openai-assistants
    endpoint: URL
    api_key: {env: DEMO_KEY}
    variables: {model: large}
    overlay: prod.yaml
"""


@pytest.fixture
def shop(world: World) -> World:
    world.write("retinue.yaml", PROJECT.replace("URL", f"{world.url}/v1"))
    world.assistant("ant", "", "${var.model}")
    world.assistant("bee", "retinue: {environments: [dev], labels: {team: b}}\n")
    world.assistant("cat")
    world.write("prod.yaml", 'assistant: ant\nmetadata: {tier: "1"}\nretinue: {protect: true}\n')
    return world


def test_render_says_where_each_value_was_written(shop: World) -> None:
    ran = shop.run("render", "-e", "prod")
    assert ran.out == (
        "assistant: ant  # assistants/ant.yaml:1\n"
        "model: large  # assistants/ant.yaml:2, var.model from retinue.yaml:11\n"
        "metadata:  # prod.yaml:2\n"
        "  owner: cx  # retinue.yaml:4\n"
        "  tier: '1'\n"
        "---\n"
        "assistant: cat  # assistants/cat.yaml:1\n"
        "model: gpt-4o  # assistants/cat.yaml:2\n"
        "metadata:  # retinue.yaml:4\n"
        "  owner: cx\n"
    ).replace("'1'", '"1"')
    plain = shop.run("render", "-e", "prod", "--no-origins").out
    assert "#" not in plain
    assert list(yaml.safe_load_all(plain)) == list(yaml.safe_load_all(ran.out))
    assert shop.emulator.requests == []


def test_render_as_json_has_the_origins_beside_the_manifest(shop: World) -> None:
    bare = json.loads(shop.run("render", "-e", "prod", "--format", "json").out)
    full = json.loads(shop.run("render", "-e", "prod", "--format", "json", "--origins").out)
    assert [item["manifest"] for item in full] == bare
    assert full[0]["origins"]["/model"] == {
        "file": "assistants/ant.yaml",
        "line": 2,
        "column": 8,
        "variables": {"model": "retinue.yaml:11"},
    }
    assert full[0]["origins"]["/metadata/owner"]["file"] == "retinue.yaml"


def test_diff_shows_how_the_rendered_environments_differ(shop: World) -> None:
    ran = shop.run("diff", "dev", "prod")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "demo: dev → prod (as rendered)",
        "",
        "  ~ Assistant/ant",
        "      model            small → large",
        '      metadata.tier    + "1"',
        "      protect          + true",
        "  - Assistant/bee             only in dev",
        "",
        "Diff: 1 differs, 1 only in dev, 1 object is the same.",
    ]
    assert shop.emulator.requests == []
    back = shop.run("diff", "prod", "dev").out
    assert "  + Assistant/bee             only in dev" in back
    assert "large → small" in back


def test_diff_as_json_and_its_exit_codes(shop: World) -> None:
    ran = shop.run("diff", "dev", "prod", "--format", "json", "--detailed-exitcode")
    value = json.loads(ran.out)
    assert (ran.code, value["outcome"]) == (2, "different")
    assert value["summary"] == {"changed": 1, "removed": 1, "added": 0, "same": 1}
    assert [(item["address"], item["what"]) for item in value["differences"]] == [
        ("Assistant/ant", "changed"),
        ("Assistant/bee", "removed"),
    ]
    assert value["differences"][0]["fields"][0] == {"path": "/model", "from": "small", "to": "large"}
    ran = shop.run("diff", "dev", "prod", "--target", "Assistant/cat", "--detailed-exitcode")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "No differences. 1 object is the same.")


@pytest.mark.parametrize(
    ("flags", "seen"),
    [
        (["--target", "Assistant/b*"], {"Assistant/bee"}),
        (["--exclude", "Assistant/bee"], {"Assistant/ant"}),
        (["--select", "team=b"], {"Assistant/bee"}),
    ],
)
def test_diff_can_be_narrowed(shop: World, flags: list[str], seen: set[str]) -> None:
    value = json.loads(shop.run("diff", "dev", "prod", "--format", "json", *flags).out)
    assert {item["address"] for item in value["differences"]} == seen


def test_diff_live_compares_what_is_there(shop: World) -> None:
    empty = shop.run("diff", "dev", "prod", "--live")
    assert (empty.code, empty.out.splitlines()[-1]) == (0, "No differences. 0 objects are the same.")
    for environment in ("dev", "prod"):
        assert shop.run("apply", "-e", environment, "--auto-approve").code == 0
    live = shop.run("diff", "dev", "prod", "--live").out.splitlines()
    assert live[0] == "demo: dev → prod (what is live)"
    assert live[1:] == shop.run("diff", "dev", "prod").out.splitlines()[1:]
    (cat,) = [raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("prod/Assistant/cat")]
    shop.emulator.seed({**cat, "temperature": 0.3})
    assert "temperature      1 → 0.3" in shop.run("diff", "dev", "prod", "--live").out
    assert "Assistant/cat" not in shop.run("diff", "dev", "prod").out
    orphan = shop.run("diff", "dev", "prod", "--live", "--target", "Assistant/bee").out
    assert "only in dev" in orphan


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dev", "dev"], "dev does not differ from itself"),
        (["dev", "prd"], "there is no environment `prd`"),
        (["dev", "prod", "--target", "Assistant/x"], "no object matches `Assistant/x`"),
        (["dev"], "Missing argument 'B'"),
    ],
)
def test_a_diff_that_means_nothing_is_wrong_usage(shop: World, arguments: list[str], said: str) -> None:
    ran = shop.run("diff", *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert said in ran.err


def test_environments_in_one_account_never_touch_each_other(shop: World) -> None:
    for environment in ("dev", "prod"):
        assert shop.run("apply", "-e", environment, "--auto-approve").code == 0
        shop.settled("-e", environment)
    before = {key: raw for key, raw in shop.live().items() if "/prod/" in raw["metadata"]["retinue.address"]}
    assert shop.run("destroy", "-e", "dev", "--auto-approve", "--allow", "brake=3").code == 0
    assert shop.live() == before
    shop.settled("-e", "prod")
