"""What the nightly makes of its runs; a session that starts nothing stands in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import pytest

from harness import registry
from harness.errors import HarnessError, StartFailed
from harness.faults.network import LinkFault
from harness.faults.process import Kill
from harness.history import Kind, Moment
from harness.recording import write_facts, write_timeline
from harness.reporting.summary import FaultCount, NotShown, RunRow, VariantRow
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.verdict import Status, Verdict
from harness.windows import ScheduledFault, Window
from tests import nightly
from tests.histories.build import Story
from tests.integration import matrix
from tests.integration.matrix import CASES, ONLY_BY_FAULTS, ROOT
from tests.integration.pitfalls import ALL, PITFALLS, Expectation
from tests.nightly import ALL_PASSED, Nightly, Options, fault_counts
from tests.unit.toy import DRIVERS

FOLDER = Path("/reports/nightly/1")
REPORT = "some/run/report.html"
HELD = Verdict("order", Status.PASS, "Every stream is in order.")
LATE = Verdict("latency", Status.FAIL, "p99 is 2 s", first_violation_s=9.0)
LOST = Verdict("lost-events", Status.FAIL, "2 writes are lost", first_violation_s=4.0)
EARLY_ACK = next(case for case in CASES if case.variant == "ack-before-commit")


@dataclass
class FakeSession:
    """Comes to the same verdicts each time, or breaks."""

    verdicts: tuple[Verdict, ...] = (HELD,)
    breaks: HarnessError | None = None
    ran: list[Scenario] = field(default_factory=list)

    def run(self, scenario: Scenario) -> RunResult:
        self.ran.append(scenario)
        if self.breaks:
            raise self.breaks
        return RunResult("1", FOLDER / "some" / "run", self.verdicts)


def found(session: FakeSession) -> VariantRow:
    return Nightly(session, FOLDER).variant(EARLY_ACK, "rolling", "containers")


def test_faults_are_counted_by_what_the_history_shows(tmp_path: Path) -> None:
    described = replace(
        matrix.scenario(EARLY_ACK, "rolling"),
        faults=(
            ScheduledFault("twice", Kill("ledger"), Window(1.0, at_s=0.0, times=2)),
            ScheduledFault("once", LinkFault("ledger", "postgres", "down"), Window(1.0, at_s=0.0)),
        ),
    )
    (tmp_path / "history").mkdir()
    write_facts(tmp_path / "history", Story().facts)
    seen = [("twice", True, True), ("twice", True, False), ("once", False, True)]
    moments = [
        Moment(number, Kind.FAULT, name, number + 1, {"bit": bit, "healed": healed})
        for number, (name, bit, healed) in enumerate(seen)
    ]
    write_timeline(tmp_path / "history", moments)
    assert fault_counts(described, tmp_path) == (
        FaultCount("kill", "local", 2, 2, 1),
        FaultCount("down", "local", 1, 0, 1),
    )


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mistake_is_found_by_who_is_meant_to_find_it() -> None:
    session = FakeSession((HELD, LATE, LOST))
    row = found(session)
    assert row == VariantRow(
        "ack-before-commit",
        "rolling",
        "containers",
        Status.FAIL,
        Status.FAIL,
        "lost-events",
        2.5,
        REPORT,
        faults=(FaultCount("kill", "containers", 1, 0, 0),),  # this session has no history that would show it
    )
    assert [(scenario.driver, scenario.change.new) for scenario in session.ran] == [
        ("containers", "2.0+ack-before-commit")
    ]


@pytest.mark.parametrize(
    ("verdicts", "status", "reason"),
    [
        ((HELD,), Status.PASS, ALL_PASSED),
        ((HELD, LATE), Status.UNKNOWN, "latency: p99 is 2 s"),
        ((Verdict("load", Status.UNKNOWN, "it never flowed"),), Status.UNKNOWN, "load: it never flowed"),
    ],
)
def test_a_mistake_that_nobody_finds_who_should_is_not_found(
    verdicts: tuple[Verdict, ...], status: Status, reason: str
) -> None:
    row = found(FakeSession(verdicts))
    assert (row.status, row.checker, row.reason, row.as_expected) == (status, "", reason, False)


def test_what_the_harness_could_not_run_is_not_found_and_the_rest_goes_on() -> None:
    session = FakeSession(breaks=StartFailed("web-1 was not ready"))
    rows = list(Nightly(session, FOLDER).variants("local", "soonest"))
    assert len(session.ran) == len(rows) == len(CASES)
    assert {(type(row), row.reason) for row in rows} == {(VariantRow, "web-1 was not ready")}


def test_every_mistake_runs_under_every_strategy_it_applies_to() -> None:
    session = FakeSession()
    rows = list(Nightly(session, FOLDER).variants("kind", "all"))
    assert len(rows) == sum(len(case.strategies) for case in CASES)
    assert list(Nightly(session, FOLDER).variants("kind", "none")) == []


def test_what_a_driver_cannot_show_is_not_run_and_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = replace(EARLY_ACK, strategies=("rolling", "canary"), not_shown={"kind": "nothing dies there"})
    monkeypatch.setattr(nightly, "CASES", (hidden,))
    session = FakeSession()
    assert list(Nightly(session, FOLDER).variants("kind", "all")) == [
        NotShown("ack-before-commit", "rolling", "kind", "nothing dies there"),
        NotShown("ack-before-commit", "canary", "kind", "nothing dies there"),
    ]
    assert session.ran == []
    assert [type(row) for row in Nightly(session, FOLDER).variants("local", "all")] == [VariantRow, VariantRow]


def test_the_matrix_gives_reasons_only_for_drivers_that_there_are() -> None:
    assert {driver for case in CASES for driver in case.not_shown} <= set(nightly.DRIVERS)


# ── what is healthy ──────────────────────────────────────────────────────────────────────────────────────────────


TWICE = Verdict("duplicates", Status.FAIL, "3 events were published twice")


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict("order", Status.PASS, ""), LATE), Status.PASS),
        ((Verdict("order", Status.PASS, ""), Verdict("duplicates", Status.UNKNOWN, "")), Status.UNKNOWN),
        ((Verdict("order", Status.PASS, ""), TWICE), Status.FAIL),
    ],
)
def test_what_is_healthy_is_blamed_by_those_alone_that_find_the_mistake(
    verdicts: tuple[Verdict, ...], status: Status
) -> None:
    [case] = [each for each in ONLY_BY_FAULTS if each.variant == "split-brain"]
    row = Nightly(FakeSession(verdicts), FOLDER).survivor(case, "local")
    assert (row.scenario, row.status, row.expected) == ("healthy-split-brain-by-rolling", status, Status.PASS)


def test_what_is_healthy_runs_under_all_faults_that_a_driver_has() -> None:
    session = FakeSession(breaks=StartFailed("web-1 was not ready"))
    rows = list(Nightly(session, FOLDER).survivors("kind", "soonest"))
    shown = [case for case in ONLY_BY_FAULTS if "kind" not in case.not_shown]
    assert [row.status for row in rows] == [Status.UNKNOWN] * len(shown)
    assert {described.driver for described in session.ran} == {"kind"}
    assert {described.change.new for described in session.ran} == {"2.0"}


# ── scenarios ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has."""
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)


