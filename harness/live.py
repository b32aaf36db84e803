"""The history while it is being made: what gates and the display read, from the recordings that the load writes."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.lanes.gates import Tally
from harness.load.recording import Records
from harness.load.records import Outcome


@dataclass(frozen=True)
class VersionTraffic:
    """One version's requests in a window."""

    version: str
    """Empty: nobody said which version answered, or nobody answered."""
    tally: Tally


class LiveHistory:
    """Times are relative to `origin_ns`. Safe to call from several threads."""

    def __init__(self, records: Records, origin_ns: int) -> None:
        self._records = records
        self._origin_ns = origin_ns
        self._lock = threading.Lock()
        self._chunks: list[NDArray[np.void]] = []

    def tally(self, version: str, since_ns: int) -> Tally:
        """What `version` did with requests that were scheduled after `since_ns` and are done."""
        chunks = self._since(since_ns)
        number = self._number(version)
        return _tally(
            [chunk[chunk["version"] == number] for chunk in chunks] if number is not None else [], self._refused
        )

    def traffic(self, since_ns: int) -> tuple[VersionTraffic, ...]:
        """All versions that answered requests scheduled after `since_ns`."""
        chunks = self._since(since_ns)
        numbers = sorted({int(number) for chunk in chunks for number in np.unique(chunk["version"])})
        return tuple(
            VersionTraffic(
                self._records.names["version"][number],
                _tally([chunk[chunk["version"] == number] for chunk in chunks], self._refused),
            )
            for number in numbers
        )

    @property
    def _refused(self) -> int | None:
        names = self._records.names["error"]
        return names.index("refused") if "refused" in names else None

    def _number(self, version: str) -> int | None:
        names = self._records.names["version"]
        return names.index(version) if version in names else None

    def _since(self, since_ns: int) -> list[NDArray[np.void]]:
        with self._lock:
            fresh = self._records.new()
            if fresh.size:
                self._chunks.append(fresh)
            chunks = list(self._chunks)
        begin_ns = since_ns + self._origin_ns
        return [chunk[chunk["scheduled_ns"] >= begin_ns] for chunk in chunks if chunk["done_ns"].max() >= begin_ns]


def _tally(chunks: list[NDArray[np.void]], refused: int | None) -> Tally:
    """A request is served if it was ok or refused: a 4xx is an answer, not a failure of the service."""
    requests = sum(chunk.size for chunk in chunks)
    if not requests:
        return Tally(0, 0, None)
    served = sum(int(np.count_nonzero(_served(chunk, refused))) for chunk in chunks)
    latencies_ns = np.concatenate([chunk["done_ns"] - chunk["scheduled_ns"] for chunk in chunks])
    return Tally(requests, requests - served, float(np.quantile(latencies_ns, 0.99)) / 1e6)


def _served(chunk: NDArray[np.void], refused: int | None) -> NDArray[np.bool_]:
    ok: NDArray[np.bool_] = chunk["outcome"] == Outcome.OK
    return ok if refused is None else ok | (chunk["error"] == refused)
