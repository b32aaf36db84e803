"""Once what was broken is whole again, so is the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.evidence import lacking, seconds
from harness.history import History, Kind, Moment, merged
from harness.verdict import Cell, Evidence, Status, Verdict

STEADY = 2
"""Seconds in a row in which the service level holds: one may be a good one among bad."""


@dataclass(frozen=True)
class Aftermath:
    """What followed once all faults that had been in at a time were out, until the next came or the load ended."""

    out_ns: int
    holds: tuple[bool | None, ...]
    """Of each full second; None: nothing was asked in it."""
    last: bool

    @property
    def took_s(self) -> int | None:
        """Until the service level was met again; None if it was not."""
        for second, holds in enumerate(self.holds):
            following = self.holds[second + 1 : second + STEADY]
            if holds and len(following) == STEADY - 1 and False not in following:
                return second
        return None

    @property
    def observed_s(self) -> int:
        return len(self.holds)


@dataclass(frozen=True)
class Recovery:
    """Within `recovery_s_max` after the faults that were in at a time are out, the error rate and p99 hold again.

    They do in every request of two seconds in a row, counted from then on. A system that the next fault strikes before
    it has recovered, or had the time to, is not judged by that; one that the end of the load cuts short is unknown.
    """

    name: ClassVar[str] = "recovery"
    recovery_s_max: float = 15.0
    error_rate_max: float = 0.05
    p99_ms_max: float = 1000.0

    def __post_init__(self) -> None:
        positive(recovery_s_max=self.recovery_s_max, p99_ms_max=self.p99_ms_max)
        fraction(error_rate_max=self.error_rate_max)

    def check(self, history: History) -> Verdict:
        if not history.facts.faults:
            return Verdict(self.name, Status.PASS, "No fault was asked for.")
        faults = history.moments(Kind.FAULT)
        if not faults:
            return Verdict(self.name, Status.UNKNOWN, "No fault was injected, so there was nothing to recover from.")
        if broken := [moment.name for moment in faults if moment.detail.get("healed") is not True]:
            return Verdict(self.name, Status.UNKNOWN, f"Not seen to heal: {', '.join(dict.fromkeys(broken))}.")
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        judged.prepare(history)
        return self._judge(tuple(self._aftermaths(history, faults)))

    def _aftermaths(self, history: History, faults: Sequence[Moment]) -> Iterator[Aftermath]:
        spans = merged((moment.at_ns, _out_ns(moment)) for moment in faults)
        ends = (*(start_ns for start_ns, _ in spans[1:]), history.facts.load_ends_ns)
        limits = {"error_rate_max": self.error_rate_max, "p99_ms_max": self.p99_ms_max}
        for (_, out_ns), until_ns in zip(spans, ends, strict=True):
            yield Aftermath(out_ns, judged.levels(history, out_ns, until_ns, **limits), until_ns == ends[-1])

    def _judge(self, aftermaths: Sequence[Aftermath]) -> Verdict:
        evidence = (_evidence(aftermaths),)
        took = [aftermath.took_s for aftermath in aftermaths]
        known = [each for each in took if each is not None]
        figures: Mapping[str, Cell] = {"took_s_max": max(known, default=None), "recovered": len(known)}
        late = [aftermath for aftermath in aftermaths if self._is_too_late(aftermath)]
        if late:
            reason = "; ".join(self._told(aftermath) for aftermath in late)
            return Verdict(self.name, Status.FAIL, f"{reason}.", figures, evidence, seconds(late[0].out_ns))
        if took[-1] is None:
            end = aftermaths[-1]
            reason = (
                f"The load ended {end.observed_s} s after the last fault was out at {seconds(end.out_ns):.1f} s, too "
                "soon to tell whether the service level is met again."
            )
            return Verdict(self.name, Status.UNKNOWN, reason, figures, evidence)
        unjudged = len(took) - len(known)
        cut = f" {unjudged} times the next fault came too soon to tell." if unjudged else ""
        reason = f"The service level was met again within {max(known)} s after the faults.{cut}"
        return Verdict(self.name, Status.PASS, reason, figures, evidence)

    def _is_too_late(self, aftermath: Aftermath) -> bool:
        if aftermath.took_s is not None:
            return aftermath.took_s > self.recovery_s_max
        return aftermath.observed_s >= self.recovery_s_max and False in aftermath.holds

    def _told(self, aftermath: Aftermath) -> str:
        limit, after = f"{self.recovery_s_max:g} s", f"after the faults were out at {seconds(aftermath.out_ns):.1f} s"
        if aftermath.took_s is None:
            return f"The service level was not met again in the {aftermath.observed_s} s {after}"
        return f"It took {aftermath.took_s} s {after} until the service level was met, more than {limit}"


def _out_ns(moment: Moment) -> int:
    """A fault that was seen to heal was taken out; histories of before that was noted have only when it was proven."""
    out_ns = moment.detail.get("out_ns", moment.until_ns)
    assert isinstance(out_ns, int)
    return out_ns


def _evidence(aftermaths: Sequence[Aftermath]) -> Evidence:
    rows = tuple((seconds(each.out_ns), each.took_s, each.observed_s) for each in aftermaths[:10])
    return Evidence("What followed the faults", ("out_s", "took_s", "observed_s"), rows, len(aftermaths))
