"""A model with its states and operations as small numbers, each step of it taken once."""

from __future__ import annotations

import sys
from typing import Any

from harness.consistency.models import REFUSED, Effect, Model
from harness.consistency.operations import Operation, Value

NOWHERE = -1
"""In place of a state: the model refuses."""


class Automaton:
    """Grows as it is asked. A *kind* is a class of operations that no model could tell apart."""

    def __init__(self, model: Model[Any]) -> None:
        self._model = model
        self._kinds: dict[tuple[object, ...], int] = {}
        self._examples: list[Operation] = []
        self.effects: list[Effect] = []
        """By kind."""
        self._steps: list[dict[int, int]] = []
        self._numbers: dict[Value, int] = {}
        self._states: list[Any] = []
        self.bytes = 0
        """What the states take, roughly."""
        self.initial = self._number(model.initial)

    def kind(self, operation: Operation) -> int:
        caller = operation.process if self._model.sees_callers else None
        known = (operation.name, operation.argument, operation.result, operation.determinate, caller)
        kind = self._kinds.setdefault(known, len(self._kinds))
        if kind == len(self._examples):
            self._examples.append(operation)
            self.effects.append(self._model.effect(operation))
            self._steps.append({})
        return kind

    def go(self, kind: int, state: int) -> int:
        """The state after an operation of that kind, or NOWHERE."""
        steps = self._steps[kind]
        after = steps.get(state)
        if after is None:
            value = self._model.step(self._states[state], self._examples[kind])
            after = steps[state] = NOWHERE if value is REFUSED else self._number(value)
        return after

    def show(self, state: int) -> str:
        return self._model.show(self._states[state])

    def _number(self, state: Value) -> int:
        number = self._numbers.setdefault(state, len(self._numbers))
        if number == len(self._states):
            self._states.append(state)
            self.bytes += sys.getsizeof(state) + 200
        return number
