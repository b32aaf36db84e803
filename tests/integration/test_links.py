"""Links between instances and stores, broken and mended through a real toxiproxy and through the embedded one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.drivers.local import LocalDriver
from harness.drivers.system import LinkedRunningSystem
from harness.environment import Environment
from harness.errors import HarnessError
from harness.protocols import Linked, Toxic
from harness.servers import EMBEDDED, SERVER, TOXIPROXY, find_program
from tests.integration.echo import ECHO
from tests.integration.echo.running import eventually, workspace

pytestmark = pytest.mark.servers
LATENCY = Toxic("latency", {"latency": 200})


@pytest.fixture(scope="module", params=[EMBEDDED, SERVER])
def shared(request: pytest.FixtureRequest) -> Iterator[LinkedRunningSystem]:
    if request.param == SERVER and find_program(TOXIPROXY) is None:
        pytest.skip(f"no toxiproxy-server here; {TOXIPROXY.remedy}")
    environment = replace(ECHO, stores=ECHO.stores[:1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOXIPROXY.choice_variable, request.param)
        yield from running(environment)


def running(environment: Environment) -> Iterator[LinkedRunningSystem]:
    with workspace() as space, LocalDriver().open(environment, space) as site, site.start("1.0") as system:
        assert isinstance(system, LinkedRunningSystem)
        yield system


@pytest.fixture
def system(shared: LinkedRunningSystem) -> Iterator[LinkedRunningSystem]:
    yield shared
    assert eventually(lambda: shared.ready("web-1") and shared.ready("web-2")), "a test left its links broken"


def ready_after_ms(system: LinkedRunningSystem, name: str) -> float:
    """The service is ready once PostgreSQL has answered it through its link."""
    began = time.monotonic()
    assert system.ready(name)
    return (time.monotonic() - began) * 1000


def test_each_instance_has_a_link_of_its_own_to_each_store(system: LinkedRunningSystem) -> None:
    assert isinstance(system, Linked)
    links = system.links()
    assert [(link.source, link.service, link.target) for link in links] == [
        ("web-1", "web", "postgres"),
        ("web-2", "web", "postgres"),
    ]
    assert len({link.address for link in links}) == 2


def test_latency_is_felt_until_it_is_cured(system: LinkedRunningSystem) -> None:
    system.poison("web", "postgres", "slow", LATENCY)
    assert ready_after_ms(system, "web-1") >= 200
    assert ready_after_ms(system, "web-2") >= 200
    system.cure("web", "postgres", "slow")
    assert eventually(lambda: ready_after_ms(system, "web-1") < 200)


def test_severed_links_refuse_until_they_are_mended(system: LinkedRunningSystem) -> None:
    system.sever("web", "postgres")
    assert not system.ready("web-1")
    assert not system.ready("web-2")
    system.mend("web", "postgres")
    assert system.ready("web-1")
    assert system.ready("web-2")


def test_an_instance_added_meanwhile_meets_the_same_trouble(system: LinkedRunningSystem) -> None:
    system.poison("web", "postgres", "slow", LATENCY)
    late = system.add("web", "1.0").name
    assert eventually(lambda: system.ready(late))
    assert ready_after_ms(system, late) >= 200
    system.sever("web", "postgres")
    later = system.add("web", "1.0").name
    assert not eventually(lambda: system.ready(later), 0.5)
    system.mend("web", "postgres")
    system.cure("web", "postgres", "slow")
    assert eventually(lambda: system.ready(later))
    assert eventually(lambda: ready_after_ms(system, late) < 200)
    for name in (late, later):
        system.remove(name)
    assert {link.source for link in system.links()} == {"web-1", "web-2"}


def test_a_toxic_has_one_name_at_a_time(system: LinkedRunningSystem) -> None:
    system.poison("web", "postgres", "slow", LATENCY)
    with pytest.raises(HarnessError, match="have a toxic 'slow' already"):
        system.poison("web", "postgres", "slow", LATENCY)
    system.cure("web", "postgres", "slow")
    with pytest.raises(HarnessError, match="have no toxic 'slow'"):
        system.cure("web", "postgres", "slow")


def test_what_toxiproxy_does_not_know_is_an_error(system: LinkedRunningSystem) -> None:
    with pytest.raises(HarnessError, match=r"toxiproxy did not put nonsense on proxy web-1.postgres: .*invalid toxic"):
        system.poison("web", "postgres", "odd", Toxic("nonsense"))
