"""Faults of processes and of their machine, on real processes: they bite, they heal, and nothing of them stays."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.drivers import limiting
from harness.drivers.cgroups import Hierarchy, find_hierarchy
from harness.drivers.local import LocalDriver
from harness.drivers.local_system import LocalSystem
from harness.errors import HarnessError
from harness.faults.clock import ClockJump, ClockSkew
from harness.faults.container import Limit
from harness.faults.lifecycle import CrashLoop, SlowStart, SlowStop, UngracefulStop
from harness.faults.machine import CpuHog, MemoryHog, OutOfFiles
from harness.protocols import ClockSettable, Fault, Limits, Provisions
from tests.integration.echo import STORELESS
from tests.integration.echo.running import connect, continuous_requests, eventually, workspace

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalSystem]:
    with workspace() as space, LocalDriver().open(STORELESS, space) as site, site.start("1.0") as system:
        assert isinstance(system, LocalSystem)
        yield system


@pytest.fixture
def system(shared: LocalSystem) -> Iterator[LocalSystem]:
    yield shared
    names = [instance.name for instance in shared.instances()]
    assert eventually(lambda: all(shared.ready(name) for name in names)), "a test left an instance broken"


@pytest.mark.parametrize(
    "fault",
    [CrashLoop("web", up_s=0.2), CpuHog(0.2), MemoryHog(48), Limit("web", memory_mb=256)],
    ids=lambda fault: type(fault).__name__,
)
def test_it_bites_and_heals(system: LocalSystem, fault: Fault) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by


def test_an_instance_without_files_takes_no_connection(system: LocalSystem) -> None:
    [url] = [instance.url for instance in system.instances() if instance.name == "web-2"]
    with OutOfFiles("web-2").inject(system) as effect, knocking(url):
        bit = effect.bites()
        assert bit.seen, bit.by
        assert not system.ready("web-2")
        assert system.ready("web-1")
    healed = effect.heals()
    assert healed.seen, healed.by


@contextmanager
def knocking(url: str, connections: int = 8) -> Iterator[None]:
    """Connections that stay: they take the descriptors of those that were being closed when the files were counted."""
    address = urlsplit(url)
    with ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(socket.create_connection((address.hostname or "", address.port or 0)))
        yield


@pytest.mark.parametrize("fault", [SlowStop("web", 0.3), UngracefulStop("web")], ids=lambda fault: type(fault).__name__)
def test_instances_that_are_asked_to_end_meet_it(system: LocalSystem, fault: SlowStop | UngracefulStop) -> None:
    name = system.add("web", "1.0").name
    assert eventually(lambda: system.ready(name))
    with fault.inject(system) as effect:
        departure = system.remove(name)
        assert effect.bites().seen
    assert effect.heals().seen
    if isinstance(fault, SlowStop):
        assert departure.exit_code == 0
        assert departure.took_s >= 0.3
    else:
        assert departure.exit_code is None  # it had ended before it was asked to


def test_an_instance_that_starts_is_held_back_and_goes_on_when_the_window_ends(system: LocalSystem) -> None:
    with SlowStart("web", delay_s=60.0).inject(system) as effect:
        name = system.add("web", "1.0").name
        assert effect.bites().seen
        assert system.paused(name)
        assert not system.ready(name)
    assert effect.heals().seen
    assert eventually(lambda: system.ready(name))
    system.remove(name)


@pytest.fixture(scope="module")
def timed() -> Iterator[LocalSystem]:
    if ClockSettable not in LocalDriver.offers:
        pytest.skip(LocalDriver.lacks[ClockSettable])
    with workspace() as space:
        given = replace(space, provisions=Provisions(clocks=True))
        with LocalDriver().open(STORELESS, given) as site, site.start("1.0") as system:
            assert isinstance(system, LocalSystem)
            yield system


@pytest.mark.parametrize(
    "fault", [ClockSkew("web", 300.0), ClockJump("web", -300.0, 0.5)], ids=lambda fault: type(fault).__name__
)
def test_a_clock_is_off_and_right_again(timed: LocalSystem, fault: ClockSkew | ClockJump) -> None:
    with fault.inject(timed) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
        assert abs(timed.clock_offset_s("web-1")) < 5  # the other's
    healed = effect.heals()
    assert healed.seen, healed.by


def test_the_service_itself_has_that_time(timed: LocalSystem) -> None:
    [url] = [instance.url for instance in timed.instances() if instance.name == "web-2"]
    with ClockSkew("web-2", 86_400.0).inject(timed):
        assert eventually(lambda: (date_of(url) - datetime.now(UTC)).total_seconds() > 80_000)
    assert eventually(lambda: abs((date_of(url) - datetime.now(UTC)).total_seconds()) < 60)


def date_of(url: str) -> datetime:
    """As its server says it in each answer."""
    connection = connect(url)
    connection.request("GET", "/work")
    date = connection.getresponse().headers["Date"]
    connection.close()
    return parsedate_to_datetime(date)


def test_a_clock_that_nobody_can_set_is_an_error(system: LocalSystem) -> None:
    with pytest.raises(HarnessError, match="no clocks that can be set"), ClockSkew("web").inject(system):
        pass


def groups(run_id: str) -> list[Path]:
    hierarchy = find_hierarchy()
    folders = {hierarchy.cpu, hierarchy.memory} if hierarchy else set()
    return [each for folder in folders for each in folder.glob(f"rollproof-{run_id}-*")]


@pytest.fixture
def hierarchy() -> Hierarchy:
    found = find_hierarchy()
    if found is None:
        pytest.skip(f"no limits by control groups: {limiting.ONLY_CGROUPS}")
    return found


@pytest.mark.usefixtures("hierarchy")
def test_an_instance_with_too_few_processors_is_held_back(system: LocalSystem) -> None:
    run_id = system._workspace.run_id
    with ExitStack() as stack:
        stack.enter_context(continuous_requests(system.url, "/work"))
        effect = stack.enter_context(Limit("web", cpus=0.01).inject(system))
        assert groups(run_id)
        bit = effect.bites()
        assert bit.seen, bit.by
    assert effect.heals().seen
    assert groups(run_id) == []


@pytest.mark.usefixtures("hierarchy")
def test_an_instance_with_less_memory_than_it_needs_is_killed_and_comes_back(system: LocalSystem) -> None:
    with Limit("web", memory_mb=6).inject(system) as effect, ThreadPoolExecutor(1) as pool:
        pool.submit(system.ready, "web-2")  # it needs some to answer
        assert eventually(lambda: system.pid("web-2") is None)
        assert effect.bites().seen
    healed = effect.heals()
    assert healed.seen, healed.by
    assert groups(system._workspace.run_id) == []


@pytest.mark.usefixtures("hierarchy")
def test_one_that_the_kernel_is_killing_when_the_window_ends_comes_back(system: LocalSystem) -> None:
    with Limit("web", memory_mb=6).inject(system) as effect, ThreadPoolExecutor(1) as pool:
        pool.submit(system.ready, "web-2")
    healed = effect.heals()
    assert healed.seen, healed.by
    assert groups(system._workspace.run_id) == []


def test_without_control_groups_memory_is_limited_by_rlimits(
    system: LocalSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "find_hierarchy", lambda: None)
    with Limit("web", memory_mb=64).inject(system) as effect:
        assert system.usage("web-2").limits == Limits(memory_mb=64)
        assert effect.bites().seen
    assert effect.heals().seen
