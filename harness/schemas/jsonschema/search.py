"""Looks for a witness among events that the writer admits: some made for what the schemas say, some by chance."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from harness.schemas.decision import Effort, Json
from harness.schemas.jsonschema.aims import Aim, Aims, additional
from harness.schemas.jsonschema.budget import OutOfSteps
from harness.schemas.jsonschema.logic.constants import identity
from harness.schemas.jsonschema.logic.formula import Formula
from harness.schemas.jsonschema.logic.solution import Found, Undecided
from harness.schemas.jsonschema.logic.solver import Solver
from harness.schemas.jsonschema.validators import Validator

_SEED = 1
_AIMS_MAX = 100
_AIMS_SEEN_MAX = 2_000
_CHANCES = 25
_STEPS = 4_000
"""Of each of the two searches."""


class Search:
    """For an event that the writer admits and the reader refuses. Counts what it gave to the reader."""

    def __init__(self, reader: Validator, writer: Validator) -> None:
        self._reader = reader
        self._writer = writer
        self._seen: set[Hashable] = set()
        self._directed = 0
        self._generated = 0

    @property
    def effort(self) -> Effort:
        return Effort(self._directed, self._generated)

    def is_witness(self, event: Json, by_chance: bool = False) -> bool:
        """Events that were tried before, and those that the writer does not admit, are not counted."""
        if (key := identity(event)) in self._seen:
            return False
        self._seen.add(key)
        if not self._writer.admits(event):
            return False
        self._directed += not by_chance
        self._generated += by_chance
        return not self._reader.admits(event)

    def run(self, written: Formula, read: Formula, solver: Solver) -> Found | None:
        """A witness, or None; the solver is given steps for it."""
        for event in _directed(written, read, solver):
            if self.is_witness(event):
                return Found(event)
        for event in _by_chance(written, solver):
            if self.is_witness(event, by_chance=True):
                return Found(event)
        return None


def _directed(written: Formula, read: Formula, solver: Solver) -> Iterator[Json]:
    """At what differs first, then at what both say."""
    aims = Aims(solver.formulas)
    of_reader = dict.fromkeys(islice(aims.of(read), _AIMS_SEEN_MAX))
    of_writer = dict.fromkeys(islice(aims.of(written), _AIMS_SEEN_MAX))
    different = [aim for aim in of_reader if aim not in of_writer] + [aim for aim in of_writer if aim not in of_reader]
    same = [aim for aim in of_reader if aim in of_writer]
    chosen = [*_spread(different, _AIMS_MAX), *_spread(same, _AIMS_MAX // 4), additional(solver.formulas)]
    solver.budget.renew(_STEPS)
    yield from _events(((written, aims.formula(aim)) for aim in chosen), solver)


def _by_chance(written: Formula, solver: Solver) -> Iterator[Json]:
    solver.budget.renew(_STEPS)
    chances = solver.by_chance(Random(_SEED))
    for _ in range(_CHANCES):
        chances.forget_values()
        yield from _events([(written,)], chances)


def _events(goals: Iterable[Sequence[Formula]], solver: Solver) -> Iterator[Json]:
    for goal in goals:
        try:
            solution = solver.solve(goal)
        except OutOfSteps:
            return
        match solution:
            case Found(value) | Undecided(candidate=Found(value)):
                yield value


def _spread(aims: Sequence[Aim], count: int) -> Sequence[Aim]:
    """So many of them, evenly from all."""
    if len(aims) <= count:
        return aims
    return [aims[place * len(aims) // count] for place in range(count)]
