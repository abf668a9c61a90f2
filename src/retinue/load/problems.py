"""Findings of the JSON Schema validator as messages for beginners, and the helpers that word every message.

Pure; knows no files and no places.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..core.model import Kind
from ..core.references import target_of
from ..core.spelling import closest
from .located import Map


class Problem(NamedTuple):
    """A code, a message, a remedy, and where: steps to a value, or to its key.

    `hidden`: the last step is text that must not be repeated.
    """

    code: str
    message: str
    remedy: str
    steps: tuple[str | int, ...] = ()
    at_key: bool = False
    hidden: bool = False


class Spelled(float):
    """A number or boolean that is told as its author wrote it."""

    def __new__(cls, value: float, text: str) -> Spelled:
        made = super().__new__(cls, value)
        made.text = text
        return made

    text: str


def shown(value: Any, limit: int = 40) -> str:
    """A value as it may stand in a message: one printable line, not too long."""
    text = value.text if isinstance(value, Spelled) else value
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    line = "".join(char if char.isprintable() else "�" for char in " ".join(text[: 4 * limit].split()))
    return f"`{line if len(line) <= limit else line[: limit - 1] + '…'}`"


def path_name(path: Sequence[str | int]) -> str:
    """A value as a person would name it: `tools[0].type`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return shown(text, 80) if text else "the document"


def listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


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


def _unknown_keys(error: Any, kind: Kind | None, prefix: Sequence[str | int]) -> Iterator[Problem]:
    """One message for each key that the schema does not know."""
    path = (*prefix, *error.absolute_path)
    members = error.schema.get("properties", {})
    word = _misspelt(error, kind, path)
    for key in error.instance:
        if word is not None and (key,) == word.steps:
            yield word
        elif key not in members and (word is None or target_of(error.instance[key]) is None):
            if "api_key" not in path:
                yield _unknown(key, path, error, kind)
                continue
            # The key itself may be the secret, so it is not repeated.
            message = f"{path_name(path)} says where the key comes from, with `env`, `file` or `command`"
            yield Problem("unknown-key", message, "Write `{env: NAME}`. If a real key stands here, revoke it now.")


def _unknown(key: str, path: Sequence[str | int], error: Any, kind: Kind | None) -> Problem:
    members: Mapping[str, Any] = error.schema.get("properties", {})
    if key in _IN_STORES and "chunking_strategy" in members and not path:
        return Problem("unknown-key", *_IN_STORES[key], (key,), at_key=True)
    if kind is not None and not path and key in _PASTED:
        return Problem("pasted-key", *_PASTED[key], (key,), at_key=True)
    if told := error.schema.get("x-retinue-elsewhere", {}).get(key):
        return _not_known(key, path, told)
    if key in _NOT_FIELDS and "vector_store_ids" in members:
        return Problem("unknown-key", *_NOT_FIELDS[key], (key,), at_key=True)
    return _not_known(key, path, _meant(key, members, _beside(key, error.instance)))


def _not_known(key: str, path: Sequence[str | int], remedy: str) -> Problem:
    where = f" in {path_name(path)}" if path else ""
    return Problem("unknown-key", f"unknown key {shown(key)}{where}", remedy, (key,), True)


def _misspelt(error: Any, kind: Kind | None, path: Sequence[str | int]) -> Problem | None:
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


def _missing_keys(error: Any, kind: Kind | None, prefix: Sequence[str | int]) -> Iterator[Problem]:
    """One message for each key that must be there; the validator reports them one by one, this says all at once."""
    path = (*prefix, *error.absolute_path)
    if (word := _misspelt(error, kind, path)) is not None:
        yield word
        return
    for key in error.validator_value:
        if key not in error.instance:
            yield _missing(key, path, error.schema.get("properties", {}).get(key, {}), kind)


