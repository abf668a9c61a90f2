"""The transport against a scripted server: what is repeated, what never is, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from retinue.core.errors import (
    ApiGone,
    AuthError,
    HeldBack,
    NotFound,
    NotSent,
    Rejected,
    RetinueError,
    ServiceError,
    UnknownOutcome,
    Unreachable,
    UsageError,
)
from retinue.providers.gate import Clock, Gate
from retinue.providers.http import Http, retry_after
from retinue.providers.lines import trust
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Verb


class VirtualClock(Clock):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.waits.append(seconds)
        self.time += seconds


Step = httpx.Response | Exception


class Script:
    """A server that answers one prepared step for each request."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body or {"id": "x"})


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, **rest}}, headers=headers)


@pytest.fixture
def make() -> Callable[..., tuple[Http, Script, VirtualClock]]:
    def build(
        *steps: Step, budget: float = 900.0, create_repeatable: bool = False, told: Any = None, **headers: str
    ) -> tuple[Http, Script, VirtualClock]:
        script, clock = Script(*steps), VirtualClock()
        transport = httpx.MockTransport(script)
        connection = Connection("https://host/v1", headers, transport=transport, clock=clock, budget=budget)
        if told is not None:
            sinks: dict[str, Any] = {"progress": told.append, "status": lambda text: told.append(f"({text})")}
            connection = replace(connection, **sinks)
        return Http(connection, classify, create_repeatable=create_repeatable), script, clock

    return build


SAFE = [(Verb.LIST, "GET"), (Verb.GET, "GET"), (Verb.UPDATE, "POST"), (Verb.DELETE, "DELETE")]
PASSING: list[Step] = [
    error(500),
    error(502),
    error(504),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("cut"),
    httpx.Response(200, text="<html>hello</html>"),
    httpx.Response(200, text='{"id": "x", "temperature": NaN}'),
    httpx.Response(200, text='{"id": "x", "temperature": NaN}'),
]


@pytest.mark.parametrize(("verb", "method"), SAFE)
@pytest.mark.parametrize("step", PASSING, ids=str)
def test_what_is_safe_to_repeat_is_repeated_after_a_passing_failure(
    make: Any, verb: Verb, method: str, step: Step
) -> None:
    http, script, _ = make(step, ok())
    assert http.send(verb, method, "assistants/x") == {"id": "x"}
    assert len(script.requests) == 2


@pytest.mark.parametrize("step", PASSING, ids=str)
def test_a_create_is_never_repeated_when_it_may_have_happened(make: Any, step: Step) -> None:
    http, script, _ = make(step)
    with pytest.raises(UnknownOutcome):
        http.send(Verb.CREATE, "POST", "assistants", body={})
    assert len(script.requests) == 1


@pytest.mark.parametrize("step", [*PASSING, error(429), error(503, headers={"Retry-After": "7"})], ids=str)
def test_a_create_that_is_safe_to_repeat_is_repeated_as_it_was(make: Any, step: Step) -> None:
    http, script, _ = make(step, ok(), create_repeatable=True)
    assert http.send(Verb.CREATE, "POST", "assistants", body={"id": "x"}) == {"id": "x"}
    assert [request.content for request in script.requests] == [b'{"id":"x"}'] * 2


def test_a_create_that_is_safe_to_repeat_and_never_answered_is_still_unknown(make: Any) -> None:
    http, script, _ = make(*[httpx.ReadError("cut")] * 6, create_repeatable=True)
    with pytest.raises(UnknownOutcome):
        http.send(Verb.CREATE, "POST", "assistants", body={})
    assert len(script.requests) == 6


def test_the_detail_of_a_refusal_is_what_it_says(make: Any) -> None:
    http, _, _ = make(httpx.Response(422, json={"detail": "no such graph"}))
    with pytest.raises(Rejected, match="answered 422: no such graph"):
        http.send(Verb.GET, "GET", "assistants/x")