def scenario(session: FakeSession) -> RunRow:
    return Nightly(session, FOLDER).scenario(Expectation(ROOT / "scenarios" / "canary.toml"), "local")


@pytest.mark.usefixtures("offering")
def test_a_scenario_is_to_pass() -> None:
    assert scenario(FakeSession()) == RunRow(
        "canary", "Canary", "local", Status.PASS, Status.PASS, "", ALL_PASSED, report=REPORT
    )


@pytest.mark.usefixtures("offering")
def test_a_scenario_that_failed_tells_who_says_so_and_why() -> None:
    row = scenario(FakeSession((HELD, LATE)))
    assert (row.status, row.checker, row.reason, row.as_expected) == (Status.FAIL, "latency", "p99 is 2 s", False)


@pytest.mark.usefixtures("offering")
def test_a_scenario_that_could_not_be_run_has_not_passed() -> None:
    row = scenario(FakeSession(breaks=StartFailed("web-1 was not ready")))
    assert (row.status, row.reason, row.as_expected) == (Status.UNKNOWN, "web-1 was not ready", False)


@pytest.mark.usefixtures("offering")
def test_every_scenario_runs_as_often_as_wanted_on_that_driver() -> None:
    session = FakeSession()
    rows = list(Nightly(session, FOLDER).scenarios("local", 2))
    folder = ROOT / "scenarios"
    assert len(rows) == 2 * len([*folder.glob("*.toml"), *folder.glob("read-model/*.toml")])
    assert {described.driver for described in session.ran} == {"local"}


