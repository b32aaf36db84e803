"""Toxics as values: their kinds with all attributes, and whom they strike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Stream(StrEnum):
    """Which way a toxic's bytes go."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


FAIL_FIRST = "fail_first"

KINDS: Mapping[str, tuple[str, ...]] = {
    "noop": (),
    "latency": ("latency", "jitter"),
    "bandwidth": ("rate",),
    "slow_close": ("delay",),
    "timeout": ("timeout",),
    "reset_peer": ("timeout",),
    "slicer": ("average_size", "size_variation", "delay"),
    "limit_data": ("bytes",),
    FAIL_FIRST: ("connections",),
}
"""The attributes of each kind, whole numbers that are 0 unless they are given. Times are in ms, but a slicer's delay is
in µs; sizes are in bytes, a rate in kB/s."""


@dataclass(frozen=True)
class Toxic:
    """One disturbance of one direction of a proxy's connections. `stream` is as it was given, in any case."""

    name: str
    kind: str
    stream: str = Stream.DOWNSTREAM
    toxicity: float = 1.0
    """The share of connections that it strikes."""
    attributes: Mapping[str, int] = field(default_factory=dict)

    @property
    def direction(self) -> Stream:
        return Stream(self.stream.lower())

    def strikes(self, dice: Dice, number: int) -> bool:
        """Whether it strikes the proxy's connection of that number. One that it strikes is struck at a higher toxicity
        as well."""
        if self.toxicity >= 1 or self.toxicity <= 0:
            return self.toxicity >= 1
        return dice.of(self.name, number).random() < self.toxicity


@dataclass(frozen=True)
class Dice:
    """Chance that can be had again."""

    seed: int
    proxy: str

    def of(self, toxic: str, number: int) -> Random:
        return Random(f"{self.seed}/{self.proxy}/{toxic}/{number}")
