from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.history import Kind, Moment
from harness.reporting.narration import narrate
from harness.reporting.terminal import (
    Display,
    PlainDisplay,
    RichDisplay,
    SilentDisplay,
    Snapshot,
    VersionRate,
    choose_display,
)
from harness.reporting.verdict_text import render_verdicts
from harness.verdict import Evidence, Status, Verdict
from tests.unit.reporting import runs
from tests.unit.reporting.runs import moment

FAILED = Verdict(
    "availability",
    Status.FAIL,
    "too few were served",
    evidence=(Evidence("Failed requests", ("at_s", "error"), ((3.25, "timeout"), (12.5, "reset")), 17),),
    first_violation_s=3.25,
)
SNAPSHOT = Snapshot(4.2, "canary 25 %", 203.4, 0.05, 31.0, (VersionRate("2.0", 50.0, 0.2, 80.0),))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _use(display: Display) -> None:
    with display:
        display.planned("the plan [bold]")
        display.moment(moment(1.0, Kind.STEP, "canary 25 %"))
        display.progress(SNAPSHOT)
        display.finished((FAILED, Verdict("order", Status.PASS, "held")), Path("reports/x/report.html"))


def test_plain_lines_are_stamped_with_the_second_of_the_run() -> None:
    out = io.StringIO()
    _use(PlainDisplay(out))
    assert out.getvalue().splitlines()[:3] == [
        "the plan [bold]",
        "[    1.00 s] step canary 25 %",
        "[    4.20 s] canary 25 %: 203.4 requests/s, 5\u202f% errors, p99 31\u202fms",
    ]
    assert out.getvalue().endswith("report: reports/x/report.html\n")


def test_a_step_is_told_when_it_begins_and_an_action_when_it_is_over() -> None:
    out = io.StringIO()
    display = PlainDisplay(out)
    step, action = moment(1.0, Kind.STEP, "expand"), moment(1.0, Kind.ACTION, "expand 2.0", ok=True)
    for each in (step, action, replace(action, until_ns=2_000_000_000), replace(step, until_ns=2_000_000_000)):
        display.moment(each)
    assert out.getvalue().splitlines() == ["[    1.00 s] step expand", "[    2.00 s] expand 2.0 (1.00 s)"]


def test_plain_progress_is_rare() -> None:
    out = io.StringIO()
    display = PlainDisplay(out)
    for tenth in range(100):
        display.progress(Snapshot(tenth / 10, "load", 1.0, None, None))
    assert len(out.getvalue().splitlines()) == 2


def test_the_live_display_shows_rates_and_keeps_the_verdicts() -> None:
    out = Terminal()
    _use(RichDisplay(Console(file=out, force_terminal=True, width=100, height=40, color_system=None)))
    text = out.getvalue()
    assert "4.2 s · canary 25 %" in text
    assert "[    1.00 s] step canary 25 %" in text
    assert "the plan [bold]" in text, "foreign text is no markup"
    assert "FAIL: availability: too few were served" in text.rsplit("\r", 1)[-1]


def test_the_live_display_leaves_the_terminal_as_it_was_when_the_run_breaks() -> None:
    out = Terminal()
    with pytest.raises(KeyboardInterrupt), RichDisplay(Console(file=out, force_terminal=True)):
        raise KeyboardInterrupt
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h") == 1, "the cursor is shown again"


def test_the_silent_display_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _use(SilentDisplay())
    assert capsys.readouterr() == ("", "")


def test_the_display_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_display(io.StringIO()), PlainDisplay)
    assert isinstance(choose_display(Terminal()), RichDisplay)
    monkeypatch.setenv("TERM", "dumb")
    assert not isinstance(choose_display(Terminal()), RichDisplay)


@pytest.mark.parametrize(
    ("happened", "line"),
    [
        (moment(1, Kind.ACTION, "add ledger 2.0", 1.5, ok=True), "add ledger 2.0 (0.50 s)"),
        (moment(1, Kind.ACTION, "smoke", 1.5, ok=False, error="404"), "smoke FAILED: 404"),
        (
            moment(1, Kind.ACTION, "remove a", 2, ok=True, exit_code=-9, killed=True),
            "remove a (1.00 s, exit code -9, killed)",
        ),
        (moment(1, Kind.FAULT, "kill", target="ledger-2"), "fault kill on ledger-2 begins"),
        (
            moment(1, Kind.FAULT, "kill", 2, bit=True, bit_by="pid gone", healed=False, healed_by="no answer"),
            "fault kill: took hold (pid gone); NOT PROVED to heal (no answer)",
        ),
        (moment(1, Kind.GATE, "gate", passed=False, reason="2.0 is bad"), "gate FAILED: 2.0 is bad"),
        (moment(1, Kind.SETBACK, "setback", reason="bad"), "TURNS BACK: bad"),
        (moment(1, Kind.ENDED, "deployment", outcome="complete", reason=""), "deployment complete"),
        (runs.weights(1, 75, 25), "weights 1.1 75, 2.0 25"),
        (moment(1, Kind.STALL, "stall", 1.25), "the harness itself did not run for 0.25 s"),
        (moment(1, Kind.QUIET, "quiet", reached=False), "consumers and projections did NOT catch up"),
        (moment(1, Kind.NOTE, "note", text="hello"), "hello"),
        (moment(1, Kind.REMARK, "Killing", about="Pod/a", text="stopping"), "Killing Pod/a: stopping"),
        (moment(1, Kind.REMARK, "Pulled", about="Pod/a", text="image", routine=True), ""),
        (
            moment(1, Kind.REPLAY, "ledger 1.1", failed=1, stream="7", position=3, type="Paid", error="no amount"),
            "replay: ledger 1.1 FAILS at Paid (stream 7, position 3): no amount",
        ),
        (
            moment(1, Kind.REPLAY, "ledger 1.1", failed=0, undecided="it hangs"),
            "replay: ledger 1.1 is undecided: it hangs",
        ),
        (moment(1, Kind.REPLAY, "ledger 1.1", failed=0, undecided=""), ""),
        (moment(1, Kind.LAG, "lag", events_behind=3), ""),
        (runs.fleet(1, 3, 0), ""),
    ],
)
def test_a_moment_in_a_line(happened: Moment, line: str) -> None:
    assert narrate(happened) == line


def test_every_kind_of_moment_can_be_told() -> None:
    assert {kind for kind in Kind if narrate(moment(1, kind, "x")) == ""} == {
        *(Kind.LAG, Kind.FLEET, Kind.REPLAY, Kind.DIRECT)
    }


def test_verdicts_as_text() -> None:
    assert render_verdicts((Verdict("order", Status.PASS, "held"), FAILED)).splitlines() == [
        "FAIL: availability: too few were served (1 fail, 1 pass)",
        "  FAIL     availability  too few were served (first at 3.250 s)",
        "           Failed requests (2 of 17):",
        "             at_s  error",
        "             3.25  timeout",
        "             12.5  reset",
        "  PASS     order         held",
    ]
    assert render_verdicts(()) == "UNKNOWN: No checker judged this run, so nothing is proved. (no verdicts)"
