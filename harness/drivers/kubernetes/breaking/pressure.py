"""A pod that takes processors and memory from its node, within bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.drivers.kubernetes.api import CONTAINER, Json, Namespace
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods_state import state_of
from harness.errors import HarnessError
from harness.protocols import Taken
from harness.waiting import until

PRESS = """
n=0
while [ "$n" -lt "$0" ]; do (while :; do :; done) & n=$((n + 1)); done
{ head -c "$1" /dev/zero; exec sleep infinity; } | tail > /dev/null
"""
"""$0 is the number of busy loops, $1 how many bytes to hold; needs what every image with a shell has."""
ROOM_MB = 32
"""For the shells themselves."""
CPUS_MIN = 0.01
GONE_S_MAX = 30.0
POLL_S = 0.2


class PodPressure:
    """See protocols.Pressure."""

    def __init__(self, namespace: Namespace, nodes: Nodes, pod: str) -> None:
        self._namespace = namespace
        self._nodes = nodes
        self._pod = pod

    def taken(self) -> Taken:
        """By the account of the node's operating system; nothing before it has started."""
        pod = self._namespace.pod(self._pod)
        if pod is None:
            raise HarnessError(f"the pod {self._pod} is gone")
        state = state_of(pod)
        if state.exit_code is not None:
            raise HarnessError(f"the pod {self._pod} has ended with code {state.exit_code}: {state.trouble}")
        pid = self._nodes.pid(state.node, state.container) if state.container else None
        return Taken(0, 0) if pid is None else taken_by(self._nodes.run(state.node, *ACCOUNTS), pid)

    def end(self) -> None:
        self._namespace.delete_pod(self._pod, grace_s=0)
        if not until(lambda: self._namespace.pod(self._pod) is None, GONE_S_MAX, POLL_S):
            raise HarnessError(f"the pod {self._pod} was still there {GONE_S_MAX:g} s after it was deleted")


ACCOUNTS = ("ps", "-e", "-o", "pgid=,cputimes=,rss=")


def taken_by(accounts: str, group: int) -> Taken:
    """Of all processes in the group, whose first process has its number. Lines are as ACCOUNTS has them printed."""
    rows = [[int(number) for number in line.split()] for line in accounts.splitlines()]
    own = [row for row in rows if row[0] == group]
    return Taken(float(sum(row[1] for row in own)), sum(row[2] for row in own) / 1024)


def pressing_pod(image: str, node: str, labels: Mapping[str, str], cpus: float, memory_mb: int) -> Json:
    """It asks for all that it takes, so that the node gives it that, and no more."""
    bounds = {"cpu": f"{max(cpus, CPUS_MIN):g}", "memory": f"{memory_mb + ROOM_MB}Mi"}
    return {
        "metadata": {"generateName": "pressure-", "labels": dict(labels)},
        "spec": {
            "nodeName": node,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": CONTAINER,
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", PRESS, str(math.ceil(cpus)), str(memory_mb << 20)],
                    "resources": {"requests": bounds, "limits": bounds},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "runAsNonRoot": True,
                        "capabilities": {"drop": ["ALL"]},
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                }
            ],
        },
    }
