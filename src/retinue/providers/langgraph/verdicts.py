"""What an answer of a LangGraph server means, and what to do about a refusal."""

from __future__ import annotations

import re

from ..lenient import mapping, text
from ..wire import Answer, Verb, Verdict

_UNKNOWN_GRAPH = re.compile(r"Graph '[^']*' not found\. Expected one of: \[(.*)")


def classify(verb: Verb, answer: Answer) -> Verdict:
    """A delete answers 204 and nothing; a list is a bare array."""
    status = answer.status
    if 200 <= status < 300:
        if verb is Verb.DELETE:
            good = answer.status in (200, 204) and (answer.body is not None or not answer.text)
        else:
            good = answer.status == 200 and isinstance(answer.body, list if verb is Verb.LIST else dict)
        return Verdict.OK if good else Verdict.UNKNOWN
    if status in (401, 403):
        return Verdict.AUTH
    if status in (404, 410):
        if known_graphs(text(mapping(answer.body).get("detail")) or "") is not None:
            return Verdict.REJECTED
        return Verdict.GONE if verb in (Verb.LIST, Verb.CREATE) else Verdict.ABSENT
    if status == 409 and verb is Verb.CREATE:
        return Verdict.REJECTED
    if status in (408, 409, 429) or status >= 500:
        return Verdict.RETRY
    return Verdict.REJECTED if 400 <= status < 500 else Verdict.UNKNOWN


def known_graphs(text: str) -> list[str] | None:
    """The graphs of the server, out of its refusal of another one; None if the text is no such refusal."""
    match = _UNKNOWN_GRAPH.search(text)
    return re.findall(r"'([^']*)'", match[1]) if match else None
