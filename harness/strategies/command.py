"""Command: the user's own tool deploys, and the harness watches what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.environment import Service
from harness.protocols import (
    Announce,
    AwaitRollout,
    Gate,
    Instance,
    Migrate,
    Platform,
    RolledBack,
    Run,
    Setback,
    Steps,
    Watch,
)
from harness.scenario import Change
from harness.strategies.fleet import CONTRACT, EXPAND, ROLLBACK

RUN, SETTLE, WATCH = "run command", "await rollout", "watch new"


@dataclass(frozen=True)
class Command:
    """`argv` is run as it is, without a shell; what it is to deploy, and where, it reads from its environment:
    KUBECONFIG, HARNESS_NAMESPACE, HARNESS_URL, HARNESS_VERSION_OLD, HARNESS_VERSION_NEW, HARNESS_IMAGE.

    It is done when all services are at the new version; a tool that goes back by itself is seen to. If the gate does
    not hold, `undo` is run. With `migrate` the harness runs the migrations around it, else the tool does.
    """

    argv: tuple[str, ...]
    undo: tuple[str, ...] = ()
    migrate: bool = True
    timeout_s: float = 60.0
    """For each run, and for each service to settle afterwards."""
    watch_s: float = 3.0
    gate: Gate | None = Gate()

    needs: ClassVar[frozenset[type]] = frozenset({Platform})

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("argv is empty")
        positive(timeout_s=self.timeout_s)
        not_negative(watch_s=self.watch_s)

    def names(self, replicas: int) -> tuple[str, ...]:
        steps = (RUN, SETTLE, WATCH)
        return (EXPAND, *steps, CONTRACT) if self.migrate else steps

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        try:
            yield from self._migrate(EXPAND, change)
            yield Announce(RUN)
            yield Run(self.argv, self.timeout_s)
            yield Announce(SETTLE)
            yield from self._settle(services, change.new)
            yield Announce(WATCH)
            yield Watch(self.watch_s, change.new, self.gate)
            yield from self._settle(services, change.new)  # a tool may still go back while it is watched
        except RolledBack:
            yield Announce(ROLLBACK)
            yield from self._return(change, services)
        except Setback:
            yield Announce(ROLLBACK)
            if self.undo:
                yield Run(self.undo, self.timeout_s)
            yield from self._return(change, services)
        else:
            yield from self._migrate(CONTRACT, change)

    def _settle(self, services: Sequence[Service], version: str) -> Steps:
        for service in services:
            yield AwaitRollout(service.name, version, self.timeout_s)

    def _return(self, change: Change, services: Sequence[Service]) -> Steps:
        yield from self._settle(services, change.old)
        if self.migrate:
            yield Migrate("back", change.new)

    def _migrate(self, phase: str, change: Change) -> Steps:
        if self.migrate:
            yield Announce(phase)
            yield Migrate(phase, change.new)
