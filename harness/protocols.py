"""The seams of the harness: what a driver, a strategy, a fault and a checker are.

An implementation is one class in one file, found by an entry point (`harness.drivers`, `harness.strategies`,
`harness.faults`, `harness.checkers`). Nothing here imports one.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias, runtime_checkable

from harness.bounds import fraction, positive

if TYPE_CHECKING:
    from harness.environment import Environment, Service
    from harness.history import History
    from harness.scenario import Change
    from harness.verdict import Verdict


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Command:
    """A process to start. No shell is involved; `variables` are added to a minimal environment."""

    name: str
    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    log: Path | None = None
    user: str | None = None
    """Run as this account (only when the harness itself is root)."""


class Process(Protocol):
    """A child of the run's supervisor."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""

    def signal(self, number: int) -> None:
        """Send a signal to the process group; does nothing if it has ended."""

    def wait(self, timeout_s: float) -> int | None:
        """The exit code, or None if it still runs after `timeout_s`."""


class Spawner(Protocol):
    """Starts processes that outlive neither the harness nor the run."""

    def spawn(self, command: Command) -> Process: ...


@dataclass(frozen=True)
class Workspace:
    """Where one run lives. `scratch` is removed with the run; `logs` are kept with its report."""

    run_id: str
    scratch: Path
    logs: Path
    spawner: Spawner
    seed: int


# ── the running system ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Instance:
    """One running copy of a service at a version. `url` is its own address, past the router ("" for none)."""

    name: str
    service: str
    version: str
    url: str
    pid: int | None = None


@dataclass(frozen=True)
class Departure:
    """How an instance ended when it was asked to."""

    exit_code: int | None
    """None: it had ended before it was asked to (a fault killed it)."""
    took_s: float
    killed: bool
    """True if it outlived its grace and was killed."""


class System(Protocol):
    """A running environment. Five verbs serve every strategy; safe to call from several threads."""

    environment: Environment

    def instances(self) -> tuple[Instance, ...]:
        """All instances that were added and not removed, dead or alive, in the order they were added."""

    def add(self, service: str, version: str) -> Instance:
        """Start one more instance; returns at once, before it is ready. It gets no traffic until `route`."""

    def remove(self, name: str) -> Departure:
        """Take it out of the router, ask it to stop, wait for its grace, then kill it."""

    def route(self, weights: Mapping[str, int]) -> None:
        """Divide traffic over versions in proportion to `weights`, over all ready instances of each.

        Returns when the router confirms that it works by the new weights. Raises HarnessError if it rejects them.
        """

    @property
    def url(self) -> str:
        """Where users send their requests."""

    def ready(self, name: str) -> bool:
        """One honest question to the instance's readiness probe."""

    def migrate(self, command: Sequence[str], version: str) -> None:
        """Run one migration command against the stores; raises StepFailed with its output if it fails."""

    def store_url(self, store: str) -> str:
        """The store's own address, past every link; for the harness's own reading."""

    def observed_split(self) -> Mapping[str, int]:
        """Requests that the router has sent to each version so far, by its own counters."""


class Site(Protocol):
    """An environment's stores, broker, router and links, running, with no instance of a service yet."""

    def start(self, version: str) -> AbstractContextManager[System]:
        """Fresh stores, all services at `version` in their replicas, ready and routed. Leaving stops the instances.

        May be entered again, one system at a time: an environment is reused and reset between scenarios.
        """


class Driver(Protocol):
    name: ClassVar[str]
    offers: ClassVar[frozenset[type]]
    """Capabilities beyond the verbs of System: Killable, Pausable, Linked, …"""

    def open(self, environment: Environment, workspace: Workspace) -> AbstractContextManager[Site]: ...


# ── capabilities that faults need ────────────────────────────────────────────────────────────────────────────────


@runtime_checkable
class Killable(Protocol):
    def pid(self, name: str) -> int | None:
        """The instance's process id; None while it is dead."""

    def kill(self, name: str) -> None:
        """SIGKILL, and it stays dead until `revive`."""

    def revive(self, name: str) -> None:
        """Start it again, with the same name, version and address."""


@runtime_checkable
class Pausable(Protocol):
    def pause(self, name: str) -> None: ...
    def resume(self, name: str) -> None: ...
    def paused(self, name: str) -> bool:
        """As the operating system says, not as we asked."""


@dataclass(frozen=True)
class Link:
    """The way from an instance to a store, through a proxy that faults can be put in."""

    source: str
    """Instance name."""
    service: str
    target: str
    """Store name."""
    address: tuple[str, int]
    """Host and port of the proxy."""


@dataclass(frozen=True)
class Toxic:
    """One disturbance, by toxiproxy's vocabulary. `attributes` are integers by toxiproxy's names."""

    kind: str
    attributes: Mapping[str, int] = field(default_factory=dict)
    stream: str = "downstream"
    toxicity: float = 1.0


@runtime_checkable
class Linked(Protocol):
    """Links between services and stores. A toxic on (service, store) also meets instances that are added later."""

    def links(self) -> tuple[Link, ...]: ...
    def poison(self, service: str, store: str, name: str, toxic: Toxic) -> None: ...
    def cure(self, service: str, store: str, name: str) -> None: ...
    def sever(self, service: str, store: str) -> None:
        """Cut all connections of these links and refuse new ones."""

    def mend(self, service: str, store: str) -> None: ...


