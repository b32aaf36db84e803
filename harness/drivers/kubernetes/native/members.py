"""The pods of an environment's own Deployments as instances: numbered as they come, followed until they are gone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.kubernetes.api import Json, Namespace, Stop
from harness.drivers.kubernetes.pods_state import PodState, state_of
from harness.drivers.kubernetes.watch import watching
from harness.errors import HarnessError


@dataclass
class Member:
    """A pod as an instance of a service. `pod` is what Kubernetes last said of it."""

    name: str
    service: str
    version: str
    pod: Json

    @property
    def pod_name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def leaving(self) -> bool:
        return "deletionTimestamp" in self.pod["metadata"]

    @property
    def ready(self) -> bool:
        """As its node's probes say."""
        conditions = self.pod["status"].get("conditions", ())
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    @property
    def state(self) -> PodState:
        return state_of(self.pod)


class Members:
    """Safe to use from several threads."""

    def __init__(
        self,
        namespace: Namespace,
        selectors: Mapping[str, Mapping[str, str]],
        version_of: Callable[[Json], str],
        logs: Path,
    ) -> None:
        """`selectors` are the labels of each service's pods; `version_of` tells the version of a pod."""
        self._namespace = namespace
        self._selectors = selectors
        self._version_of = version_of
        self._logs = logs
        self._changed = threading.Condition()
        self._members: dict[str, Member] = {}
        self._gone: dict[str, Member] = {}
        self._numbers: Counter[str] = Counter()
        self._followed: set[str] = set()
        self._stop = Stop()

    @contextmanager
    def watched(self) -> Iterator[None]:
        with watching(self._namespace, "pods", self._tell, self._lose):
            try:
                yield
            finally:
                self._stop.set()

    def standing(self) -> tuple[Member, ...]:
        """Those that nobody has asked to go, in the order in which they came."""
        with self._changed:
            return tuple(member for member in self._members.values() if not member.leaving)

    def by_pod(self) -> Mapping[str, Member]:
        """All that are there, leaving or not."""
        with self._changed:
            return dict(self._members)

    def await_change(self, found: Callable[[], bool], timeout_s: float) -> bool:
        """Until `found` says so, asked whenever a pod changes; False if it does not in time."""
        with self._changed:
            return self._changed.wait_for(found, timeout_s)

    def gone(self, pod: str) -> Member | None:
        """A pod that was there, as it was last seen."""
        with self._changed:
            return self._gone.get(pod)

    def swap(self, one: Member, other: Member) -> None:
        """Each is called as the other was."""
        with self._changed:
            one.name, other.name = other.name, one.name

    def _tell(self, pod: Json) -> None:
        name = pod["metadata"]["name"]
        with self._changed:
            known = self._members.get(name)
            if known is not None:
                known.pod = pod
            elif service := self._service_of(pod):
                self._numbers[service] += 1
                member = Member(f"{service}-{self._numbers[service]}", service, self._version_of(pod), pod)
                self._members[name] = known = member
            container = known.state.container if known else ""
            if known is not None and container and container not in self._followed:
                self._followed.add(container)  # each of its containers, as one that ended is started again
                threading.Thread(target=self._follow_log, args=(known,), name=f"log of {name}", daemon=True).start()
            self._changed.notify_all()

    def _lose(self, name: str) -> None:
        with self._changed:
            member = self._members.pop(name, None)
            if member is not None:
                self._gone[name] = member
            self._changed.notify_all()

    def _service_of(self, pod: Json) -> str:
        labels = pod["metadata"].get("labels", {})
        for service, selector in self._selectors.items():
            if selector.items() <= labels.items():
                return service
        return ""

    def _follow_log(self, member: Member) -> None:
        container = member.pod["spec"]["containers"][0]["name"]
        log = self._logs / f"{member.name}.log"
        with suppress(HarnessError), log.open("ab", buffering=0) as file:  # who is gone has nothing more to say
            file.write(f"[{member.pod_name}]\n".encode())
            for chunk in self._namespace.follow_log(member.pod_name, self._stop, container):
                file.write(chunk)
