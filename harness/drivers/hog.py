"""Takes a share of one processor, and memory, until it is killed: `python -I -S hog.py SHARE MEMORY_MB`.

A process of its own, standard library only. It rests between bursts, so that it takes its share and no more.
"""

from __future__ import annotations

import sys
import time

PERIOD_S = 0.05
PAGE = 4096


def main() -> None:
    share, memory_mb = float(sys.argv[1]), int(sys.argv[2])
    memory = bytearray(memory_mb << 20)
    for page in range(0, len(memory), PAGE):
        memory[page] = 1  # what is only zero need not be there
    while True:
        began = time.process_time()
        while time.process_time() - began < share * PERIOD_S:
            pass
        time.sleep((1 - share) * PERIOD_S)


if __name__ == "__main__":
    main()
