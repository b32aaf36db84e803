"""`harness load`: the load engine alone, on one URL of this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import InvalidInput
from harness.load.children import Children
from harness.load.engine import start_load
from harness.load.lag import own_lag_ns
from harness.load.parquet import to_parquet
from harness.load.recording import Names
from harness.load.records import Outcome
from harness.load.target import require_loopback
from harness.scenario import Arrivals, Load

_LOCUSTFILE = '''\
"""Written by `harness load`."""

from harness.load.open_loop import OpenLoopUser, operation


class SingleUrl(OpenLoopUser):
    lanes = {{{connections!r}: 1}}

    @operation()
    def load(self) -> None:
        self.request({method!r}, {path!r}, body={body!r})
'''


class Connections(StrEnum):
    KEPT = "kept"
    NEW = "new"


@dataclass(frozen=True)
class Spread:
    """Quantiles of a time, in milliseconds; None if there was nothing to measure."""

    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class Summary:
    """What came of a load. `requests` were due; all but `requests - sent` were sent."""

    url: str
    method: str
    rate_per_s: float
    duration_s: float
    seed: int
    requests: int
    sent: int
    ok: int
    failed: int
    indeterminate: int
    errors: dict[str, int]
    """By kind, see answers.py."""
    statuses: dict[str, int]
    bytes: int
    latency: Spread
    """From the scheduled time, of all requests."""
    own_lag: Spread
    """From when a request could be sent to when it was: how late the load itself was."""
    stalls: int
    """Times that the load's process did not run for more than 50 ms."""
    records: str

    def json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    def text(self) -> str:
        errors = ", ".join(f"{count} {kind}" for kind, count in self.errors.items()) or "none"
        return dedent(
            f"""\
            {self.method} {self.url}: {self.rate_per_s:g}/s for {self.duration_s:g} s, seed {self.seed}
              requests  {self.requests} due, {self.sent} sent, {self.bytes} bytes received
              outcomes  {self.ok} ok, {self.failed} failed, {self.indeterminate} indeterminate
              errors    {errors}
              latency   {_line(self.latency)}  (from the schedule)
              own lag   {_line(self.own_lag)}  ({self.stalls} stalls)
              records   {self.records}"""
        )


def run_alone(
    url: str,
    rate_per_s: float,
    duration_s: float,
    out: Path,
    *,
    method: str = "GET",
    connections: Connections = Connections.KEPT,
    body: bytes = b"",
    arrivals: Arrivals = Arrivals.POISSON,
    users: int = 64,
    timeout_s: float = 5.0,
    seed: int = 1,
) -> Summary:
    """Load one URL; every record is kept in `out`/requests.parquet, with times since the load began.

    Raises InvalidInput, before anything is sent, if the URL's host is not this machine or `out` holds an earlier load;
    LoadStopped if the load could not be made.
    """
    require_loopback(url)
    if duration_s <= 0:
        raise InvalidInput(f"a load must last longer than {duration_s:g} s")
    target = out / "requests.parquet"
    if target.exists():
        raise InvalidInput(f"{target} exists: it is the record of an earlier load")
    out.mkdir(parents=True, exist_ok=True)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    locustfile = out / "locustfile.py"
    locustfile.write_text(_LOCUSTFILE.format(connections=connections.value, method=method, path=path, body=body))
    load = Load(locustfile, "SingleUrl", rate_per_s, arrivals, users=users, timeout_s=timeout_s)
    with start_load(load, Children(), out, out, seed=seed) as running:
        running.prepare(f"{parts.scheme}://{parts.netloc}")
        origin_ns = running.begin()
        running.end(origin_ns + int(duration_s * 1e9))
        to_parquet(running.files, target, origin_ns)
        records = running.records()
        requests = records.all()
        for file in running.files:
            file.unlink()
    return Summary(
        url=url,
        method=method,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        seed=seed,
        requests=len(requests),
        sent=int(np.count_nonzero(requests["sent_ns"])),
        ok=_count(requests, Outcome.OK),
        failed=_count(requests, Outcome.FAIL),
        indeterminate=_count(requests, Outcome.INDETERMINATE),
        errors=_errors(requests, records.names),
        statuses={str(status): count for status, count in sorted(Counter(requests["status"].tolist()).items())},
        bytes=int(requests["bytes"].sum()),
        latency=_spread(requests["done_ns"] - requests["scheduled_ns"]),
        own_lag=_spread(own_lag_ns(requests)),
        stalls=len(running.stalls()),
        records=str(target),
    )


def _count(requests: NDArray[np.void], outcome: Outcome) -> int:
    return int(np.count_nonzero(requests["outcome"] == outcome))


def _errors(requests: NDArray[np.void], names: Names) -> dict[str, int]:
    numbers = Counter(requests["error"][requests["error"] > 0].tolist())
    return {names["error"][number]: count for number, count in numbers.most_common()}


def _spread(times_ns: NDArray[np.int64]) -> Spread:
    if not len(times_ns):
        return Spread(None, None, None, None, None)
    quantiles = np.quantile(times_ns, [0.5, 0.9, 0.99, 0.999, 1.0]) / 1e6
    return Spread(*(round(float(quantile), 3) for quantile in quantiles))


def _line(spread: Spread) -> str:
    if spread.max_ms is None:
        return "-"
    return (
        f"p50 {spread.p50_ms} ms, p90 {spread.p90_ms} ms, p99 {spread.p99_ms} ms, "
        f"p99.9 {spread.p999_ms} ms, max {spread.max_ms} ms"
    )
