"""The driver `local`: an environment as processes on loopback, with real servers, without containers or root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import ClassVar, Protocol

from harness.drivers.links import ProxiedLinks
from harness.drivers.migrations import Migrations
from harness.drivers.nats import NatsServer
from harness.drivers.parts import stopping
from harness.drivers.postgres import PostgresServer
from harness.drivers.router import EnvoyRouter
from harness.drivers.stores import StoreServer
from harness.drivers.system import LinkedLocalSystem, LocalSystem
from harness.environment import Environment, Store, StoreKind
from harness.errors import MissingServer
from harness.protocols import Killable, Linked, Pausable, Process, Workspace
from harness.servers import TOXIPROXY, find
from harness.versions import resolve


class _Part(Protocol):
    def start(self) -> Process: ...
    def await_up(self) -> None: ...
    def stop(self) -> None: ...


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

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[LocalSite]:
        """Start all servers at the same time. Raises MissingServer, StartFailed; what was started is then stopped."""
        stores = {store.name: _server(store, workspace) for store in environment.stores}
        router = EnvoyRouter(environment, workspace)
        links = ProxiedLinks(workspace) if find(TOXIPROXY) else None
        # Those first that start by themselves, while the stores still need work of ours.
        parts: list[_Part] = [router, *([links] if links else []), *stores.values()]
        with ExitStack() as stack:
            for part in parts:
                part.start()
                stack.enter_context(stopping(part.stop))
            for part in parts:
                part.await_up()
            yield LocalSite(environment, workspace, stores, router, links)


class LocalSite:
    """See protocols.Site."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        stores: Mapping[str, StoreServer],
        router: EnvoyRouter,
        links: ProxiedLinks | None,
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._stores = stores
        self._router = router
        self._links = links
        urls = {name: store.url() for name, store in stores.items()}
        self._migrations = Migrations(environment, workspace, urls)
        self._kept: set[str] = set()

    @contextmanager
    def start(self, version: str) -> Iterator[LocalSystem]:
        """Raises InvalidInput for an unknown version, StepFailed if a migration fails, StartFailed."""
        resolve(self._environment, version)
        self._router.reset()
        if self._links:
            self._links.reset()
        self._fill_stores(version)
        system = self._system()
        with stopping(system.stop):
            system.fill(version)
            yield system

    def _fill_stores(self, version: str) -> None:
        """Fresh stores, as they are when `version` has been deployed; the second time from what was kept the first."""
        for store in self._stores.values():
            store.reset(version if version in self._kept else None)
        if version in self._kept:
            return
        self._migrate(version)
        for store in self._stores.values():
            store.keep(version)
        self._kept.add(version)

    def _migrate(self, version: str) -> None:
        """The oldest version's schema, then what each later one up to `version` adds."""
        history = [known.name for known in self._environment.versions]
        base = version.partition("+")[0]
        if self._environment.setup:
            self._migrations.run(self._environment.setup, history[0])
        for earlier in history[: history.index(base)]:
            if command := resolve(self._environment, earlier).expand:
                self._migrations.run(command, earlier)
        if command := resolve(self._environment, version).expand:
            self._migrations.run(command, version)

    def _system(self) -> LocalSystem:
        parts = (self._environment, self._workspace, self._stores, self._migrations, self._router)
        return LinkedLocalSystem(*parts, links=self._links) if self._links else LocalSystem(*parts)


def _server(store: Store, workspace: Workspace) -> StoreServer:
    servers: Mapping[StoreKind, type[PostgresServer] | type[NatsServer]] = {
        StoreKind.POSTGRES: PostgresServer,
        StoreKind.NATS: NatsServer,
    }
    return servers[store.kind](store, workspace)
