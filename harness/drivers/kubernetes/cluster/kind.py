"""Clusters that kind makes of containers of this machine: made, found again, removed. The command: harness cluster.

Each has a folder in the user's cache, with a kubeconfig of its own, so that the user's is not touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import yaml

from harness.drivers.containers.engine import refusing
from harness.drivers.kubernetes.api import Json, KubernetesApi
from harness.drivers.kubernetes.cluster.inotify import need_instances
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.drivers.parts import tail
from harness.drivers.ports import HOST, free_port
from harness.drivers.runtime import Address
from harness.errors import HarnessError, InvalidInput, MissingServer
from harness.protocols import Command, Process, Spawner, Workspace
from harness.servers import cache_folder
from harness.supervisor.scratch import Identity
from harness.waiting import until

PREFIX = "rollproof-"
VERSION = (0, 33, 0)
"""The one that this is made for; older ones are refused."""
REMEDY = "install Go and run `go install sigs.k8s.io/kind@v0.33.0`, or see https://kind.sigs.k8s.io"
IMAGE = "HARNESS_KIND_IMAGE"
"""Environment variable that names the image of nodes; without it kind takes its own default."""
SETTINGS = "kind.yaml"
"""kind's own configuration, in the folder `environments`; what follows is used where there is none."""
_ENDPOINTS_LATE = """\
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
controllerManager:
  extraArgs:
    endpointslice-updates-batch-period: 500ms
"""
_ENDPOINTS_LATE_BY_LIST = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
controllerManager:
  extraArgs:
    - name: enable-hostpath-provisioner
      value: "true"
    - name: endpointslice-updates-batch-period
      value: 500ms
"""
DEFAULT: Json = {
    "kind": "Cluster",
    "apiVersion": "kind.x-k8s.io/v1alpha4",
    "nodes": [{"role": "control-plane", "labels": {SERVERS_NODE: "true"}}, {"role": "worker"}, {"role": "worker"}],
    "kubeadmConfigPatches": [_ENDPOINTS_LATE, _ENDPOINTS_LATE_BY_LIST],
}
DOORS = range(30080, 30084)
"""Node ports that are open on loopback: as many runs at a time can let users in there."""
CREATE_S_MAX = 600.0
DELETE_S_MAX = 120.0
ANSWER_S_MAX = 30.0
READY_S_MAX = 180.0
READY_POLL_S = 0.5
TAIL_LINES = 12
_VERSION = re.compile(r"v(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class KindCluster:
    """A cluster of ours. `owner` is the process that made it for itself; None: somebody wants to keep it."""

    name: str
    owner: str | None = None

    @property
    def folder(self) -> Path:
        return cache_folder() / "clusters" / self.name

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def kept(self) -> bool:
        return self.owner is None

    @property
    def abandoned(self) -> bool:
        """Its owner is dead."""
        try:
            return self.owner is not None and not Identity.parse(self.owner).lives
        except ValueError:
            return False

    @property
    def _note(self) -> Path:
        return self.folder / "cluster.json"

    def note(self) -> None:
        """So that every harness knows whose it is."""
        self._note.write_text(json.dumps({"owner": self.owner}))

    @classmethod
    def noted(cls, name: str) -> KindCluster:
        """One whose note is lost is nobody's: it is kept until somebody removes it."""
        try:
            owner = json.loads(cls(name)._note.read_text())["owner"]
        except (OSError, ValueError, KeyError, TypeError):
            owner = None
        return cls(name, None if owner is None else str(owner))

    def api(self) -> KubernetesApi:
        """Raises InvalidInput if its kubeconfig is lost."""
        return KubernetesApi(self.kubeconfig)


def full_name(name: str) -> str:
    """By which kind knows a cluster of ours. Raises InvalidInput for what cannot be one."""
    full = name if name.startswith(PREFIX) else PREFIX + name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", full):
        raise InvalidInput(f"a cluster cannot be called {name!r}: only small letters, digits and hyphens, at most 30")
    return full


def clusters() -> tuple[KindCluster, ...]:
    """Those that the harness made, whether they are wanted any more or not. Raises MissingServer."""
    names = _run("get", "clusters", timeout_s=ANSWER_S_MAX).split()
    return tuple(KindCluster.noted(name) for name in sorted(names) if name.startswith(PREFIX))


def is_ours(name: str) -> bool:
    """Whether the harness made the cluster of that name, as far as this user knows."""
    return name.startswith(PREFIX) and KindCluster(name).kubeconfig.exists()


def create(name: str, settings: Path | None, spawner: Spawner, log: Path, *, keep: bool = False) -> KindCluster:
    """Make the cluster. `settings` is kind's own configuration.

    It is this process's own, and left over when that dies, until all of its nodes are ready and it is to be kept; of
    one that is not, the nodes may still be getting ready. Raises InvalidInput, MissingServer, HarnessError with the
    last of what kind said, or if the kernel does not allow so many nodes; nothing of it is left then.
    """
    cluster = KindCluster(name, str(Identity.of(os.getpid())))
    configuration = _configuration(_read(settings), {door: free_port() for door in DOORS})
    need_instances(len(configuration["nodes"]))
    cluster.folder.mkdir(parents=True, exist_ok=True)
    cluster.note()
    file = cluster.folder / SETTINGS
    file.write_text(yaml.safe_dump(configuration))
    image = ("--image", os.environ[IMAGE]) if os.environ.get(IMAGE) else ()
    given = ("--name", name, "--kubeconfig", str(cluster.kubeconfig), "--config", str(file), *image)
    try:
        words = (need_kind(), "create", "cluster", *given)
        _await_end(spawner.spawn(Command("kind", words, variables=dict(os.environ), log=log)), log)
        if keep:
            await_ready(cluster)
            cluster = KindCluster(name)
            cluster.note()
    except BaseException as first:
        try:
            delete(cluster)
        except HarnessError as second:
            first.add_note(f"And then, while it was removed: {second}")
        raise
    return cluster


