"""The whole suite and the whole matrix of defects, on one driver or several, with one summary page: `make nightly`.

    python -m tests.nightly [--driver local,containers,kind] [--times 5] [--mistakes all|soonest|none] [--rate R]
                            [--only NAME,…] [--resume FOLDER] [--document]

Every shipped scenario runs `--times` times over and must pass each time; every mistake of the matrix runs under every
strategy it applies to, or where it shows soonest, and must be found by a checker that is meant to find it; what is
healthy runs under the faults that bring mistakes to light, and must not be blamed by these checkers. On the driver
kubernetes the scenarios are its own: ways to deploy that only it has, and pitfalls, which must be found.
--only has nothing run but what is named, mistakes and scenarios, to look at it again.
--resume goes on with a night that was cut short, in its folder: what it has, found or not, is kept and not run again,
but for what --only names: of that the tables show the later run, and the verdict counts both. So one night can be put
together of several, each with what it asks of a driver.
--document puts the tables of what was found into the README (on loopback) and docs/drivers.md (elsewhere). Exit code 1
if anything came out otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from harness import registry
from harness.errors import HarnessError
from harness.facts import machine
from harness.history import History, Kind, Moment
from harness.reporting.summary import (
    FaultCount,
    MatrixCell,
    NotShown,
    RunRow,
    Summary,
    VariantRow,
    read_summary,
    render_markdown,
    write_summary,
)
from harness.runner import RunResult, open_session
from harness.scenario import Scenario
from harness.scenario_file import Overrides, overridden, read_scenario
from harness.toml_reader import nearest
from harness.verdict import Status, Verdict
from harness.windows import ScheduledFault
from tests.integration.matrix import CASES, ONLY_BY_FAULTS, ROOT, STRATEGIES, Case, healthy, scenario
from tests.integration.pitfalls import ALL, Expectation

REPORTS = ROOT / "reports"
DOCUMENTS = {
    "local": ROOT / "README.md",
    "containers": ROOT / "docs" / "drivers.md",
    "kind": ROOT / "docs" / "drivers.md",
}
"""Where the table of what was found on a driver stands."""
SCENARIOS = ("", "read-model")
"""Folders of those that run on every driver and must pass."""
DRIVERS = ("local", "containers", "kind", "kubernetes")
NATIVE = "kubernetes"
"""Deploys by itself, so that strategies that are the harness's do not apply."""
RATES_PER_S = {"kind": 40.0}
"""Of loads where those of the scenarios are more than two cores carry beside a cluster's own nodes."""
LOOPBACK = "local"
ALL_PASSED = "every checker passed"
NOTHING = "-"
"""In a table: the strategy does not apply, or was not tried."""


class Runs(Protocol):
    """What runs a scenario: a session."""

    def run(self, scenario: Scenario) -> RunResult: ...


