"""The driver `kubernetes`: an environment by its own manifests, in a namespace of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar

from harness.drivers.containers.engine import connect
from harness.drivers.containers.images import need_image, server_image
from harness.drivers.kubernetes.api import CONFLICT, INVALID, Json, Refused
from harness.drivers.kubernetes.deployments import named
from harness.drivers.kubernetes.driver import Times, load_all, open_runtime
from harness.drivers.kubernetes.ground import KIND_CONTEXT, Ground, chosen_context, open_ground
from harness.drivers.kubernetes.images import STORES
from harness.drivers.kubernetes.kubeconfig import write_for_tools
from harness.drivers.kubernetes.members import Members
from harness.drivers.kubernetes.native_nodes import DrainableSystem
from harness.drivers.kubernetes.native_system import KubernetesSystem
from harness.drivers.kubernetes.objects import Objects, check_kind
from harness.drivers.kubernetes.surroundings import Surroundings, version_of
from harness.drivers.kubernetes.templates import read_manifests
from harness.drivers.kubernetes.tools import Tools
from harness.drivers.migrations import Migrations
from harness.drivers.postgres import DATABASE, SUPERUSER
from harness.drivers.runtime import Address
from harness.environment import Environment, Store, StoreKind
from harness.errors import StartFailed
from harness.protocols import Drainable, Platform, Workspace
from harness.versions import resolve
from harness.waiting import until

STORES_S_MAX = 90.0
POLL_S = 0.1


def _offered() -> frozenset[type]:
    """Only the nodes of a cluster that kind made are the harness's to drain."""
    context = chosen_context()
    foreign = context and not context.startswith(KIND_CONTEXT)
    return frozenset({Platform}) if foreign else frozenset({Platform, Drainable})


class KubernetesDriver:
    name: ClassVar[str] = "kubernetes"
    offers: ClassVar[frozenset[type]] = _offered()

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[KubernetesSite]:
        """Raises InvalidInput, MissingServer, HarnessError; a cluster that was made for this is then gone."""
        need_image(environment)
        manifests = read_manifests(environment)
        for document in manifests:
            check_kind(document)
        times = Times(workspace.logs / "kubernetes.log")
        with ExitStack() as stack:
            engine = stack.enter_context(closing(connect()))
            ground = stack.enter_context(open_ground(engine, environment, workspace))
            times.note(f"cluster {ground.kind or ground.api.context} is up")
            if ground.kind:
                loaded = load_all(engine, ground, environment, workspace)
                times.note(f"images are there, copied: {', '.join(loaded) or 'none'}")
            yield KubernetesSite(environment, workspace, ground, manifests, times)


class KubernetesSite:
    """See protocols.Site. Each system has a namespace of its own, and so fresh stores."""

    def __init__(
        self, environment: Environment, workspace: Workspace, ground: Ground, manifests: tuple[Json, ...], times: Times
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._ground = ground
        self._manifests = manifests
        self._times = times
        self._images = {
            f"{store.name}.image": server_image(STORES[store.kind], store.image) for store in environment.stores
        }

    @contextmanager
    def start(self, version: str) -> Iterator[KubernetesSystem]:
        """Raises InvalidInput for an unknown version, StepFailed if a migration fails, StartFailed."""
        resolve(self._environment, version)
        self._times.note("idle")
        with open_runtime(self._ground, self._workspace) as runtime:
            objects = Objects(runtime.namespace)
            urls = {store.name: url_of(store, self._inside(store)) for store in self._environment.stores}
            around = Surroundings(
                self._environment,
                self._workspace,
                objects,
                self._manifests,
                {"namespace": objects.namespace.name, **self._images},
                Migrations(self._environment, self._workspace, runtime, urls),
                self._ground.node_address,
                users=Address("", 0),
                stores={},
            )
            try:
                around = self._furnish(around, version)
            except Refused as error:
                raise StartFailed(f"the manifests were refused: {error}") from error
            self._times.note("stores are up")
            around.migrations.bring_to(version)
            self._times.note("stores are filled")
            selectors = {service.name: around.selector(service.name) for service in self._environment.services}
            members = Members(
                objects.namespace, selectors, partial(version_of, self._environment), self._workspace.logs
            )
            with members.watched():
                system = self._system(around, members, version)
                system.fill(version)
                self._times.note("services are up")
                yield system

    def _system(self, around: Surroundings, members: Members, version: str) -> KubernetesSystem:
        api, namespace = self._ground.api, around.objects.namespace.name
        file = self._workspace.scratch / f"{namespace}.kubeconfig"
        kubeconfig = write_for_tools(file, api.kubeconfig, api.context, namespace)
        tools = Tools(self._environment, self._workspace, kubeconfig, namespace)
        if Drainable in KubernetesDriver.offers:
            return DrainableSystem(around, members, tools, version, api.core)
        return KubernetesSystem(around, members, tools, version)

    def _furnish(self, around: Surroundings, version: str) -> Surroundings:
        """All but the services themselves: stores that are up, and ways in."""
        documents = around.documents(version)
        for document in around.furniture(documents):
            around.objects.apply(document)
        users = self._let_in(around.objects, named(documents, "Service", self._environment.routed.name))
        stores = {
            store.name: url_of(store, self._reader(around.objects, named(documents, "Service", store.name)))
            for store in self._environment.stores
        }
        for store in self._environment.stores:
            if not until(partial(_is_up, around.objects, store.name), STORES_S_MAX, POLL_S):
                raise StartFailed(f"the StatefulSet {store.name} was not ready within {STORES_S_MAX:g} s")
        return replace(around, users=users, stores=stores)

    def _inside(self, store: Store) -> Address:
        port = named(self._manifests, "Service", store.name)["spec"]["ports"][0]["port"]
        return Address(store.name, port)

    def _let_in(self, objects: Objects, document: Json) -> Address:
        """Users enter by a node port; by one that is open on loopback, unless other runs have taken all of these."""
        for door, address in self._ground.doors.items():
            try:
                objects.apply(_with_node_port(document, door))
            except Refused as error:
                if error.status not in (CONFLICT, INVALID):
                    raise
            else:
                return address
        made = objects.apply(_with_node_port(document, None))
        return Address(self._ground.node_address, made["spec"]["ports"][0]["nodePort"])

    def _reader(self, objects: Objects, document: Json) -> Address:
        """A way in for the harness's own reading, beside what the manifests say."""
        port = document["spec"]["ports"][0]
        made = objects.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": f"{document['metadata']['name']}-reader"},
                "spec": {"type": "NodePort", "selector": document["spec"]["selector"], "ports": [port]},
            }
        )
        return Address(self._ground.node_address, made["spec"]["ports"][0]["nodePort"])


def url_of(store: Store, address: Address) -> str:
    """What a client is told who reaches the store at `address`. The manifests' stores are as the other drivers'."""
    if store.kind is StoreKind.POSTGRES:
        return f"postgresql://{SUPERUSER}@{address}/{DATABASE}"
    return f"nats://{address}"


def _with_node_port(document: Json, port: int | None) -> Json:
    first, *others = document["spec"]["ports"]
    chosen = {} if port is None else {"nodePort": port}
    return {**document, "spec": {**document["spec"], "type": "NodePort", "ports": [{**first, **chosen}, *others]}}


def _is_up(objects: Objects, store: str) -> bool:
    found = objects.get("StatefulSet", store)
    return bool(found.get("status", {}).get("readyReplicas", 0) == found["spec"]["replicas"])
