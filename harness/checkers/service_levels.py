"""What was promised to users was kept, in total and by each version; docs/service-levels.md says how that is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.bounds import fraction, positive
from harness.checkers import judged
from harness.checkers.evidence import first_time_s, lacking, percent, records, seconds
from harness.history import History
from harness.scenario import Ending
from harness.service_levels.burn_rate import Firing, watch
from harness.service_levels.objective import Budget, Events, Objective, budget
from harness.service_levels.openslo import Unsupported, read_openslo
from harness.verdict import Cell, Evidence, Status, Verdict

BUCKET_S = 0.1
_GOOD = "served AND ($latency_ms_max IS NULL OR latency_ms <= $latency_ms_max)"
_COUNTS_IN = """
    (len($operations::VARCHAR[]) = 0 OR list_contains($operations::VARCHAR[], judged.operation))
    AND ($latency_ms_max IS NULL OR NOT lasting) AND ($with_excused OR NOT excused)
"""
_EVENTS = f"""
    SELECT start_ns // 100_000_000 AS bucket, count(*) FILTER ({_GOOD}), count(*)
    FROM judged WHERE {_COUNTS_IN} AND ($all OR version = $version) GROUP BY bucket
"""
_BAD = f"""
    SELECT start_ns, latency_ms, judged.operation, error, status, judged.version, instance, faulted
    FROM judged JOIN requests USING (row)
    WHERE {_COUNTS_IN} AND ($all OR judged.version = $version) AND NOT ({_GOOD})
