"""Stands in for `harness.runner`: writes the verdict it was told to, and starts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from harness.history import RunFacts
from harness.reporting import json_report
from harness.scenario import Scenario
from harness.verdict import Evidence, Status, Verdict

LOST = Verdict(
    "lost-events",
    Status.FAIL,
    "2 of 90 acknowledged writes are not in the store.",
    evidence=(Evidence("Acknowledged writes without an event", ("key", "at_s"), ((7, 1.5), (11, 2.25)), 2),),
    first_violation_s=1.5,
)
UNSEEN = Verdict("faults", Status.UNKNOWN, "the fault 'kill api' was never injected.")
HELD = Verdict("order", Status.PASS, "Every stream is in order.")


@dataclass(frozen=True)
class Result:
    folder: Path
    verdicts: tuple[Verdict, ...]
    status: Status

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS


@dataclass
class FakeRunner:
    """Fails what deploys a `+slow` version; what has the seed 99 is unknown; all else passes."""

    opened: int = 0
    closed: int = 0
    ran: list[Scenario] = field(default_factory=list)

    @contextmanager
    def open_session(self, reports: Path, *_: object) -> Iterator[SimpleNamespace]:
        self.opened += 1
        yield SimpleNamespace(run=lambda scenario: self._run(scenario, reports))
        self.closed += 1

    def _run(self, scenario: Scenario, reports: Path) -> Result:
        self.ran.append(scenario)
        bad = LOST if scenario.change.new.endswith("+slow") else UNSEEN if scenario.seed == 99 else HELD
        verdicts = (HELD, bad) if bad is not HELD else (HELD,)
        folder = reports / scenario.name / f"run-{len(self.ran)}"
        folder.mkdir(parents=True)
        document = json_report.document(_facts(scenario), verdicts, {})
        (folder / "verdict.json").write_bytes(json_report.render(document))
        return Result(folder, verdicts, bad.status)


def _facts(scenario: Scenario) -> RunFacts:
    return RunFacts(
        run_id="run",
        scenario=scenario.name,
        summary=scenario.summary,
        environment=scenario.environment.name,
        driver=scenario.driver,
        strategy="canary",
        old=scenario.change.old,
        new=scenario.change.new,
        ending=scenario.ending,
        seed=scenario.seed,
        command=f"harness run {scenario.source} --seed {scenario.seed}",
        started_at="2026-01-01T00:00:00Z",
        origin_ns=0,
        load_ends_ns=1,
        rate_per_s=100.0,
    )
