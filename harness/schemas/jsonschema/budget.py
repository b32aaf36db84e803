"""How long may be thought: in steps, not in seconds, so that the same question always gets the same answer."""

from __future__ import annotations


class Undecidable(Exception):
    """It cannot be said, and the message says why; caught within this package, where it becomes `unknown`."""


class OutOfSteps(Undecidable):
    """The budget is used up."""


class Budget:
    """Counts steps. A step is a thing of some 30 µs: a case distinguished, a state of an automaton visited."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.spent = 0

    def renew(self, steps: int) -> None:
        """So many more from now on, whatever is left."""
        self._steps = steps
        self.spent = 0

    def spend(self, steps: int = 1) -> None:
        """Raises OutOfSteps when there are none left."""
        self.spent += steps
        if self.spent > self._steps:
            raise OutOfSteps(f"it was given up after {self._steps:,} steps")
