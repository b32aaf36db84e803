"""Platforms: what starts and stops instances in place of the harness."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from harness.bounds import positive

if TYPE_CHECKING:
    from harness.protocols.processes import Process
    from harness.scenario import Change


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


AS_WRITTEN = RolloutPolicy()
"""All as the manifests say."""


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
