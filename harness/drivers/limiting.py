"""How the driver `local` holds an instance to limits: by a control group, or, where none is permitted, by rlimits."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from harness.drivers import proc
from harness.drivers.cgroups import Group, Hierarchy, find_hierarchy
from harness.errors import HarnessError
from harness.protocols import Limits, Usage
from harness.supervisor.undo import LeaveCgroup, UndoLog

ONLY_CGROUPS = "no control groups may be made here, and rlimits know only memory"


class Limiter(Protocol):
    """Limits of one instance's process and of all that it has started."""

    def limit(self, pid: int, limits: Limits) -> None: ...
    def usage(self, pid: int) -> Usage: ...
    def lift(self) -> None:
        """Also if the process has ended."""


def limiter(run_id: str, name: str, undo: UndoLog) -> Limiter:
    hierarchy = find_hierarchy()
    return _ByGroup(hierarchy, f"rollproof-{run_id}-{name}", undo) if hierarchy else _ByRlimit()


@dataclass
class _ByGroup:
    hierarchy: Hierarchy
    name: str
    undo: UndoLog
    _group: Group | None = None
    _promises: ExitStack = field(default_factory=ExitStack)

    def limit(self, pid: int, limits: Limits) -> None:
        if limits == Limits():
            self.lift()
            return
        if self._group is None:
            group = Group(self.hierarchy, self.name)
            with _told():
                steps = [LeaveCgroup(str(own), str(former)) for own, former in group.places(pid)]
            self._promises.enter_context(self.undo.promise(f"the limits of {self.name}", *steps))
            with _told():
                group.admit(proc.family(pid))
            self._group = group
        with _told():
            self._group.limit(limits)

    def usage(self, pid: int) -> Usage:
        with _told():
            memory_mb = _memory_mb(proc.family(pid))
            if self._group is None:
                return Usage(Limits(), 0, memory_mb)
            return Usage(self._group.limits(), self._group.throttled(), memory_mb)

    def lift(self) -> None:
        self._group = None
        self._promises.close()


@dataclass
class _ByRlimit:
    """The address space, as far beyond what is resident as it was: what is refused then are new allocations."""

    _before: dict[int, tuple[int, int]] = field(default_factory=dict)
    _memory_mb: int | None = None

    def limit(self, pid: int, limits: Limits) -> None:
        if limits.cpus is not None:
            raise HarnessError(f"processors cannot be limited: {ONLY_CGROUPS}")
        self.lift()
        self._memory_mb = limits.memory_mb
        if limits.memory_mb is None:
            return
        with _told():
            for member in proc.family(pid):
                free_mb = limits.memory_mb - proc.memory_mb(member)
                most = round((proc.address_space_mb(member) + max(0.0, free_mb)) * proc.MB)
                _, hard = before = resource.prlimit(member, resource.RLIMIT_AS)
                resource.prlimit(member, resource.RLIMIT_AS, (most, hard))
                self._before[member] = before

    def usage(self, pid: int) -> Usage:
        with _told():
            soft, _ = resource.prlimit(pid, resource.RLIMIT_AS)
            limited = pid in self._before and soft != self._before[pid][0]
            return Usage(Limits(memory_mb=self._memory_mb if limited else None), 0, _memory_mb([pid]))

    def lift(self) -> None:
        for pid, before in self._before.items():
            with suppress(ProcessLookupError):  # it has ended
                resource.prlimit(pid, resource.RLIMIT_AS, before)
        self._before.clear()


def _memory_mb(pids: list[int]) -> float:
    """What they hold together; any of them may end at any moment, and then holds nothing."""
    held = 0.0
    for pid in pids:
        with suppress(ProcessLookupError):
            held += proc.memory_mb(pid)
    return held


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HarnessError(f"limits: {error}") from error
