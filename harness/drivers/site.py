"""An environment's stores, broker, router and links on some runtime, brought up together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Protocol

from harness.drivers.links import ProxiedLinks
from harness.drivers.migrations import Migrations
from harness.drivers.parts import stopping
from harness.drivers.router import EnvoyRouter
from harness.drivers.runtime import PartProcess, Runtime
from harness.drivers.stores import StoreServer
from harness.drivers.system import LinkedRunningSystem, RunningSystem
from harness.environment import Environment, Store, StoreKind
from harness.protocols import Workspace
from harness.versions import resolve

MakeStore = Callable[[Store, Workspace, Runtime], StoreServer]


class _Part(Protocol):
    def start(self) -> PartProcess: ...
    def await_up(self) -> None: ...
    def stop(self) -> None: ...


@contextmanager
def open_site(
    environment: Environment,
    workspace: Workspace,
    runtime: Runtime,
    servers: Mapping[StoreKind, MakeStore],
    *,
    linked: bool,
    places_in_advance: bool = True,
) -> Iterator[RunningSite]:
    """Start all servers at the same time.

    `places_in_advance` where the ports of a part are fixed with its start, so that those of all links are made early.
    Raises MissingServer, StartFailed; what was started is then stopped.
    """
    stores = {store.name: servers[store.kind](store, workspace, runtime) for store in environment.stores}
    router = EnvoyRouter(environment, workspace, runtime)
    links = ProxiedLinks(workspace, runtime, _room(environment) if places_in_advance else None) if linked else None
    # Those first that start by themselves, while the stores still need work of ours.
    parts: list[_Part] = [router, *([links] if links else []), *stores.values()]
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.enter_context(stopping(part.stop))
        for part in parts:
            part.await_up()
        yield RunningSite(environment, workspace, runtime, stores, router, links)


def _room(environment: Environment) -> int:
    """Room for the links of two fleets side by side, as in blue-green, and of one more instance of each service."""
    return sum((2 * service.replicas + 1) * len(service.links) for service in environment.services)


class RunningSite:
    """See protocols.Site."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        runtime: Runtime,
        stores: Mapping[str, StoreServer],
        router: EnvoyRouter,
        links: ProxiedLinks | None,
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._runtime = runtime
        self._stores = stores
        self._router = router
        self._links = links
        urls = {name: store.url(store.place.inside) for name, store in stores.items()}
        self._migrations = Migrations(environment, workspace, runtime, urls)
        self._kept: set[str] = set()

    @contextmanager
    def start(self, version: str) -> Iterator[RunningSystem]:
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
        """Fresh stores, as they are when `version` has been deployed; the second time from what was kept the first.

        A migration may write to several stores, so if one of them cannot keep, all are made again.
        """
        for store in self._stores.values():
            store.reset(version if version in self._kept else None)
        if version in self._kept:
            return
        self._migrate(version)
        if all(store.keeps for store in self._stores.values()):
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

    def _system(self) -> RunningSystem:
        parts = (self._environment, self._workspace, self._runtime, self._stores, self._migrations, self._router)
        return LinkedRunningSystem(*parts, links=self._links) if self._links else RunningSystem(*parts)
