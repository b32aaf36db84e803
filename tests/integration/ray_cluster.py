"""A cluster of Ray on loopback, of nodes with a processor each; in a process of its own, as Ray keeps much of itself.

python -m tests.integration.ray_cluster NODES     # prints its address, and ends when its input does
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from harness.drivers.ports import free_port
from harness.replay.engines import RAY_SETTINGS

AGENT_PORTS = ("runtime_env_agent_port", "metrics_agent_port", "metrics_export_port")
LISTEN_PORT = "dashboard_agent_listen_port"
ADDRESS = "127.0.0.2"
"""Ray takes it as it is; for 127.0.0.1 it puts the machine's address on its network."""


@contextmanager
def ray_cluster(nodes: int) -> Iterator[str]:
    """Its address. Raises RuntimeError with what Ray said if it does not come up."""
    with tempfile.TemporaryFile("w+") as said, _process(nodes, said) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            process.wait()
            said.seek(0)
            raise RuntimeError(f"a cluster of Ray did not come up: {said.read()}")
        yield address


def _process(nodes: int, said: IO[str]) -> subprocess.Popen[str]:
    """Leaving it closes its input, and waits for its end."""
    return subprocess.Popen(
        (sys.executable, "-m", "tests.integration.ray_cluster", str(nodes)),
        env={**os.environ, **RAY_SETTINGS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
    )


def serve(nodes: int) -> None:
    from ray._private import services  # noqa: PLC0415 (an extra)
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    services.start_ray_process = _with_listen_port(services.start_ray_process)
    cluster = Cluster(initialize_head=True, head_node_args={**_node(), "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**_node())
        print(cluster.address, flush=True)  # noqa: T201
        sys.stdin.read()
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


def _node() -> dict[str, Any]:
    """A node waits 15 and 30 s, and no longer, for its agents to write down the ports that they chose: so it is given
    some. `wait` would have the cluster wait for the node once more, 30 s and no longer.
    """
    ports = {name: free_port() for name in AGENT_PORTS}
    return {"num_cpus": 1, "node_ip_address": ADDRESS, "wait": False, **ports}


def _with_listen_port(start: Callable[..., object]) -> Callable[..., object]:
    """A raylet takes one port of its agents by a flag that Ray's Python does not pass on, so it would wait for it."""

    def start_with_it(command: list[str], *rest: object, **named: object) -> object:
        raylet = any(word.startswith("--dashboard_agent_command=") for word in command)
        return start([*command, f"--{LISTEN_PORT}={free_port()}"] if raylet else command, *rest, **named)

    return start_with_it


if __name__ == "__main__":
    serve(int(sys.argv[1]))
