"""Scenarios of Kubernetes and what must come of each: native ways to deploy, and pitfalls as pairs.

Of a pair, `<name>.toml` is right and passes, `<name>-wrong.toml` is otherwise the same and is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.verdict import Status, Verdict
from tests.integration.matrix import ROOT

NATIVE_FOLDER = ROOT / "scenarios" / "kubernetes"
PITFALLS_FOLDER = NATIVE_FOLDER / "pitfalls"


@dataclass(frozen=True)
class Expectation:
    """`found_by` are the checkers of which at least one must fail; none: all must pass."""

    file: Path
    found_by: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.file.stem

    @property
    def status(self) -> Status:
        return Status.FAIL if self.found_by else Status.PASS

    def finders(self, verdicts: tuple[Verdict, ...]) -> list[Verdict]:
        """Those that say what they were meant to."""
        return [v for v in verdicts if v.status is Status.FAIL and v.checker in self.found_by]


@dataclass(frozen=True)
class Pitfall:
    name: str
    found_by: frozenset[str]

    @property
    def wrong(self) -> Expectation:
        return Expectation(PITFALLS_FOLDER / f"{self.name}-wrong.toml", self.found_by)

    @property
    def right(self) -> Expectation:
        return Expectation(PITFALLS_FOLDER / f"{self.name}.toml")


def pitfall(name: str, *found_by: str) -> Pitfall:
    return Pitfall(name, frozenset(found_by))


STALL = ("availability", "latency")
"""While no pod is ready, some nodes refuse connections, and others drop them: then users wait, and TCP asks again."""
PITFALLS = (
    pitfall("prestop-delay", "availability"),
    pitfall("readiness-probe", "availability"),
    pitfall("max-unavailable", *STALL),
    pitfall("disruption-budget", *STALL),
    pitfall("liveness-probe", "availability"),
    pitfall("grace-period", "availability"),
    pitfall("selector-switch", *STALL),
    pitfall("replicas", *STALL),
)
NATIVE = tuple(Expectation(file) for file in sorted(NATIVE_FOLDER.glob("*.toml")))
ALL = (*NATIVE, *(each for pair in PITFALLS for each in (pair.wrong, pair.right)))
"""The nightly runs all of it."""

IN_CI = tuple(
    each
    for each in ALL
    if each.name in ("prestop-delay-wrong", "selector-switch-wrong", "disruption-budget-wrong", "disruption-budget")
)
"""What tells most in the time that there is: connections, a tool of the user's, a drain."""
