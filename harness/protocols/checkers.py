"""What judges a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.history import History
    from harness.verdict import Verdict


class Checker(Protocol):
    """A pure function from a history to a verdict: no clock, no network, no randomness."""

    @property
    def name(self) -> str: ...

    def check(self, history: History) -> Verdict: ...
