"""From the operations of a history to whether it is linearizable: each object by itself, all within one budget."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.bounds import positive
from harness.consistency.linearizability.automaton import Automaton
from harness.consistency.linearizability.breadth_first import BreadthFirst
from harness.consistency.linearizability.course import Course, Pending, chart
from harness.consistency.linearizability.depth_first import DepthFirst
from harness.consistency.linearizability.search import Ending, Search
from harness.consistency.linearizability.witness import holds, order_of
from harness.consistency.models import Effect, Model
from harness.consistency.operations import Operation, Value, by_key, until
from harness.errors import HarnessError, InvalidInput
from harness.toml_reader import nearest
from harness.verdict import Status

QUANTUM = 5_000
"""Steps that an object gets before another one has its turn, and before the budget is looked at."""
HOPEFUL_STEPS, HOPEFUL_STEPS_PER_RETURN = 5_000, 50
"""For so long only an order is sought; then also the proof that there is none, by turns."""


@dataclass(frozen=True)
class Budget:
    """What judging one history may take; None: any amount. Only `steps_max` makes verdicts the same on every machine.

    A step is a configuration that is looked at, or a state that is held against what was pending then. Seconds are of
    the processor. Memory is that of the search, estimated.
    """

    steps_max: int | None = None
    seconds_max: float | None = 60.0
    memory_mb_max: float | None = 2048.0

    def __post_init__(self) -> None:
        positive(steps_max=self.steps_max, seconds_max=self.seconds_max, memory_mb_max=self.memory_mb_max)


@dataclass(frozen=True)
class Violation:
    """No order explains the history of this object up to the return of `culprit`; one does up to just before it."""

    key: Value
    culprit: Operation
    prefix: tuple[Operation, ...]
    """All that had been invoked by then; what had not returned is indeterminate."""
    states: tuple[str, ...]
    """What the object can have been before."""
    order: tuple[Operation, ...]
    """What took effect before in one order that is possible."""


@dataclass(frozen=True)
class Judgement:
    """`status` unknown: the budget was used up, as `short_of` says, or there was nothing to judge."""

    status: Status
    operations: int
    keys: int
    steps: int
    short_of: str | None = None
    unfinished_keys: int = 0
    violated_keys: int = 0
    violation: Violation | None = None
    """The one that is complete first, of several objects."""


def check(
    operations: Iterable[Operation],
    model: Model[Any],
    budget: Budget = Budget(),
    clock: Callable[[], float] = time.process_time,
) -> Judgement:
    """Whether each object of the history did as the model may, one operation at a time.

    Raises InvalidInput for an operation that the model does not know. `clock` is what `seconds_max` is measured by.
    """
    objects = by_key(operations)
    _require_known(objects, model)
    shared = Automaton(model)
    meter = _Meter(budget, clock)
    waiting = deque(_Trial(key, of_key, model, shared, meter.quantum) for key, of_key in objects.items())
    violations: list[Violation] = []
    while waiting and meter.short_of is None:
        trial = waiting.popleft()
        before = trial.steps
        try:
            next(trial.running)
            waiting.append(trial)
        except StopIteration as ended:
            if ended.value is not None:
                violations.append(ended.value)
        meter.spend(trial.steps - before, lambda: shared.bytes + sum(trial.bytes for trial in waiting))
    known = any(operation.determinate for of_key in objects.values() for operation in of_key)
    return Judgement(
        status=Status.FAIL if violations else Status.PASS if known and not waiting else Status.UNKNOWN,
        operations=sum(map(len, objects.values())),
        keys=len(objects),
        steps=meter.steps,
        short_of=meter.short_of if waiting else None,
        unfinished_keys=len(waiting),
        violated_keys=len(violations),
        violation=min(violations, key=lambda violation: violation.culprit.returned or 0, default=None),
    )


class _Meter:
    """What has been used of a budget. Time and memory are looked at once in a quantum of steps: it takes time."""

    def __init__(self, budget: Budget, clock: Callable[[], float]) -> None:
        self.quantum = min(QUANTUM, budget.steps_max or QUANTUM)
        self.steps = 0
        self.short_of: str | None = None
        """What there was too little of, once that is so."""
        self._budget = budget
        self._clock = clock
        self._began_s = clock()
        self._look_at = self.quantum

    def spend(self, steps: int, bytes_in_use: Callable[[], int]) -> None:
        budget = self._budget
        self.steps += steps
        if self.steps < self._look_at:
            return
        self._look_at = self.steps + self.quantum
        if budget.steps_max is not None and self.steps >= budget.steps_max:
            self.short_of = f"{budget.steps_max} steps"
        elif budget.seconds_max is not None and self._clock() - self._began_s > budget.seconds_max:
            self.short_of = f"{budget.seconds_max:g} s"
        elif budget.memory_mb_max is not None and bytes_in_use() > budget.memory_mb_max * 1e6:
            self.short_of = f"{budget.memory_mb_max:g} MB"


def _require_known(objects: Mapping[Value, Sequence[Operation]], model: Model[Any]) -> None:
    for of_key in objects.values():
        for operation in of_key:
            if operation.name not in model.names:
                raise InvalidInput(
                    f"the model knows no operation {operation.name!r}; {nearest(operation.name, model.names)}",
                    line=operation.line,
                )


class _Trial:
    """One object, judged bit by bit: `running` yields after every quantum, and returns a violation or None."""

    def __init__(
        self, key: Value, operations: Sequence[Operation], model: Model[Any], shared: Automaton, quantum: int
    ) -> None:
        self._key = key
        self._recorded = operations
        self._operations = model.relevant(operations)
        self._model = model
        self._shared = self._automaton = shared
        self._quantum = quantum
        self._searches: list[Search] = []
        self._earlier_steps = 0
        self.running = self._run()

    @property
    def steps(self) -> int:
        return self._earlier_steps + sum(search.steps for search in self._searches)

    @property
    def bytes(self) -> int:
        """What is kept for it alone, roughly."""
        own = 0 if self._automaton is self._shared else self._automaton.bytes
        return own + sum(search.bytes for search in self._searches)

    def _run(self) -> Generator[None, None, Violation | None]:
        ending, course, automaton = yield from self._explain(self._operations)
        if ending.stuck is None:
            self._prove(order_of(ending.path, course, automaton))
            return None
        due = course.returns[ending.stuck]
        tells = any(self._tells(each, automaton) for each in due.pending if each is not due.own)
        if tells or automaton is not self._shared:
            return (yield from self._narrow_down())
        return self._violation(self._operations[due.own.number], ending, course, automaton, self._operations)

    def _prove(self, order: Sequence[int]) -> None:
        if not holds(order, self._operations, self._model):
            raise HarnessError("the search for an order found one that does not hold: please report this history")

    def _tells(self, pending: Pending, automaton: Automaton) -> bool:
        """Whether an operation that returns later, and may change the state, has a result that may say how."""
        operation = self._operations[pending.number]
        echoes = operation.argument is not None and operation.result == operation.argument
        return automaton.effects[pending.kind] is Effect.UPDATE and not echoes

    def _narrow_down(self) -> Generator[None, None, Violation]:
        """What comes later is known to a narrowed model, and shows in results of what is pending. So the search may get
        stuck before the first return that no order explains: that one is sought among the prefixes of the history, of
        which each that is longer fails too."""
        returning = sorted(
            (each for each in self._operations if each.returned is not None), key=lambda each: each.returned or 0
        )
        explained, failing = -1, len(returning) - 1
        while failing - explained > 1:
            middle = (explained + failing) // 2
            ending, _, _ = yield from self._explain(until(self._operations, returning[middle].returned or 0))
            explained, failing = (middle, failing) if ending.stuck is None else (explained, middle)
        culprit = returning[failing]
        before = until(self._operations, (culprit.returned or 0) - 1)
        return self._violation(culprit, *(yield from self._explain(before)), before)

    def _explain(self, operations: Sequence[Operation]) -> Generator[None, None, tuple[Ending, Course, Automaton]]:
        model = self._model.narrowed(operations)
        automaton = self._automaton = self._shared if model is self._model else Automaton(model)
        course = chart(operations, automaton)
        for search in self._searches:
            self._earlier_steps += search.steps
        hopeful, thorough = (kind(course, automaton, self._quantum) for kind in (DepthFirst, BreadthFirst))
        self._searches = [hopeful, thorough]
        hopeful_steps = HOPEFUL_STEPS + HOPEFUL_STEPS_PER_RETURN * len(course.returns)
        turns = deque((hopeful.run(), thorough.run()))
        while True:
            try:
                next(turns[0])
            except StopIteration as ended:
                return ended.value, course, automaton
            yield
            if hopeful.steps > hopeful_steps:
                turns.rotate()

    def _violation(
        self,
        culprit: Operation,
        ending: Ending,
        course: Course,
        automaton: Automaton,
        operations: Sequence[Operation],
    ) -> Violation:
        """`operations`: those that the course was made of."""
        order = order_of(ending.path, course, automaton)
        return Violation(
            key=self._key,
            culprit=culprit,
            prefix=tuple(until(self._recorded, culprit.returned or 0)),
            states=tuple(sorted(map(automaton.show, ending.states))),
            order=tuple(operations[number] for number in order if operations[number] is not culprit),
        )
