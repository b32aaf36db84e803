"""A running system of processes on this machine: what can be done to them that other runtimes do otherwise, or not."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path

from harness.drivers import proc
from harness.drivers.clocks import Clocks
from harness.drivers.crowd import Crowd, crowd
from harness.drivers.disks import Disk
from harness.drivers.hindrances import Hindrances
from harness.drivers.instances import RunningInstance
from harness.drivers.limiting import Limiter, limiter
from harness.drivers.links import ProxiedLinks
from harness.drivers.local_stores import LocalStores
from harness.drivers.migrations import Migrations
from harness.drivers.router import EnvoyRouter
from harness.drivers.runtime import Runtime
from harness.drivers.stores import StoreServer
from harness.drivers.system import LinkedRunningSystem
from harness.environment import Environment
from harness.errors import HarnessError
from harness.protocols import Departure, Hindered, Hindrance, Limits, OpenFiles, Remains, Usage, Workspace
from harness.supervisor.undo import UndoLog


class LocalSystem(LinkedRunningSystem):
    """Implements Hinderable, Limitable, FilesLimitable, Crowded, ClockSettable, Restartable, Powered and Throttled as
    well.
    """

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        runtime: Runtime,
        stores: Mapping[str, StoreServer],
        migrations: Migrations,
        router: EnvoyRouter,
        *,
        links: ProxiedLinks,
        disks: Mapping[str, Disk],
        clocks: Clocks | None,
    ) -> None:
        super().__init__(environment, workspace, runtime, stores, migrations, router, links=links)
        self._hindrances = Hindrances()
        self._undo = UndoLog(workspace.scratch)
        self._limiters: dict[str, Limiter] = {}
        self._clocks = clocks
        for each in disks.values():
            each.settle()
        self._servers = LocalStores(stores, disks, workspace.run_id, self._undo)

    # ── Hinderable ───────────────────────────────────────────────────────────────────────────────────────────────

    def hinder(self, service: str, how: Hindrance, delay_s: float) -> None:
        self._hindrances.hinder(service, how, delay_s)

    def unhinder(self, service: str, how: Hindrance) -> None:
        self._hindrances.unhinder(service, how)

    def hindered(self, service: str, how: Hindrance) -> Hindered:
        return self._hindrances.hindered(service, how)

    def _launch(self, instance: RunningInstance) -> None:
        self._hindrances.start(instance)

    def _dismiss(self, instance: RunningInstance) -> Departure:
        return self._hindrances.depart(instance)

    # ── Limitable ────────────────────────────────────────────────────────────────────────────────────────────────

    def limit(self, name: str, limits: Limits) -> None:
        """Without any it is as free as it was, and what it needed for that is gone, also if it has ended."""
        if limits == Limits():
            if name in self._limiters:
                self._limiters.pop(name).lift()
            return
        pid = self._pid(name)
        if name not in self._limiters:
            self._limiters[name] = limiter(self._workspace.run_id, name, self._undo)
        self._limiters[name].limit(pid, limits)

    def usage(self, name: str) -> Usage:
        pid = self._pid(name)
        each = self._limiters.get(name) or limiter(self._workspace.run_id, name, self._undo)
        return each.usage(pid)

    # ── FilesLimitable ───────────────────────────────────────────────────────────────────────────────────────────

    def open_files(self, name: str) -> OpenFiles:
        pid = self._pid(name)
        try:
            return OpenFiles(proc.first_free_file(pid), resource.prlimit(pid, resource.RLIMIT_NOFILE)[0])
        except OSError as error:
            raise HarnessError(f"{name}: {error}") from error

    def limit_files(self, name: str, most: int) -> None:
        pid = self.pid(name) if name not in self._removed else None
        if pid is None:
            return
        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))
        except ProcessLookupError:
            return
        except OSError as error:
            raise HarnessError(f"{name}: {error}") from error

    # ── Crowded ──────────────────────────────────────────────────────────────────────────────────────────────────

    def crowd(self, cpus: float, memory_mb: int) -> Crowd:
        return crowd(self._workspace.spawner, cpus, memory_mb, self._workspace.logs / "hog.log")

    # ── ClockSettable ────────────────────────────────────────────────────────────────────────────────────────────

    def set_clock(self, name: str, offset_s: float) -> None:
        self._need_clocks().set(name, offset_s)

    def clock_offset_s(self, name: str) -> float:
        try:
            return self._need_clocks().offset_s(self._pid(name))
        except OSError as error:
            raise HarnessError(f"{name}: {error}") from error

    def _need_clocks(self) -> Clocks:
        if self._clocks is None:
            raise HarnessError("instances have no clocks that can be set")
        return self._clocks

    # ── Restartable, Powered, Throttled ──────────────────────────────────────────────────────────────────────────

    def store_pid(self, store: str) -> int | None:
        return self._servers.pid(store)

    def crash_store(self, store: str) -> None:
        self._servers.crash(store)

    def stop_store(self, store: str) -> None:
        self._servers.stop(store)

    def start_store(self, store: str) -> None:
        self._servers.start(store)

    def store_folder(self, store: str) -> Path:
        return self._servers.folder(store)

    def cut_power(self, store: str) -> Remains:
        return self._servers.cut_power(store)

    def fill_disk(self, store: str) -> None:
        self._servers.fill_disk(store)

    def free_disk(self, store: str) -> None:
        self._servers.free_disk(store)

    def disk_is_full(self, store: str) -> bool:
        return self._servers.disk_is_full(store)

    def slow_disk(self, store: str, writes_per_s: int) -> None:
        self._servers.slow_disk(store, writes_per_s)

    def quicken_disk(self, store: str) -> None:
        self._servers.quicken_disk(store)

    def throttled(self, store: str) -> bool:
        return self._servers.throttled(store)

    def sync_ms(self, store: str) -> float:
        return self._servers.sync_ms(store)

    def _pid(self, name: str) -> int:
        pid = self._instance(name).pid
        if pid is None:
            raise HarnessError(f"{name} does not run")
        return pid
