"""The driver `local`: an environment as processes on loopback, with real servers, without containers or root."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from harness.drivers.nats import NatsServer
from harness.drivers.postgres_local import LocalPostgres
from harness.drivers.processes import LocalRuntime
from harness.drivers.site import MakeStore, RunningSite, open_site
from harness.environment import Environment, StoreKind
from harness.protocols import Killable, Linked, Meddlesome, Pausable, Splittable, Workspace

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: LocalPostgres, StoreKind.NATS: NatsServer}


class LocalDriver:
    name: ClassVar[str] = "local"
    offers: ClassVar[frozenset[type]] = frozenset({Killable, Pausable, Linked, Splittable, Meddlesome})

    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[RunningSite]:
        """Raises MissingServer, StartFailed; what was started is then stopped."""
        runtime = LocalRuntime(workspace)
        return open_site(environment, workspace, runtime, SERVERS, places_in_advance=False)
