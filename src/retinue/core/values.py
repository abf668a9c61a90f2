"""`dataclass` as the standard library has it, except that its methods are made when they are first called.

To make them at once takes 3.8 million instructions a class, this 0.3, and 0.6 at the first instance: a fifth of the
start of a plan, which imports 74 such classes and makes instances of 24.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field as field
from dataclasses import replace as replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(plain=None, /, *, frozen=False, slots=False, eq=True, kw_only=False):
        def made(plain):
            plain.__doc__ = plain.__doc__ or plain.__name__  # in place of a signature, which takes long to find
            heir = frozen and hasattr(plain, "__dataclass_fields__")  # the standard library asks heirs to be frozen too
            bare = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=heir, slots=slots, kw_only=kw_only)
            cls = bare(plain)
            cls.__dataclass_params__.frozen = frozen
            for name, method in _methods(cls, frozen, eq).items():
                if name not in vars(cls):
                    setattr(cls, name, method)
            return cls

        return made if plain is None else made(plain)


def _methods(cls: Any, frozen: bool, eq: bool) -> dict[str, Any]:
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        cls.__init__ = _constructor(cls, "_put(self, {0!r}, {1})" if frozen else "self.{0} = {1}")
        cls.__init__(self, *values, **named)

    methods: dict[str, Any] = {"__init__": __init__, "__repr__": _shown}
    if frozen:
        methods |= {"__setattr__": _refused, "__delattr__": _refused, "__setstate__": _restored}
    if eq:
        names = [item.name for item in dataclasses.fields(cls) if item.compare]
        content: Any = attrgetter(*names) if names else lambda _: ()

        def __eq__(self: Any, other: Any) -> bool:  # noqa: N807
            return content(self) == content(other) if other.__class__ is self.__class__ else NotImplemented

        methods |= {"__eq__": __eq__, "__hash__": (lambda self: hash(content(self))) if frozen else None}
    return methods


def _constructor(cls: Any, put: str) -> Any:
    known: dict[str, Any] = {"_put": object.__setattr__, "_absent": dataclasses.MISSING}
    places, named, lines = ["self"], ["*"], []
    for item in dataclasses.fields(cls):
        name, value = item.name, item.name
        known["_default_" + name], known["_make_" + name] = item.default, item.default_factory
        default = "" if item.default is dataclasses.MISSING else f"=_default_{name}"
        if item.default_factory is not dataclasses.MISSING:
            default, value = "=_absent", f"_make_{name}() if {name} is _absent else {name}"
        if item.init:
            (named if item.kw_only else places).append(name + default)
            lines.append(put.format(name, value))
    lines += ["self.__post_init__()"] * hasattr(cls, "__post_init__")
    head = ", ".join(places + named * (len(named) > 1))
    exec(f"def __init__({head}):\n " + "\n ".join(lines or ["pass"]), known)  # noqa: S102
    return known["__init__"]


def _shown(self: Any) -> str:
    shown = (f"{item.name}={getattr(self, item.name)!r}" for item in dataclasses.fields(self) if item.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _restored(self: Any, state: Any) -> None:
    """Fills a copy, or what was pickled: members that stand in a dictionary, in slots, or in both."""
    for part in state if isinstance(state, tuple) else (state,):
        for name, value in (part or {}).items():
            object.__setattr__(self, name, value)


def _refused(_self: Any, name: str, *_: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
