"""What comes of looking for a value that satisfies a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from harness.schemas.decision import Json


@dataclass(frozen=True)
class Found:
    """This value does."""

    value: Json


@dataclass(frozen=True)
class Nothing:
    """None does: proved."""


@dataclass(frozen=True)
class Undecided:
    """It could not be said, and why. A candidate may do, if what stood in the way happens to admit it."""

    reason: str
    candidate: Found | None = None


Solution: TypeAlias = Found | Nothing | Undecided

NOTHING = Nothing()


def doubtful(solution: Solution, reason: str) -> Solution:
    """If there was a doubt on the way to it."""
    match solution:
        case Found():
            return Undecided(reason, solution)
        case _:
            return solution


def either(one: Solution, other: Solution) -> Solution:
    """Of two cases, neither of which found a value: proved only if both are."""
    match one, other:
        case Undecided(candidate=None), Undecided():
            return other
        case Nothing(), _:
            return other
        case _:
            return one