@pytest.mark.parametrize("step", [httpx.ConnectError("refused"), httpx.ConnectTimeout("no")], ids=str)
def test_a_create_is_repeated_when_it_surely_did_not_happen(make: Any, step: Step) -> None:
    http, script, _ = make(step, ok())
    http.send(Verb.CREATE, "POST", "assistants", body={})
    assert len(script.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_create_that_was_held_back_is_the_callers_to_repeat_once_the_wait_is_over(make: Any, status: int) -> None:
    http, script, clock = make(error(status, headers={"Retry-After": "7"}), ok())
    started = clock.now()
    with pytest.raises(HeldBack):
        http.send(Verb.CREATE, "POST", "assistants", body={})
    http.send(Verb.CREATE, "POST", "assistants", body={})
    assert (len(script.requests), clock.now() - started) == (2, 7)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (error(401, code="invalid_api_key"), AuthError),
        (error(403), AuthError),
        (error(400, code="invalid_type"), Rejected),
        (error(404), NotFound),
    ],
    ids=str,
)
def test_what_cannot_pass_is_raised_at_once(make: Any, answer: httpx.Response, raised: type[Exception]) -> None:
    http, script, _ = make(answer)
    with pytest.raises(raised):
        http.send(Verb.GET, "GET", "assistants/x")
    assert len(script.requests) == 1


@pytest.mark.parametrize("header", [{"Authorization": "Bearer sk-canary"}, {"api_key": "sk-canary"}], ids=str)
@pytest.mark.parametrize(
    "step",
    [
        error(401, "Incorrect API key provided: sk-canary."),
        error(400, "no", param="sk-canary", code="sk-canary"),
        httpx.Response(403, text="<p>sk-canary</p>"),
        httpx.RemoteProtocolError("Illegal header value b'Bearer sk-canary'"),
    ],
    ids=str,
)
def test_a_key_that_comes_back_in_a_failure_is_not_shown(make: Any, step: Step, header: dict[str, str]) -> None:
    http, _, _ = make(*[step] * 6, **header)
    with pytest.raises((AuthError, Rejected, Unreachable)) as caught:
        http.send(Verb.GET, "GET", "assistants/x")
    assert "sk-canary" not in f"{caught.value.message} {vars(caught.value)}"


# --- a token that runs out


class Tokens:
    """Gives `token-000001` and on; `meanwhile` happens while somebody waits for one."""

    def __init__(self, *steps: Step, budget: float = 900.0, meanwhile: Callable[[Tokens], object] = id) -> None:
        self.script, self.clock, self.given, self.stop = Script(*steps), VirtualClock(), 0, threading.Event()
        self.meanwhile = meanwhile
        connection = Connection(
            "https://host/v1",
            self.next(),
            transport=httpx.MockTransport(self.script),
            clock=self.clock,
            budget=budget,
            stop=self.stop,
            renew=self.renew,
        )
        self.http = Http(connection, classify)

    def next(self) -> dict[str, str]:
        self.given += 1
        return {"Authorization": f"Bearer token-{self.given:06}"}

    def renew(self) -> dict[str, str]:
        self.meanwhile(self)
        return self.next()


VERBS = [*SAFE, (Verb.CREATE, "POST")]


@pytest.mark.parametrize(("verb", "method"), VERBS)
def test_what_was_refused_for_its_token_is_sent_once_more_with_another(verb: Verb, method: str) -> None:
    made = Tokens(ok(), error(401), ok(id="y"))
    made.http.send(Verb.LIST, "GET", "/x")
    assert made.http.send(verb, method, "/x", body={"a": 1}) == {"id": "y"}
    sent = [request.headers["Authorization"][-1] for request in made.script.requests]
    assert sent == ["1", "1", "2"]
    assert made.script.requests[1].content == made.script.requests[2].content


@pytest.mark.parametrize(("verb", "method"), VERBS)
def test_a_second_token_that_is_refused_is_the_end(verb: Verb, method: str) -> None:
    made = Tokens(ok(), error(401), error(401, "not token-000001 nor token-000002"))
    made.http.send(Verb.LIST, "GET", "/x")
    with pytest.raises(AuthError, match=r"not \[key\] nor \[key\]"):
        made.http.send(verb, method, "/x")


