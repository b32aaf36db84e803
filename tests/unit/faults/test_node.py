"""Faults of nodes: seen to bite and to heal, on nodes in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.errors import HarnessError
from harness.faults.node import Cordon, Drain
from tests.unit.fakes import FakeSystem


@dataclass
class FakeNodes(FakeSystem):
    """All instances are on one node; at most `allowed` of them may be evicted; a stubborn node cannot be changed."""

    allowed: int = 100
    stubborn: bool = False
    closed: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def node_of(self, name: str) -> str:
        return "other" if name in self.moved else "worker"

    def on_node(self, node: str) -> int:
        return sum(self.node_of(instance.name) == node for instance in self.fleet)

    def cordon(self, node: str) -> None:
        if not self.stubborn:
            self.closed.add(node)

    def uncordon(self, node: str) -> None:
        self.closed.discard(node)

    def cordoned(self, node: str) -> bool:
        return node in self.closed

    def evict(self, node: str) -> bool:
        here = [instance.name for instance in self.fleet if self.node_of(instance.name) == node]
        going, self.allowed = here[: self.allowed], max(0, self.allowed - len(here))
        self.moved.update(going)
        return len(going) == len(here)


@pytest.mark.parametrize("fault", [Cordon("web"), Drain("web")])
def test_the_node_is_closed_while_the_fault_is_in_and_open_afterwards(fault: Cordon | Drain) -> None:
    system = FakeNodes()
    with fault.inject(system) as effect:
        assert system.closed == {"worker"}
        assert effect.bites().seen
        assert not effect.heals().seen
    assert system.closed == set()
    assert effect.heals().seen


def test_a_drain_empties_the_node() -> None:
    system = FakeNodes()
    with Drain("web").inject(system) as effect:
        assert system.on_node("worker") == 0
        assert effect.bites().by == "worker takes no new instances, and 0 are left on it"


def test_a_drain_that_budgets_do_not_allow_has_not_bitten() -> None:
    system = FakeNodes(allowed=1)
    with Drain("web", patience_s=0.01).inject(system) as effect:
        bite = effect.bites()
    assert not bite.seen
    assert bite.by == "worker takes no new instances, and 2 are left on it"
    assert system.closed == set()


@pytest.mark.parametrize("fault", [Cordon("web"), Drain("web")])
def test_a_node_that_still_takes_instances_has_not_been_hurt(fault: Cordon | Drain) -> None:
    with fault.inject(FakeNodes(stubborn=True)) as effect:
        assert not effect.bites().seen


def test_it_is_healed_when_something_goes_wrong_inside() -> None:
    system = FakeNodes()
    with pytest.raises(KeyboardInterrupt), Drain("web").inject(system):
        raise KeyboardInterrupt
    assert system.closed == set()


def test_an_instance_that_is_on_no_node_is_told() -> None:
    class Nowhere(FakeNodes):
        def node_of(self, name: str) -> str:
            return ""

    with pytest.raises(HarnessError, match="is on no node"), Cordon("web").inject(Nowhere()):
        pytest.fail("nothing was to be broken")
