"""What is registered, as values: which functions there are, and the ways that they make from version to version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

WAYS_MAX = 16
"""Ways from one version to the newest that are tried."""


@dataclass(frozen=True)
class Step:
    """One function. `where` is its file and line."""

    event_type: str
    source: int
    target: int
    function: str = ""
    where: str = ""
    down: bool = False

    @property
    def told(self) -> str:
        name = f"{self.function} ({self.where})" if self.where else self.function
        return f"{self.event_type} {self.source} → {self.target}{f', {name}' if name else ''}"


Way: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True)
class Catalog:
    """`declared` is the newest version of an event type as its class says it, where there are classes."""

    steps: tuple[Step, ...]
    declared: Mapping[str, int] = field(default_factory=dict)

    @property
    def event_types(self) -> tuple[str, ...]:
        return tuple(sorted({*self.declared, *(step.event_type for step in self.steps)}))

    def upcasters(self, event_type: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.event_type == event_type and not step.down)

    def downcasters(self, event_type: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.event_type == event_type and step.down)

    def normaliser(self, event_type: str, newest: int) -> Step | None:
        """The upcaster from the newest version to itself."""
        return next((step for step in self.upcasters(event_type) if step.source == step.target == newest), None)

    def ways(self, event_type: str, source: int, target: int) -> tuple[Way, ...]:
        """All ways that meet no version twice, at most WAYS_MAX, those of the shortest steps first."""
        found = []
        for way in self._ways(event_type, source, target, (source,)):
            found.append(way)
            if len(found) == WAYS_MAX:
                break
        return tuple(found)

    def _ways(self, event_type: str, source: int, target: int, met: tuple[int, ...]) -> Iterator[Way]:
        if source == target:
            yield ()
            return
        for step in sorted(self.upcasters(event_type), key=lambda step: step.target):
            if step.source == source and step.target not in met:
                rest = self._ways(event_type, step.target, target, (*met, step.target))
                yield from ((step, *way) for way in rest)

    def cycle(self, event_type: str, newest: int) -> Way | None:
        """Steps that lead back to where they began; a normaliser of the newest version is none."""
        for step in self.upcasters(event_type):
            if step.source == step.target == newest:
                continue
            back = self.ways(event_type, step.target, step.source)
            if back:
                return (step, *back[0])
        return None