@dataclass(frozen=True)
class Nightly:
    """`folder` is where the session's reports are."""

    session: Runs
    folder: Path
    rate_per_s: float | None = None
    """Of every load, in place of what it says itself, or what RATES_PER_S has for the driver."""
    only: frozenset[str] = frozenset()
    """Names of mistakes and scenarios; empty: all."""
    done: Sequence[MatrixCell | RunRow] = ()
    """What is not to be run again, unless `only` names it."""

    def rows(self, options: Options) -> Iterator[MatrixCell | RunRow]:
        """One driver after the other, as each change of driver brings the environment up again."""
        for driver in options.drivers:
            yield from self.variants(driver, options.mistakes)
            yield from self.survivors(driver, options.mistakes)
            yield from self.scenarios(driver, options.times)

    def variants(self, driver: str, mistakes: str) -> Iterator[MatrixCell]:
        cases = () if driver == NATIVE else (case for case in CASES if self._named(case.variant))
        for case in cases:
            for strategy in {"all": case.strategies, "soonest": (case.soonest,), "none": ()}[mistakes]:
                if self._tried(case.variant, strategy, driver):
                    continue
                if driver in case.not_shown:
                    yield NotShown(case.variant, strategy, driver, case.not_shown[driver])
                else:
                    yield self.variant(case, strategy, driver)

    def variant(self, case: Case, strategy: str, driver: str) -> VariantRow:
        """Found by a checker that was not meant to is not found; nor is what the harness could not run."""
        try:
            described = self._of_matrix(scenario(case, strategy, driver))
            row = self._judged(case, strategy, described, self.session.run(described))
        except HarnessError as error:
            row = VariantRow(case.variant, strategy, driver, Status.UNKNOWN, Status.FAIL, "", reason=str(error))
        found = f"found by {row.checker}" if row.as_expected else f"NOT FOUND: {row.reason}"
        _say(f"{driver}: {case.variant} by {strategy}: {found}")
        return row

    def _judged(self, case: Case, strategy: str, described: Scenario, result: RunResult) -> VariantRow:
        right = [v for v in result.verdicts if v.status is Status.FAIL and v.checker in case.found_by]
        worst = _worst(result)
        return VariantRow(
            case.variant,
            strategy,
            described.driver,
            Status.FAIL if right else min(result.status, Status.UNKNOWN),
            Status.FAIL,
            ", ".join(verdict.checker for verdict in right),
            _detected_after_s(right, described.settle_s),
            self._report(result),
            "" if right else f"{worst.checker}: {worst.reason}" if worst else ALL_PASSED,
            faults=fault_counts(described, result.folder),
        )

    def survivors(self, driver: str, mistakes: str) -> Iterator[RunRow]:
        for case in () if driver == NATIVE or mistakes == "none" else ONLY_BY_FAULTS:
            name = healthy(case, case.soonest, driver).name
            if self._named(case.variant) and driver not in case.not_shown and not self._ran(name, driver):
                yield self.survivor(case, driver)

    def survivor(self, case: Case, driver: str) -> RunRow:
        """What else the fault does is not its fault: only the checkers that find the mistake count."""
        described = healthy(case, case.soonest, driver)
        try:
            described = self._of_matrix(described)
            result = self.session.run(described)
            finders = [verdict for verdict in result.verdicts if verdict.checker in case.found_by]
            nobody = Verdict("", Status.UNKNOWN, "none of the checkers that would find the mistake ran")
            telling = max(finders, key=lambda verdict: verdict.status, default=nobody)
            row = self._row(described, result, telling.status, Status.PASS, telling)
        except HarnessError as error:
            row = _not_run(described.name, driver, Status.PASS, error)
        return _told_of(row)

    def scenarios(self, driver: str, times: int) -> Iterator[RunRow]:
        for time in range(times):
            for expected in ALL if driver == NATIVE else shipped():
                if self._named(expected.name) and self._ran(expected.name, driver) <= time:
                    yield self.scenario(expected, driver)

    def scenario(self, expected: Expectation, driver: str) -> RunRow:
        """One that the harness could not run has not come out as expected."""
        try:
            described = read_scenario(expected.file, self._overrides(driver))
            result = self.session.run(described)
            finders = expected.finders(result.verdicts)
            telling = finders[0] if finders else _worst(result)
            # What is found by a checker that was not meant to is not found.
            status = result.status if finders or not expected.found_by else min(result.status, Status.UNKNOWN)
            row = self._row(described, result, status, expected.status, telling)
        except HarnessError as error:
            row = _not_run(expected.name, driver, expected.status, error)
        return _told_of(row)

    def _named(self, name: str) -> bool:
        return not self.only or name in self.only

    @property
    def _kept(self) -> Sequence[MatrixCell | RunRow]:
        return () if self.only else self.done

    def _tried(self, variant: str, strategy: str, driver: str) -> bool:
        place = (variant, strategy, driver)
        return any(
            (row.variant, row.strategy, row.driver) == place for row in self._kept if not isinstance(row, RunRow)
        )

    def _ran(self, scenario: str, driver: str) -> int:
        """How often."""
        rows = (row for row in self._kept if isinstance(row, RunRow))
        return sum((row.scenario, row.driver) == (scenario, driver) for row in rows)

    def _row(
        self, described: Scenario, result: RunResult, status: Status, expected: Status, telling: Verdict | None
    ) -> RunRow:
        return RunRow(
            described.name,
            type(described.strategy).__name__,
            described.driver,
            status,
            expected,
            telling.checker if telling else "",
            telling.reason if telling else ALL_PASSED,
            report=self._report(result),
            faults=fault_counts(described, result.folder),
        )

    def _of_matrix(self, described: Scenario) -> Scenario:
        """With as many requests before and after the deployment as the matrix counts on, however few a second."""
        slowed = overridden(described, self._overrides(described.driver))
        return replace(slowed, settle_s=described.settle_s * described.load.rate_per_s / slowed.load.rate_per_s)

    def _overrides(self, driver: str) -> Overrides:
        return Overrides(driver=driver, rate_per_s=self.rate_per_s or RATES_PER_S.get(driver))

    def _report(self, result: RunResult) -> str:
        return (result.folder / "report.html").relative_to(self.folder).as_posix()


