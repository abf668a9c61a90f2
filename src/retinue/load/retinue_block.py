"""The `retinue` block of a manifest as a Policy. Wrong types are left to validation; here they count as absent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..core.model import Diagnostic, Policy
from ..core.spelling import did_you_mean
from .located import Map, Seq

_NONE = Policy()


def policy_of(block: Any, environments: Collection[str]) -> Policy:
    """What the block says. `adopt` with a plain id means that id in every environment."""
    if type(block) is not Map:
        return _NONE
    adopt = block.get("adopt")
    if type(adopt) is str:
        adopt = dict.fromkeys(environments, adopt)
    moved_from = block.get("moved_from")
    return Policy(
        labels=_texts(block.get("labels")),
        environments=environments_of(block),
        protect=block.get("protect") is True,
        moved_from=moved_from if type(moved_from) is str else None,
        adopt=_texts(adopt),
        ignore_changes=tuple(_items(block.get("ignore_changes"))),
    )


def environments_of(block: Any) -> tuple[str, ...] | None:
    """The environments that the manifest is for; None for all."""
    names = block.get("environments") if type(block) is Map else None
    return tuple(_items(names)) if type(names) is Seq else None


def unknown_environments(block: Any, environments: Collection[str]) -> list[Diagnostic]:
    """Names of environments that the project does not have: such a line would silently do nothing."""
    known = ", ".join(f"`{known}`" for known in environments) or "none"
    known = f"The environments of retinue.yaml are: {known}."
    names, adopt = (block.get(key) if type(block) is Map else None for key in ("environments", "adopt"))
    named = [item for item in names.pairs() if type(item[0]) is str] if type(names) is Seq else []
    named += adopt.keys_at.items() if type(adopt) is Map else ()
    found = []
    for name, place in (item for item in named if item[0] not in environments):
        message, remedy = f"retinue.yaml has no environment `{name}`", did_you_mean(name, environments, known)
        found.append(Diagnostic("environment-unknown", message, remedy, place))
    return found


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if type(text) is str}


def _items(value: Any) -> list[str]:
    return [text for text in value if type(text) is str] if type(value) is Seq else []
