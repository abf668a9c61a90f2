"""How the emulator differs from a well-behaved service, and misbehaves on request: repeatable, by script or by seed."""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ALTERATIONS: Mapping[str, Callable[[Any], Any]] = {
    "round": lambda value: round(value, 1) if isinstance(value, int | float) else value,
    "expand-alias": lambda value: f"{value}-2024-08-06" if isinstance(value, str) else value,
    "trim": lambda value: value.strip() if isinstance(value, str) else value,
    "upper": lambda value: value.upper() if isinstance(value, str) else value,
    "reverse": lambda value: value[::-1] if isinstance(value, list) else value,
}
"""What a service may make of a value, by name."""

_CHOICES = {
    "metadata": ("merge", "replace"),
    "null": ("clear", "keep", "refuse"),
    "resources": ("filled", "given", "absent"),
    "empty_resources": ("clear", "keep"),
    "parameters": ("empty", "schema", "absent"),
    "unknown_cursor": ("refuse", "empty"),
    "ties": ("creation", "id"),
    "beta_status": (400, 401),
    "gone": (False, True),
    "answers_effort": (False, True),
    "hybrid_search": (False, True),
    "store_nulls": ("null", "none"),
    "assistant_files": ("told", "apart"),
    "agents_defaults": ("documented", "model"),
    "agents_objects": ("replace", "merge"),
    "agents_optional": ("answered", "absent"),
    "agents_page": ("plain", "ids"),
    "flowise_chatflows": ("allowed", "seen", "forbidden"),
    "foundry_create": ("new", "same", "definition"),
    "foundry_endpoint": ("latest", "null"),
    "foundry_list": ("whole", "lacking", "broken"),
    "foundry_numbers": ("restart", "continue"),
    "foundry_reference": ("newest", "pin"),
    "managed_noop": ("same", "version"),
    "managed_effort": ("reset", "kept"),
    "managed_multiagent": ("merged", "replaced"),
    "managed_tools": (256, 128),
    "managed_archived": (400, 409, 412),
    "managed_rearchive": ("answered", "refused"),
    "mistral_arguments": ("replace", "merge"),
    "mistral_base": ("newest", "current"),
    "mistral_metadata": ("replace", "merge"),
    "mistral_noop": ("version", "same"),
}
_AMOUNTS = ("token_seconds", "token_requests", "lag_seconds", "lag_lists", "index_seconds")


