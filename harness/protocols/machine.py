"""What can be done to processes and the machine they run on, beyond ending them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from harness.protocols.clusters import Pressure


class Hindrance(StrEnum):
    """How instances are kept from starting and ending as they should."""

    SLOW_START = "slow start"
    """Stopped at their first instruction, for a while."""
    SLOW_STOP = "slow stop"
    """They see the request to end only after a while."""
    NO_STOP = "no stop"
    """They are killed instead of asked."""


@dataclass(frozen=True)
class Hindered:
    """What a hindrance has done so far."""

    met: int
    """Instances that the operating system said it took hold of."""
    held: int
    """Those that are held back now."""


@runtime_checkable
class Hinderable(Protocol):
    """Instances that can be hindered when they start and when they are asked to end."""

    def hinder(self, service: str, how: Hindrance, delay_s: float) -> None:
        """All of the service, from now on, until `unhinder`. Raises HarnessError if they are hindered so already."""

    def unhinder(self, service: str, how: Hindrance) -> None:
        """Also those that are held back now go on at once."""

    def hindered(self, service: str, how: Hindrance) -> Hindered: ...


@dataclass(frozen=True)
class OpenFiles:
    """File descriptors of a process, as the operating system has them."""

    next: int
    """The lowest that is free, which it would be given next."""
    most: int
    """Those that it may be given are below this."""

    @property
    def exhausted(self) -> bool:
        return self.next >= self.most


@runtime_checkable
class FilesLimitable(Protocol):
    def open_files(self, name: str) -> OpenFiles:
        """Raises HarnessError if it does not run."""

    def limit_files(self, name: str, most: int) -> None:
        """From now on; those that are open stay. Does nothing if it has ended or been removed meanwhile."""


@runtime_checkable
class Crowded(Protocol):
    """Everything runs on a machine that can be kept busy by others."""

    def crowd(self, cpus: float, memory_mb: int) -> Pressure:
        """Take that much of it, and no more; returns at once. Raises HarnessError if there is not so much memory."""


@runtime_checkable
class ClockSettable(Protocol):
    """Instances whose wall clocks can be set, where the scenario provides clocks; else all of this raises
    HarnessError."""

    def set_clock(self, name: str, offset_s: float) -> None:
        """From the machine's own; within a second or so. One that has been removed meanwhile is as good."""

    def clock_offset_s(self, name: str) -> float:
        """As a process sees it that is given the same clock. Raises HarnessError if the instance does not run."""