@runtime_checkable
class Disconnectable(Protocol):
    """Instances that can be cut off from everybody: stores, router, users."""

    def disconnect(self, name: str) -> None: ...
    def reconnect(self, name: str) -> None:
        """With the address it had; does nothing if it has ended or been removed meanwhile."""

    def connected(self, name: str) -> bool:
        """As the system says that runs it, not as we asked."""


@dataclass(frozen=True)
class Limits:
    """What an instance may use; None: as much as there is."""

    cpus: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Usage:
    """What the system that runs an instance has on its account."""

    limits: Limits
    """Those in force."""
    throttled: int
    """Periods in which it wanted more of the processors than it may have."""
    memory_mb: float


@runtime_checkable
class Limitable(Protocol):
    def limit(self, name: str, limits: Limits) -> None:
        """From now on; does nothing if it has ended or been removed meanwhile."""

    def usage(self, name: str) -> Usage:
        """Raises HarnessError if it does not run."""


@runtime_checkable
class Drainable(Protocol):
    """Nodes on which instances run, and which can be taken out of use."""

    def node_of(self, name: str) -> str:
        """The node of an instance; "" while it has none."""

    def on_node(self, node: str) -> int:
        """How many instances are on it, also those that are about to go."""

    def cordon(self, node: str) -> None:
        """No instance is put on it any more."""

    def uncordon(self, node: str) -> None: ...

    def cordoned(self, node: str) -> bool:
        """As the platform says, not as we asked."""

    def evict(self, node: str) -> bool:
        """Ask the instances on it to go, those that may; False if some may not now, as too few would be left."""


# ── platforms: what starts and stops instances in place of the harness ───────────────────────────────────────────


_COUNT_OR_SHARE = re.compile(r"\d+%?")


@dataclass(frozen=True)
class RolloutPolicy:
    """How a platform is to replace a service's instances. What is None is as the environment's manifests say."""

    max_surge: str | None = None
    """Instances above the wanted number, as a count or a share: `1`, `25%`."""
    max_unavailable: str | None = None
    """Instances that may be missing meanwhile, as a count or a share."""
    recreate: bool = False
    """All old instances are stopped before a new one is started."""
    progress_deadline_s: int | None = None
    """A rollout that gets nowhere for so long has failed."""

    def __post_init__(self) -> None:
        positive(progress_deadline_s=self.progress_deadline_s)
        for name in ("max_surge", "max_unavailable"):
            bound = getattr(self, name)
            if bound is None:
                continue
            if self.recreate:
                raise ValueError(f"{name} means nothing where all old instances are stopped first")
            if not _COUNT_OR_SHARE.fullmatch(bound):
                raise ValueError(f"{name} must be a count or a share, as '1' or '25%', not {bound!r}")


class RolloutState(StrEnum):
    PROGRESSING = "progressing"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True)
class Rollout:
    """How far a platform has come with a service. `version` is the one that it brings, or has brought, in."""

    state: RolloutState
    version: str
    reason: str = ""


@runtime_checkable
class Platform(Protocol):
    """A system whose instances are started and stopped by something else; `instances` tells what is there."""

    def apply(self, service: str, version: str, policy: RolloutPolicy) -> None:
        """Ask for that version; returns at once. Raises StepFailed if the platform refuses."""

    def undo(self, service: str) -> None:
        """Ask for what was there before the last `apply`, by the platform's own means. Raises StepFailed."""

    def rollout(self, service: str) -> Rollout: ...

    def serving(self) -> Mapping[str, int]:
        """Instances of the routed service that users' requests may come to now, by version."""

    def run(self, argv: Sequence[str], change: Change) -> Process:
        """Start a tool of the user's, which is told by its variables what to deploy and where."""


# ── strategies ───────────────────────────────────────────────────────────────────────────────────────────────────


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
    """Let the load flow for `duration_s`, then judge `version` by `gate` (None: only wait)."""

    duration_s: float
    version: str
    gate: Gate | None


@dataclass(frozen=True)
class Migrate:
    """Run the version's `expand`, `contract` or `back` command."""

    phase: str
    version: str


@dataclass(frozen=True)
class Apply:
    """Ask the platform for a version of a service."""

    service: str
    version: str
    policy: RolloutPolicy = RolloutPolicy()


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
    Announce | Add | AwaitReady | Smoke | WarmUp | Route | Remove | Watch | Migrate | Apply | AwaitRollout | Undo | Run
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


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Proof:
    """Whether something was seen, by what."""

    seen: bool
    by: str


class Effect(Protocol):
    def bites(self) -> Proof:
        """Asked while the fault is in: did it take hold?"""

    def heals(self) -> Proof:
        """Asked after it was taken out: is all as before?"""


class Fault(Protocol):
    needs: ClassVar[frozenset[type]]
    """Capabilities; a scenario whose driver does not offer them is refused before anything starts."""

    @property
    def target(self) -> str:
        """What it breaks, for people: an instance, or `service -> store`."""

    def inject(self, system: System) -> AbstractContextManager[Effect]:
        """Entering breaks, leaving heals."""


# ── checkers ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Checker(Protocol):
    """A pure function from a history to a verdict: no clock, no network, no randomness."""

    @property
    def name(self) -> str: ...

    def check(self, history: History) -> Verdict: ...
