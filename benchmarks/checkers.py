"""How long all checkers take to judge a million requests on one core.

    python -m benchmarks.checkers [requests]

The history is made by SQL, the same each time: a ledger with 1,000 accounts, a quarter of the requests transfers of two
events each, one in five hundred failed, one in a thousand sent late, one stall and one fault. It is saved as a run
saves it, and read from the files. Exits 1 if judging took longer than the bar, or if a checker did not pass. The bar is
held against the time of the core, which on a busy machine is less than that of the wall.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import duckdb
import psutil

from harness.checkers import default_checkers
from harness.environment import Consumer, Environment, Events, Operation, Projection
from harness.history import TABLES, History, Kind, Moment, RunFacts
from harness.recording import write_facts, write_timeline
from harness.scenario import Slo
from harness.verdict import Status

REQUESTS_DEFAULT = 1_000_000
RATE_PER_S = 1_000
BAR_S_PER_MILLION = 5.0
CORE = 0

LEDGER = Environment(
    name="ledger",
    folder=Path(),
    stores=(),
    services=(),
    versions=(),
    operations=(Operation("transfer", writes=True, conserves=True), Operation("balance", writes=False)),
    events=Events("postgres", "", ""),
    consumer=Consumer("nats", "LEDGER", ("ledger.>",)),
    projection=Projection("postgres", "", ""),
)

ASKED = """
    CREATE TABLE asked AS SELECT
        number,
        number * 1_000_000 AS scheduled_ns,
        number % 4 = 0 AS transfers,
        number % 500 = 7 AS fails,
        hash(number) % 1000 + 1 AS account,
        (hash(number) + hash(number + 1) % 999 + 1) % 1000 + 1 AS other,
        scheduled_ns + CASE WHEN number % 1000 = 11 THEN 60_000_000 ELSE hash(number + 2) % 300_000 END AS sent_ns,
        sent_ns + 2_000_000 + hash(number + 3) % 20_000_000 AS done_ns
    FROM range($requests) AS numbers(number)
"""
MOVED = """
    CREATE TABLE moved AS
    WITH legs AS (
        SELECT number, 0 AS leg, account, -5 AS amount, sent_ns FROM asked WHERE transfers AND NOT fails
        UNION ALL SELECT number, 1, other, 5, sent_ns FROM asked WHERE transfers AND NOT fails
    )
    SELECT *, row_number() OVER (ORDER BY sent_ns, number, leg) AS sequence,
        row_number() OVER (PARTITION BY account ORDER BY sent_ns, number, leg) AS position
    FROM legs
"""
STORE = """
    SELECT 'account-' || account AS stream, position, number + 1 AS key, 'Moved' AS type, amount, sequence
    FROM moved ORDER BY sequence
"""
CONSUMED = """
    SELECT sent_ns + 30_000_000 AS seen_ns, sequence AS broker_sequence, false AS redelivered,
        'account-' || account AS stream, position, number + 1 AS key, 'Moved' AS type
    FROM moved ORDER BY sequence
"""
PROJECTION = """
    SELECT 'account-' || account AS stream, sum(amount)::BIGINT AS value, max(position) AS position
    FROM moved GROUP BY account
"""
ANSWERED = """
    SELECT scheduled_ns, asked.sent_ns, done_ns AS first_byte_ns, done_ns,
        CASE WHEN asked.number % 10 = 3 THEN 'new' ELSE 'kept' END AS lane,
        CASE WHEN transfers THEN 'transfer' ELSE 'balance' END AS operation,
        CASE WHEN transfers THEN asked.number + 1 END AS key,
        asked.account AS stream,
        CASE WHEN NOT fails THEN moved.position END AS position,
        CASE WHEN fails THEN 'fail' ELSE 'ok' END AS outcome,
        CASE WHEN fails THEN 'status' END AS error,
        CASE WHEN fails THEN 503 ELSE 200 END AS status,
        CASE WHEN fails THEN NULL WHEN asked.number < $requests // 2 THEN '1.0' ELSE '2.0' END AS version,
        'ledger-' || (asked.number % 3 + 1) AS instance,
        200 AS bytes, 1 AS attempts, asked.number % 64 AS session, false AS closed_loop
    FROM asked ASOF LEFT JOIN moved ON asked.account = moved.account AND asked.sent_ns >= moved.sent_ns
    ORDER BY scheduled_ns
