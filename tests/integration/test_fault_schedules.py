"""Random schedules of overlapping faults on real servers: everything heals, nothing leaks, and the history tells the
same story as the proxies.

HARNESS_FAULT_SEEDS says how many seeds are tried; the nightly tries fifty.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from harness.drivers.local import LocalDriver
from harness.drivers.system import LinkedRunningSystem
from harness.drivers.toxiproxy_client import ToxiproxyClient
from harness.faults.network import LinkFault
from harness.faults.partition import Split
from harness.faults.process import Kill, Pause
from harness.history import Kind
from harness.lanes.stage import Stage
from harness.protocols import Fault, Toxic
from harness.servers import EMBEDDED, TOXIPROXY
from harness.supervisor.undo import UndoLog
from harness.windows import Choose, ScheduledFault, Selection, Window
from tests.integration.echo import ECHO, WEB
from tests.integration.echo.running import eventually, workspace
from tests.unit.fakes import ALL_WELL, MemoryTimeline, fault_lane

pytestmark = pytest.mark.servers

SEEDS = range(1, 1 + int(os.environ.get("HARNESS_FAULT_SEEDS", "2")))
FAULTS: tuple[Fault, ...] = (
    LinkFault("web", "postgres", "latency", {"latency": 150}),
    LinkFault("web", "nats", "latency", {"latency": 150}),
    LinkFault("web", "postgres", "timeout", {"timeout": 0}),
    LinkFault("web", "postgres", "down"),
    Split("partition-one"),
    Split("partition-minority", store="nats"),
    Kill("web"),
    Pause("web"),
)


def schedule(seed: int) -> tuple[ScheduledFault, ...]:
    """Three that overlap."""
    random = Random(seed)
    return tuple(
        ScheduledFault(
            f"fault {number}",
            fault,
            Window(random.uniform(0.2, 1.0), at_s=random.uniform(0, 1.0)),
            Selection("web", choose=random.choice(list(Choose))) if isinstance(fault, Kill | Pause) else None,
        )
        for number, fault in enumerate(random.sample(FAULTS, 3))
    )


@dataclass
class Witness:
    """Passes on what the proxies are told, and counts what they confirm."""

    proxies: ToxiproxyClient
    added: Counter[tuple[str, str]] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    disabled: Counter[str] = field(default_factory=Counter)
    enabled: Counter[str] = field(default_factory=Counter)

    def create(self, name: str, listen: str, upstream: str) -> None:
        self.proxies.create(name, listen, upstream)

    def destroy(self, name: str) -> None:
        self.proxies.destroy(name)

    def enable(self, name: str) -> None:
        self.proxies.enable(name)
        self.enabled[name] += 1

    def disable(self, name: str) -> None:
        self.proxies.disable(name)
        self.disabled[name] += 1

    def add_toxic(self, name: str, toxic_name: str, toxic: Toxic) -> None:
        self.proxies.add_toxic(name, toxic_name, toxic)
        self.added[name, toxic_name] += 1

    def remove_toxic(self, name: str, toxic_name: str) -> None:
        self.proxies.remove_toxic(name, toxic_name)
        self.removed[name, toxic_name] += 1


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[LinkedRunningSystem, UndoLog]]:
    variables = {**WEB.variables, "NATS_URL": "{nats.url}"}
    web = replace(WEB, replicas=3, links=("postgres", "nats"), variables=variables)
    environment = replace(ECHO, services=(web, *ECHO.services[1:]))
    with pytest.MonkeyPatch.context() as patch, workspace() as space:
        patch.setenv(TOXIPROXY.choice_variable, EMBEDDED)
        with LocalDriver().open(environment, space) as site, site.start("1.0") as system:
            assert isinstance(system, LinkedRunningSystem)
            yield system, UndoLog(space.scratch)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_heals_nothing_leaks_and_the_proxies_tell_the_same_story(
    running: tuple[LinkedRunningSystem, UndoLog], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, undo = running
    witness = Witness(system._links._proxies)  # type: ignore[arg-type]
    monkeypatch.setattr(system._links, "_proxies", witness)
    faults = schedule(seed)
    with MemoryTimeline() as timeline, ThreadPoolExecutor(len(faults)) as executor:
        stage = Stage(timeline, time.monotonic_ns())
        lane = fault_lane(system, stage, ALL_WELL, undo=undo)  # type: ignore[arg-type]
        for one in lane.schedule(faults, executor):
            one.result()
    assert undo.open() == ()
    assert all(system.pid(instance.name) for instance in system.instances())
    assert not any(system.paused(instance.name) for instance in system.instances())
    assert eventually(lambda: all(system.ready(instance.name) for instance in system.instances()))
    moments = {moment.name: moment for moment in timeline.of(Kind.FAULT)}
    assert moments.keys() == {each.name for each in faults}
    unhealed = [moment for moment in moments.values() if moment.detail["bit"] and not moment.detail["healed"]]
    assert not unhealed
    assert witness.added == witness.removed
    assert witness.disabled == witness.enabled
    for each in faults:
        if isinstance(each.fault, LinkFault | Split) and moments[each.name].detail["bit"]:
            assert witness.added or witness.disabled, f"{each.name} is said to have bitten, and no proxy was told"
