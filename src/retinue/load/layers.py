"""Lays partial manifests over each other: JSON merge patch (RFC 7396) on located values. Changes none of its inputs.

Two rules go beyond the RFC: what came from an include replaces as a whole, and a null is a removal only where a key
of a lower layer can be meant, so that nulls inside a value of its own (a JSON Schema's `default: null`) survive.
"""

from __future__ import annotations

from ..core.model import Diagnostic, Kind
from .located import Map


def over_defaults(defaults: Map, manifest: Map) -> Map:
    """The manifest with what it leaves open filled in from the defaults; null takes a default away."""
    if not defaults:
        return manifest
    merged = merge(defaults, manifest)
    result = Map(manifest.place)
    # The author's order first: this is what `render` shows.
    for key in (*manifest, *(key for key in merged if key not in manifest)):
        if key in merged:
            result.put(key, merged[key], merged.keys_at[key], merged.values_at[key])
    return result


def without_nulls(kind: Kind, data: Map) -> Map:
    """The merged manifest, where a null in a free map such as `metadata` means "not this key", default or none."""
    result = data
    for name, field in kind.fields.items():
        value = data.get(name)
        if field.shape.values is not None and type(value) is Map and None in value.values():
            rest = value.without([key for key, item in value.items() if item is None])
            result = result.copy()
            result.put(name, rest, data.keys_at[name], data.values_at[name])
    return result


def merge(base: Map, patch: Map, problems: list[Diagnostic] | None = None) -> Map:
    """RFC 7396 on located values: each value keeps the place of the layer it comes from.

    With `problems`, a null that removes nothing is reported; without, it is a value like any other.
    """
    result = base.copy()
    for key, value in patch.items():
        at = patch.values_at[key]
        if value is None and (key in result or problems is not None):
            if key not in result and problems is not None:
                message = f"null removes `{key}`, but the manifest has no such key"
                problems.append(
                    Diagnostic("overlay-removes-nothing", message, "Remove this line, or correct the key.", at)
                )
            result = result.without([key])
            continue
        if type(value) is Map and value.place.file == patch.place.file:
            below = result.get(key)
            if type(below) is Map or problems is not None:
                value = merge(below if type(below) is Map else Map(value.place), value, problems)
        result.put(key, value, patch.keys_at[key], at)
    return result
