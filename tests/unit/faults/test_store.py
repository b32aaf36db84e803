"""Faults of stores and their disks, against stores that obey, or that only say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.environment import StoreKind
from harness.errors import InvalidInput
from harness.faults import store
from harness.faults.probes import Ask, Door, Exchange
from harness.faults.store import DiskFull, DiskSlow, PowerLoss, StoreCrash, StoreFault, StoreRestart
from harness.protocols import Provisions, Remains
from harness.scenario_check import check_target
from harness.verdict import Status
from tests.unit.fakes import ENVIRONMENT, FakeSystem
from tests.unit.faults.judged import judged

DB = "postgres"
DOWN = [StoreCrash(DB), StoreRestart(DB), PowerLoss(DB)]
ALL = [*DOWN, DiskFull(DB), DiskSlow(DB)]


@dataclass
class Stores(FakeSystem):
    """One store. `broken` ones do not start again; `remains` is what a power cut leaves."""

    runs: bool = True
    starts: int = 0
    broken: bool = False
    full: bool = False
    slow: bool = False
    stays: bool = False
    remains: Remains = field(default_factory=lambda: Remains(synced=True, unsynced=False))

    def store_pid(self, store: str) -> int | None:
        return 2000 + self.starts if self.runs else None

    def crash_store(self, store: str) -> None:
        self.runs = self.deaf

    stop_store = crash_store

    def start_store(self, store: str) -> None:
        if not self.runs and not self.broken:
            self.runs = True
            self.starts += 1

    def store_folder(self, store: str) -> Path:
        return Path("/nowhere")

    def cut_power(self, store: str) -> Remains:
        self.crash_store(store)
        return self.remains

    def fill_disk(self, store: str) -> None:
        self.full = not self.deaf

    def free_disk(self, store: str) -> None:
        self.full = self.stays

    def disk_is_full(self, store: str) -> bool:
        return self.full

    def slow_disk(self, store: str, writes_per_s: int) -> None:
        self.slow = not self.deaf

    def quicken_disk(self, store: str) -> None:
        self.slow = self.stays

    def throttled(self, store: str) -> bool:
        return self.slow

    def sync_ms(self, store: str) -> float:
        return 110.0 if self.slow else 4.0


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Stores:
    stores = Stores()
    monkeypatch.setattr(Ask, "__call__", lambda *_: Exchange(stores.runs, 1.0))
    monkeypatch.setattr(store, "HEAL_TIMEOUT_S", 0.02)
    monkeypatch.setattr(store, "POLL_S", 0.005)
    return stores


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: type(fault).__name__)
def test_it_bites_and_heals(system: Stores, fault: StoreFault) -> None:
    with fault.inject(system) as effect:  # type: ignore[attr-defined]
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: type(fault).__name__)
def test_where_nothing_happens_the_verdict_is_unknown(system: Stores, fault: StoreCrash) -> None:
    system.deaf = True
    assert judged(fault, system).status is Status.UNKNOWN


@pytest.mark.parametrize("fault", DOWN, ids=lambda fault: type(fault).__name__)
def test_a_server_that_does_not_come_back_is_not_healed(system: Stores, fault: StoreCrash) -> None:
    with fault.inject(system) as effect:
        system.broken = True
    assert not effect.heals().seen


@pytest.mark.parametrize("remains", [Remains(synced=True, unsynced=True), Remains(synced=False, unsynced=False)])
def test_a_power_cut_that_lost_nothing_or_everything_was_none(system: Stores, remains: Remains) -> None:
    system.remains = remains
    with PowerLoss(DB).inject(system) as effect:
        assert not effect.bites().seen


def test_a_disk_that_was_full_before_proves_nothing(system: Stores) -> None:
    system.full = True
    with DiskFull(DB).inject(system) as effect:
        assert not effect.bites().seen


@pytest.mark.parametrize("fault", [DiskFull(DB), DiskSlow(DB)], ids=lambda fault: type(fault).__name__)
def test_a_disk_that_stays_so_is_not_healed(system: Stores, fault: DiskFull | DiskSlow) -> None:
    system.stays = True
    with fault.inject(system) as effect:
        assert effect.bites().seen
    assert not effect.heals().seen


def test_a_server_that_ended_of_a_full_disk_is_started_again(system: Stores) -> None:
    with DiskFull(DB).inject(system) as effect:
        system.runs = False
    assert effect.heals().seen
    assert system.starts == 1


def test_what_needs_a_disk_of_its_own_says_so() -> None:
    assert PowerLoss(DB).provisions == DiskFull(DB).provisions == Provisions(disks=frozenset({DB}))
    both = Provisions(disks=frozenset({DB})) | Provisions(disks=frozenset({"nats"}), clocks=True)
    assert both == Provisions(frozenset({DB, "nats"}), clocks=True)


def test_a_store_that_the_environment_has_not_is_refused() -> None:
    check_target(StoreCrash(DB), ENVIRONMENT)
    with pytest.raises(InvalidInput, match=r"has no store called 'postgers'; .*postgres"):
        check_target(StoreCrash("postgers"), ENVIRONMENT)


def test_a_door_is_the_stores_own(system: Stores) -> None:
    assert store.door(system, DB) == Door(("127.0.0.1", 1), StoreKind.POSTGRES, "postgres://127.0.0.1:1")


def test_no_writes_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="writes_per_s must be more than 0"):
        DiskSlow(DB, 0)
