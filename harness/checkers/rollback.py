"""The way back works: in time, all the way, and the old version still reads everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.evidence import lacking, records, seconds
from harness.history import History, Kind, Moment
from harness.scenario import Ending
from harness.verdict import Cell, Evidence, Status, Verdict

_BAD = "version = $new AND (NOT served OR (NOT lasting AND latency_ms > $p99_ms_max))"
# What was done, after the rollback, with streams that the new version wrote.
_AFTERWARDS = """
    WITH written AS (
        SELECT DISTINCT stream FROM requests
        WHERE version = $new AND outcome = 'ok' AND stream IS NOT NULL
            AND operation IN (SELECT operation FROM operations WHERE writes)
    )
    SELECT requests.operation, stream, bool_or(served) AS works, min(start_ns) AS first_sent_ns, count(*) AS requests,
        any_value(error) AS error, any_value(requests.status) AS status
    FROM judged JOIN requests USING (row) JOIN written USING (stream)
    WHERE start_ns >= $ended_ns AND NOT faulted AND judged.version = $old GROUP BY requests.operation, stream
"""


@dataclass(frozen=True)
class Clock:
    """The moments of a rollback, in ns of the run. None: it did not happen."""

    first_bad_ns: int | None
    detected_ns: int
    decided_ns: int
    last_bad_ns: int | None
    slo_met_ns: int | None
    ended_ns: int

    @property
    def took_s(self) -> float | None:
        """From the first bad answer of the new version (from the detection, if it gave none) to the service level being
        met again by the old version alone; None if it was not."""
        if self.slo_met_ns is None:
            return None
        began_ns = self.detected_ns if self.first_bad_ns is None else min(self.first_bad_ns, self.detected_ns)
        return seconds(max(self.slo_met_ns, self.ended_ns) - began_ns)


@dataclass(frozen=True)
class Rollback:
    """A rollback that was expected, or that happened, brought the old version back within `rollback_s_max`.

    It is over when the service level (`error_rate_max`, `p99_ms_max`) holds in every second from then on, and the old
    version serves each stream that the new version wrote. A gate that let the new version pass without having had any
    request to judge by leaves the run unknown, and so does an expected rollback for want of proof: by a gate that was
    inconclusive, had no data, or could not measure.
    """

    name: ClassVar[str] = "rollback"
    rollback_s_max: float = 120.0
    error_rate_max: float = 0.05
    p99_ms_max: float = 1000.0

    def __post_init__(self) -> None:
        positive(rollback_s_max=self.rollback_s_max, p99_ms_max=self.p99_ms_max)
        fraction(error_rate_max=self.error_rate_max)

    def check(self, history: History) -> Verdict:
        setbacks, endings = history.moments(Kind.SETBACK), history.moments(Kind.ENDED)
        if not endings:
            return Verdict(self.name, Status.UNKNOWN, "The deployment did not come to an end.")
        blind = [gate for gate in history.moments(Kind.GATE) if not gate.detail.get("requests")]
        if passed_blindly := [gate for gate in blind if gate.detail.get("passed")]:
            reason = f"The gate at {seconds(passed_blindly[0].at_ns):.1f} s passed without any request to judge by."
            return Verdict(self.name, Status.UNKNOWN, reason)
        if not setbacks:
            return self._not_rolled_back(history, endings[-1])
        if history.facts.ending == Ending.ROLLBACK and (doubt := _for_want_of_proof(history, setbacks[0])):
            return Verdict(self.name, Status.UNKNOWN, doubt)
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        if endings[-1].detail.get("outcome") != "rolled back":
            reason = f"The way back did not work: {endings[-1].detail.get('reason') or endings[-1].detail['outcome']}."
            return Verdict(self.name, Status.FAIL, reason, {}, (), seconds(endings[-1].at_ns))
        judged.prepare(history)
        return self._judge(history, self._clock(history, setbacks[0], endings[-1]), blind)

    def _not_rolled_back(self, history: History, ending: Moment) -> Verdict:
        if history.facts.ending == Ending.ROLLBACK:
            reason = f"A rollback was expected, but {history.facts.new} was never found bad."
            return Verdict(self.name, Status.FAIL, reason, {}, (), seconds(ending.at_ns))
        if ending.detail.get("outcome") != "complete":
            return Verdict(self.name, Status.UNKNOWN, "The deployment is neither complete nor rolled back.")
        return Verdict(self.name, Status.PASS, "There was nothing to roll back.")

    def _clock(self, history: History, setback: Moment, ending: Moment) -> Clock:
        params: dict[str, object] = {"new": history.facts.new, "p99_ms_max": self.p99_ms_max}
        [(first_bad_ns, last_bad_ns)] = history.query(
            f"SELECT min(ended_ns), max(ended_ns) FROM judged WHERE {_BAD}", params
        )
        holds = judged.levels(
            history,
            setback.at_ns,
            history.facts.load_ends_ns,
            error_rate_max=self.error_rate_max,
            p99_ms_max=self.p99_ms_max,
        )
        broken = [second for second, well in enumerate(holds) if not well]  # one without requests tells nothing
        first_good = broken[-1] + 1 if broken else 0
        refused = [
            moment.at_ns if moment.until_ns is None else moment.until_ns
            for moment in history.timeline
            if moment.at_ns <= setback.at_ns
            and (moment.detail.get("passed") is False or moment.detail.get("ok") is False)
        ]
        return Clock(
            first_bad_ns=first_bad_ns,
            detected_ns=min(max(refused, default=setback.at_ns), setback.at_ns),
            decided_ns=setback.at_ns,
            last_bad_ns=last_bad_ns,
            slo_met_ns=setback.at_ns + first_good * 1_000_000_000 if first_good < len(holds) else None,
            ended_ns=ending.at_ns,
        )

    def _judge(self, history: History, clock: Clock, blind: list[Moment]) -> Verdict:
        history.prepare(
            "afterwards",
            _AFTERWARDS,
            {"new": history.facts.new, "old": history.facts.old, "ended_ns": clock.ended_ns},
        )
        unreadable = records(
            history,
            "Streams that the new version wrote and the old one does not serve",
            "SELECT first_sent_ns, operation, stream, requests, error, status FROM afterwards WHERE NOT works",
            order="first_sent_ns",
        )
        [(verified,)] = history.query("SELECT count(DISTINCT stream) FROM afterwards WHERE works")
        figures = _figures(clock) | {"streams_verified": verified, "streams_unreadable": unreadable.total}
        evidence = (unreadable,) if unreadable.total else ()
        wrong = list(self._wrong(history, clock, unreadable))
        if wrong:
            first_s = unreadable.records[0][0] if unreadable.total else seconds(clock.decided_ns)
            assert isinstance(first_s, float)
            return Verdict(self.name, Status.FAIL, f"{'; '.join(wrong)}.", figures, evidence, first_s)
        if clock.slo_met_ns is None:
            reason = "The load ended too soon after the rollback to tell whether the service level is met again."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        wrote = history.query(_WROTE, {"new": history.facts.new})[0][0]
        if wrote and not verified:
            reason = f"Nobody asked for a stream that {history.facts.new} wrote after it had been rolled back."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        no_data = f" {len(blind)} gates had no request to judge by." if blind else ""
        reason = f"{history.facts.old} was back and held {clock.took_s:.1f} s after the first bad answer.{no_data}"
        return Verdict(self.name, Status.PASS, reason, figures)

    def _wrong(self, history: History, clock: Clock, unreadable: Evidence) -> Iterator[str]:
        facts = history.facts
        if unreadable.total:
            yield f"After the rollback {facts.old} does not serve streams that {facts.new} wrote: {unreadable.total}"
        after_s = seconds(facts.load_ends_ns - clock.decided_ns)
        if clock.slo_met_ns is None and after_s >= 1:
            yield f"The service level was not met again in the {after_s:.1f} s after the decision to roll back"
        if clock.took_s is not None and clock.took_s > self.rollback_s_max:
            yield f"The rollback took {clock.took_s:.1f} s, more than {self.rollback_s_max:g} s"


_WROTE = """
    SELECT count(*) FROM requests
    WHERE version = $new AND outcome = 'ok' AND stream IS NOT NULL
        AND operation IN (SELECT operation FROM operations WHERE writes)
"""


def _for_want_of_proof(history: History, setback: Moment) -> str | None:
    """Why nobody knows whether the version that was rolled back was bad; None if its gate found that it was."""
    refused = [
        gate
        for gate in history.moments(Kind.GATE)
        if gate.at_ns <= setback.at_ns and gate.detail.get("passed") is False
    ]
    if not refused or refused[-1].detail.get("outcome", "fail") == "fail":
        return None
    outcome, reason = refused[-1].detail["outcome"], refused[-1].detail.get("reason")
    return f"{history.facts.new} was rolled back for want of proof, not because it was found bad ({outcome}): {reason}."


def _figures(clock: Clock) -> dict[str, Cell]:
    moments = {
        "first_bad_s": clock.first_bad_ns,
        "detected_s": clock.detected_ns,
        "decided_s": clock.decided_ns,
        "last_bad_s": clock.last_bad_ns,
        "slo_met_s": clock.slo_met_ns,
        "ended_s": clock.ended_ns,
    }
    figures: dict[str, Cell] = {name: None if ns is None else seconds(ns) for name, ns in moments.items()}
    return figures | {"took_s": clock.took_s}
