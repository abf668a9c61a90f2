"""Secrets that stand in an object itself are found by where they stand, whatever they look like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retinue.core.literals import key_in, key_like, screened, signs
from retinue.core.model import Json, Kind
from retinue.providers.openai_agents import PROVIDER
from retinue.schema import with_extras

KIND = with_extras(PROVIDER.capabilities.kinds, PROVIDER.name, PROVIDER.capabilities.extras)["Assistant"]
CANARY = "c4n4ry-7f3a"


def context(**members: Json) -> dict[str, Json]:
    return {"providers": {"x": members}}


def tool(**members: Json) -> dict[str, Json]:
    return {"tools": [{"type": "function"}, {"type": "mcp", **members}]}


SHAPES: list[tuple[dict[str, Any], str]] = [
    (tool(headers={"AUTHORIZATION": CANARY}), "/tools/1/headers/AUTHORIZATION"),
    (tool(headers={"authorization": f"Basic {CANARY}"}), "/tools/1/headers/authorization"),
    (tool(headers={"Authorization": f"Bearer {CANARY}"}), "/tools/1/headers/Authorization"),
    (tool(headers={"X-Mine": f"bearer {CANARY}"}), "/tools/1/headers/X-Mine"),
    (tool(headers={"x-api-key": CANARY}), "/tools/1/headers/x-api-key"),
    (tool(headers={"Ocp-Apim-Subscription-Key": CANARY}), "/tools/1/headers/Ocp-Apim-Subscription-Key"),
    (tool(headers={"Cookie": f"session={CANARY}"}), "/tools/1/headers/Cookie"),
    (tool(headers={"Authorization": [f"Bearer {CANARY}"]}), "/tools/1/headers/Authorization/0"),
    (tool(headers=[{"name": "X-Api-Key", "value": CANARY}]), "/tools/1/headers/0/value"),
    (tool(t={"http_headers": {"Proxy-Authorization": CANARY}}), "/tools/1/t/http_headers/Proxy-Authorization"),
    (tool(authorization=CANARY), "/tools/1/authorization"),
    (tool(server_url=f"https://user:{CANARY}@host/mcp"), "/tools/1/server_url"),
    (tool(server_url=f"HTTPS://{CANARY}@host"), "/tools/1/server_url"),
    (tool(server_url=f"https://a:b@{CANARY}@host/mcp"), "/tools/1/server_url"),
    (tool(server_url=f"https://host/mcp?tenant=1&api_key={CANARY}&x=2#top"), "/tools/1/server_url"),
    (tool(server_url=f"https://host/mcp?api%5Fkey={CANARY}"), "/tools/1/server_url"),
    (tool(server_url=f"https://host/api/mcp?code={CANARY}"), "/tools/1/server_url"),
    (context(token=CANARY), "/providers/x/token"),
    (context(clientSecret=CANARY), "/providers/x/clientSecret"),
    (context(openAIApiKey=CANARY), "/providers/x/openAIApiKey"),
    (context(db={"postgres": {"password": CANARY}}), "/providers/x/db/postgres/password"),
    (context(db=f"postgres://user:{CANARY}@db:5432/x"), "/providers/x/db"),
    (context(env=[{"name": "API_TOKEN", "value": CANARY}]), "/providers/x/env/0/value"),
    (context(aws={"secret_access_key": CANARY}), "/providers/x/aws/secret_access_key"),
]


@pytest.mark.parametrize(("spec", "pointer"), SHAPES, ids=[pointer for _, pointer in SHAPES])
def test_a_secret_is_found_masked_and_taken_out(spec: dict[str, Any], pointer: str) -> None:
    masked, found = screened(spec, KIND)
    assert found == (pointer,)
    assert CANARY not in json.dumps(masked) and "[key]" in json.dumps(masked)
    bare, again = screened(spec, KIND, mask=False)
    assert again == found
    assert CANARY not in json.dumps(bare) and "[key]" not in json.dumps(bare)
    assert screened(bare, KIND) == (bare, ())


@pytest.mark.parametrize(
    "spec",
    [
        tool(headers={"Accept": "text/plain", "X-Tenant": "7", "X-Monkey": "yes"}),
        tool(server_url="https://host:8443/mcp?tenant=1&page_token_size=2#user@x"),
        tool(server_url="https://host/@scope/mcp", max_tokens=100, credential_id="cred_1"),
        tool(function={"name": "get_token", "parameters": {"properties": {"token": {"type": "string"}}}}),
        context(model="gpt-5", token="", tokens="many", tokenizer="9", monkey="x", secretary="Ms. Key"),
        {"instructions": "https://user:pw@host", "metadata": {"token": "plain", "url": "https://a:b@c"}},
    ],
)
def test_what_is_no_secret_stays_as_it_is(spec: dict[str, Any]) -> None:
    assert screened(spec, KIND) == (spec, ())


def test_the_rest_of_a_url_stays() -> None:
    url = "https://u:p@host:1/mcp?a=1&token=t&b=%20#f"
    assert screened(tool(server_url=url), KIND)[0]["tools"][1]["server_url"] == (
        "https://[key]@host:1/mcp?a=1&token=[key]&b=%20#f"
    )
    bare, _ = screened(tool(server_url=url), KIND, mask=False)
    assert bare["tools"][1]["server_url"] == "https://host:1/mcp?a=1&b=%20#f"


def test_fields_that_the_kind_does_not_know_are_left_alone() -> None:
    kind = Kind("Thing", "thing", "name", "things", {})
    assert screened({"token": "x", "headers": {"Cookie": "y"}}, kind)[1] == ()


def test_a_header_signs_by_its_name_or_its_value() -> None:
    assert signs("Authorization") and signs("X-Anything", "Basic dXNlcg==") and not signs("Accept", "*/*")


@pytest.mark.parametrize("part", ["a", "a.", "_eyJ", "http://", "://a:", "-----BEGIN ", "token:", "sk-", "a+b://u:p"])
def test_a_long_text_is_searched_once_from_end_to_end(part: str) -> None:
    """With an unbounded repetition each of these would take hours."""
    assert key_in(part * (250_000 // len(part))) is None
    assert key_in("see https://user:s3cret@host/x") == 4


def test_keys_are_found_in_prompts_and_in_metadata() -> None:
    key = "sk-a1B2c3D4e5F6g7H8i9J0"
    spec = {"instructions": f"Use {key}.", "metadata": {"api_key": "a1B2c3D4e5", "note": "plain", "n": 1, "x": key}}
    found = dict(key_like(spec, KIND))
    assert found == {("instructions",): 4, ("metadata", "api_key"): 0, ("metadata", "x"): 0}
