"""What the options of a command line say, as values: pairs, times, variables. Decides nothing about them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..core.errors import UsageError
from ..core.model import Place
from ..load.files import MAX_BYTES
from ..load.located import Map
from ..load.yaml import parse
from .named_files import read_named
from .options import ProjectOptions
from .projects import refuse

_LONGEST = 1000 * 3600
_LIKE = {"--var": ("NAME=VALUE", "model=gpt-4o"), "--select": ("LABEL=VALUE", "team=support")}


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, str]:
    """`K=V` texts as a mapping. Raises UsageError for a text without `=`."""
    result = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            like, example = _LIKE[flag]
            raise UsageError(f"{flag} {pair} is not {like}", f"For example {flag} {example}.")
        if not pair.isprintable() and any("\ud800" <= char <= "\udfff" for char in pair):
            raise UsageError(f"{flag} {key} is not UTF-8", "Set the locale of this shell to UTF-8, or use --var-file.")
        result[key] = value
    return result


def parse_timeout(text: str) -> float:
    """`90`, `90s`, `15m` or `2h` in seconds. Raises UsageError."""
    match = re.fullmatch(r"0*([1-9][0-9]{0,8})(s|m|h|)", text)
    seconds = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST:
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise UsageError(f"--timeout {shown} is no time", "Write for example 90s or 15m, at most 1000h.")
    return float(seconds)


def variables_of(options: ProjectOptions) -> Map:
    """`--var-file` before `--var`; later ones win. What a file says has its place there."""
    result = options.recorded.copy() if options.recorded is not None else Map(Place("", 1, 1))
    for path in options.var_files:
        read = read_variables(path)
        for name, value in read.items():
            result.put(name, value, read.keys_at[name], read.values_at[name])
    for name, text in parse_pairs(options.variables, "--var").items():
        result[name] = text
        result.keys_at.pop(name, None)
    return result


def read_variables(path: str) -> Map:
    """A YAML file with one mapping of names to values. Raises UsageError or InvalidManifests."""
    data = read_named(path, MAX_BYTES, "the variables file", "Name a YAML file with --var-file.")
    parsed = parse(data, path)
    refuse(parsed.diagnostics)
    values = [document.value for document in parsed.documents]
    if len(values) != 1 or type(values[0]) is not Map:
        raise UsageError(f"{path} is no mapping of names to values", "Write lines such as `model: gpt-4o`.")
    return values[0]
