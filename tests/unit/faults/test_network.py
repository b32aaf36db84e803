"""Link faults against a link that is a socket of this test: it can answer, stay silent, dawdle or be gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.environment import Environment, Service, Store, StoreKind, Version
from harness.errors import HarnessError, InvalidInput
from harness.faults import network
from harness.faults.network import LinkFault
from harness.protocols import Link, Toxic
from tests.unit.fakes import FakeSystem

ENVIRONMENT = Environment(
    "shop",
    Path("/nowhere"),
    stores=(Store("postgres", StoreKind.POSTGRES),),
    services=(Service("web", ("serve",), replicas=1, routed=True, links=("postgres",)),),
    versions=(Version("1"),),
)


@dataclass
class LinkedSystem(FakeSystem):
    """One link, to a server in a thread that answers one byte after `delay_s`, or not at all."""

    environment: Environment = ENVIRONMENT
    delay_s: float = 0.0
    silent: bool = False
    obeys: bool = True
    gone: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.server.accept()
            with connection:
                if self.gone.wait(self.delay_s):
                    return
                if not self.silent:
                    connection.sendall(b"N")

    def close(self) -> None:
        self.gone.set()
        socket.create_connection(self.server.getsockname()).close()
        self.thread.join()
        self.server.close()

    def links(self) -> tuple[Link, ...]:
        return (Link("web-1", "web", "postgres", self.server.getsockname()),)

    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None:
        if self.obeys:
            self.delay_s = toxic.attributes.get("latency", 0) / 1000
            self.silent = toxic.kind != "latency"

    def cure(self, service: str, store: str, name: str) -> None:
        self.delay_s, self.silent = 0.0, False

    def sever(self, service: str, store: str) -> None:
        self.silent = self.obeys

    def mend(self, service: str, store: str) -> None:
        self.silent = False


@pytest.fixture
def system() -> Iterator[LinkedSystem]:
    system = LinkedSystem()
    yield system
    system.close()


FAULTS = [
    LinkFault("web", "postgres", "latency", {"latency": 60}),
    LinkFault("web", "postgres", "timeout", {"timeout": 0}),
    LinkFault("web", "postgres", "reset_peer"),
    LinkFault("web", "postgres", "down"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_link_fault_bites_and_heals(system: LinkedSystem, fault: LinkFault) -> None:
    with fault.inject(system) as effect:
        assert effect.bites().seen
    assert effect.heals().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_link_fault_without_effect_does_not_claim_one(system: LinkedSystem, fault: LinkFault) -> None:
    system.obeys = False
    with fault.inject(system) as effect:
        assert not effect.bites().seen


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_link_fault_that_stays_does_not_claim_to_be_healed(
    system: LinkedSystem, fault: LinkFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "HEAL_TIMEOUT_S", 0.1)
    with fault.inject(system) as effect:
        pass
    system.poison("web", "postgres", "again", Toxic("latency", {"latency": 60}))
    system.silent = fault.kind != "latency"
    assert not effect.heals().seen


def test_a_link_that_is_not_there_cannot_be_broken(system: LinkedSystem) -> None:
    with pytest.raises(HarnessError, match="no link web -> nats"), LinkFault("web", "nats", "down").inject(system):
        pytest.fail("it was injected")


@pytest.mark.parametrize(("kind", "attributes"), [("lag", {}), ("latency", {}), ("latency", {"latency": 0})])
def test_what_is_no_link_fault_is_refused(kind: str, attributes: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        LinkFault("web", "postgres", kind, attributes)
