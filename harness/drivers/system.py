"""The running system of the driver `local`: its instances are processes, its router is Envoy."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from harness.drivers.commands import NO_PORT, instance_command, listens
from harness.drivers.instances import LocalInstance
from harness.drivers.links import ProxiedLinks
from harness.drivers.migrations import Migrations
from harness.drivers.parts import tail
from harness.drivers.ports import free_port
from harness.drivers.router import EnvoyRouter
from harness.drivers.stores import StoreServer
from harness.environment import Environment, Service
from harness.errors import HarnessError, StartFailed
from harness.protocols import Departure, Instance, Link, Toxic, Workspace
from harness.versions import resolve
from harness.waiting import until

READY_POLL_S = 0.02


class LocalSystem:
    """Implements System, Killable and Pausable."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        stores: Mapping[str, StoreServer],
        migrations: Migrations,
        router: EnvoyRouter,
    ) -> None:
        self.environment = environment
        self._workspace = workspace
        self._stores = stores
        self._migrations = migrations
        self._router = router
        self._lock = threading.RLock()
        self._added: Counter[str] = Counter()
        self._standing: dict[str, LocalInstance] = {}
        self._removed: set[str] = set()

    # ── System ───────────────────────────────────────────────────────────────────────────────────────────────────

    def instances(self) -> tuple[Instance, ...]:
        with self._lock:
            return tuple(instance.facts for instance in self._standing.values())

    def add(self, service: str, version: str) -> Instance:
        described = self._service(service)
        resolved = resolve(self.environment, version)
        with self._lock:
            self._added[service] += 1
            name = f"{service}-{self._added[service]}"
        port = free_port() if listens(described, resolved) else NO_PORT
        command = instance_command(
            self.environment,
            described,
            resolved,
            name=name,
            port=port,
            urls={**self._urls(), **self._connect(name, described)},
            log=self._workspace.logs / f"{name}.log",
        )
        try:
            instance = LocalInstance(name, described, version, port, command, self._workspace.spawner)
        except StartFailed:
            self._disconnect(name)
            raise
        with self._lock:
            self._standing[name] = instance
        return instance.facts

    def remove(self, name: str) -> Departure:
        instance = self._instance(name)
        with self._lock:
            instance.leaving = True
        if instance.service.routed:
            self._router.take_out(instance.version, instance.port)
        departure = instance.depart()
        self._disconnect(name)
        with self._lock:
            del self._standing[name]
            self._removed.add(name)
        return departure

    def route(self, weights: Mapping[str, int]) -> None:
        ports: dict[str, tuple[int, ...]] = defaultdict(tuple)
        with self._lock:
            for instance in self._standing.values():
                if instance.service.routed and not instance.leaving:
                    ports[instance.version] += (instance.port,)
        self._router.route(weights, ports)

    @property
    def url(self) -> str:
        return self._router.url

    def ready(self, name: str) -> bool:
        return self._instance(name).ready()

    def migrate(self, command: Sequence[str], version: str) -> None:
        self._migrations.run(command, version)

    def store_url(self, store: str) -> str:
        return self._stores[store].url()

    def observed_split(self) -> Mapping[str, int]:
        return self._router.observed_split()

    # ── Killable ─────────────────────────────────────────────────────────────────────────────────────────────────

    def pid(self, name: str) -> int | None:
        return self._instance(name).pid

    def kill(self, name: str) -> None:
        self._instance(name).kill()

    def revive(self, name: str) -> None:
        """Does nothing if it runs, or if it has been removed meanwhile: that is not to be undone."""
        with self._lock:
            if name in self._removed:
                return
            instance = self._instance(name)
            if instance.pid is None and not instance.leaving:
                instance.start()

    # ── Pausable ─────────────────────────────────────────────────────────────────────────────────────────────────

    def pause(self, name: str) -> None:
        self._instance(name).process.signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Does nothing if it has ended or been removed meanwhile."""
        if name not in self._removed:
            self._instance(name).process.signal(signal.SIGCONT)

    def paused(self, name: str) -> bool:
        return self._instance(name).paused()

    # ── for the site ─────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, version: str) -> None:
        """All services at `version`, ready and routed. Raises StartFailed, naming the instance that did not."""
        for service in self.environment.services:
            for _ in range(service.replicas):
                self.add(service.name, version)
        for instance in self._standing.values():
            self._await_ready(instance)
        self.route({version: 100})

    def stop(self) -> None:
        """Ask all instances to end at once, and kill those that outlive their grace."""
        running = [instance for instance in self._standing.values() if instance.pid is not None]
        began = time.monotonic()
        for instance in running:
            instance.process.signal(signal.SIGTERM)
            instance.process.signal(signal.SIGCONT)
        for instance in running:
            left_s = began + instance.service.stop_grace_s - time.monotonic()
            if instance.process.wait(max(0.0, left_s)) is None:
                instance.kill()

    # ── links ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _connect(self, name: str, service: Service) -> Mapping[str, str]:
        """Addresses of the stores as this instance must use them, where they differ from the stores' own."""
        return {}

    def _disconnect(self, name: str) -> None:
        pass

    def _urls(self) -> dict[str, str]:
        return {name: store.url() for name, store in self._stores.items()}

    def _service(self, name: str) -> Service:
        for service in self.environment.services:
            if service.name == name:
                return service
        raise HarnessError(f"environment {self.environment.name!r} has no service {name!r}")

    def _instance(self, name: str) -> LocalInstance:
        with self._lock:
            if name not in self._standing:
                raise HarnessError(f"there is no instance {name!r}; there are {', '.join(self._standing) or 'none'}")
            return self._standing[name]

    def _await_ready(self, instance: LocalInstance) -> None:
        limit_s = instance.service.ready_timeout_s
        until(lambda: instance.pid is None or instance.ready(), limit_s, READY_POLL_S)
        if instance.pid is None:
            code = instance.process.exit_code
            raise StartFailed(f"{instance.name} ended with code {code} while it started{tail(instance.log)}")
        if not instance.ready():
            raise StartFailed(f"{instance.name} was not ready within {limit_s:g} s{tail(instance.log)}")


class LinkedLocalSystem(LocalSystem):
    """Implements Linked as well: every instance reaches its stores through proxies of its own."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        stores: Mapping[str, StoreServer],
        migrations: Migrations,
        router: EnvoyRouter,
        *,
        links: ProxiedLinks,
    ) -> None:
        super().__init__(environment, workspace, stores, migrations, router)
        self._links = links

    def links(self) -> tuple[Link, ...]:
        return self._links.all()

    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None:
        self._links.poison(service, store, name, toxic)

    def cure(self, service: str, store: str, name: str) -> None:
        self._links.cure(service, store, name)

    def sever(self, service: str, store: str) -> None:
        self._links.sever(service, store)

    def mend(self, service: str, store: str) -> None:
        self._links.mend(service, store)

    def _connect(self, name: str, service: Service) -> Mapping[str, str]:
        return {
            store: self._stores[store].url(self._links.connect(name, service.name, store, self._stores[store].port))
            for store in service.links
        }

    def _disconnect(self, name: str) -> None:
        self._links.disconnect(name)
