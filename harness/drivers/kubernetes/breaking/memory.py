"""Using up the memory that a container may have, from its node: what the container's image holds does not matter."""

from __future__ import annotations

from pathlib import PurePosixPath

from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.errors import HarnessError

LIMITS = ("memory.limit_in_bytes", "memory.max")
"""Where a control group of either kind keeps its limit."""
BYTES_MAX = 8 << 30
"""A limit above that is none."""
EAT = """
echo 1000 > "/proc/$1/oom_score_adj"
echo $$ > "$0/cgroup.procs"
killed() { cat "$0/memory.oom_control" "$0/memory.events" 2> /dev/null | sed -n 's/^oom_kill //p'; }
before=$(killed)
head -c "$2" /dev/zero | tail > /dev/null
echo $(($(killed) - before))
"""
"""$0 is the container's control group, $1 its first process, $2 how many bytes to hold. The kernel is to prefer the
container's process to ourselves; whoever it kills, we hold no more than we were told."""


def exhaust(nodes: Nodes, node: str, container: str) -> int:
    """Returns when the kernel has killed somebody: how many, by its own count of the control group, which is there as
    long as we are in it; 0 if it killed us as well. Raises HarnessError if the container does not run, or may have as
    much as it likes."""
    pid = nodes.pid(node, container)
    if pid is None:
        raise HarnessError(f"the container {container[:12]} does not run on {node}")
    group, limit = _group(nodes, node, container)
    _, said = nodes.ask(node, "sh", "-c", EAT, group, str(pid), str(limit))
    count = said.strip().rpartition("\n")[2]
    return int(count) if count.isdecimal() else 0


def _group(nodes: Nodes, node: str, container: str) -> tuple[str, int]:
    """The control group that limits the container's memory, and the limit in bytes."""
    found = nodes.run(node, "find", "/sys/fs/cgroup", "-path", f"*{container}*", "-name", "memory.*").splitlines()
    for file in sorted(found, key=len):
        path = PurePosixPath(file)
        if path.name in LIMITS:
            limit = nodes.run(node, "cat", file).strip()
            if limit.isdecimal() and int(limit) <= BYTES_MAX:
                return str(path.parent), int(limit)
    raise HarnessError(f"the container {container[:12]} has no limit of memory: nothing would stop what uses it up")
