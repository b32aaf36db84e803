"""Faults of pods: seen to bite and to heal, on pods in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import HarnessError
from harness.faults import pod as faults
from harness.faults.pod import ContainerKill, EvictionStorm, OomKill, PodDelete, ProbeFlap
from harness.protocols import Fault, Instance, PodFacts
from harness.waiting import until
from tests.unit.fakes import FakeSystem


@dataclass
class FakePods(FakeSystem):
    """Each instance is a pod of its name with a number, which grows when it is made again."""

    numbers: dict[str, int] = field(default_factory=dict)
    endings: dict[str, int] = field(default_factory=dict)
    reason: str = "OOMKilled"
    killed: int = 0
    """Why containers end."""
    allowed: int = 100
    """So many evictions."""
    hidden: set[str] = field(default_factory=set)
    lost: bool = False
    """The cluster does not put another in its place."""

    def pod_of(self, name: str) -> str:
        if not any(instance.name == name for instance in self.fleet):
            raise HarnessError(f"there is no instance {name!r}")
        return f"{name}.{self.numbers.get(name, 0)}"

    def pod(self, pod: str) -> PodFacts | None:
        name, _, number = pod.partition(".")
        if int(number) != self.numbers.get(name, 0) or (name in self.dead and not self.endings.get(name)):
            return None
        return PodFacts(pod, "worker", pod not in self.hidden, self.endings.get(name, 0), self.reason)

    def delete_pod(self, pod: str, grace_s: int) -> None:
        if not self.deaf:
            self.dead.add(pod.partition(".")[0])

    def restore(self, name: str) -> None:
        if name in self.dead and not self.lost:
            self.dead.remove(name)
            self.numbers[name] = self.numbers.get(name, 0) + 1

    def kill_container(self, pod: str) -> None:
        name = pod.partition(".")[0]
        if not self.deaf:
            self.endings[name] = self.endings.get(name, 0) + 1

    def exhaust_memory(self, pod: str) -> int:
        self.kill_container(pod)
        return self.killed

    def evict_pod(self, pod: str) -> bool:
        self.allowed -= 1
        return self.allowed >= 0

    def hide_from_probes(self, pod: str) -> FakeBarrier:
        if not self.deaf:
            self.hidden.add(pod)
        return FakeBarrier(self, pod)


@dataclass
class FakeBarrier:
    pods: FakePods
    pod: str

    def held_back(self) -> int:
        return int(self.stands())

    def lift(self) -> None:
        self.pods.hidden.discard(self.pod)

    def stands(self) -> bool:
        return self.pod in self.pods.hidden


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "PROOF_TIMEOUT_S", 0.05)
    monkeypatch.setattr(faults, "GONE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(faults, "HEAL_TIMEOUT_S", 0.05)
    monkeypatch.setattr(faults, "POLL_S", 0.005)


def last_web(system: FakeSystem) -> Instance:
    return [instance for instance in system.instances() if instance.service == "web"][-1]


@pytest.mark.parametrize("fault", [PodDelete("web"), ContainerKill("web"), OomKill("web")])
def test_it_bites_and_another_takes_its_place(fault: Fault) -> None:
    system = FakePods()
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
        assert f"{last_web(system).name}.0" in bit.by
    assert effect.heals().seen
    assert effect.heals().by == "2 of 2 instances of web are ready, 2 are needed"


@pytest.mark.parametrize("fault", [PodDelete("web"), ContainerKill("web"), OomKill("web")])
def test_one_that_has_no_effect_did_not_bite(fault: Fault) -> None:
    with fault.inject(FakePods(deaf=True)) as effect:
        assert not effect.bites().seen


def test_a_pod_that_nobody_replaces_is_not_healed() -> None:
    with PodDelete("web").inject(FakePods(lost=True)) as effect:
        assert effect.bites().seen
    assert not effect.heals().seen


def test_what_the_kernel_counted_is_enough_where_the_cluster_says_less() -> None:
    with OomKill("web").inject(FakePods(reason="Error", killed=1)) as effect:
        bit = effect.bites()
    assert bit.seen
    assert "by the kernel's own count it killed 1" in bit.by


def test_a_container_that_ended_otherwise_was_not_killed_for_its_memory() -> None:
    with OomKill("web").inject(FakePods(reason="Error")) as effect:
        bit = effect.bites()
    assert not bit.seen
    assert "Error" in bit.by


def test_an_instance_that_was_retired_meanwhile_is_not_restored() -> None:
    system = FakePods()
    name = last_web(system).name
    with PodDelete("web").inject(system):
        system.remove(name)
    assert name in system.dead


def test_a_fleet_that_is_smaller_than_before_is_not_whole() -> None:
    system = FakePods()
    with PodDelete("web").inject(system) as effect:
        system.remove(last_web(system).name)
    assert not effect.heals().seen
    assert effect.heals().by == "1 of 1 instances of web are ready, 2 are needed"


def test_what_a_deployment_has_added_need_not_come_back() -> None:
    system = FakePods()
    system.add("web", "2")
    with PodDelete("web").inject(system) as effect:
        system.remove(last_web(system).name)
    assert effect.heals().seen


def test_a_storm_of_evictions_counts_what_was_allowed_and_refused() -> None:
    system = FakePods(allowed=3)
    with EvictionStorm("web", every_s=0.001).inject(system) as effect:
        assert effect.bites().seen
    healed = effect.heals()
    assert healed.seen
    assert "3 were allowed" in healed.by


def test_a_storm_that_a_budget_refuses_from_the_beginning_is_one() -> None:
    with EvictionStorm("web", every_s=0.001).inject(FakePods(allowed=0)) as effect:
        bit = effect.bites()
    assert bit.seen
    assert "0 were allowed" in bit.by


def test_a_storm_on_nobody_is_none() -> None:
    system = FakePods()
    with EvictionStorm("web", every_s=0.001).inject(system) as effect:
        assert until(lambda: system.allowed < 100, 30)
    system.fleet.clear()
    assert not effect.heals().seen


def test_trouble_while_it_goes_on_is_told() -> None:
    class Refusing(FakePods):
        def evict_pod(self, pod: str) -> bool:
            raise HarnessError("evictions are forbidden")

    with pytest.raises(HarnessError, match="forbidden"), EvictionStorm("web").inject(Refusing()) as effect:
        assert not effect.bites().seen


def test_a_probe_that_flaps_makes_the_pod_unready_and_ready_again() -> None:
    system = FakePods()
    with ProbeFlap("web", down_s=0.02, up_s=0.02).inject(system) as effect:
        assert effect.bites().seen
        assert until(lambda: not system.hidden, 30)
    assert not system.hidden
    healed = effect.heals()
    assert healed.seen
    assert "was not ready" in healed.by


def test_a_probe_that_goes_on_as_before_was_not_broken() -> None:
    with ProbeFlap("web", down_s=0.02, up_s=0.02).inject(FakePods(deaf=True)) as effect:
        assert not effect.bites().seen


@pytest.mark.parametrize("field", ["down_s", "up_s"])
def test_a_probe_that_never_fails_or_never_succeeds_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be more than 0"):
        ProbeFlap("web", **{field: 0.0})
