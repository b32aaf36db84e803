"""Plain test doubles: a system in memory that does what it is told, and a timeline in a list."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.analysis.traffic import Answers, Traffic
from harness.environment import Environment, Service, Store, StoreKind, Version
from harness.errors import StepFailed
from harness.history import Kind, Moment
from harness.lanes.faults import FaultLane
from harness.lanes.gates import Live, Tally
from harness.lanes.stage import Stage
from harness.lanes.windows import Windows
from harness.protocols import Departure, Instance
from harness.recording import Timeline
from harness.supervisor.undo import Kept, Promise, UndoLog

ENVIRONMENT = Environment(
    name="shop",
    folder=Path("/nowhere"),
    stores=(Store("postgres", StoreKind.POSTGRES),),
    services=(
        Service("web", ("serve",), replicas=2, routed=True, links=("postgres",), ready_timeout_s=0.2),
        Service("worker", ("work",), replicas=1, routed=False, ready_timeout_s=0.2),
    ),
    versions=(Version("1"), Version("2", expand=("widen",), contract=("narrow",), back=("undo",))),
)


@dataclass
class FakeSystem:
    """Instances in a list. `never_ready` versions never get ready; `broken_migrations` fail."""

    environment: Environment = ENVIRONMENT
    never_ready: frozenset[str] = frozenset()
    broken_migrations: frozenset[str] = frozenset()
    fleet: list[Instance] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    migrations: list[tuple[str, ...]] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    deaf: bool = False
    """Kill and pause do nothing, as if they were sent to the wrong process."""

    def __post_init__(self) -> None:
        for service in self.environment.services:
            for _ in range(service.replicas):
                self.add(service.name, "1")

    url = "http://127.0.0.1:1"

    def instances(self) -> tuple[Instance, ...]:
        return tuple(self.fleet)

    def add(self, service: str, version: str) -> Instance:
        name = f"{service}-{len(self.fleet) + len(self.migrations) + 1}-{version}"
        instance = Instance(name, service, version, "http://127.0.0.1:1", pid=1000 + len(self.fleet))
        self.fleet.append(instance)
        return instance

    def remove(self, name: str) -> Departure:
        self.fleet = [instance for instance in self.fleet if instance.name != name]
        return Departure(0, 0.01, killed=False)

    def route(self, weights: Mapping[str, int]) -> None:
        self.weights = dict(weights)

    def ready(self, name: str) -> bool:
        instance = next(instance for instance in self.fleet if instance.name == name)
        return instance.version not in self.never_ready and name not in self.dead | self.stopped

    def migrate(self, command: Sequence[str], version: str) -> None:
        self.migrations.append(tuple(command))
        if command[0] in self.broken_migrations:
            raise StepFailed(f"{command[0]} failed: no such table")

    def store_url(self, store: str) -> str:
        return f"{store}://127.0.0.1:1"

    def observed_split(self) -> Mapping[str, int]:
        return dict(self.weights)

    def pid(self, name: str) -> int | None:
        return None if name in self.dead else 1000

    def kill(self, name: str) -> None:
        if not self.deaf:
            self.dead.add(name)

    def revive(self, name: str) -> None:
        self.dead.discard(name)

    def pause(self, name: str) -> None:
        if not self.deaf:
            self.stopped.add(name)

    def resume(self, name: str) -> None:
        self.stopped.discard(name)

    def paused(self, name: str) -> bool:
        return name in self.stopped


class MemoryTimeline(Timeline):
    """A timeline whose file is thrown away."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def of(self, kind: Kind) -> list[Moment]:
        return [moment for moment in self.moments() if moment.kind is kind]


@dataclass
class CannedLive:
    """Tallies by version; what is not named held perfectly."""

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    traffic: Callable[[], Traffic] = lambda: Traffic(Answers.none(), Answers.none(), Answers.none())
    of_baseline: Callable[[Collection[str]], Traffic] = lambda _: Traffic(
        Answers.none(), Answers.none(), Answers.none()
    )

    def tally(self, version: str, since_ns: int) -> Tally:
        return self.tallies.get(version, Tally(1000, 0, 12.0))

    def compare(self, old: str, new: str, since_ns: int, until_ns: int, baseline: Collection[str] = ()) -> Traffic:
        return self.of_baseline(baseline) if baseline else self.traffic()

    def done(self, since_ns: int, version: str = "") -> Tally:
        return self.tally(version, since_ns)


class ForgetfulLog(UndoLog):
    """Writes nothing down."""

    def _write(self, entry: Promise | Kept) -> None:
        pass


ALL_WELL = CannedLive()
NOTHING_WRITTEN = ForgetfulLog(Path("/nowhere"))


def fault_lane(
    system: FakeSystem,
    stage: Stage,
    live: Live = ALL_WELL,
    *,
    over: Callable[[], bool] = lambda: True,
    undo: UndoLog = NOTHING_WRITTEN,
) -> FaultLane:
    """By default the deployment is over."""
    return FaultLane(system, stage, Windows(stage, live, over), undo)
