"""The search for an order, held against trying all orders there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.consistency.linearizability import Budget, check
from harness.consistency.linearizability.automaton import Automaton
from harness.consistency.linearizability.breadth_first import BreadthFirst
from harness.consistency.linearizability.course import chart
from harness.consistency.linearizability.depth_first import DepthFirst
from harness.consistency.linearizability.search import Ending, Search
from harness.consistency.models import MODELS, REFUSED, CasRegister, Effect, Model
from harness.consistency.operations import Operation, until
from harness.verdict import Status
from tests.histories.told import OBJECTS, execution, with_other_result

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)
models = pytest.mark.parametrize("name", OBJECTS)


def has_an_order(operations: list[Operation], model: Model[Any]) -> bool:
    """All orders, one after the other; only what comes to the same is not tried twice."""
    every = frozenset(range(len(operations)))

    @cache
    def goes_on(left: frozenset[int], state: Any) -> bool:
        due = [operations[number].returned for number in left]
        first = min((returned for returned in due if returned is not None), default=None)
        if first is None:
            return True
        return any(
            (after := model.step(state, operations[number])) is not REFUSED and goes_on(left - {number}, after)
            for number in left
            if operations[number].invoked < first
        )

    return goes_on(every, model.initial)


def history(name: str, seed: int) -> list[Operation]:
    random = Random(seed)
    told = execution(name, random, random.randrange(2, 9), processes=random.randrange(2, 6)).operations()
    told = [each for each in told if each.outcome.value != "fail"]
    return with_other_result(told, random) if random.random() < 0.7 else told


def end_of(search: Search) -> Ending:
    endings: list[Ending] = []

    def drive() -> Iterator[None]:
        endings.append((yield from search.run()))

    list(drive())
    return endings[0]


@models
@QUICK
@given(seed=seeds)
def test_what_a_real_object_did_is_explained(name: str, seed: int) -> None:
    operations = execution(name, Random(seed), 12 if name == "queue" else 25, processes=5).operations()
    judged = check(operations, MODELS[name](), Budget(steps_max=200_000))
    assert (judged.status is Status.PASS) == any(each.determinate for each in operations)


@models
@QUICK
@given(seed=seeds)
def test_an_order_is_found_if_there_is_one(name: str, seed: int) -> None:
    operations = history(name, seed)
    judged = check(operations, MODELS[name]())
    if any(each.determinate for each in operations):
        assert (judged.status is Status.PASS) == has_an_order(operations, MODELS[name]())


@models
@QUICK
@given(seed=seeds)
def test_the_prefix_shown_is_the_shortest_without_an_order(name: str, seed: int) -> None:
    operations = history(name, seed)
    violation = check(operations, MODELS[name]()).violation
    if violation is not None:
        returned = violation.culprit.returned
        assert returned is not None
        assert not has_an_order(list(violation.prefix), MODELS[name]())
        assert has_an_order(until(operations, returned - 1), MODELS[name]())


@models
@QUICK
@given(seed=seeds)
def test_both_searches_agree_however_often_they_pause(name: str, seed: int) -> None:
    operations = history(name, seed)
    automaton = Automaton(MODELS[name]())
    course = chart(operations, automaton)
    if course.returns:
        deep, broad = end_of(DepthFirst(course, automaton, 1)), end_of(BreadthFirst(course, automaton, 3))
        assert deep.stuck == broad.stuck


@QUICK
@given(seed=seeds)
def test_what_a_model_says_of_its_operations_changes_no_verdict(seed: int) -> None:
    class Taciturn(CasRegister):
        def effect(self, operation: Operation) -> Effect:
            return Effect.UPDATE

        def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
            return operations

    operations = history("cas-register", seed)
    assert check(operations, Taciturn()).status is check(operations, CasRegister()).status


@models
@QUICK
@given(seed=seeds)
def test_effects_are_true(name: str, seed: int) -> None:
    model = MODELS[name]()
    random = Random(seed)
    operations = [each for each in history(name, seed) if each.determinate]
    states = [model.initial]
    for operation in operations:
        after = model.step(random.choice(states), operation)
        states += [] if after is REFUSED else [after]
    for operation in operations:
        afters = [model.step(state, operation) for state in states]
        match model.effect(operation):
            case Effect.READ:
                assert all(after in (REFUSED, state) for state, after in zip(states, afters, strict=True))
            case Effect.OVERWRITE:
                assert len(set(afters)) == 1
                assert REFUSED not in afters
            case Effect.ADD:
                assert REFUSED not in afters
                for other in operations:
                    if model.effect(other) is Effect.ADD:
                        assert [model.step(after, other) for after in afters] == [
                            model.step(model.step(state, other), operation) for state in states
                        ]
