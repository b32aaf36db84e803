"""Free ports of 127.0.0.1, each given once."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

from harness.errors import HarnessError

HOST = "127.0.0.1"
LOWEST = 10240
ATTEMPTS_MAX = 1000

_given: set[int] = set()
_lock = threading.Lock()


def free_port() -> int:
    """A port that nobody listens at, and that this process never gives again.

    Not one the kernel would pick (bind to 0): those are also the source ports of outgoing connections, so a load of
    new connections could take an instance's port while it is down, and its restart would fail. Raises HarnessError if
    no port is free.
    """
    highest = _lowest_ephemeral() - 1
    for _ in range(ATTEMPTS_MAX):
        port = random.randint(LOWEST, highest)
        with _lock:
            if port in _given or not _is_free(port):
                continue
            _given.add(port)
            return port
    raise HarnessError(f"no free port between {LOWEST} and {highest} of {HOST}")


def _lowest_ephemeral() -> int:
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
