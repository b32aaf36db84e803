"""The driver `local`: an environment as processes on loopback, with real servers, without containers or root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import ClassVar

from harness.drivers.cgroups import find_hierarchy
from harness.drivers.clocks import MISSING, Clocks, find_library
from harness.drivers.disks import disk, why_none
from harness.drivers.io_limits import find_io
from harness.drivers.limiting import ONLY_CGROUPS
from harness.drivers.local_stores import NO_IO
from harness.drivers.local_system import LocalSystem
from harness.drivers.nats import NatsServer
from harness.drivers.postgres_local import LocalPostgres
from harness.drivers.processes import LocalRuntime
from harness.drivers.site import MakeStore, RunningSite, open_site
from harness.environment import Environment, StoreKind
from harness.errors import HarnessError
from harness.protocols import (
    ClockSettable,
    Crowded,
    FilesLimitable,
    Hinderable,
    Killable,
    Limitable,
    Linked,
    Meddlesome,
    Pausable,
    Powered,
    ProcessorsLimitable,
    Restartable,
    Splittable,
    Throttled,
    Workspace,
)

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: LocalPostgres, StoreKind.NATS: NatsServer}


ALWAYS: frozenset[type] = frozenset(
    {
        *(Killable, Pausable, Linked, Splittable, Meddlesome),
        *(Hinderable, Limitable, FilesLimitable, Crowded, Restartable),
    }
)
AS_PERMITTED: frozenset[type] = frozenset({ProcessorsLimitable, Powered, Throttled, ClockSettable})
"""What also depends on the machine."""


def _reasons() -> Mapping[type, str]:
    """What this machine does not permit, and why."""
    no_limits = "" if find_hierarchy() else ONLY_CGROUPS
    no_disks = why_none()
    no_slow_disks = no_disks or ("" if find_io() else NO_IO)
    reasons: Mapping[type, str] = {
        ProcessorsLimitable: no_limits,
        Powered: no_disks,
        Throttled: no_slow_disks,
        ClockSettable: "" if find_library() else MISSING,
    }
    return {capability: reason for capability, reason in reasons.items() if reason}


class LocalDriver:
    name: ClassVar[str] = "local"
    lacks: ClassVar[Mapping[type, str]] = _reasons()
    offers: ClassVar[frozenset[type]] = ALWAYS | (AS_PERMITTED - lacks.keys())
    offers_at_least: ClassVar[frozenset[type]] = ALWAYS
    offers_at_most: ClassVar[frozenset[type]] = ALWAYS | AS_PERMITTED

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[RunningSite]:
        """Raises MissingServer, StartFailed; what was started is then stopped."""
        clocks = _clocks(workspace) if workspace.provisions.clocks else None
        runtime = LocalRuntime(workspace, clocks)
        with ExitStack() as stack:
            disks = {store: stack.enter_context(disk(store, workspace)) for store in sorted(workspace.provisions.disks)}
            make_system = partial(LocalSystem, disks=disks, clocks=clocks)
            site = open_site(environment, workspace, runtime, SERVERS, places_in_advance=False, make_system=make_system)
            yield stack.enter_context(site)


def _clocks(workspace: Workspace) -> Clocks:
    library = find_library()
    if library is None:
        raise HarnessError(MISSING)
    return Clocks(library, workspace.scratch / "clocks")