def test_of_two_keys_that_begin_alike_nothing_is_shown() -> None:
    made = Tokens(ok(), error(401), error(401, "not key-00001 nor key-00001-longer"))
    made.next = lambda: {"Authorization": "Bearer key-00001-longer"}  # type: ignore[method-assign]
    connection = Connection(
        "https://host/v1",
        {"Authorization": "Bearer key-00001"},
        transport=httpx.MockTransport(made.script),
        clock=made.clock,
        renew=made.renew,
    )
    http = Http(connection, classify)
    http.send(Verb.LIST, "GET", "/x")
    with pytest.raises(AuthError, match=r"not \[key\] nor \[key\]$"):
        http.send(Verb.LIST, "GET", "/x")


def test_a_create_that_may_have_happened_is_not_sent_again_with_a_new_token() -> None:
    made = Tokens(ok(), error(401), httpx.ReadTimeout("too long"))
    made.http.send(Verb.LIST, "GET", "/x")
    with pytest.raises(UnknownOutcome):
        made.http.send(Verb.CREATE, "POST", "/x")


def test_nothing_is_sent_with_a_new_token_once_the_run_was_stopped() -> None:
    made = Tokens(ok(), error(401), meanwhile=lambda made: made.stop.set())
    made.http.send(Verb.LIST, "GET", "/x")
    with pytest.raises(NotSent, match="401"):
        made.http.send(Verb.CREATE, "POST", "/x")


def test_nothing_is_sent_with_a_new_token_that_came_too_late() -> None:
    made = Tokens(ok(), error(401), budget=10, meanwhile=lambda made: made.clock.wait(11, made.stop))
    made.http.send(Verb.LIST, "GET", "/x")
    with pytest.raises(NotSent, match="401"):
        made.http.send(Verb.CREATE, "POST", "/x")


def test_nothing_is_sent_with_a_new_token_before_retry_after_has_passed() -> None:
    def held_back(made: Tokens) -> None:
        with pytest.raises(HeldBack):
            made.http.send(Verb.CREATE, "POST", "/other")

    made = Tokens(ok(), error(401), error(429, headers={"retry-after": "7"}), ok(), meanwhile=held_back)
    made.http.send(Verb.LIST, "GET", "/x")
    made.http.send(Verb.GET, "GET", "/x")
    assert made.clock.time >= 1007


def test_404_on_the_list_means_that_the_api_is_gone(make: Any) -> None:
    http, _, _ = make(error(404))
    with pytest.raises(ApiGone):
        http.send(Verb.LIST, "GET", "assistants")


def test_no_request_is_sent_before_retry_after_has_passed(make: Any) -> None:
    http, script, clock = make(error(429, headers={"Retry-After": "7"}), ok())
    http.send(Verb.GET, "GET", "x")
    assert clock.time >= 1007
    assert len(script.requests) == 2


@pytest.mark.parametrize("budget", [20, 21, 22, 23.5, 25, 26.3])
def test_at_the_end_of_the_time_nothing_is_sent_before_its_turn(budget: float) -> None:
    """By a service that takes one request in two seconds."""
    clock, sent, taken, not_before = VirtualClock(), list[float](), [0.0], [0.0]

    def server(_request: httpx.Request) -> httpx.Response:
        sent.append(clock.time)
        assert clock.time > not_before[-1] - 1e-6
        if (left := taken[-1] + 2 - clock.time) > 1e-9:
            not_before.append(clock.time + min(left, 0.9))
            return error(429, headers={"retry-after-ms": str(min(left, 0.9) * 1000)})
        taken.append(clock.time)
        return ok()

    connection = Connection("https://host/v1", transport=httpx.MockTransport(server), clock=clock, budget=budget)
    http = Http(connection, classify)
    with pytest.raises((NotSent, Unreachable), match="of --timeout"):  # noqa: PT012 - whichever of them it is
        for _ in range(500):
            http.send(Verb.GET, "GET", "/x")
    assert len(not_before) > 10
    assert sent[-1] <= 1000 + budget


def test_a_wait_beyond_the_time_budget_is_refused_and_said(make: Any) -> None:
    http, script, _ = make(error(429, headers={"Retry-After": "86400"}), budget=60)
    with pytest.raises(Unreachable, match="86400 s is more than is left of --timeout"):
        http.send(Verb.GET, "GET", "x")
    assert len(script.requests) == 1


