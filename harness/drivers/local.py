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
from harness.errors import MissingServer
from harness.protocols import Killable, Linked, Pausable, Workspace
from harness.servers import TOXIPROXY, find

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: LocalPostgres, StoreKind.NATS: NatsServer}


def _offered() -> frozenset[type]:
    always: frozenset[type] = frozenset({Killable, Pausable})
    try:
        return always | {Linked} if find(TOXIPROXY) else always
    except MissingServer:  # its variable is wrong; `open` says so
        return always


class LocalDriver:
    name: ClassVar[str] = "local"
    offers: ClassVar[frozenset[type]] = _offered()
    """What this machine allows: without a toxiproxy-server links are direct."""

    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[RunningSite]:
        """Raises MissingServer, StartFailed; what was started is then stopped."""
        runtime = LocalRuntime(workspace)
        linked = find(TOXIPROXY) is not None
        return open_site(environment, workspace, runtime, SERVERS, linked=linked, places_in_advance=False)
