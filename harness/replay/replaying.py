"""A recording replayed through versions and judged: split, replayed by an engine, tallied, minimised."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from harness.replay.compare import differences
from harness.replay.engines import Engine, Work, new_run_id
from harness.replay.minimise import Minimal, minimise
from harness.replay.ordered import Ordered, Unit, as_recorded, order
from harness.replay.plan import Plan, merge
from harness.replay.properties.same_state import SameState
from harness.replay.replayer import Replayer
from harness.streams import jsonlines
from harness.streams.event import BrokenRecord, RecordedEvent
from harness.streams.files import Recording
from harness.supervisor import Supervisor, scratch_folder
from harness.verdict import EVIDENCE_RECORDS_MAX, Evidence, Status, Verdict

RECORDING: Final = "recording"
TRIED_STREAMS: Final = 200
"""About so many streams are tried for the dearer properties."""
MINIMISED_EVENTS_MAX: Final = 20_000
_MINIMISED_RECORDS_MAX: Final = 50


@dataclass(frozen=True)
class Judged:
    """`events` were replayed, of `streams`; the verdicts, that of the recording first."""

    events: int
    verdicts: tuple[Verdict, ...]


def replay(
    plan: Plan, recording: Recording, engine: Engine, *, whole: bool = False, shared: Path | None = None
) -> Judged:
    """Replay all of the recording. `whole`: all events make one state, in their recorded order.

    Parts are written below `shared`, which all workers have to see; a folder for temporary files if it is None. Raises
    InvalidInput if the recording cannot be read or a version does not come up.
    """
    broken: list[BrokenRecord] = []
    with tempfile.TemporaryDirectory(prefix="rollproof-parts-", dir=shared) as name:
        folder = Path(name)
        if whole:
            parts: tuple[Ordered, ...] = (as_recorded(recording, folder, broken.append),)
        else:
            parts = order(recording, folder, broken.append, engine.workers)
        plan = replace(plan, tried_share=_tried_share(parts))
        tallies = plan.begin()
        for tallied in engine.run([Work(plan, part, whole) for part in parts if part.events]):
            merge(tallies, tallied)
        verdicts = [_minimised(verdict, plan, parts, whole) for verdict in plan.judge(tallies)]
        events = sum(part.events for part in parts)
    return Judged(events, (_of_recording(events, broken), *verdicts))


def _tried_share(parts: Sequence[Ordered]) -> float:
    streams = sum(part.streams for part in parts)
    return min(1.0, TRIED_STREAMS / max(1, streams))


def _of_recording(events: int, broken: Sequence[BrokenRecord]) -> Verdict:
    """What could not be read was not replayed, and nobody knows what would have come of it."""
    figures = {"events": events, "broken": len(broken)}
    if broken:
        records = tuple((each.origin, each.number, each.reason) for each in broken[:EVIDENCE_RECORDS_MAX])
        evidence = Evidence("Broken records", ("file", "line", "reason"), records, len(broken))
        reason = f"{len(broken)} records of the recording are broken; the {events} others were replayed."
        return Verdict(RECORDING, Status.UNKNOWN, reason, figures, (evidence,))
    if not events:
        return Verdict(RECORDING, Status.UNKNOWN, "The recording holds no event.", figures)
    return Verdict(RECORDING, Status.PASS, f"All {events} events of the recording were read.", figures)


# ── the shortest stream that still differs ───────────────────────────────────────────────────────────────────────────


def _minimised(verdict: Verdict, plan: Plan, parts: Sequence[Ordered], whole: bool) -> Verdict:
    """The verdict of `same-state` with the shortest part of its first stream that still differs; others as they are."""
    if verdict.checker != SameState.name or verdict.status is not Status.FAIL:
        return verdict
    stream, _, first, _, second, *_ = verdict.evidence[0].records[0]
    unit = next(unit for part in parts for unit in (part.whole() if whole else part.units()) if unit.name == stream)
    if unit.events > MINIMISED_EVENTS_MAX:
        return verdict
    minimal = _minimise(plan, unit, str(first), str(second))
    return replace(verdict, evidence=(*verdict.evidence, _shown(minimal, unit)))


def _minimise(plan: Plan, unit: Unit, first: str, second: str) -> Minimal[RecordedEvent]:
    """The same places have to differ; a part that a version cannot take shows something else."""
    versions = [version for version in plan.versions if version.name in (first, second)]
    run_id = new_run_id()
    with Supervisor(run_id, scratch_folder(run_id)) as spawner, ExitStack() as stack:
        replayers = [
            stack.enter_context(Replayer(version, spawner, scratch_folder(run_id), plan.limits)) for version in versions
        ]

        def places(events: Sequence[RecordedEvent]) -> set[str]:
            lines = [jsonlines.render(event) for event in _renumbered(events)]
            one, other = (replayer.replay_events(unit.name, lines) for replayer in replayers)
            if not (one.comparable and other.comparable):
                return set()
            return {each.pointer for each in differences(one.state or b"", other.state or b"", plan.ignored)}

        events = list(unit.recorded())
        wanted = places(events)
        return minimise(events, lambda some: bool(wanted & places(some)))


def _renumbered(events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Without holes, which a version may rightly refuse; streams are told apart, as a whole recording has many."""
    positions: dict[str, int] = {}
    renumbered = []
    for event in events:
        position = positions.get(event.stream, event.position if event.position == 0 else 1)
        renumbered.append(msgspec.structs.replace(event, position=position))
        positions[event.stream] = position + 1
    return renumbered


def _shown(minimal: Minimal[RecordedEvent], unit: Unit) -> Evidence:
    whose = f"of {unit.name!r}, " if unit.name else ""
    title = f"The shortest stream that still differs ({whose}{len(minimal.items)} of {unit.events} events"
    title += ")" if minimal.proven else "; the search was cut short)"
    records = tuple(
        (event.stream, event.position, event.type, event.version, event.data[:300].decode(errors="replace"))
        for event in minimal.items[:_MINIMISED_RECORDS_MAX]
    )
    return Evidence(title, ("stream", "position", "type", "version", "data"), records, len(minimal.items))
