"""What of a store was read already, by the numbers that order all its events."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

MISSING_MAX: Final = 1_000
"""A store that leaves more numbers out than these is read from the beginning."""


@dataclass(frozen=True)
class Seen:
    """All numbers from 1 to `highest`, but those `missing`: they were never given, or are of a transaction that was
    not over yet. Nobody can tell which, so they are asked for again.
    """

    highest: int = 0
    missing: frozenset[int] = frozenset()

    def and_then(self, numbers: Collection[int]) -> Seen | None:
        """With these too; None if too many are missing, or one cannot be told from those that were seen."""
        highest = max((self.highest, *numbers))
        wanted = len(self.missing) + highest - self.highest
        if wanted - len(numbers) > MISSING_MAX:
            return None
        missing = (self.missing | frozenset(range(self.highest + 1, highest + 1))) - frozenset(numbers)
        return Seen(highest, missing) if wanted - len(missing) == len(numbers) else None
