"""Arrays: how long, what each item must be, which items there must be, and whether two may be equal."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from harness.schemas.decision import Json
from harness.schemas.jsonschema.logic.constants import equal_to, identity, one_of
from harness.schemas.jsonschema.logic.formula import (
    ContainsAtLeast,
    ContainsAtMost,
    EachItem,
    Formula,
    ItemsAtLeast,
    ItemsAtMost,
    Literal,
    SomeItem,
    Unique,
)
from harness.schemas.jsonschema.logic.object_values import Values
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Nothing, Solution, Undecided, doubtful, either

ITEMS_MAX = 5_000
"""Longer arrays are not made."""
UNIQUE_MAX = 300
"""More items that must differ are not made."""


@dataclass
class _Facts:
    each: list[EachItem] = field(default_factory=list)
    some: list[SomeItem] = field(default_factory=list)
    contained: list[ContainsAtLeast] = field(default_factory=list)
    """Those of more than one item."""
    limits: list[ContainsAtMost] = field(default_factory=list)
    least: int = 0
    most: int | None = None
    unique: bool = False
    repeated: bool = False

    @property
    def told_apart(self) -> int:
        """Items before this index have rules of their own, those from it on have the same."""
        bounds = [0]
        for each in self.each:
            bounds.extend((each.start, each.stop or 0))
        for some in self.some:
            bounds.extend((some.start, some.stop or 0))
        return max(bounds)

    @property
    def needed(self) -> int:
        """Items beyond those told apart that can be of use."""
        return len(self.some) + sum(fact.count for fact in self.contained) + 2 * self.repeated


@dataclass(frozen=True)
class _Kind:
    """Items that are to satisfy the same."""

    goal: tuple[Formula, ...]
    places: tuple[int, ...]

    def also(self, value: Formula) -> _Kind:
        return replace(self, goal=(*self.goal, value))


def solve_array(facts: Iterable[Literal], values: Values) -> Solution:
    """An array for which all facts hold, a short one or one by chance. Raises Undecidable."""
    known = _read(facts, values)
    if known.most is not None and known.least > known.most:
        return NOTHING
    if known.unique and known.repeated:
        return NOTHING
    longest = max(known.least, known.told_apart) + known.needed + (0 if values.rng is None else 3)
    if known.most is not None:
        longest = min(longest, known.most)
    outcome: Solution = NOTHING
    lengths = list(range(known.least, min(longest, ITEMS_MAX) + 1))
    if values.rng is not None:
        values.rng.shuffle(lengths)
    for length in lengths:
        solution = _Maker(known, length, values).solve()
        if isinstance(solution, Found):
            return solution
        outcome = either(outcome, solution)
    if longest > ITEMS_MAX:
        return Undecided(f"it takes an array of {longest:,} items, and none longer than {ITEMS_MAX:,} are made")
    return outcome


def _read(facts: Iterable[Literal], values: Values) -> _Facts:
    found = _Facts()
    for literal in facts:
        match literal.fact:
            case EachItem() as each:
                found.each.append(each)
            case SomeItem() as some:
                found.some.append(some)
            case ContainsAtLeast(count, value) if count == 1:
                found.some.append(SomeItem(0, None, value))
            case ContainsAtLeast() as contained:
                found.contained.append(contained)
            case ContainsAtMost(count, value) if count == 0:
                found.each.append(EachItem(0, None, values.formulas.negation(value)))
            case ContainsAtMost() as limit:
                found.limits.append(limit)
            case _:
                _read_size(literal, found)
    return found


def _read_size(literal: Literal, found: _Facts) -> None:
    match literal.fact:
        case ItemsAtLeast(count):
            found.least = max(found.least, count)
        case ItemsAtMost(count):
            found.most = count if found.most is None else min(found.most, count)
        case Unique():
            found.unique = found.unique or literal.holds
            found.repeated = found.repeated or not literal.holds
        case unexpected:
            raise TypeError(unexpected)


class _Maker:
    """Makes an array of one length: kinds of items are split until each demand has its items."""

    def __init__(self, facts: _Facts, length: int, values: Values) -> None:
        self._facts = facts
        self._length = length
        self._values = values

    def solve(self) -> Solution:
        kinds = list(self._kinds())
        if any(isinstance(self._values.solve(kind.goal), Nothing) for kind in kinds):
            return NOTHING
        demands = [(1, some) for some in self._facts.some]
        demands.extend((fact.count, SomeItem(0, None, fact.value)) for fact in self._facts.contained)
        return self._place(demands, kinds)

    def _kinds(self) -> Iterator[_Kind]:
        told_apart = min(self._facts.told_apart, self._length)
        for place in range(told_apart):
            yield _Kind(self._rules(place), (place,))
        if told_apart < self._length:
            yield _Kind(self._rules(told_apart), tuple(range(told_apart, self._length)))

    def _rules(self, place: int) -> tuple[Formula, ...]:
        return tuple(fact.value for fact in self._facts.each if _covers(fact, place))

    # ── which items are asked for ────────────────────────────────────────────────────────────────────────────────

    def _place(self, demands: Sequence[tuple[int, SomeItem]], kinds: Sequence[_Kind]) -> Solution:
        if not demands:
            return self._limit(self._facts.limits, kinds)
        count, some = demands[0]
        outcome: Solution = NOTHING
        for chosen in self._choices(count, some, kinds, 0):
            solution = self._place(demands[1:], chosen)
            if isinstance(solution, Found):
                return solution
            outcome = either(outcome, solution)
        return outcome

    def _choices(self, count: int, some: SomeItem, kinds: Sequence[_Kind], at: int) -> Iterator[list[_Kind]]:
        """The kinds, split so that `count` items in the fact's range are such a value."""
        if count == 0:
            yield list(kinds)
            return
        if at == len(kinds):
            return
        kind = kinds[at]
        possible = 0
        if _covers(some, kind.places[0]) and not isinstance(self._values.solve((*kind.goal, some.value)), Nothing):
            possible = min(count, len(kind.places))
        for taken in range(possible, -1, -1):
            first = replace(kind, places=kind.places[:taken]).also(some.value)
            second = replace(kind, places=kind.places[taken:])
            split = [part for part in (first, second) if part.places]
            rest = [*kinds[:at], *split, *kinds[at + 1 :]]
            yield from self._choices(count - taken, some, rest, at + len(split))

    def _limit(self, limits: Sequence[ContainsAtMost], kinds: Sequence[_Kind]) -> Solution:
        if not limits:
            return self._make(kinds)
        outcome: Solution = NOTHING
        for chosen in self._limited(limits[0].count, limits[0].value, kinds, 0):
            solution = self._limit(limits[1:], chosen)
            if isinstance(solution, Found):
                return solution
            outcome = either(outcome, solution)
        return outcome

    def _limited(self, left: int, value: Formula, kinds: Sequence[_Kind], at: int) -> Iterator[list[_Kind]]:
        """The kinds, split so that all items but `left` of them are certainly not such a value."""
        if at == len(kinds):
            yield list(kinds)
            return
        kind = kinds[at]
        other = kind.also(self._values.formulas.negation(value))
        avoidable = not isinstance(self._values.solve(other.goal), Nothing)
        for free in range(0 if avoidable else len(kind.places), min(left, len(kind.places)) + 1):
            split = [replace(kind, places=kind.places[:free]), replace(other, places=kind.places[free:])]
            split = [part for part in split if part.places]
            rest = [*kinds[:at], *split, *kinds[at + 1 :]]
            yield from self._limited(left - free, value, rest, at + len(split))

    # ── the items ────────────────────────────────────────────────────────────────────────────────────────────────

    def _make(self, kinds: Sequence[_Kind]) -> Solution:
        if self._facts.unique and self._length > 1:
            return self._make_unique(kinds)
        if self._facts.repeated:
            return self._make_repeated(kinds)
        return self._filled({place: kind.goal for kind in kinds for place in kind.places})

    def _make_repeated(self, kinds: Sequence[_Kind]) -> Solution:
        goals = {place: kind.goal for kind in kinds for place in kind.places}
        representatives = [place for kind in kinds for place in kind.places[:2]]
        outcome: Solution = NOTHING
        for one, other in combinations(representatives, 2):
            solution = self._values.solve((*goals[one], *goals[other]))
            if isinstance(solution, Found):
                both = (equal_to(solution.value, self._values.formulas),)
                solution = self._filled({**goals, one: both, other: both})
                if isinstance(solution, Found):
                    return solution
            outcome = either(outcome, solution)
        return outcome

    def _filled(self, goals: dict[int, tuple[Formula, ...]]) -> Solution:
        items: list[Json] = []
        doubt = ""
        for place in range(self._length):
            match self._values.solve(goals[place]):
                case Found(value):
                    items.append(value)
                case Undecided(reason, candidate):
                    doubt = doubt or reason
                    if candidate is None:
                        return Undecided(reason)
                    items.append(candidate.value)
                case Nothing():
                    return NOTHING
        return doubtful(Found(items), doubt) if doubt else Found(items)

    def _make_unique(self, kinds: Sequence[_Kind]) -> Solution:
        """Each kind gets as many different values as could be needed; then it is a matching."""
        if self._length > UNIQUE_MAX:
            return Undecided(f"it takes {self._length:,} different items, and no more than {UNIQUE_MAX:,} are made")
        pools: dict[int, list[Json]] = {}
        identities: dict[int, list[Hashable]] = {}
        for kind in kinds:
            pool, doubt = self._different(kind.goal, self._length)
            if doubt and len(pool) < self._length:
                return Undecided(doubt)
            pools.update(dict.fromkeys(kind.places, pool))
            identities.update((place, [*map(identity, pool)]) for place in kind.places)
        chosen = matching(identities)
        if chosen is None:
            return NOTHING
        return Found([pools[place][chosen[place]] for place in range(self._length)])

    def _different(self, goal: tuple[Formula, ...], count: int) -> tuple[list[Json], str]:
        """Up to so many different values, and why there may be more if there are fewer."""
        formulas = self._values.formulas
        found: list[Json] = []
        while len(found) < count:
            match self._values.solve((*goal, formulas.negation(one_of(found, formulas)))):
                case Found(value):
                    found.append(value)
                case Undecided(reason):
                    return found, reason
                case Nothing():
                    break
        return found, ""


def _covers(fact: EachItem | SomeItem, place: int) -> bool:
    return fact.start <= place and (fact.stop is None or place < fact.stop)


def matching(pools: Mapping[int, Sequence[Hashable]]) -> dict[int, int] | None:
    """For each place an index into its pool, so that no value is taken twice; None if there is no such choice.

    By augmenting paths (Kuhn's algorithm); places with few values first, as the others find one left.
    """
    taken: dict[Hashable, int] = {}
    chosen: dict[int, int] = {}

    def take(place: int, index: int) -> bool:
        taken[pools[place][index]] = place
        chosen[place] = index
        return True

    def placed(place: int, tried: set[Hashable]) -> bool:
        for index, value in enumerate(pools[place]):
            if value not in taken:
                return take(place, index)
        for index, value in enumerate(pools[place]):
            if value not in tried:
                tried.add(value)
                if placed(taken[value], tried):
                    return take(place, index)
        return False

    order = sorted(pools, key=lambda place: len(pools[place]))
    return chosen if all(placed(place, set()) for place in order) else None
