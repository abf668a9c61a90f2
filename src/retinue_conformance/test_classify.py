"""The classify table is total and honest: every answer has a meaning, and none is taken for better than it is."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import pytest

from retinue.core.model import Json
from retinue.providers.wire import Answer, Classify, Verb, Verdict

from .bench import Bench

STATUSES = (*range(100, 600), 0, -1, 600, 999)
TELLS_NOTHING: tuple[Json, ...] = (None, {}, {"error": None}, {"message": "no"})
BODIES: tuple[Json, ...] = (
    *TELLS_NOTHING,
    [],
    [{}],
    "text",
    7,
    1.5,
    True,
    {"error": "text"},
    {"error": {"message": None, "code": 7, "param": []}},
    {"error": [{"error": {}}]},
    {"data": None},
    {"data": [None]},
    {"id": None},
    {"detail": [{"loc": ["body"], "msg": "no"}]},
    {"statusCode": 500, "message": {"a": 1}},
)
TEXTS = ("", "<!doctype html><title>Welcome</title>", "\ud800", "{" * 50)


@pytest.fixture
def table(bench: Bench) -> Classify:
    if bench.subject.classify is None:
        pytest.skip("the provider does not speak HTTP")
    return bench.subject.classify


def _wrong(table: Classify, verbs: Iterable[Verb], answers: Iterable[Answer], right: set[Verdict]) -> list[str]:
    return [
        f"    {verb} {answer.status} {answer.body!r} {answer.text[:20]!r}: {verdict}"
        for answer in answers
        for verb in verbs
        if (verdict := table(verb, answer)) not in right
    ]


def _show(bench: Bench, wrong: list[str], rule: str) -> None:
    if wrong:
        rest = f"\n    and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        bench.fail(f"classify: {rule}\n" + "\n".join(wrong[:8]) + rest)


def _with(statuses: Iterable[int], bodies: Iterable[Json] = TELLS_NOTHING) -> list[Answer]:
    return [Answer(status, {}, body) for status in statuses for body in bodies]


def test_every_answer_has_a_meaning(bench: Bench, table: Classify) -> None:
    every = _with(STATUSES, BODIES) + [Answer(status, {}, None, text) for status in STATUSES for text in TEXTS]
    for answer in every:
        for verb in Verb:
            try:
                verdict = table(verb, answer)
            except Exception as error:
                bench.fail(f"classify({verb}, {answer}) raised {type(error).__name__}: {error}; it must be total")
            if not isinstance(verdict, Verdict):
                bench.fail(f"classify({verb}, {answer}) is {verdict!r}, no Verdict")


def test_the_table_is_pure(bench: Bench, table: Classify) -> None:
    for answer in _with((200, 400, 404, 429, 500), BODIES):
        for verb in Verb:
            before = copy.deepcopy(answer.body)
            if table(verb, answer) is not table(verb, answer):
                bench.fail(f"classify({verb}, {answer}) does not answer the same twice")
            if answer.body != before:
                bench.fail(f"classify({verb}, ...) changed the body {before!r} into {answer.body!r}")


def test_only_success_is_ok(bench: Bench, table: Classify) -> None:
    others = [status for status in STATUSES if not 200 <= status < 300]
    wrong = _wrong(table, Verb, _with(others, BODIES), set(Verdict) - {Verdict.OK})
    _show(bench, wrong, "an answer other than 2xx is never ok")


def test_success_without_an_object_is_never_ok(bench: Bench, table: Classify) -> None:
    bodies = [None, "text", 7, 1.5, True]
    # A delete may well answer nothing, a list may be a bare array.
    answers = [Answer(200, {}, body) for body in bodies] + [Answer(200, {}, None, text) for text in TEXTS[1:]]
    rest = set(Verdict) - {Verdict.OK}
    wrong = _wrong(table, set(Verb) - {Verb.DELETE}, answers, rest)
    wrong += _wrong(table, (Verb.GET, Verb.CREATE, Verb.UPDATE), _with((200, 201, 202), ([], [{}])), rest)
    wrong += _wrong(table, (Verb.DELETE,), [Answer(200, {}, None, TEXTS[1])], rest)
    _show(
        bench,
        wrong,
        "2xx with HTML, text or another type in place of the object is never ok: a proxy answers like that",
    )


def test_404_on_the_list_means_that_the_api_is_gone(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, (Verb.LIST,), _with((404, 410), (*TELLS_NOTHING, "text")), {Verdict.GONE})
    _show(bench, wrong, "404 on the list is `gone`; taken for an empty list, a plan would create everything again")


def test_404_on_one_object_is_absent_or_gone(bench: Bench, table: Classify) -> None:
    verbs = (Verb.GET, Verb.UPDATE, Verb.DELETE)
    wrong = _wrong(table, verbs, _with((404,)), {Verdict.ABSENT, Verdict.GONE})
    _show(bench, wrong, "404 on one object is `absent` (or `gone`, if the service tells them apart)")


def test_a_create_is_never_absent(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, (Verb.CREATE, Verb.LIST), _with(STATUSES, BODIES), set(Verdict) - {Verdict.ABSENT})
    _show(bench, wrong, "there is nothing that a create or a list could miss")


def test_401_and_403_are_the_credentials(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, Verb, _with((401, 403), BODIES), {Verdict.AUTH})
    _show(bench, wrong, "401 and 403 are `auth` for every verb")


def test_what_may_pass_is_retried(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, Verb, _with((429,), BODIES), {Verdict.RETRY})
    wrong += _wrong(table, Verb, _with((500, 502, 503, 504)), {Verdict.RETRY})
    _show(bench, wrong, "429 is `retry`, and so is a 5xx whose body does not say more")


def test_what_cannot_pass_is_not_retried(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, Verb, _with((400, 405, 413, 415, 422), BODIES), set(Verdict) - {Verdict.OK, Verdict.RETRY})
    _show(bench, wrong, "a refusal of the request itself is neither ok nor `retry`")


def test_a_redirect_is_no_answer(bench: Bench, table: Classify) -> None:
    wrong = _wrong(table, Verb, _with((301, 302, 307, 308)), {Verdict.UNKNOWN, Verdict.REJECTED})
    _show(bench, wrong, "a redirect is `unknown` or `rejected`: keys are never sent to another place")
