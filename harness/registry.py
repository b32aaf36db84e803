"""What can be named in a scenario: strategies, faults, checkers and drivers, those that ship and those of others.

A package adds its own by an entry point, here a strategy that scenarios then call `kind = "shuffle"`:

    [project.entry-points."harness.strategies"]
    shuffle = "my_package.shuffle:Shuffle"

Nothing is imported before it is asked for: `harness --help` loads no driver, and no driver's dependencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from harness.errors import HarnessError, InvalidInput
from harness.protocols import Checker, Driver, Fault, Strategy
from harness.toml_reader import nearest

T = TypeVar("T")


@dataclass(frozen=True)
class Group(Generic[T]):
    """All kinds of one seam, by the names that scenarios call them."""

    noun: str
    entry_points: str
    built_in: Mapping[str, str]
    """Where each kind that ships is: `module:Class`."""

    @cached_property
    def _known(self) -> Mapping[str, EntryPoint]:
        shipped = {kind: EntryPoint(kind, place, self.entry_points) for kind, place in self.built_in.items()}
        added = {point.name: point for point in entry_points(group=self.entry_points)}
        if taken := sorted(shipped.keys() & added.keys()):
            raise HarnessError(
                f"a {self.noun} {taken[0]!r} is installed ({added[taken[0]].value}), but that name ships"
            )
        return {**shipped, **added}

    def kinds(self) -> tuple[str, ...]:
        """Names, those that ship first."""
        return tuple(self._known)

    def find(self, kind: str) -> type[T]:
        """The class of that kind. Raises InvalidInput, naming the nearest, if there is none."""
        if kind not in self._known:
            raise InvalidInput(f"no {self.noun} {kind!r}; {nearest(kind, self._known)}")
        point = self._known[kind]
        try:
            return cast(type[T], point.load())
        except (ImportError, AttributeError) as error:
            raise HarnessError(f"the {self.noun} {kind!r} cannot be loaded from {point.value}: {error}") from error

    def kind_of(self, thing: T) -> str:
        """The name by which scenarios call what `thing` is; that of its class if none does."""
        place = f"{type(thing).__module__}:{type(thing).__qualname__}"
        kinds = [kind for kind, point in self._known.items() if point.value == place]
        return kinds[0] if len(kinds) == 1 else str(getattr(thing, "kind", type(thing).__name__))


STRATEGIES: Group[Strategy] = Group(
    "strategy",
    "harness.strategies",
    {
        "rolling": "harness.strategies.rolling:Rolling",
        "blue-green": "harness.strategies.blue_green:BlueGreen",
        "canary": "harness.strategies.canary:Canary",
        "recreate": "harness.strategies.recreate:Recreate",
        "deployment": "harness.strategies.deployment:NativeDeployment",
        "command": "harness.strategies.command:Command",
    },
)
FAULTS: Group[Fault] = Group(
    "fault",
    "harness.faults",
    {
        "kill": "harness.faults.process:Kill",
        "pause": "harness.faults.process:Pause",
        "crash-loop": "harness.faults.lifecycle:CrashLoop",
        "slow-start": "harness.faults.lifecycle:SlowStart",
        "slow-stop": "harness.faults.lifecycle:SlowStop",
        "ungraceful-stop": "harness.faults.lifecycle:UngracefulStop",
        "out-of-files": "harness.faults.machine:OutOfFiles",
        "cpu-hog": "harness.faults.machine:CpuHog",
        "memory-hog": "harness.faults.machine:MemoryHog",
        "clock-skew": "harness.faults.clock:ClockSkew",
        "clock-jump": "harness.faults.clock:ClockJump",
        "store-crash": "harness.faults.store:StoreCrash",
        "store-restart": "harness.faults.store:StoreRestart",
        "power-loss": "harness.faults.store:PowerLoss",
        "disk-full": "harness.faults.store:DiskFull",
        "disk-slow": "harness.faults.store:DiskSlow",
        "file-truncate": "harness.faults.files:FileTruncate",
        "file-flip": "harness.faults.files:FileFlip",
        "postgres-refuse": "harness.faults.postgres:PostgresRefuse",
        "postgres-exhaust": "harness.faults.postgres:PostgresExhaust",
        "postgres-lock": "harness.faults.postgres:PostgresLock",
        "postgres-read-only": "harness.faults.postgres:PostgresReadOnly",
        "nats-stream-gone": "harness.faults.broker:StreamGone",
        "nats-slow-consumer": "harness.faults.broker:SlowConsumer",
        "disconnect": "harness.faults.container:Disconnect",
        "limit": "harness.faults.container:Limit",
        **dict.fromkeys(
            ("latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data", "down"),
            "harness.faults.network:LinkFault",
        ),
        **dict.fromkeys(
            (
                "partition-one",
                "partition-minority",
                "partition-majority",
                "partition-bridge",
                "partition-ring",
                "partition-primaries",
            ),
            "harness.faults.partition:Split",
        ),
        "http-abort": "harness.faults.http:HttpAbort",
        "http-delay": "harness.faults.http:HttpDelay",
        "drain": "harness.faults.node:Drain",
        "cordon": "harness.faults.node:Cordon",
        "node-stop": "harness.faults.node:NodeStop",
        "node-pressure": "harness.faults.node:NodePressure",
        "pod-delete": "harness.faults.pod:PodDelete",
        "container-kill": "harness.faults.pod:ContainerKill",
        "oom-kill": "harness.faults.pod:OomKill",
        "eviction-storm": "harness.faults.pod:EvictionStorm",
        "probe-flap": "harness.faults.pod:ProbeFlap",
        "partition": "harness.faults.cluster:Partition",
        "dns-down": "harness.faults.cluster:DnsDown",
        "api-down": "harness.faults.cluster:ApiDown",
    },
)
CHECKERS: Group[Checker] = Group(
    "checker",
    "harness.checkers",
    {
        "load": "harness.checkers.load:Load",
        "faults": "harness.checkers.faults:Faults",
        "recovery": "harness.checkers.recovery:Recovery",
        "deployment": "harness.checkers.deployment:Deployment",
        "rollback": "harness.checkers.rollback:Rollback",
        "availability": "harness.checkers.availability:Availability",
        "disruption": "harness.checkers.disruption:Disruption",
        "latency": "harness.checkers.latency:Latency",
        "canary-analysis": "harness.checkers.canary_analysis:CanaryAnalysis",
        "service-levels": "harness.checkers.service_levels:ServiceLevels",
        "lost-events": "harness.checkers.lost_events:LostEvents",
        "duplicates": "harness.checkers.duplicates:Duplicates",
        "phantoms": "harness.checkers.phantoms:Phantoms",
        "order": "harness.checkers.order:Order",
        "gaps": "harness.checkers.gaps:Gaps",
        "money": "harness.checkers.money:Money",
        "projection": "harness.checkers.projection:Projection",
        "projection-lag": "harness.checkers.projection_lag:ProjectionLag",
        "monotonic-reads": "harness.checkers.monotonic_reads:MonotonicReads",
        "replay": "harness.checkers.replay:Replay",
    },
)
DRIVERS: Group[Driver] = Group(
    "driver",
    "harness.drivers",
    {
        "local": "harness.drivers.local:LocalDriver",
        "containers": "harness.drivers.containers.driver:ContainersDriver",
        "kind": "harness.drivers.kubernetes.pods.driver:KindDriver",
        "kubernetes": "harness.drivers.kubernetes.native.driver:KubernetesDriver",
    },
)
GROUPS: tuple[Group[Any], ...] = (STRATEGIES, FAULTS, CHECKERS, DRIVERS)