def shipped() -> Iterator[Expectation]:
    files = (file for folder in SCENARIOS for file in sorted((ROOT / "scenarios" / folder).glob("*.toml")))
    return (Expectation(file) for file in files)


def main() -> int:
    """The summary is written anew after each run, so that a night that is cut short has one."""
    options = _options()
    summary = read_summary(options.resume) if options.resume else begun(datetime.now(UTC))
    folder = options.resume or REPORTS / "nightly" / re.sub(r"\W", "", summary.made_at)
    paths = write_summary(folder, summary)
    with open_session(folder) as session:
        done: list[MatrixCell | RunRow] = [*summary.variants, *summary.not_shown, *summary.runs]
        for row in Nightly(session, folder, options.rate_per_s, options.only, done).rows(options):
            summary = with_row(summary, row)
            paths = write_summary(folder, summary)
    for driver in options.documented:
        DOCUMENTS[driver].write_text(documented(DOCUMENTS[driver].read_text(), summary, driver))
    print(render_markdown(summary))
    print(f"summary: {os.path.relpath(paths.page)}")
    return 0 if summary.status is Status.PASS else 1


def fault_counts(described: Scenario, folder: Path) -> tuple[FaultCount, ...]:
    """Of the faults that were to be injected, how many were seen to bite and to heal: of a run without a history none
    was."""
    moments: Sequence[Moment] = ()
    if (folder / "history").is_dir():
        with History.load(folder / "history") as history:
            moments = history.moments(Kind.FAULT)
    return tuple(_fault_count(scheduled, described.driver, moments) for scheduled in described.faults)


def _fault_count(scheduled: ScheduledFault, driver: str, moments: Sequence[Moment]) -> FaultCount:
    own = [moment for moment in moments if moment.name == scheduled.name]
    bit, healed = (sum(moment.detail.get(word) is True for moment in own) for word in ("bit", "healed"))
    return FaultCount(registry.FAULTS.kind_of(scheduled.fault), driver, scheduled.window.times, bit, healed)


def begun(at: datetime) -> Summary:
    """Nothing has run yet."""
    return Summary("Nightly verification", f"{at:%Y-%m-%dT%H:%M:%SZ}", machine())


def with_row(summary: Summary, row: MatrixCell | RunRow) -> Summary:
    match row:
        case RunRow():
            return replace(summary, runs=(*summary.runs, row))
        case VariantRow():
            return replace(summary, variants=(*summary.variants, row))
        case NotShown():
            return replace(summary, not_shown=(*summary.not_shown, row))


@dataclass(frozen=True)
class Options:
    drivers: tuple[str, ...]
    times: int
    mistakes: str
    documented: tuple[str, ...] = ()
    """Drivers whose tables are to be put into the documents."""
    rate_per_s: float | None = None
    only: frozenset[str] = frozenset()
    resume: Path | None = None
    """Folder of the night to go on with."""


