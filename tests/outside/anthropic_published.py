"""Two judges of requests to Managed Agents and of their answers: the published document, and the SDK's own types.

The document is of 2026-05-31: it judges the members that it knows. The SDK's types know all, but hardly a limit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

import jsonschema

from .published import PACKAGE, REF

FILE = "anthropic/official/openapi.yml"
SHA256 = "f9d488f9290d78a081bed62fa0c040476b5d009f3db92c06c8e279e69df73fc9"
Schemas = dict[str, Any]
_CONFIG = ("type", "allowed_domains", "blocked_domains", "user_location", "max_content_tokens", "url_sources")
NEWER: Mapping[str, tuple[str, ...]] = {
    "BetaManagedAgentsAgent": ("execution_identity",),
    "BetaManagedAgentsCreateAgentParams": ("execution_identity",),
    "BetaManagedAgentsUpdateAgentParams": ("execution_identity",),
    "BetaManagedAgentsModelConfig": ("effort", "inference_geo"),
    "BetaManagedAgentsModelConfigParams": ("effort", "inference_geo"),
    "BetaManagedAgentsAgentToolConfig": _CONFIG,
    "BetaManagedAgentsAgentToolConfigParams": _CONFIG,
}
"""What the document does not know yet, by schema; the SDK's types judge it. Any other unknown member is an error."""
NEWER_KIND = {"required": ["type"], "properties": {"type": {"const": "multiagent_20261001"}}}
TEAMS = ("BetaManagedAgentsMultiagent", "BetaManagedAgentsMultiagentParams")


class Exchange(NamedTuple):
    """`path` is without the prefix of the emulator: `/v1/agents`."""

    method: str
    path: str
    request: Any
    status: int
    answer: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} {json.dumps(self.request)[:500]} answered {self.status}: {self.answer}"


@cache
def document() -> dict[str, Any]:
    """The document as published; the file that carries it is pinned by its digest."""
    found = [file for file in metadata.files(PACKAGE) or () if file.as_posix().endswith(FILE)]
    text = found[0].read_binary()
    if (digest := hashlib.sha256(text).hexdigest()) != SHA256:
        raise ValueError(f"{found[0]} has the digest {digest}, not {SHA256}")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _plain(node: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: null is a type."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    copied = {key: _plain(value) for key, value in node.items() if key not in ("nullable", "discriminator", "example")}
    return {"anyOf": [copied, {"type": "null"}]} if node.get("nullable") is True else copied


@cache
def _schemas() -> Schemas:
    schemas: Schemas = {
        name: _plain(schema)
        for name, schema in document()["components"]["schemas"].items()
        if name.startswith(("BetaManagedAgents", "BetaTimestamp")) or name.endswith(("Error", "ErrorResponse"))
    }
    for name, members in NEWER.items():
        schemas[name]["properties"] |= {member: {} for member in members}
    for name in TEAMS:
        schemas[name] = {"anyOf": [schemas[name], NEWER_KIND]}
    # The SDK has both otherwise: a version is optional, and a schema of input may have further members.
    del schemas["BetaManagedAgentsUpdateAgentParams"]["required"]
    del schemas["BetaManagedAgentsCustomToolInputSchema"]["additionalProperties"]
    return schemas


@cache
def _by_document(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": REF + name, "components": {"schemas": _schemas()}})


def _closed(node: Any, name: str = "") -> Any:
    """A copy in which an object has no other members than those listed, but for a tool's schema of its input."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    copied = {key: _closed(value, key) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "InputSchema" not in name:
        copied["additionalProperties"] = False
    return copied


class Judge:
    """`types`: the JSON Schemas that the SDK prints of its types."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = {name: jsonschema.Draft202012Validator(_closed(schema)) for name, schema in types.items()}

    def complaints(self, exchange: Exchange) -> list[str]:
        """What is wrong with an answer, and with a request that was accepted."""
        found = self._of_answer(exchange)
        kind = {("POST", 2): "Create", ("POST", 3): "Update"}.get((exchange.method, exchange.path.count("/")))
        if kind and exchange.status == 200:
            found += _errors(_by_document(f"BetaManagedAgents{kind}AgentParams"), exchange.request)
            found += _errors(self._types[f"Agent{kind}Params"], exchange.request)
        return [f"{problem}: {exchange}" for problem in found]

    def _of_answer(self, exchange: Exchange) -> list[str]:
        declared = _declared(exchange.method, exchange.path)
        if exchange.status >= 400:
            known = declared is None or str(exchange.status) in declared
            return [
                *([] if known else [f"the document has no status {exchange.status}"]),
                *_errors(_by_document("BetaErrorResponse"), exchange.answer),
                *_errors(self._types["BetaErrorResponse"], exchange.answer),
            ]
        if exchange.path == "/v1/deployments":
            every = exchange.answer["data"]
            return [problem for one in every for problem in _errors(self._types["BetaManagedAgentsDeployment"], one)]
        if declared is None:
            return ["the document has no such route"]
        schema = declared[str(exchange.status)]["content"]["application/json"]["schema"]["$ref"].removeprefix(REF)
        agents = exchange.answer.get("data", [exchange.answer])
        of_type = (_errors(self._types["BetaManagedAgentsAgent"], agent) for agent in agents)
        return [*_errors(_by_document(schema), exchange.answer), *(problem for some in of_type for problem in some)]


def _errors(validator: jsonschema.Draft202012Validator, value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def _declared(method: str, path: str) -> Any:
    """The answers that the document has for a request, by status."""
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template.partition("?")[0]))
        if method.lower() in methods and re.fullmatch(pattern, path):
            return methods[method.lower()]["responses"]
    return None