def test_a_service_that_keeps_failing_is_unreachable_in_the_end(make: Any) -> None:
    http, script, _ = make(*[error(500) for _ in range(6)])
    with pytest.raises(Unreachable, match="500"):
        http.send(Verb.GET, "GET", "x")
    assert len(script.requests) == 6


def test_the_message_carries_the_service_own_words_in_one_line(make: Any) -> None:
    http, _, _ = make(error(400, message="Unknown\nparameter: 'x'."))
    with pytest.raises(Rejected, match="400: Unknown parameter: 'x'\\."):
        http.send(Verb.UPDATE, "POST", "assistants/x", body={})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:42 GMT"}, 32.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, 1e9),
        ({"retry-after-ms": "1e400"}, 1e9),
        ({"retry-after-ms": "inf"}, 1e9),
        ({"retry-after-ms": "-inf"}, 0.0),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}, None),
    ],
)
def test_retry_after_in_each_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, wall_clock=10.0) == seconds


def test_the_gate_halves_on_a_refusal_and_grows_slowly() -> None:
    clock, stop = VirtualClock(), threading.Event()
    gate = Gate(8, clock, stop)
    with gate.slot() as ticket, gate.slot() as other:
        assert ticket is not None
        assert other is not None
        gate.hold_back(1.0, ticket)
        gate.hold_back(1.0, other)  # a second answer of the same burst does not halve again
    with gate.slot(), gate.slot(), gate.slot(), gate.slot():
        assert clock.time >= 1001
        entered = threading.Event()

        def enter() -> None:
            gate._enter()
            entered.set()

        fifth = threading.Thread(target=enter)
        fifth.start()
        assert not entered.wait(0.3)
        for _ in range(6):
            gate.succeeded(1)
        assert entered.wait(5)
        fifth.join()


def test_secrets_do_not_show_in_the_representation_of_a_connection() -> None:
    assert "sk-canary" not in repr(Connection("https://host", headers={"Authorization": "Bearer sk-canary"}))


STOPPED = [
    (Verb.CREATE, "POST", httpx.ConnectError("refused"), NotSent),
    (Verb.UPDATE, "POST", httpx.ConnectError("refused"), NotSent),
    (Verb.GET, "GET", httpx.ReadTimeout("slow"), NotSent),
    (Verb.UPDATE, "POST", httpx.ReadTimeout("slow"), UnknownOutcome),
    (Verb.DELETE, "DELETE", error(500), UnknownOutcome),
]


@pytest.mark.parametrize(("verb", "method", "step", "raised"), STOPPED, ids=str)
def test_a_stop_between_two_tries_says_what_the_first_may_have_done(
    verb: Verb, method: str, step: Step, raised: type[RetinueError]
) -> None:
    class Stopping(VirtualClock):
        """Somebody stops the run while it waits."""

        def wait(self, seconds: float, stop: threading.Event) -> None:
            stop.set()

    script = Script(step)
    http = Http(Connection("https://host/v1", transport=httpx.MockTransport(script), clock=Stopping()), classify)
    with pytest.raises(raised) as caught:
        http.send(verb, method, "assistants/x")
    assert len(script.requests) == 1
    assert caught.value.message.endswith("; then the run was stopped before it")


@pytest.mark.parametrize(("budget", "seconds"), [(900.0, (5.0, 60.0)), (7.0, (5.0, 7.0)), (2.0, (2.0, 2.0))])
def test_no_answer_is_waited_for_beyond_the_end_of_the_run(
    make: Any, budget: float, seconds: tuple[float, float]
) -> None:
    http, script, _ = make(ok(), budget=budget)
    http.send(Verb.GET, "GET", "assistants/x")
    timeout = script.requests[0].extensions["timeout"]
    assert (timeout["connect"], timeout["read"]) == seconds


def test_later_requests_get_what_is_left(make: Any) -> None:
    http, script, _ = make(error(429, headers={"Retry-After": "40"}), ok(), budget=70)
    http.send(Verb.GET, "GET", "assistants/x")
    assert [request.extensions["timeout"]["read"] for request in script.requests] == [60.0, 30.0]


