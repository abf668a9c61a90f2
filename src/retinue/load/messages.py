"""jsonschema's findings in words for beginners. Pure; knows neither files nor places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..core.model import Kind
from ..core.spelling import closest
from .keys import missing_keys, misspelt, unknown_keys
from .said import Said, listed, path_name, shown

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


def say(error: Any, kind: Kind | None, prefix: Sequence[str | int] = ()) -> Iterator[Said]:
    """What to tell about one error. `prefix`: the path from the document to what was validated.

    Steps are relative to the error's own path.
    """
    path = (*prefix, *error.absolute_path)
    if error.validator == "additionalProperties":
        yield from unknown_keys(error, kind, prefix)
    elif error.validator == "required":
        yield from missing_keys(error, kind, prefix)
    elif error.validator == "type" and (word := misspelt(error, kind, path)) is not None:
        yield word
    elif "propertyNames" in error.absolute_schema_path:
        said = _describe(error, f"the name {shown(error.instance)} in {path_name(path)}", path)
        yield said._replace(steps=(error.instance,), at_key=True)
    elif kind is None and "api_key" in path:
        yield _secret(error, path)
    else:
        yield _special(error, path) or _describe(error, path_name(path), path)


def _describe(error: Any, name: str, path: Sequence[str | int]) -> Said:
    describe = _SAY.get(error.validator)
    if describe is None:
        return Said("invalid", f"{name} is not valid", "Compare it with the reference of this field.")
    return describe(error, name, path)


def _secret(error: Any, path: Sequence[str | int]) -> Said:
    """Whatever stands below `api_key` may be a key: it is never repeated."""
    if path[-1] == "api_key" and error.validator == "type":
        remedy = "Write `api_key: {env: NAME}`, or `file` or `command`. If it was a real key, revoke it now."
        return Said("literal-secret", "a key must not stand in this file", remedy)
    if path[-1] == "api_key":
        return Said("wrong-type", "`api_key` has exactly one of `env`, `file` and `command`", "Keep one of them.")
    if path[-1] == "env":
        remedy = "Write the name of an environment variable, like OPENAI_API_KEY. If it was a real key, revoke it now."
        return Said("bad-name", "`env` is no name of an environment variable", remedy)
    if "command" in path:
        remedy = "Write the words of the command as a list: `command: [az, account, get-access-token]`."
        return Said("wrong-type", "`command` is a list of words", remedy)
    return Said("wrong-type", "`file` is the path of a file that holds the key", "Write `file: PATH`.")


def _special(error: Any, path: Sequence[str | int]) -> Said | None:
    """Values with a story of their own."""
    value, last = error.instance, path[-1] if path else None
    if error.validator == "enum" and value == "retrieval":
        remedy = "Write `type: file_search`, and the files as a vector store in `tool_resources`."
        return Said("v1-tool", "the tool `retrieval` belongs to the v1 API; it is called file_search now", remedy)
    if error.validator == "maxProperties" and last == "metadata":
        most = error.validator_value
        message = f"{len(value)} metadata pairs are too many: at most {most}"
        remedy = f"Remove {len(value) - most}. The API takes 16, and retinue keeps its marker in two of them."
        return Said("too-many", message, remedy)
    if last == "response_format" and error.validator in ("type", "enum"):
        names = "text, json_object or json_schema"
        wanted = f"Write `{{type: {value}}}`." if value in names.split() else f"Write `auto`, or a mapping: {names}."
        return Said("not-allowed", f"{path_name(path)} is `auto` or a mapping with `type`", wanted)
    if len(path) == 2 and path[0] == "tools" and error.validator == "type" and isinstance(value, str):
        return Said(
            "wrong-type", f"{path_name(path)} is text, but a tool is a mapping", f"Write `- type: {value[:40]}`."
        )
    return None


def _wrong_type(error: Any, name: str, path: Sequence[str | int]) -> Said:
    value = error.instance
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    words = _alternatives([_KINDS[item] for item in wanted if item != "null"])
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
    return Said("wrong-type", f"{name} must be {words}, but it is {found}", remedy)


def _alternatives(words: Sequence[str]) -> str:
    return " or ".join((*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]))


def _not_allowed(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    words = [str(value) for value in allowed if value is not None]
    value = error.instance
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
    meant = closest(str(value)[:100].lower().replace("-", "_"), words)
    remedy = f"Allowed: {listed(words)}."
    return Said("not-allowed", f"{name} cannot be {found}", f"Did you mean `{meant}`? {remedy}" if meant else remedy)


def _range(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    low, high = error.schema.get("minimum", "…"), error.schema.get("maximum", "…")
    message = f"{name} is {shown(error.instance)[1:-1]}, outside of {low} to {high}"
    return Said("out-of-range", message, f"Write a number from {low} to {high}.")


def _too_long(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    length, most = len(error.instance), error.validator_value
    remedy = f"Shorten it by {length - most:,} character{'s' if length - most > 1 else ''}."
    return Said("too-long", f"{name} has {length:,} characters, at most {most:,} are allowed", remedy)


def _too_many(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    count, most = len(error.instance), error.validator_value
    return Said("too-many", f"{name} has {count} entries, at most {most} are allowed", f"Remove {count - most}.")


def _twice(_error: Any, name: str, _path: Sequence[str | int]) -> Said:
    return Said("duplicate-item", f"{name} lists something twice", "Keep one of the two.")


def _empty(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    what = "some text" if error.validator == "minLength" else "at least one entry"
    return Said("empty", f"{name} is empty", f"Write {what}.")


def _form(error: Any, name: str, _path: Sequence[str | int]) -> Said:
    remedy = _FORMS.get(error.validator_value, f"It must match {error.validator_value}.")
    about = name if "propertyNames" in error.absolute_schema_path else f"{name}, {shown(error.instance)},"
    return Said("bad-name", f"{about} has not the right form", remedy)


_SAY: dict[str, Callable[[Any, str, Sequence[str | int]], Said]] = {
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
