"""What Flowise's words mean: nearly every failure has the status 500."""

from __future__ import annotations

import pytest

from retinue.providers.flowise.verdicts import classify, remedy_for
from retinue.providers.wire import Answer, Verb, Verdict

A = "Error: assistantsService."
GET, LIST, CREATE, UPDATE, DELETE = Verb.GET, Verb.LIST, Verb.CREATE, Verb.UPDATE, Verb.DELETE
WORDS = [
    (GET, f"{A}getAssistantById - Assistant 1-2 not found", Verdict.ABSENT),
    (UPDATE, f"{A}updateAssistant - Assistant 1-2 not found", Verdict.ABSENT),
    (DELETE, f"{A}deleteAssistant - Assistant a/b c not found", Verdict.ABSENT),
    # of something else that is not there
    (UPDATE, f"{A}updateAssistant - Error updating assistant - Credential 1-2 not found", Verdict.REJECTED),
    (DELETE, f"{A}deleteAssistant - Error deleting assistant - Credential 1-2 not found", Verdict.REJECTED),
    (UPDATE, f"{A}updateAssistant - Error updating assistant - 404 No assistant found with id 'x'.", Verdict.REJECTED),
    (CREATE, f"{A}createAssistant - Error creating new assistant - 410 gone", Verdict.REJECTED),
    (GET, "Error: chatflowsService.getChatflowById - Chatflow 1 not found", Verdict.RETRY),
    # the row is gone by then, whatever the upstream said
    (DELETE, f"{A}deleteAssistant - Error deleting assistant - 503 busy", Verdict.REJECTED),
    # what the request itself was
    (CREATE, f"{A}createAssistant - Invalid request body", Verdict.REJECTED),
    (CREATE, f'{A}createAssistant - "[object Object]" is not valid JSON', Verdict.REJECTED),
    (UPDATE, f"{A}updateAssistant - Details must include a name field", Verdict.REJECTED),
    (UPDATE, f"{A}updateAssistant - Details cannot be empty", Verdict.REJECTED),
    (CREATE, f"{A}createAssistant - SQLITE_CONSTRAINT: NOT NULL constraint failed: assistant.credential",
     Verdict.REJECTED),
    (CREATE, f"{A}createAssistant - Error creating new assistant - OpenAI ApiKey not found", Verdict.REJECTED),
    (CREATE, f"{A}createAssistant - Error creating new assistant - 400 Missing required parameter: 'model'.",
     Verdict.REJECTED),
    (CREATE, "401 Unauthorized – check your API key and ensure it has access to the requested model.",
     Verdict.REJECTED),
    # what may pass: of a create nobody can say whether the upstream made it
    (CREATE, f"{A}createAssistant - Error creating new assistant - 429 slow down", Verdict.RETRY),
    (CREATE, f"{A}createAssistant - Error creating new assistant - 500 oops", Verdict.RETRY),
    (UPDATE, f"{A}updateAssistant - Error updating assistant - 503 busy", Verdict.RETRY),
    (UPDATE, f"{A}updateAssistant - Error updating assistant - Connection error.", Verdict.RETRY),
    (LIST, f"{A}getAllAssistants - SQLITE_BUSY: database is locked", Verdict.RETRY),
    (LIST, "Error: openaiAssistantsService.getAllOpenaiAssistants - 404 Not Found", Verdict.REJECTED),
    (LIST, "Error: openaiAssistantsService.getAllOpenaiAssistants - 500 oops", Verdict.RETRY),
    # Flowise has tried three times by then
    (LIST, "Error: openaiAssistantsService.getAllOpenaiAssistants - Connection error.", Verdict.REJECTED),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "message", "verdict"), WORDS)
def test_a_500_means_what_its_words_say(verb: Verb, message: str, verdict: Verdict) -> None:
    body = {"statusCode": 500, "success": False, "message": message, "stack": {}}
    assert classify(verb, Answer(500, {}, body)) is verdict


@pytest.mark.parametrize("verb", list(Verb))
def test_a_page_is_never_an_answer(verb: Verb) -> None:
    assert classify(verb, Answer(200, {"content-type": "text/html"}, None, "<!DOCTYPE html>")) is Verdict.UNKNOWN


def test_a_list_is_a_list_and_an_object_an_object() -> None:
    assert classify(LIST, Answer(200, {}, [])) is Verdict.OK
    assert classify(LIST, Answer(200, {}, {})) is Verdict.UNKNOWN
    assert classify(GET, Answer(200, {}, [])) is Verdict.UNKNOWN


def test_a_refusal_over_the_key_in_a_credential_does_not_blame_our_key() -> None:
    assert "not the one in retinue.yaml" in (remedy_for("401 Unauthorized – check your API key") or "")