@pytest.mark.parametrize("proxy", ["foo://me:pw-canary@host", "http://me:pw-canary@host:x"])
def test_a_proxy_that_cannot_be_used_is_wrong_usage(proxy: str) -> None:
    with pytest.raises(UsageError, match="a proxy or certificate setting") as caught:
        Http(Connection("https://host/v1", proxy=proxy), classify)
    assert "canary" not in caught.value.message


def test_certificates_that_cannot_be_used_are_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/pw-canary")
    trust.cache_clear()
    with pytest.raises(UsageError, match="a proxy or certificate setting") as caught:
        Http(Connection("https://host/v1"), classify)
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("wait", ["9" * 400, "1e400", "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.parametrize("header", ["retry-after", "retry-after-ms"])
def test_a_wait_without_end_is_more_than_is_left(make: Any, header: str, wait: str) -> None:
    http, _, _ = make(*[error(429, headers={header: wait})] * 200, budget=30.0)
    with pytest.raises(Unreachable, match="--timeout"):
        http.send(Verb.LIST, "GET", "assistants")


@pytest.mark.parametrize("cookie", [b"a=b; Path=/", b"\xff=\xfe", b"a=\xff; Domain=host"])
def test_no_cookie_is_kept_or_sent(make: Any, cookie: bytes) -> None:
    answer = httpx.Response(200, headers=[(b"set-cookie", cookie)], json={"id": "x"})
    http, script, _ = make(answer, ok())
    for _ in range(2):
        assert http.send(Verb.GET, "GET", "assistants/x") == {"id": "x"}
    assert "cookie" not in script.requests[1].headers


def test_a_parameter_may_hold_anything(make: Any) -> None:
    http, script, _ = make(ok(), ok())
    http.send(Verb.LIST, "GET", "assistants", params={"after": "half \ud83d & more\r\n", "limit": "100"})
    assert script.requests[0].url.query == b"after=half+%ED%A0%BD+%26+more%0D%0A&limit=100"


@pytest.mark.parametrize("verb", Verb)
def test_a_request_that_no_url_can_hold_is_an_error_of_one_line(make: Any, verb: Verb) -> None:
    http, script, _ = make()
    for path, params in (("assistants/" + "x" * 100_000, None), ("assistants", {"after": "x" * 100_000})):
        with pytest.raises(ServiceError, match="cannot be sent as a request") as caught:
            http.send(verb, "GET", path, params=params)
        assert type(caught.value) is ServiceError
        assert len(caught.value.message) < 1_000
    assert script.requests == []


def held_back(seconds: float | None) -> httpx.Response:
    return error(429, "slow down", {} if seconds is None else {"retry-after": str(seconds)})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([held_back(12), ok()], ["waiting 12 s: the service asked for it", "(reading: page 1)"]),
        ([held_back(2), ok()], ["(waiting 2 s: the service asked for it)", "(reading: page 1)"]),
        # Too short for a word, and one that follows another is told again.
        ([held_back(0.2), ok()], ["(reading: page 1)"]),
        (
            [held_back(12), held_back(30), ok()],
            [*(f"waiting {seconds} s: the service asked for it" for seconds in (12, 30)), "(reading: page 1)"],
        ),
        # A failure is no request to wait.
        ([error(500), ok()], ["(reading: page 1)"]),
    ],
)
def test_a_wait_that_the_service_asked_for_is_told(make: Any, steps: list[Step], expected: list[str]) -> None:
    told: list[str] = []
    http, _, _ = make(*steps, told=told)
    http.send(Verb.LIST, "GET", "assistants")
    assert told == expected


def test_a_wait_without_a_time_says_what_is_known(make: Any) -> None:
    told: list[str] = []
    http, _, _ = make(*(held_back(None) for _ in range(8)), ok(), told=told)
    http.send(Verb.GET, "GET", "assistants/x")
    assert told and all("waiting " in text and text.rstrip(")").endswith("takes no more requests now") for text in told)


def test_the_pages_of_all_lists_of_a_run_are_counted_together(make: Any) -> None:
    told: list[str] = []
    http, _, _ = make(ok(), ok(), ok(), told=told)
    for client in (http, http.variant(below="/x"), http):
        client.send(Verb.LIST, "GET", "assistants")
    assert told == [f"(reading: page {number})" for number in (1, 2, 3)]
