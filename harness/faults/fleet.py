"""Whether a service is whole again, by the instances that it had before it was broken."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import HarnessError
from harness.protocols import Instance, Proof, System
from harness.waiting import until

POLL_S = 0.1


@dataclass(frozen=True)
class Fleet:
    """The instances of one service. A deployment may replace them meanwhile, and there may then be more of them."""

    system: System
    service: str
    size: int
    """As many are to be ready again."""

    @classmethod
    def of(cls, system: System, service: str) -> Fleet:
        """As it stands now, but for those that a deployment has added to the replicas that are wanted."""
        replicas = next(each.replicas for each in system.environment.services if each.name == service)
        return cls(system, service, min(replicas, len(_instances(system, service))))

    def recovers(self, timeout_s: float) -> Proof:
        """Waits until all that are there are ready, and there are enough."""
        whole = until(self._is_whole, timeout_s, POLL_S)
        there = _instances(self.system, self.service)
        ready = sum(is_ready(self.system, instance.name) for instance in there)
        return Proof(whole, f"{ready} of {len(there)} instances of {self.service} are ready, {self.size} are needed")

    def _is_whole(self) -> bool:
        there = _instances(self.system, self.service)
        return len(there) >= self.size and all(is_ready(self.system, instance.name) for instance in there)


def is_ready(system: System, name: str) -> bool:
    """One that has gone since it was listed is not, nor is one that nobody can tell of."""
    try:
        return system.ready(name)
    except HarnessError:
        return False


def _instances(system: System, service: str) -> list[Instance]:
    return [instance for instance in system.instances() if instance.service == service]
