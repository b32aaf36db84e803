"""An environment's stores, broker, router and links on some runtime, brought up together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
MakeSystem = Callable[..., LinkedRunningSystem]


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
    places_in_advance: bool = True,
    make_system: MakeSystem = LinkedRunningSystem,
) -> Iterator[RunningSite]:
    """Start all servers at the same time, and stop them so.

    `places_in_advance` where the ports of a part are fixed with its start, so that those of all links are made early.
    `make_system` is what the site's systems are, where they can do more than those of every driver.
    Raises MissingServer, StartFailed; what was started is then stopped.
    """
    stores = {store.name: servers[store.kind](store, workspace, runtime) for store in environment.stores}
    router = EnvoyRouter(environment, workspace, runtime)
    links = ProxiedLinks(workspace, runtime, _room(environment) if places_in_advance else None)
    parts: list[_Part] = [router, links, *stores.values()]
    with stopping(lambda: _at_once([part.stop for part in parts])):
        _at_once([part.start for part in parts])
        for part in parts:
            part.await_up()
        yield RunningSite(environment, workspace, runtime, stores, router, links, make_system)


def _at_once(acts: Sequence[Callable[[], object]]) -> None:
    """Do all of it, each in a thread of its own. Raises what the first one raised that failed."""
    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(act) for act in acts]
    for future in futures:
        future.result()


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
        links: ProxiedLinks,
        make_system: MakeSystem,
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._runtime = runtime
        self._stores = stores
        self._router = router
        self._links = links
        self._make_system = make_system
        urls = {name: store.url(store.place.inside) for name, store in stores.items()}
        self._migrations = Migrations(environment, workspace, runtime, urls)
        self._kept: set[str] = set()

    @contextmanager
    def start(self, version: str) -> Iterator[RunningSystem]:
        """Raises InvalidInput for an unknown version, StepFailed if a migration fails, StartFailed."""
        resolve(self._environment, version)
        self._router.reset()
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
        self._migrations.bring_to(version)
        if all(store.keeps for store in self._stores.values()):
            for store in self._stores.values():
                store.keep(version)
            self._kept.add(version)

    def _system(self) -> RunningSystem:
        parts = (self._environment, self._workspace, self._runtime, self._stores, self._migrations, self._router)
        return self._make_system(*parts, links=self._links)
