"""Numbers: bounds, multiples and what is left out of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, count, islice
from math import ceil, floor, gcd, isfinite, lcm
from random import Random

from harness.schemas.jsonschema.budget import Budget
from harness.schemas.jsonschema.logic.formula import AtLeast, AtMost, Literal, MultipleOf, NumberIn
from harness.schemas.jsonschema.logic.solution import NOTHING, Found, Solution, Undecided

_CANDIDATES_MAX = 2_000


def exactly(number: float) -> Fraction:
    """The number that was written, 0.1 and not the nearest binary one. Takes finite numbers only."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def as_json(number: Fraction) -> int | float | None:
    """None if no such number can be written so that it is read back exactly."""
    if number.denominator == 1:
        return int(number)
    try:
        written = float(number)
    except OverflowError:
        return None
    return written if isfinite(written) and exactly(written) == number else None


@dataclass
class _Range:
    """What the facts leave."""

    least: Fraction | None = None
    least_excluded: bool = False
    most: Fraction | None = None
    most_excluded: bool = False
    step: Fraction | None = None
    """All are multiples of it."""
    factors: list[Fraction] = field(default_factory=list)
    """None is a multiple of one of these."""
    only: frozenset[Fraction] | None = None
    excluded: frozenset[Fraction] = frozenset()

    def admits(self, number: Fraction) -> bool:
        return (
            (self.least is None or number > self.least or (number == self.least and not self.least_excluded))
            and (self.most is None or number < self.most or (number == self.most and not self.most_excluded))
            and (self.step is None or (number / self.step).denominator == 1)
            and all((number / factor).denominator != 1 for factor in self.factors)
            and number not in self.excluded
            and (self.only is None or number in self.only)
        )

    @property
    def empty(self) -> bool:
        if self.least is None or self.most is None:
            return False
        return self.least > self.most or (self.least == self.most and (self.least_excluded or self.most_excluded))


def solve_number(facts: Iterable[Literal], budget: Budget, rng: Random | None) -> Solution:
    """A number for which all facts hold, the plainest or one by chance."""
    wanted = _range(facts)
    if wanted.empty:
        return NOTHING
    if wanted.step is not None and any((wanted.step / factor).denominator == 1 for factor in wanted.factors):
        return NOTHING
    candidates, complete = _candidates(wanted, rng)
    unwritten = False
    for number in candidates:
        budget.spend()
        if not wanted.admits(number):
            continue
        if (written := as_json(number)) is None or not _stays(written, wanted):
            unwritten = True
            continue
        return Found(written)
    if complete and not unwritten:
        return NOTHING
    return Undecided("no number was found that can be written within bounds and multiples that are so narrow")


def _range(facts: Iterable[Literal]) -> _Range:
    found = _Range()
    for literal in facts:
        match literal.fact, literal.holds:
            case AtLeast(bound, exclusive), True:
                if found.least is None or (bound, exclusive) > (found.least, found.least_excluded):
                    found.least, found.least_excluded = bound, exclusive
            case AtMost(bound, exclusive), True:
                if found.most is None or (bound, not exclusive) < (found.most, not found.most_excluded):
                    found.most, found.most_excluded = bound, exclusive
            case MultipleOf(factor), True:
                found.step = factor if found.step is None else _common_multiple(found.step, factor)
            case MultipleOf(factor), False:
                found.factors.append(factor)
            case NumberIn(values), True:
                found.only = values if found.only is None else found.only & values
            case NumberIn(values), False:
                found.excluded |= values
            case unexpected:
                raise TypeError(unexpected)
    return found


def _common_multiple(one: Fraction, other: Fraction) -> Fraction:
    """The least one, of positive fractions."""
    return Fraction(lcm(one.numerator, other.numerator), gcd(one.denominator, other.denominator))


def _stays(written: float, wanted: _Range) -> bool:
    """Do those who divide floating-point numbers find the same multiples?"""
    return (wanted.step is None or _divides(wanted.step, written)) and not any(
        _divides(factor, written) for factor in wanted.factors
    )


def _divides(factor: Fraction, written: float) -> bool:
    if factor.denominator == 1:
        return written % int(factor) == 0
    return (written / float(factor)).is_integer()


def _candidates(wanted: _Range, rng: Random | None) -> tuple[Iterator[Fraction], bool]:
    """Numbers to try, and whether they are all that there are."""
    if wanted.only is not None:
        values = sorted(wanted.only)
        return iter(values if rng is None else rng.sample(values, len(values))), True
    if wanted.step is not None:
        return _multiples(wanted, wanted.step, rng)
    return islice(_dense(wanted, rng), _CANDIDATES_MAX), _is_point(wanted)


def _is_point(wanted: _Range) -> bool:
    return wanted.least is not None and wanted.least == wanted.most


def _multiples(wanted: _Range, step: Fraction, rng: Random | None) -> tuple[Iterator[Fraction], bool]:
    first = None if wanted.least is None else ceil(wanted.least / step)
    last = None if wanted.most is None else floor(wanted.most / step)
    complete = first is not None and last is not None and last - first < _CANDIDATES_MAX
    numbers: Iterator[int] = islice(_from_zero(first, last), _CANDIDATES_MAX)
    if rng is not None:
        low = first if first is not None else (last or 0) - 100
        high = last if last is not None else low + 100
        numbers = chain([rng.randint(low, high) for _ in range(8) if low <= high], numbers)
    return (number * step for number in numbers), complete


def _from_zero(first: int | None, last: int | None) -> Iterator[int]:
    """Whole numbers between the bounds, the nearest to 0 first."""
    start = max(first or 0, 0) if last is None or last >= 0 else last
    yield start
    for distance in count(1):
        above, below = start + distance, start - distance
        has_above, has_below = last is None or above <= last, first is None or below >= first
        if has_above:
            yield above
        if has_below:
            yield below
        if not has_above and not has_below:
            return


def _dense(wanted: _Range, rng: Random | None) -> Iterator[Fraction]:
    """Whole numbers near the bounds, then parts of the range, always finer."""
    least, most = wanted.least, wanted.most
    if least is None and most is None:
        low, high = Fraction(-100), Fraction(100)
    else:
        low = least if least is not None else (most or 0) - Fraction(100)
        high = most if most is not None else (least or 0) + Fraction(100)
    if rng is not None:
        for digits in (0, 1, 2):
            yield Fraction(round(rng.uniform(float(low), float(high)), digits)).limit_denominator(10**digits)
    yield from (Fraction(0), Fraction(1, 2), low, high)
    for number in (floor(low) + 1, ceil(high) - 1, floor(low) + 2, ceil(high) - 2, 1, -1, 2, -2, 3):
        yield Fraction(number)
    for parts in (2, 4, 8, 5, 10, 16, 20, 25, 32, 50, 64, 100, 128, 1000, 1024, 4096):
        for part in range(1, min(parts, 64)):
            yield low + (high - low) * part / parts
    for digits in range(1, 15):  # short decimals between bounds that are long
        scale = 10**digits
        yield Fraction(floor(low * scale) + 1, scale)
        yield Fraction(ceil(high * scale) - 1, scale)
