"""How a change is rolled out and back: a generator of actions, and what these are."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from harness.bounds import fraction, positive
from harness.protocols.analysis import Analysis
from harness.protocols.platforms import AS_WRITTEN, RolloutPolicy
from harness.protocols.system import Instance

if TYPE_CHECKING:
    from harness.environment import Service
    from harness.scenario import Change


@dataclass(frozen=True)
class Gate:
    """What must hold of the requests that `version` answered during a watch, for the deployment to go on.

    A gate without `requests_min` requests to judge by never passes.
    """

    error_rate_max: float = 0.05
    p99_ms_max: float = 1000.0
    requests_min: int = 20

    def __post_init__(self) -> None:
        fraction(error_rate_max=self.error_rate_max)
        positive(p99_ms_max=self.p99_ms_max, requests_min=self.requests_min)


@dataclass(frozen=True)
class Announce:
    """From here on the run is in this step. Faults are scheduled relative to it; the report shows it."""

    step: str


@dataclass(frozen=True)
class Add:
    service: str
    version: str


@dataclass(frozen=True)
class AwaitReady:
    instance: str


@dataclass(frozen=True)
class Smoke:
    """Ask the instance itself, past the router, for the environment's smoke paths."""

    instance: str


@dataclass(frozen=True)
class WarmUp:
    instance: str
    requests: int


@dataclass(frozen=True)
class Route:
    weights: Mapping[str, int]


@dataclass(frozen=True)
class Remove:
    instance: str


@dataclass(frozen=True)
class Watch:
    """Let the load flow for `duration_s`, then judge `version` by `gate` (None: only wait).

    With an `analysis`, it is held against the old version meanwhile, by all the answers since the first such watch; of
    the old version only by those of the instances named in `baseline`, if there are any.
    """

    duration_s: float
    version: str
    gate: Gate | None
    analysis: Analysis | None = None
    baseline: tuple[str, ...] = ()


@dataclass(frozen=True)
class CatchUp:
    """Until the read model that `version` builds aside shows what the store held a second ago at most."""

    version: str
    timeout_s: float


@dataclass(frozen=True)
class Verify:
    """Until each stream of the read model that `version` builds aside was seen to be as in the one that serves."""

    version: str
    timeout_s: float


@dataclass(frozen=True)
class Migrate:
    """Run the version's `expand`, `contract`, `back`, `switch` or `switch_back` command."""

    phase: str
    version: str


@dataclass(frozen=True)
class Apply:
    """Ask the platform for a version of a service."""

    service: str
    version: str
    policy: RolloutPolicy = AS_WRITTEN


@dataclass(frozen=True)
class AwaitRollout:
    """Until the platform has brought that version in. Met by RolledBack if it ends with another one."""

    service: str
    version: str
    timeout_s: float


@dataclass(frozen=True)
class Undo:
    """Ask the platform for what it had before."""

    service: str


@dataclass(frozen=True)
class Run:
    """Run a tool of the user's to its end, which must be good."""

    argv: tuple[str, ...]
    timeout_s: float


Action: TypeAlias = (
    Announce
    | Add
    | AwaitReady
    | Smoke
    | WarmUp
    | Route
    | Remove
    | Watch
    | CatchUp
    | Verify
    | Migrate
    | Apply
    | AwaitRollout
    | Undo
    | Run
)

Outcome: TypeAlias = Instance | None
"""What the executor sends back: the Instance after Add, None after anything else."""

Steps: TypeAlias = Generator[Action, Outcome, None]


class Setback(Exception):
    """Thrown into a strategy at the action that did not succeed: a gate failed, an instance never got ready, an abort.

    A strategy answers it by yielding the actions that bring the old version back.
    """


class RolledBack(Setback):
    """The platform, or the tool that drives it, went back to another version by itself."""


class Strategy(Protocol):
    """Pure: yields actions, receives what happened. A test drives it with canned outcomes and no system at all.

    A strategy may say what it needs of a driver as a fault does: `needs: ClassVar[frozenset[type]]`.
    """

    def steps(self, change: Change, services: Sequence[Service], fleet: Sequence[Instance]) -> Steps: ...

    def names(self, replicas: int) -> tuple[str, ...]:
        """The steps it will announce when all goes well, in order; faults may be scheduled at these.

        `replicas` is the number of instances of the routed service.
        """
