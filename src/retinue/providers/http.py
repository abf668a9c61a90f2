"""The one place that speaks HTTP: sends, classifies, retries, and keeps all workers to the service's pace.

Must not know a vendor: what an answer means is the provider's `classify`.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx

from ..core.errors import (
    ApiGone,
    AuthError,
    Conflict,
    HeldBack,
    NotFound,
    NotSent,
    Rejected,
    RetinueError,
    ServiceError,
    UnknownOutcome,
    Unreachable,
)
from ..core.model import Json
from ..core.strictjson import received, sendable
from ..core.values import dataclass
from .answers import TooLarge, target_of, text_of
from .credentials import Credentials, Headers
from .gate import Gate
from .lines import Lines
from .wire import Answer, Classify, Connection, Stream, Verb, Verdict

_ATTEMPTS = 6
_LONGEST_ID, _LONGEST_PATH = 128, 300
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
_LONGEST_ASKED = 1e9
_WORTH_A_WORD, _LONG = 1.0, 5.0
"""Seconds: a wait that a terminal tells, and one that a log tells too."""
_SHORTEST_WAIT, _LONGEST_WAIT = 0.01, 60.0
"""Seconds that one answer is waited for."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, ConnectionRefusedError)


def in_process(application: Any) -> Any:
    """A transport that calls a WSGI application in this process instead of a socket."""
    return _InProcess(application)


