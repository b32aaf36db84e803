"""How fast recorded events are decoded, upcast and folded on one core, and checked by columns; how that grows.

    python -m benchmarks.replay [--events N] [--largest N]

The figures are of processor time, as the machine may be busy with other things. A plain loop of Python is timed beside
them, by which machines can be compared: the bars are held against what it would be on a core on which that loop does
LOOP_PER_S. Exits 1 if one was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import duckdb
from msgspec import Struct

from harness.replay.helper import typed
from harness.streams import census
from harness.streams.files import open_recording
from harness.streams.heads import open_heads
from harness.streams.parquet import COLUMNS
from harness.verdict import Status

EVENTS_DEFAULT = 1_000_000
STREAMS_OF = 1_000
"""Events of a stream."""
FOLD_BAR_PER_S = 1_000_000
COLUMNS_BAR_PER_S = 10_000_000
LOOP_PER_S = 25e6
"""What `for number in range(n): total += number` does with Python 3.11 on a core of about 3 GHz."""
ROUNDS = 3


class Amount(Struct, gc=False):
    amount: int
    currency: str = ""


class Line(Struct, tag_field="type", gc=False):
    position: int
    data: Amount
    version: int = 1


class Opened(Line, tag="ledger.opened", gc=False):
    pass


class Credited(Line, tag="ledger.credited", gc=False):
    pass


class Debited(Line, tag="ledger.debited", gc=False):
    pass


class Account:
    __slots__ = ("balance", "currency", "events")

    def __init__(self) -> None:
        self.balance, self.currency, self.events = 0, "", 0


def gained(account: Account, event: Opened | Credited) -> Account:
    data = event.data
    account.currency = data.currency if event.version >= 2 else "EUR"  # the upcast: version 1 knew no other
    account.balance += data.amount
    account.events += 1
    return account


def lost(account: Account, event: Debited) -> Account:
    data = event.data
    account.currency = data.currency if event.version >= 2 else "EUR"
    account.balance -= data.amount
    account.events += 1
    return account


class Ledger:
    events: ClassVar = (Opened, Credited, Debited)
    fold: ClassVar[dict[type, Callable[..., Account]]] = {Opened: gained, Credited: gained, Debited: lost}
    start = Account


def line(number: int) -> bytes:
    """One event of 200 bytes, every other one of version 1."""
    data: dict[str, object] = {"at": "2026-01-01T00:00:00.000000+00:00", "key": 10**9 + number, "amount": number % 997}
    event = {
        "stream": f"account-{number // STREAMS_OF:07}",
        "position": number % STREAMS_OF + 1,
        "type": ("ledger.opened", "ledger.credited", "ledger.debited")[min(number % STREAMS_OF, 1 + number % 2)],
        "version": 1 + number % 2,
        "data": {**data, "currency": "EUR"} if number % 2 else data,
    }
    text = json.dumps(event, separators=(",", ":"))
    padding = 200 - len(text) - len(',"metadata":{"by":""}') - 1
    return (text[:-1] + ',"metadata":{"by":"' + "x" * padding + '"}}\n').encode()


def make_lines(file: Path, events: int) -> None:
    file.write_bytes(b"".join(map(line, range(min(events, EVENTS_DEFAULT)))))


def fold(file: Path, events: int) -> int:
    """All events into one state, none kept; how many there were, as the state says."""
    state = typed.fold_lines(_chunks(file, events), typed.decoder_of(Ledger.events), Ledger.fold, Account())
    return int(state.events)


def _chunks(path: Path, events: int) -> Iterator[bytes]:
    """A file of a million events is read as often as is needed: what is measured is no disk."""
    for _ in range(-(-events // EVENTS_DEFAULT)):
        with path.open("rb") as file:
            while chunk := file.read(typed.CHUNK_BYTES):
                yield chunk + file.readline()


def make_columns(file: Path, events: int, of_stream: int = STREAMS_OF) -> None:
    """`of_stream` of them make a stream."""
    query = f"""
        SELECT 'account-' || lpad((number // {of_stream})::VARCHAR, 7, '0') AS stream,
            number % {of_stream} + 1 AS position,
            CASE WHEN number % {of_stream} = 0 THEN 'ledger.opened'
                 WHEN number % 2 = 1 THEN 'ledger.debited' ELSE 'ledger.credited' END AS type,
            1 + number % 2 AS version,
            encode('{{"at":"2026-01-01T00:00:00.000000+00:00","key":' || number || ',"amount":' || number % 997 || '}}')
                AS data,
            '{{}}' AS metadata
        FROM range({events}) AS numbers(number)
    """
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in COLUMNS.items())
    with closing(duckdb.connect()) as connection:
        connection.execute(f"COPY (SELECT {columns} FROM ({query})) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")


def check_positions(file: Path, _: int) -> int:
    """Counted by type and version, and no stream with a hole or a position twice."""
    with open_heads(open_recording(file)) as (connection, broken):
        [(events,)] = connection.execute(
            "SELECT sum(events) FROM (SELECT type, version, count(*) AS events FROM heads GROUP BY ALL)"
        ).fetchall()
        verdict = census.check_positions(connection)
    assert verdict.status is Status.PASS, verdict
    assert not broken
    return int(events)


def take_census(file: Path, _: int) -> int:
    """That, and the sizes of all data."""
    return census.take_census(open_recording(file)).events


# ── measuring ────────────────────────────────────────────────────────────────────────────────────────────────────────


def per_core_second(work: Callable[[], int]) -> float:
    """The work a second of processor time."""
    began_s = time.process_time()
    done = work()
    return done / (time.process_time() - began_s)


def plain_loop() -> int:
    total = 0
    for number in range(2_000_000):
        total += number
    return 2_000_000


def empty_loop_s() -> float:
    """The best of some; what is said of this machine."""

    def loop() -> int:
        for _ in range(10**7):
            pass
        return 1

    return min(1 / per_core_second(loop) for _ in range(ROUNDS))


@dataclass(frozen=True)
class Measured:
    """`rate` is the best of the rounds on this core; `usual` what the median would be on a core of LOOP_PER_S."""

    rate: float
    usual: float
    loop: float
    memory_mb: int


@dataclass(frozen=True)
class Row:
    """`bar_per_s` is held from `held_from` events on: below, the 30 ms that DuckDB takes to start are much of it."""

    name: str
    work: Callable[[Path, int], int]
    bar_per_s: float = 0
    held_from: int = 0


ROWS: Mapping[str, Row] = {
    "fold": Row("decode + upcast + fold, 200 bytes", fold, FOLD_BAR_PER_S),
    "positions": Row("count, holes, doubles by columns", check_positions, COLUMNS_BAR_PER_S, 10_000_000),
    "one stream": Row("the same, all in one stream", check_positions, COLUMNS_BAR_PER_S, 10_000_000),
    "census": Row("the same, types and sizes of data", take_census),
}


def measure(what: str, file: Path, events: int, rounds: int) -> Measured:
    """A plain loop is timed before and after each round: what slows the core down then, slows down both."""
    work = ROWS[what].work
    rates, usual, loops = [], [], [per_core_second(plain_loop)]
    for _ in range(rounds):
        rates.append(per_core_second(lambda: work(file, events)))
        loops.append(per_core_second(plain_loop))
        usual.append(rates[-1] * LOOP_PER_S / statistics.mean(loops[-2:]))
    return Measured(max(rates), statistics.median(usual), max(loops), memory_mb())


def memory_mb() -> int:
    """The most that this process ever had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=EVENTS_DEFAULT)
    parser.add_argument("--largest", type=int, default=10 * EVENTS_DEFAULT)
    parser.add_argument("--measure", nargs=4, metavar=("WHAT", "FILE", "EVENTS", "ROUNDS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.measure:
        what, file, events, rounds = options.measure
        print(json.dumps(asdict(measure(what, Path(file), int(events), int(rounds)))))
        return 0
    print("Million events a second of one core's time.")
    print(f"`for i in range(10**7): pass` takes {empty_loop_s():.2f} s here; loop: M/s of a loop that adds")
    print(f"usual: on a core on which that loop does {LOOP_PER_S / 1e6:.0f} M/s; it is held against the bar")
    print(f"\n{'':<36}{'events':>12}{'here':>8}{'loop':>8}{'usual':>8}{'bar':>8}{'memory, MB':>12}")
    missed = False
    with tempfile.TemporaryDirectory() as name:
        lines, columns = Path(name, "events.jsonl"), Path(name, "events.parquet")
        events = options.events
        while events <= options.largest:
            make_lines(lines, events)
            missed |= _measured("fold", lines, events)
            make_columns(columns, events)
            for what in ("positions", "census"):
                missed |= _measured(what, columns, events)
            make_columns(columns, events, of_stream=events)
            missed |= _measured("one stream", columns, events)
            events *= 10
    return int(missed)


def _measured(what: str, file: Path, events: int) -> bool:
    """Whether the bar was missed."""
    rounds = ROUNDS if events <= 10 * EVENTS_DEFAULT else 1
    argv = (sys.executable, "-m", "benchmarks.replay", "--measure", what, str(file), str(events), str(rounds))
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    seen, row = Measured(**json.loads(said)), ROWS[what]
    bar = row.bar_per_s if events >= row.held_from else 0
    rates = "".join(f"{rate / 1e6:>8.2f}" for rate in (seen.rate, seen.loop, seen.usual))
    print(f"{row.name:<36}{events:>12,}{rates}{f'{bar / 1e6:.1f}' if bar else '-':>8}{seen.memory_mb:>12}", flush=True)
    return seen.usual < bar


if __name__ == "__main__":
    sys.exit(main())
