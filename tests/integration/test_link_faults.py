"""Every fault of links on real stores, through toxiproxy and through the embedded one: it bites, it heals, and where
links lead past the proxies it claims neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.drivers.local import LocalDriver
from harness.drivers.system import LinkedRunningSystem
from harness.faults.network import LinkFault
from harness.faults.partition import SHAPES, Split
from harness.protocols import Link, Manner, Way
from harness.servers import EMBEDDED, SERVER, TOXIPROXY, find_program
from harness.toxics.toxic import Stream
from tests.integration.echo import ECHO, WEB
from tests.integration.echo.running import eventually, workspace

pytestmark = pytest.mark.servers

UP = Stream.UPSTREAM
STORES = ("postgres", "nats")
DISTURBED = [
    LinkFault("web", store, *disturbance)
    for store in STORES
    for disturbance in (
        ("latency", {"latency": 150, "jitter": 30}),
        ("latency", {"latency": 150}, UP),
        ("bandwidth", {"rate": 200}),
        ("bandwidth", {"rate": 200}, UP),
        ("slow_close", {"delay": 200}),
        ("slow_close", {"delay": 200}, UP),
        ("timeout", {"timeout": 0}),
        ("timeout", {"timeout": 100}, UP),
        ("reset_peer", {"timeout": 0}),
        ("reset_peer", {"timeout": 50}, UP),
        ("slicer", {"average_size": 200, "size_variation": 50, "delay": 10_000}),
        ("slicer", {"average_size": 200, "delay": 10_000}, UP),
        ("limit_data", {"bytes": 3000}),
        ("limit_data", {"bytes": 3000}, UP),
        ("limit_data", {"bytes": 0}, Stream.DOWNSTREAM, 0.5),
        ("down",),
    )
]
SPLITS = [
    *(Split(kind) for kind in SHAPES),
    Split("partition-one", manner=Manner.REFUSE),
    Split("partition-one", way=Way.UPSTREAM),
]


def told(fault: LinkFault | Split) -> str:
    if isinstance(fault, Split):
        return f"{fault.kind}-{fault.manner}-{fault.way}"
    return f"{fault.kind}-{fault.stream}-{fault.toxicity:g}-{fault.store}"


@pytest.fixture(scope="module", params=[EMBEDDED, SERVER])
def shared(request: pytest.FixtureRequest) -> Iterator[LinkedRunningSystem]:
    if request.param == SERVER and find_program(TOXIPROXY) is None:
        pytest.skip(f"no toxiproxy-server here; {TOXIPROXY.remedy}")
    variables = {**WEB.variables, "NATS_URL": "{nats.url}"}
    web = replace(WEB, replicas=3, links=STORES, variables=variables)
    environment = replace(ECHO, services=(web, *ECHO.services[1:]))
    with pytest.MonkeyPatch.context() as patch, workspace() as space:
        patch.setenv(TOXIPROXY.choice_variable, request.param)
        with LocalDriver().open(environment, space) as site, site.start("1.0") as system:
            assert isinstance(system, LinkedRunningSystem)
            yield system


@pytest.fixture
def system(shared: LinkedRunningSystem) -> Iterator[LinkedRunningSystem]:
    yield shared
    names = [instance.name for instance in shared.instances()]
    assert eventually(lambda: all(shared.ready(name) for name in names)), "a test left its links broken"


@pytest.mark.parametrize("fault", [*DISTURBED, *SPLITS], ids=told)
def test_it_bites_and_heals(system: LinkedRunningSystem, fault: LinkFault | Split) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


class Bypassed(LinkedRunningSystem):
    """Its links lead past the proxies."""

    def links(self) -> tuple[Link, ...]:
        places = {name: store.place.outside for name, store in self._stores.items()}
        return tuple(
            replace(link, address=(places[link.target].host, places[link.target].port)) for link in super().links()
        )


@pytest.mark.parametrize("fault", [*DISTURBED[:16], SPLITS[0]], ids=told)
def test_links_that_lead_past_the_proxies_are_not_taken_for_broken(
    system: LinkedRunningSystem, fault: LinkFault | Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "__class__", Bypassed)
    with fault.inject(system) as effect:
        bit = effect.bites()
    assert not bit.seen, bit.by
