"""A managed agent to a live resource in the words of a manifest, and back into requests. Pure.

Source of the facts: the types and resources of the package anthropic 2.14.0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ...core.canonical import same
from ...core.errors import ServiceError
from ...core.model import Desired, Json, Live
from ..assistants_v2 import ASSISTANT
from ..base import Marker
from ..lenient import besides, mapping, mappings, picked, seconds, stated, text
from ..metadata import MARKER_KEYS, authors, live_of, pairs, texts
from .toolsets import read_tools, with_unknown, with_unknown_servers, write_tools

EFFORT = "reasoning_effort"
_SERVICE_ACCOUNT: Mapping[str, Json] = {"type": "service_account"}
_OF_MODEL = ("id", "effort", "speed", "inference_geo")
_SET_BY_SERVICE = ("id", "type", "created_at", "updated_at", "archived_at", "version")
SKILLS = ("anthropic", "custom")
_MULTIAGENT = ("coordinator", "multiagent_20261001")
_OF_SKILL = ("type", "skill_id", "version")
_OF_PART = {
    "multiagent": ("type", "agents", "subagents", "workflows", "advisor"),
    "execution_identity": ("type", "role_arn"),
}
"""What is known of these; whatever else an answer says of one goes along with the next write of it."""


class Form:
    """How agents look on the wire. `name`: the block below `providers`; `whole`: an update replaces all of an agent."""

    def __init__(self, name: str, *, whole: bool) -> None:
        self.name, self._whole = name, whole

    def block_of(self, spec: Mapping[str, Json]) -> Mapping[str, Json]:
        return mapping(mapping(spec.get("providers")).get(self.name))

    def read(self, raw: Mapping[str, Json]) -> Live:
        """Raises ServiceError if this is not an agent."""
        given = raw.get("model")
        model = {"id": given} if isinstance(given, str) else mapping(given)
        effort, tools = model.get("effort"), read_tools(raw.get("tools"), raw.get("mcp_servers"))
        block = {
            "speed": model.get("speed"),
            "inference_geo": model.get("inference_geo"),
            "tools": tools.own,
            "mcp_servers": tools.servers,
            "skills": [picked(item, _OF_SKILL) for item in mappings(raw.get("skills")) if item.get("type") in SKILLS],
            "multiagent": _named_itself(raw.get("multiagent"), raw.get("id")),
            "execution_identity": picked(mapping(raw.get("execution_identity")), _OF_PART["execution_identity"]),
        }
        spec = {name: raw.get(name) for name in ("name", "description")} | {
            "model": model.get("id"),
            "instructions": raw.get("system"),
            EFFORT: text(mapping(effort).get("type")) or text(effort),
            "tools": tools.portable,
            "metadata": authors(texts(raw)),
            "providers": {self.name: {name: value for name, value in block.items() if value}},
        }
        return replace(live_of(raw, ASSISTANT, "an agent", spec), created_at=seconds(raw.get("created_at")))

    def understood(self, desired: Desired) -> Desired:
        """A manifest as an agent holds it: with a name, and each tool where it is read back."""
        spec = dict(desired.spec)
        spec["name"] = spec.get("name") or desired.address.name
        block = self.block_of(spec)
        if spec.get("tools") or block:
            tools = read_tools(*write_tools(spec.get("tools"), block.get("tools"), block.get("mcp_servers")))
            spec["tools"] = tools.portable
            held = {"tools": tools.own, "mcp_servers": tools.servers}
            if own := {**block, **{name: value for name, value in held.items() if value or name in block}}:
                spec["providers"] = {**mapping(spec.get("providers")), self.name: own}
        return replace(desired, spec=spec)

    def _members(self, spec: Mapping[str, Json]) -> dict[str, Json]:
        """Every member of an agent that a spec decides, with its documented default where the spec says nothing."""
        block = self.block_of(spec)
        tools, servers = write_tools(spec.get("tools"), block.get("tools"), block.get("mcp_servers"))
        return {
            **{name: spec.get(name) for name in ("name", "description")},
            "system": spec.get("instructions"),
            "model": {
                "id": spec.get("model"),
                "effort": spec.get(EFFORT),
                "speed": block.get("speed") or "standard",
                "inference_geo": block.get("inference_geo"),
            },
            "tools": tools,
            "mcp_servers": servers,
            "skills": [stated(item) for item in mappings(block.get("skills"))],
            "multiagent": _spelled_out(block.get("multiagent")),
            "execution_identity": stated(block.get("execution_identity")) or _SERVICE_ACCOUNT,
        }

    def create(self, spec: Mapping[str, Json], marker: Marker) -> dict[str, Json]:
        """The members that the manifest states at another value than the default, with the marker in the metadata."""
        members, plain = self._members(spec), self._members({})
        body = {name: value for name, value in members.items() if not same(value, plain[name])}
        return {**body, "model": _model(members["model"], {}), "metadata": _wanted(spec, marker)}

    def update(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Collection[str] = ()
    ) -> dict[str, Json]:
        """Only what differs, or all where that is replaced; with the version that was read, which is the lock."""
        raw, spec = live.raw, {**live.spec, **fields}
        if type(raw.get("version")) is not int:
            raise ServiceError(f"the service answered the agent {live.remote_id} without its version")
        before, after = self._members(live.spec), self._members(spec)
        body = after if self._whole else {key: item for key, item in after.items() if not same(before[key], item)}
        if "model" in body:
            body["model"] = _model(after["model"], mapping(raw.get("model")))
            # A new model begins with its own default; what the manifest asks for holds for it too.
            moved = before["model"]["id"] != after["model"]["id"]
            if not (EFFORT in fields or ((moved or self._whole) and EFFORT not in at_default)):
                body["model"].pop("effort", None)
            elif spec.get(EFFORT) is None:
                body["model"]["effort"] = None
        body |= _with_unknown(body, raw)
        if self._whole:
            kept = {key: value for key, value in raw.items() if key not in _SET_BY_SERVICE}
            body = {key: value for key, value in {**kept, **body}.items() if value is not None}
            return {**body, "metadata": _wanted(spec, marker), "version": raw["version"]}
        return {**body, "metadata": metadata_patch(live, spec, marker), "version": raw["version"]}


def metadata_patch(live: Live, spec: Mapping[str, Json], marker: Marker | None) -> dict[str, str | None]:
    """What changes, and null for what goes; an empty pair stays, for a manifest has no word for one."""
    held, wanted = texts(live.raw), _wanted(spec, marker)
    named = authors(held)
    gone = dict.fromkeys(key for key in held if key not in wanted and (key in MARKER_KEYS or named.get(key)))
    return {key: value for key, value in wanted.items() if held.get(key) != value} | gone


def _wanted(spec: Mapping[str, Json], marker: Marker | None) -> dict[str, str]:
    return {key: value for key, value in mapping(spec.get("metadata")).items() if value} | pairs(marker)


def _model(model: Mapping[str, Json], before: Mapping[str, Json]) -> dict[str, Json]:
    """Without defaults; an update replaces it whole, so what retinue does not know goes along."""
    unknown = {key: value for key, value in before.items() if key not in _OF_MODEL}
    return {**unknown, **{key: value for key, value in stated(model).items() if (key, value) != ("speed", "standard")}}


def _with_unknown(body: Mapping[str, Json], raw: Mapping[str, Json]) -> dict[str, Json]:
    """The parts of an update that are replaced, each with what a live agent says there that retinue does not know."""
    found: dict[str, Json] = {}
    for name, unknown in (("tools", with_unknown), ("mcp_servers", with_unknown_servers)):
        if name in body:
            found[name] = unknown(body[name], raw.get(name))
    if "skills" in body:
        held = {(item.get("type"), item.get("skill_id")): item for item in mappings(raw.get("skills"))}
        there = [(item, held.get((item.get("type"), item.get("skill_id")))) for item in body["skills"]]
        strange = (dict(item) for item in mappings(raw.get("skills")) if item.get("type") not in SKILLS)
        found["skills"] = [*({**besides(before, _OF_SKILL), **item} for item, before in there), *strange]
    for name, known in _OF_PART.items():
        part, before = mapping(body.get(name)), mapping(raw.get(name))
        if part and part.get("type") == before.get("type"):
            found[name] = {**besides(before, known), **part}
    return found


def _named_itself(held: Json, remote_id: Json) -> Json:
    """A roster in which the agent itself is `self`, as a manifest says it: its own version moves with each write."""

    def plain(value: Json) -> Json:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        itself = value.get("type") == "agent" and value.get("id") == remote_id
        return {"type": "self"} if itself else {key: plain(item) for key, item in value.items()}

    return plain(picked(held, _OF_PART["multiagent"])) if mapping(held).get("type") in _MULTIAGENT else None


def _spelled_out(given: Json) -> Json:
    """With every default: the service merges what it is sent into what it has, level by level."""
    found = stated(given)
    if found.get("type") == "multiagent_20261001":
        for name in ("subagents", "workflows"):
            part = {"type": "enabled", **stated(found.get(name))}
            more = {"inline_agents": {"type": "enabled"}, "predefined_agents": []} if part["type"] == "enabled" else {}
            found[name] = {**more, **part}
        found["advisor"] = {"type": "disabled", **stated(found.get("advisor"))}
    return found or None
