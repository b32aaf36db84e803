"""Faults of a store's server, of the disk that it writes to, and of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import positive
from harness.environment import StoreKind
from harness.faults.probes import Ask, Door
from harness.faults.symptoms import SURELY, TIMEOUT_S
from harness.protocols import (
    Account,
    Effect,
    Powered,
    Proof,
    Provisions,
    Remains,
    Restartable,
    System,
    Throttled,
)
from harness.waiting import until

HEAL_TIMEOUT_S = 15.0
POLL_S = 0.1


def door(system: System, store: str) -> Door:
    """Past every link."""
    kind = next(each.kind for each in system.environment.stores if each.name == store)
    return Door.of_store(kind, system.store_url(store))


def answers(system: System, store: str) -> bool:
    return Ask()(door(system, store), TIMEOUT_S).answered


def restartable(system: System) -> Restartable:
    assert isinstance(system, Restartable)
    return system


@dataclass(frozen=True)
class StoreFault:
    """Faults of one store, by its name in the environment."""

    store: str

    of_kind: ClassVar[StoreKind | None] = None
    """The kind of stores that can have it; None: all."""

    @property
    def target(self) -> str:
        return self.store


# ── its server ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Down(Effect):
    system: System
    store: str
    pid: int | None
    """Of the server that was ended."""

    def bites(self) -> Proof:
        pid = restartable(self.system).store_pid(self.store)
        silent = not answers(self.system, self.store)
        bit = self.pid is not None and pid is None and silent
        return Proof(bit, f"pid {self.pid} of {self.store} is {_gone(pid)}, and {_answering(not silent)}")

    def heals(self) -> Proof:
        """By another process than the one that was ended."""
        answering = until(lambda: answers(self.system, self.store), HEAL_TIMEOUT_S, POLL_S)
        pid = restartable(self.system).store_pid(self.store)
        new = pid is not None and pid != self.pid
        return Proof(answering and new, f"{self.store} runs as pid {pid}, and {_answering(answering)}")


@dataclass(frozen=True)
class StoreCrash(StoreFault):
    """SIGKILL to all processes of a store's server; started again on what it held when the window ends."""

    needs: ClassVar[frozenset[type]] = frozenset({Restartable})
    account: ClassVar[Account] = Account(
        "SIGKILL to all processes of a store's server",
        "the operating system has no such process any more, and nobody answers",
        "started again, with its own recovery; it answers, as another process",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        yield from _down(system, self.store, restartable(system).crash_store)


@dataclass(frozen=True)
class StoreRestart(StoreFault):
    """A store's server is asked to end, as by an operator, and started again when the window ends.

    Meanwhile connections to it are refused.
    """

    needs: ClassVar[frozenset[type]] = frozenset({Restartable})
    account: ClassVar[Account] = Account(
        "an orderly end of a store's server; connections are refused meanwhile",
        "the operating system has no such process any more, and nobody answers",
        "started again; it answers, as another process",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        yield from _down(system, self.store, restartable(system).stop_store)


def _down(system: System, store: str, end: Callable[[str], None]) -> Iterator[Effect]:
    pid = restartable(system).store_pid(store)
    try:
        end(store)
        yield _Down(system, store, pid)
    finally:
        restartable(system).start_store(store)


# ── its disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _OnDisk(StoreFault):
    """Faults for which the store gets a disk of its own."""

    @property
    def provisions(self) -> Provisions:
        return Provisions(disks=frozenset({self.store}))


@dataclass(frozen=True)
class _Cut(_Down):
    remains: Remains

    def bites(self) -> Proof:
        down = super().bites()
        cut = self.remains.synced and not self.remains.unsynced
        synced = "is there" if self.remains.synced else "is gone"
        unsynced = "is there, too" if self.remains.unsynced else "is gone"
        return Proof(down.seen and cut, f"{down.by}; on its disk what was synced {synced}, what was not {unsynced}")


@dataclass(frozen=True)
class PowerLoss(_OnDisk):
    """The power of a store is cut: its server is killed, and its disk holds no more than had been written to it.

    What a server had handed to the kernel without a sync is then gone, as after a real power cut. It is started again
    on what is left when the window ends.
    """

    needs: ClassVar[frozenset[type]] = frozenset({Restartable, Powered})
    account: ClassVar[Account] = Account(
        "a store's server is killed, and what was not on its disk yet is gone",
        "it is down, and of two files on its disk the synced one is there, the other is not",
        "started again on what is left, the disk's journal replayed; it answers, as another process",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Powered)
        pid = restartable(system).store_pid(self.store)
        try:
            yield _Cut(system, self.store, pid, system.cut_power(self.store))
        finally:
            restartable(system).start_store(self.store)


@dataclass(frozen=True)
class _Full(Effect):
    system: System
    powered: Powered
    store: str
    was_full: bool

    def bites(self) -> Proof:
        full = self.powered.disk_is_full(self.store)
        words = "does not take" if full else "takes"
        return Proof(full and not self.was_full, f"the disk of {self.store} {words} another 64 KiB")

    def heals(self) -> Proof:
        if self.powered.disk_is_full(self.store):
            return Proof(False, f"the disk of {self.store} is still full")
        answering = until(lambda: answers(self.system, self.store), HEAL_TIMEOUT_S, POLL_S)
        return Proof(answering, f"the disk of {self.store} has room again, and {_answering(answering)}")


@dataclass(frozen=True)
class DiskFull(_OnDisk):
    """The disk of a store is full. A server that ended of it is started again when there is room again."""

    needs: ClassVar[frozenset[type]] = frozenset({Restartable, Powered})
    account: ClassVar[Account] = Account(
        "the disk of a store is full",
        "64 KiB more cannot be written to it (ENOSPC)",
        "what filled it is removed, and a server that ended of it started again; there is room, and it answers",
    )

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Powered)
        was_full = system.disk_is_full(self.store)
        try:
            system.fill_disk(self.store)
            yield _Full(system, system, self.store, was_full)
        finally:
            system.free_disk(self.store)
            restartable(system).start_store(self.store)


@dataclass(frozen=True)
class _Slow(Effect):
    throttled: Throttled
    store: str
    expected_ms: float
    before_ms: float

    def bites(self) -> Proof:
        now_ms = self.throttled.sync_ms(self.store)
        slow = now_ms >= SURELY * self.expected_ms and now_ms > self.before_ms
        in_force = self.throttled.throttled(self.store)
        rule = "is" if in_force else "is not"
        return Proof(
            slow and in_force,
            f"a synced write to the disk of {self.store} took {now_ms:.0f} ms, before {self.before_ms:.0f} ms, "
            f"and its server {rule} held to the limit",
        )

    def heals(self) -> Proof:
        if self.throttled.throttled(self.store):
            return Proof(False, f"the server of {self.store} is still held to the limit")
        now_ms = self.throttled.sync_ms(self.store)
        quick = now_ms < SURELY * self.expected_ms
        return Proof(quick, f"a synced write to the disk of {self.store} took {now_ms:.0f} ms")


@dataclass(frozen=True)
class DiskSlow(_OnDisk):
    """The server of a store may do no more than `writes_per_s` to its disk."""

    writes_per_s: int = 10

    needs: ClassVar[frozenset[type]] = frozenset({Throttled})
    account: ClassVar[Account] = Account(
        "the server of a store may do only so many writes a second to its disk",
        "the kernel holds it to that, and a synced write takes as long as that says",
        "the limit is lifted; the kernel holds it to none, and a synced write is quick",
    )

    def __post_init__(self) -> None:
        positive(writes_per_s=self.writes_per_s)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        assert isinstance(system, Throttled)
        before_ms = system.sync_ms(self.store)
        system.slow_disk(self.store, self.writes_per_s)
        try:
            yield _Slow(system, self.store, 1000 / self.writes_per_s, before_ms)
        finally:
            system.quicken_disk(self.store)


def _gone(pid: int | None) -> str:
    return "gone" if pid is None else "still there"


def _answering(yes: bool) -> str:
    return "it answers" if yes else "nobody answers"
