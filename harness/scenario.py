"""The values a user writes: what is deployed, how, under which load and faults, and what must hold.

A scenario is read from TOML (scenario_file.py) or built in Python; both give the same frozen values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.bounds import fraction, not_negative, positive
from harness.environment import Environment
from harness.errors import InvalidInput
from harness.placeholders import expand, expand_values
from harness.protocols import Checker, Strategy
from harness.windows import ScheduledFault, Window

__all__ = [
    "Arrivals",
    "Change",
    "Ending",
    "Load",
    "LoadWhere",
    "Scenario",
    "ScheduledFault",
    "Slo",
    "Window",
]

WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


class Ending(StrEnum):
    """What the deployment is expected to come to."""

    COMPLETE = "complete"
    ROLLBACK = "rollback"


class Arrivals(StrEnum):
    UNIFORM = "uniform"
    POISSON = "poisson"


class LoadWhere(StrEnum):
    """Where the workers of a load run."""

    HERE = "here"
    CLUSTER = "cluster"


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
    workers: int = 1
    """Processes, or pods, that the arrivals and the virtual users are divided over."""
    where: LoadWhere = LoadWhere.HERE

    def __post_init__(self) -> None:
        positive(rate_per_s=self.rate_per_s, users=self.users, timeout_s=self.timeout_s, workers=self.workers)
        if self.workers > self.users:
            raise ValueError(f"workers must be no more than users: there are {self.users} of these")
        for at_s, rate_per_s in self.shape:
            not_negative(shape=at_s)
            not_negative(shape=rate_per_s)
        if list(self.shape) != sorted(self.shape, key=lambda point: point[0]):
            raise ValueError("shape must go forward in time")


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
    recovery_s_max: float = 15.0
    """From the end of the faults until the error rate and p99 hold again."""

    def __post_init__(self) -> None:
        fraction(error_rate_max=self.error_rate_max, availability_min=self.availability_min)
        positive(p99_ms_max=self.p99_ms_max, rollback_s_max=self.rollback_s_max, recovery_s_max=self.recovery_s_max)
        not_negative(outage_s_max=self.outage_s_max, projection_lag_s_max=self.projection_lag_s_max)


@dataclass(frozen=True)
class Replay:
    """While the deployment goes on, what is stored and published is replayed through the old and the new version, by
    the environment's readers."""

    every_s: float = 1.0
    recordings: tuple[Path, ...] = ()
    """Recorded streams that are replayed too, once: .jsonl, .parquet or folders of them."""
    guards_rollback: bool = True
    """A rollback does not start if the old version is proven not to read what was written."""
    unpublished_s_max: float = 2.0
    """An event that is stored for so long, and not published although many younger ones are, was passed over."""

    def __post_init__(self) -> None:
        positive(every_s=self.every_s, unpublished_s_max=self.unpublished_s_max)


@dataclass(frozen=True)
class DirectWrite:
    """What is sent to each instance itself, beside the GET. `{key}` in `path`, `headers` and `body` is a number that no
    other request has.
    """

    path: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def __post_init__(self) -> None:
        if self.method not in WRITING_METHODS:
            raise InvalidInput(f"method must be one of {', '.join(WRITING_METHODS)}, not {self.method!r}")
        if not self.path.startswith("/"):
            raise InvalidInput(f"path begins with a slash, not as {self.path!r}")
        self.keyed(1)

    @property
    def operation(self) -> str:
        """As it is called in the records."""
        return f"{self.method} {self.path}"

    def keyed(self, key: int) -> tuple[str, Mapping[str, str], str]:
        """Path, headers and body of the request with that key. Raises InvalidInput for another placeholder."""
        values = {"key": str(key)}
        return expand(self.path, values), expand_values(self.headers, values), expand(self.body, values)


@dataclass(frozen=True)
class Direct:
    """Each instance that serves is asked past the router as well, on new and on kept connections."""

    rate_per_s: float = 110.0
    """Of each instance and each kind of connection: a few more than the checker `disruption` wants."""
    path: str = ""
    """Of a GET; "": the first of the environment's `smoke_paths`."""
    write: DirectWrite | None = None
    """Sent as often as the GET."""

    def __post_init__(self) -> None:
        positive(rate_per_s=self.rate_per_s)

    def path_in(self, environment: Environment) -> str:
        """The one that is asked for; "" if neither says."""
        return self.path or next(iter(environment.smoke_paths), "")


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
    replay: Replay | None = None
    direct: Direct | None = None
    ending: Ending = Ending.COMPLETE
    driver: str = "local"
    seed: int = 1
    settle_s: float = 3.0
    """Load before the first step, and again after the last: the baseline and the aftermath."""
    abort: str = ""
    """Step at whose beginning an operator aborts the deployment; empty: nobody does."""
    time_limit_s: float = 120.0
    quiesce_s: float = 10.0
    """Longest wait, once load has ended, for consumers and projections to catch up."""
    summary: str = ""
    source: Path | None = field(default=None, compare=False)
    """The file it was read from."""

    def __post_init__(self) -> None:
        positive(time_limit_s=self.time_limit_s)
        not_negative(seed=self.seed, settle_s=self.settle_s, quiesce_s=self.quiesce_s)
