"""The values a user writes: what is deployed, how, under which load and faults, and what must hold.

A scenario is read from TOML (scenario_file.py) or built in Python; both give the same frozen values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.protocols import Checker, Fault, Strategy


class Ending(StrEnum):
    """What the deployment is expected to come to."""

    COMPLETE = "complete"
    ROLLBACK = "rollback"


class Arrivals(StrEnum):
    UNIFORM = "uniform"
    POISSON = "poisson"


@dataclass(frozen=True)
class Change:
    """From which version to which. Versions may carry variants: `2.0+no-upcaster`."""

    old: str
    new: str


@dataclass(frozen=True)
class Load:
    """A locust user class and an arrival rate. Rates are requests a second over all lanes."""

    locustfile: Path
    user: str
    rate_per_s: float
    arrivals: Arrivals = Arrivals.POISSON
    shape: tuple[tuple[float, float], ...] = ()
    """(seconds since the start of the load, rate) points joined by straight lines; empty: constant `rate_per_s`."""
    users: int = 64
    """Virtual users, and so the cap on open connections."""
    timeout_s: float = 5.0


@dataclass(frozen=True)
class Slo:
    """Service levels the run must hold; the defaults are those of the README."""

    error_rate_max: float = 0.05
    p99_ms_max: float = 1000.0
    availability_min: float = 0.99
    rollback_s_max: float = 120.0
    outage_s_max: float | None = None
    """Longest allowed time without any success; None: not judged (availability still is)."""
    projection_lag_s_max: float = 5.0


@dataclass(frozen=True)
class Window:
    """From when to when a fault acts: seconds since the load flowed, or the beginning of a named step.

    Exactly one of `at_s` and `at_step` is set. `after_s` delays the start after the step began.
    """

    duration_s: float
    at_s: float | None = None
    at_step: str | None = None
    after_s: float = 0.0


@dataclass(frozen=True)
class ScheduledFault:
    name: str
    fault: Fault
    window: Window


@dataclass(frozen=True)
class Scenario:
    name: str
    environment: Environment
    change: Change
    strategy: Strategy
    load: Load
    faults: tuple[ScheduledFault, ...] = ()
    checkers: tuple[Checker, ...] = ()
    slo: Slo = Slo()
    ending: Ending = Ending.COMPLETE
    driver: str = "local"
    seed: int = 1
    settle_s: float = 3.0
    """Load before the first step, and again after the last: the baseline and the aftermath."""
    time_limit_s: float = 120.0
    quiesce_s: float = 10.0
    """Longest wait, once load has ended, for consumers and projections to catch up."""
    summary: str = ""
    source: Path | None = field(default=None, compare=False)
    """The file it was read from."""
