"""The driver `kubernetes`: an environment by its own manifests, in a namespace of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

from harness.drivers.containers.images import need_image, server_image
from harness.drivers.kubernetes.api import Json, Refused
from harness.drivers.kubernetes.cluster.ground import Ground, Whose, whose_cluster
from harness.drivers.kubernetes.cluster.images import STORES
from harness.drivers.kubernetes.cluster.kubeconfig import write_for_tools
from harness.drivers.kubernetes.native.breakable import NativeClusterSystem
from harness.drivers.kubernetes.native.deployments import named
from harness.drivers.kubernetes.native.members import Members
from harness.drivers.kubernetes.native.surroundings import Blueprint, Surroundings
from harness.drivers.kubernetes.native.system import KubernetesSystem
from harness.drivers.kubernetes.native.templates import read_manifests
from harness.drivers.kubernetes.native.tools import Tools
from harness.drivers.kubernetes.native.ways_in import let_reader_in, let_users_in
from harness.drivers.kubernetes.objects import Objects, check_kind
from harness.drivers.kubernetes.pods.driver import Times, open_runtime, prepared_ground
from harness.drivers.kubernetes.pods.runtime import PodRuntime
from harness.drivers.kubernetes.pods.system import ANYWHERE, IN_OURS, NOT_OURS, ON_THIS_MACHINE, REASONS
from harness.drivers.migrations import Migrations
from harness.drivers.postgres import DATABASE, SUPERUSER
from harness.drivers.runtime import Address
from harness.environment import Environment, Store, StoreKind
from harness.errors import StartFailed
from harness.protocols import Drainable, Evictable, Platform, Probed, Workspace
from harness.versions import resolve
from harness.waiting import until

STORES_S_MAX = 90.0
POLL_S = 0.3


def _offered(whose: Whose) -> frozenset[type]:
    """Only the nodes of a cluster of ours are the harness's to drain."""
    always = frozenset({Platform, Evictable}) | ANYWHERE
    match whose:
        case Whose.OURS:
            return always | {Drainable, Probed} | ON_THIS_MACHINE | IN_OURS
        case Whose.ON_THIS_MACHINE:
            return always | ON_THIS_MACHINE
        case Whose.ELSEWHERE:
            return always


class KubernetesDriver:
    name: ClassVar[str] = "kubernetes"
    offers: ClassVar[frozenset[type]] = _offered(whose_cluster())
    offers_at_least: ClassVar[frozenset[type]] = _offered(Whose.ELSEWHERE)
    offers_at_most: ClassVar[frozenset[type]] = _offered(Whose.OURS)
    lacks: ClassVar[Mapping[type, str]] = {**REASONS, Drainable: NOT_OURS, Probed: NOT_OURS}

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[KubernetesSite]:
        """Raises InvalidInput, MissingServer, HarnessError; a cluster that was made for this is then gone."""
        need_image(environment)
        manifests = read_manifests(environment)
        for document in manifests:
            check_kind(document)
        times = Times(workspace.logs / "kubernetes.log")
        with prepared_ground(environment, workspace, times) as ground:
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

    @contextmanager
    def start(self, version: str) -> Iterator[KubernetesSystem]:
        """Raises InvalidInput for an unknown version, StepFailed if a migration fails, StartFailed."""
        resolve(self._environment, version)
        self._times.note("idle")
        with open_runtime(self._ground, self._workspace) as runtime:
            around = self._furnish(runtime, version)
            self._times.note("stores are up")
            around.migrations.bring_to(version)
            self._times.note("stores are filled")
            members = self._members(around)
            with members.watched():
                system = self._system(runtime, around, members, version)
                system.fill(version)
                self._times.note("services are up")
                yield system

    def _furnish(self, runtime: PodRuntime, version: str) -> Surroundings:
        """All but the services themselves: stores that are up, and ways in. Raises StartFailed."""
        objects = Objects(runtime.namespace)
        blueprint = self._blueprint(objects.namespace.name)
        documents = blueprint.documents(version)
        try:
            for document in blueprint.furniture(documents):
                objects.apply(document)
            users = let_users_in(objects, self._ground, named(documents, "Service", self._environment.routed.name))
            readers = {
                store.name: let_reader_in(objects, self._ground, named(documents, "Service", store.name))
                for store in self._environment.stores
            }
        except Refused as error:
            raise StartFailed(f"the manifests were refused: {error}") from error
        for store in self._environment.stores:
            if not until(partial(_is_up, objects, store.name), STORES_S_MAX, POLL_S):
                raise StartFailed(f"the StatefulSet {store.name} was not ready within {STORES_S_MAX:g} s")
        inside = {store.name: url_of(store, self._inside(store)) for store in self._environment.stores}
        migrations = Migrations(self._environment, self._workspace, runtime, inside)
        outside = {store.name: url_of(store, readers[store.name]) for store in self._environment.stores}
        return Surroundings(blueprint, objects, migrations, self._ground.node_address, users, outside)

    def _blueprint(self, namespace: str) -> Blueprint:
        images = {
            f"{store.name}.image": server_image(STORES[store.kind], store.image) for store in self._environment.stores
        }
        return Blueprint(self._environment, self._manifests, {"namespace": namespace, **images})

    def _inside(self, store: Store) -> Address:
        port = named(self._manifests, "Service", store.name)["spec"]["ports"][0]["port"]
        return Address(store.name, port)

    def _members(self, around: Surroundings) -> Members:
        selectors = {service.name: around.blueprint.selector(service.name) for service in self._environment.services}
        return Members(around.objects.namespace, selectors, around.blueprint.version_of, self._workspace.logs)

    def _system(self, runtime: PodRuntime, around: Surroundings, members: Members, version: str) -> KubernetesSystem:
        api, namespace = self._ground.api, around.objects.namespace.name
        file = self._workspace.scratch / f"{namespace}.kubeconfig"
        kubeconfig = write_for_tools(file, api.kubeconfig, api.context, namespace)
        tools = Tools(self._environment, self._workspace, kubeconfig, namespace)
        return NativeClusterSystem(around, members, tools, version, runtime)


def url_of(store: Store, address: Address) -> str:
    """What a client is told who reaches the store at `address`. The manifests' stores are as the other drivers'."""
    if store.kind is StoreKind.POSTGRES:
        return f"postgresql://{SUPERUSER}@{address}/{DATABASE}"
    return f"nats://{address}"


def _is_up(objects: Objects, store: str) -> bool:
    found = objects.get("StatefulSet", store)
    return bool(found.get("status", {}).get("readyReplicas", 0) == found["spec"]["replicas"])
