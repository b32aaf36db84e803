"""Faults of what a cluster gives its pods: seen to bite and to heal, on a cluster in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.faults import cluster as faults
from harness.faults.cluster import ApiDown, DnsDown, Partition
from harness.protocols import Fault, PodFacts
from tests.unit.fakes import FakeSystem


@dataclass
class Wall:
    """A barrier that holds back `packets`, and cannot be lifted if it is `stuck`."""

    packets: int = 7
    stuck: bool = False
    up: bool = True

    def held_back(self) -> int:
        return self.packets

    def lift(self) -> None:
        self.up = self.stuck

    def stands(self) -> bool:
        return self.up


@dataclass
class FakeCluster(FakeSystem):
    wall: Wall = field(default_factory=Wall)
    around: str = ""
    """What the wall is around."""
    leaks: bool = False
    """What is behind the wall answers nevertheless."""

    def pod_of(self, name: str) -> str:
        return f"{name}-pod"

    def pod(self, pod: str) -> PodFacts | None:
        return PodFacts(pod, "worker", ready=True, endings=0)

    def delete_pod(self, pod: str, grace_s: int) -> None:
        raise NotImplementedError

    def restore(self, name: str) -> None:
        raise NotImplementedError

    def cut_off(self, pod: str, peer: str) -> Wall:
        return self._wall(f"{pod} {peer}")

    def block_dns(self) -> Wall:
        return self._wall("dns")

    def block_api(self) -> Wall:
        return self._wall("api")

    def dns_answers(self) -> bool:
        return self._answers("dns")

    def api_answers(self) -> bool:
        return self._answers("api")

    def _wall(self, around: str) -> Wall:
        self.around = around
        return self.wall

    def _answers(self, what: str) -> bool:
        return self.leaks or not (self.wall.up and self.around == what)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "PROOF_TIMEOUT_S", 0.02)
    monkeypatch.setattr(faults, "HEAL_TIMEOUT_S", 0.02)
    monkeypatch.setattr(faults, "POLL_S", 0.005)


FAULTS = [Partition("web", "postgres"), DnsDown(), ApiDown()]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_it_is_proved_by_packets_and_lifted(fault: Fault) -> None:
    system = FakeCluster()
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
        assert "7 packets" in bit.by
    assert not system.wall.up
    assert effect.heals().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_where_nobody_sends_anything_nothing_was_broken(fault: Fault) -> None:
    with fault.inject(FakeCluster(wall=Wall(packets=0))) as effect:
        assert not effect.bites().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_wall_that_stays_is_not_healed(fault: Fault) -> None:
    with fault.inject(FakeCluster(wall=Wall(stuck=True))) as effect:
        assert effect.bites().seen
    assert not effect.heals().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_instance_that_is_not_ready_afterwards_is_not_healed(fault: Fault) -> None:
    system = FakeCluster()
    with fault.inject(system) as effect:
        system.dead.add(system.instances()[0].name)
    assert not effect.heals().seen


@pytest.mark.parametrize("fault", [DnsDown(), ApiDown()], ids=lambda fault: type(fault).__name__)
def test_what_still_answers_was_not_broken(fault: Fault) -> None:
    with fault.inject(FakeCluster(leaks=True)) as effect:
        assert not effect.bites().seen


def test_one_instance_is_cut_off_from_its_peer() -> None:
    system = FakeCluster()
    last = [instance for instance in system.instances() if instance.service == "web"][-1]
    with Partition("web", "postgres").inject(system):
        assert system.around == f"{last.name}-pod postgres"


def test_a_wall_is_lifted_whatever_happens() -> None:
    system = FakeCluster()
    with pytest.raises(KeyboardInterrupt), Partition("web", "postgres").inject(system):
        raise KeyboardInterrupt
    assert not system.wall.up