class _InProcess(httpx.BaseTransport):
    """As httpx's own, but that a body is read as it is made: an upload may be larger than the memory."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        body = io.BufferedReader(_Pieces(request.stream))

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            return self._application({**environ, "wsgi.input": body}, start_response)

        bare = httpx.Request(request.method, request.url, headers=request.headers)
        return httpx.WSGITransport(app=application).handle_request(bare)


class _Pieces(io.RawIOBase):
    """A stream of pieces as a file to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class Http:
    """One client for one service and run; safe to use from many threads."""

    def __init__(self, connection: Connection, classify: Classify, *, create_repeatable: bool = False) -> None:
        self._lines = Lines(connection)
        self._create_repeatable = create_repeatable
        self._attempts, self._limits, self._exchange = _ATTEMPTS, connection.limits, connection.limits.exchange
        self._params, self._below, self._content_type = connection.params, "", "application/json"
        self._classify = classify
        self._clock, self._random = connection.clock, connection.random
        self._deadline = self._clock.now() + connection.budget
        lane = None
        if connection.lanes is not None:
            account = (httpx.URL(connection.base_url).netloc, *sorted(connection.headers.items()))
            lane = connection.lanes.of(account, connection.parallelism, self._clock.now())
        self._gate = Gate(connection.parallelism, connection.clock, connection.stop, self._deadline, lane)
        self._stop = connection.stop
        self._log = connection.log or (lambda _text: None)
        self._tell, self._status = connection.tell, connection.status or (lambda _text: None)
        # Shared with what is made of this client: the pages read so far, and the end of the wait that was told last.
        self._pages, self._waits = count(1), [0.0]
        self._where, self._meant = connection.base_url, connection.meant
        self._via = f" through the proxy {httpx.URL(connection.proxy).netloc.decode()}" if connection.proxy else ""
        self._secrets = connection.secrets
        self._credentials = Credentials(connection.headers, connection.renew, connection.secrets)

    def close(self) -> None:
        self._lines.close()

    def brief(self) -> Http:
        """The same, for what a command can do without: a short wait, and no second try after a failure."""
        found = copy(self)
        found._attempts, found._exchange = 1, self._limits.brief
        return found

    def variant(
        self,
        *,
        below: str = "",
        params: Mapping[str, str] = {},
        content_type: str = "",
        classify: Classify | None = None,
    ) -> Http:
        """The same, for paths below another one, with more parameters, bodies of another type of JSON, or answers that
        mean something else.
        """
        found = copy(self)
        found._below, found._params = self._below + below, {**self._params, **params}
        found._content_type, found._classify = content_type or self._content_type, classify or self._classify
        return found

    def send(
        self, verb: Verb, method: str, path: str, *, body: Json = None, params: Mapping[str, str] | None = None
    ) -> Json:
        """The JSON body of a good answer; `ask` has its headers too."""
        return self.ask(verb, method, path, body=body, params=params).body

    def ask(
        self, verb: Verb, method: str, path: str, *, body: Json = None, params: Mapping[str, str] | None = None
    ) -> Answer:
        """A good answer.

        Everything but a create is repeated after failures that may pass; a create only if it was never sent, or if the
        service makes one object of two equal requests. Raises
        AuthError, ApiGone, NotFound, Rejected, Unreachable, and for a create that may or may not have happened
        UnknownOutcome; HeldBack once the time has passed that the service asked for. Once the run is stopped, or no
        try is left, UnknownOutcome if an earlier one may have written; else NotSent, or how the last one failed.
        """
        call, failures, renewed = _Call(verb, method, self._below + path, body, params), 0, False
        doubt: RetinueError | None = None
        last: RetinueError | None = None
        lost = False
        while True:
            with self._gate.slot() as ticket:
                if self._stop.is_set():
                    raise _stopped(doubt, last, "the run was stopped before it")
                if ticket is None:
                    raise _stopped(doubt, last, _TIME_IS_UP)
                headers = self._credentials.headers
                result = self._once(call, headers)
                if isinstance(result, Answer):
                    self._gate.succeeded(ticket)
                    if verb is Verb.LIST:
                        self._status(f"reading: page {next(self._pages)}")
                    return result
                pause = self._gate.hold_back(result.wait, ticket) if result.held_back else None
            if result.unsigned and not renewed and self._credentials.renewed(headers):
                # Nothing was done, whatever the verb. It goes through the gate again: signing in may have taken long.
                renewed, last = True, result.error
                self._log(f"{method} {path}: signed in again")
                continue
            # Being told to wait is no failure: only the time budget ends that.
            failures += not result.held_back
            if result.repeatable and result.sent and verb not in (Verb.LIST, Verb.GET):
                doubt, lost = result.error, lost or not result.held_back
            if not result.repeatable or failures == self._attempts:
                raise _given_up(result.error, lost)
            last = result.error
            try:
                self._pause(result, failures, pause)
            except Unreachable as error:
                raise _given_up(error, lost) from result.error
            if self._once_only(verb) and result.held_back:
                raise HeldBack(result.error.message, result.error.remedy)

    def _once_only(self, verb: Verb) -> bool:
        return verb is Verb.CREATE and not self._create_repeatable

    def _once(self, call: _Call, headers: Headers) -> Answer | _Failure:
        started = self._clock.now()
        path = call.path if len(call.path) <= _LONGEST_PATH else f"{call.path[:_LONGEST_PATH]}…"
        what = f"{call.method} {path}{self._via}"
        try:
            answer = self._exchanged(call, headers, started)
        except TooLarge as error:
            found = ServiceError(f"{what} answered {error}, which no answer of this API holds", _NOT_JSON)
            reads = call.verb in (Verb.LIST, Verb.GET)
            return _Failure(found if reads else _in_doubt(found), repeatable=False)
        except httpx.InvalidURL as error:
            named = ServiceError(
                f"{what} cannot be sent as a request: {error}", "Look for an overlong or malformed id."
            )
            return _Failure(named, repeatable=False, sent=False)
        except _NOT_SENT as error:
            return _Failure(self._unreachable(error), repeatable=True, sent=False)
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            lost: RetinueError = self._unreachable(error)
            if call.verb is Verb.CREATE:
                lost = _unknown(f"{type(error).__name__} after the request was sent")
            return _Failure(lost, repeatable=not self._once_only(call.verb))
        if 200 <= answer.status < 300:
            self._credentials.accepted(headers)
        took = round((self._clock.now() - started) * 1000)
        request_id = self._secrets.masked(answer.headers.get("x-request-id", ""))[:_LONGEST_ID]
        self._log(f"{what} {answer.status} {took} ms {request_id}".rstrip())
        return self._judge(call.verb, answer, what)

    def _exchanged(self, call: _Call, headers: Headers, started: float) -> Answer:
        """One request and its whole answer, before the end of the run and of the time for one exchange."""
        size = call.body.length if isinstance(call.body, Stream) else 0
        end = min(self._deadline, started + self._exchange + size / self._limits.upload)
        # No answer is waited for beyond the end of the run.
        left = max(_SHORTEST_WAIT, min(_LONGEST_WAIT, end - started))
        content, headers = _sent(call.body, headers, self._content_type)

        def in_time(pieces: Iterable[bytes]) -> Iterator[bytes]:
            for piece in pieces:
                yield piece
                if self._clock.now() > end:
                    raise httpx.ReadTimeout("the answer did not end in time")

        # Here, because httpx's own way fails at half of a surrogate pair, which may be part of a cursor.
        query = urlencode({**self._params, **(call.params or {})}, errors="surrogatepass")
        target = f"{call.path}?{query}" if query else call.path
        latest = max(end, started + _SHORTEST_WAIT)
        with self._lines.answered(call.method, target, headers, content, left, latest) as response:
            assert isinstance(response.stream, httpx.SyncByteStream)
            most = self._limits.listed if call.verb is Verb.LIST else self._limits.single
            text = text_of(response, in_time(response.stream), most, self._limits)
        found = {key.lower(): value for key, value in response.headers.items()}
        listed = call.verb is Verb.LIST
        try:
            body = received(text, listed=listed)
        except ValueError:
            body = None
        return Answer(response.status_code, found, body, text)

    def _judge(self, verb: Verb, answer: Answer, what: str) -> Answer | _Failure:
        if 300 <= answer.status < 400:
            return _Failure(self._redirected(verb, answer, what), repeatable=False)
        verdict = self._classify(verb, answer)
        if verdict is Verdict.OK:
            return answer
        # Status and the service's own words, short enough for one line; `hide` sees them before they are cut.
        message = (answer.error or {}).get("message")
        if not isinstance(message, str) and isinstance(answer.body, dict):
            message = next((answer.body[key] for key in ("message", "error", "detail") if key in answer.body), None)
        if not isinstance(message, str):
            message = answer.text if answer.body is None else json.dumps(answer.body)
        message = " ".join(self._secrets.masked(message).split())
        words = f"{answer.status}: {message[:297] + '…' if len(message) > 298 else message or 'no text'}"
        wait = retry_after(answer.headers, self._clock.wall())
        if verdict is Verdict.RETRY:
            held_back = answer.status == 429 or (answer.status == 503 and wait is not None)
            if verb is Verb.CREATE and not held_back:
                return _Failure(_unknown(f"{what} answered {words}"), repeatable=self._create_repeatable, wait=wait)
            again = ", again and again" if self._attempts > 1 else ""
            error = Unreachable(f"{what} answered {words}{again}", _LATER, status=answer.status)
            return _Failure(error, repeatable=True, wait=wait, held_back=held_back)
        if verdict is Verdict.UNKNOWN:
            if verb is Verb.CREATE:
                return _Failure(_unknown(f"{what} answered {words}"), repeatable=self._create_repeatable)
            remedy = _WRONG_BASE.format(self._meant) if self._meant else _NOT_JSON
            return _Failure(Unreachable(f"{what} answered {words}", remedy, status=answer.status), repeatable=True)
        if verdict is Verdict.GONE and self._meant:
            elsewhere = f"`endpoint` is not the base URL of this API: {what} answered {words}"
            gone = ApiGone(elsewhere, _WRONG_BASE.format(self._meant), status=answer.status)
            return _Failure(gone, repeatable=False)
        final = _final(verdict, what, words, answer, self._secrets.masked)
        if verb is Verb.LIST and self._meant:
            final.remedy = final.remedy or _WRONG_BASE.format(self._meant)
        return _Failure(final, repeatable=False, unsigned=answer.status == 401)

    def _pause(self, failure: _Failure, failures: int, held_back: float | None) -> None:
        """Wait before the next try. The gate itself waits for those that it `held_back`, for so many seconds."""
        pause = held_back
        if pause is None:
            from random import Random

            chance = self._random or Random()  # noqa: S311
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failures - 1)) * chance.uniform(0.5, 1.0)
        if (now := self._clock.now()) + pause > self._deadline:
            then = f"the next try in {math.ceil(pause)} s is more than is left of --timeout"
            then = "the time of --timeout is up" if now >= self._deadline else then
            raise Unreachable(f"{failure.error.message}; {then}", failure.error.remedy) from failure.error
        if not failure.held_back:
            self._clock.wait(pause, self._stop)
        elif pause >= _WORTH_A_WORD and now + pause >= self._waits[0] + _WORTH_A_WORD:
            # One of the many that have to wait says so.
            self._waits[0] = now + pause
            why = "the service asked for it" if failure.wait else "the service takes no more requests now"
            (self._tell if pause >= _LONG else self._status)(f"waiting {math.ceil(pause)} s: {why}")

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"{self._where} cannot be reached{self._via} ({type(error).__name__}: {self._secrets.masked(str(error))})",
            "Check `endpoint` in retinue.yaml, the network and any proxy.",
        )

    def _redirected(self, verb: Verb, answer: Answer, what: str) -> RetinueError:
        """It is not followed, so that no key and no prompt goes to another host. 303 may follow a deed."""
        target = self._secrets.masked(target_of(answer.headers))
        where = f"redirects to {target}, which is not followed" if target else "is a redirect to nowhere"
        error = Unreachable(f"{what} answered {answer.status}, which {where}", _MOVED, status=answer.status)
        return error if verb in (Verb.LIST, Verb.GET) else _in_doubt(error)


