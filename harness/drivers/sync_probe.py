"""How long it takes to write a page and sync it: `python -I -S sync_probe.py FILE TIMES [CGROUP]`.

A process of its own, standard library only, because it joins the control group in question. Prints the median in ms.
"""

from __future__ import annotations

import os
import sys
import time

PAGE = bytes(4096)


def main() -> None:
    file, times = sys.argv[1], int(sys.argv[2])
    for group in sys.argv[3:]:
        with open(os.path.join(group, "cgroup.procs"), "w") as members:
            members.write(str(os.getpid()))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    took = []
    for _ in range(times):
        began = time.monotonic()
        os.pwrite(descriptor, PAGE, 0)
        os.fsync(descriptor)
        took.append((time.monotonic() - began) * 1000)
    os.unlink(file)
    sys.stdout.write(f"{sorted(took)[times // 2]}\n")


if __name__ == "__main__":
    main()
