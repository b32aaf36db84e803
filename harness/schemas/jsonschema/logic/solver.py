"""Finds a value that satisfies formulas, or proves that there is none.

A goal that comes up again inside of itself is taken to have no value there: of all values that satisfy a goal, the
shallowest has none inside that does. Whatever was concluded from that is forgotten if the outer goal has a value.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from math import inf
from random import Random

from harness.schemas.jsonschema.budget import Budget, OutOfSteps, Undecidable
from harness.schemas.jsonschema.logic.array_values import solve_array
from harness.schemas.jsonschema.logic.cases import Cases, Theory
from harness.schemas.jsonschema.logic.formula import All, BooleanIs, Formula, Formulas, Literal, OfType, Type, Unknown
from harness.schemas.jsonschema.logic.number_values import solve_number
from harness.schemas.jsonschema.logic.object_values import ObjectFacts, solve_object
from harness.schemas.jsonschema.logic.projection import Projection
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Nothing, Solution, Undecided, doubtful, either
from harness.schemas.jsonschema.logic.string_values import Strings, Trial


class Solver:
    """Remembers what it found."""

    def __init__(self, formulas: Formulas, budget: Budget, trial: Trial) -> None:
        self.formulas = formulas
        self.budget = budget
        self.rng: Random | None = None
        self.matcher = Strings(budget, trial)
        self._projection = Projection(formulas, self._excluded)
        self._known: dict[Hashable, Nothing | Undecided] = {}
        self._start()

    def _start(self) -> None:
        self._cases = {type_: Cases(self.formulas, _Values(self, type_), self.budget, self.rng) for type_ in Type}
        self._values: dict[Hashable, Found] = {}
        self._open: dict[Hashable, int] = {}
        self._assumed: dict[Hashable, float] = {}
        """Goals that have no value as long as the open goal at this depth has none."""
        self._lowest: float = inf
        """The depth of the outermost open goal of which the present conclusions make use."""
        self._separate: set[Hashable] = set()

    def by_chance(self, rng: Random) -> Solver:
        """One that finds values by chance, others after `forget_values()`; what has no value is known to both."""
        other = copy(self)
        other.rng = rng
        other._start()
        return other

    def forget_values(self) -> None:
        """But not where there are none."""
        self._values.clear()

    def solve(self, goal: Sequence[Formula]) -> Solution:
        """A value that satisfies all of the goal. Raises OutOfSteps."""
        self.budget.spend(len(goal) // 8)
        formula = self.formulas.all_of(goal)
        if formula is self.formulas.false:
            return NOTHING
        key = frozenset(formula.parts) if isinstance(formula, All) else formula
        if (known := self._known.get(key) or self._values.get(key)) is not None:
            return known
        if (depth := self._open.get(key, self._assumed.get(key))) is not None:
            self._lowest = min(self._lowest, depth)
            return NOTHING
        return self._opened(key, formula)

    def _opened(self, key: Hashable, goal: Formula) -> Solution:
        if not self._open:
            self._assumed.clear()  # by a goal that was given up
        depth, before, outer = len(self._open), len(self._assumed), self._lowest
        self._open[key] = depth
        self._lowest = inf
        try:
            solution = self._by_type(goal)
        finally:
            del self._open[key]
            lowest, self._lowest = self._lowest, outer
        conclusions = [*self._assumed][before:]
        if isinstance(solution, Nothing) and lowest < depth:
            self._assumed.update(dict.fromkeys((*conclusions, key), lowest))
            self._lowest = min(outer, lowest)
            return solution
        for conclusion in conclusions:
            del self._assumed[conclusion]
        match solution:
            case Found():
                self._values[key] = solution
            case Undecided() if self.rng is None:
                self._known[key] = solution
            case Nothing():
                self._known.update(dict.fromkeys((*conclusions, key), solution))
            case Undecided():
                pass
        return solution

    def _by_type(self, goal: Formula) -> Solution:
        self.budget.spend()
        outcome: Solution = NOTHING
        types = _types(goal)
        for type_ in types if self.rng is None else self.rng.sample(types, len(types)):
            try:
                solution = self._cases[type_].solve(self._projection.of(goal, type_))
            except OutOfSteps:
                raise
            except Undecidable as reason:
                solution = Undecided(str(reason))
            if isinstance(solution, Found):
                return solution
            outcome = either(outcome, solution)
        return outcome

    def _excluded(self, goal: Sequence[Formula]) -> bool:
        """Is there no value for it? Says so without making use of the goals that are open."""
        if (key := frozenset(goal)) in self._separate:
            return False
        context = self._open, self._assumed, self._lowest
        self._open, self._assumed, self._lowest = {}, {}, inf
        self._separate.add(key)
        try:
            return isinstance(self.solve(goal), Nothing)
        finally:
            self._separate.remove(key)
            self._open, self._assumed, self._lowest = context

    def opposite(self, fact: Formula, type_: Type) -> Formula:
        """Among values of the type."""
        return self._projection.of(self.formulas.negation(fact), type_)


class _Values:
    """Values of one type, made of facts."""

    def __init__(self, solver: Solver, type_: Type) -> None:
        self._solver = solver
        self._type = type_
        self.quick = type_ not in (Type.ARRAY, Type.OBJECT)

    def make(self, facts: Iterable[Formula]) -> Solution:
        solution = self._of_literals([fact for fact in facts if isinstance(fact, Literal)])
        for fact in facts:
            if isinstance(fact, Unknown):
                return doubtful(solution, fact.reason)
        return solution

    def _of_literals(self, literals: Sequence[Literal]) -> Solution:
        solver = self._solver
        match self._type:
            case Type.NULL:
                return Found(None)
            case Type.BOOLEAN:
                return _boolean(literals, solver.rng)
            case Type.NUMBER:
                return solve_number(literals, solver.budget, solver.rng)
            case Type.STRING:
                return solver.matcher.solve(literals, solver.rng)
            case Type.ARRAY:
                return solve_array(literals, solver)
            case Type.OBJECT:
                return solve_object(literals, solver)

    def opposite(self, fact: Formula) -> Formula:
        return self._solver.opposite(fact, self._type)

    def theory(self, facts: Iterable[Literal]) -> Theory | None:
        return ObjectFacts(facts, self._solver) if self._type is Type.OBJECT else None


def _types(goal: Formula) -> list[Type]:
    """Those that it may be of, at a first look."""
    types = list(Type)
    for part in goal.parts if isinstance(goal, All) else (goal,):
        match part:
            case Literal(OfType(some), holds):
                types = [type_ for type_ in types if (type_ in some) == holds]
    return types


def _boolean(literals: Iterable[Literal], rng: Random | None) -> Solution:
    left = [False, True]
    for literal in literals:
        assert isinstance(literal.fact, BooleanIs)
        left = [value for value in left if (value == literal.fact.value) is literal.holds]
    if not left:
        return NOTHING
    return Found(left[0] if rng is None else rng.choice(left))