_MOVED = "If that is where the API is, write it as `endpoint` in retinue.yaml; if not, check the network and any proxy."


def _sent(body: Json | Stream, headers: Headers, content_type: str) -> tuple[Any, Headers]:
    """Body and headers as they are sent; a stream says its length, so that a server knows when it was cut."""
    if body is None:
        return None, headers
    if not isinstance(body, Stream):
        return sendable(body), {**headers, "Content-Type": content_type}
    about = {"Content-Type": body.content_type, "Content-Length": str(body.length)}
    return body.pieces(), {**headers, **about}


class _Call(NamedTuple):
    verb: Verb
    method: str
    path: str
    body: Json | Stream
    params: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """`unsigned`: the service did not take what signed the request, and so did nothing."""

    error: RetinueError
    repeatable: bool
    wait: float | None = None
    held_back: bool = False
    sent: bool = True
    unsigned: bool = False


_TIME_IS_UP = "the time of --timeout is up, or would be before the next request"
_LATER = "Try again later; a smaller --parallelism is gentler."
_WRONG_BASE = "Write `endpoint: {}`, if this service is there."
_NOT_JSON = "This is not an answer of this API: check `endpoint` in retinue.yaml."


def _stopped(doubt: RetinueError | None, last: RetinueError | None, why: str) -> RetinueError:
    """`doubt`: how an earlier try of a write ended; `last`: how the last try of anything did."""
    if doubt is not None:
        return UnknownOutcome(f"{doubt.message}; then {why}")
    return NotSent(f"{last.message}; then {why}" if last else why, last.remedy if last else None)