def _await_end(process: Process, log: Path) -> None:
    code = process.wait(CREATE_S_MAX)
    if code is None:
        process.signal(signal.SIGKILL)
        raise HarnessError(f"kind took longer than {CREATE_S_MAX:g} s{tail(log)}")
    if code != 0:
        raise HarnessError(f"kind ended with code {code}{tail(log)}")


def await_ready(cluster: KindCluster) -> None:
    """kind itself waits for the control plane alone. Raises HarnessError, naming the nodes that are not ready."""
    api = cluster.api()
    if not until(lambda: all(node.ready for node in api.nodes()), READY_S_MAX, READY_POLL_S):
        late = ", ".join(node.name for node in api.nodes() if not node.ready)
        raise HarnessError(f"{late} of the cluster {cluster.name} not ready within {READY_S_MAX:g} s")


def delete(cluster: KindCluster) -> None:
    """Raises MissingServer, HarnessError."""
    _run(*removal_of(cluster.name)[1:], timeout_s=DELETE_S_MAX)
    shutil.rmtree(cluster.folder, ignore_errors=True)


def removal_of(name: str) -> tuple[str, ...]:
    """The command that removes the cluster, for when this process cannot any more. Raises MissingServer."""
    return (need_kind(), "delete", "cluster", "--name", name, "--kubeconfig", str(KindCluster(name).kubeconfig))


def doors(engine: docker.DockerClient, nodes: list[str]) -> Mapping[int, Address]:
    """Node ports that are open on loopback, and where; asked of the engine, so that it is known of any cluster."""
    found: dict[int, Address] = {}
    with refusing("the ports of the cluster's nodes cannot be told"):
        for node in nodes:
            ports = engine.containers.get(node).ports
            for port in DOORS:
                for binding in ports.get(f"{port}/tcp") or ():
                    if binding["HostIp"] == HOST:
                        found[port] = Address(HOST, int(binding["HostPort"]))
    return found


def need_kind() -> str:
    """Where it is. Raises MissingServer if it is not on the PATH, or is too old."""
    program = shutil.which("kind")
    if program is None:
        raise MissingServer(f"kind is not on the PATH; {REMEDY}")
    version = version_text(program)
    if tuple(int(number) for number in version.split(".")) < VERSION:
        raise MissingServer(f"{program} is kind {version}, older than {_dotted(VERSION)}; {REMEDY}")
    return program


def version_text(program: str) -> str:
    """E.g. `0.33.0`. Raises MissingServer if it does not say."""
    try:
        said = subprocess.run(
            (program, "version"), check=True, capture_output=True, text=True, timeout=ANSWER_S_MAX
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingServer(f"{program} does not tell its version: {error}") from error
    match = _VERSION.search(said)
    if match is None:
        raise MissingServer(f"{program} does not tell its version, but {said.strip()!r}")
    return match[1]


def _run(*arguments: str, timeout_s: float) -> str:
    """What kind prints. Raises MissingServer, HarnessError with the last of what it said."""
    program = need_kind()
    try:
        done = subprocess.run((program, *arguments), check=True, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.CalledProcessError as error:
        last = "".join(f"\n  {line}" for line in error.stderr.strip().splitlines()[-TAIL_LINES:])
        raise HarnessError(f"kind {' '.join(arguments[:2])} failed{last}") from error
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"kind {' '.join(arguments[:2])} took longer than {timeout_s:g} s") from error
    return done.stdout


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


@dataclass(frozen=True)
class Load:
    """These images are to be copied to these nodes."""

    images: tuple[str, ...]
    nodes: tuple[str, ...]


def copy_images(cluster: str, loads: Iterable[Load], workspace: Workspace) -> None:
    """From the Docker engine, all at once. Raises MissingServer, HarnessError with the last of what kind said."""
    program, copies = need_kind(), []
    for number, load in enumerate(loads):
        log = workspace.logs / f"images-{number}.log"
        words = (program, "load", "docker-image", "--name", cluster, "--nodes", ",".join(load.nodes), *load.images)
        copies.append((workspace.spawner.spawn(Command("kind", words, variables=dict(os.environ), log=log)), log))
    for copy, log in copies:
        _await_end(copy, log)


def _read(settings: Path | None) -> Json:
    """Raises InvalidInput if it is not a configuration of kind's with a list of nodes."""
    if settings is None:
        return DEFAULT
    try:
        read = yaml.safe_load(settings.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(f"it cannot be read: {error}", file=settings) from error
    nodes = read.get("nodes") if isinstance(read, dict) else None
    if not isinstance(nodes, list) or not any(_is_control_plane(node) for node in nodes):
        raise InvalidInput("it needs a list of nodes, one of them with role: control-plane", file=settings)
    return dict(read)


def _configuration(settings: Json, ports: Mapping[int, int]) -> Json:
    """With doors on loopback into the first node of the control plane; `ports` are by node port."""
    nodes = [dict(node) for node in settings["nodes"]]
    first = next(node for node in nodes if _is_control_plane(node))
    first["extraPortMappings"] = [
        *first.get("extraPortMappings", ()),
        *({"containerPort": door, "hostPort": port, "listenAddress": HOST} for door, port in ports.items()),
    ]
    return {**settings, "nodes": nodes}


def _is_control_plane(node: object) -> bool:
    return isinstance(node, dict) and node.get("role") == "control-plane"
