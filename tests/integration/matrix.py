"""The ledger's variants, each a mistake that real systems make, and how each is brought to light.

`soonest` is the strategy under which `make test` runs it; the nightly run takes every strategy in `strategies`, on each
driver that it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.environment import Environment, StoreKind
from harness.environment_file import find_environment
from harness.faults.clock import ClockSkew
from harness.faults.lifecycle import UngracefulStop
from harness.faults.network import LinkFault
from harness.faults.partition import Split
from harness.faults.postgres import PostgresReadOnly
from harness.faults.process import Kill
from harness.faults.store import DiskFull, DiskSlow, PowerLoss
from harness.protocols import Fault, Strategy
from harness.runner import RunResult
from harness.scenario import Change, Ending, Load, Scenario, ScheduledFault, Slo, Window
from harness.strategies.blue_green import BlueGreen
from harness.strategies.canary import Canary, CanaryStep
from harness.strategies.recreate import Recreate
from harness.strategies.rolling import Rolling
from harness.toxics.toxic import Stream
from harness.verdict import Status

ROOT = Path(__file__).parents[2]
LEDGER = find_environment("ledger", ROOT)
LOAD = Load(ROOT / "environments" / "ledger" / "locustfile.py", "LedgerUser", rate_per_s=100.0)

STRATEGIES: dict[str, Strategy] = {
    # Without gates: what a gate would stop early is to be found by the checkers here.
    "rolling": Rolling(watch_s=1.0, gate=None),
    "blue-green": BlueGreen(hold_s=3.0, keep_s=1.0, gate=None),
    "canary": Canary((CanaryStep(25, 2.0), CanaryStep(100, 2.0)), gate=None),
    "recreate": Recreate(watch_s=4.0, gate=None),
}
IN_HASTE: dict[str, Strategy] = {
    # The old version leaves the moment the new one has all traffic, with its last requests still under way.
    "rolling": Rolling(watch_s=1.0, gate=None),
    "blue-green": BlueGreen(hold_s=0.0, keep_s=0.0, gate=None),
    "canary": Canary((CanaryStep(25, 2.0), CanaryStep(100, 0.0)), gate=None),
}
WRITING = {"rolling": "rolling 3/3", "blue-green": "keep blue", "canary": "canary 100 %", "recreate": "watch new"}
"""The step at which the new version takes, or is about to take, all writes."""


@dataclass(frozen=True)
class Case:
    """One mistake. `found_by` are the checkers of which at least one must fail; no other verdict will do."""

    variant: str
    found_by: frozenset[str]
    soonest: str = "rolling"
    strategies: tuple[str, ...] = ("rolling", "blue-green", "canary", "recreate")
    """Those it applies to: what costs availability cannot be told from the downtime that recreate is allowed."""
    in_old: bool = False
    """The old version has it: it shows when its instances leave."""
    faults: tuple[ScheduledFault, ...] = field(default=())
    in_haste: bool = False
    """It only shows where nobody waits between the switch and the end of the old version."""
    abort: bool = False
    """An operator turns the deployment back once the new version has written."""
    availability_min: float | None = None
    """What a healthy version holds under the fault, which takes from everybody; None: as usual."""
    postgres: Mapping[str, str] = field(default_factory=dict)
    """Settings of the store, beside those of the environment."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the routed service is told, beside what the environment tells it."""
    not_shown: Mapping[str, str] = field(default_factory=dict)
    """Drivers on which it cannot be brought to light, and why; the nightly's summary says so in place of a run."""


NO_DOWNTIME = ("rolling", "blue-green", "canary")
ONLY_LOCAL = dict.fromkeys(("containers", "kind"), "only processes of this machine can be broken so")


def case(variant: str, *found_by: str, **more: object) -> Case:
    return replace(Case(variant, frozenset(found_by)), **more)  # type: ignore[arg-type]


def in_the_end(fault: Fault, duration_s: float) -> tuple[ScheduledFault, ...]:
    """When the new version serves everything; its step is filled in with the strategy."""
    return (ScheduledFault("fault", fault, Window(duration_s, at_step="", after_s=0.5)),)


