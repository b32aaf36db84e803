"""The seams of the harness: what a driver, a strategy, a fault and a checker are.

An implementation is one class in one file, found by an entry point (`harness.drivers`, `harness.strategies`,
`harness.faults`, `harness.checkers`). Nothing here imports one.
"""

from __future__ import annotations

from harness.protocols.capabilities import (
    Disconnectable,
    Drainable,
    Killable,
    Limitable,
    Limits,
    Link,
    Linked,
    Pausable,
    Toxic,
    Usage,
)
from harness.protocols.checkers import Checker
from harness.protocols.faults import Effect, Fault, Proof
from harness.protocols.platforms import AS_WRITTEN, Platform, Rollout, RolloutPolicy, RolloutState
from harness.protocols.processes import Command, Process, Spawner, Workspace
from harness.protocols.strategies import (
    Action,
    Add,
    Announce,
    Apply,
    AwaitReady,
    AwaitRollout,
    Gate,
    Migrate,
    Outcome,
    Remove,
    RolledBack,
    Route,
    Run,
    Setback,
    Smoke,
    Steps,
    Strategy,
    Undo,
    WarmUp,
    Watch,
)
from harness.protocols.system import Departure, Driver, Instance, Site, System

__all__ = (
    "AS_WRITTEN",
    "Action",
    "Add",
    "Announce",
    "Apply",
    "AwaitReady",
    "AwaitRollout",
    "Checker",
    "Command",
    "Departure",
    "Disconnectable",
    "Drainable",
    "Driver",
    "Effect",
    "Fault",
    "Gate",
    "Instance",
    "Killable",
    "Limitable",
    "Limits",
    "Link",
    "Linked",
    "Migrate",
    "Outcome",
    "Pausable",
    "Platform",
    "Process",
    "Proof",
    "Remove",
    "RolledBack",
    "Rollout",
    "RolloutPolicy",
    "RolloutState",
    "Route",
    "Run",
    "Setback",
    "Site",
    "Smoke",
    "Spawner",
    "Steps",
    "Strategy",
    "System",
    "Toxic",
    "Undo",
    "Usage",
    "WarmUp",
    "Watch",
    "Workspace",
)
