"""The samples of Azure's reference under 2024-02-15-preview, with the SDK that had assistant files. Run by that SDK."""

from __future__ import annotations

import json
import sys
from typing import Any

import openai

client: Any = openai.AzureOpenAI(
    api_key="0123456789abcdef", api_version="2024-02-15-preview", azure_endpoint=sys.argv[1], max_retries=0
)
assistants = client.beta.assistants
found: dict[str, Any] = {"sdk": openai.__version__}

made = assistants.create(
    instructions="You are an AI assistant that can write code to help answer math questions",
    model="<REPLACE WITH MODEL DEPLOYMENT NAME>",
    tools=[{"type": "code_interpreter"}],
)
found["created"] = [tool.type for tool in made.tools]
found["attached"] = assistants.files.create(assistant_id=made.id, file_id="assistant-abc123").object
found["listed"] = [file.id for file in assistants.files.list(assistant_id=made.id)]
found["retrieved"] = assistants.files.retrieve(assistant_id=made.id, file_id="assistant-abc123").id
changes = {
    "instructions": "You are an HR bot, and you have access to files to answer employee questions.",
    "name": "HR Helper",
    "model": "gpt-4",
    "file_ids": ["assistant-abc123", "assistant-abc456"],
}
try:
    assistants.update(made.id, tools=[{"type": "code-interpreter"}], **changes)
except openai.BadRequestError as error:
    found["hyphen"] = error.code
found["updated"] = assistants.update(made.id, tools=[{"type": "code_interpreter"}], **changes).file_ids
found["assistants"] = len(assistants.list(order="desc", limit="20").data)
found["detached"] = assistants.files.delete(assistant_id=made.id, file_id="assistant-abc123").deleted
found["left"] = assistants.retrieve(made.id).file_ids
found["deleted"] = assistants.delete(made.id).deleted
print(json.dumps(found))
