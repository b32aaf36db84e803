"""Objects: which properties they need, what every property must be, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from random import Random
from typing import Protocol

from harness.schemas.decision import Json
from harness.schemas.jsonschema.logic.formula import (
    EachProperty,
    Formula,
    Formulas,
    Literal,
    PropertiesAtLeast,
    PropertiesAtMost,
    SomeProperty,
    Type,
)
from harness.schemas.jsonschema.logic.names import Matcher, admits, beyond, mentioned, named, single
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Nothing, Solution, Undecided, doubtful, either

PROPERTIES_MAX = 500
"""Larger objects are not made."""


class Values(Protocol):
    """Who finds values for what is inside."""

    @property
    def formulas(self) -> Formulas: ...

    @property
    def matcher(self) -> Matcher: ...

    @property
    def rng(self) -> Random | None: ...

    def solve(self, goal: Sequence[Formula]) -> Solution: ...


class ObjectFacts:
    """What is known of an object."""

    def __init__(self, facts: Iterable[Literal], values: Values) -> None:
        self._values = values
        self.each: list[EachProperty] = []
        self.some: list[SomeProperty] = []
        self.least = 0
        self.most: int | None = None
        for literal in facts:
            self._add(literal)
        self._rules: dict[str, tuple[Formula, ...]] = {}
        self._by_name: dict[str, list[Formula]] = {}
        self._general: list[EachProperty] = []
        for each in self.each:
            if (name := single(each.names)) is not None:
                self._by_name.setdefault(name, []).append(each.value)
            else:
                self._general.append(each)

    def _add(self, literal: Literal) -> None:
        match literal.fact:
            case EachProperty() as each:
                self.each.append(each)
            case SomeProperty() as some:
                self.some.append(some)
            case PropertiesAtLeast(count):
                self.least = max(self.least, count)
            case PropertiesAtMost(count):
                self.most = count if self.most is None else min(self.most, count)
            case unexpected:
                raise TypeError(unexpected)

    def rules(self, name: str) -> tuple[Formula, ...]:
        """What a property of this name must be, if it is there. Raises Undecidable."""
        if name not in self._rules:
            matcher = self._values.matcher
            general = (each.value for each in self._general if admits(each.names, name, matcher))
            self._rules[name] = (*self._by_name.get(name, ()), *general)
        return self._rules[name]

    @cached_property
    def demanded(self) -> dict[str, tuple[Formula, ...]]:
        """Properties that it has, by name, and what is asked of each beyond the rules."""
        found: dict[str, tuple[Formula, ...]] = {}
        for some in self.some:
            if (name := single(some.names)) is not None:
                found[name] = (*found.get(name, ()), some.value)
        return found

    @cached_property
    def known(self) -> dict[str, None]:
        """All names that occur, in order."""
        names = chain((some.names for some in self.some), (each.names for each in self.each))
        return dict.fromkeys(chain.from_iterable(sorted(mentioned(formula)) for formula in names))

    # ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────

    def refutes(self, literal: Literal) -> bool:
        """Is it proved that the literal does not hold? Tells it of single properties only."""
        match literal.fact:
            case SomeProperty(names, value) if (name := single(names)) is not None:
                return self._none(name, value)
            case EachProperty(names, value) if (name := single(names)) is not None and name in self.demanded:
                return self._none(name, value)
            case _:
                return False

    def implies(self, literal: Literal) -> bool:
        """Is it proved that the literal holds? Tells it of single properties only."""
        negation = self._values.formulas.negation
        match literal.fact:
            case SomeProperty(names, value) if (name := single(names)) is not None and name in self.demanded:
                return self._none(name, negation(value))
            case EachProperty(names, value) if (name := single(names)) is not None:
                return self._none(name, negation(value))
            case _:
                return False

    def _none(self, name: str, value: Formula) -> bool:
        goal = (*self.demanded.get(name, ()), *self.rules(name), value)
        return isinstance(self._values.solve(goal), Nothing)


def solve_object(facts: Iterable[Literal], values: Values) -> Solution:
    """An object for which all facts hold, with few properties, or one by chance. Raises Undecidable."""
    known = ObjectFacts(facts, values)
    if known.most is not None and max(known.least, len(known.demanded)) > known.most:
        return NOTHING
    return _Maker(known, values).solve()


class _Maker:
    """Places what is asked for on names, by trial."""

    def __init__(self, facts: ObjectFacts, values: Values) -> None:
        self._facts = facts
        self._values = values
        self._doubts: list[str] = []

    def solve(self) -> Solution:
        facts, true = self._facts, self._values.formulas.true
        placed: dict[str, tuple[Formula, ...]] = {}
        # What is likely to fail comes first.
        for name, asked in sorted(facts.demanded.items(), key=lambda item: set(item[1]) == {true}):
            placed[name] = (*facts.rules(name), *asked)
            if isinstance(self._values.solve(placed[name]), Nothing):
                return NOTHING
        solution = self._place([some for some in facts.some if single(some.names) is None], placed)
        if isinstance(solution, Nothing) and self._doubts:
            return Undecided(self._doubts[0])
        return solution

    def _place(self, demands: Sequence[SomeProperty], placed: dict[str, tuple[Formula, ...]]) -> Solution:
        if not demands:
            return self._complete(placed)
        outcome: Solution = NOTHING
        for name in self._candidates(demands[0].names, placed):
            goal = (*placed.get(name, self._facts.rules(name)), demands[0].value)
            solution = self._values.solve(goal)
            if not isinstance(solution, Nothing):
                solution = self._place(demands[1:], {**placed, name: goal})
            if isinstance(solution, Found):
                return solution
            outcome = either(outcome, solution)
        return outcome

    def _candidates(self, names: Formula, placed: dict[str, tuple[Formula, ...]]) -> Iterator[str]:
        """Names to choose from, of those without a difference one."""
        matcher = self._values.matcher
        known = [name for name in (*self._facts.known, *placed) if admits(names, name, matcher)]
        unplaced = [name for name in known if name not in placed]
        yield from unplaced
        yield from self._fresh(names, placed)
        yield from dict.fromkeys(name for name in known if name in placed)

    def _fresh(self, names: Formula, used: Iterable[str]) -> Iterator[str]:
        """A name that does not occur, for each set of rules and demands that such names may be under."""
        formulas = self._values.formulas
        known = self._facts.known.keys()
        beyond_known = formulas.negation(named({*known, *used}, formulas))
        told = chain((each.names for each in self._facts.each), (some.names for some in self._facts.some))
        kinds = dict.fromkeys(beyond(some, known, formulas) for some in told)
        splitting = [kind for kind in kinds if kind not in (formulas.true, formulas.false)]
        yield from self._split((beyond(names, known, formulas), beyond_known), splitting)

    def _split(self, goal: tuple[Formula, ...], kinds: Sequence[Formula]) -> Iterator[str]:
        formulas = self._values.formulas
        match self._values.solve((formulas.of_type(Type.STRING), *goal)):
            case Undecided(reason):
                self._doubts.append(reason)
            case Found(str() as name) if not kinds:
                yield name
            case Found():
                yield from self._split((*goal, formulas.negation(kinds[0])), kinds[1:])
                yield from self._split((*goal, kinds[0]), kinds[1:])
            case _:
                pass

    def _complete(self, placed: dict[str, tuple[Formula, ...]]) -> Solution:
        facts = self._facts
        if facts.most is not None and len(placed) > facts.most:
            return NOTHING
        made: dict[str, Json] = {}
        doubt = ""
        for name, goal in placed.items():
            match self._values.solve(goal):
                case Found(value):
                    made[name] = value
                case Undecided(reason, candidate):
                    doubt = doubt or reason
                    if candidate is None:
                        return Undecided(reason)
                    made[name] = candidate.value
                case Nothing():
                    return NOTHING
        if facts.least > PROPERTIES_MAX:
            return Undecided(
                f"it takes an object of {facts.least:,} properties, and none larger than {PROPERTIES_MAX:,} are made"
            )
        self._fill(made)
        if len(made) < facts.least:
            return NOTHING
        return doubtful(Found(made), doubt) if doubt else Found(made)

    def _fill(self, made: dict[str, Json]) -> None:
        """More properties, as many as are needed; by chance some more."""
        facts, rng = self._facts, self._values.rng
        optional = [name for name in facts.known if name not in made]
        wanted = facts.least
        if rng is not None:
            rng.shuffle(optional)
            wanted = max(wanted, len(made) + rng.randint(0, len(optional) + 1))
        if facts.most is not None:
            wanted = min(wanted, facts.most)
        for name in optional:
            if len(made) >= wanted:
                return
            self._try(made, name)
        while len(made) < wanted:
            before = len(made)
            for name in self._fresh(self._values.formulas.true, tuple(made)):
                if len(made) < wanted:
                    self._try(made, name)
            if len(made) == before:
                return

    def _try(self, made: dict[str, Json], name: str) -> None:
        match self._values.solve(self._facts.rules(name)):
            case Found(value):
                made[name] = value
            case Undecided(reason):
                self._doubts.append(reason)
            case Nothing():
                pass
