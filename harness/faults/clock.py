"""Faults of the wall clock of an instance: it is wrong, or it jumps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import positive
from harness.errors import InvalidInput
from harness.faults.background import in_background
from harness.faults.process import find, retired, stands
from harness.protocols import Account, ClockSettable, Effect, Instance, Proof, Provisions, System
from harness.waiting import until

PROOF_TIMEOUT_S = 5.0
HEAL_TIMEOUT_S = 5.0
POLL_S = 0.05
EXACT_S = 0.5
"""A clock is right, or as wrong as it is to be, within so much: it takes a while to ask it."""


@dataclass(frozen=True)
class _Wrong(Effect):
    system: System
    clocks: ClockSettable
    instance: Instance
    offset_s: float

    def bites(self) -> Proof:
        return self._seen(self.offset_s, PROOF_TIMEOUT_S)

    def heals(self) -> Proof:
        if not stands(self.system, self.instance):
            return retired(self.instance)
        return self._seen(0.0, HEAL_TIMEOUT_S)

    def _seen(self, wanted_s: float, timeout_s: float) -> Proof:
        name, seen_s = self.instance.name, 0.0

        def as_wanted() -> bool:
            nonlocal seen_s
            seen_s = self.clocks.clock_offset_s(name)
            return abs(seen_s - wanted_s) <= EXACT_S

        return Proof(until(as_wanted, timeout_s, POLL_S), f"the clock of {name} is off by {seen_s:+.1f} s")


@dataclass(frozen=True)
class _ClockFault:
    """`target` is an instance (`ledger-2`) or a service (its last standing instance)."""

    target: str

    needs: ClassVar[frozenset[type]] = frozenset({ClockSettable})
    provisions: ClassVar[Provisions] = Provisions(clocks=True)


@dataclass(frozen=True)
class ClockSkew(_ClockFault):
    """The clock of one instance is off by `offset_s`: ahead, or behind if that is negative."""

    offset_s: float = 30.0

    account: ClassVar[Account] = Account(
        "the wall clock of one instance is ahead, or behind (libfaketime)",
        "it has loaded the library, and the clock that it is given is off by so much",
        "its clock is set right; it is off by nothing",
    )

    def __post_init__(self) -> None:
        _check(offset_s=self.offset_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, ClockSettable)
        instance = find(system, self.target)
        try:
            system.set_clock(instance.name, self.offset_s)
            yield _Wrong(system, system, instance, self.offset_s)
        finally:
            system.set_clock(instance.name, 0.0)


@dataclass(frozen=True)
class ClockJump(_ClockFault):
    """The clock of one instance jumps by `by_s` and back again, every `every_s`."""

    by_s: float = -30.0
    every_s: float = 2.0

    account: ClassVar[Account] = Account(
        "the wall clock of one instance jumps, and back, again and again (libfaketime)",
        "it has loaded the library, and the clock that it is given is off by so much",
        "its clock is set right; it is off by nothing",
    )

    def __post_init__(self) -> None:
        _check(by_s=self.by_s)
        positive(every_s=self.every_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, ClockSettable)
        instance = find(system, self.target)
        over = threading.Event()
        try:
            with in_background(lambda: self._jump(system, instance.name, over), over):
                yield _Wrong(system, system, instance, self.by_s)
        finally:
            system.set_clock(instance.name, 0.0)

    def _jump(self, clocks: ClockSettable, name: str, over: threading.Event) -> None:
        away = False
        while not over.is_set():
            away = not away
            clocks.set_clock(name, self.by_s if away else 0.0)
            over.wait(self.every_s)


def _check(**offset: float) -> None:
    [(name, seconds)] = offset.items()
    if abs(seconds) <= 2 * EXACT_S:
        raise InvalidInput(f"{name} must be more than {2 * EXACT_S:g} s ahead or behind, and is {seconds:g}")