def is_amount(value: Any) -> bool:
    """A finite number from 0; neither true nor false is one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the documents leave open, and what some servers do. The first of the choices is the default.

    `metadata`: a modify `merge`s keys or `replace`s them. `null` in a body: `clear`s the field, `keep`s the old value,
    or is `refuse`d. `resources`: tool_resources of a tool without files is `filled` with an empty list, is as `given`,
    or is `absent` when empty. `empty_resources`: whether `{}` in a modify `clear`s or `keep`s. `parameters` of a
    function that has none: `empty`, an empty object `schema`, or `absent`. `unknown_cursor`: `refuse`d with 400, or an
    `empty` page. `ties`: objects of one second are listed in order of `creation`, or of `id`. `beta_status`: of a
    missing OpenAI-Beta header. `answers_effort`: reasoning_effort can be read back. `hybrid_search`: ranking_options
    has this undocumented member. `store_nulls`: a vector store without name or expiry has members that are `null`, or
    an empty name and `none` for expiry. `assistant_files`: those of Azure's first version are `told` by their
    assistant, or hang `apart` from it and can only be attached and listed by their own requests.

    Of OpenAI's Agents API: `agents_defaults`: what a request leaves out is answered as `documented`, or as a `model`
    would resolve it. `agents_objects`: a `reasoning`, `text` or `multi_agent` in an update `replace`s or `merge`s.
    `agents_optional`: compaction and experimental at their defaults are `answered` or `absent`. `agents_page`: a page
    is `plain`, or has the `ids` of its first and last object too.

    Of Flowise: `flowise_chatflows`: the key is `allowed` to do all with them, or they are only `seen`, or `forbidden`.

    Of Foundry's agents: `foundry_create`: a create always makes a `new` version, answers the latest one if it is the
    `same`, or if its `definition` alone is. `foundry_endpoint`: an endpoint that nobody has set is answered with the
    rule for the `latest` version, or is `null`. `foundry_list`: the list is `whole`, `lacking` its oldest agent, or
    `broken` (500). `foundry_numbers`: those of the versions of an agent that is made again `restart` or `continue`.
    `foundry_reference`: without a version it means the `newest`, or what the `pin` says.

    Of Anthropic's Managed Agents: `managed_noop`: an update that changes nothing answers the `same` version or makes a
    new `version`. `managed_effort`: left out, it is `reset` or `kept` where the id of the model changes.
    `managed_multiagent`: one of the stored type is `merged` into it or is `replaced`. `managed_tools`: how many there
    may be.
    `managed_archived`: the status for an update of an archived agent. `managed_rearchive`: archiving it once more is
    `answered` or `refused`. `workspace`: the only one, which each request must name; None accepts any.

    Of Mistral's Agents: `mistral_arguments`, `mistral_metadata`: completion_args and metadata in an update `replace`
    what is there, or `merge` into it. `mistral_base`: an update begins from the `newest` version, or from the
    `current` one. `mistral_noop`: an update that changes nothing makes a new `version` or answers the `same` one.

    `unsupported`: fields that are refused with `unsupported_parameter`. `alterations`: by field, a name of ALTERATIONS
    or a function, for what the server makes of a value it is sent.
    `gone`: the assistants' routes no longer exist. `api_key`: the only key accepted; None accepts any.
    `account`: what openai-organization says; empty: answers have no such header.
    `token_seconds`, `token_requests`: how long each key is accepted, from its first use.
    `lag_seconds`, `lag_lists`: a created object is in no list for that time, nor for that number of list requests.
    `index_seconds`: how long it takes to index a file of a vector store. `index_failures`: by a pattern of file names,
    the reason why indexing fails. `index_stuck`: a pattern of file names whose indexing never ends.
    """

    metadata: str = "merge"
    null: str = "clear"
    unsupported: frozenset[str] = frozenset()
    alterations: Mapping[str, Callable[[Any], Any] | str] = field(default_factory=dict)
    gone: bool = False
    api_key: str | None = None
    resources: str = "filled"
    empty_resources: str = "clear"
    parameters: str = "empty"
    unknown_cursor: str = "refuse"
    ties: str = "creation"
    beta_status: int = 400
    answers_effort: bool = False
    hybrid_search: bool = False
    assistant_files: str = "told"
    agents_defaults: str = "documented"
    agents_objects: str = "replace"
    agents_optional: str = "answered"
    agents_page: str = "plain"
    flowise_chatflows: str = "allowed"
    foundry_create: str = "new"
    foundry_endpoint: str = "latest"
    foundry_list: str = "whole"
    foundry_numbers: str = "restart"
    foundry_reference: str = "newest"
    managed_noop: str = "same"
    managed_effort: str = "reset"
    managed_multiagent: str = "merged"
    managed_tools: int = 256
    managed_archived: int = 400
    managed_rearchive: str = "answered"
    mistral_arguments: str = "replace"
    mistral_base: str = "newest"
    mistral_metadata: str = "replace"
    mistral_noop: str = "version"
    workspace: str | None = None
    token_seconds: float | None = None
    token_requests: int | None = None
    account: str = "emulator"
    lag_seconds: float = 0.0
    lag_lists: int = 0
    store_nulls: str = "null"
    index_seconds: float = 0.0
    index_failures: Mapping[str, str] = field(default_factory=dict)
    index_stuck: str = ""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}, not {getattr(self, name)!r}")
        for name in _AMOUNTS:
            if not is_amount(getattr(self, name)) and not (name.startswith("token_") and getattr(self, name) is None):
                raise ValueError(f"{name} needs a number from 0, not {getattr(self, name)!r}")
        for name in ("api_key", "workspace"):
            if not isinstance(getattr(self, name), str | None):
                raise ValueError(f"{name} needs a text, not {getattr(self, name)!r}")
        if not isinstance(self.account, str) or not (self.account.isascii() and self.account.isprintable()):
            raise ValueError(f"account needs a text for a header, not {self.account!r}")
        if not isinstance(self.unsupported, frozenset):
            raise ValueError(f"unsupported needs a set of field names, not {self.unsupported!r}")
        if not isinstance(self.index_stuck, str) or not all(
            isinstance(text, str) for pair in self.index_failures.items() for text in pair
        ):
            raise ValueError("index_stuck needs a pattern, index_failures patterns with their reasons")
        for change in self.alterations.values():
            if isinstance(change, str) and change not in ALTERATIONS:
                raise ValueError(f"an alteration is one of {sorted(ALTERATIONS)}, not {change!r}")

    def alter(self, stored: dict[str, Any], fields: Container[str]) -> dict[str, Any]:
        """What the server makes of the fields that a request gave."""
        for name, change in self.alterations.items():
            if name in stored and name in fields:
                stored = {**stored, name: (ALTERATIONS[change] if isinstance(change, str) else change)(stored[name])}
        return stored