@pytest.mark.usefixtures("offering")
@pytest.mark.parametrize(
    ("verdicts", "status", "checker"),
    [
        ((HELD,), Status.PASS, ""),
        ((HELD, LATE), Status.UNKNOWN, "latency"),
        ((LATE, Verdict("availability", Status.FAIL, "3 % were not served")), Status.FAIL, "availability"),
    ],
)
def test_a_pitfall_is_found_by_who_is_meant_to_find_it(
    verdicts: tuple[Verdict, ...], status: Status, checker: str
) -> None:
    row = Nightly(FakeSession(verdicts), FOLDER).scenario(PITFALLS[0].wrong, "kubernetes")
    assert (row.status, row.expected, row.checker) == (status, Status.FAIL, checker)


@pytest.mark.usefixtures("offering")
def test_where_kubernetes_deploys_the_scenarios_are_its_own() -> None:
    session = FakeSession()
    assert list(Nightly(session, FOLDER).variants("kubernetes", "all")) == []
    rows = list(Nightly(session, FOLDER).scenarios("kubernetes", 1))
    assert [row.scenario for row in rows] == [expected.name for expected in ALL]
    assert {described.driver for described in session.ran} == {"kubernetes"}


@pytest.mark.usefixtures("offering")
def test_one_driver_comes_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    [acks] = [case for case in ONLY_BY_FAULTS if case.variant == "counts-on-acks"]
    monkeypatch.setattr(nightly, "CASES", (EARLY_ACK, replace(acks, not_shown={"containers": "no links there"})))
    monkeypatch.setattr(nightly, "ONLY_BY_FAULTS", (acks,))
    session = FakeSession()
    options = Options(("local", "containers"), times=1, mistakes="soonest")
    rows = list(Nightly(session, FOLDER).rows(options))
    drivers = [described.driver for described in session.ran]
    assert sum(not isinstance(row, NotShown) for row in rows) == len(drivers)
    assert drivers == sorted(drivers, key=options.drivers.index)
    summary = reduce(nightly.with_row, rows, nightly.begun(datetime(2026, 3, 14, 2, tzinfo=UTC)))
    assert {row.driver for row in summary.runs} == {row.driver for row in summary.variants} == set(options.drivers)
    assert len(summary.runs) + len(summary.variants) + len(summary.not_shown) == len(rows)
    assert summary.made_at == "2026-03-14T02:00:00Z"


def test_nothing_runs_but_what_is_named() -> None:
    session = FakeSession()
    options = nightly._options(["--times=1", "--mistakes=soonest", "--only=counts-on-acks,recreate", "--only=slow-p99"])
    rows = list(Nightly(session, FOLDER, only=options.only).rows(options))
    ran = [described.name for described in session.ran]
    assert ran == ["slow-p99-by-rolling", "counts-on-acks-by-rolling", "healthy-counts-on-acks-by-rolling", "recreate"]
    assert len(rows) == len(ran)


@pytest.mark.usefixtures("offering")
def test_a_night_that_was_cut_short_goes_on_with_what_it_lacks() -> None:
    missed = VariantRow("stale-cache", "rolling", "kind", Status.PASS, Status.FAIL, "")
    elsewhere = replace(missed, driver="containers")
    hidden = NotShown("commits-unsynced", "rolling", "kind", "no disk of its own")
    once = RunRow("recreate", "Recreate", "kind", Status.FAIL, Status.PASS, "latency", "")
    night = Nightly(FakeSession(), FOLDER, done=(missed, elsewhere, hidden, once))
    variants = list(night.variants("kind", "all"))
    assert len(variants) == sum(len(case.strategies) for case in CASES) - 2
    assert [row.strategy for row in variants if row.variant == "stale-cache"] == ["blue-green", "canary", "recreate"]
    assert [row.scenario for row in night.scenarios("kind", 2)].count("recreate") == 1
    assert [row.scenario for row in night.scenarios("local", 2)].count("recreate") == 2