def _missing(key: str, path: Sequence[str | int], schema: Mapping[str, Any], kind: Kind | None) -> Problem:
    if kind is not None and not path and key == "model":
        remedy = "Add `model: gpt-4o-mini` (or another id) here, or set it for all below `defaults` in retinue.yaml."
        return Problem("missing-key", "`model` is missing", remedy)
    where = f" in {path_name(path)}" if path else ""
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if choices:
        remedy = f"Add `{key}: {choices[0]}`" + (f" (or {', '.join(map(str, choices[1:]))})." if choices[1:] else ".")
    else:
        about = schema.get("description")
        remedy = f"Add `{key}: …`. {about}" if about else f"Add `{key}: …`."
    return Problem("missing-key", f"`{key}` is missing{where}", remedy)


_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_FORMS = {
    "^[a-z0-9][a-z0-9-]*$": "Use lower-case letters, digits and hyphens, and begin with a letter or digit.",
    "^[a-zA-Z0-9_-]+$": "Use only letters (a-z), digits, _ and -.",
    "^[A-Za-z_][A-Za-z0-9_-]*$": "Use letters, digits, _ and -, and do not begin with a digit.",
    "^[A-Z][A-Za-z]*/[a-z0-9][a-z0-9-]*$": "An address looks like `Assistant/math-tutor`.",
    "^File/.": "Write {upload: PATH}, or the id of a live file as text.",
    "^VectorStore/.": "An address looks like `VectorStore/handbook`; files go into a vector store.",
    "^/": "It is a JSON pointer, which begins with a slash: `/temperature`.",
}


def problems_of(error: Any, kind: Kind | None, prefix: Sequence[str | int] = ()) -> Iterator[Problem]:
    """What to tell about one error. `prefix`: the path from the document to what was validated.

    Steps are relative to the error's own path.
    """
    path = (*prefix, *error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, kind, prefix)
    elif error.validator == "required":
        yield from _missing_keys(error, kind, prefix)
    elif error.validator == "type" and (word := _misspelt(error, kind, path)) is not None:
        yield word
    elif "propertyNames" in error.absolute_schema_path:
        problem = _describe(error, f"the name {shown(error.instance)} in {path_name(path)}", path)
        yield problem._replace(steps=(error.instance,), at_key=True)
    elif kind is None and "api_key" in path:
        yield _secret(error, path)
    else:
        yield _special(error, path) or _describe(error, path_name(path), path)


def _describe(error: Any, name: str, path: Sequence[str | int]) -> Problem:
    describe = _DESCRIBERS.get(error.validator)
    if describe is None:
        return Problem("invalid", f"{name} is not valid", "Compare it with the reference of this field.")
    return describe(error, name, path)


def _secret(error: Any, path: Sequence[str | int]) -> Problem:
    """Whatever stands below `api_key` may be a key: it is never repeated."""
    if path[-1] == "api_key" and error.validator == "type":
        remedy = "Write `api_key: {env: NAME}`, or `file` or `command`. If it was a real key, revoke it now."
        return Problem("literal-secret", "a key must not stand in this file", remedy)
    if path[-1] == "api_key":
        return Problem("wrong-type", "`api_key` has exactly one of `env`, `file` and `command`", "Keep one of them.")
    if path[-1] == "env":
        remedy = "Write the name of an environment variable, like OPENAI_API_KEY. If it was a real key, revoke it now."
        return Problem("bad-name", "`env` is no name of an environment variable", remedy)
    if "command" in path:
        remedy = "Write the words of the command as a list: `command: [az, account, get-access-token]`."
        return Problem("wrong-type", "`command` is a list of words", remedy)
    return Problem("wrong-type", "`file` is the path of a file that holds the key", "Write `file: PATH`.")


