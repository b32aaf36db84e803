"""The read model follows the store closely, all the time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from harness.bounds import positive
from harness.checkers.evidence import seconds
from harness.history import History, Kind
from harness.verdict import EVIDENCE_RECORDS_MAX, Evidence, Status, Verdict


@dataclass(frozen=True)
class Sample:
    at_s: float
    reached: int
    head: int
    behind_s: float = 0.0
    """For how long the store has held an event that the read model does not show, as far as samples can tell."""


@dataclass(frozen=True)
class ProjectionLag:
    """At no time does the store hold an event for more than `lag_s_max` that the read model does not show.

    Judged by samples: a lag is measured from the first sample that saw the event, so never too long, and too short by
    at most one interval. Samples more than `interval_s_max` apart while the load flowed leave it unknown.
    """

    name: ClassVar[str] = "projection-lag"
    lag_s_max: float = 5.0
    interval_s_max: float = 2.0

    def __post_init__(self) -> None:
        positive(lag_s_max=self.lag_s_max, interval_s_max=self.interval_s_max)

    def check(self, history: History) -> Verdict:
        samples = measure(
            [
                Sample(seconds(moment.at_ns), int(moment.detail["reached"] or 0), int(moment.detail["head"] or 0))
                for moment in history.moments(Kind.LAG)
            ]
        )
        if not any(sample.head for sample in samples):
            return Verdict(
                self.name, Status.UNKNOWN, "The lag of the read model was never sampled while there were events."
            )
        longest = max(samples, key=lambda sample: sample.behind_s)
        figures = {"lag_max_s": longest.behind_s, "samples": len(samples)}
        late = [sample for sample in samples if sample.behind_s > self.lag_s_max]
        if late:
            reason = (
                f"At {longest.at_s:.1f} s the read model was {longest.behind_s:.1f} s behind the store, "
                f"more than {self.lag_s_max:g} s."
            )
            return Verdict(self.name, Status.FAIL, reason, figures, (_evidence(late),), late[0].at_s)
        apart = _longest_interval_s(samples, seconds(history.facts.load_ends_ns))
        if apart > self.interval_s_max:
            reason = f"For {apart:.1f} s nobody sampled the lag, so it is not known to have stayed small."
            return Verdict(self.name, Status.UNKNOWN, reason, figures)
        reason = f"The read model was at most {longest.behind_s:.2f} s behind the store in {len(samples)} samples."
        return Verdict(self.name, Status.PASS, reason, figures)


def measure(samples: Sequence[Sample]) -> list[Sample]:
    """The same samples, in order, each with how long it was behind."""
    times = [sample.at_s for sample in samples]
    heads = [sample.head for sample in samples]
    measured: list[Sample] = []
    for sample in samples:
        # The first sample whose head was above what is reached now: the oldest event not shown was there by then.
        first = bisect_right(heads, sample.reached)
        behind_s = max(0.0, round(sample.at_s - times[first], 6)) if sample.reached < sample.head else 0.0
        measured.append(Sample(sample.at_s, sample.reached, sample.head, behind_s))
    return measured


def _longest_interval_s(samples: Sequence[Sample], load_ends_s: float) -> float:
    """Within the load, counting its beginning and end."""
    inside = [sample.at_s for sample in samples if 0 < sample.at_s < load_ends_s]
    return max(later - earlier for earlier, later in pairwise([0.0, *inside, load_ends_s]))


def _evidence(late: Sequence[Sample]) -> Evidence:
    return Evidence(
        "When the read model was too far behind",
        ("at_s", "behind_s", "reached", "head"),
        tuple((each.at_s, each.behind_s, each.reached, each.head) for each in late[:EVIDENCE_RECORDS_MAX]),
        len(late),
    )
