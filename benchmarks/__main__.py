"""All benchmarks, one after the other: `python -m benchmarks`. Exit code 1 if a bar was missed."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "startup",
    "recoveries",
    "load",
    "checkers",
    "schemas",
    "avro_schemas",
    "protobuf_schemas",
    "replay",
    "replay_ray",
    "toxics",
    "linearizability",
    "canary",
    "canary_latency",
    "streams",
)


def main() -> int:
    """Each in a process of its own: the load's benchmark pins itself to a core."""
    codes = []
    for name in NAMES:
        print(f"── {name} ──", flush=True)
        codes.append(subprocess.run((sys.executable, "-m", f"benchmarks.{name}"), check=False).returncode)
        print(flush=True)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
