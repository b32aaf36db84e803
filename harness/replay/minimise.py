"""The shortest part of a stream that still shows what the whole of it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
TESTS_MAX: Final = 1_000


@dataclass(frozen=True)
class Minimal(Generic[Item]):
    """`proven`: none of the items can be left out; if not, the tests were used up before that was shown."""

    items: tuple[Item, ...]
    tests: int
    proven: bool


class _UsedUp(Exception):
    """The number of tests that may be made is reached."""


def minimise(
    items: Sequence[Item], shows: Callable[[Sequence[Item]], bool], tests_max: int = TESTS_MAX
) -> Minimal[Item]:
    """By delta debugging: ddmin of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002).

    `shows` holds for all items, and is asked at most `tests_max` times. The order of the items is kept; none can be
    left out of what is returned (1-minimal), which need not be the shortest of all.
    """
    search = _Search(shows, tests_max)
    current = tuple(items)
    try:
        current = search.prefix(current)
        parts = 2
        while len(current) >= 2:
            smaller = search.one_of(current, parts)
            if smaller is not None:
                current, parts = smaller, max(parts - 1, 2)
            elif parts < len(current):
                parts = min(len(current), 2 * parts)
            else:
                break
    except _UsedUp:
        return Minimal(search.best or tuple(items), search.tests, proven=False)
    return Minimal(current, search.tests, proven=True)


class _Search(Generic[Item]):
    def __init__(self, shows: Callable[[Sequence[Item]], bool], tests_max: int) -> None:
        self.tests = 0
        self.best: tuple[Item, ...] | None = None
        """The smallest yet that shows it."""
        self._shows = shows
        self._tests_max = tests_max

    def prefix(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """A prefix that shows it, by bisection: what a stream shows it mostly shows soon after one event."""
        fails, shows = 0, len(items)
        while fails + 1 < shows:
            middle = (fails + shows) // 2
            if self._test(items[:middle]):
                shows = middle
            else:
                fails = middle
        return items[:shows]

    def one_of(self, items: tuple[Item, ...], parts: int) -> tuple[Item, ...] | None:
        """Without one of so many parts, if that still shows it."""
        bounds = [len(items) * number // parts for number in range(parts + 1)]
        for begin, end in pairwise(bounds):
            if end > begin and self._test(rest := items[:begin] + items[end:]):
                return rest
        return None

    def _test(self, items: tuple[Item, ...]) -> bool:
        if self.tests >= self._tests_max:
            raise _UsedUp
        self.tests += 1
        shown = self._shows(items)
        if shown and (self.best is None or len(items) < len(self.best)):
            self.best = items
        return shown
