"""The runtime of the driver `kind`: each part is a pod, with a service that keeps its address for life."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.drivers.containers.images import need_image, server_image, service_image
from harness.drivers.kubernetes.api import CONFLICT, INVALID, Json, Namespace, Refused
from harness.drivers.kubernetes.breaking.cluster import Cluster
from harness.drivers.kubernetes.cluster.images import helper_image
from harness.drivers.kubernetes.events import Events
from harness.drivers.kubernetes.load.place import LoadPods
from harness.drivers.kubernetes.pods import manifests
from harness.drivers.kubernetes.pods.folders import FolderWriter
from harness.drivers.kubernetes.pods.processes import PodProcess, Pods
from harness.drivers.runtime import Address, Part, Place
from harness.environment import Environment
from harness.errors import HarnessError, StartFailed

ANYWHERE = "0.0.0.0"
USERS = "router"
"""The part whose first place is where users come in."""
STARTED_S_MAX = 30.0


class PodRuntime:
    """See runtime.Runtime. Safe to use from several threads."""

    def __init__(
        self,
        scratch: Path,
        namespace: Namespace,
        pods: Pods,
        labels: Mapping[str, str],
        cluster: Cluster,
        events: Events,
        load: LoadPods,
        *,
        node_address: str,
        doors: Mapping[int, Address],
        pinned: bool,
    ) -> None:
        """`doors` are the node ports that are open on loopback; everything else is reached at a node's address.

        `pinned` if the cluster has nodes for servers.
        """
        self.scratch = scratch
        self.namespace = namespace
        self.cluster = cluster
        self.events = events
        self.load = load
        self._pods = pods
        self._labels = labels
        self._node_address = node_address
        self._doors = doors
        self._pinned = pinned
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Place, ...]] = {}
        self._texts: dict[Path, str] = {}
        self._sharing: dict[Path, PodProcess] = {}
        self._writers: dict[str, FolderWriter] = {}

    def places(self, name: str, count: int) -> tuple[Place, ...]:
        """The same each time for the same part: an instance of a later system has the address of its namesake."""
        if not count:
            return ()
        with self._lock:
            if name not in self._places:
                self._places[name] = self._make_places(name, count)
            return self._places[name][:count]

    def values(self, environment: Environment) -> Mapping[str, str]:
        image = need_image(environment)
        return {"python": image.python, "folder": image.folder}

    def image(self, environment: Environment, service: str, version: str) -> str:
        return service_image(environment, version)

    def write(self, file: Path, text: str) -> None:
        with self._lock:
            self._texts[file] = text
            process = self._sharing.get(file.parent)
            if process is None or process.exit_code is not None:
                return
            if not process.await_started(STARTED_S_MAX):
                raise HarnessError(f"{file} cannot be written: {process.name} has not started")
            if process.pod not in self._writers:
                self._writers[process.pod] = FolderWriter(self.namespace, process.pod)
            self._writers[process.pod].write(file, text)

    def spawn(self, part: Part) -> PodProcess:
        image = server_image(part.server, part.image) if part.server else part.image
        try:
            with self._lock:
                process = self._pods.start(part, self._manifest(part, image))
                self._sharing.update(dict.fromkeys(part.shared, process))
        except Refused as error:
            raise StartFailed(f"{part.name} cannot be started: {error}") from error
        return process

    def pods_of(self, part: str) -> list[Json]:
        """Those of the part of that name that run now."""
        pods = self.namespace.pods({**self._labels, manifests.PART: manifests.name_of(part)})
        return [pod for pod in pods if pod["status"].get("phase") == "Running"]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """On leaving, what writes into pods is closed."""
        try:
            yield
        finally:
            for writer in self._writers.values():
                writer.close()

    def _manifest(self, part: Part, image: str) -> Json:
        texts = {file: text for file, text in self._texts.items() if file.parent in part.shared}
        given = self.namespace.create_config_map(manifests.config_map(part.name, texts)) if texts else ""
        return manifests.pod(part, image, self._labels, given=given, helper=helper_image(), pinned=self._pinned)

    def _make_places(self, name: str, count: int) -> tuple[Place, ...]:
        made = self._make_service(name, count)
        inside = made["spec"]["clusterIP"]
        return tuple(
            Place(
                Address(ANYWHERE, port["port"]),
                Address(inside, port["port"]),
                self._doors.get(port["nodePort"], Address(self._node_address, port["nodePort"])),
            )
            for port in made["spec"]["ports"]
        )

    def _make_service(self, name: str, count: int) -> Json:
        if name == USERS:
            for door in self._doors:
                try:
                    return self.namespace.create_service(manifests.service(name, count, node_port=door))
                except Refused as error:
                    if error.status not in (CONFLICT, INVALID):  # else another run's users come in there
                        raise
        return self.namespace.create_service(manifests.service(name, count))
