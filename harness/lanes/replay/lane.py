"""The lane itself: rounds of readings while a deployment goes on, recorded as moments of the run."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.environment import Reader
from harness.errors import HarnessError
from harness.history import Kind
from harness.lanes.replay.findings import Finding
from harness.lanes.replay.publication import Publication
from harness.lanes.replay.reading import Read, Reading, VersionReader
from harness.lanes.replay.sources import source_of, version_of
from harness.lanes.stage import Stage
from harness.protocols import System, Workspace
from harness.scenario import Replay, Scenario
from harness.streams.files import open_recording
from harness.verdict import Cell

LIVE = "live"
"""What is not read from a recording."""
PUBLISHED = "published"
POLL_S = 0.05
EVENTS_A_ROUND = 2_000
"""Of each source, while load flows: folding an event takes some ten microseconds of a processor that others need."""


class ReplayLane:
    """Has a process of each version of each service that reads, from entry to exit. Where the scenario asks for no
    replay it has none, and does nothing.
    """

    def __init__(self, scenario: Scenario, system: System, workspace: Workspace) -> None:
        self._scenario = scenario
        self._settings = scenario.replay or Replay()
        self._readers = scenario.environment.readers if scenario.replay is not None else ()
        self._system = system
        self._workspace = workspace
        self._publication = Publication(self._settings.unpublished_s_max)
        self._live: list[Reading] = []
        self._recorded: list[Reading] = []
        self._turn = threading.Lock()
        self._read_once = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Raises InvalidInput for a recording that is none."""
        recordings = [open_recording(path) for path in self._settings.recordings]
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=self._workspace.scratch)))
        # Stores before brokers: what is found unpublished must have been stored before.
        pairs = [(reader, *self._pair(reader)) for reader in sorted(self._readers, key=lambda each: bool(each.stream))]
        for reader, old, new in pairs:
            live = source_of(reader, self._scenario.environment, self._system.store_url)
            self._live.append(Reading(reader, LIVE, live, old, new))
            if reader.table:
                self._recorded += (Reading(reader, each.path.name, each, old, new) for each in recordings)
        self._start([version for _, *both in pairs for version in both])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def running(self, stage: Stage) -> Iterator[None]:
        """Rounds until it is left: at once, and then `every_s`, but for half of the time at most."""
        if not self._live:
            yield
            return
        over = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="replay") as pool:
            rounds = pool.submit(self._rounds, stage, over)
            try:
                yield
            finally:
                over.set()
            rounds.result()

    def await_first_round(self, stage: Stage) -> None:
        """What there is shows before anything changes whether the new version reads it. Raises Stopped."""
        while self._live and not self._read_once.is_set():
            stage.sleep(POLL_S)

    def last_round(self, stage: Stage) -> None:
        """Once nothing is written any more."""
        if self._live:
            self._read(stage, self._live, last=True)

    def objection(self, stage: Stage) -> str:
        """What speaks against going back to the old version now: an event that it is proven not to read rightly."""
        if not self._settings.guards_rollback or not self._live:
            return ""
        self._read(stage, self._live)
        objection = next((said for reading in self._live if (said := reading.objection())), "")
        old = self._scenario.change.old
        stage.record(
            Kind.NOTE, "way back", {"text": f"may {old} come back? {objection or 'nothing speaks against it'}"}
        )
        return objection

    # ── rounds ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _rounds(self, stage: Stage, over: threading.Event) -> None:
        """The first one reads all that there is."""
        self._read(stage, self._recorded)
        events_max = inf
        while True:
            began_s = time.monotonic()
            self._read(stage, self._live, events_max)
            self._read_once.set()
            events_max = EVENTS_A_ROUND
            if over.wait(max(self._settings.every_s, time.monotonic() - began_s)):
                return

    def _read(self, stage: Stage, readings: list[Reading], events_max: float = inf, *, last: bool = False) -> None:
        with self._turn:
            for reading in readings:
                since_ns = stage.now_ns()
                try:
                    results = reading.read(self._folder, events_max, anew=last)
                except HarnessError as error:
                    results = reading.unread(str(error))
                for result in results:
                    if result.events or result.undecided or last:
                        stage.lasted(since_ns, Kind.REPLAY, *self._told(reading, result, last))
            if readings is self._live:
                self._look_at_publication(stage, last)

    def _told(self, reading: Reading, read: Read, last: bool) -> tuple[str, Mapping[str, Cell]]:
        service = reading.reader.service
        up = any(each.service == service and each.version == read.version for each in self._system.instances())
        detail: dict[str, Cell] = {
            "service": service,
            "version": read.version,
            "up": up,
            "source": reading.name,
            "events": read.events,
            "streams": read.streams,
            "held": read.held,
            "read": read.read,
            "undecided": read.undecided,
        }
        return f"{service} {read.version}", {**detail, **_found(read.findings, read.failed, last)}

    def _look_at_publication(self, stage: Stage, last: bool) -> None:
        """Where the environment's own store and stream were both read this time."""
        stored, published = (self._reading_of(store) for store in self._stores)
        if stored is None or published is None:
            return
        seen = self._publication.look(stored.events, stored.ended_ns, published.events, published.began_ns)
        if seen.held:
            detail = {"held": seen.held, "published": seen.published, **_found(seen.findings, len(seen.findings), last)}
            stage.record(Kind.REPLAY, PUBLISHED, detail)

    @property
    def _stores(self) -> tuple[str, str]:
        environment = self._scenario.environment
        return (
            environment.events.store if environment.events else "",
            environment.consumer.store if environment.consumer else "",
        )

    def _reading_of(self, store: str) -> Reading | None:
        return next((each for each in self._live if each.reader.store == store and each.whole), None)

    # ── processes ────────────────────────────────────────────────────────────────────────────────────────────────

    def _pair(self, reader: Reader) -> tuple[VersionReader, VersionReader]:
        return self._version(reader, self._scenario.change.old), self._version(reader, self._scenario.change.new)

    def _version(self, reader: Reader, name: str) -> VersionReader:
        version = version_of(reader, self._scenario.environment, name)
        folder = self._folder / f"{reader.service}-{reader.store}"
        return VersionReader(version, self._workspace.spawner, folder)

    def _start(self, versions: list[VersionReader]) -> None:
        """All at once: each is long in importing what it needs."""
        for version in versions:
            self._stack.push(version)
        if versions:
            with ThreadPoolExecutor(len(versions)) as pool:
                list(pool.map(VersionReader.__enter__, versions))


def _found(findings: tuple[Finding, ...], failed: int, last: bool) -> Mapping[str, Cell]:
    first = findings[0].detail() if findings else {}
    return {"failed": failed, "last": last, **first}
