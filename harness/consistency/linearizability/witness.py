"""The order that a search found, whole, and followed step by step: so no pass rests on the search alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.consistency.linearizability.automaton import Automaton
from harness.consistency.linearizability.course import Course, Pending
from harness.consistency.linearizability.search import Path
from harness.consistency.models import REFUSED, Effect, Model
from harness.consistency.operations import Operation


@dataclass(frozen=True, slots=True)
class _Taken:
    number: int
    """Of the operation."""
    before: int
    """The number of the return that it took effect before."""


def order_of(path: Path, course: Course, automaton: Automaton) -> list[int]:
    """The numbers of the operations in an order in which they can have taken effect: those on the path, and between
    them, as early as can be, those that changed nothing or were overwritten at once."""
    taken = list(_taken(path, course))
    on_path = {each.number for each in taken}
    placed: dict[int, None] = {}
    state, at = automaton.initial, 0
    for number, due in enumerate(course.returns):
        quiet = [each for each in due.pending if each.number not in on_path]
        placed |= _unmoved(quiet, state, automaton)
        while at < len(taken) and taken[at].before == number:
            operation = taken[at].number
            kind = course.kinds[operation]
            if automaton.effects[kind] is Effect.OVERWRITE:
                overwritten = (each.number for each in quiet if automaton.effects[each.kind] is Effect.OVERWRITE)
                placed |= dict.fromkeys(overwritten)
            placed[operation] = None
            state = automaton.go(kind, state)
            placed |= _unmoved(quiet, state, automaton)
            at += 1
    return list(placed)


def holds(order: Sequence[int], operations: Sequence[Operation], model: Model[Any]) -> bool:
    """Whether the model follows the order, it is true to the times, and nothing that returned is left out."""
    if len(set(order)) < len(order):
        return False
    state = model.initial
    begun = -1
    for number in order:
        operation = operations[number]
        if operation.returned is not None and operation.returned < begun:
            return False  # something that was invoked after its return came before it
        begun = max(begun, operation.invoked)
        state = model.step(state, operation)
        if state is REFUSED:
            return False
    constrained = {number for number, operation in enumerate(operations) if operation.returned is not None}
    return constrained <= set(order)


def _taken(path: Path, course: Course) -> Iterator[_Taken]:
    backwards = []
    while path is not None:
        path, number, bit = path
        backwards.append(_Taken(course.holder(number, bit), number))
    return reversed(backwards)


def _unmoved(pending: Sequence[Pending], state: int, automaton: Automaton) -> dict[int, None]:
    return {each.number: None for each in pending if automaton.go(each.kind, state) == state}
