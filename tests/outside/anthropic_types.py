"""Prints what the SDK of this interpreter says of a managed agent: JSON Schemas of requests and answers, by name."""

from __future__ import annotations

import json

from anthropic.types import BetaErrorResponse, beta
from anthropic.types.beta import agent_create_params, agent_update_params
from pydantic import TypeAdapter  # type: ignore[import-not-found]

KINDS = (
    agent_create_params.AgentCreateParams,
    agent_update_params.AgentUpdateParams,
    beta.BetaManagedAgentsAgent,
    beta.BetaManagedAgentsDeployment,
    BetaErrorResponse,
)
schemas = {kind.__name__: TypeAdapter(kind).json_schema() for kind in KINDS}
for schema in schemas.values():
    # Of the headers; every new beta of the vendor's would be a change of an agent.
    schema["properties"] = {
        name: of for name, of in schema["properties"].items() if name not in ("betas", "workspace_id")
    }
print(json.dumps(schemas, indent=2, sort_keys=True))