IN_ROLLOUTS = (
    case("ack-before-commit", "lost-events", faults=in_the_end(Kill("ledger"), 1.0)),
    case(
        "drops-in-flight",
        "availability",
        in_old=True,
        in_haste=True,
        strategies=NO_DOWNTIME,
        # Until a pod is asked to stop, after the switch, most answers of the usual length have ended.
        variables={"LEDGER_STATEMENT_S": "2"},
    ),
    case("ready-too-early", "availability", strategies=NO_DOWNTIME),
    case("ignores-idempotency-key", "duplicates", "money"),
    case("no-upcaster", "availability", strategies=NO_DOWNTIME),
    case("unreadable-after-rollback", "rollback", abort=True),
    case("checkpoint-before-apply", "projection", faults=in_the_end(Kill("projector"), 0.5)),
    case("applies-twice", "projection", faults=in_the_end(Kill("projector"), 0.5)),
    case("reorders-stream", "order"),
    case("skips-late-commit", "gaps", "lost-events"),
    case("errors-3-percent", "availability", strategies=NO_DOWNTIME),
    case("slow-p99", "latency"),
    case(
        "pool-never-recovers",
        "availability",
        "recovery",
        faults=in_the_end(LinkFault("ledger", "postgres", "down"), 1.0),
        strategies=NO_DOWNTIME,
    ),
    case("locking-migration", "latency", "availability", strategies=NO_DOWNTIME),
    case("stale-cache", "monotonic-reads"),
)
ONLY_BY_FAULTS = (
    case(
        "counts-on-acks",
        "projection",
        faults=in_the_end(LinkFault("projector", "nats", "latency", {"latency": 1500}, Stream.UPSTREAM), 2.0),
    ),
    case(
        "never-reconnects",
        *("projection", "projection-lag"),
        faults=in_the_end(Split("partition-primaries", service="projector", store="nats"), 1.0),
    ),
    case("newest-wins", "projection", faults=in_the_end(ClockSkew("ledger", -60.0), 2.0), not_shown=ONLY_LOCAL),
    case(
        "forgets-keys-by-clock",
        *("duplicates", "money"),
        faults=in_the_end(ClockSkew("ledger", 300.0), 3.0),
        not_shown=ONLY_LOCAL,
    ),
    case(
        "notes-position-on-exit",
        *("duplicates", "order"),
        in_old=True,
        faults=(ScheduledFault("fault", UngracefulStop("ledger"), Window(8.0, at_step="rolling 1/3")),),
        strategies=("rolling",),
        availability_min=0.9,
        not_shown=ONLY_LOCAL,
    ),
    case(
        "breaker-never-closes",
        "availability",
        faults=in_the_end(PostgresReadOnly("postgres"), 0.5),
        availability_min=0.85,
        strategies=NO_DOWNTIME,
    ),
    case(
        "commits-unsynced",
        "lost-events",
        # Once the old version has left: its commits, as of its relay's lease, have the disk take all that came before.
        faults=(ScheduledFault("fault", PowerLoss("postgres"), Window(0.5, at_step="contract", after_s=3.0)),),
        availability_min=0.6,
        postgres={"wal_writer_delay": "10s"},  # else what is lost is what was committed within a moment
        not_shown=ONLY_LOCAL,
    ),
    case(
        "dies-of-a-full-disk",
        "availability",
        faults=in_the_end(DiskFull("postgres"), 1.5),
        availability_min=0.85,
        strategies=NO_DOWNTIME,
        not_shown=ONLY_LOCAL,
    ),
    case(
        "retries-anew",
        *("duplicates", "money"),
        faults=in_the_end(DiskSlow("postgres", 1), 3.0),
        availability_min=0.5,
        not_shown=ONLY_LOCAL,
    ),
    case(
        "split-brain",
        *("duplicates", "order"),
        faults=in_the_end(Split("partition-primaries", service="ledger", store="nats"), 2.5),
    ),
)
"""Those that no rollout alone brings to light; a healthy version survives the same faults, as the nightly shows."""
CASES = (*IN_ROLLOUTS, *ONLY_BY_FAULTS)
OF_READ_MODELS = frozenset({"rebuilds", "counts-first-twice"})
"""Variants of a read model that is built anew: scenarios/read-model."""
SURVIVED_IN_CI = tuple(case for case in ONLY_BY_FAULTS if case.variant in ("counts-on-acks", "split-brain"))
"""In the time that there is: faults of links, of both services."""