def _options(words: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--driver", action="append", default=[], type=_drivers, help=f"{', '.join(DRIVERS)}, several with commas"
    )
    parser.add_argument("--times", type=int, default=5, help="how often each shipped scenario runs")
    parser.add_argument(
        "--mistakes", choices=("all", "soonest", "none"), default="all", help="under which strategies each is tried"
    )
    parser.add_argument("--rate", type=float, help="requests a second of every load, for a machine that is slow")
    parser.add_argument(
        "--only", action="append", default=[], type=_names, help="nothing but these mistakes and scenarios"
    )
    parser.add_argument("--resume", type=_night, metavar="FOLDER", help="go on with the night whose summary is there")
    parser.add_argument("--document", action="store_true", help="put the tables of what was found into the documents")
    given = parser.parse_args(words)
    drivers = tuple(dict.fromkeys(name for names in given.driver for name in names)) or (LOOPBACK,)
    documented = tuple(driver for driver in drivers if driver in DOCUMENTS) if given.document else ()
    if given.document and not documented:
        parser.error(f"the tables are of the drivers {', '.join(DOCUMENTS)}, none of which is to run")
    if given.document and given.only and not given.resume:
        parser.error("the tables are of all mistakes, not only of some")
    only = frozenset(name for names in given.only for name in names)
    return Options(drivers, given.times, given.mistakes, documented, given.rate, only, given.resume)


def _names(text: str) -> tuple[str, ...]:
    known = {*(case.variant for case in CASES), *(expected.name for expected in (*shipped(), *ALL))}
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"there is no mistake and no scenario {name!r}; {nearest(name, known)}")
    return names


def _night(text: str) -> Path:
    folder = Path(text).resolve()
    try:
        read_summary(folder)
    except HarnessError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return folder


def _drivers(text: str) -> tuple[str, ...]:
    """Each can be found: what its driver needs of Python is there."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in DRIVERS:
            raise argparse.ArgumentTypeError(f"there is no driver {name!r} that scenarios run on")
        try:
            registry.DRIVERS.find(name)
        except HarnessError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return names


def _not_run(scenario: str, driver: str, expected: Status, error: HarnessError) -> RunRow:
    return RunRow(scenario, "", driver, Status.UNKNOWN, expected, "the harness itself", str(error))


def _told_of(row: RunRow) -> RunRow:
    _say(f"{row.driver}: {row.scenario}: {row.status.word}{'' if row.as_expected else f' ({row.reason})'}")
    return row


def _worst(result: RunResult) -> Verdict | None:
    """What kept it from passing; None if it passed."""
    return None if result.passed else max(result.verdicts, key=lambda verdict: verdict.status)


def _detected_after_s(verdicts: list[Verdict], began_s: float) -> float | None:
    """From the beginning of the deployment to the first thing that is wrong; None if no checker can date it."""
    dated = [verdict.first_violation_s for verdict in verdicts if verdict.first_violation_s is not None]
    return max(0.0, min(dated) - began_s) if dated else None


def documented(text: str, summary: Summary, driver: str) -> str:
    """A document with the table of a driver in its place. Raises ValueError if it has none."""
    place = re.compile(rf"(<!-- defects on {driver} -->\n).*?(<!-- /defects -->)", re.DOTALL)
    table = found_table(summary, driver)
    written, times = place.subn(lambda found: f"{found[1]}{table}{found[2]}", text)
    if not times:
        raise ValueError(f"there is no place for the table of {driver}")
    return written


def found_table(summary: Summary, driver: str) -> str:
    """A line a defect, a column a strategy; below it, what the driver cannot show, and why."""
    rows: tuple[MatrixCell, ...] = (*summary.variants, *summary.not_shown)
    cells = {(row.variant, row.strategy): row for row in rows if row.driver == driver}
    lines = [f"| defect | {' | '.join(STRATEGIES)} |", f"|---|{'---|' * len(STRATEGIES)}"]
    for variant in (case.variant for case in CASES):
        told = [_told(cells.get((variant, strategy))) for strategy in STRATEGIES]
        if any(cell != NOTHING for cell in told):
            lines.append(f"| {variant} | {' | '.join(told)} |")
    hidden = [row for row in summary.not_shown if row.driver == driver]
    for reason in dict.fromkeys(row.reason for row in hidden):
        variants = dict.fromkeys(row.variant for row in hidden if row.reason == reason)
        lines += ["", f"Not shown on {driver}, as {reason}: {', '.join(variants)}."]
    return "\n".join(lines) + "\n"


def _told(row: MatrixCell | None) -> str:
    if row is None:
        return NOTHING
    if isinstance(row, NotShown):
        return "not shown"
    after = "" if row.detection_s is None else f", {row.detection_s:.1f} s"
    return f"{row.status.word}: {row.checker or 'not found'}{after}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
