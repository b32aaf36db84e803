"""The search that soon finds an order where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.consistency.linearizability.search import Configuration, Ending, Memory, Path, Running, Search

_ENDED: Final[Configuration] = (-1, -1, None)
"""There is no further way."""


class DepthFirst(Search):
    """Follows one way as far as it goes, and remembers all it has seen, so that it takes none twice."""

    def run(self) -> Running:
        memories: list[Memory] = [{} for _ in self._returns]
        ways: list[Iterator[Configuration | None]] = [iter((self._start(),))]
        furthest: Path = None
        far = -1
        while ways:
            further = next(ways[-1], _ENDED)
            if further is _ENDED:
                ways.pop()
                continue
            if further is None or self._is_due():
                yield
            if further is None:
                continue
            number, path = len(ways) - 1, further[2]
            if number > far:
                far, furthest = number, path
            if number == len(self._returns):
                return Ending(path, None, frozenset({further[0]}))
            arrived = self._arrive(number, further, memories[number])
            if arrived is not None:
                ways.append(self._ways(number, arrived, memories[number]))
        return self._stuck(far, furthest, memories[far])