def scenario(case: Case, strategy: str, driver: str = "local") -> Scenario:
    """The case as a short scenario under one strategy."""
    new = "2.0" if case.in_old else f"2.0+{case.variant}"
    old = f"1.1+{case.variant}" if case.in_old else "1.1"
    return Scenario(
        name=f"{case.variant}-by-{strategy}",
        environment=_environment(case),
        change=Change(old, new),
        strategy=(IN_HASTE if case.in_haste else STRATEGIES)[strategy],
        load=LOAD,
        faults=tuple(
            scheduled
            if scheduled.window.at_step
            else replace(scheduled, window=replace(scheduled.window, at_step=WRITING[strategy]))
            for scheduled in case.faults
        ),
        slo=_slo(case, strategy),
        ending=Ending.ROLLBACK if case.abort else Ending.COMPLETE,
        abort=_abort_step(strategy) if case.abort else "",
        driver=driver,
        settle_s=_settle_s(case),
    )


def control(strategy: str) -> Scenario:
    """Healthy versions, as hurried and as strictly judged as any case is: what is found above is not found here."""
    hurried = next(case for case in CASES if case.in_haste)
    return replace(scenario(hurried, strategy), name=f"healthy-by-{strategy}", change=Change("1.1", "2.0"))


def healthy(case: Case, strategy: str, driver: str = "local") -> Scenario:
    """The same scenario, fault and all, without the mistake."""
    name = f"healthy-{case.variant}-by-{strategy}"
    return replace(scenario(case, strategy, driver), name=name, change=Change("1.1", "2.0"))


def failed(result: RunResult) -> set[str]:
    """The checkers."""
    return {verdict.checker for verdict in result.verdicts if verdict.status is Status.FAIL}


def said(result: RunResult, checkers: frozenset[str]) -> str:
    """With the figures: who reads it in the log of a CI run has no report to look at."""
    of_checkers = (
        f"{verdict.checker} {verdict.status.word}: {verdict.reason} {dict(verdict.figures)}"
        for verdict in result.verdicts
        if verdict.checker in checkers
    )
    return "\n".join((f"failed: {sorted(failed(result))}", *of_checkers))


def _environment(case: Case) -> Environment:
    stores = (
        replace(store, settings={**store.settings, **case.postgres}) if store.kind is StoreKind.POSTGRES else store
        for store in LEDGER.stores
    )
    services = (
        replace(service, variables={**service.variables, **case.variables}) if service.routed else service
        for service in LEDGER.services
    )
    return replace(LEDGER, stores=tuple(stores), services=tuple(services))


def _settle_s(case: Case) -> float:
    """A tail is a matter of numbers. Of 870 requests that are compared, 5 % slow ones are missed in one run of ten
    thousand, where what is healthy is blamed in as many; 3 % in one of five. So is a read that goes back: of the 120
    that a new version answers in 12 s at 40 requests a second about one in twelve can."""
    return {frozenset({"latency"}): 8.0, frozenset({"monotonic-reads"}): 5.0}.get(case.found_by, 1.5)


def _slo(case: Case, strategy: str) -> Slo:
    """A rollout without faults has no excuse; one with a fault, or with planned downtime, has some."""
    downtime = strategy == "recreate"
    if case.availability_min is None:
        least = 0.75 if downtime else 0.98 if case.faults else 1.0
        return Slo(availability_min=least, recovery_s_max=5.0)
    least = max(0.0, case.availability_min - (0.25 if downtime else 0.0))
    return Slo(availability_min=least, error_rate_max=1 - least, recovery_s_max=5.0)


def _abort_step(strategy: str) -> str:
    return {"rolling": "rolling 3/3", "blue-green": "keep blue", "canary": "retire stable", "recreate": "watch new"}[
        strategy
    ]
