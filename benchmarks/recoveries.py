"""How soon the ledger and the supervisor are themselves again: what tests only ask to happen at all.

    python -m benchmarks.recoveries [--rounds N]

Prints the median, the least and the most in ms; exits 1 if a median misses its bar. A machine that is busy is slower.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from harness.waiting import until
from tests.environments.ledger.observations import all_published, leader_of
from tests.environments.ledger.servers import Postgres, World

ROUNDS = 5
PATIENCE_S = 30.0
POLL_S = 0.002
TAKEOVER = "killed relay: another publishes"
BROKER = "broker killed, started: all is published"
EXIT = "SIGTERM: the service has exited"
DEAD = "killed harness: nothing of it is left"
BARS_MS: Mapping[str, int] = {TAKEOVER: 1200, BROKER: 2000, EXIT: 3000, DEAD: 1000}
HARNESS = """
import signal, sys
from pathlib import Path
from harness.protocols import Command
from harness.supervisor import Supervisor
scratch = Path(sys.argv[1])
with Supervisor("benchmark", scratch) as supervisor:
    (scratch / "data").write_text("x")
    child = supervisor.spawn(Command("child", (sys.executable, "-c", "import signal; signal.pause()")))
    print(child.pid, flush=True)
    signal.pause()
"""


def took_ms(condition: Callable[[], bool], what: str) -> float:
    began_s = time.monotonic()
    if not until(condition, PATIENCE_S, POLL_S):
        raise TimeoutError(f"not within {PATIENCE_S:g} s: {what}")
    return (time.monotonic() - began_s) * 1000


@contextmanager
def world(postgres: Postgres) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder, World(Path(folder), postgres) as running:
        yield running


def takeover_ms(postgres: Postgres, numbers: Iterator[int]) -> float:
    with world(postgres) as running:
        instances = running.services("1.0", "1.0")
        leader = leader_of(instances)
        instances[0].open(next(numbers))
        leader.kill()
        [other] = [instance for instance in instances if instance is not leader]
        return took_ms(other.leads, TAKEOVER)


def broker_ms(postgres: Postgres, numbers: Iterator[int]) -> float:
    with world(postgres) as running:
        [instance] = running.services("1.0")
        leader_of([instance])
        running.nats.stop()
        for _ in range(20):
            instance.open(next(numbers))
        running.nats.start()
        return took_ms(lambda: all_published(running), BROKER)


def exit_ms(postgres: Postgres, numbers: Iterator[int]) -> float:
    with world(postgres) as running:
        [instance] = running.services("1.0")
        instance.open(next(numbers))
        instance.process.terminate()
        return took_ms(lambda: instance.process.poll() is not None, EXIT)


def dead_ms() -> float:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch"
        argv = (sys.executable, "-c", HARNESS, str(scratch))
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
            assert harness.stdout is not None
            child = int(harness.stdout.readline())
            harness.send_signal(signal.SIGKILL)
            return took_ms(lambda: not scratch.exists() and not Path(f"/proc/{child}").exists(), DEAD)


def main() -> int:
    parser = argparse.ArgumentParser(description="Times recoveries.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    measured: dict[str, list[float]] = defaultdict(list)
    numbers = count(1)
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        Path(folder).chmod(0o755)  # for the account that PostgreSQL runs as
        postgres = Postgres(Path(folder))
        try:
            for _ in range(rounds):
                measured[TAKEOVER].append(takeover_ms(postgres, numbers))
                measured[BROKER].append(broker_ms(postgres, numbers))
                measured[EXIT].append(exit_ms(postgres, numbers))
                measured[DEAD].append(dead_ms())
        finally:
            postgres.stop()
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{rounds} rounds, {os.cpu_count()} cores, load {load}\n{'':<44}{'median':>8}{'least':>8}{'most':>8}  ms")
    for what, times in measured.items():
        print(f"{what:<44}{median(times):>8.0f}{min(times):>8.0f}{max(times):>8.0f}  under {BARS_MS[what]}")
    return int(any(median(times) > BARS_MS[what] for what, times in measured.items()))


if __name__ == "__main__":
    raise SystemExit(main())
