"""Tools of a manifest to the tools of an agent and back, told as data, where a service has one object for each tool.

Pure; trusts nothing in an answer, and loses nothing that it does not know. Knows no service.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ..core.literals import signs
from ..core.model import Diagnostic, Json
from ..core.problem import shown
from ..core.values import dataclass, field
from .lenient import besides, mapping, mappings, numbered, stated, text

Words: TypeAlias = Mapping[str, str]
"""Of one type of tool: the service's word for each word of a manifest, both as paths such as `function/name`."""
FUNCTION = ("name", "description", "parameters", "strict")
_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}
_NO_LIMIT = ("filters/allowed_domains",)
"""Where an empty list is as good as none; an empty `allowed_tools` allows nothing."""


class Tools(NamedTuple):
    """`portable`: in the words of a manifest. `own`: what stands below `providers`. `strange`: of unknown types."""

    portable: list[Json]
    own: list[Json]
    strange: list[Json]


@dataclass(frozen=True)
class FlatTools:
    """The tools of one service.

    `schema`: of what stands below `providers.NAME`, whose `tools` tell the known types and their members. `words`: by
    portable type. Also by type: `always`: what the service requires of a tool, at its default; `only`: by path, what
    a portable tool has there, if anything (None: nothing). `plain`: whether no further reason makes a tool an `own`
    one. `once`: the types of which a manifest has words for the first tool alone.
    """

    schema: Mapping[str, Json]
    words: Mapping[str, Words]
    always: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    only: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    plain: Callable[[Mapping[str, Json]], bool] = lambda _tool: True
    once: Collection[str] = ()

    def __post_init__(self) -> None:
        items = self.schema["properties"]["tools"]["items"]
        known: dict[str, Mapping[str, Json]] = {kind: {} for kind in items["properties"]["type"]["enum"]}
        for branch in items["allOf"]:
            known[branch["if"]["properties"]["type"]["const"]] = branch["then"]["properties"]
        object.__setattr__(self, "_members", known)

    _members: Mapping[str, Mapping[str, Json]] = field(init=False)
    """By type; where there are none, every member is known."""

    def is_portable(self, tool: Mapping[str, Json]) -> bool:
        """True if a manifest has words for all that is known of a tool."""
        kind = str(tool.get("type"))
        if kind not in self.words:
            return False
        said, only = {path.partition("/")[0] for path in self.words[kind].values()}, self.only.get(kind, {})
        beyond = {name: of for name, of in self._members[kind].items() if name not in {"type", *said}}
        # False may be more than nothing.
        return (
            all(tool.get(name) in (None, {}, [], of.get("default")) for name, of in beyond.items())
            and all(_at(tool, path) in (None, {}, [], value) for path, value in only.items())
            and self.plain(tool)
        )

    def read(self, raw: Json) -> Tools:
        found, seen = Tools([], [], []), set[str]()
        for tool in mappings(raw):
            kind = str(tool.get("type"))
            if kind not in self._members:
                found.strange.append(dict(tool))
            elif kind in seen or not self.is_portable(tool):
                found.own.append(dict(tool))
            else:
                said: dict[str, Json] = {"type": kind}
                for mine, theirs in self.words[kind].items():
                    _put(said, mine, _at(tool, theirs))
                found.portable.append(said)
                seen |= {kind} & {*self.once}
        return found

    def write(self, portable: Json, own: Json, live: Json = None) -> list[dict[str, Json]]:
        """The tools of an agent, with what a live one says of them that retinue does not know, and its unknown ones.

        What the service cannot hold has been told, and taken out, before.
        """
        tools = [*self._written(portable), *map(stated, mappings(own))]
        there = {identity(tool): self._unknown(tool) for tool in reversed(mappings(live))}
        known = ({**self.always.get(tool["type"], {}), **there.get(identity(tool), {}), **tool} for tool in tools)
        return [*known, *self.read(live).strange]

    def _written(self, portable: Json) -> Iterator[dict[str, Json]]:
        for tool in mappings(portable):
            kind = str(tool.get("type"))
            if kind not in self.words:
                continue
            made: dict[str, Json] = {"type": kind}
            for path, value in self.only.get(kind, {}).items():
                _put(made, path, value)
            for mine, theirs in self.words[kind].items():
                value = _at(tool, mine)
                value = stated(value) if isinstance(value, dict) else value
                if value != {} and not (value == [] and mine in _NO_LIMIT):
                    _put(made, theirs, value)
            if kind == "function" and _at(made, self.words[kind]["function/parameters"]) is None:
                _put(made, self.words[kind]["function/parameters"], _NO_ARGUMENTS)
            yield made

    def _unknown(self, tool: Mapping[str, Json]) -> dict[str, Json]:
        members = self._members.get(str(tool.get("type")))
        return besides(tool, members) if members else {}

    def unsaid(self, raw: Json) -> dict[str, Json]:
        """What tools have that no manifest can say, by name."""
        found: dict[str, Json] = {}
        for tool in mappings(raw):
            if text(tool.get("type")) not in self._members:
                word = text(tool.get("type")) or "a tool without a type"
                found[word] = [*found.get(word, ()), tool]
            for name, value in stated(self._unknown(tool)).items():
                found[".".join(filter(None, (*identity(tool), name)))] = value
        return found

    def problems(self, own: Json, path: str, service: str, but: Collection[str] = ()) -> Iterator[Diagnostic]:
        """Of tools below `providers`: secrets in headers, which would stand in Git, in plans and on the agent; and
        tools that belong into those of the manifest. `but`: types that are there already.
        """
        for index, tool in numbered(own):
            for below in ("headers", "transport/headers"):
                for name, value in mapping(_at(tool, below)).items():
                    if signs(name, str(value)):
                        message = f"the header {shown(name)} holds a secret, and a manifest must not"
                        remedy = "Remove it, and revoke it if it is real: the service keeps the credentials of servers."
                        yield Diagnostic("literal-secret", message, remedy, path=f"{path}/{index}/{below}")
            if self.is_portable(tool) and tool["type"] not in but:
                message = (
                    f"this {tool['type']} says nothing that only {service} has: it belongs in `tools` of the manifest"
                )
                remedy = "Move it there, written as in a manifest."
                yield Diagnostic("agents-tool", message, remedy, path=f"{path}/{index}")


def identity(tool: Mapping[str, Json]) -> tuple[str, str]:
    names = (
        tool.get("name"),
        tool.get("server_label"),
        tool.get("connector_id"),
        mapping(tool.get("function")).get("name"),
    )
    return str(tool.get("type")), next((str(name) for name in names if name), "")


def _at(value: Json, path: str) -> Json:
    for part in path.split("/"):
        value = mapping(value).get(part)
    return value


def _put(target: dict[str, Json], path: str, value: Json) -> None:
    if value is not None:
        *above, last = path.split("/")
        for part in above:
            target = target.setdefault(part, {})
        target[last] = value
