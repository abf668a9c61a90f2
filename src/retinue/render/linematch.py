"""Which lines or words of two texts correspond. Fast and near to minimal also where many of them are equal.

Lines that stand exactly once on both sides anchor the comparison ("patience"); the stretches between them are compared
by Myers' algorithm, a bounded number of edits at a time. What the budget does not reach counts as replaced.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

BUDGET = 1_500_000
_MAX_EDITS = 400

Match = tuple[int, int, int]
"""Start in the old text, start in the new text, number of equal lines."""


class Matcher:
    """Of two texts; `budget` is what it may still cost."""

    def __init__(self, old: Sequence[str], new: Sequence[str], budget: int = BUDGET) -> None:
        numbers: dict[str, int] = {}
        self.old = [numbers.setdefault(line, len(numbers)) for line in old]
        self.new = [numbers.setdefault(line, len(numbers)) for line in new]
        self.budget = budget

    def equal_stretches(self) -> list[Match]:
        """The stretches that both texts share, in order, each as long as it is."""
        found: list[Match] = []
        stack = [(0, len(self.old), 0, len(self.new))]
        while stack:
            i, i_end, j, j_end = stack.pop()
            start, end = i, i_end
            while i < i_end and j < j_end and self.old[i] == self.new[j]:
                i, j = i + 1, j + 1
            while i_end > i and j_end > j and self.old[i_end - 1] == self.new[j_end - 1]:
                i_end, j_end = i_end - 1, j_end - 1
            found += [(start, j - (i - start), i - start), (i_end, j_end, end - i_end)]
            if i == i_end or j == j_end or self.budget < 0:
                continue
            anchors = self._anchors(i, i_end, j, j_end)
            if not anchors:
                i, j, matches = self._edit(i, i_end, j, j_end)
                found.extend(matches)
            for x, y in anchors:
                stack.append((i, x, j, y))
                i, j = x, y
            stack.append((i, i_end, j, j_end))
        joined: list[Match] = []
        for i, j, size in sorted(match for match in found if match[2]):
            x, y, known = joined[-1] if joined else (0, 0, -1)
            if (x + known, y + known) == (i, j):
                joined[-1] = (x, y, known + size)
            else:
                joined.append((i, j, size))
        return joined

    def _anchors(self, i: int, i_end: int, j: int, j_end: int) -> list[tuple[int, int]]:
        """The longest rising chain of lines that stand exactly once on either side."""
        self.budget -= (i_end - i) + (j_end - j)
        here, there = Counter(self.old[i:i_end]), Counter(self.new[j:j_end])
        places = {self.new[y]: y for y in range(j, j_end)}
        pairs = [(x, places[n]) for x in range(i, i_end) if here[n := self.old[x]] == 1 == there.get(n)]
        tops: list[int] = []
        ends: list[int] = []
        before: list[int] = []
        for index, (_, y) in enumerate(pairs):
            at = bisect_left(tops, y)
            before.append(ends[at - 1] if at else -1)
            tops[at : at + 1], ends[at : at + 1] = [y], [index]
        chain = []
        index = ends[-1] if ends else -1
        while index >= 0:
            chain.append(pairs[index])
            index = before[index]
        return chain[::-1]

    def _edit(self, i: int, i_end: int, j: int, j_end: int) -> tuple[int, int, list[Match]]:
        """The shortest edit from one stretch to the other, or its beginning: how far it came and what matched."""
        old, new = self.old[i:i_end], self.new[j:j_end]
        # rows[d][n] is how far in `old` d edits reach on the diagonal k = 2n - d (k = place in old - place in new).
        rows: list[list[int]] = []
        for edits in range(_MAX_EDITS + 1):
            rows.append([])
            for n in range(edits + 1):
                k, start = 2 * n - edits, _start(rows, edits, n)
                x = start
                while x < len(old) and 0 <= x - k < len(new) and old[x] == new[x - k]:
                    x += 1
                rows[-1].append(x)
                self.budget -= 1 + x - start
                if x == len(old) and x - k == len(new):
                    return i_end, j_end, _walk_back(rows, n, i, j)
            if self.budget < 0:
                break
        edits = len(rows) - 1
        inside = [n for n, x in enumerate(rows[-1]) if x <= len(old) and 0 <= x - (2 * n - edits) <= len(new)]
        if not inside:
            return i_end, j_end, []
        n = max(inside, key=lambda n: rows[-1][n] - n)
        x = rows[-1][n]
        return i + x, j + x - (2 * n - edits), _walk_back(rows, n, i, j)


def _start(rows: Sequence[Sequence[int]], edits: int, n: int) -> int:
    """Where a diagonal is entered with one more edit: by a line put in, or by a line taken out."""
    if edits == 0:
        return 0
    before = rows[edits - 1]
    put_in = before[n] if n < edits else -1
    taken_out = before[n - 1] + 1 if n else -1
    return max(put_in, taken_out)


def _walk_back(rows: Sequence[Sequence[int]], n: int, i: int, j: int) -> list[Match]:
    """The equal stretches on the way to `rows[-1][n]`."""
    matches = []
    for edits in range(len(rows) - 1, -1, -1):
        k, start = 2 * n - edits, _start(rows, edits, n)
        matches.append((i + start, j + start - k, rows[edits][n] - start))
        # In the row before, the same n is the diagonal above (a line was put in), n - 1 the one below.
        if n == edits or (n and rows[edits - 1][n - 1] + 1 > rows[edits - 1][n]):
            n -= 1
    return matches
