"""A running system: instances on a runtime, behind Envoy, with their stores."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.drivers.commands import instance_part, listens
from harness.drivers.instances import RunningInstance
from harness.drivers.links import ProxiedLinks
from harness.drivers.migrations import Migrations
from harness.drivers.parts import tail
from harness.drivers.router import EnvoyRouter
from harness.drivers.runtime import Address, Runtime
from harness.drivers.stores import StoreServer
from harness.environment import Environment, Service
from harness.errors import HarnessError, StartFailed
from harness.protocols import (
    Breakage,
    Departure,
    Instance,
    Link,
    Manner,
    Meddling,
    RequestTrouble,
    Toxic,
    Way,
    Workspace,
)
from harness.versions import resolve
from harness.waiting import until

READY_POLL_S = 0.02


class RunningSystem:
    """Implements System, Killable, Pausable and Meddlesome."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        runtime: Runtime,
        stores: Mapping[str, StoreServer],
        migrations: Migrations,
        router: EnvoyRouter,
    ) -> None:
        self.environment = environment
        self._workspace = workspace
        self._runtime = runtime
        self._stores = stores
        self._migrations = migrations
        self._router = router
        self._lock = threading.RLock()
        self._added: Counter[str] = Counter()
        self._standing: dict[str, RunningInstance] = {}
        self._removed: set[str] = set()

    # ── System ───────────────────────────────────────────────────────────────────────────────────────────────────

    def instances(self) -> tuple[Instance, ...]:
        with self._lock:
            return tuple(instance.facts for instance in self._standing.values())

    def add(self, service: str, version: str) -> Instance:
        instance = self._describe(service, version)
        self._start(instance)
        self._stand(instance)
        return instance.facts

    def _describe(self, service: str, version: str) -> RunningInstance:
        """One more instance of that name's own, not yet started, with its links made."""
        described = self._service(service)
        resolved = resolve(self.environment, version)
        with self._lock:
            self._added[service] += 1
            name = f"{service}-{self._added[service]}"
        part = instance_part(
            self.environment,
            described,
            resolved,
            self._runtime,
            name=name,
            places=self._runtime.places(name, int(listens(described, resolved))),
            urls=self._urls(name, described),
            log=self._workspace.logs / f"{name}.log",
        )
        return RunningInstance(name, described, version, part, self._runtime)

    def _start(self, instance: RunningInstance) -> None:
        try:
            self._launch(instance)
        except StartFailed:
            self._disconnect(instance.name)
            raise

    def _launch(self, instance: RunningInstance) -> None:
        instance.start()

    def _stand(self, instance: RunningInstance) -> None:
        with self._lock:
            self._standing[instance.name] = instance

    def remove(self, name: str) -> Departure:
        instance = self._instance(name)
        with self._lock:
            instance.leaving = True
        if instance.service.routed and instance.place:
            self._router.take_out(instance.version, instance.place.inside)
        departure = self._dismiss(instance)
        self._disconnect(name)
        with self._lock:
            del self._standing[name]
            self._removed.add(name)
        return departure

    def _dismiss(self, instance: RunningInstance) -> Departure:
        return instance.depart()

    def route(self, weights: Mapping[str, int]) -> None:
        hosts: dict[str, tuple[Address, ...]] = defaultdict(tuple)
        with self._lock:
            for instance in self._standing.values():
                if instance.service.routed and instance.place and not instance.leaving:
                    hosts[instance.version] += (instance.place.inside,)
        self._router.route(weights, hosts)

    @property
    def url(self) -> str:
        return self._router.url

    def ready(self, name: str) -> bool:
        return self._instance(name).ready()

    def migrate(self, command: Sequence[str], version: str) -> None:
        self._migrations.run(command, version)

    def store_url(self, store: str) -> str:
        return self._stores[store].url(self._stores[store].place.outside)

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
                self._launch(instance)

    # ── Pausable ─────────────────────────────────────────────────────────────────────────────────────────────────

    def pause(self, name: str) -> None:
        self._instance(name).process.pause()

    def resume(self, name: str) -> None:
        """Does nothing if it has ended or been removed meanwhile."""
        if name not in self._removed:
            self._instance(name).process.resume()

    def paused(self, name: str) -> bool:
        return self._instance(name).process.paused()

    # ── Meddlesome ───────────────────────────────────────────────────────────────────────────────────────────────

    def break_requests(self, trouble: RequestTrouble) -> None:
        self._router.break_requests(trouble)

    def spare_requests(self, way: Breakage) -> None:
        self._router.spare_requests(way)

    def meddling(self, way: Breakage) -> Meddling:
        return self._router.meddling(way)

    # ── for the site ─────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, version: str) -> None:
        """All services at `version`, ready and routed. Raises StartFailed, naming the instance that did not."""
        instances = [
            self._describe(service.name, version)
            for service in self.environment.services
            for _ in range(service.replicas)
        ]
        with ThreadPoolExecutor(len(instances)) as pool:
            starts = [pool.submit(self._start, instance) for instance in instances]
        for instance, start in zip(instances, starts, strict=True):
            if start.exception() is None:
                self._stand(instance)
        for start in starts:
            start.result()
        for instance in instances:
            self._await_ready(instance)
        self.route({version: 100})

    def stop(self) -> None:
        """Ask all instances to end at once, and kill those that outlive their grace."""
        running = [instance for instance in self._standing.values() if instance.pid is not None]
        began = time.monotonic()
        for instance in running:
            instance.process.signal(signal.SIGTERM)
            instance.process.resume()
        for instance in running:
            left_s = began + instance.service.stop_grace_s - time.monotonic()
            if instance.process.wait(max(0.0, left_s)) is None:
                instance.kill()

    # ── links ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _urls(self, name: str, service: Service) -> dict[str, str]:
        """Addresses of the stores as this instance must use them."""
        return {store.name: store.url(store.place.inside) for store in self._stores.values()}

    def _disconnect(self, name: str) -> None:
        pass

    def _service(self, name: str) -> Service:
        for service in self.environment.services:
            if service.name == name:
                return service
        raise HarnessError(f"environment {self.environment.name!r} has no service {name!r}")

    def _instance(self, name: str) -> RunningInstance:
        with self._lock:
            if name not in self._standing:
                raise HarnessError(f"there is no instance {name!r}; there are {', '.join(self._standing) or 'none'}")
            return self._standing[name]

    def _await_ready(self, instance: RunningInstance) -> None:
        limit_s = instance.service.ready_timeout_s
        until(lambda: instance.pid is None or instance.ready(), limit_s, READY_POLL_S)
        if instance.pid is None:
            code = instance.process.exit_code
            raise StartFailed(f"{instance.name} ended with code {code} while it started{tail(instance.log)}")
        if not instance.ready():
            raise StartFailed(f"{instance.name} was not ready within {limit_s:g} s{tail(instance.log)}")


class LinkedRunningSystem(RunningSystem):
    """Implements Linked and Splittable as well: every instance reaches its stores through proxies of its own."""

    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        runtime: Runtime,
        stores: Mapping[str, StoreServer],
        migrations: Migrations,
        router: EnvoyRouter,
        *,
        links: ProxiedLinks,
    ) -> None:
        super().__init__(environment, workspace, runtime, stores, migrations, router)
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

    def split(self, name: str, apart: Collection[tuple[str, str]], manner: Manner, way: Way) -> None:
        self._links.split(name, apart, manner, way)

    def rejoin(self, name: str) -> None:
        self._links.rejoin(name)

    def _urls(self, name: str, service: Service) -> dict[str, str]:
        linked = [self._stores[store] for store in service.links]
        return super()._urls(name, service) | {
            store.name: store.url(self._links.connect(name, service.name, store.name, store.place.inside))
            for store in linked
        }

    def _disconnect(self, name: str) -> None:
        self._links.disconnect(name)
