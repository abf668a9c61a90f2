"""What a run has to do on a service with versions and a pointer: one step of every kind. Knows no service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from retinue.core.model import Desired

from ..core.worlds import at

REMOVED = {at("leaving"): True}


class Story(NamedTuple):
    """What was applied first, what after that, so that there is a pointer, and what the run wants."""

    before: Sequence[Desired]
    second: Sequence[Desired]
    wanted: Sequence[Desired]


def story(assistant: Callable[..., Desired]) -> Story:
    """`assistant`: one by its name and what it says, "Be kind." unless told."""
    names = ("kept", "reworded", "back", "noted", "maths", "orphan", "leaving")
    wanted = [
        assistant("kept"),
        assistant("base"),
        assistant("top", "Be first.", requires=["base", "reworded"]),
        assistant("reworded", "Be strict."),
        assistant("back"),
        assistant("noted", protect=True),
        assistant("maths-tutor", "Count.", moved_from="maths"),
    ]
    second = [assistant("reworded", "Be brief."), assistant("back", "Be loud.")]
    rest = [assistant(name) for name in names if name not in ("reworded", "back")]
    return Story([assistant(name) for name in names], [*second, *rest], wanted)
