"""Numbers that satisfy bounds and multiples, or the proof that there are none."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from harness.schemas.jsonschema.budget import Budget
from harness.schemas.jsonschema.logic.formula import AtLeast, AtMost, Fact, Formulas, Literal, MultipleOf, NumberIn
from harness.schemas.jsonschema.logic.number_values import as_json, exactly, solve_number
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Solution, Undecided


def solve(*facts: Fact, without: tuple[Fact, ...] = (), rng: Random | None = None) -> Solution:
    formulas = Formulas()
    literals = [*(formulas.fact(fact) for fact in facts), *(formulas.fact(fact, False) for fact in without)]
    return solve_number([literal for literal in literals if isinstance(literal, Literal)], Budget(100_000), rng)


def number(text: str) -> Fraction:
    return Fraction(text)


@pytest.mark.parametrize(
    ("facts", "without", "found"),
    [
        ((), (), 0),
        ((AtLeast(number("3")),), (), 3),
        ((AtLeast(number("3"), exclusive=True), MultipleOf(number("1"))), (), 4),
        ((AtLeast(number("1")), AtLeast(number("1"), exclusive=True), MultipleOf(number("1"))), (), 2),
        ((AtLeast(number("1"), exclusive=True), AtLeast(number("1")), MultipleOf(number("1"))), (), 2),
        ((AtMost(number("-1")), AtMost(number("-1"), exclusive=True), MultipleOf(number("1"))), (), -2),
        ((AtMost(number("-1"), exclusive=True), AtMost(number("-1")), MultipleOf(number("1"))), (), -2),
        ((AtMost(number("-3")), MultipleOf(number("2"))), (), -4),
        ((), (MultipleOf(number("1")),), 0.5),
        ((AtLeast(number("0.25")), AtMost(number("0.25"))), (), 0.25),
        ((MultipleOf(number("4")),), (MultipleOf(number("3")),), 4),
        ((MultipleOf(number("4")), MultipleOf(number("6")), AtLeast(number("1"))), (), 12),
        ((MultipleOf(number("1")),), (NumberIn(frozenset(map(Fraction, range(-5, 6)))),), 6),
        ((NumberIn(frozenset([number("1"), number("2.5")])), AtLeast(number("2"))), (), 2.5),
        ((AtLeast(number("10") ** 30), MultipleOf(number("1"))), (), 10**30),
    ],
    ids=str,
)
def test_the_plainest_number_is_found(facts: tuple[Fact, ...], without: tuple[Fact, ...], found: float) -> None:
    assert solve(*facts, without=without) == Found(found)


@pytest.mark.parametrize(
    ("facts", "without"),
    [
        ((AtLeast(number("3")), AtMost(number("2"))), ()),
        ((AtLeast(number("3")), AtMost(number("3"), exclusive=True)), ()),
        ((AtLeast(number("0"), exclusive=True), AtMost(number("1"), exclusive=True), MultipleOf(number("1"))), ()),
        ((MultipleOf(number("6")),), (MultipleOf(number("3")),)),
        ((MultipleOf(number("0.3")),), (MultipleOf(number("0.1")),)),
        (
            (MultipleOf(number("1")), AtLeast(number("1")), AtMost(number("2"))),
            (NumberIn(frozenset([number("1"), number("2")])),),
        ),
        ((NumberIn(frozenset([number("1")])),), (NumberIn(frozenset([number("1")])),)),
        ((AtLeast(number("1")), AtMost(number("1"))), (NumberIn(frozenset([number("1")])),)),
    ],
    ids=str,
)
def test_that_there_is_no_number_is_proved(facts: tuple[Fact, ...], without: tuple[Fact, ...]) -> None:
    assert solve(*facts, without=without) is NOTHING


def test_a_number_that_cannot_be_written_is_not_taken_for_none() -> None:
    assert isinstance(solve(AtLeast(exactly(1e-300), True), AtMost(exactly(1.0000000000000002e-300), True)), Undecided)


def test_a_multiple_is_one_for_floating_point_as_well() -> None:
    found = solve(MultipleOf(number("0.1")), AtLeast(number("0.25")), AtMost(number("0.55")))
    assert found in (Found(0.4), Found(0.5))  # 0.3 / 0.1 is less than 3


def test_numbers_are_what_was_written() -> None:
    assert exactly(0.1) == Fraction(1, 10)
    assert as_json(Fraction(3, 10)) == 0.3
    assert as_json(Fraction(4, 2)) == 2
    assert as_json(Fraction(1, 3)) is None
    assert as_json(Fraction(10**400 + 1, 2)) is None


def test_numbers_by_chance_are_within_bounds() -> None:
    for seed in range(20):
        found = solve(AtLeast(number("1")), AtMost(number("2")), rng=Random(seed))
        assert isinstance(found, Found)
        assert isinstance(found.value, int | float)
        assert 1 <= found.value <= 2
