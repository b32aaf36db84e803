"""The workers of a load as pods of the run's namespace."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from harness.drivers.kubernetes.api import Namespace, asking
from harness.drivers.kubernetes.cluster.ground import Ground
from harness.drivers.kubernetes.load import job as load_job
from harness.drivers.kubernetes.load.image import get_load_image
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.kubernetes.pods_state import state_of
from harness.drivers.parts import stopping
from harness.protocols import Workspace
from harness.protocols.load import LoadPost

LOG_LINES = 20


class HostsLoad:
    """Implements LoadPlace, for a system in a namespace."""

    @property
    @abstractmethod
    def _load(self) -> LoadPods: ...

    @property
    @abstractmethod
    def _users_service(self) -> str:
        """The Service by which users come in."""

    def entrance(self) -> str:
        return self._load.entrance(self._users_service)

    def load_workers(self, files: Mapping[str, str], workers: int) -> AbstractContextManager[Sequence[LoadPost]]:
        return self._load.run(files, workers)


class LoadPods:
    """In one namespace."""

    def __init__(self, ground: Ground, workspace: Workspace, namespace: Namespace, labels: Mapping[str, str]) -> None:
        self._ground = ground
        self._workspace = workspace
        self._namespace = namespace
        self._objects = Objects(namespace)
        self._labels = labels

    def entrance(self, service: str) -> str:
        """By the Service's port of a node, as whoever comes from outside; kube-proxy leads on from there."""
        [port, *_] = self._objects.get("Service", service)["spec"]["ports"]
        return f"http://{self._ground.node_address}:{port['nodePort']}"

    @contextmanager
    def run(self, files: Mapping[str, str], workers: int) -> Iterator[tuple[LoadPost, ...]]:
        """Leaving removes all of it. Raises HarnessError, and MissingServer if there is no image."""
        image = get_load_image(self._ground, self._workspace)
        name = f"load-{secrets.token_hex(3)}"
        with stopping(partial(self._remove, name, workers)):
            self._objects.apply(load_job.secret(name, files))
            self._objects.apply(load_job.job(name, workers, image, self._labels, self._ground.all_nodes))
            yield tuple(self._post(name, index) for index in range(workers))

    def _post(self, job: str, index: int) -> LoadPost:
        made = self._objects.apply(load_job.service(job, index))
        port = made["spec"]["ports"][0]["nodePort"]
        return LoadPost(self._ground.node_address, port, partial(self._fate, job, index))

    def _fate(self, job: str, index: int) -> str:
        pods = self._objects.all("Pod", load_job.pod_labels(job, index))
        if not pods:
            return f"Kubernetes has no pod {index} of {job}"
        state = state_of(pods[0])
        said = [state.trouble] if state.trouble else []
        if state.exit_code is not None:
            said += [f"its pod ended with code {state.exit_code}", self._last_words(pods[0]["metadata"]["name"])]
        return "\n".join(said)

    def _last_words(self, pod: str) -> str:
        with asking(f"show the log of {pod}"):
            log = self._namespace.api.core.read_namespaced_pod_log(pod, self._namespace.name, tail_lines=LOG_LINES)
        return str(log).strip()

    def _remove(self, job: str, workers: int) -> None:
        self._objects.delete("Job", job)
        for index in range(workers):
            self._objects.delete("Service", f"{job}-{index}")
        self._objects.delete("Secret", job)