"""


def make(folder: Path, requests: int) -> None:
    """Save the history of a run with that many requests."""
    ends_ns = requests * 1_000_000
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(ASKED, {"requests": requests})
        connection.execute(MOVED)
        connection.execute(f"CREATE TABLE answered AS {ANSWERED}", {"requests": requests})
        sources = {"requests": "FROM answered", "store": STORE, "consumed": CONSUMED, "projection": PROJECTION}
        for table, source in sources.items():
            columns = ", ".join(f"{column}::{kind} AS {column}" for column, kind in TABLES[table].items())
            target = f"'{folder / table}.parquet' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
            connection.execute(f"COPY (SELECT {columns} FROM ({source})) TO {target}")
    write_facts(folder, _facts(ends_ns))
    write_timeline(folder, _timeline(ends_ns))


def _facts(ends_ns: int) -> RunFacts:
    return RunFacts(
        run_id="benchmark", scenario="benchmark", summary="", environment="ledger", driver="none", strategy="canary",
        old="1.0", new="2.0", ending="complete", seed=1, command="", started_at="2030-01-01T00:00:00Z", origin_ns=0,
        load_ends_ns=ends_ns, rate_per_s=RATE_PER_S, faults=("kill",), steps=("canary",), writes=("transfer",),
        conserves=("transfer",), replicas={"ledger": 1},
    )  # fmt: skip


def _timeline(ends_ns: int) -> list[Moment]:
    half_ns = ends_ns // 2
    return [
        Moment(1, Kind.STEP, "canary", until_ns=half_ns),
        Moment(half_ns, Kind.WEIGHTS, "weights", detail={"2.0": 100}),
        Moment(half_ns, Kind.FLEET, "fleet", detail={"ledger-4": "2.0"}),
        Moment(half_ns, Kind.ENDED, "deployment", detail={"outcome": "complete"}),
        Moment(
            half_ns, Kind.FAULT, "kill", half_ns + 1_000_000_000, {"target": "ledger-1", "bit": True, "healed": True}
        ),
        Moment(half_ns // 2, Kind.STALL, "stall", half_ns // 2 + 50_000_000),
        Moment(ends_ns, Kind.QUIET, "quiet", detail={"reached": True, "settled": True, "waited_s": 1.0}),
        *(
            Moment(at_ns, Kind.LAG, "projection", detail={"reached": at_ns // 1_000_000, "head": at_ns // 1_000_000})
            for at_ns in range(0, ends_ns, 250_000_000)
        ),
    ]


def main() -> int:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS_DEFAULT
    psutil.Process().cpu_affinity([CORE])
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        make(Path(folder), requests)
        size = (Path(folder) / "requests.parquet").stat().st_size
        print(f"{requests:,} requests made in {time.perf_counter() - began_s:.1f} s; {size / requests:.1f} bytes each")
        print(f"{_machine()}; DuckDB {duckdb.__version__}, one thread on one core\n")
        return _judge(Path(folder), requests)


def _judge(folder: Path, requests: int) -> int:
    print(f"{'':<18}{'core s':>8}{'wall s':>8}")
    began = _Clock()
    with History.load(folder) as history:
        print(f"{'open':<18}{began}")
        bad = 0
        for checker in default_checkers(LEDGER, Slo()):
            clock = _Clock()
            verdict = checker.check(history)
            bad += verdict.status is not Status.PASS
            print(f"{checker.name:<18}{clock}  {verdict.status.word}: {verdict.reason}")
        memory_mb = psutil.Process().memory_info().rss >> 20
    bar_s = BAR_S_PER_MILLION * requests / 1_000_000
    print(f"{'all':<18}{began}  (bar: {bar_s:.1f} s); {memory_mb} MB resident")
    return 1 if bad or began.core_s > bar_s else 0


class _Clock:
    """Time since it was made."""

    def __init__(self) -> None:
        self._core_s, self._wall_s = time.process_time(), time.perf_counter()

    @property
    def core_s(self) -> float:
        return time.process_time() - self._core_s

    def __str__(self) -> str:
        return f"{self.core_s:>8.3f}{time.perf_counter() - self._wall_s:>8.3f}"


def _machine() -> str:
    names = [line.partition(": ")[2] for line in _cpuinfo() if line.startswith("model name")]
    return (
        f"{names[0] if names else platform.processor()}, {psutil.cpu_count()} cores, Python {platform.python_version()}"
    )


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


if __name__ == "__main__":
    raise SystemExit(main())
