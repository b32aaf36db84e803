"""Deployment: the platform replaces the instances by itself, as `kubectl apply` has it do; the way back is its undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.environment import Service
from harness.protocols import (
    Announce,
    Apply,
    AwaitRollout,
    Gate,
    Instance,
    Migrate,
    Platform,
    RolloutPolicy,
    Setback,
    Steps,
    Undo,
    Watch,
)
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, ROLLBACK, WORKERS

ROLLOUT, WATCH = "rollout", "watch new"


@dataclass(frozen=True)
class NativeDeployment:
    """Workers are rolled out first, then the routed service, each as the platform does it.

    What is not set here is as the environment's manifests say. `timeout_s` bounds the wait for each service.
    """

    max_surge: str | None = None
    max_unavailable: str | None = None
    recreate: bool = False
    progress_deadline_s: int | None = None
    timeout_s: float = 60.0
    watch_s: float = 3.0
    gate: Gate | None = Gate()

    needs: ClassVar[frozenset[type]] = frozenset({Platform})

    def __post_init__(self) -> None:
        positive(timeout_s=self.timeout_s)
        not_negative(watch_s=self.watch_s)
        self._policy()

    def names(self, replicas: int) -> tuple[str, ...]:
        return (EXPAND, WORKERS, ROLLOUT, WATCH, CONTRACT)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        workers = [service.name for service in services if not service.routed]
        routed = next(service.name for service in services if service.routed)
        applied: list[str] = []
        try:
            yield Announce(EXPAND)
            yield Migrate("expand", change.new)
            yield Announce(WORKERS)
            for worker in workers:
                yield from self._roll_out(worker, change.new, applied)
            yield Announce(ROLLOUT)
            yield from self._roll_out(routed, change.new, applied)
            yield Announce(WATCH)
            yield Watch(self.watch_s, change.new, self.gate)
        except Setback:
            yield from self._retreat(change, applied)
        else:
            yield Announce(CONTRACT)
            yield Migrate("contract", change.new)

    def _roll_out(self, service: str, version: str, applied: list[str]) -> Steps:
        yield Apply(service, version, self._policy())
        applied.append(service)
        yield AwaitRollout(service, version, self.timeout_s)

    def _retreat(self, change: Change, applied: Sequence[str]) -> Steps:
        """The latest first: as long as the new version may have written, workers must understand its events."""
        yield Announce(ROLLBACK)
        for service in reversed(applied):
            yield Undo(service)
            yield AwaitRollout(service, change.old, self.timeout_s)
        yield Migrate("back", change.new)

    def _policy(self) -> RolloutPolicy:
        """Raises ValueError for what no platform would take."""
        return RolloutPolicy(self.max_surge, self.max_unavailable, self.recreate, self.progress_deadline_s)