def _special(error: Any, path: Sequence[str | int]) -> Problem | None:
    """Values with a story of their own."""
    value, last = error.instance, path[-1] if path else None
    if error.validator == "enum" and value == "retrieval":
        remedy = "Write `type: file_search`, and the files as a vector store in `tool_resources`."
        return Problem("v1-tool", "the tool `retrieval` belongs to the v1 API; it is called file_search now", remedy)
    told = error.schema.get("x-retinue-elsewhere", {}) if error.validator == "enum" else {}
    if isinstance(value, str) and value in told:
        return Problem("not-allowed", f"{path_name(path)} cannot be {shown(value)}", told[value])
    if error.validator == "maxProperties" and last == "metadata":
        most = error.validator_value
        message = f"{len(value)} metadata pairs are too many: at most {most}"
        remedy = f"Remove {len(value) - most}. The API takes 16, and retinue keeps its marker in two of them."
        return Problem("too-many", message, remedy)
    if last == "response_format" and error.validator in ("type", "enum"):
        names = "text, json_object or json_schema"
        wanted = f"Write `{{type: {value}}}`." if value in names.split() else f"Write `auto`, or a mapping: {names}."
        return Problem("not-allowed", f"{path_name(path)} is `auto` or a mapping with `type`", wanted)
    if len(path) == 2 and path[0] == "tools" and error.validator == "type" and isinstance(value, str):
        return Problem(
            "wrong-type", f"{path_name(path)} is text, but a tool is a mapping", f"Write `- type: {value[:40]}`."
        )
    return None


def _wrong_type(error: Any, name: str, path: Sequence[str | int]) -> Problem:
    value = error.instance
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    *most, last = [_KINDS[item] for item in wanted if item != "null"] or [_KINDS["null"]]
    words = f"{', '.join(most)} or {last}" if most else last
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
    remedy = f"Write {words}."
    if value is None:
        found, remedy = "empty", f"Remove the line, or write {words}."
    elif isinstance(value, (int, float)) and "string" in wanted:
        remedy = f'Put it in quotes: "{shown(value)[1:-1]}".'
    elif isinstance(value, str) and {"number", "integer", "boolean"} & set(wanted):
        found, remedy = f"the text {found}", f"Write {words}, without quotes."
    elif isinstance(value, (str, int, float)) and "array" in wanted:
        item = f"{{type: {shown(value)[1:-1]}}}" if tuple(path[-1:]) == ("tools",) else shown(value)[1:-1]
        remedy = f"Write a list: [{item}]."
    return Problem("wrong-type", f"{name} must be {words}, but it is {found}", remedy)


def _not_allowed(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    words = [str(value) for value in allowed if value is not None]
    value = error.instance
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
    meant = closest(str(value)[:100].lower().replace("-", "_"), words)
    remedy = f"Allowed: {listed(words)}."
    return Problem("not-allowed", f"{name} cannot be {found}", f"Did you mean `{meant}`? {remedy}" if meant else remedy)


def _range(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    low, high = error.schema.get("minimum", "…"), error.schema.get("maximum", "…")
    message = f"{name} is {shown(error.instance)[1:-1]}, outside of {low} to {high}"
    return Problem("out-of-range", message, f"Write a number from {low} to {high}.")


def _too_long(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    length, most = len(error.instance), error.validator_value
    remedy = f"Shorten it by {length - most:,} character{'s' if length - most > 1 else ''}."
    return Problem("too-long", f"{name} has {length:,} characters, at most {most:,} are allowed", remedy)


def _too_many(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    count, most = len(error.instance), error.validator_value
    return Problem("too-many", f"{name} has {count} entries, at most {most} are allowed", f"Remove {count - most}.")


def _twice(_error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    return Problem("duplicate-item", f"{name} lists something twice", "Keep one of the two.")


def _empty(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    what = "some text" if error.validator == "minLength" else "at least one entry"
    return Problem("empty", f"{name} is empty", f"Write {what}.")


def _form(error: Any, name: str, _path: Sequence[str | int]) -> Problem:
    remedy = _FORMS.get(error.validator_value, f"It must match {error.validator_value}.")
    about = name if "propertyNames" in error.absolute_schema_path else f"{name}, {shown(error.instance)},"
    return Problem("bad-name", f"{about} has not the right form", remedy)


_DESCRIBERS: dict[str, Callable[[Any, str, Sequence[str | int]], Problem]] = {
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "maxLength": _too_long,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "uniqueItems": _twice,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "pattern": _form,
}
