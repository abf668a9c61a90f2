"""What an answer of Flowise means. Nearly every failure is a 500, so the text decides (measured on 3.1.4)."""

from __future__ import annotations

import re

from ..lenient import mapping, text
from ..wire import Answer, Verb, Verdict, by_status

_ABSENT = re.compile(
    r"Service\.\w+ - (?:Assistant [^\n]* not found|Chatflow [^\n]* not found in the database!|Invalid Chatflow ID)$"
)
_ROW_GONE = re.compile(r"Error deleting assistant - ")
_UPSTREAM = re.compile(r"(?:Error (?:creating new|updating) assistant|openaiAssistantsService\.\w+) - (\d{3})\b")
_REFUSED = re.compile(
    r"Invalid request body|is not valid JSON|Details (?:must|cannot)|Credential [^\n]* not found"
    r"|OpenAI ApiKey not found|NOT NULL constraint|null value in column|Missing required parameter"
    r"|401 Unauthorized|invalid input syntax for type uuid"
    r"|permission to delete|Node \w+ not found"
)
# Flowise has tried three times by then, and a plan goes on without the answer.
_NO_UPSTREAM = re.compile(r"openaiAssistantsService\.\w+ - Connection error")

_REMEDIES = (
    (re.compile(r"Credential [^\n]* not found"), "Give the row another credential; a row whose credential is gone"
     " can be neither changed nor deleted."),
    (re.compile(r"OpenAI ApiKey not found"), "A row of type OPENAI needs a credential of the kind `openAIApi`."),
    (re.compile(r"401 Unauthorized"), "The key inside the Flowise credential is wrong, not the one in retinue.yaml."),
    (re.compile(r"assistant - 4(?:04|10)\b"), "The upstream of Flowise has no such assistant, or no Assistants API any"
     " more (OpenAI shut its own down on 2026-08-26). `type: CUSTOM` needs no upstream."),
)  # fmt: skip


def classify(verb: Verb, answer: Answer) -> Verdict:
    """200 with anything but the object or the list is not the API's answer: an unknown route answers with a page."""
    status = answer.status
    if 200 <= status < 300:
        wanted = list if verb is Verb.LIST else dict
        return Verdict.OK if status == 200 and isinstance(answer.body, wanted) else Verdict.UNKNOWN
    if status < 500:
        return by_status(verb, status)
    # Two of the service's three envelopes have its own words in `message`.
    words = text(mapping(answer.body).get("message", mapping(answer.body).get("error"))) or ""
    if _ABSENT.search(words):
        return Verdict.REJECTED if verb in (Verb.LIST, Verb.CREATE) else Verdict.ABSENT
    # The row is deleted before the upstream is asked: a second attempt would only hide the first answer.
    gone = verb is Verb.DELETE and _ROW_GONE.search(words)
    upstream = _UPSTREAM.search(words)
    refused = upstream and 400 <= int(upstream[1]) < 500 and int(upstream[1]) not in (408, 409, 429)
    final = gone or refused or _REFUSED.search(words) or _NO_UPSTREAM.search(words)
    return Verdict.REJECTED if final else Verdict.RETRY


def remedy_for(text: str) -> str | None:
    """What to do about a refusal, by its words."""
    return next((remedy for pattern, remedy in _REMEDIES if pattern.search(text)), None)


def is_gone_upstream(text: str) -> bool:
    """True if a refusal says that the upstream has no such assistant, or no such API."""
    return re.search(r"- (?:404|410)\b", text) is not None
