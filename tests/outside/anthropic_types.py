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
print(json.dumps({kind.__name__: TypeAdapter(kind).json_schema() for kind in KINDS}, indent=2, sort_keys=True))
