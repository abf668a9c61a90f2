"""Unknown and missing keys in words for beginners: what was meant, where it belongs, what it is called today."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..core.model import Kind
from ..core.references import target_of
from ..core.spelling import closest
from .located import Map
from .said import Said, listed, path_name, shown

_REMOVE, _INCLUDE = "Remove this line", "file"
_PASTED = {
    "id": (
        "`id` belongs to the live object, not into a manifest",
        f"{_REMOVE}; to keep the live object write `retinue: {{adopt: asst_…}}` with this id.",
    ),
    "object": ("`object` comes from a pasted API object", f"{_REMOVE}; the first line says what this is."),
    "created_at": ("`created_at` is set by the service", f"{_REMOVE}."),
    "file_ids": (
        "`file_ids` belongs to the v1 API",
        "Write `tool_resources: {code_interpreter: {file_ids: […]}}`, or a vector store for file_search.",
    ),
}
_NOT_FIELDS = {
    "vector_stores": (
        "`vector_stores` would make a new vector store at each create",
        "Write a `vector_store:` manifest and refer to it: `vector_store_ids: [{ref: VectorStore/NAME}]`.",
    ),
    "file_ids": (
        "file_search has no files of its own: they belong into a vector store",
        "Write a `vector_store:` manifest with `files: […]`: `vector_store_ids: [{ref: VectorStore/NAME}]`.",
    ),
}
_IN_STORES = {
    "file_ids": (
        "the files of a vector store stand in `files`",
        "Write `files: [{upload: PATH}]`, or the ids of live files.",
    ),
}


def unknown_keys(error: Any, kind: Kind | None, prefix: Sequence[str | int]) -> Iterator[Said]:
    """One message for each key that the schema does not know."""
    path = (*prefix, *error.absolute_path)
    members = error.schema.get("properties", {})
    word = misspelt(error, kind, path)
    for key in error.instance:
        if word is not None and (key,) == word.steps:
            yield word
        elif key not in members and (word is None or target_of(error.instance[key]) is None):
            yield _secret(path) if "api_key" in path else _unknown(key, path, error, kind)


def _secret(path: Sequence[str | int]) -> Said:
    """The key itself may be the secret, so it is not repeated."""
    message = f"{path_name(path)} says where the key comes from, with `env`, `file` or `command`"
    return Said("unknown-key", message, "Write `{env: NAME}`. If a real key stands here, revoke it now.")


def _unknown(key: str, path: Sequence[str | int], error: Any, kind: Kind | None) -> Said:
    members: Mapping[str, Any] = error.schema.get("properties", {})
    if key in _IN_STORES and "chunking_strategy" in members and not path:
        return Said("unknown-key", *_IN_STORES[key], (key,), at_key=True)
    if kind is not None and not path and key in _PASTED:
        return Said("pasted-key", *_PASTED[key], (key,), at_key=True)
    if key in _NOT_FIELDS and "vector_store_ids" in members:
        return Said("unknown-key", *_NOT_FIELDS[key], (key,), at_key=True)
    return _not_known(key, path, _meant(key, members, _beside(key, error.instance)))


def _not_known(key: str, path: Sequence[str | int], remedy: str) -> Said:
    where = f" in {path_name(path)}" if path else ""
    return Said("unknown-key", f"unknown key {shown(key)}{where}", remedy, (key,), True)


def misspelt(error: Any, kind: Kind | None, path: Sequence[str | int]) -> Said | None:
    """What to say of a mapping that is nearly `{file: PATH}`, `{upload: PATH}`, `{ref: ADDRESS}` or what must be there.

    It is all there is to say of it: whatever else is wrong with it comes from this key.
    """
    schema = error.schema if error.validator != "type" else {}
    if kind is None or not path or not isinstance(error.instance, dict):
        return None
    known = schema.get("properties", {}).keys()
    if (beside := _beside_include(error, known)) is not None:
        key, remedy = beside
        return _not_known(key, path, remedy)
    words = {*schema.get("x-retinue-authors", {}).get("properties", ()), *schema.get("required", ()), _INCLUDE}
    for key, value in error.instance.items():
        if key not in words | known and isinstance(value, str) and (meant := closest(key.lower(), sorted(words))):
            return _not_known(key, path, f"Did you mean `{meant}`?")
    return None


def _beside_include(error: Any, known: Collection[str]) -> tuple[str, str] | None:
    """A key beside `file` or `upload` that keeps it from being an include, and what to do with it."""
    value = error.instance
    if error.validator == "type" and isinstance(value.get(_INCLUDE), str):
        for key in value:
            if key not in (_INCLUDE, "template"):
                near = closest(key.lower(), ["template"])
                return key, f"Did you mean `{near}`?" if near else f"{_REMOVE}. Beside `file` stands only `template`."
    if "file_id" not in known and target_of(value.get("file_id")) is not None:
        for key in value:
            if key != "file_id":
                return key, f"{_REMOVE}. `{{upload: PATH}}` stands alone here."
    return None


def _beside(key: str, instance: Mapping[str, Any]) -> Collection[str]:
    """The keys that the same file states: what only another layer has may well be meant."""
    if type(instance) is not Map:
        return instance
    file = instance.keys_at[key].file
    return [name for name, place in instance.keys_at.items() if place.file == file]


def _meant(key: str, members: Mapping[str, Any], present: Collection[str]) -> str:
    below = [name for name, schema in members.items() if key in schema.get("properties", {})]
    if below:
        return f"It belongs below `{below[0]}`: `{below[0]}: {{{key}: …}}`."
    known = [name for name in members if name not in present]
    if meant := closest(key.replace("-", "_").lower(), known):
        return f"Did you mean `{meant}`?"
    if again := closest(key, members, 0.8):
        return f"`{again}` is there already: remove this line."
    return f"{_REMOVE}. What may stand here: {listed(known)}."


def missing_keys(error: Any, kind: Kind | None, prefix: Sequence[str | int]) -> Iterator[Said]:
    """One message for each key that must be there; the validator reports them one by one, this says all at once."""
    path = (*prefix, *error.absolute_path)
    if (word := misspelt(error, kind, path)) is not None:
        yield word
        return
    for key in error.validator_value:
        if key not in error.instance:
            yield _missing(key, path, error.schema.get("properties", {}).get(key, {}), kind)


def _missing(key: str, path: Sequence[str | int], schema: Mapping[str, Any], kind: Kind | None) -> Said:
    if kind is not None and not path and key == "model":
        remedy = "Add `model: gpt-4o-mini` (or another id) here, or set it for all below `defaults` in retinue.yaml."
        return Said("missing-key", "`model` is missing", remedy)
    where = f" in {path_name(path)}" if path else ""
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if choices:
        remedy = f"Add `{key}: {choices[0]}`" + (f" (or {', '.join(map(str, choices[1:]))})." if choices[1:] else ".")
    else:
        about = schema.get("description")
        remedy = f"Add `{key}: …`. {about}" if about else f"Add `{key}: …`."
    return Said("missing-key", f"`{key}` is missing{where}", remedy)
