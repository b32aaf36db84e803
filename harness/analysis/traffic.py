"""The answers of two versions over the same time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.analysis.relative_risk import Strata


@dataclass(frozen=True)
class Answers:
    """Requests that were answered, or given up, in no order; arrays of the same length."""

    second: NDArray[np.int64]
    """In which each was due, so that a slow failure belongs to when it began."""
    failed: NDArray[np.bool_]
    """Not served. A refusal (4xx) is an answer, and served."""
    latency_ms: NDArray[np.float64]
    """From when it was due; NaN where it says nothing: it failed, or takes its time on purpose."""

    @property
    def requests(self) -> int:
        return int(self.second.size)

    @property
    def failures(self) -> int:
        return int(np.count_nonzero(self.failed))

    @property
    def latencies_ms(self) -> NDArray[np.float64]:
        """Those that say something, in ascending order."""
        return np.sort(self.telling().latency_ms)

    def telling(self) -> Answers:
        """Those whose latency says something."""
        return self.among(~np.isnan(self.latency_ms))

    def within(self, seconds: NDArray[np.int64]) -> Answers:
        return self.among(np.isin(self.second, seconds))

    def among(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Answers:
        return Answers(self.second[chosen], self.failed[chosen], self.latency_ms[chosen])

    @classmethod
    def none(cls) -> Answers:
        return cls(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0))


@dataclass(frozen=True)
class Traffic:
    """What both versions answered, and the failures of which nobody knows whose they are."""

    old: Answers
    new: Answers
    nobody: Answers

    @property
    def seconds(self) -> NDArray[np.int64]:
        """Those in which either version answered, in order."""
        return np.union1d(self.old.second, self.new.second)

    def shared(self) -> Traffic:
        """Only the seconds in which both versions answered: only these can be compared."""
        seconds = np.intersect1d(self.old.second, self.new.second)
        return Traffic(self.old.within(seconds), self.new.within(seconds), self.nobody.within(seconds))

    def telling(self) -> Traffic:
        return Traffic(self.old.telling(), self.new.telling(), Answers.none())

    def matched(self) -> Traffic:
        """In each second as many answers of either version as the other has, by lot; the same each time.

        So both are measured at the same times in the same proportion: what slows both says nothing of either, however
        the split changes meanwhile.
        """
        seconds = np.intersect1d(self.old.second, self.new.second)
        wanted = np.minimum(_counts(self.old.second, seconds), _counts(self.new.second, seconds))
        return Traffic(_drawn(self.old, seconds, wanted), _drawn(self.new, seconds, wanted), Answers.none())

    def strata(self) -> Strata:
        """By second, in order. What nobody answered is left out."""
        seconds = self.seconds
        to_new = _counts(self.new.second, seconds)
        new_failed = _counts(self.new.second[self.new.failed], seconds)
        return Strata(
            to_new,
            to_new + _counts(self.old.second, seconds),
            new_failed,
            new_failed + _counts(self.old.second[self.old.failed], seconds),
        )

    def strata_at_worst(self) -> Strata:
        """As if all that nobody answered had been failures of the new version, and the split as it is without them."""
        known = self.strata()
        lost = _counts(self.nobody.second, self.seconds)
        return Strata(known.new, known.all, known.new_failed + lost, known.all_failed + lost)


def _drawn(answers: Answers, seconds: NDArray[np.int64], wanted: NDArray[np.int64]) -> Answers:
    """So many of each second, whatever the order in which they are held."""
    random = np.random.default_rng(0)
    ordered = np.lexsort((answers.latency_ms, answers.failed, answers.second))
    starts = np.searchsorted(answers.second[ordered], seconds)
    lots = [
        start + random.permutation(size)[:count]
        for start, size, count in zip(starts, _counts(answers.second, seconds), wanted, strict=True)
    ]
    return answers.among(ordered[np.concatenate(lots)] if lots else np.empty(0, np.int64))


def _counts(found: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of these lie in each of `seconds`, which are in order."""
    known = found[np.isin(found, seconds)]
    return np.bincount(np.searchsorted(seconds, known), minlength=seconds.size).astype(np.int64)
