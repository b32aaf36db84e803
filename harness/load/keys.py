"""Numbers of operations that no other request of this or an earlier run has."""

from __future__ import annotations

import time

PER_PROBER = 1 << 22


def load_keys() -> int:
    """The keys of a load are above this, and below those of any load that starts later."""
    # Seconds leave room for two thousand million keys a run; and no two runs share a store and start in one second.
    return int(time.time()) << 31


def prober_keys(load_keys: int, prober: int) -> int:
    """Those of the probers, who are counted from 0, are in the upper half of the room that the load of the run has."""
    return load_keys + (1 << 30) + prober * PER_PROBER
