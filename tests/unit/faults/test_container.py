"""Faults of what is isolated, against a system that obeys, or that only says so."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import InvalidInput
from harness.faults import container, process
from harness.faults.container import Disconnect, Limit
from harness.protocols import Instance, Limits, Usage
from tests.unit.fakes import FakeSystem


@dataclass
class IsolatedSystem(FakeSystem):
    """`busy` instances are held back by a limit of processors; `memory_mb` is what each needs to live."""

    busy: bool = True
    memory_mb: int = 40
    cut_off: set[str] = field(default_factory=set)
    limits: dict[str, Limits] = field(default_factory=dict)
    periods: int = 0

    def ready(self, name: str) -> bool:
        return super().ready(name) and name not in self.cut_off

    def disconnect(self, name: str) -> None:
        if not self.deaf:
            self.cut_off.add(name)

    def reconnect(self, name: str) -> None:
        self.cut_off.discard(name)

    def connected(self, name: str) -> bool:
        return name not in self.cut_off

    def limit(self, name: str, limits: Limits) -> None:
        if not self.deaf:
            self.limits[name] = limits
        if limits.memory_mb is not None and limits.memory_mb < self.memory_mb:
            self.dead.add(name)

    def usage(self, name: str) -> Usage:
        limits = self.limits.get(name, Limits())
        self.periods += int(self.busy and limits.cpus is not None)
        return Usage(limits, self.periods, self.memory_mb)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (container, process):
        monkeypatch.setattr(module, "PROOF_TIMEOUT_S", 0.02)
        monkeypatch.setattr(module, "HEAL_TIMEOUT_S", 0.02)


def last_web(system: FakeSystem) -> Instance:
    return [instance for instance in system.instances() if instance.service == "web"][-1]


def test_a_disconnected_instance_is_proved_to_be_cut_off_and_back() -> None:
    system = IsolatedSystem()
    with Disconnect("web").inject(system) as effect:
        assert system.cut_off == {last_web(system).name}
        assert effect.bites().seen
    assert effect.heals().seen


def test_one_that_stays_connected_was_not_broken() -> None:
    with Disconnect("web").inject(IsolatedSystem(deaf=True)) as effect:
        assert not effect.bites().seen


def test_cutting_off_one_that_did_not_answer_anyway_proves_nothing() -> None:
    system = IsolatedSystem()
    system.dead.add(last_web(system).name)
    with Disconnect("web").inject(system) as effect:
        assert not effect.bites().seen


def test_one_that_does_not_come_back_is_not_healed() -> None:
    system = IsolatedSystem()
    with Disconnect("web").inject(system) as effect:
        system.dead.add(last_web(system).name)
    assert not effect.heals().seen


def test_one_that_was_retired_meanwhile_is_healed() -> None:
    system = IsolatedSystem()
    with Disconnect("web").inject(system) as effect:
        system.remove(last_web(system).name)
    assert effect.heals().seen
    assert "retired" in effect.heals().by


def test_a_limit_of_processors_is_proved_by_what_it_held_back() -> None:
    system = IsolatedSystem()
    with Limit("web", cpus=0.1).inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
        assert "0.1 processors and all memory" in bit.by
    assert effect.heals().seen
    assert system.limits[last_web(system).name] == Limits()


def test_a_limit_that_nobody_comes_near_had_no_effect() -> None:
    with Limit("web", cpus=0.1).inject(IsolatedSystem(busy=False)) as effect:
        assert not effect.bites().seen


def test_a_limit_that_is_not_in_force_had_no_effect() -> None:
    with Limit("web", memory_mb=64).inject(IsolatedSystem(deaf=True)) as effect:
        assert not effect.bites().seen


def test_a_limit_adds_to_those_that_were_there() -> None:
    system = IsolatedSystem()
    name = last_web(system).name
    system.limits[name] = Limits(cpus=0.5)
    with Limit("web", memory_mb=64).inject(system) as effect:
        assert system.limits[name] == Limits(0.5, 64)
        assert effect.bites().seen
    assert effect.heals().seen
    assert system.limits[name] == Limits(cpus=0.5)


def test_one_that_died_of_too_little_memory_is_started_again() -> None:
    system = IsolatedSystem()
    name = last_web(system).name
    with Limit(name, memory_mb=10).inject(system) as effect:
        assert system.dead == {name}
        assert effect.bites().seen
    assert system.dead == set()
    assert effect.heals().seen


@dataclass
class DyingSystem(IsolatedSystem):
    """What is killed for want of memory still has a pid for as long as it is looked at `looks` times."""

    looks: int = 3
    dying: set[str] = field(default_factory=set)

    def limit(self, name: str, limits: Limits) -> None:
        self.limits[name] = limits
        if limits.memory_mb is not None:
            self.dying.add(name)

    def ready(self, name: str) -> bool:
        return super().ready(name) and name not in self.dying

    def pid(self, name: str) -> int | None:
        if name in self.dying:
            self.looks -= 1
            if self.looks == 0:
                self.dying.discard(name)
                self.dead.add(name)
        return super().pid(name)


def test_one_that_is_still_dying_when_the_window_ends_is_started_again() -> None:
    system = DyingSystem()
    name = last_web(system).name
    with Limit(name, memory_mb=10).inject(system):
        assert system.pid(name) is not None
    assert system.looks == 0
    assert system.ready(name)


def test_a_death_is_not_the_effect_of_a_limit_of_processors() -> None:
    system = IsolatedSystem()
    with Limit("web", cpus=0.1).inject(system) as effect:
        system.dead.add(last_web(system).name)
        assert not effect.bites().seen


@pytest.mark.parametrize(
    ("cpus", "memory_mb", "message"),
    [
        (None, None, "a limit fault needs cpus, memory_mb, or both"),
        (0.0, None, "cpus must be at least 0.01, not 0"),
        (None, 5, "memory_mb must be at least 6, not 5"),
    ],
)
def test_limits_that_make_no_sense_are_refused(cpus: float | None, memory_mb: int | None, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Limit("web", cpus, memory_mb)
