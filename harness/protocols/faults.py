"""What is broken on purpose, with proofs that it was and that it is whole again."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from harness.protocols.system import System


@dataclass(frozen=True)
class Account:
    """What people are told of a kind of fault: docs/faults.md is made of it."""

    does: str
    proof: str
    """By what it is seen that it took hold."""
    undo: str
    """How it is taken back, and by what it is seen that all is as before."""


@dataclass(frozen=True)
class Proof:
    """Whether something was seen, by what."""

    seen: bool
    by: str


class Effect(Protocol):
    def bites(self) -> Proof:
        """Asked while the fault is in: did it take hold?"""

    def heals(self) -> Proof:
        """Asked after it was taken out: is all as before?"""


class Fault(Protocol):
    needs: ClassVar[frozenset[type]]
    """Capabilities; a scenario whose driver does not offer them is refused before anything starts."""

    @property
    def target(self) -> str:
        """What it breaks, for people: an instance, or `service -> store`."""

    def inject(self, system: System) -> AbstractContextManager[Effect]:
        """Entering breaks, leaving heals."""
