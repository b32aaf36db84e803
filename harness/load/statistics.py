"""Locust's own statistics, merged in bulk from the records instead of request by request."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from locust import stats
from locust.stats import RequestStats, StatsEntry
from numpy.typing import NDArray

from harness.load.recording import Records
from harness.load.records import Outcome


class Statistics:
    """Brings `merged` up to date with a recording, whenever it is told to."""

    def __init__(self, recording: Path, merged: RequestStats) -> None:
        self._records = Records([recording])
        self._merged = merged

    def update(self) -> None:
        requests = self._records.new()
        for number in np.unique(requests["operation"]):
            entry = self._summary(requests[requests["operation"] == number], self._records.names["operation"][number])
            self._merged.entries[entry.name, entry.method].extend(entry)
            self._merged.total.extend(entry)

    def _summary(self, requests: NDArray[np.void], name: str) -> StatsEntry:
        """Latencies count from the intended time, as everywhere here; the method is not recorded, so it is empty."""
        latencies_ms = (requests["done_ns"] - requests["scheduled_ns"]) // 1_000_000
        seconds = (requests["done_ns"] - time.monotonic_ns() + time.time_ns()) // 1_000_000_000
        failed = requests["outcome"] != Outcome.OK
        entry = StatsEntry(self._merged, name, "")
        entry.num_requests = len(requests)
        entry.num_failures = int(np.count_nonzero(failed))
        entry.total_response_time = int(latencies_ms.sum())
        entry.min_response_time = int(latencies_ms.min())
        entry.max_response_time = int(latencies_ms.max())
        entry.total_content_length = int(requests["bytes"].sum())
        entry.last_request_timestamp = float(seconds.max())
        for latency_ms, count in _counts(latencies_ms).items():
            entry.response_times[stats.bucket_response_time(latency_ms)] += count
        entry.num_reqs_per_sec.update(_counts(seconds))
        entry.num_fail_per_sec.update(_counts(seconds[failed]))
        return entry


def _counts(values: NDArray[np.int64]) -> dict[int, int]:
    unique, counts = np.unique(values, return_counts=True)
    return dict(zip(unique.tolist(), counts.tolist(), strict=True))
