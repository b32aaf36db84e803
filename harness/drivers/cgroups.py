"""What a process may use, by Linux's control groups, of version 1 or 2.

A group is made at the top of the hierarchy, where every controller that is on is at hand: version 2 allows none below a
group with processes in it. What a process had before it came stays on its former group's account, so that it is told
to do with what is left of its limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.drivers import proc
from harness.protocols import Limits

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
QUOTA_US_MIN = 1_000
"""The kernel takes no less."""
CONTROLLERS = ("cpu", "memory")


@dataclass(frozen=True)
class Hierarchy:
    """Where groups of both controllers are made; with version 2 it is one place."""

    cpu: Path
    memory: Path

    @property
    def unified(self) -> bool:
        return self.cpu == self.memory


def is_unified(root: Path) -> bool:
    """Whether it is of version 2."""
    return (root / "cgroup.controllers").exists()


def permits(root: Path, *controllers: str) -> bool:
    """Whether groups with these may be made at the top of a hierarchy of version 2."""
    on = (root / "cgroup.subtree_control").read_text().split()
    return set(controllers) <= set(on) and os.access(root, os.W_OK)


def find_hierarchy(root: Path = ROOT) -> Hierarchy | None:
    """None where there is none that this process may change."""
    if is_unified(root):
        return Hierarchy(root, root) if permits(root, *CONTROLLERS) else None
    places = Hierarchy(root / "cpu", root / "memory")
    files = (places.cpu / "cpu.cfs_quota_us", places.memory / "memory.limit_in_bytes")
    return places if all(file.exists() and os.access(file.parent, os.W_OK) for file in files) else None


@dataclass
class Group:
    """The control group of one instance. Its files are those of the hierarchy's version."""

    hierarchy: Hierarchy
    name: str
    _already: dict[int, int] = field(default_factory=dict)
    """Bytes that each process had before it came."""
    _limits: Limits = field(default_factory=Limits)
    _left: int | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.hierarchy.cpu / self.name, self.hierarchy.memory / self.name)))

    def places(self, pid: int) -> Iterator[tuple[Path, Path]]:
        """Its folders, each with that of the group in which the process is now."""
        former = proc.cgroups(pid)
        for folder in self.folders:
            controller = "" if self.hierarchy.unified else folder.parent.name
            yield folder, folder.parent / former[controller].lstrip("/")

    def admit(self, pids: Sequence[int]) -> None:
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended
                self._already[pid] = round(proc.memory_mb(pid) * proc.MB)
                for folder in self.folders:
                    (folder / "cgroup.procs").write_text(str(pid))

    def limit(self, limits: Limits) -> None:
        quota = -1 if limits.cpus is None else max(QUOTA_US_MIN, round(limits.cpus * PERIOD_US))
        self._left = None
        if limits.memory_mb is not None:
            self._left = max(0, limits.memory_mb * proc.MB - sum(self._already.values())) // 4096 * 4096
        if self.hierarchy.unified:
            self._write_cpu("cpu.max", f"{'max' if quota < 0 else quota} {PERIOD_US}")
            self._write_memory("memory.max", "max" if self._left is None else str(self._left))
        else:
            self._write_cpu("cpu.cfs_period_us", str(PERIOD_US))
            self._write_cpu("cpu.cfs_quota_us", str(quota))
            self._write_memory("memory.limit_in_bytes", "-1" if self._left is None else str(self._left))
        self._limits = limits

    def limits(self) -> Limits:
        """Those in force, as the kernel has them."""
        cpu, memory = self.folders[0], self.folders[-1]
        if self.hierarchy.unified:
            quota = (cpu / "cpu.max").read_text().split()[0]
            most = (memory / "memory.max").read_text().strip()
        else:
            quota = (cpu / "cpu.cfs_quota_us").read_text().strip()
            most = (memory / "memory.limit_in_bytes").read_text().strip()
        cpus = None if quota in {"max", "-1"} else int(quota) / PERIOD_US
        return Limits(cpus, self._limits.memory_mb if most == str(self._left) else None)

    def throttled(self) -> int:
        """Periods in which it was held back."""
        lines = (line.split() for line in (self.folders[0] / "cpu.stat").read_text().splitlines())
        return next((int(count) for name, count in lines if name == "nr_throttled"), 0)

    def _write_cpu(self, file: str, text: str) -> None:
        (self.folders[0] / file).write_text(text)

    def _write_memory(self, file: str, text: str) -> None:
        (self.folders[-1] / file).write_text(text)
