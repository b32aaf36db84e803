"""A read model built in many ways, each of which has to end in the rows of a plain rebuild.

A projection is served by the helper (or speaks the protocol): a batch are the events between two syncs, its state are
its rows. What it keeps beyond its process lies in the folder that the variable ROLLPROOF_STORE names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import ClassVar, Final

from msgspec import Raw

from harness.protocols import Spawner
from harness.replay.process import Exchange, Limits, Say, VersionProcess
from harness.replay.properties.projections import Built, Projections
from harness.replay.versions import Version
from harness.replay.wire import STATE, SYNC, Failed, begin
from harness.verdict import Verdict

BATCHES: Final = (1, 7, 64)
TROUBLED_BATCH: Final = 7
RESTARTS: Final = 3


class ExactlyOnceRows(Projections):
    """The same judgement, for builds under trouble: an effect that was lost or doubled shows in the rows."""

    name: ClassVar[str] = "exactly-once"
    title: ClassVar[str] = "Rows that differ once events came twice, processes died or two projected at once"
    holds: ClassVar[str] = "Each event had its effect once, under {cases} kinds of trouble."
    fails: ClassVar[str] = "{violations} values of the read model show events that had no effect, or several."


@dataclass
class Projecting:
    """Builds the read model of `version` from `lines`, in fresh processes and stores for each way."""

    version: Version
    spawner: Spawner
    folder: Path
    limits: Limits

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def judge(self, lines: Sequence[bytes], live: bytes | None = None, *, durable: bool = True) -> list[Verdict]:
        """`live` are the rows of the living read model, if it is to be compared too, as JSON.

        Not `durable`: the projection keeps its rows in its process, so what outlives one cannot be asked of it. Raises
        InvalidInput if the version does not come up.
        """
        if not lines:
            return [Projections().check([]), ExactlyOnceRows().check([])]
        rebuilt = self.in_batches(lines, len(lines))
        built = [Built(f"batches of {size}", rebuilt, self.in_batches(lines, size)) for size in BATCHES]
        if live is not None:
            built.append(Built("live", rebuilt, live))
        troubled = [Built("duplicates", rebuilt, self.with_duplicates(lines))]
        if durable:
            troubled.append(Built("restarts", rebuilt, self.with_restarts(lines)))
            troubled.append(Built("two at once", rebuilt, self.by_two_at_once(lines)))
        return [Projections().check(built), ExactlyOnceRows().check(troubled)]

    def in_batches(self, lines: Sequence[bytes], size: int) -> bytes | None:
        """The rows; None if they could not be had."""
        with self._process(self._new_store()) as process:
            return self._built(process, _batches(lines, size))

    def with_duplicates(self, lines: Sequence[bytes]) -> bytes | None:
        """Each batch comes again after the next, as a broker does that missed an acknowledgement."""
        batches = list(_batches(lines, TROUBLED_BATCH))
        again = [
            batch for first, second in zip(batches, [*batches[1:], []], strict=True) for batch in (first, second, first)
        ]
        with self._process(self._new_store()) as process:
            return self._built(process, [batch for batch in again if batch])

    def with_restarts(self, lines: Sequence[bytes]) -> bytes | None:
        """Killed some times; what was not acknowledged, and the last batch that was, comes again."""
        batches = list(_batches(lines, TROUBLED_BATCH))
        store = self._new_store()
        lives = max(1, min(RESTARTS, len(batches) - 1)) + 1
        bounds = [len(batches) * number // lives for number in range(lives + 1)]
        for first, last in pairwise(bounds[:-1]):
            with self._process(store) as process:
                self._apply(process, batches[max(0, first - 1) : last])
                process.exchange([Say(b"".join(batches[last]) + SYNC)])  # and dies in the middle of it, or about then
                process.kill()
        with self._process(store) as process:
            return self._built(process, batches[max(0, bounds[-2] - 1) :])

    def by_two_at_once(self, lines: Sequence[bytes]) -> bytes | None:
        """Two processes get all events at the same time, as in the middle of a rolling deployment."""
        store = self._new_store()
        with ExitStack() as stack:
            processes = [stack.enter_context(self._process(store)) for _ in range(2)]
            with ThreadPoolExecutor(2) as pool:
                exchanges = pool.map(lambda each: self._apply(each, _batches(lines, TROUBLED_BATCH)), processes)
                if not all(map(_well, exchanges)):
                    return None
        with self._process(store) as reader:
            return self._built(reader, [])

    # ── one process ──────────────────────────────────────────────────────────────────────────────────────────────

    def _built(
        self, process: VersionProcess, batches: Sequence[Sequence[bytes]] | Iterator[Sequence[bytes]]
    ) -> bytes | None:
        exchange = process.exchange([*_says(batches), Say(STATE, 1)])
        state = exchange.answers[-1].state if exchange.answers else None
        return bytes(state) if _well(exchange) and isinstance(state, Raw) else None

    def _apply(
        self, process: VersionProcess, batches: Sequence[Sequence[bytes]] | Iterator[Sequence[bytes]]
    ) -> Exchange:
        return process.exchange(_says(batches))

    def _process(self, store: Path) -> VersionProcess:
        folder = self.folder / f"projecting-{self.version.name}-{next(self._numbers)}"
        return VersionProcess(self.version, self.spawner, folder, self.limits, store)

    def _new_store(self) -> Path:
        store = self.folder / f"store-{self.version.name}-{next(self._numbers)}"
        store.mkdir(parents=True)
        return store


def _batches(lines: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for first in range(0, len(lines), size):
        yield lines[first : first + size]


def _says(batches: Sequence[Sequence[bytes]] | Iterator[Sequence[bytes]]) -> Iterator[Say]:
    yield Say(begin(""))
    for batch in batches:
        yield Say(b"".join(batch) + SYNC, 1)


def _well(exchange: Exchange) -> bool:
    return not exchange.ended and not any(isinstance(answer.failed, Failed) for answer in exchange.answers)
