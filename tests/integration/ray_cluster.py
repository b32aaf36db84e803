"""A cluster of Ray on loopback, of nodes with a processor each; in a process of its own, as Ray keeps much of itself.

python -m tests.integration.ray_cluster NODES     # prints its address, and ends when its input does
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ADDRESS = "127.0.0.2"
"""Ray takes it as it is; for 127.0.0.1 it puts the machine's address on its network."""
GOES_MAX = 5
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def ray_cluster(nodes: int) -> Iterator[str]:
    """Its address. Ray gives a node 30 s to start and no more, so a busy machine gets several goes."""
    for _ in range(GOES_MAX):
        with _process(nodes) as process:
            assert process.stdout is not None
            if address := process.stdout.readline().strip():
                yield address
                return
    raise RuntimeError(f"a cluster of Ray did not come up, {GOES_MAX} times over")


def _process(nodes: int) -> subprocess.Popen[str]:
    """Leaving it closes its input, and waits for its end."""
    return subprocess.Popen(
        (sys.executable, "-m", "tests.integration.ray_cluster", str(nodes)),
        env={**os.environ, **QUIET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def serve(nodes: int) -> None:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 (an extra)

    node: dict[str, Any] = {"num_cpus": 1, "node_ip_address": ADDRESS}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**node)
        print(cluster.address, flush=True)  # noqa: T201
        sys.stdin.read()
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    serve(int(sys.argv[1]))
