"""The kernel's inotify instances: every node of a cluster of kind needs some, and a user has few, 128 by default.

A node that gets none does not start, and says nothing of the reason: systemd in it stops before it has a log.
See kind's list of known issues, "too many open files".
"""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import ExitStack
from pathlib import Path

from harness.errors import HarnessError

A_NODE = 19
"""As counted on nodes of Kubernetes 1.33 with nothing deployed on them."""
SETTING = "fs.inotify.max_user_instances"
_FILE = Path("/proc/sys/fs/inotify/max_user_instances")
_libc = ctypes.CDLL(None, use_errno=True)


def need_instances(nodes: int) -> None:
    """Raises HarnessError if as many nodes would not get what they need."""
    needed = nodes * A_NODE
    try:
        left = free_instances(needed)
    except OSError as error:
        raise HarnessError(f"nodes need inotify, which this kernel refuses: {error}") from error
    if left < needed:
        most = int(_FILE.read_text())
        raise HarnessError(
            f"{nodes} nodes need about {needed} inotify instances, and of the {most} that a user may have here {left} "
            f"are left; `sysctl -w {SETTING}={max(512, most + needed)}` allows more"
        )


def free_instances(most: int) -> int:
    """How many this user could have, counted up to `most`. Raises OSError if there are none at all in this kernel."""
    with ExitStack() as opened:
        for count in range(most):
            descriptor = _libc.inotify_init1(os.O_CLOEXEC)
            if descriptor < 0:
                if (code := ctypes.get_errno()) != errno.EMFILE:
                    raise OSError(code, os.strerror(code))
                return count
            opened.callback(os.close, descriptor)
    return most
