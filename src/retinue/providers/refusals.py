"""Sends a write again without the fields that the model refuses and that the manifest leaves at their default.

Must not give up a value that the manifest states: such a refusal ends with the line that has to go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Set

from ..core.errors import Rejected
from ..core.model import MISSING, Json
from ..core.patterns import pattern

_UNSUPPORTED = pattern(r"unsupported|not support|unrecogni[sz]ed|unknown_?param|not accept|not allow", re.IGNORECASE)
_QUOTED = pattern(r"['\"`](\w+)['\"`]")


def written(
    send: Callable[[Mapping[str, Json]], Mapping[str, Json]],
    body: Mapping[str, Json],
    known: Collection[str],
    at_default: Set[str],
    *,
    creates: bool = False,
) -> Mapping[str, Json]:
    """What `send` answers to the first form of the body that is not refused for a field of `at_default`.

    An update clears what is stored with null, and only then leaves the field out; a create the other way round. A
    field takes each form once. `known`: the fields that a refusal may be about.
    """
    left: dict[str, list[Json]] = {}
    while True:
        try:
            return send(body)
        except Rejected as error:
            named = _named(error, known)
            if not named:
                raise
            for name in (at_default & {*named}) - left.keys():
                forms = (MISSING, None) if creates else (None, MISSING)
                left[name] = [form for form in forms if form is not body.get(name, MISSING)]
            again = next((name for name in named if left.get(name)), None)
            if again is None:
                way_out = "The service takes neither the default of this field nor null: name another model."
                if stated := next((name for name in named if name not in at_default), None):
                    way_out = (
                        f"Take `{stated}` out of the manifest, its layers and `ignore_changes`, or name another model."
                    )
                raise Rejected(error.message, way_out, status=error.status) from error
        form = left[again].pop(0)
        body = {**body, again: form} if form is None else {key: body[key] for key in body if key != again}


def _named(error: Rejected, known: Collection[str]) -> list[str]:
    """The fields that the service says the model does not take. What it calls `param` may be the model itself."""
    if error.status not in (400, 422) or not _UNSUPPORTED.search(f"{error.code} {error.message}"):
        return []
    exact = [name for name in (error.param or "", *_QUOTED.findall(error.message)) if name in known]
    return exact or [name for name in re.findall(r"\w+", error.message) if name in known]
