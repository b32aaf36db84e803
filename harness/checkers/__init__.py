"""Checkers: pure functions from a history to a verdict, one class in one file.

The table of names is `harness.registry.CHECKERS`; a package adds its own by the entry point group `harness.checkers`.
"""

from __future__ import annotations

from harness.checkers.availability import Availability
from harness.checkers.deployment import Deployment
from harness.checkers.duplicates import Duplicates
from harness.checkers.faults import Faults
from harness.checkers.gaps import Gaps
from harness.checkers.latency import Latency
from harness.checkers.load import Load
from harness.checkers.lost_events import LostEvents
from harness.checkers.money import Money
from harness.checkers.monotonic_reads import MonotonicReads
from harness.checkers.order import Order
from harness.checkers.phantoms import Phantoms
from harness.checkers.projection import Projection
from harness.checkers.projection_lag import ProjectionLag
from harness.checkers.recovery import Recovery
from harness.checkers.replay import Replay as ReplayChecker
from harness.checkers.rollback import Rollback
from harness.environment import Environment
from harness.protocols import Checker
from harness.scenario import Replay, Slo


def default_checkers(environment: Environment, slo: Slo, replay: Replay | None = None) -> tuple[Checker, ...]:
    """Those that apply to what the environment has and the run does, with the service levels of the scenario."""
    return (
        Load(),
        Faults(),
        Recovery(slo.recovery_s_max, slo.error_rate_max, slo.p99_ms_max),
        Deployment(),
        Rollback(slo.rollback_s_max, slo.error_rate_max, slo.p99_ms_max),
        Availability(slo.error_rate_max, slo.availability_min, slo.outage_s_max),
        Latency(slo.p99_ms_max, exclude=_lasting(environment)),
        *_event_checkers(environment),
        *((Projection(), ProjectionLag(slo.projection_lag_s_max)) if environment.projection else ()),
        *((MonotonicReads(),) if any(not operation.writes for operation in environment.operations) else ()),
        *((ReplayChecker(),) if replay is not None else ()),
    )


def _lasting(environment: Environment) -> tuple[str, ...]:
    return tuple(operation.name for operation in environment.operations if operation.lasting)


def _event_checkers(environment: Environment) -> tuple[Checker, ...]:
    if environment.events is None:
        return ()
    consumers = environment.consumer is not None
    conserves = any(operation.conserves for operation in environment.operations)
    return (
        LostEvents(consumers),
        Duplicates(consumers),
        Phantoms(consumers),
        Gaps(consumers),
        *((Order(),) if consumers else ()),
        *((Money(),) if conserves else ()),
    )
