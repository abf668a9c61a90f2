"""Regular expressions that are compiled when they are first used.

Of those in its modules a plan of unchanged assistants needs few; the others took 24 million instructions of its start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pattern = re.compile
else:

    class pattern:  # noqa: N801
        def __init__(self, *given):
            self._given = given

        def __getattr__(self, name: str) -> Any:
            method = self.__dict__[name] = getattr(re.compile(*self._given), name)
            return method
