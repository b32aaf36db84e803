"""A run's network: in a subnet that the engine has free, with an address for each part for as long as it lasts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

pytest.importorskip("testcontainers", reason="the extra `containers` is not installed")

import docker
from docker.errors import APIError

from harness.drivers.containers.network import ATTEMPTS_MAX, RunNetwork, make_network
from harness.errors import HarnessError

LABELS = {"run": "1"}


@dataclass(eq=False)
class FakeNetwork:
    engine: FakeEngine
    name: str
    subnet: str
    labels: dict[str, str]

    @property
    def attrs(self) -> dict[str, Any]:
        return {"IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": self.subnet}]}}

    def reload(self) -> None:
        pass

    def remove(self) -> None:
        self.engine.there.remove(self)


@dataclass
class FakeEngine:
    """Somebody else is quicker to take what it has free, that many `times`."""

    times: int = 0
    there: list[FakeNetwork] = field(default_factory=list)
    asked: int = 0

    @property
    def networks(self) -> FakeEngine:
        return self

    def create(self, name: str, labels: dict[str, str], ipam: Any = None) -> FakeNetwork:
        if ipam is None:
            self.asked += 1
            subnet = f"10.0.{self.asked}.0/24"
        elif self.asked <= self.times:
            raise APIError("Pool overlaps with other one on this address space")
        else:
            subnet = ipam["Config"][0]["Subnet"]
        network = FakeNetwork(self, name, subnet, labels)
        self.there.append(network)
        return network


def make(engine: FakeEngine) -> RunNetwork:
    return make_network(cast(docker.DockerClient, engine), "rollproof-1", LABELS)


def small(hosts: int) -> RunNetwork:
    subnet = ipaddress.IPv4Network(f"10.0.0.0/{32 - (hosts - 1).bit_length()}")
    return RunNetwork(cast(docker.DockerClient, None), cast(Any, None), subnet)


@pytest.mark.parametrize("times", [0, 1, ATTEMPTS_MAX - 1])
def test_it_is_in_a_subnet_that_is_free_and_carries_the_runs_labels(times: int) -> None:
    engine = FakeEngine(times)
    network = make(engine)
    assert network.address("web-1").startswith(f"10.0.{times + 1}.")
    assert [(each.name, each.labels) for each in engine.there] == [("rollproof-1", LABELS)]


def test_an_engine_that_has_none_free_is_not_asked_for_ever() -> None:
    engine = FakeEngine(ATTEMPTS_MAX)
    with pytest.raises(HarnessError, match=r"a network for the run cannot be made: .* Pool overlaps"):
        make(engine)
    assert engine.asked == ATTEMPTS_MAX
    assert engine.there == []


def test_a_part_keeps_its_address() -> None:
    network = small(32)
    first, second = network.address("web-1"), network.address("web-2")
    assert first != second
    assert network.address("web-1") == first


def test_a_network_without_an_address_left_says_so() -> None:
    network = small(16)
    for number in range(5):  # the first ten are the engine's, the last is for all
        network.address(f"web-{number}")
    with pytest.raises(HarnessError, match=r"the network 10\.0\.0\.0/28 of the run has no address left"):
        network.address("web-5")
