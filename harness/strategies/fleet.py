"""Moves that every strategy makes: adding instances, replacing workers, and the way back."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from harness.environment import Service
from harness.protocols import (
    Action,
    Add,
    Announce,
    AwaitReady,
    CatchUp,
    Gate,
    Instance,
    Migrate,
    Outcome,
    Remove,
    Route,
    Smoke,
    Steps,
    Verify,
    Watch,
)
from harness.scenario import Change

T = TypeVar("T")
Moves: TypeAlias = Generator[Action, Outcome, T]

EXPAND, WORKERS, CONTRACT, ROLLBACK = "expand", "workers", "contract", "rollback"
REBUILD, VERIFY, SWITCH = "rebuild read model", "verify read model", "switch read model"
"""Steps that all strategies share."""


class Fleet:
    """The instances as a strategy knows them: those it was given, and what became of them by its own actions."""

    def __init__(self, change: Change, services: Sequence[Service], instances: Iterable[Instance]) -> None:
        self.change = change
        self.routed = next(service for service in services if service.routed)
        self.workers = tuple(service for service in services if not service.routed)
        self._instances = list(instances)
        self.switched = False
        """Whether another read model than the old version's may serve."""

    def of(self, service: Service, version: str) -> tuple[Instance, ...]:
        return tuple(i for i in self._instances if i.service == service.name and i.version == version)

    @property
    def old(self) -> tuple[Instance, ...]:
        return self.of(self.routed, self.change.old)

    @property
    def new(self) -> tuple[Instance, ...]:
        return self.of(self.routed, self.change.new)

    def by_count(self, without: Collection[Instance] = ()) -> Mapping[str, int]:
        """Weights that give every routed instance the same share, as it will be `without` those that leave next.

        Else the last one of a version would leave while its version still had a share, that nobody could serve.
        """
        staying = [i for i in (*self.old, *self.new) if i not in without]
        counts = {version: sum(i.version == version for i in staying) for version in (self.change.old, self.change.new)}
        return {version: count for version, count in counts.items() if count}

    def add(self, service: Service, version: str, count: int, *, smoke: bool = False) -> Moves[tuple[Instance, ...]]:
        """Start `count` instances side by side and wait until all are ready."""
        return (yield from self.add_each(service, (version,) * count, smoke=smoke))

    def add_each(
        self, service: Service, versions: Iterable[str], *, smoke: bool = False
    ) -> Moves[tuple[Instance, ...]]:
        """Start an instance of each of these versions side by side and wait until all are ready."""
        added = yield from self.begin_each(service, versions)
        yield from self.await_ready(added, smoke=smoke)
        return added

    def begin_each(self, service: Service, versions: Iterable[str]) -> Moves[tuple[Instance, ...]]:
        """Start an instance of each of these versions; none needs to be ready yet."""
        added = []
        for version in versions:
            instance = yield Add(service.name, version)
            assert instance is not None  # the executor answers Add with the instance
            self._instances.append(instance)
            added.append(instance)
        return tuple(added)

    def await_ready(self, instances: Iterable[Instance], *, smoke: bool = False) -> Moves[None]:
        """Wait until all are ready; `smoke` has those that serve users answer once."""
        for instance in instances:
            yield AwaitReady(instance.name)
            if smoke and instance.service == self.routed.name:
                yield Smoke(instance.name)

    def remove(self, instances: Iterable[Instance]) -> Moves[None]:
        for instance in instances:
            yield Remove(instance.name)
            self._instances.remove(instance)


def rebuild(fleet: Fleet, s_max: float) -> Steps:
    """Widen the stores, and let new workers build their read model beside the old ones, which go on with theirs.

    It serves once it is caught up and was seen to be the same; the old one is kept.
    """
    yield Announce(EXPAND)
    yield Migrate("expand", fleet.change.new)
    yield Announce(REBUILD)
    for service in fleet.workers:
        yield from fleet.add(service, fleet.change.new, service.replicas)
    yield CatchUp(fleet.change.new, s_max)
    yield Announce(VERIFY)
    yield Verify(fleet.change.new, s_max)
    yield Announce(SWITCH)
    fleet.switched = True
    yield Migrate("switch", fleet.change.new)


def prepare(fleet: Fleet) -> Steps:
    """Widen the stores, then bring in the new readers: a schema must be understood before it is written."""
    yield Announce(EXPAND)
    yield Migrate("expand", fleet.change.new)
    yield Announce(WORKERS)
    for service in fleet.workers:
        yield from _replace(fleet, service, fleet.change.old, fleet.change.new)


def finish(fleet: Fleet) -> Steps:
    """Only now, with no old version left, may the stores forget what only it needed."""
    yield Announce(CONTRACT)
    yield Migrate("contract", fleet.change.new)


def watch(fleet: Fleet, duration_s: float, gate: Gate | None) -> Steps:
    yield Watch(duration_s, fleet.change.new, gate)


def retreat(fleet: Fleet, *, side_by_side: bool = True) -> Steps:
    """Bring the old version back from whatever state the deployment is in.

    Where enough of the old version still stands, traffic goes back to it at once; otherwise what is missing is started
    first, as the few that are left might not carry the load; what is more of it than there should be leaves again, the
    youngest first to go. Workers go back last: as long as the new version may have written, its events must be
    understood. With `side_by_side` False the two versions never run at the same time.
    """
    change, routed = fleet.change, fleet.routed
    yield Announce(ROLLBACK)
    if not side_by_side:
        yield from fleet.remove(fleet.new)
    yield from fleet.add(routed, change.old, max(0, routed.replicas - len(fleet.old)))
    yield Route({change.old: 1})
    yield from fleet.remove((*fleet.new, *fleet.old[routed.replicas :]))
    if fleet.switched:
        yield Migrate("switch_back", change.new)
    for service in fleet.workers:
        yield from _replace(fleet, service, change.new, change.old)
    yield Migrate("back", change.new)


def _replace(fleet: Fleet, service: Service, leaving: str, coming: str) -> Steps:
    """One at a time, the new one first, until `replicas` of `coming` are all there is."""
    while len(fleet.of(service, coming)) < service.replicas:
        yield from fleet.add(service, coming, 1)
        yield from fleet.remove(fleet.of(service, leaving)[:1])
    yield from fleet.remove(fleet.of(service, leaving))
