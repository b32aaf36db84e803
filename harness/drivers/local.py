"""The driver `local`: an environment as processes on loopback, with real servers, without containers or root."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from harness.drivers.cgroups import find_hierarchy
from harness.drivers.limiting import ONLY_CGROUPS
from harness.drivers.local_system import LocalSystem
from harness.drivers.nats import NatsServer
from harness.drivers.postgres_local import LocalPostgres
from harness.drivers.processes import LocalRuntime
from harness.drivers.site import MakeStore, RunningSite, open_site
from harness.environment import Environment, StoreKind
from harness.protocols import (
    Crowded,
    FilesLimitable,
    Hinderable,
    Killable,
    Limitable,
    Linked,
    Meddlesome,
    Pausable,
    ProcessorsLimitable,
    Splittable,
    Workspace,
)

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: LocalPostgres, StoreKind.NATS: NatsServer}


ALWAYS: frozenset[type] = frozenset(
    {
        *(Killable, Pausable, Linked, Splittable, Meddlesome),
        *(Hinderable, Limitable, FilesLimitable, Crowded),
    }
)
AS_PERMITTED: frozenset[type] = frozenset({ProcessorsLimitable})
"""What also depends on the machine."""


def _reasons() -> Mapping[type, str]:
    """What this machine does not permit, and why."""
    return {} if find_hierarchy() else {ProcessorsLimitable: ONLY_CGROUPS}


class LocalDriver:
    name: ClassVar[str] = "local"
    lacks: ClassVar[Mapping[type, str]] = _reasons()
    offers: ClassVar[frozenset[type]] = ALWAYS | (AS_PERMITTED - lacks.keys())
    offers_at_least: ClassVar[frozenset[type]] = ALWAYS
    offers_at_most: ClassVar[frozenset[type]] = ALWAYS | AS_PERMITTED

    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[RunningSite]:
        """Raises MissingServer, StartFailed; what was started is then stopped."""
        runtime = LocalRuntime(workspace)
        return open_site(environment, workspace, runtime, SERVERS, places_in_advance=False, make_system=LocalSystem)