def _in_doubt(error: RetinueError) -> UnknownOutcome:
    """`error`: how a write ended of which it does not tell whether it happened."""
    found = UnknownOutcome(f"{error.message}: it may or may not have happened", error.remedy)
    found.__cause__ = error
    return found


def _given_up(error: RetinueError, lost: bool) -> RetinueError:
    """`lost`: one of the tries may have written."""
    if lost and isinstance(error, ServiceError):
        error.after_loss = True
    return _in_doubt(error) if lost and isinstance(error, Unreachable | AuthError | ApiGone) else error


def _unknown(what: str) -> UnknownOutcome:
    return UnknownOutcome(f"{what}: the object may or may not have been created")


def _final(verdict: Verdict, what: str, words: str, answer: Answer, hide: Callable[[str], str]) -> RetinueError:
    details = answer.error or {}
    code, param = (hide(text) if isinstance(text := details.get(key), str) else None for key in ("code", "param"))
    text = f"{what} answered {words}"
    if verdict is Verdict.AUTH:
        return AuthError(text, "Check the key that `api_key` in retinue.yaml points at, and what it may do.")
    if verdict is Verdict.GONE:
        return ApiGone(f"this API is gone at the service: {text}", status=answer.status)
    if verdict is Verdict.ABSENT:
        return NotFound(text, status=answer.status)
    refused = Conflict if verdict is Verdict.CONFLICT else Rejected
    return refused(text, status=answer.status, code=code, param=param)


def retry_after(headers: Mapping[str, str], wall_clock: float) -> float | None:
    """Seconds to wait from `retry-after-ms` or Retry-After (seconds or a date, RFC 9110 10.2.3); None if absent."""

    def wait(seconds: float) -> float | None:
        return None if math.isnan(seconds) else min(max(0.0, seconds), _LONGEST_ASKED)

    try:
        if headers.get("retry-after-ms"):
            return wait(float(headers["retry-after-ms"]) / 1000)
    except ValueError:
        pass  # the other header may still say
    try:
        value = headers.get("retry-after", "").strip()
        if not value or value.replace(".", "", 1).isdecimal():
            return wait(float(value)) if value else None
        import email.utils

        return wait(email.utils.parsedate_to_datetime(value).timestamp() - wall_clock)
    except (ValueError, OverflowError):
        return None
