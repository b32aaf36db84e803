"""What load costs and how true it is, beside other generators: `python -m benchmarks.load [--quick]`.

The generator runs on one core and the server, Envoy answering by itself, on the other. CPU per request is what the
generator's process used over what Envoy answered, in the best of several windows: others on the machine only ever add.
Exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil

from benchmarks.load_generators import CLIENT_CORE, Generator, Harness, flow, others
from benchmarks.load_servers import Envoy, envoy, flawed_server
from harness.load.lag import own_lag_ns
from harness.load.parquet import to_parquet
from harness.load.recording import Recorder
from harness.load.records import Outcome
from harness.scenario import Arrivals

WARM_UP_S = 1.5
WINDOW_S = 0.25
WINDOWS = 20
FLAT_OUT_PER_S = 40_000  # more than it can do; what it cannot, waits
TO_WRK_MAX = 3.0
TO_K6_MAX = 1 / 3
LAG_MS_MAX = 0.5
RATES_PER_S = (500, 1000, 2000, 5000)
STALL_MS, STALL_TOLERANCE = 880, 0.08
WRITE_NS_MAX = 500
BYTES_MAX = 16


@dataclass(frozen=True)
class Bar:
    """One figure, and whether it is what was asked for; None: nothing was asked."""

    what: str
    figure: str
    met: bool | None

    def __str__(self) -> str:
        word = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"  {self.what:<54}{self.figure:>24}  {word}".rstrip()


def cpu_per_request(server: Envoy, generator: Generator) -> tuple[float, float]:
    """Microseconds of CPU for a request, and requests a second, in the best window."""
    with generator.flat_out(server.url) as pid:
        before = server.requests()
        while server.requests() < before + 200:
            time.sleep(0.1)
        time.sleep(WARM_UP_S)
        points = []
        for _ in range(WINDOWS + 1):
            points.append((_cpu_ns(pid), server.requests(), time.monotonic()))
            time.sleep(WINDOW_S)
    costs = [
        ((cpu - cpu0) / (count - count0) / 1e3, (count - count0) / (at - at0))
        for (cpu0, count0, at0), (cpu, count, at) in pairwise(points)
        if count > count0
    ]
    return min(costs)


def _cpu_ns(pid: int) -> int:
    """Of all threads a process has and had; its clock's number is made as clock_getcpuclockid(3) does on Linux."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def costs(generators: list[Generator]) -> Iterator[Bar]:
    with envoy() as server:
        ours = Harness(rate_per_s=FLAT_OUT_PER_S)
        measured = {"rollproof at 5,000/s": cpu_per_request(server, Harness(5_000))}
        for generator in [ours, *generators]:
            measured[generator.name] = cpu_per_request(server, generator)
    unit = measured.get("wrk", (float("nan"), 0.0))[0]
    for name, (cost_us, rate) in sorted(measured.items(), key=lambda item: item[1]):
        yield Bar(f"{name}", f"{cost_us:7.1f} µs  {cost_us / unit:6.1f} x wrk", None)
        yield Bar("  requests a second", f"{rate:,.0f}", None)
    mine = measured[ours.name][0]
    if "wrk" in measured:
        yield Bar(f"at most {TO_WRK_MAX:g} x wrk", f"{mine / unit:.2f} x", mine / unit <= TO_WRK_MAX)
    if "vegeta" in measured:
        ratio = mine / measured["vegeta"][0]
        yield Bar("below vegeta", f"{ratio:.2f} x", ratio < 1)
    if "k6" in measured:
        ratio = mine / measured["k6"][0]
        yield Bar("at most a third of k6", f"{ratio:.2f} x", ratio <= TO_K6_MAX)


def lags(duration_s: float) -> Iterator[Bar]:
    with envoy() as server:
        for rate in RATES_PER_S:
            requests, stalls = flow(server.url, rate, duration_s)
            p50, p99, most = np.quantile(own_lag_ns(requests), [0.5, 0.99, 1.0]) / 1e6
            figure = f"p99 {p99:.3f} ms"
            yield Bar(
                f"{rate}/s: p50 {p50:.3f} ms, max {most:.1f} ms, {len(stalls)} stalls", figure, bool(p99 <= LAG_MS_MAX)
            )


def drops(generators: list[Generator], duration_s: int) -> Iterator[Bar]:
    for generator in [Harness(FLAT_OUT_PER_S), *generators]:
        for method in ("GET", "POST"):
            with flawed_server(drop_every=100) as server:
                reported = generator.reported(server.url, method, 1000, duration_s)
                dropped = server.dropped()
            if reported is not None:
                met = reported == dropped > 0 if isinstance(generator, Harness) else None
                yield Bar(f"{generator.name}, {method}", f"{reported} of {dropped}", met)


