from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness import registry
from harness.pytest_plugin import is_scenario
from tests.unit.fake_runner import FakeRunner
from tests.unit.toy import DRIVERS, rewrite, write_project

pytest_plugins = ["pytester"]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> FakeRunner:
    fake = FakeRunner()
    monkeypatch.setitem(sys.modules, "harness.runner", fake)
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)
    write_project(pytester.path)
    return fake


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:locust", "-p", "no:hypothesispytest", *arguments)


def test_scenarios_are_collected_and_foreign_toml_is_left_alone(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (pytester.path / "broken.toml").write_text("= not toml")
    result = run(pytester, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["scenarios/canary.toml::canary PASSED*"])
    assert (runner.opened, runner.closed) == (1, 1)


def test_a_failure_is_the_verdict_with_its_evidence_and_how_to_repeat_it(
    runner: FakeRunner, pytester: pytest.Pytester
) -> None:
    rewrite(pytester.path / "scenarios" / "canary.toml", 'new = "2.0"', 'new = "2.0+slow"')
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "canary: 1.0 → 2.0+slow by canary, seed 1",
            "FAIL: lost-events: 2 of 90 acknowledged writes are not in the store. (1 fail, 1 pass)",
            "*FAIL * lost-events * (first at 1.500 s)",
            "*Acknowledged writes without an event (2 of 2):",
            "*key  at_s",
            "*7    1.5",
            "*PASS * order *",
            "report: *canary/run-1/report.html",
            "repeat: harness run */scenarios/canary.toml --seed 1",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_unknown_is_a_failure(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    result = run(pytester, "--harness-seed", "99")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["UNKNOWN: faults: the fault 'kill api' was never injected.*"])


def test_an_invalid_scenario_is_one_message(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    rewrite(pytester.path / "scenarios" / "canary.toml", "rate_per_s = 100", "rate_per_s = 0")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["harness: *canary.toml:20: rate_per_s must be more than 0, not 0"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not runner.opened


def test_the_fixture_runs_files_and_values_in_one_session(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from dataclasses import replace
        from pathlib import Path
        import pytest
        from harness.scenario_file import read_scenario

        def test_by_path(harness):
            assert harness.run("scenarios/canary.toml").passed

        def test_by_value(harness):
            scenario = read_scenario(Path("scenarios/canary.toml").absolute())
            assert not harness.run(scenario, to="2.0+slow", seed=5).passed

        @pytest.mark.harness(driver="local", seed=7)
        def test_marked(harness):
            assert harness.run("scenarios/canary.toml").passed
        """
    )
    result = run(pytester, "--strict-markers", "--ignore=scenarios")
    result.assert_outcomes(passed=3)
    assert [(each.change.new, each.seed) for each in runner.ran] == [("2.0", 1), ("2.0+slow", 5), ("2.0", 7)]
    assert (runner.opened, runner.closed) == (1, 1)


def test_an_assertion_that_fails_shows_the_verdict(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_by_path(harness):
            assert harness.run("scenarios/canary.toml", to="2.0+slow").passed
        """
    )
    result = run(pytester, "--ignore=scenarios")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- harness -*", "FAIL: lost-events: *", "repeat: harness run *"])


def test_unknown_skips_where_the_marker_says_so(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.harness(seed=99, unknown="skip")
        def test_accepted(harness):
            assert harness.run("scenarios/canary.toml").passed

        @pytest.mark.harness(seed=99)
        def test_not_accepted(harness):
            assert harness.run("scenarios/canary.toml").passed

        @pytest.mark.harness(unknwon="skip")
        def test_misspelt(harness):
            harness.run("scenarios/canary.toml")
        """
    )
    result = run(pytester, "-rs", "--ignore=scenarios")
    result.assert_outcomes(skipped=1, failed=2)
    result.stdout.fnmatch_lines(["*unknwon*", "*unknown: faults: the fault 'kill api' was never injected."])


def test_what_does_not_exist_or_could_not_work_is_refused(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from harness.errors import InvalidInput, Unsupported

        def test_no_file(harness):
            with pytest.raises(InvalidInput, match="no scenario absent.toml in"):
                harness.run("absent.toml")

        def test_no_variant(harness):
            with pytest.raises(InvalidInput, match="no variant 'slwo'; did you mean 'slow'"):
                harness.run("scenarios/canary.toml", to="2.0+slwo")

        def test_not_offered(harness):
            with pytest.raises(Unsupported, match="does not offer Killable"):
                harness.run("scenarios/canary.toml", driver="bare")
        """
    )
    run(pytester, "--ignore=scenarios").assert_outcomes(passed=3)
    assert not runner.ran


def test_junit_tells_how_to_repeat_it(runner: FakeRunner, pytester: pytest.Pytester) -> None:
    run(pytester, "--junitxml=out.xml", "--harness-reports", str(pytester.path / "elsewhere"))
    properties = {
        each.attrib["name"]: each.attrib["value"] for each in ET.parse(pytester.path / "out.xml").iter("property")
    }
    assert properties["harness.verdict"] == "pass"
    assert properties["harness.seed"] == "1"
    assert properties["harness.report"] == str(pytester.path / "elsewhere" / "canary" / "run-1")
    assert properties["harness.command"].startswith("harness run ")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("[change]\n[strategy]\n", True),
        ("[project]\nname = 'x'\n", False),
        ("[change]\n", False),
        ("not toml at all", False),
    ],
)
def test_foreign_toml_is_not_taken_for_a_scenario(tmp_path: Path, text: str, is_one: bool) -> None:
    file = tmp_path / "some.toml"
    file.write_text(text)
    assert is_scenario(file) is is_one
    assert not is_scenario(tmp_path / "absent.toml")
