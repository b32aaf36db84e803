"""The servers of stores as processes of this machine: ended, started again, and on disks of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.drivers import proc, sync_probe
from harness.drivers.disks import Disk
from harness.drivers.io_limits import IoLimit, find_io
from harness.drivers.runtime import PartProcess
from harness.drivers.stores import StoreServer
from harness.errors import HarnessError
from harness.protocols import Remains
from harness.supervisor.undo import LeaveCgroup, UndoLog
from harness.waiting import until

GONE_S_MAX = 10.0
STOP_S_MAX = 15.0
"""An orderly end may take a checkpoint."""
NO_IO = "no control groups may be made here that limit writes to a device"
SYNCS = 5
SYNC_S_MAX = 30.0


@runtime_checkable
class LocalStore(StoreServer, Protocol):
    process: PartProcess | None
    folder: Path

    def start_again(self) -> None: ...


@dataclass
class LocalStores:
    """See protocols.Restartable, Powered, Throttled."""

    stores: Mapping[str, StoreServer]
    disks: Mapping[str, Disk]
    run_id: str
    undo: UndoLog
    _slowed: dict[str, tuple[IoLimit, ExitStack]] = field(default_factory=dict)

    # ── Restartable ──────────────────────────────────────────────────────────────────────────────────────────────

    def pid(self, store: str) -> int | None:
        process = self._store(store).process
        return process.pid if process is not None and process.exit_code is None else None

    def folder(self, store: str) -> Path:
        return self._store(store).folder

    def crash(self, store: str) -> None:
        self._end(store, GONE_S_MAX, lambda member: os.kill(member, signal.SIGKILL))

    def stop(self, store: str) -> None:
        """SIGINT to the server is PostgreSQL's fast shutdown, which cuts its clients off, and NATS's end."""
        server = self.pid(store)
        self._end(store, STOP_S_MAX, lambda member: os.kill(member, signal.SIGINT) if member == server else None)

    def start(self, store: str) -> None:
        if self.pid(store) is None:
            self._store(store).start_again()

    # ── Powered ──────────────────────────────────────────────────────────────────────────────────────────────────

    def cut_power(self, store: str) -> Remains:
        cut = self._disk(store)
        cut.leave_witness()
        self.crash(store)
        return cut.cut()

    def fill_disk(self, store: str) -> None:
        self._disk(store).fill()

    def free_disk(self, store: str) -> None:
        self._disk(store).free()

    def disk_is_full(self, store: str) -> bool:
        return self._disk(store).is_full()

    # ── Throttled ────────────────────────────────────────────────────────────────────────────────────────────────

    def slow_disk(self, store: str, writes_per_s: int) -> None:
        hierarchy, pid, device = find_io(), self.pid(store), self._disk(store).number
        if hierarchy is None or pid is None:
            raise HarnessError(f"the disk of {store} cannot be made slow: {'it is dead' if hierarchy else NO_IO}")
        limit = IoLimit(hierarchy, f"rollproof-{self.run_id}-{store}")
        promise = ExitStack()
        step = LeaveCgroup(str(limit.group), str(limit.former(pid)))
        promise.enter_context(self.undo.promise(f"the slow disk of {store}", step))
        self._slowed[store] = limit, promise
        try:
            limit.begin(proc.family(pid), device, writes_per_s)
        except OSError as error:
            self.quicken_disk(store)
            raise HarnessError(f"the disk of {store} cannot be made slow: {error}") from error

    def quicken_disk(self, store: str) -> None:
        if store in self._slowed:
            _, promise = self._slowed.pop(store)
            promise.close()

    def throttled(self, store: str) -> bool:
        pid = self.pid(store)
        if store not in self._slowed or pid is None:
            return False
        limit, _ = self._slowed[store]
        return limit.in_force(pid, self._disk(store).number)

    def sync_ms(self, store: str) -> float:
        file = self._disk(store).folder / ".rollproof-sync"
        groups = [str(self._slowed[store][0].group)] if store in self._slowed else []
        argv = [sys.executable, "-I", "-S", sync_probe.__file__, str(file), str(SYNCS), *groups]
        try:
            probe = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=SYNC_S_MAX)
        except subprocess.SubprocessError as error:
            raise HarnessError(f"the disk of {store} cannot be probed: {error}") from error
        return float(probe.stdout)

    # ── ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _end(self, store: str, timeout_s: float, tell: Callable[[int], None]) -> None:
        """PostgreSQL's backends are in sessions of their own, so that no signal to a group meets them all. The first
        told is the server, who would start others in the place of those that end."""
        process, pid = self._store(store).process, self.pid(store)
        if process is None or pid is None:
            return
        members = proc.family(pid)
        for member in members:
            with suppress(ProcessLookupError):
                tell(member)
        ended = process.wait(timeout_s) is not None
        if not ended or not until(lambda: not any(proc.lives(member) for member in members), timeout_s):
            raise HarnessError(f"{store} did not end within {timeout_s:g} s")

    def _store(self, name: str) -> LocalStore:
        store = self.stores.get(name)
        if store is None:
            raise HarnessError(f"there is no store {name!r}; there are {', '.join(self.stores) or 'none'}")
        assert isinstance(store, LocalStore)  # as all of this driver's are
        return store

    def _disk(self, store: str) -> Disk:
        if store not in self.disks:
            raise HarnessError(f"the store {store} has no disk of its own")
        return self.disks[store]
