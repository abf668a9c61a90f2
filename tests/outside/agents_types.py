"""Prints what the SDK of this interpreter says of an agent: the JSON Schemas of both requests and of the answer."""

from __future__ import annotations

import json

from openai.types.beta import Agent, AgentCreateParams, AgentUpdateParams
from pydantic import TypeAdapter  # type: ignore[import-not-found]

for kind in (AgentCreateParams, AgentUpdateParams, Agent):
    print(kind.__name__, json.dumps(TypeAdapter(kind).json_schema(), indent=2, sort_keys=True), sep="\n")
