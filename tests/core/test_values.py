"""The dataclasses whose methods are made when they are first called are those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

from retinue.core import values
from retinue.core.patterns import pattern

LAZY: Callable[..., Any] = values.dataclass
STANDARD: Callable[..., Any] = dataclasses.dataclass


def made(dataclass: Callable[..., Any], **how: bool) -> type[Any]:
    @dataclass(**how)
    class Thing:
        name: str
        size: int = 1
        parts: list[str] = dataclasses.field(default_factory=list)
        hidden: str = dataclasses.field(default="h", compare=False, repr=False)
        total: int = dataclasses.field(init=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "total", self.size + len(self.parts))

    return Thing


CALLS: list[Callable[[Any], Any]] = [
    lambda cls: cls(name="a"),
    lambda cls: cls("a", 2, ["x"], "other"),
    lambda cls: cls("a", parts=["x"]) == cls("a", parts=["x"], hidden="other"),
    lambda cls: cls("a", parts=["x"]) == cls("a", parts=["y"]),
    lambda cls: cls("a") == "a",
    lambda cls: cls("a") == made(STANDARD)("a"),
    lambda cls: len({cls("a", parts=()), cls("a", parts=(), hidden="other")}),
    lambda cls: cls("a").parts is cls("a").parts,
    lambda cls: cls("a", parts=["x"]).total,
    lambda cls: dataclasses.replace(cls("a"), size=3),
    lambda cls: dataclasses.asdict(cls("a")),
    lambda cls: copy.copy(cls("a", 2, ["x"], "other")),
    lambda cls: copy.copy(cls("a", 2, ["x"], "other")).hidden,
    lambda cls: copy.deepcopy(cls("a", parts=["x"])).total,
    lambda cls: copy.deepcopy(cls("a", parts=["x"])) == cls("a", parts=["x"]),
    lambda cls: [field.name for field in dataclasses.fields(cls)],
    lambda cls: hasattr(cls("a"), "__dict__"),
    lambda cls: setattr(cls("a"), "size", 2),
    lambda cls: setattr(cls("a"), "unknown", 2),
    lambda cls: delattr(cls("a"), "size"),
    lambda cls: cls(),
    lambda cls: cls("a", 1, [], "h", 5),
    lambda cls: cls("a", name="a"),
    lambda cls: cls("a", unknown=1),
]
HOWS: list[dict[str, bool]] = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "kw_only": True},
    {"eq": False},
    {},
]


def outcome(call: Callable[[Any], Any], cls: Any) -> tuple[str, str]:
    try:
        found = call(cls)
    except (AttributeError, TypeError):  # of a frozen class with slots the standard one mistakes the one for the other
        return "refused", ""
    return type(found).__name__, repr(found)


@pytest.mark.parametrize("how", HOWS, ids=str)
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_it_does_what_the_standard_one_does(how: dict[str, bool], number: int) -> None:
    lazy, standard = (outcome(CALLS[number], made(dataclass, **how)) for dataclass in (LAZY, STANDARD))
    assert lazy == standard


@pytest.mark.parametrize("dataclass", [LAZY, STANDARD], ids=["lazy", "standard"])
def test_either_one_can_be_the_base_of_either(dataclass: Callable[..., Any]) -> None:
    for base in (made(LAZY, frozen=True, kw_only=True), made(STANDARD, frozen=True, kw_only=True)):

        @dataclass(frozen=True, kw_only=True)
        class More(base):  # type: ignore[misc, valid-type]
            more: int = 0

        assert base(name="a").name == More(name="a").name
        assert repr(More(name="a", more=2)).endswith("More(name='a', size=1, parts=[], total=1, more=2)")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(More(name="a"), "more", 3)  # noqa: B010


def test_a_class_without_fields_is_a_value_too() -> None:
    @LAZY(frozen=True, slots=True)
    class Empty:
        pass

    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()).endswith("Empty()")


def test_a_constructor_is_made_for_the_first_instance() -> None:
    thing = made(LAZY, frozen=True)
    before = vars(thing)["__init__"]
    first = thing("a")
    after = vars(thing)["__init__"]
    assert before is not after
    assert (thing("a"), vars(thing)["__init__"]) == (first, after)


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    number = pattern(r"(\d+)x", re.IGNORECASE)
    assert not hasattr(type(number), "fullmatch")
    for _ in range(2):
        found = number.fullmatch("12X")
        assert found is not None and found[1] == "12"
    assert (number.sub("-", "a1xb"), number.pattern) == ("a-b", r"(\d+)x")
