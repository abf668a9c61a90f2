"""Findings of the JSON Schema validator as messages for beginners.

Pure; knows no files and no places. What only one kind has a word for stands in its schema, or in its `explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from ..core.model import Kind
from ..core.problem import Fault, Problem, listed, path_name, shown
from ..core.references import target_of
from ..core.spelling import closest, snake
from .located import Map
from .variables import TEMPLATE, meant_variable

_REMOVE, _INCLUDE = "Remove this line", "file"


def _unknown_keys(error: Any, kind: Kind | None, path: Sequence[str | int]) -> Iterator[Problem]:
    """One message for each key that the schema does not know."""
    members = error.schema.get("properties", {})
    word = _misspelt(error, kind, path)
    homes: dict[str, list[str]] = {}
    for key in error.instance:
        if key not in members and (home := _home(key, members)) and home not in error.instance:
            homes.setdefault(home, []).append(key)
    flat = {key: keys for keys in homes.values() for key in keys if len(keys) > 1}
    for key in error.instance:
        if word is not None and (key,) == word.steps:
            yield word
        elif key in flat and key != flat[key][0]:
            continue
        elif key not in members and (word is None or target_of(error.instance[key]) is None):
            # Where a kind's schema knows the key from elsewhere, it says what to write here.
            elsewhere = error.schema.get("x-retinue-elsewhere", {})
            told = elsewhere.get(key) or elsewhere.get(snake(key))
            if "api_key" in path:
                # The key itself may be the secret, so it is not repeated.
                message = f"{path_name(path)} says where the key comes from, with `env`, `file` or `command`"
                yield Problem("unknown-key", message, "Write `{env: NAME}`. If a real key stands here, revoke it now.")
            elif key in flat:
                home, inner = _home(key, members), ", ".join(f"{name}: …" for name in flat[key])
                remedy = f"They belong below `{home}`: `{home}: {{{inner}}}`."
                yield Problem("unknown-key", f"unknown keys {listed(flat[key])}{_in(path)}", remedy, (key,), True)
            elif isinstance(told, dict):
                yield Problem(told.get("code", "unknown-key"), told["message"], told["remedy"], (key,), at_key=True)
            else:
                yield _not_known(key, path, told or _meant(key, members, error.instance, elsewhere))


def _not_known(key: str, path: Sequence[str | int], remedy: str) -> Problem:
    return Problem("unknown-key", f"unknown key {shown(key)}{_in(path)}", remedy, (key,), True)


def _in(path: Sequence[str | int]) -> str:
    return f" in {path_name(path)}" if path else ""


def _misspelt(error: Any, kind: Kind | None, path: Sequence[str | int]) -> Problem | None:
    """The message on a mapping that is nearly `{file: PATH}`, `{upload: PATH}`, `{ref: ADDRESS}` or what must be there.

    It is all there is to say of it: whatever else is wrong with it comes from this key.
    """
    schema = error.schema if error.validator != "type" else {}
    if kind is None or not path or not isinstance(error.instance, dict):
        return None
    known, value = schema.get("properties", {}).keys(), error.instance
    # A key beside `file` or `upload` keeps it from being an include.
    beside_file = next((key for key in value if key not in (_INCLUDE, "template")), None)
    beside_upload = next((key for key in value if key != "file_id"), None)
    if error.validator == "type" and isinstance(value.get(_INCLUDE), str) and beside_file is not None:
        near = closest(beside_file.lower(), ["template"])
        remedy = f"Did you mean `{near}`?" if near else f"{_REMOVE}. Only `template` may stand beside `file`."
        return _not_known(beside_file, path, remedy)
    if "file_id" not in known and target_of(value.get("file_id")) is not None and beside_upload is not None:
        return _not_known(beside_upload, path, f"{_REMOVE}. `{{upload: PATH}}` stands alone here.")
    words = {*schema.get("x-retinue-authors", {}).get("properties", ()), *schema.get("required", ()), _INCLUDE}
    for key, item in value.items():
        if key not in words | known and isinstance(item, str) and (meant := closest(key.lower(), sorted(words))):
            return _not_known(key, path, f"Did you mean `{meant}`?")
    return None


def _home(key: str, members: Mapping[str, Any]) -> str | None:
    """The member in which an unknown key is known."""
    return next((name for name, schema in members.items() if key in schema.get("properties", {})), None)


def _meant(key: str, members: Mapping[str, Any], instance: Mapping[str, Any], elsewhere: Mapping[str, Any]) -> str:
    if below := _home(key, members):
        return f"It belongs below `{below}`: `{below}: {{{key}: …}}`."
    present: Collection[str] = instance
    if type(instance) is Map:
        # A key that only another layer has may well be meant.
        file = instance.keys_at[key].file
        present = [name for name, place in instance.keys_at.items() if place.file == file]
    known = [name for name in members if name not in present]
    if meant := closest(snake(key), elsewhere, 0.9):
        told = elsewhere[meant]
        return f"If `{meant}` is meant: {told['remedy'] if isinstance(told, dict) else told}"
    if meant := closest(snake(key), known):
        return f"Did you mean `{meant}`?"
    if again := closest(key, members, 0.8):
        return f"`{again}` is there already: remove this line."
    return f"{_REMOVE}. Allowed here: {listed(known)}."


def _missing_keys(error: Any, kind: Kind | None, path: Sequence[str | int]) -> Iterator[Problem]:
    """One message for each key that must be there; the validator reports them one by one, this says all at once."""
    if (word := _misspelt(error, kind, path)) is not None:
        yield word
        return
    members = error.schema.get("properties", {})
    # A name that belongs below a key gets a message that names that key.
    begun = {_home(key, members) for key in error.instance if key not in members}
    below = [item for key, item in error.instance.items() if key not in members and isinstance(item, dict)]
    begun.update(key for item in below for key in item)
    for key in (key for key in error.validator_value if key not in error.instance and key not in begun):
        schema = members.get(key, {})
        first, *others = schema.get("enum") or [schema.get("const", "…")]
        remedy = f"Add `{key}: {first}`" + (f" (or {', '.join(map(str, others))})." if others else ".")
        if first == "…" and "description" in schema:
            remedy += f" {schema['description']}"
        yield Problem("missing-key", f"`{key}` is missing{_in(path)}", schema.get("x-retinue-missing", remedy))


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
    "^/": "It is a JSON pointer, which begins with a slash: `/temperature`.",
}


def problems_of(error: Any, kind: Kind | None, prefix: Sequence[str | int] = ()) -> Iterator[Problem]:
    """The diagnostic for one error. `prefix`: the path from the document to what was validated.

    Steps are relative to the error's own path.
    """
    path = (*prefix, *error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, kind, path)
    elif error.validator == "required":
        yield from _missing_keys(error, kind, path)
    elif error.validator == "type" and (word := _misspelt(error, kind, path)) is not None:
        yield word
    elif "propertyNames" in error.absolute_schema_path:
        problem = _describe(error, f"the name {shown(error.instance)} in {path_name(path)}")
        yield problem._replace(steps=(error.instance,), at_key=True)
    elif kind is None and "api_key" in path:
        yield _secret(error, path)
    else:
        fault = Fault(error.validator, error.validator_value, error.instance, path)
        yield _braced(error, path_name(path)) or (kind and kind.explain(fault)) or _describe(error, path_name(path))


def _braced(error: Any, name: str) -> Problem | None:
    """`{model}`, as some tools write a variable."""
    if error.validator != "type" or not isinstance(error.instance, dict) or [*error.instance.values()] != [None]:
        return None
    word = next(iter(error.instance))
    message = f"{name} is in braces, which makes it a mapping"
    return Problem("wrong-type", message, f"Write the value itself, or `{meant_variable(word)}` for a variable.")


def _describe(error: Any, name: str) -> Problem:
    if (describe := _DESCRIBERS.get(error.validator)) is not None:
        return describe(error, name)
    return Problem("invalid", f"{name} is not valid", "Compare it with the reference of this field.")


def _secret(error: Any, path: Sequence[str | int]) -> Problem:
    """Whatever stands below `api_key` may be a key: it is never repeated."""
    if path[-1] == "api_key":
        if error.validator == "type":
            remedy = "Write `api_key: {env: NAME}`, or `file` or `command`. If it was a real key, revoke it now."
            return Problem("literal-secret", "a key must not stand in this file", remedy)
        return Problem("wrong-type", "`api_key` has exactly one of `env`, `file` and `command`", "Keep one of them.")
    if path[-1] == "env":
        remedy = error.schema.get("x-retinue-form", "Write its name.")
        return Problem("bad-name", "`env` is not the name of an environment variable", remedy)
    if "command" in path:
        remedy = "Write the words of the command as a list: `command: [az, account, get-access-token]`."
        return Problem("wrong-type", "`command` is a list of words", remedy)
    return Problem("wrong-type", "`file` is the path of a file that holds the key", "Write `file: PATH`.")


def _found(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)


def _wrong_type(error: Any, name: str) -> Problem:
    value = error.instance
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    *most, last = [_KINDS[item] for item in wanted if item != "null"] or [_KINDS["null"]]
    words = f"{', '.join(most)} or {last}" if most else last
    found = _found(value)
    remedy = f"Write {words}."
    if value is None:
        found, remedy = "empty", f"Remove the line, or write {words}."
    elif isinstance(value, (int, float)) and "string" in wanted:
        remedy = f'Put it in quotes: "{shown(value)[1:-1]}".'
    elif isinstance(value, str) and {"number", "integer", "boolean"} & set(wanted):
        template = TEMPLATE.fullmatch(value.strip())
        meant = template and f"For a variable write `{meant_variable(''.join(filter(None, template.groups())))}`."
        found, remedy = f"the text {found}", meant or f"Write {words}, without quotes."
    elif isinstance(value, (str, int, float)) and ("array" in wanted or "x-retinue-item" in error.schema):
        item = error.schema.get("x-retinue-item", "VALUE").replace("VALUE", shown(value)[1:-1])
        remedy = f"Write a list: [{item}]." if "array" in wanted else f"Write `{item}`."
    return Problem("wrong-type", f"{name} must be {words}, but it is {found}", remedy)


def _not_allowed(error: Any, name: str) -> Problem:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    words = [str(value) for value in allowed if value is not None]
    value = error.instance
    found = _found(value)
    if isinstance(value, str) and (told := error.schema.get("x-retinue-elsewhere", {}).get(value)):
        return Problem("not-allowed", f"{name} cannot be {found}", told)
    meant = closest(str(value)[:100].lower().replace("-", "_"), words)
    remedy = f"Allowed: {listed(words)}."
    otherwise = f" {words}" if (words := error.schema.get("x-retinue-otherwise")) else ""
    remedy = f"Did you mean `{meant}`? {remedy}" if meant else f"{remedy}{otherwise}"
    return Problem("not-allowed", f"{name} cannot be {found}", remedy)


def _range(error: Any, name: str) -> Problem:
    low, high = error.schema.get("minimum", "…"), error.schema.get("maximum", "…")
    message = f"{name} is {shown(error.instance)[1:-1]}, outside of {low} to {high}"
    return Problem("out-of-range", message, f"Write a number from {low} to {high}.")


def _too_long(error: Any, name: str) -> Problem:
    length, most = len(error.instance), error.validator_value
    remedy = f"Shorten it by {length - most:,} character{'s' if length - most > 1 else ''}."
    return Problem("too-long", f"{name} has {length:,} characters, at most {most:,} are allowed", remedy)


def _too_many(error: Any, name: str) -> Problem:
    count, most = len(error.instance), error.validator_value
    return Problem("too-many", f"{name} has {count} entries, at most {most} are allowed", f"Remove {count - most}.")


def _empty(error: Any, name: str) -> Problem:
    what = "some text" if error.validator == "minLength" else "at least one entry"
    return Problem("empty", f"{name} is empty", f"Write {what}.")


def _form(error: Any, name: str) -> Problem:
    form = _FORMS.get(error.validator_value, f"It must match {error.validator_value}.")
    remedy = error.schema.get("x-retinue-form", form)
    about = name if "propertyNames" in error.absolute_schema_path else f"{name}, {shown(error.instance)},"
    return Problem("bad-name", f"{about} does not have the right form", remedy)


_DESCRIBERS: dict[str, Callable[[Any, str], Problem]] = {
    "type": _wrong_type,
    **dict.fromkeys(("enum", "const"), _not_allowed),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum"), _range),
    "maxLength": _too_long,
    **dict.fromkeys(("maxItems", "maxProperties"), _too_many),
    "uniqueItems": lambda _, name: Problem("duplicate-item", f"{name} lists something twice", "Keep one of the two."),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), _empty),
    "pattern": _form,
}
