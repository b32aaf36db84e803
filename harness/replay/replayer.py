"""Units replayed through one version; the process is started anew when an event ends it, and the rest is replayed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from msgspec import UNSET, Raw

from harness.protocols import Spawner
from harness.replay.ordered import Unit
from harness.replay.outcome import ERROR_MAX, EXCERPT_MAX, KEPT_MAX, Failure, Outcome
from harness.replay.process import Limits, Say, VersionProcess
from harness.replay.versions import Version
from harness.replay.wire import SNAPSHOT, STATE, SYNC, Answer, Effect, Failed, Newer, begin
from harness.streams import jsonlines
from harness.streams.event import RecordedEvent

BATCH_BYTES: Final = 1 << 18
"""Small units go together, so that the process does not wait for us after each."""
CRASHES_MAX: Final = 20
"""After so many ends of its process a version is given up; each costs a start, and the verdict is out."""


Find: TypeAlias = Callable[[frozenset[int]], Mapping[int, RecordedEvent]]
"""The events at some positions."""


class Replayer:
    """Replays units through `version`, from entry to exit."""

    def __init__(self, version: Version, spawner: Spawner, folder: Path, limits: Limits) -> None:
        self.version = version
        self._spawner = spawner
        self._folder = folder
        self._limits = limits
        self._stack = ExitStack()
        self._numbers = count(1)
        self._crashes = 0
        self._process = self._new_process()

    def __enter__(self) -> Self:
        """Raises InvalidInput if the version does not come up."""
        self._stack.enter_context(self._process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def watches(self) -> bool:
        """Whether it says what it does beside making states."""
        return self._process.hello.watches

    @property
    def resumes(self) -> bool:
        """Whether it can begin with a snapshot."""
        return self._process.hello.snapshots

    def replay(self, units: Iterable[Unit], *, snapshots: bool = False) -> Iterator[Outcome]:
        """What comes of each, in their order. With `snapshots`, outcomes have them where the version makes any."""
        for batch in _batches(units):
            yield from self._batch(batch, SNAPSHOT if snapshots else STATE)

    def replay_events(self, unit: str, lines: Sequence[bytes], snapshot: bytes | None = None) -> Outcome:
        """What comes of these lines alone, or of them after a snapshot."""
        if self._given_up:
            return Outcome(unit, len(lines), None, "the version was given up", judged=False)
        exchange = self._process.exchange((Say(begin(unit, snapshot)), Say(b"".join(lines)), Say(SNAPSHOT, 1)))
        if exchange.ended:
            failure = Failure(unit, None, "", None, "", exchange.ended, True, self._process.stderr())
            self._restart()
            return Outcome(unit, len(lines), None, exchange.ended, failures=(failure,), failures_total=1)
        return _outcome(unit, len(lines), exchange.answers, lambda positions: _found(lines, positions))

    # ── many units ───────────────────────────────────────────────────────────────────────────────────────────────

    def _batch(self, units: Sequence[Unit], ask: bytes) -> Iterator[Outcome]:
        waiting = deque(units)
        while waiting:
            if self._given_up:
                yield from (_not_judged(unit) for unit in waiting)
                return
            exchange = self._process.exchange(say for unit in waiting for say in _says(unit, ask))
            seen = self._process.seen_from_outside()
            for answers in _by_unit(exchange.answers):
                unit = waiting.popleft()
                outcome = _outcome(unit.name, unit.events, answers, _finder(unit))
                yield replace(outcome, effects=(*outcome.effects, *seen)) if seen else outcome
                seen = ()
            if exchange.ended:
                yield self._step(waiting.popleft(), exchange.ended, ask)

    def _step(self, unit: Unit, ended: str, ask: bytes) -> Outcome:
        """Replay the unit that ended the process, event by event; without those that do so again."""
        crashes: list[Failure] = []
        skipped: set[int] = set()
        while True:
            stderr = self._process.stderr()
            self._restart()
            if self._given_up:
                return replace(_not_judged(unit), failures=tuple(crashes), failures_total=len(crashes))
            steps = [(number, line) for number, line in enumerate(unit.lines()) if number not in skipped]
            says = (Say(line + SYNC, 1) for _, line in steps)
            exchange = self._process.exchange((Say(begin(unit.name)), *says, Say(ask, 1)))
            synced = sum(answer.synced is not UNSET for answer in exchange.answers)
            if not exchange.ended:
                break
            stderr = self._process.stderr() or stderr
            if synced == len(steps):
                crashes.append(
                    Failure(unit.name, None, "", None, "", f"{exchange.ended} when asked for its state", True, stderr)
                )
                self._restart()
                return Outcome(
                    unit.name,
                    unit.events,
                    None,
                    exchange.ended,
                    failures=tuple(crashes[:KEPT_MAX]),
                    failures_total=len(crashes),
                )
            number, line = steps[synced]
            skipped.add(number)
            crashes.append(_failure(jsonlines.parse(line), exchange.ended, crashed=True, stderr=stderr))
        if not crashes:
            crashes.append(
                Failure(unit.name, None, "", None, "", f"{ended}, and not again event by event", True, stderr)
            )
        outcome = _outcome(unit.name, unit.events - len(skipped), exchange.answers, _finder(unit))
        failures = (*crashes, *outcome.failures)
        return replace(
            outcome,
            events=unit.events,
            failures=failures[:KEPT_MAX],
            failures_total=outcome.failures_total + len(crashes),
        )

    @property
    def _given_up(self) -> bool:
        return self._crashes > CRASHES_MAX

    def _restart(self) -> None:
        self._crashes += 1
        self._stack.close()
        self._process = self._new_process()
        if not self._given_up:
            self._stack.enter_context(self._process)

    def _new_process(self) -> VersionProcess:
        folder = self._folder / f"{self.version.name}-{next(self._numbers)}"
        return VersionProcess(self.version, self._spawner, folder, self._limits)


def _batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    size = 0
    for unit in units:
        batch.append(unit)
        size += unit.length
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _says(unit: Unit, ask: bytes) -> Iterator[Say]:
    yield Say(begin(unit.name))
    yield from map(Say, unit.chunks())
    yield Say(ask, 1)


def _by_unit(answers: Sequence[Answer]) -> Iterator[list[Answer]]:
    """The answers about each unit, the last of which is its state; what is said of one that has none is left out."""
    about: list[Answer] = []
    for answer in answers:
        about.append(answer)
        if answer.unit is not UNSET:
            yield about
            about = []


def _finder(unit: Unit) -> Find:
    """It is read through only if something failed."""
    return lambda positions: _found(unit.lines(), positions)


def _found(lines: Iterable[bytes], positions: frozenset[int]) -> dict[int, RecordedEvent]:
    if not positions:
        return {}
    events = (jsonlines.parse(line) for line in lines)
    return {event.position: event for event in events if event.position in positions}


@dataclass
class _Heard:
    failed: list[Failed] = field(default_factory=list)
    failed_total: int = 0
    newer: list[Newer] = field(default_factory=list)
    newer_total: int = 0
    effects: list[Effect] = field(default_factory=list)

    def hear(self, answer: Answer) -> None:
        if isinstance(answer.failed, Failed):
            self.failed_total += 1
            if len(self.failed) < KEPT_MAX:
                self.failed.append(answer.failed)
        if isinstance(answer.newer, Newer):
            self.newer_total += 1
            if len(self.newer) < KEPT_MAX:
                self.newer.append(answer.newer)
        self.effects += answer.effects[: KEPT_MAX - len(self.effects)]


def _outcome(unit: str, events: int, answers: Sequence[Answer], find: Find) -> Outcome:
    heard = _Heard()
    for answer in answers:
        heard.hear(answer)
    stated = answers[-1]
    unstated = _shortened(stated.unstated)
    if stated.unit != unit or stated.events != events:
        unstated = f"it says that it took {stated.events} events of {stated.unit!r}, and was given {events} of {unit!r}"
    found = find(frozenset(failed.position for failed in heard.failed))
    return Outcome(
        unit=unit,
        events=events,
        state=bytes(stated.state) if isinstance(stated.state, Raw) and not unstated else None,
        unstated=unstated,
        snapshot=bytes(stated.snapshot) if isinstance(stated.snapshot, Raw) else None,
        failures=tuple(_told(failed, found) for failed in heard.failed),
        failures_total=heard.failed_total,
        newer=tuple(heard.newer),
        newer_total=heard.newer_total,
        effects=tuple(heard.effects),
    )


def _told(failed: Failed, found: Mapping[int, RecordedEvent]) -> Failure:
    event = found.get(failed.position)
    error, trace = _shortened(failed.error), _shortened(failed.trace)
    if event is None:
        return Failure(failed.stream, None, "", None, "", error, stderr=trace)
    return _failure(event, error, stderr=trace)


def _shortened(text: str) -> str:
    return text if len(text) <= ERROR_MAX else text[:ERROR_MAX] + "…"


def _failure(event: RecordedEvent, error: str, *, crashed: bool = False, stderr: str = "") -> Failure:
    excerpt = event.data[:EXCERPT_MAX].decode(errors="replace")
    return Failure(event.stream, event.position, event.type, event.version, excerpt, error, crashed, stderr)


def _not_judged(unit: Unit) -> Outcome:
    return Outcome(unit.name, unit.events, None, "the version was given up after too many crashes", judged=False)
