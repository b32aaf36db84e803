"""The driver `containers`: an environment's servers and services, each in a container of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from harness.drivers.containers.runtime import open_runtime
from harness.drivers.containers.system import ContainersSystem
from harness.drivers.nats import NatsServer
from harness.drivers.postgres import PostgresServer
from harness.drivers.site import MakeStore, RunningSite, open_site
from harness.environment import Environment, StoreKind
from harness.protocols import (
    Disconnectable,
    Killable,
    Limitable,
    Linked,
    Meddlesome,
    Pausable,
    ProcessorsLimitable,
    Splittable,
    Workspace,
)

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: PostgresServer, StoreKind.NATS: NatsServer}


class ContainersDriver:
    name: ClassVar[str] = "containers"
    offers: ClassVar[frozenset[type]] = frozenset(
        {Killable, Pausable, Linked, Splittable, Meddlesome, Disconnectable, Limitable, ProcessorsLimitable}
    )

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[RunningSite]:
        """Raises InvalidInput, MissingServer, StartFailed, HarnessError; what was started is then gone."""
        with (
            open_runtime(environment, workspace) as runtime,
            open_site(environment, workspace, runtime, SERVERS, make_system=ContainersSystem) as site,
        ):
            yield site
