"""Scenarios as tests. `*.toml` files with [change] and [strategy] are collected; tests in Python use the fixture:

    def test_a_slow_version_is_found(harness):
        result = harness.run("scenarios/canary.toml", to="2.0+slow")
        assert result.status.word == "fail"

    @pytest.mark.harness(seed=7, unknown="skip")
    def test_the_canary(harness):
        assert harness.run("scenarios/canary.toml").passed

An unknown verdict fails, unless the marker says `unknown="skip"`. Environments are shared by the tests of a session.
Nothing of the harness is imported before a test needs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from harness.errors import HarnessError, InvalidInput
from harness.toml_reader import Table

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

    from harness.runner import RunResult, Session
    from harness.scenario import Scenario
    from harness.scenario_file import Overrides

RUNS = pytest.StashKey["Runs"]()
EXPLANATIONS = pytest.StashKey[list[str]]()
MARKER = "harness(driver=None, seed=None, unknown='fail'): how scenarios are run; unknown='skip' skips what is unknown"


class NotPassed(Exception):
    """The verdict of a collected scenario is not pass; the message is the verdict with its evidence."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "deployment scenarios")
    group.addoption("--harness-driver", metavar="NAME", help="bring environments up with this driver")
    group.addoption("--harness-seed", type=int, metavar="N", help="run all scenarios with this seed")
    group.addoption("--harness-rate", type=float, metavar="R", help="load all scenarios with R requests a second")
    group.addoption(
        "--harness-reports", type=Path, default=Path("reports"), metavar="DIR", help="where reports go (reports)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[RUNS] = Runs(config.getoption("--harness-reports"))


def pytest_unconfigure(config: pytest.Config) -> None:
    runs = config.stash.get(RUNS, None)
    if runs is not None:
        runs.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".toml":
        return None
    return ScenarioFile.from_parent(parent, path=file_path) if is_scenario(file_path) else None


def is_scenario(file: Path) -> bool:
    """Whether a TOML file means to be a scenario: it has [change] and [strategy]. Never raises for other files."""
    try:
        table = Table.read(file)
    except InvalidInput:
        return False
    return "change" in table and "strategy" in table


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the verdicts of what it ran, whatever it asserted."""
    report = yield
    if report.failed and report.when == "call":
        report.sections.extend(("harness", text) for text in item.stash.get(EXPLANATIONS, ()))
    return report


class Runs:
    """The environments of a test session: brought up when first needed, reset between tests, stopped at its end."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._stack = ExitStack()
        self._session: Session | None = None

    def run(self, scenario: Scenario) -> RunResult:
        if self._session is None:
            from harness.runner import open_session

            self._session = self._stack.enter_context(open_session(reports=self._reports))
        return self._session.run(scenario)

    def close(self) -> None:
        self._session = None
        self._stack.close()


class Harness:
    """What the fixture `harness` gives to a test."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def run(
        self,
        scenario: Scenario | Path | str,
        *,
        to: str | None = None,
        driver: str | None = None,
        seed: int | None = None,
    ) -> RunResult:
        """Run a scenario, built in Python or by the path of its file (from the test's folder or pytest's root).

        `to` deploys another version. `driver` and `seed` win over the command line's, and those over the marker's.
        Raises InvalidInput if it could not work, HarnessError if the harness itself could not do its work.
        """
        from harness.scenario_file import overridden, read_scenario

        overrides = _overrides(self._item, to, driver, seed)
        if isinstance(scenario, str | Path):
            return _run(self._item, read_scenario(self._find(Path(scenario)), overrides))
        return _run(self._item, overridden(scenario, overrides))

    def _find(self, path: Path) -> Path:
        places = (self._item.path.parent / path, self._item.config.rootpath / path)
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise InvalidInput(f"no scenario {path} in {places[0].parent} or {places[1].parent}")
        return found


@pytest.fixture(name="harness")
def harness_fixture(request: pytest.FixtureRequest) -> Harness:
    """Runs scenarios: `harness.run("scenarios/canary.toml", to="2.0+slow")`."""
    return Harness(request.node)


class ScenarioFile(pytest.File):
    """A scenario in TOML, collected as one test."""

    def collect(self) -> Iterable[pytest.Item]:
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    def runtest(self) -> None:
        from harness.scenario_file import read_scenario

        result = _run(self, read_scenario(self.path, _overrides(self)))
        if not result.passed:
            raise NotPassed(self.stash[EXPLANATIONS].pop())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str | TerminalRepr:
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        if isinstance(excinfo.value, HarnessError):
            return "\n".join((f"harness: {excinfo.value}", *getattr(excinfo.value, "__notes__", ())))
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"scenario {self.name}"


@dataclass(frozen=True)
class Marked:
    """What the marker says, `@pytest.mark.harness(driver="local", seed=7, unknown="skip")`."""

    driver: str | None = None
    seed: int | None = None
    unknown: Literal["fail", "skip"] = "fail"

    @classmethod
    def of(cls, item: pytest.Item) -> Marked:
        marker = item.get_closest_marker("harness")
        if marker is None:
            return cls()
        try:
            marked = cls(*marker.args, **marker.kwargs)
        except TypeError as error:
            raise InvalidInput(f"the marker is {MARKER.partition(':')[0]}: {error}", file=item.path) from error
        if marked.unknown not in ("fail", "skip"):
            raise InvalidInput(f"unknown is 'fail' or 'skip', not {marked.unknown!r}", file=item.path)
        return marked


def _overrides(
    item: pytest.Item, to: str | None = None, driver: str | None = None, seed: int | None = None
) -> Overrides:
    """What the call says wins over the command line, and that over the marker."""
    from harness.scenario_file import Overrides

    marked = Marked.of(item)
    drivers = (driver, item.config.getoption("--harness-driver"), marked.driver)
    seeds = (seed, item.config.getoption("--harness-seed"), marked.seed)
    return Overrides(
        driver=next((each for each in drivers if each is not None), None),
        seed=next((each for each in seeds if each is not None), None),
        new=to,
        rate_per_s=item.config.getoption("--harness-rate"),
    )


def _run(item: pytest.Item, scenario: Scenario) -> RunResult:
    """Run it, and leave what the reports of the test and JUnit tell of it."""
    from harness.explain import explain
    from harness.reporting import json_report

    result = item.config.stash[RUNS].run(scenario)
    document = json_report.read(result.folder / "verdict.json")
    item.user_properties.extend(
        (f"harness.{name}", value)
        for name, value in (
            ("scenario", scenario.name),
            ("verdict", document.status),
            ("seed", str(scenario.seed)),
            ("report", str(result.folder)),
            ("command", document.run.command),
        )
    )
    if document.status == "unknown" and Marked.of(item).unknown == "skip":
        pytest.skip(f"unknown: {document.reason}")
    if document.status != "pass":
        item.stash.setdefault(EXPLANATIONS, []).append(explain(document, result.folder))
    return result
