"""Nodes that are switched off, and nodes that are pressed: seen to bite and to heal, on nodes in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import HarnessError, InvalidInput
from harness.faults import node as faults
from harness.faults.node import NodePressure, NodeStop
from harness.protocols import PodFacts, Taken
from tests.unit.fakes import FakeSystem


@dataclass
class FakeNodes(FakeSystem):
    """The first instance is on a node of its own, all others on another one, from which `taken` is taken."""

    off: set[str] = field(default_factory=set)
    stuck: bool = False
    """A node that was switched off stays off."""
    taken: Taken = field(default_factory=lambda: Taken(2.0, 128.0))
    presses: list[tuple[str, float, int]] = field(default_factory=list)

    def pod_of(self, name: str) -> str:
        return f"{name}-pod"

    def pod(self, pod: str) -> PodFacts | None:
        return PodFacts(pod, self._node(pod.removesuffix("-pod")), ready=True, endings=0)

    def delete_pod(self, pod: str, grace_s: int) -> None:
        raise NotImplementedError

    def restore(self, name: str) -> None:
        if self._node(name) not in self.off:
            self.dead.discard(name)

    def stop_node(self, node: str) -> None:
        if not self.deaf:
            self.off.add(node)
            self.dead.update(instance.name for instance in self.fleet if self._node(instance.name) == node)

    def start_node(self, node: str) -> None:
        if not self.stuck:
            self.off.discard(node)

    def node_runs(self, node: str) -> bool:
        return node not in self.off

    def node_ready(self, node: str) -> bool:
        return node not in self.off

    def press(self, pod: str, cpus: float, memory_mb: int) -> FakePressure:
        self.presses.append((pod, cpus, memory_mb))
        return FakePressure(self)

    def _node(self, name: str) -> str:
        return "first" if name == self.fleet[0].name else "second"


@dataclass
class FakePressure:
    nodes: FakeNodes

    def taken(self) -> Taken:
        return self.nodes.taken

    def end(self) -> None:
        self.nodes.presses.clear()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROOF_TIMEOUT_S", "PRESSED_S_MAX", "HEAL_TIMEOUT_S"):
        monkeypatch.setattr(faults, name, 0.02)
    monkeypatch.setattr(faults, "POLL_S", 0.005)


def test_a_node_is_off_with_all_that_is_on_it_and_comes_back_with_it() -> None:
    system = FakeNodes()
    first, second, worker = (instance.name for instance in system.instances())
    with NodeStop("web").inject(system) as effect:
        assert system.dead == {second, worker}
        bit = effect.bites()
        assert bit.seen
        assert bit.by == f"second is off; on it was {second}, {worker}"
        assert not effect.heals().seen
    assert system.dead == set()
    healed = effect.heals()
    assert healed.seen, healed.by
    assert first not in bit.by


def test_a_node_that_stays_on_was_not_broken() -> None:
    with NodeStop("web").inject(FakeNodes(deaf=True)) as effect:
        assert not effect.bites().seen


def test_a_node_that_does_not_come_back_is_not_healed() -> None:
    with NodeStop("web").inject(FakeNodes(stuck=True)) as effect:
        pass
    assert effect.heals().by == "second is not ready"


def test_an_instance_that_was_retired_meanwhile_is_not_restored() -> None:
    system = FakeNodes()
    worker = system.instances()[-1].name
    with NodeStop("web").inject(system):
        system.remove(worker)
    assert system.dead == {worker}


def test_an_instance_on_no_node_is_told() -> None:
    class Nowhere(FakeNodes):
        def pod(self, pod: str) -> PodFacts | None:
            return None

    with pytest.raises(HarnessError, match="web is on no node"), NodeStop("web").inject(Nowhere()):
        pytest.fail("nothing was to be broken")


def test_pressure_is_proved_by_what_was_taken_and_ends() -> None:
    system = FakeNodes()
    last = [instance for instance in system.instances() if instance.service == "web"][-1]
    with NodePressure("web", cpus=1.5, memory_mb=100).inject(system) as effect:
        assert system.presses == [(f"{last.name}-pod", 1.5, 100)]
        assert effect.bites().by == "128 MB of memory and 2 s of processor time were taken"
        assert effect.bites().seen
    assert system.presses == []
    assert effect.heals().seen


@pytest.mark.parametrize("taken", [Taken(0.5, 128.0), Taken(2.0, 60.0)])
def test_a_pressure_that_takes_less_did_not_bite(taken: Taken) -> None:
    with NodePressure("web", cpus=1.5, memory_mb=100).inject(FakeNodes(taken=taken)) as effect:
        assert not effect.bites().seen


def test_a_pressure_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="would press nobody"):
        NodePressure("web", cpus=0)
    with pytest.raises(ValueError, match="cpus must be 0 or more"):
        NodePressure("web", cpus=-1)
