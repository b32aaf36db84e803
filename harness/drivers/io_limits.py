"""How many writes a second some processes may do to one device, by Linux's control groups, of version 1 or 2."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.drivers import proc
from harness.drivers.cgroups import ROOT, is_unified, permits


@dataclass(frozen=True)
class IoHierarchy:
    """Where groups are made, and which controller that is: "" for all of them, with version 2."""

    folder: Path
    controller: str

    @property
    def file(self) -> str:
        return "blkio.throttle.write_iops_device" if self.controller else "io.max"


def find_io(root: Path = ROOT) -> IoHierarchy | None:
    """None where there is none that this process may change."""
    if is_unified(root):
        return IoHierarchy(root, "") if permits(root, "io") else None
    found = IoHierarchy(root / "blkio", "blkio")
    return found if (found.folder / found.file).exists() and os.access(found.folder, os.W_OK) else None


@dataclass(frozen=True)
class IoLimit:
    hierarchy: IoHierarchy
    name: str

    @property
    def group(self) -> Path:
        return self.hierarchy.folder / self.name

    def former(self, pid: int) -> Path:
        """Where the process is now."""
        return self.hierarchy.folder / proc.cgroups(pid)[self.hierarchy.controller].lstrip("/")

    def begin(self, pids: Iterable[int], device: str, writes_per_s: int) -> None:
        self.group.mkdir()
        rule = f"{device} {writes_per_s}" if self.hierarchy.controller else f"{device} wiops={writes_per_s}"
        (self.group / self.hierarchy.file).write_text(rule)
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended
                (self.group / "cgroup.procs").write_text(str(pid))

    def in_force(self, pid: int, device: str) -> bool:
        """Whether there is a rule for the device, and the process is under it."""
        if not self.group.exists():
            return False
        rules = (self.group / self.hierarchy.file).read_text().splitlines()
        return any(rule.startswith(f"{device} ") for rule in rules) and self.former(pid) == self.group
