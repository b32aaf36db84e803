"""Who is there, and how users' requests are divided among versions: recorded as it changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from harness.errors import HarnessError
from harness.history import Kind
from harness.lanes.stage import Stage
from harness.protocols import Platform, System


class Census:
    def __init__(self, system: System, stage: Stage) -> None:
        self._system = system
        self._stage = stage
        self._last: dict[Kind, Mapping[str, str] | Mapping[str, int]] = {}

    def take(self) -> None:
        """All instances; and where a platform divides the requests, by whole instances, how it does.

        Raises HarnessError if the platform does not answer.
        """
        self._note(Kind.FLEET, "fleet", {instance.name: instance.version for instance in self._system.instances()})
        if isinstance(self._system, Platform):
            self._note(Kind.WEIGHTS, "weights", self._system.serving())

    def glance(self) -> None:
        """As `take`; a platform that does not answer now, as it may be what is broken, is asked again the next time."""
        with suppress(HarnessError):
            self.take()

    def routed(self, weights: Mapping[str, int]) -> None:
        """What the router has confirmed. A platform's own word comes before what it was asked for."""
        if isinstance(self._system, Platform):
            self.take()
        else:
            self._note(Kind.WEIGHTS, "weights", weights)

    def compared(self, baseline: Collection[str], version: str) -> None:
        """With these instances of the old version alone the new one is compared; none: with all."""
        if baseline:
            self._note(Kind.BASELINE, "baseline", dict.fromkeys(baseline, version))

    def _note(self, kind: Kind, name: str, detail: Mapping[str, str] | Mapping[str, int]) -> None:
        if self._last.get(kind) != detail:
            self._last[kind] = detail
            self._stage.record(kind, name, dict(detail))