"""


@dataclass(frozen=True)
class _Judged:
    """One objective, of one version or (None) of all requests."""

    objective: Objective
    version: str | None
    budget: Budget
    firings: tuple[Firing, ...]

    @property
    def whose(self) -> str:
        return "all requests" if self.version is None else self.version

    @property
    def pages(self) -> list[Firing]:
        return [each for each in self.firings if each.alert.pages and each.first_s is not None]

    def broken(self) -> str | None:
        """What was promised and not kept, for people; None: it was kept."""
        if not self.budget.held:
            what = "slices" if self.objective.slice_s else "requests"
            return (
                f"{self.objective.name}: {self.budget.bad} of {self.budget.events} {what} of {self.whose} were bad,"
                f" {percent(self.objective.target)} must be good; {self.budget.spent:.3g} times the budget is spent"
            )
        if self.pages:
            first = min(self.pages, key=lambda firing: firing.first_s or 0.0)
            return (
                f"{self.objective.name}: at {first.first_s:.1f} s the budget of {self.whose} burnt"
                f" {first.alert.factor:g} times too fast"
            )
        return None


@dataclass(frozen=True)
class ServiceLevels:
    """Each objective was met, in total and by each version, and its budget never burnt so fast that it would page.

    Objectives are given in TOML or as an OpenSLO file; of what that holds and is not supported, the verdict is unknown.
    A version with fewer than `events_min` events is not judged, nor a new one that was to be rolled back.
    """

    name: ClassVar[str] = "service-levels"
    objectives: tuple[Objective, ...] = ()
    openslo: Path | None = None
    """Read once, when the checker is made: what it holds is then in the other fields."""
    unsupported: tuple[Unsupported, ...] = field(default=())
    events_min: int = 20
    excused_share_max: float = 0.05

    def __post_init__(self) -> None:
        positive(events_min=self.events_min)
        fraction(excused_share_max=self.excused_share_max)
        if self.openslo is not None:
            imported = read_openslo(self.openslo)
            object.__setattr__(self, "objectives", (*self.objectives, *imported.objectives))
            object.__setattr__(self, "unsupported", (*self.unsupported, *imported.unsupported))
            object.__setattr__(self, "openslo", None)

    def check(self, history: History) -> Verdict:
        missing = lacking(history, self.name, "requests")
        if missing is not None:
            return missing
        if not self.objectives:
            return Verdict(self.name, Status.UNKNOWN, f"There is no objective to judge by.{self._not_judged()}")
        judged.prepare(history)
        certain = list(self._judge(history, with_excused=False))
        whole = list(self._judge(history, with_excused=True))
        broken = [(each, said) for each in certain if (said := each.broken())]
        excused_share = 1 - _events(certain) / max(1, _events(whole))
        doubted = [said for each in whole if (said := each.broken())]
        status = judged.weigh([said for _, said in broken], doubted, excused_share, self.excused_share_max)
        doubts = list(self._doubts(history, certain))
        if status is Status.PASS and (doubts or self.unsupported):
            status = Status.UNKNOWN
        reason = self._reason(status, [said for _, said in broken], certain, doubts, excused_share)
        evidence = tuple(_evidence(history, each) for each, _ in broken[:1])
        first_s = first_time_s(*evidence) if evidence else None
        return Verdict(self.name, status, reason, _figures(certain), evidence, first_s)

    def _judge(self, history: History, *, with_excused: bool) -> Iterator[_Judged]:
        facts = history.facts
        for objective in self.objectives:
            for version in (None, facts.old, facts.new):
                if version == facts.new and facts.ending == Ending.ROLLBACK:
                    continue
                events = _read(history, objective, version, with_excused=with_excused)
                if objective.slice_s is not None and objective.slice_target is not None:
                    slices = events.sliced(objective.slice_s, objective.slice_target)
                    yield _Judged(objective, version, budget(slices, objective.target), ())
                elif version is None or int(events.all.sum()) >= self.events_min:
                    firings = watch(events, objective.target, self.events_min)
                    yield _Judged(objective, version, budget(events, objective.target), firings)

    def _doubts(self, history: History, certain: list[_Judged]) -> Iterator[str]:
        """What was not told by anything."""
        facts = history.facts
        for objective in self.objectives:
            seen = {each.version: each for each in certain if each.objective == objective and each.budget.events}
            for version in (None, facts.old, *((facts.new,) if facts.ending == Ending.COMPLETE else ())):
                if version not in seen:
                    whose = "all requests together" if version is None else version
                    yield f"{objective.name} is not known of {whose}: there were too few events"

    def _not_judged(self) -> str:
        named = "; ".join(f"{each.where}: {each.what}" for each in self.unsupported)
        return f" Not supported, and so not judged: {named}." if named else ""

    def _reason(
        self, status: Status, broken: list[str], certain: list[_Judged], doubts: list[str], excused_share: float
    ) -> str:
        if status is Status.FAIL:
            return f"{'; '.join(broken)}.{self._not_judged()}"
        if doubts:
            return f"{'; '.join(doubts)}.{self._not_judged()}"
        if self.unsupported:
            return self._not_judged().strip()
        if status is Status.UNKNOWN:
            return f"A promise was broken, but the harness itself delayed {percent(excused_share)} of the requests."
        worst = max(certain, key=lambda each: each.budget.spent)
        return (
            f"All {len(self.objectives)} objectives were met; most was spent of {worst.objective.name} by"
            f" {worst.whose}: {percent(worst.budget.spent)} of its budget."
        )


def _read(history: History, objective: Objective, version: str | None, *, with_excused: bool) -> Events:
    rows = history.query(_EVENTS, _params(objective, version, with_excused=with_excused))
    size = max([round(seconds(history.facts.load_ends_ns) / BUCKET_S), *(bucket + 1 for bucket, _, _ in rows)])
    good, total = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for bucket, its_good, its_all in rows:
        good[bucket], total[bucket] = its_good, its_all
    return Events(BUCKET_S, good, total)


def _params(objective: Objective, version: str | None, *, with_excused: bool) -> dict[str, object]:
    return {
        "latency_ms_max": objective.latency_ms_max,
        "operations": list(objective.operations),
        "with_excused": with_excused,
        "all": version is None,
        "version": version,
    }


def _events(found: list[_Judged]) -> int:
    return sum(each.budget.events for each in found if each.version is None)


def _evidence(history: History, broken: _Judged) -> Evidence:
    title = f"Bad requests of {broken.whose}, by {broken.objective.name}"
    params = _params(broken.objective, broken.version, with_excused=False)
    return records(history, title, _BAD, order="start_ns", params=params)


def _figures(certain: list[_Judged]) -> dict[str, Cell]:
    figures: dict[str, Cell] = {}
    for each in certain:
        key = f"{each.objective.name}_{each.version or 'total'}"
        figures[f"budget_spent_{key}"] = round(each.budget.spent, 4)
        for firing in each.firings:
            if firing.first_s is not None:
                figures[f"burn_{firing.alert.factor:g}_at_s_{key}"] = round(firing.first_s, 3)
    return figures
