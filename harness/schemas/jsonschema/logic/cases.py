"""Distinguishes cases of values of one type, until there are only facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from harness.schemas.jsonschema.budget import Budget
from harness.schemas.jsonschema.logic.formula import All, Formula, Formulas, Literal, Some, Truth, Unknown
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Nothing, Solution, either


class Theory(Protocol):
    """What facts say of another fact."""

    def refutes(self, literal: Literal) -> bool:
        """Is it proved not to hold?"""
        ...

    def implies(self, literal: Literal) -> bool:
        """Is it proved to hold?"""
        ...


class OfType(Protocol):
    """What there is to know of values of the type."""

    def make(self, facts: Iterable[Formula]) -> Solution:
        """A value for which literals, and what is unknown, hold."""
        ...

    def opposite(self, fact: Formula) -> Formula: ...

    quick: bool
    """Is `make` so quick that it may be tried in between?"""

    def theory(self, facts: Iterable[Literal]) -> Theory | None: ...


@dataclass(frozen=True)
class _State:
    facts: dict[Formula, None]
    choices: tuple[tuple[Formula, ...], ...]
    """Of each, one alternative holds."""


class Cases:
    """Splits on alternatives, and draws conclusions in between (after Davis, Putnam, Logemann and Loveland)."""

    def __init__(self, formulas: Formulas, of_type: OfType, budget: Budget, rng: Random | None) -> None:
        self._formulas = formulas
        self._of_type = of_type
        self._budget = budget
        self._rng = rng

    def solve(self, formula: Formula) -> Solution:
        return self._solve({}, (), (formula,))

    def _solve(
        self, facts: dict[Formula, None], choices: Sequence[tuple[Formula, ...]], also: Iterable[Formula]
    ) -> Solution:
        self._budget.spend()
        if (state := self._concluded(facts, choices, also)) is None:
            return NOTHING
        if not state.choices:
            return self._of_type.make(state.facts)
        choice = min(state.choices, key=_promise)
        others = [other for other in state.choices if other is not choice]
        outcome: Solution = NOTHING
        for alternative in choice if self._rng is None else self._rng.sample(choice, len(choice)):
            solution = self._solve(state.facts, others, (alternative,))
            if isinstance(solution, Found):
                return solution
            outcome = either(outcome, solution)
        return outcome

    def _concluded(
        self, facts: dict[Formula, None], choices: Iterable[tuple[Formula, ...]], also: Iterable[Formula]
    ) -> _State | None:
        """With all that follows; None for a contradiction."""
        facts, left = dict(facts), list(choices)
        while True:
            for formula in also:
                if not _add(formula, facts, left):
                    return None
            if self._contradictory(facts):
                return None
            certain: list[Formula] = []
            open_: list[tuple[Formula, ...]] = []
            theory = self._theory(facts) if len(left) > 1 else None
            for choice in left:
                alternatives = self._possible(choice, facts, theory)
                match alternatives:
                    case None:
                        pass
                    case ():
                        return None
                    case (only,):
                        certain.append(only)
                    case several:
                        open_.append(several)
            if not certain:
                return _State(facts, tuple(open_))
            also, left = certain, open_

    def _theory(self, facts: Iterable[Formula]) -> Theory | None:
        return self._of_type.theory([fact for fact in facts if isinstance(fact, Literal)])

    def _contradictory(self, facts: dict[Formula, None]) -> bool:
        if any(isinstance(fact, Unknown) and self._formulas.negation(fact) in facts for fact in facts):
            return True
        return self._of_type.quick and isinstance(self._of_type.make(facts), Nothing)

    def _possible(
        self, choice: tuple[Formula, ...], facts: dict[Formula, None], theory: Theory | None
    ) -> tuple[Formula, ...] | None:
        """The alternatives left; None if one of them holds anyway."""
        left: list[Formula] = []
        for alternative in choice:
            self._budget.spend()
            new = [part for part in _parts(alternative) if part not in facts]
            if not new:
                return None
            if any(self._of_type.opposite(part) in facts for part in new):
                continue
            literals = [part for part in new if isinstance(part, Literal)]
            if theory is not None and any(map(theory.refutes, literals)):
                continue
            if theory is not None and len(literals) == len(new) and all(map(theory.implies, literals)):
                return None
            left.append(alternative)
        return tuple(left)


def _promise(choice: tuple[Formula, ...]) -> tuple[int, int]:
    """The smaller, the sooner: alternatives that say much, then few of them."""
    return -min(len(_parts(alternative)) for alternative in choice), len(choice)


def _parts(formula: Formula) -> tuple[Formula, ...]:
    return formula.parts if isinstance(formula, All) else (formula,)


def _add(formula: Formula, facts: dict[Formula, None], choices: list[tuple[Formula, ...]]) -> bool:
    """To what is known, taken apart; False for what never holds."""
    for part in _parts(formula):
        match part:
            case Truth(holds):
                if not holds:
                    return False
            case Some(alternatives):
                choices.append(alternatives)
            case _:
                facts[part] = None
    return True
