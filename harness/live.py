"""The history while it is being made: what gates and the display read, from the recordings that the load writes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.analysis.traffic import Answers, Traffic
from harness.lanes.gates import Tally
from harness.load.recording import Records
from harness.load.records import REQUEST, Outcome


@dataclass(frozen=True)
class VersionTraffic:
    """One version's requests in a window."""

    version: str
    """Empty: nobody said which version answered, or nobody answered."""
    tally: Tally


class LiveHistory:
    """Times are relative to `origin_ns`. Safe to call from several threads.

    Operations that are `lasting` count as requests, but their latency says nothing.
    """

    def __init__(self, records: Records, origin_ns: int, lasting: Iterable[str] = ()) -> None:
        self._records = records
        self._origin_ns = origin_ns
        self._lasting = frozenset(lasting)
        self._lock = threading.Lock()
        self._chunks: list[NDArray[np.void]] = []

    def tally(self, version: str, since_ns: int) -> Tally:
        """What `version` did with requests that were scheduled after `since_ns` and are done."""
        return self._tally([chunk[self._is(version, chunk)] for chunk in self._since(since_ns)])

    def traffic(self, since_ns: int) -> tuple[VersionTraffic, ...]:
        """All versions that answered requests scheduled after `since_ns`."""
        chunks = self._since(since_ns)
        numbers = sorted({int(number) for chunk in chunks for number in np.unique(chunk["version"])})
        return tuple(
            VersionTraffic(
                self._records.names["version"][number],
                self._tally([chunk[chunk["version"] == number] for chunk in chunks]),
            )
            for number in numbers
        )

    def compare(self, old: str, new: str, since_ns: int, until_ns: int, baseline: Collection[str] = ()) -> Traffic:
        """Requests that were due from `since_ns` to before `until_ns`; seconds in which the load itself did not run are
        left out. With a `baseline`, the old version is these instances of it. What failed without anybody's answer is
        nobody's."""
        begin_ns, end_ns = since_ns + self._origin_ns, until_ns + self._origin_ns
        found = np.concatenate([*self._since(since_ns), np.empty(0, REQUEST)])
        found = found[found["scheduled_ns"] < end_ns]
        second = (found["scheduled_ns"] - begin_ns) // 1_000_000_000
        for from_ns, to_ns in self._records.stalls():
            stalled = (second >= (from_ns - begin_ns) // 1_000_000_000) & (
                second <= (to_ns - begin_ns) // 1_000_000_000
            )
            found, second = found[~stalled], second[~stalled]
        failed = ~self._served(found)

        def answers(chosen: NDArray[np.bool_]) -> Answers:
            return Answers(second[chosen], failed[chosen], self._latencies_ms(found[chosen], failed[chosen]))

        of_old = self._is(old, found) & self._is_by(baseline, found) if baseline else self._is(old, found)
        return Traffic(answers(of_old), answers(self._is(new, found)), answers(self._is("", found) & failed))

    def _is(self, version: str, found: NDArray[np.void]) -> NDArray[np.bool_]:
        number = self._number(version)
        return np.zeros(found.size, np.bool_) if number is None else np.asarray(found["version"] == number)

    def _is_by(self, instances: Collection[str], found: NDArray[np.void]) -> NDArray[np.bool_]:
        numbers = [number for number, name in enumerate(self._records.names["instance"]) if name in instances]
        return np.isin(found["instance"], numbers)

    def _latencies_ms(self, found: NDArray[np.void], failed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """NaN where it says nothing."""
        took_ms: NDArray[np.float64] = (found["done_ns"] - found["scheduled_ns"]) / 1e6
        took_ms[failed | np.isin(found["operation"], self._lasting_numbers())] = np.nan
        return took_ms

    def _lasting_numbers(self) -> list[int]:
        return [number for number, name in enumerate(self._records.names["operation"]) if name in self._lasting]

    def done(self, since_ns: int, version: str = "") -> Tally:
        """Requests that were answered, or given up, after `since_ns`; of all versions, or of one."""
        begin_ns = since_ns + self._origin_ns
        chunks = [chunk[chunk["done_ns"] >= begin_ns] for chunk in self._chunks_to(begin_ns)]
        return self._tally([chunk[self._is(version, chunk)] for chunk in chunks] if version else chunks)

    def _tally(self, chunks: list[NDArray[np.void]]) -> Tally:
        """A request is served if it was ok or refused: a 4xx is an answer, not a failure of the service."""
        requests = sum(chunk.size for chunk in chunks)
        served = sum(int(np.count_nonzero(self._served(chunk))) for chunk in chunks)
        return Tally(requests, requests - served, self._p99_ms(chunks))

    def _served(self, chunk: NDArray[np.void]) -> NDArray[np.bool_]:
        ok: NDArray[np.bool_] = chunk["outcome"] == Outcome.OK
        names = self._records.names["error"]
        return ok | (chunk["error"] == names.index("refused")) if "refused" in names else ok

    def _p99_ms(self, chunks: list[NDArray[np.void]]) -> float | None:
        lasting = self._lasting_numbers()
        latencies_ns = [
            (chunk["done_ns"] - chunk["scheduled_ns"])[~np.isin(chunk["operation"], lasting)] for chunk in chunks
        ]
        if not any(each.size for each in latencies_ns):
            return None
        return float(np.quantile(np.concatenate(latencies_ns), 0.99)) / 1e6

    def _number(self, version: str) -> int | None:
        names = self._records.names["version"]
        return names.index(version) if version in names else None

    def _since(self, since_ns: int) -> list[NDArray[np.void]]:
        begin_ns = since_ns + self._origin_ns
        return [chunk[chunk["scheduled_ns"] >= begin_ns] for chunk in self._chunks_to(begin_ns)]

    def _chunks_to(self, begin_ns: int) -> list[NDArray[np.void]]:
        """Those with a request that was done after that, by the machine's clock."""
        with self._lock:
            fresh = self._records.new()
            if fresh.size:
                self._chunks.append(fresh)
            chunks = list(self._chunks)
        return [chunk for chunk in chunks if chunk["done_ns"].max() >= begin_ns]
