"""Goals within themselves, and what may be concluded from them."""

from __future__ import annotations

from random import Random

import pytest

from harness.schemas.decision import Json
from harness.schemas.jsonschema.budget import Budget, OutOfSteps
from harness.schemas.jsonschema.logic.constants import equal_to
from harness.schemas.jsonschema.logic.formula import EachProperty, Formula, Formulas, Matches, SomeProperty, Type
from harness.schemas.jsonschema.logic.names import named
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Undecided
from harness.schemas.jsonschema.logic.solver import Solver
from harness.schemas.jsonschema.validators import finds


@pytest.fixture
def formulas() -> Formulas:
    return Formulas()


@pytest.fixture
def solver(formulas: Formulas) -> Solver:
    return Solver(formulas, Budget(10_000), finds)


def has(name: str, value: Formula, formulas: Formulas) -> Formula:
    """An object with such a property."""
    names = named([name], formulas)
    facts = (formulas.fact(SomeProperty(names, formulas.true)), formulas.fact(EachProperty(names, value)))
    return formulas.all_of((formulas.of_type(Type.OBJECT), *facts))


def test_what_was_concluded_within_a_goal_is_forgotten_if_the_goal_has_a_value(
    formulas: Formulas, solver: Solver
) -> None:
    def a() -> Formula:
        return formulas.any_of((has("x", b, formulas), has("y", equal_to(1, formulas), formulas)))

    b = formulas.reference("b", lambda: has("z", ref_a, formulas))
    ref_a = formulas.reference("a", a)
    # On the way to an `a` there is no `b`, as there is no `a` yet.
    assert solver.solve((ref_a,)) == Found({"y": 1})
    assert solver.solve((b,)) == Found({"z": {"y": 1}})


def test_goals_that_need_each_other_have_no_value(formulas: Formulas, solver: Solver) -> None:
    a = formulas.reference("a", lambda: has("b", b, formulas))
    b = formulas.reference("b", lambda: has("a", a, formulas))
    assert solver.solve((a,)) is NOTHING
    assert solver.solve((b,)) is NOTHING
    assert solver.solve((formulas.negation(a), formulas.of_type(Type.OBJECT))) == Found({})


def test_alternatives_that_exclude_each_other_within_a_recursion_are_told(formulas: Formulas, solver: Solver) -> None:
    tree = formulas.reference(
        "tree", lambda: formulas.exactly_one((formulas.of_type(Type.NULL), has("left", tree, formulas)))
    )
    assert solver.solve((tree, formulas.of_type(Type.OBJECT))) == Found({"left": None})
    assert solver.solve((tree, formulas.of_type(Type.STRING))) is NOTHING


def test_a_formula_and_its_negation_exclude_each_other_whatever_they_mean(formulas: Formulas, solver: Solver) -> None:
    something = formulas.unknown("key", "it is not known")
    assert solver.solve((something, formulas.negation(something))) is NOTHING
    assert solver.solve((something, equal_to(1, formulas))) == Undecided("it is not known", Found(1))


def test_values_by_chance_differ_and_come_again_with_the_seed(formulas: Formulas, solver: Solver) -> None:
    goal = (formulas.of_type(Type.STRING), formulas.fact(Matches("^[a-z]{4}$")))

    def some(seed: int) -> list[Json]:
        chances = solver.by_chance(Random(seed))
        found: list[Json] = []
        for _ in range(10):
            chances.forget_values()
            solution = chances.solve(goal)
            assert isinstance(solution, Found)
            found.append(solution.value)
        return found

    assert some(1) == some(1)
    assert len({str(value) for value in some(1)}) > 5


def test_a_goal_is_given_up_when_the_steps_are_used_up_and_can_be_taken_up_again(formulas: Formulas) -> None:
    budget = Budget(3)
    solver = Solver(formulas, budget, finds)
    goal = (has("a", has("b", has("c", equal_to(1, formulas), formulas), formulas), formulas),)
    with pytest.raises(OutOfSteps):
        solver.solve(goal)
    budget.renew(1_000)
    assert solver.solve(goal) == Found({"a": {"b": {"c": 1}}})