def stall() -> Iterator[Bar]:
    with flawed_server(stall_after=5000, stall_s=1.0) as server:
        requests, _ = flow(server.url, 1000, 12, arrivals=Arrivals.UNIFORM)
    p99, p999, most = np.quantile(requests["done_ns"] - requests["scheduled_ns"], [0.99, 0.999, 1.0]) / 1e6
    yield Bar(
        f"p99 (arithmetic: {STALL_MS} ms ± {STALL_TOLERANCE:.0%})",
        f"{p99:.0f} ms",
        bool(abs(p99 / STALL_MS - 1) <= STALL_TOLERANCE),
    )
    yield Bar("p99.9, max (arithmetic: 988, 1000 ms)", f"{p999:.0f}, {most:.0f} ms", None)


def recording() -> Iterator[Bar]:
    with tempfile.TemporaryDirectory() as folder:
        with closing(Recorder(Path(folder) / "speed.requests")) as recorder:
            write_ns = min(_write_ns(recorder) for _ in range(200))
            describe_ns = min(_describe_ns(recorder) for _ in range(200))
        yield Bar("one record written", f"{write_ns:.0f} ns", write_ns <= WRITE_NS_MAX)
        yield Bar("  its names looked up", f"{describe_ns:.0f} ns", None)
        file = Path(folder) / "size.requests"
        with closing(Recorder(file)) as recorder:
            _write_a_ledgers_requests(recorder, 500_000)
            count = recorder.count
        began = time.process_time()
        to_parquet([file], Path(folder) / "size.parquet", 0)
        took_ns = (time.process_time() - began) * 1e9 / count
        size = (Path(folder) / "size.parquet").stat().st_size / count
    yield Bar("one request in Parquet", f"{size:.1f} bytes", size <= BYTES_MAX)
    yield Bar("  CPU to convert it", f"{took_ns:.0f} ns", None)


def _write_ns(recorder: Recorder, count: int = 1000) -> float:
    write, now = recorder.write, time.monotonic_ns()
    description = recorder.describe("transfer", "kept", "", b"2.0", b"ledger-1", Outcome.OK)
    began = time.perf_counter_ns()
    for key in range(count):
        write(now, now, now, now, key, 77, 8, 300, 200, 55, description)
    return (time.perf_counter_ns() - began) / count


def _describe_ns(recorder: Recorder, count: int = 1000) -> float:
    describe = recorder.describe
    began = time.perf_counter_ns()
    for _ in range(count):
        describe("transfer", "kept", "", b"2.0", b"ledger-1", Outcome.OK)
    return (time.perf_counter_ns() - began) / count


def _write_a_ledgers_requests(recorder: Recorder, count: int) -> None:
    """Poisson arrivals at 1,000/s; latencies, keys, streams and positions as a ledger's are."""
    random = np.random.default_rng(1)
    due = np.cumsum(random.exponential(1e6, count)).astype(np.int64) + 10**14
    sent = due + random.gamma(2, 30_000, count).astype(np.int64)
    first = sent + random.gamma(2, 1_500_000, count).astype(np.int64)
    errors = [("", 200, Outcome.OK)] * 97 + [("refused", 409, Outcome.FAIL)] * 2 + [("status", 500, Outcome.FAIL)]
    streams = random.integers(1, 201, count)
    positions = np.zeros(201, np.int64)
    drawn = random.integers(0, 2**30, (count, 6)).tolist()
    for index, (a, b, c, d, e, f) in enumerate(drawn):
        stream, writes = int(streams[index]), a % 2 == 0
        positions[stream] += writes
        error, status, outcome = errors[c % 100]
        recorder.write(
            int(due[index]),
            int(sent[index]),
            int(first[index]),
            int(first[index]),
            (1 << 60) + index if writes else 0,
            stream,
            int(positions[stream]),
            40 + b % 6,
            status,
            f % 64,
            recorder.describe(
                "transfer" if writes else ("account", "balance")[b % 2],
                "new" if d % 10 == 0 else "kept",
                error,
                b"2.0" if index > count // 2 else b"1.0",
                b"ledger-%d" % (e % 3),
                outcome,
            ),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the load engine.")
    parser.add_argument("--quick", action="store_true", help="Only ours and wrk, for a shorter time.")
    quick = parser.parse_args().quick
    generators, notes = others()
    if quick:
        generators = [generator for generator in generators if generator.name == "wrk"]
    psutil.Process().cpu_affinity([CLIENT_CORE])
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, load before {load}")
    print(*(f"({note})" for note in notes), sep="\n", end="\n" if notes else "")
    sections = (
        ("CPU for a request, closed loop, 50 connections", costs(generators)),
        ("Late by the load's own doing, Poisson arrivals", lags(3 if quick else 8)),
        ("Requests that the server read and dropped: reported", drops(generators, 3)),
        ("A stall of one second at 1,000/s for 12 s", stall()),
        ("Recording", recording()),
    )
    missed = 0
    for title, bars in sections:
        print(f"\n{title}")
        for bar in bars:
            print(bar, flush=True)
            missed += bar.met is False
    return 1 if missed else 0


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    raise SystemExit(main())
