"""The search that shows that there is no order, where there is none."""

from __future__ import annotations

from harness.consistency.linearizability.search import Configuration, Ending, Memory, Path, Running, Search


class BreadthFirst(Search):
    """Goes from return to return with all configurations there are, each time without those that others outdo: so it
    follows few, and keeps none."""

    def run(self) -> Running:
        level: list[Configuration] = [self._start()]
        for number in range(len(self._returns)):
            self.bytes = 0
            memory: Memory = {}
            after: dict[int, dict[int, Path]] = {}
            for before in level:
                if self._is_due():
                    yield
                arrived = self._arrive(number, before, memory)
                if arrived is None:
                    continue
                for way in self._ways(number, arrived, memory):
                    if way is None:
                        yield
                    else:
                        after.setdefault(way[0], {}).setdefault(way[1], way[2])
            if not after:
                return self._stuck(number, level[0][2], memory)
            level = [(state, freedom, paths[freedom]) for state, paths in after.items() for freedom in _freest(paths)]
            self._unmoved[number].clear()
            self._moves[number].clear()
        return Ending(level[0][2], None, frozenset({level[0][0]}))


def _freest(freedoms: dict[int, Path]) -> list[int]:
    """Without those that lack no bit another one lacks."""
    kept: list[int] = []
    for freedom in sorted(freedoms, key=int.bit_count, reverse=True):
        if not any(other | freedom == other for other in kept):
            kept.append(freedom)
    return kept
