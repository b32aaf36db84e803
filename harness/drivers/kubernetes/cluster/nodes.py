"""The nodes of a kind cluster, which are containers of this machine: they are looked into, and switched off and on.

Kubernetes itself lets nobody send a SIGKILL or a SIGSTOP to a process of a pod, and tells no process ids.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping

import docker
from docker.models.containers import Container

from harness.drivers.containers.engine import refusing
from harness.drivers.processes import is_stopped
from harness.errors import HarnessError

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
CTR = ("ctr", "--namespace", "k8s.io")
"""containerd's own client, which every node has."""
FIRST = 8 * 1024
"""Shares of the processors, of which every container has 1024 that is not given others."""


class Nodes:
    """Containers of pods by their node's name and their id. Raises HarnessError if the engine does not answer."""

    def __init__(self, engine: docker.DockerClient, names: Iterable[str]) -> None:
        with refusing("the cluster's nodes cannot be found"):
            self._nodes: dict[str, Container] = {name: engine.containers.get(name) for name in names}

    @classmethod
    def of_cluster(cls, engine: docker.DockerClient, cluster: str) -> Nodes:
        """All nodes of a kind cluster, those that are off as well."""
        with refusing(f"the nodes of {cluster} cannot be listed"):
            found = engine.containers.list(all=True, filters={"label": f"{CLUSTER_LABEL}={cluster}"})
        return cls(engine, [str(container.name) for container in found])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def is_on(self, node: str) -> bool:
        """As the engine says."""
        with refusing(f"{node} cannot be found"):
            self._nodes[node].reload()
        return bool(self._nodes[node].status == "running")

    def switch_off(self, node: str) -> None:
        """Without a warning to anybody in it."""
        with refusing(f"{node} cannot be switched off"):
            self._nodes[node].stop(timeout=0)

    def switch_on(self, node: str) -> None:
        with refusing(f"{node} cannot be switched on"):
            self._nodes[node].start()

    def put_first(self, node: str) -> None:
        """It waits for no other node's work while the machine is busy.

        So that the stores and the load's workers that are on it measure the system, not who got a processor.
        """
        with refusing(f"{node} cannot be put before other nodes"):
            self._nodes[node].update(cpu_shares=FIRST)

    def pid(self, node: str, container: str) -> int | None:
        """Of its first process, as the node numbers it; None if it does not run, or its node does not."""
        if not self.is_on(node):
            return None
        for line in self.run(node, *CTR, "tasks", "ls").splitlines():
            words = line.split()
            if words[0] == container and words[2] in ("RUNNING", "PAUSED"):
                return int(words[1])
        return None

    def signal(self, node: str, container: str, number: int) -> bool:
        """To all of its processes; False if it had ended before."""
        if not self.is_on(node):
            return False
        name = signal.Signals(number).name
        code, output = self.ask(node, *CTR, "tasks", "kill", "--all", "--signal", name, container)
        if code and self.pid(node, container) is not None:
            raise HarnessError(f"{name} cannot be sent to a container on {node}: {output.strip()}")
        return code == 0

    def images(self, node: str) -> Mapping[str, str]:
        """Digests of the images that it has, by every reference to them."""
        rows = (line.split() for line in self.run(node, *CTR, "images", "ls").splitlines()[1:])
        return {row[0]: row[2] for row in rows if len(row) > 2}

    def stopped(self, node: str, pid: int) -> bool:
        """Whether the process is stopped, as the node's operating system says."""
        code, stat = self.ask(node, "cat", f"/proc/{pid}/stat")
        return code == 0 and is_stopped(stat)

    def run(self, node: str, *command: str) -> str:
        """What it printed. Raises HarnessError if it ended badly."""
        code, output = self.ask(node, *command)
        if code:
            raise HarnessError(f"{' '.join(command)} ended with code {code} on {node}: {output.strip()}")
        return output

    def ask(self, node: str, *command: str) -> tuple[int, str]:
        """Its exit code, and what it printed."""
        with refusing(f"{command[0]} cannot be run on {node}"):
            code, output = self._nodes[node].exec_run(list(command))
        assert isinstance(output, bytes)
        return int(code or 0), output.decode(errors="replace")
