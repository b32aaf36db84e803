"""What can be done to the servers of stores, and to the disks they write to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Restartable(Protocol):
    """Stores whose servers can be ended, and started again on what they hold."""

    def store_pid(self, store: str) -> int | None:
        """Its server's process id; None while it is dead."""

    def crash_store(self, store: str) -> None:
        """SIGKILL to all of its processes, and it stays dead until `start_store`."""

    def stop_store(self, store: str) -> None:
        """Ask it to end, as an operator would, and wait."""

    def start_store(self, store: str) -> None:
        """On what it held. Returns when it answers, at once if it does. Raises StartFailed."""

    def store_folder(self, store: str) -> Path:
        """Where its files are."""


@dataclass(frozen=True)
class Remains:
    """What a power cut left on a disk, by files that were put there to see."""

    synced: bool
    """What had been synced is still there."""
    unsynced: bool
    """What had not been is there, too."""


@runtime_checkable
class Powered(Protocol):
    """Stores on disks of their own, where the scenario provides one; of others all of this raises HarnessError."""

    def cut_power(self, store: str) -> Remains:
        """Its server is killed, and its disk holds no more than the kernel had written to it. See `start_store`."""

    def fill_disk(self, store: str) -> None: ...
    def free_disk(self, store: str) -> None: ...
    def disk_is_full(self, store: str) -> bool:
        """Whether 64 KiB can be written there, which is tried."""


@runtime_checkable
class Throttled(Protocol):
    """Powered, and the disks can be made slow."""

    def slow_disk(self, store: str, writes_per_s: int) -> None:
        """For its server's processes, from now on."""

    def quicken_disk(self, store: str) -> None: ...
    def throttled(self, store: str) -> bool:
        """As the kernel says, not as we asked."""

    def sync_ms(self, store: str) -> float:
        """How long it takes one that is treated as its server is to write a page to it, synced: the median of some."""