@pytest.mark.usefixtures("offering")
def test_what_is_named_is_run_again_beside_what_there_is() -> None:
    missed = VariantRow("stale-cache", "rolling", "kind", Status.PASS, Status.FAIL, "")
    once = RunRow("recreate", "Recreate", "kind", Status.FAIL, Status.PASS, "latency", "")
    night = Nightly(FakeSession(), FOLDER, only=frozenset({"stale-cache", "recreate"}), done=(missed, once))
    assert [row.strategy for row in night.variants("kind", "soonest")] == ["rolling"]
    assert [row.scenario for row in night.scenarios("kind", 1)] == ["recreate"]


# ── its arguments ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "drivers"),
    [
        ("", ("local",)),
        ("--driver containers", ("containers",)),
        ("--driver local,containers", ("local", "containers")),
        ("--driver local --driver containers,local", ("local", "containers")),
    ],
)
def test_drivers_are_named_one_by_one_or_with_commas(words: str, drivers: tuple[str, ...]) -> None:
    assert nightly._options(words.split()) == Options(drivers, times=5, mistakes="all")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--driver local,docker", "there is no driver 'docker'"),
        ("--driver kubernetes --document", "none of which is to run"),
        ("--only recreates", "no mistake and no scenario 'recreates'; did you mean 'recreate'?"),
        ("--only recreate --document", "are of all mistakes, not only of some"),
        ("--resume of-no-night", "of-no-night/summary.json: it is not a summary of runs"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    words: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        nightly._options(words.split())
    assert complaint in capsys.readouterr().err


def test_tables_are_of_the_drivers_that_ran_and_have_a_place() -> None:
    assert nightly._options(["--document"]).documented == ("local",)
    assert nightly._options(["--document", "--driver=kind,kubernetes,containers"]).documented == ("kind", "containers")
    assert nightly._options(["--driver=kind"]).documented == ()
    summary = nightly.begun(datetime(2026, 3, 14, 2, tzinfo=UTC))
    for driver, document in nightly.DOCUMENTS.items():
        nightly.documented(document.read_text(), summary, driver)
    with pytest.raises(ValueError, match="no place for the table of kind"):
        nightly.documented("# Text\n", summary, "kind")


def test_a_table_is_of_one_driver_and_says_why_it_lacks_what_it_lacks() -> None:
    row = VariantRow("stale-cache", "rolling", "local", Status.FAIL, Status.FAIL, "monotonic-reads", 1.25)
    missed = VariantRow("stale-cache", "canary", "local", Status.UNKNOWN, Status.FAIL, "")
    elsewhere = replace(row, strategy="recreate", driver="kind")
    hidden = NotShown("newest-wins", "rolling", "local", "its clock is fixed")
    summary = nightly.begun(datetime(2026, 3, 14, 2, tzinfo=UTC))
    summary = replace(summary, variants=(row, missed, elsewhere), not_shown=(hidden, replace(hidden, driver="kind")))
    text = "before\n<!-- defects on local -->\nold\n<!-- /defects -->\nafter\n"
    assert nightly.documented(text, summary, "local").splitlines() == [
        "before",
        "<!-- defects on local -->",
        "| defect | rolling | blue-green | canary | recreate |",
        "|---|---|---|---|---|",
        "| stale-cache | fail: monotonic-reads, 1.2 s | - | unknown: not found | - |",
        "| newest-wins | not shown | - | - | - |",
        "",
        "Not shown on local, as its clock is fixed: newest-wins.",
        "<!-- /defects -->",
        "after",
    ]


@pytest.mark.parametrize(
    ("driver", "asked_per_s", "rate_per_s"), [("containers", None, 100.0), ("kind", None, 40.0), ("kind", 50.0, 50.0)]
)
def test_a_driver_that_carries_less_is_asked_for_less_for_longer(
    driver: str, asked_per_s: float | None, rate_per_s: float
) -> None:
    session = FakeSession()
    Nightly(session, FOLDER, asked_per_s).variant(EARLY_ACK, "rolling", driver)
    [described] = session.ran
    usual = matrix.scenario(EARLY_ACK, "rolling")
    assert described.load.rate_per_s == rate_per_s
    assert described.settle_s * rate_per_s == usual.settle_s * usual.load.rate_per_s
