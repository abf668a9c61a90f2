"""What the documents leave open, as options of the emulator; rows of choices in which every pair of two occurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

Row = Mapping[str, Any]
"""One choice by option."""

OPEN: Mapping[str, tuple[Any, ...]] = {
    "metadata": ("merge", "replace"),
    "null": ("clear", "keep", "refuse"),
    "resources": ("filled", "given", "absent"),
    "empty_resources": ("clear", "keep"),
    "parameters": ("empty", "schema", "absent"),
    "unknown_cursor": ("refuse", "empty"),
    "ties": ("creation", "id"),
    "beta_status": (400, 401),
    "answers_effort": (False, True),
    "hybrid_search": (False, True),
}
"""The first choice is the emulator's default."""

OF_AGENTS: Mapping[str, tuple[Any, ...]] = {
    "agents_defaults": ("documented", "model"),
    "agents_objects": ("replace", "merge"),
    "agents_optional": ("answered", "absent"),
    "agents_page": ("plain", "ids"),
}
"""The same of OpenAI's Agents API."""

OF_FOUNDRY: Mapping[str, tuple[Any, ...]] = {
    "foundry_create": ("new", "same", "definition"),
    "foundry_endpoint": ("latest", "null"),
    "foundry_list": ("whole", "lacking", "broken"),
    "foundry_numbers": ("restart", "continue"),
    "foundry_reference": ("newest", "pin"),
}
"""The same of Foundry's agents."""

OF_MANAGED: Mapping[str, tuple[Any, ...]] = {
    "managed_noop": ("same", "version"),
    "managed_effort": ("reset", "kept"),
    "managed_multiagent": ("merged", "replaced"),
    "managed_tools": (256, 128),
    "managed_archived": (400, 409, 412),
    "managed_rearchive": ("answered", "refused"),
}
"""The same of Anthropic's Managed Agents."""
OF_MISTRAL: Mapping[str, tuple[Any, ...]] = {
    "mistral_arguments": ("replace", "merge"),
    "mistral_base": ("newest", "current"),
    "mistral_metadata": ("replace", "merge"),
    "mistral_noop": ("version", "same"),
}
"""The same of Mistral's Agents."""
ALL = {**OPEN, **OF_AGENTS, **OF_MANAGED, **OF_FOUNDRY, **OF_MISTRAL}

MISBEHAVIOUR = {
    "flowise_chatflows",
    "unsupported",
    "alterations",
    "gone",
    "api_key",
    "token_seconds",
    "token_requests",
    "lag_seconds",
    "lag_lists",
    "index_seconds",
    "index_failures",
    "index_stuck",
    "store_nulls",
    "assistant_files",
    "account",
    "workspace",
}
"""The options that no reading of the documents asks for."""

Pair = frozenset[tuple[str, Any]]


def pairs(row: Row) -> set[Pair]:
    """Every two choices of a row."""
    return {frozenset(two) for two in combinations(row.items(), 2)}


def every_pair(open_choices: Mapping[str, tuple[Any, ...]] = OPEN) -> set[Pair]:
    options = [(name, choice) for name, choices in open_choices.items() for choice in choices]
    return {frozenset(two) for two in combinations(options, 2) if two[0][0] != two[1][0]}


def _rows(open_choices: Mapping[str, tuple[Any, ...]]) -> Iterator[Row]:
    """The defaults, then greedily: a pair that has not occurred, and for each other option what adds most new pairs."""
    row: dict[str, Any] = {name: choices[0] for name, choices in open_choices.items()}
    left = every_pair(open_choices)
    while True:
        yield row
        left -= pairs(row)
        if not left:
            return
        row = dict(min(left, key=lambda pair: sorted(map(repr, pair))))
        for name, choices in open_choices.items():
            if name not in row:
                best = max(choices, key=lambda choice: len(pairs({**row, name: choice}) & left))
                row = {**row, name: best}


def label(row: Row) -> str:
    """Its choices that are not the default, as a test's id."""
    told = [f"{name}={choice}" for name, choice in sorted(row.items()) if choice != ALL[name][0]]
    return ",".join(told) or "defaults"


ROWS, AGENT_ROWS, MANAGED_ROWS, FOUNDRY_ROWS = (
    tuple(_rows(choices)) for choices in (OPEN, OF_AGENTS, OF_MANAGED, OF_FOUNDRY)
)
