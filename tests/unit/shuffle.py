"""A strategy such as another package would bring, by an entry point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.environment import Service
from harness.protocols import Announce, Instance, Steps
from harness.scenario import Change


@dataclass(frozen=True)
class Shuffle:
    pace: str = "fast"

    def names(self, replicas: int) -> tuple[str, ...]:
        return ("shuffle",)

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps:
        yield Announce("shuffle")
