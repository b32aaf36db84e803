"""What a second worker of Ray brings: the same recording replayed on clusters of one node and of two.

    python -m benchmarks.replay_ray [--events N]

Each node has one processor. The verdicts have to be the same; there is no bar, as on a machine of which both processors
are busy otherwise there is nothing to gain.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.replay.engines import Engine, Local, Ray, Work
from harness.replay.plan import Plan, Tallies
from harness.replay.process import Limits
from harness.replay.replaying import Judged, replay
from harness.replay.versions import HELPER, Version
from harness.streams.event import RecordedEvent
from harness.streams.files import open_recording, write_recording
from tests.integration.ray_cluster import ray_cluster

ROOT = Path(__file__).parents[1]
EVENTS_DEFAULT = 100_000
STREAM_EVENTS = 500
LIMITS = Limits(start_s=300, answer_s=300)


def fold(state: dict[str, int] | None, _: object) -> dict[str, int]:
    """What a version does: a hundred microseconds of Python for an event."""
    total = state["total"] if state else 0
    for number in range(2_000):
        total = (total * 31 + number) % 1_000_003
    return {"total": total}


@dataclass
class Timed:
    """An engine, told to split into as many parts whatever it has, and how long it took for all of them."""

    engine: Engine
    workers: int = 4
    took_s: list[float] = field(default_factory=list)

    def run(self, works: Sequence[Work]) -> Iterator[Tallies]:
        began_s = time.perf_counter()
        yield from self.engine.run(works)
        self.took_s.append(time.perf_counter() - began_s)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=EVENTS_DEFAULT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "recording.parquet")
        write_recording(file, recorded(options.events))
        print(
            f"{options.events:,} events in {options.events // STREAM_EVENTS:,} streams; load {os.getloadavg()[0]:.1f}\n"
        )
        print(f"{'':<20}{'seconds':>10}{'times as fast':>16}", flush=True)
        local, took_s = measure(file, Local())
        print(f"{'this process':<20}{took_s:>10.1f}", flush=True)
        rates = []
        for nodes in (1, 2):
            with ray_cluster(nodes) as address:
                judged, took_s = measure(file, Ray(address))
            assert judged == local, "the verdicts differ"
            rates.append(1 / took_s)
            print(f"{f'Ray, workers: {nodes}':<20}{took_s:>10.1f}{rates[-1] / rates[0]:>16.2f}", flush=True)
    return 0


def recorded(events: int) -> Iterator[RecordedEvent]:
    for number in range(events):
        stream, position = f"stream-{number // STREAM_EVENTS}", number % STREAM_EVENTS + 1
        yield RecordedEvent(stream, position, "counted", 1, b'{"amount":%d}' % number)


def measure(file: Path, engine: Engine) -> tuple[Judged, float]:
    """What was judged, and how long all parts took, from a cluster's first word to the last result."""
    argv = (sys.executable, str(HELPER), "benchmarks.replay_ray:fold")
    plan = Plan((Version("fold", argv, {"PYTHONPATH": str(ROOT)}, ROOT),), LIMITS)
    timed = Timed(engine)
    judged = replay(plan, open_recording(file), timed)
    return judged, timed.took_s[0]


if __name__ == "__main__":
    sys.exit(main())