KINDS = ("status", "reset", "html", "broken", "cut", "drip", "slow", "repeat", "miss")
HINTS = ("", "seconds", "date", "ms")


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour.

    Instead of the answer, and of the deed unless `after_commit`: `status` (an error with `status`), `reset` (the
    connection), `html` and `broken` (JSON that stops in the middle), both with 200. After the deed: `cut` (the
    connection ends in the middle of the body), `drip` (the body takes `seconds`), `slow` (nothing for `seconds`).
    Of a list: `repeat` (an entry of the page before comes again), `miss` (the first entry is passed over).

    `hint` tells a client to come back in `wait` seconds: Retry-After in whole `seconds` or as a `date`, `ms` for
    retry-after-ms, or nothing. `retry_after` and `retry_after_ms` are headers as they are; `body` replaces the text.
    """

    kind: str
    status: int = 500
    retry_after: str | None = None
    retry_after_ms: str | None = None
    after_commit: bool = False
    seconds: float = 0.0
    hint: str = ""
    wait: float = 1.0
    body: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {KINDS}, not {self.kind!r}")
        if self.hint not in HINTS:
            raise ValueError(f"a hint is one of {HINTS}, not {self.hint!r}")
        if not (is_amount(self.seconds) and is_amount(self.wait) and 200 <= self.status <= 599):
            raise ValueError("a fault needs seconds and wait from 0, and a status from 200 to 599")

    def headers(self, now: float) -> tuple[tuple[str, str], ...]:
        """What tells the client when to come back (RFC 9110, 10.2.3); `now` in seconds since 1970."""
        found = [("Retry-After", self.retry_after)] if self.retry_after else []
        found += [("retry-after-ms", self.retry_after_ms)] if self.retry_after_ms else []
        if self.hint == "seconds":
            found.append(("Retry-After", str(max(1, math.ceil(self.wait)))))
        elif self.hint == "ms":
            found.append(("retry-after-ms", str(math.ceil(self.wait * 1000))))
        elif self.hint == "date":
            from email.utils import formatdate  # slow to import, rarely wanted

            found.append(("Retry-After", formatdate(math.ceil(now + self.wait), usegmt=True)))
        return tuple(found)


@dataclass
class _Rule:
    pattern: re.Pattern[str]
    fault: Fault
    after: int
    times: float


@dataclass
class _Bucket:
    pattern: re.Pattern[str]
    per_second: float
    burst: int
    hint: str
    fault: Fault | None
    tokens: float
    filled_at: float

    def refusal(self, now: float) -> Fault | None:
        """Take a token, or the fault of a request that came too early."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return None
        wait = (1 - self.tokens) / self.per_second
        return self.fault or Fault("status", 429, hint=self.hint, wait=wait)


@dataclass
class _Chance:
    pattern: re.Pattern[str]
    seed: int
    probability: float
    faults: Sequence[Fault]
    seen: dict[str, int] = field(default_factory=dict)

    def fault(self, label: str) -> Fault | None:
        """By seed and by how many requests this route has had, so that the order among routes changes nothing."""
        number = self.seen[label] = self.seen.get(label, 0) + 1
        digest = hashlib.blake2b(f"{self.seed} {number} {label}".encode(), digest_size=16).digest()
        if int.from_bytes(digest[:8]) >= self.probability * 2**64:
            return None
        return self.faults[int.from_bytes(digest[8:]) % len(self.faults)]


class Faults:
    """Scripted (`on`), rate-limited (`limit`) or seeded at random (`sometimes`). Safe for many threads.

    A `pattern` or `match` is a regular expression that is searched in `METHOD /path`.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every rule, limit and chance."""
        with self._lock:
            self._rules: list[_Rule] = []
            self._buckets: list[_Bucket] = []
            self._chances: list[_Chance] = []

    def on(self, pattern: str, fault: Fault, *, after: int = 0, times: int | None = 1) -> None:
        """`fault` for the next `times` requests that match, or all (None), skipping the first `after` of them."""
        rule = _Rule(re.compile(pattern), fault, after, math.inf if times is None else times)
        with self._lock:
            self._rules.append(rule)

    def sometimes(self, seed: int, probability: float, faults: Sequence[Fault], *, match: str = "") -> None:
        """One of `faults` for the given share of requests; the same ones on each run with this seed."""
        if not faults:
            raise ValueError("there is no fault to choose from")
        chance = _Chance(re.compile(match), seed, probability, tuple(faults))
        with self._lock:
            self._chances.append(chance)

    def limit(
        self, per_second: float, burst: int, fault: Fault | None = None, *, match: str = "", hint: str = "seconds"
    ) -> None:
        """A token bucket; what it refuses gets `fault`, by default 429 with the time to wait as `hint` says."""
        if not 0 < per_second < math.inf or burst < 1:
            raise ValueError("a rate needs more than 0 per second and a burst of at least 1")
        Fault("status", 429, hint=hint)
        bucket = _Bucket(re.compile(match), per_second, burst, hint, fault, float(burst), self._now())
        with self._lock:
            self._buckets.append(bucket)

    def next(self, request: str, label: str = "") -> Fault | None:
        """The fault for this `METHOD /path`, if any. `label` is its route, `METHOD /path/{id}`."""
        with self._lock:
            scripted, now = self._scripted(request), self._now()
            if scripted is not None:
                return scripted
            refusals = [bucket.refusal(now) for bucket in self._buckets if bucket.pattern.search(request)]
            if refused := next(filter(None, refusals), None):
                return refused
            chances = (chance for chance in self._chances if chance.pattern.search(request))
            return next(filter(None, [chance.fault(label or request) for chance in chances]), None)

    def _scripted(self, request: str) -> Fault | None:
        for rule in self._rules:
            if rule.times > 0 and rule.pattern.search(request):
                if rule.after:
                    rule.after -= 1
                    continue
                rule.times -= 1
                return rule.fault
        return None
