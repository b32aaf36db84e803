"""How long all anomalies of streams take to be looked for, in histories of 10⁵, 10⁶ and 10⁷ operations.

    python -m benchmarks.streams [OPERATIONS…]

Half of the operations send, half receive, by 50 producers and 100 consumers, on 100 streams with sparse offsets; one
message an operation. Every third producer's operations are transactions that also receive. Two things are wrong: one
message nobody received; one client went back, and so received one twice. Each history is judged in a process of its own
on two cores, from the Parquet file on, with every anomaly asked for. Exits 1 if a verdict is wrong, if ten million
operations took 20 s or 4 GB, or if ten times the operations took more than 15 times as long.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import psutil

from harness.consistency.streams.anomalies import ANOMALIES, Promises
from harness.consistency.streams.messages import read_messages
from harness.consistency.streams.verdict import judge
from harness.verdict import Status

SIZES = (100_000, 1_000_000, 10_000_000)
SECONDS_MAX_FULL, MEMORY_GB_MAX = 20.0, 4.0
GROWTH_MAX = 15.0
CORES = 2
STREAMS, PRODUCERS, CONSUMERS = 100, 50, 100
WRONG = {"lost-write", "nonmonotonic-poll", "consume-count"}

# Offsets have gaps, as transactions leave them, and after 5,000 messages one of a thousand million.
OFFSET = """
    CREATE MACRO offset_of(value) AS
        (value // {streams}) * 3 + (value // {streams} // 5000) * 1_000_000_000
"""
SENDS = """
    SELECT i % {producers} AS process, i AS operation, 'send' AS kind, i % {streams} AS stream,
        offset_of(i) AS "offset", i AS value,
        CASE WHEN i % 997 = 5 AND process % 3 > 0 THEN 'indeterminate' ELSE 'ok' END AS outcome,
        i * 1000 AS start_ns, i * 1000 + 200_000 AS end_ns
    FROM range({half}) AS sent(i)
"""
POLLS = """
    SELECT {producers} + i % {streams} AS process, {half} + i AS operation, 'poll' AS kind, stream, "offset", value,
        'ok' AS outcome, i * 1000 + 300_000 AS start_ns, i * 1000 + 500_000 AS end_ns
    FROM (SELECT operation AS i, stream, "offset", value FROM sends)
    WHERE i <> {half} // 2
"""
ALSO_RECEIVED = """
    SELECT process, operation, 'poll' AS kind, earlier % {streams} AS stream, offset_of(earlier) AS "offset",
        earlier AS value, outcome, start_ns, end_ns
    FROM (SELECT *, value - 3 * {streams} + CASE WHEN stream = {streams} - 1 THEN 1 - {streams} ELSE 1 END AS earlier
        FROM sends)
    WHERE process % 3 = 0 AND earlier >= 0 AND earlier <> {half} // 2
"""
WENT_BACK = """
    SELECT process, {half} * 2 AS operation, kind, stream, "offset", value, outcome, start_ns + 900_000_000_000,
        end_ns + 900_000_000_000
    FROM polls WHERE operation = {half} + 7
"""


@dataclass(frozen=True)
class Timed:
    operations: int
    messages: int
    read_s: float
    judge_s: float
    memory_gb: float
    wrong: list[str]

    @property
    def all_s(self) -> float:
        return self.read_s + self.judge_s

    def __str__(self) -> str:
        wrong = f"  WRONG: {', '.join(self.wrong)}" if self.wrong else ""
        times = f"{self.read_s:>9.2f}{self.judge_s:>9.2f}{self.all_s:>9.2f}{self.memory_gb:>9.2f}"
        return f"{self.operations:>12,}{self.messages:>12,}{times}{wrong}"


def make(file: Path, operations: int) -> None:
    """Save a history, its rows in the order in which they ended."""
    numbers = {"half": operations // 2, "streams": STREAMS, "producers": PRODUCERS}
    with closing(duckdb.connect(":memory:", config={"threads": CORES})) as connection:
        connection.execute(OFFSET.format(**numbers))
        for table, query in (("sends", SENDS), ("polls", POLLS), ("also", ALSO_RECEIVED)):
            connection.execute(f"CREATE TABLE {table} AS {query.format(**numbers)}")
        parts = ("FROM sends", "FROM polls", "FROM also", WENT_BACK.format(**numbers))
        rows = " UNION ALL ".join(f"({part})" for part in parts)
        connection.execute(f"COPY (FROM ({rows}) ORDER BY end_ns, operation, kind DESC) TO '{file}' (FORMAT parquet)")


def measure(file: Path, operations: int) -> Timed:
    began_s = time.perf_counter()
    messages = read_messages(file)
    read_s = time.perf_counter() - began_s
    names = [anomaly.name for anomaly in ANOMALIES]
    verdicts = list(judge(messages, names, Promises(isolated=True, lag_s_max=1)))
    judge_s = time.perf_counter() - began_s - read_s
    failed = {verdict.checker for verdict in verdicts if verdict.status is Status.FAIL}
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return Timed(operations, len(messages), read_s, judge_s, memory_gb, sorted(failed ^ WRONG))


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the search for anomalies of streams.")
    parser.add_argument("operations", type=int, nargs="*", default=SIZES)
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.judge is not None:
        print(json.dumps(asdict(measure(arguments.judge, *arguments.operations))))
        return 0
    print(f"Python {platform.python_version()} ({platform.machine()}), DuckDB {duckdb.__version__}, {CORES} cores\n")
    print(f"{'operations':>12}{'messages':>12}{'read s':>9}{'judge s':>9}{'all s':>9}{'GB':>9}")
    timed = [_in_a_process_of_its_own(operations) for operations in arguments.operations]
    print(f"bars: {SECONDS_MAX_FULL:.0f} s and {MEMORY_GB_MAX:.0f} GB for {SIZES[-1]:,} operations", end="")
    growths = [after.all_s / before.all_s for before, after in pairwise(timed)]
    print(f"; grew by {' and '.join(f'{growth:.1f}' for growth in growths)}" if growths else "")
    return 1 if any(map(_missed, timed)) or any(growth > GROWTH_MAX for growth in growths) else 0


def _in_a_process_of_its_own(operations: int) -> Timed:
    """So that its memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "messages.parquet"
        make(file, operations)
        command = (sys.executable, "-m", "benchmarks.streams", str(operations), "--judge", str(file))
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, preexec_fn=_on_two_cores)
    timed = Timed(**json.loads(told.stdout))
    print(timed, flush=True)
    return timed


def _on_two_cores() -> None:
    psutil.Process().cpu_affinity(list(range(CORES)))


def _missed(timed: Timed) -> bool:
    full = timed.operations == SIZES[-1]
    slow = full and timed.all_s > SECONDS_MAX_FULL
    return bool(timed.wrong) or slow or (full and timed.memory_gb > MEMORY_GB_MAX)


if __name__ == "__main__":
    sys.exit(main())
