"""How an assistant looks on the wire in each version; the canonical form is that of the Assistants v2 API. Pure.

Sources: the published definitions, Azure's client of 2024-02-15-preview, and the models of the package azure-ai-agents.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.model import Json, Live
from ...core.values import dataclass, replace
from ..base import Marker
from ..lenient import mapping, mappings
from ..openai_assistants import create_body, to_live, update_body
from .versions import OPTIONS, Part, Version

_PORTABLE = ("code_interpreter", "file_search", "function")


@dataclass(frozen=True, slots=True)
class Modern:
    """2024-05-01-preview and later. What a version lacks is not sent, not even at its default."""

    version: Version

    read = staticmethod(to_live)

    def create(self, spec: Mapping[str, Json], marker: Marker) -> dict[str, Json]:
        return self._held(create_body(spec, marker))

    def update(self, live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
        return self._held(update_body(live, fields, marker))

    def _held(self, body: Mapping[str, Json]) -> dict[str, Json]:
        lacks = {part.value for part in Part if not self.version.holds(part)}
        found = {name: value for name, value in body.items() if name not in lacks}
        if found.get("tools"):
            found["tools"] = [self._tool(tool) for tool in found["tools"]]
        return found

    def _tool(self, tool: Json) -> Json:
        """Without the options that the version has not, and with the parameters that it wants of a function."""
        kind = mapping(tool).get("type")
        options = tool.get(kind) if kind in ("file_search", "function") else None
        if not isinstance(options, dict):
            return tool
        lacks = {name for name, (part, _) in OPTIONS.items() if not self.version.holds(part)}
        kept = {name: value for name, value in options.items() if name not in lacks}
        if kind == "function":
            # A manifest, and the canonical form, may leave out that there are none.
            kept["parameters"] = kept.get("parameters") or {"type": "object", "properties": {}}
        return {"type": kind, kind: kept} if kept else {"type": kind}


class WithFileIds(Modern):
    """2024-02-15-preview: `file_ids` in place of tool_resources."""

    def read(self, raw: Mapping[str, Json]) -> Live:
        files = raw.get("file_ids")
        found = {key: value for key, value in raw.items() if key != "tool_resources"}
        resource = to_live({**found, "tool_resources": {"code_interpreter": {"file_ids": files or []}}})
        return replace(resource, raw=raw)

    def _held(self, body: Mapping[str, Json]) -> dict[str, Json]:
        found = Modern._held(self, body)
        if "tool_resources" in found:
            found["file_ids"] = file_ids(found.pop("tool_resources"))
        return found


def file_ids(resources: Json) -> list[str]:
    """The files of code_interpreter in a canonical tool_resources."""
    return [*(mapping(mapping(resources).get("code_interpreter")).get("file_ids") or [])]


class Foundry(Modern):
    """Foundry's agents in the shape of assistants: tools that no manifest can state stay as they are, resources too."""

    def read(self, raw: Mapping[str, Json]) -> Live:
        shown = dict(raw)
        if isinstance(tools := raw.get("tools"), list):
            shown["tools"] = [tool for tool in tools if not is_extra(tool)]
        if isinstance(held := raw.get("tool_resources"), dict):
            shown["tool_resources"] = {key: value for key, value in held.items() if key in _PORTABLE}
        return replace(to_live(shown), raw=raw)

    def update(self, live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
        body = Modern.update(self, live, fields, marker)
        if "tools" in body:
            body["tools"] = [*(body["tools"] or []), *filter(is_extra, mappings(live.raw.get("tools")))]
        if "tool_resources" in body:
            held = mapping(live.raw.get("tool_resources"))
            others = {name: held[name] for name in held if name not in _PORTABLE}
            body["tool_resources"] = {**others, **body["tool_resources"]}
        return body


def is_extra(tool: Json) -> bool:
    """Such as azure_ai_search, bing_grounding, connected_agent or openapi."""
    return isinstance(tool, dict) and tool.get("type") not in _PORTABLE
