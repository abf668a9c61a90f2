"""The project that `retinue init` writes: one object that applies to the embedded emulator as it is. Writes nothing."""

from __future__ import annotations

from .assistants_v2 import ASSISTANT

FOLDER = ASSISTANT.plural
"""Where manifests of a new project are."""
PROVIDER = "openai-assistants"
PROJECT = """\
version: 1
project: {name}
manifests: [assistants]
environments:
  local:
    provider: {provider}
    endpoint: emulator            # a local server inside retinue: no account, no key
    variables: {{model: gpt-4o-mini}}
"""
_MANIFEST = """\
assistant: greeter
name: Greeter
description: Welcomes new colleagues and answers their first questions.
model: ${var.model}
instructions: {file: ../prompts/greeter.md}
temperature: 0.3
"""
_PROMPT = """\
You welcome new colleagues.

- Answer in at most five sentences, in the language of the question.
- If you do not know how something is done here, say so and name who could know: the person's manager or the
  people team. Never invent a rule, a name or a link.
- End with one question that helps the person take the next step.
"""
FILES = {f"{FOLDER}/greeter.yaml": _MANIFEST, "prompts/greeter.md": _PROMPT}
"""What stands beside the project's file, by path."""
