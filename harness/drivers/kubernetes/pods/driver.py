"""The driver `kind`: an environment in a namespace of a Kubernetes cluster, each server and instance in a pod."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import ClassVar

import docker

from harness.drivers.containers.engine import connect
from harness.drivers.containers.images import get_images, make_service_images, need_image
from harness.drivers.kubernetes.api import Namespace
from harness.drivers.kubernetes.breaking.cluster import Cluster
from harness.drivers.kubernetes.cluster.ground import Ground, Whose, open_ground, whose_cluster
from harness.drivers.kubernetes.cluster.images import is_for_servers, load_images, servers_images, wanted
from harness.drivers.kubernetes.cluster.leftovers import removal_from_namespace, removal_of_namespace
from harness.drivers.kubernetes.cluster.namespaces import claimed_namespace, given_namespace, made_namespace
from harness.drivers.kubernetes.events import Events
from harness.drivers.kubernetes.load.place import LoadPods
from harness.drivers.kubernetes.pods.processes import Pods
from harness.drivers.kubernetes.pods.runtime import PodRuntime
from harness.drivers.kubernetes.pods.stores import PodNats
from harness.drivers.kubernetes.pods.system import ANYWHERE, IN_OURS, ON_THIS_MACHINE, REASONS, PodsSystem
from harness.drivers.postgres import PostgresServer
from harness.drivers.site import MakeStore, RunningSite, open_site
from harness.drivers.watchdog import watching
from harness.environment import Environment, StoreKind
from harness.protocols import Killable, Linked, Meddlesome, Pausable, Splittable, Workspace
from harness.supervisor.scratch import PREFIX

SERVERS: Mapping[StoreKind, MakeStore] = {StoreKind.POSTGRES: PostgresServer, StoreKind.NATS: PodNats}


def _offered(whose: Whose) -> frozenset[type]:
    always = frozenset({Linked, Splittable, Meddlesome}) | ANYWHERE
    match whose:
        case Whose.OURS:
            return always | {Killable, Pausable} | ON_THIS_MACHINE | IN_OURS
        case Whose.ON_THIS_MACHINE:
            return always | {Killable, Pausable} | ON_THIS_MACHINE
        case Whose.ELSEWHERE:
            return always


class KindDriver:
    name: ClassVar[str] = "kind"
    offers: ClassVar[frozenset[type]] = _offered(whose_cluster())
    offers_at_least: ClassVar[frozenset[type]] = _offered(Whose.ELSEWHERE)
    offers_at_most: ClassVar[frozenset[type]] = _offered(Whose.OURS)
    lacks: ClassVar[Mapping[type, str]] = REASONS

    @contextmanager
    def open(self, environment: Environment, workspace: Workspace) -> Iterator[RunningSite]:
        """Raises InvalidInput, MissingServer, StartFailed, HarnessError; what was made is then gone."""
        need_image(environment)
        times = Times(workspace.logs / "kind.log")
        with ExitStack() as stack:
            ground = stack.enter_context(prepared_ground(environment, workspace, times))
            runtime = stack.enter_context(open_runtime(ground, workspace))
            times.note("namespace is made")
            site = stack.enter_context(open_site(environment, workspace, runtime, SERVERS, make_system=PodsSystem))
            times.note("servers are up")
            yield site


class Times:
    """What took how long, as lines of a log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._began = time.monotonic()

    def note(self, what: str) -> None:
        """It is done now; what follows begins."""
        now = time.monotonic()
        with self._log.open("a") as log:
            log.write(f"{now - self._began:6.1f} s  {what}\n")
        self._began = now


@contextmanager
def prepared_ground(environment: Environment, workspace: Workspace, times: Times) -> Iterator[Ground]:
    """A cluster with the images on its nodes, which are copied while these get ready. Raises InvalidInput,
    MissingServer, HarnessError; it is then gone, if it was made for this."""
    with closing(connect()) as engine, open_ground(engine, environment, workspace) as opened:
        times.note(f"cluster {opened.kind or opened.api.context} is up")
        if opened.kind:
            loaded = _load_all(engine, opened, environment, workspace)
            times.note(f"images are there, copied: {', '.join(loaded) or 'none'}")
        ground = opened.when_ready()
        times.note("nodes are ready")
        yield ground


@contextmanager
def open_runtime(ground: Ground, workspace: Workspace) -> Iterator[PodRuntime]:
    """In a namespace of the run's own, or in the one that the user gives. Leaving removes what was made there, and so
    does the death of this process."""
    with ExitStack() as stack:
        namespace = stack.enter_context(_open_namespace(ground, workspace))
        labels = namespace.labels
        events = Events(namespace, workspace.logs / "kubernetes-events.log")
        stack.enter_context(events.noted())
        pods = Pods(namespace, ground.nodes, workspace.logs / "kubernetes-pods.log", events)
        stack.enter_context(pods.watched())
        runtime = PodRuntime(
            workspace.scratch,
            namespace,
            pods,
            labels,
            Cluster(namespace, ground.all_nodes, ground.nodes, labels),
            events,
            LoadPods(ground, workspace, namespace, labels),
            node_address=ground.node_address,
            doors=ground.doors,
            pinned=any(is_for_servers(node) for node in ground.all_nodes),
        )
        stack.enter_context(runtime.writing())
        yield runtime


@contextmanager
def _open_namespace(ground: Ground, workspace: Workspace) -> Iterator[Namespace]:
    api, run_id = ground.api, workspace.run_id
    if given := given_namespace():
        with watching(removal_from_namespace(given, api, run_id)), claimed_namespace(api, given, run_id) as namespace:
            yield namespace
        return
    name = f"{PREFIX}{run_id}"
    removal = removal_of_namespace(name, api, ground.kind if ground.ours else "")
    with watching(removal), made_namespace(api, name, run_id) as namespace:
        yield namespace


def _load_all(
    engine: docker.DockerClient, ground: Ground, environment: Environment, workspace: Workspace
) -> tuple[str, ...]:
    """All images to all nodes that need them, made or pulled first where that has not been done yet."""
    assert ground.nodes is not None
    get_images(engine, servers_images(environment))
    make_service_images(engine, environment, workspace.logs)
    return load_images(engine, ground.kind, ground.nodes, wanted(environment, ground.all_nodes), workspace)
