"""What each version of the API holds, by its date, and which route a version belongs to. Pure data and look-ups.

Source: the definitions that Azure published for 2024-02-15-preview to 2025-04-01-preview, and Azure's own clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from ...core.values import dataclass

FIRST, DEFAULT, NEWEST = "2024-02-15-preview", "2024-05-01-preview", "2025-04-01-preview"
FOUNDRY_VERSIONS = ("v1", "2025-05-01", "2025-05-15-preview")
_SHAPE = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9](-preview)?")
_PROJECT = "/api/projects/"
MOST_IN_BATCH = 500
"""Files in one batch of a vector store, in every published version."""


class Part(StrEnum):
    """What not every version holds, by where it stands in a manifest."""

    FILE_SEARCH = "the tool file_search"
    STORES = "tool_resources.file_search"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    RESPONSE_FORMAT = "response_format"
    JSON_SCHEMA = "a response_format of type json_schema"
    STRICT = "strict"
    RESULTS = "file_search.max_num_results"
    RANKING = "file_search.ranking_options"
    EFFORT = "reasoning_effort"
    CHUNKING = "chunking_strategy"
    ATTRIBUTES = "attributes of a file"


OPTIONS: Mapping[str, tuple[Part, object]] = {
    "max_num_results": (Part.RESULTS, 20),
    "ranking_options": (Part.RANKING, {}),
    "strict": (Part.STRICT, False),
}
"""The options of tools that not every version has, with their defaults."""
_SINCE = {
    **dict.fromkeys((Part.FILE_SEARCH, Part.STORES, Part.TEMPERATURE, Part.TOP_P), "2024-05-01-preview"),
    Part.RESPONSE_FORMAT: "2024-05-01-preview",
    **dict.fromkeys((Part.JSON_SCHEMA, Part.STRICT, Part.RESULTS, Part.CHUNKING), "2024-08-01-preview"),
}
"""Since when a resource holds a part; what is not here is in no published version."""
_NOT_IN_FOUNDRY = frozenset({Part.EFFORT, Part.ATTRIBUTES})


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the API on one of the two routes: below a resource, or below a Foundry project."""

    name: str = DEFAULT
    foundry: bool = False

    @property
    def has_assistant_files(self) -> bool:
        """True if files hang on the assistant itself (`file_ids`), as they did before `tool_resources`."""
        return not self.foundry and self.name < DEFAULT

    @property
    def longest_instructions(self) -> int:
        """In characters, such that they can be changed again later: a create would take more."""
        return 256_000 if self.foundry else 32_768

    def holds(self, part: Part) -> bool:
        if self.foundry:
            return part not in _NOT_IN_FOUNDRY
        return part in _SINCE and _SINCE[part] <= self.name

    def origin(self, part: Part) -> str:
        """The first version that has it, as text; "" if every version has it."""
        return "" if self.foundry or part not in _SINCE else f"since `api_version: {_SINCE[part]}`"

    def lack(self, part: Part) -> str:
        """The reason it lacks this part, as text."""
        if self.foundry:
            return "a Foundry project has nothing of the kind"
        if part not in _SINCE:
            return "no version of Azure's API has it"
        return f"it comes with `api_version: {_SINCE[part]}`, this is {self.name}"


def is_foundry(endpoint: str, version: str | None) -> bool:
    """True if an endpoint is a Foundry project's; of the emulator, which has both, the version decides."""
    if "://" not in endpoint:
        return version in FOUNDRY_VERSIONS
    return _PROJECT in urlsplit(endpoint).path + "/"


def complaint(version: str, foundry: bool) -> tuple[str, str] | None:
    """What is wrong with a version for this route, and what to do."""
    known = version in FOUNDRY_VERSIONS
    if known and foundry:
        return None
    if foundry:
        return f"a Foundry project has no version `{version}`", f"Write one of {', '.join(FOUNDRY_VERSIONS)}."
    if known:
        project = f"https://NAME.services.ai.azure.com{_PROJECT}NAME"
        remedy = f"Write `api_version: {DEFAULT}`, or the project's endpoint: {project}."
        return f"`{version}` is a version of Foundry projects, and this endpoint is not one", remedy
    if not _SHAPE.fullmatch(version):
        return f"`{version}` is not a version of this API", f"Versions look like {DEFAULT}."
    if not version.endswith("-preview"):
        return f"`{version}` has no assistants: only previews do", f"Write `api_version: {DEFAULT}`."
    if version < FIRST:
        return f"`{version}` has no assistants yet", f"They begin with {FIRST}."
    return None
