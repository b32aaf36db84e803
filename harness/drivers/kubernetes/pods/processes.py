"""Pods as processes: one watch of the namespace tells how they are, their logs are followed, signals reach them."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.drivers.kubernetes.api import Json, Namespace, Stop
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.events import Events
from harness.drivers.kubernetes.pods_described import described, wrong_with
from harness.drivers.kubernetes.pods_state import PodState, state_of
from harness.drivers.kubernetes.watch import watching
from harness.drivers.runtime import Part
from harness.errors import HarnessError
from harness.waiting import until

LOG_S_MAX = 2.0
"""Longest wait, once a pod has ended, for the last of what it printed."""
DEATH_S_MAX = 2.0


class PodProcess:
    """See runtime.PartProcess: the one container of a pod, which is started once."""

    def __init__(self, pod: str, part: Part, namespace: Namespace, nodes: Nodes | None, stop: Stop) -> None:
        self.name = part.name
        self.pod = pod
        self._part = part
        self._namespace = namespace
        self._nodes = nodes
        self._stop = stop
        self._state = PodState()
        self._exit_code = 0
        self._pid = 0
        self._touched = False
        """Paused at some time, so that there is something to resume."""
        self._started = threading.Event()
        self._ended = threading.Event()
        self._log_ended = threading.Event()

    @property
    def pid(self) -> int:
        """As its node numbers it; 0 while it has not started, or where nodes are not to be looked into."""
        if not self._pid and self._nodes and self._runs:
            self._pid = self._nodes.pid(self._state.node, self._state.container) or 0
        return self._pid

    @property
    def exit_code(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout_s: float) -> int | None:
        if not self._ended.wait(timeout_s):
            return None
        self._log_ended.wait(LOG_S_MAX)
        return self._exit_code

    def signal(self, number: int) -> None:
        """SIGTERM is Kubernetes' to send: the pod is deleted, with its grace."""
        if self._ended.is_set():
            return
        if number == signal.SIGTERM:
            self._namespace.delete_pod(self.pod, math.ceil(self._part.grace_s))
        elif self._nodes and self._runs:
            sent = self._nodes.signal(self._state.node, self._state.container, number)
            if sent and number == signal.SIGKILL:
                self._see_it_die(self._nodes)
        else:
            self._namespace.delete_pod(self.pod, grace_s=0)

    def pause(self) -> None:
        self._touched = True
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        if self._touched:
            self._send(signal.SIGCONT)

    def paused(self) -> bool:
        return self._nodes is not None and self._runs and self._nodes.stopped(self._state.node, self.pid)

    def notice_death(self) -> None:
        """Its node knows of it before Kubernetes does, which may wait a minute for a node that was switched off."""
        if self._nodes and self._runs and self._nodes.pid(self._state.node, self._state.container) is None:
            self._log_ended.set()
            self.end(-signal.SIGKILL)

    def await_started(self, timeout_s: float) -> bool:
        return self._started.wait(timeout_s)

    # ── for the watch ────────────────────────────────────────────────────────────────────────────────────────────

    def update(self, state: PodState) -> None:
        before, self._state = self._state, state
        if state.trouble and state.trouble != before.trouble:
            self._note(state.trouble)
        if state.container and not self._started.is_set():
            self._started.set()
            threading.Thread(target=self._follow_log, name=f"log of {self.pod}", daemon=True).start()
        if state.exit_code is not None:
            self.end(state.exit_code)

    def end(self, exit_code: int) -> None:
        """Only the first time counts."""
        if not self._ended.is_set():
            self._exit_code = exit_code
            if not self._started.is_set():
                self._log_ended.set()
            self._ended.set()

    @property
    def _runs(self) -> bool:
        return bool(self._state.container) and not self._ended.is_set()

    def _see_it_die(self, nodes: Nodes) -> None:
        """Its node knows a second before Kubernetes does. Its last words may come later."""
        if until(lambda: nodes.pid(self._state.node, self._state.container) is None, DEATH_S_MAX):
            self._log_ended.set()
            self.end(-signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self._nodes is None:
            raise HarnessError(f"{self.name} cannot be sent a signal: its node is not a container of this machine")
        if self._runs:
            self._nodes.signal(self._state.node, self._state.container, number)

    def _follow_log(self) -> None:
        try:
            with self._part.log.open("ab", buffering=0) as log:
                for chunk in self._namespace.follow_log(self.pod, self._stop):
                    log.write(chunk)
        except HarnessError as error:
            self._note(str(error))
        finally:
            self._log_ended.set()

    def _note(self, text: str) -> None:
        """Into its log, which is where people look."""
        with self._part.log.open("a") as log:
            log.write(f"[{self.pod}] {text}\n")


class Pods:
    """All pods of a namespace, as one watch tells of them. Those with which something is wrong are described in `log`,
    as often as that is something else."""

    def __init__(self, namespace: Namespace, nodes: Nodes | None, log: Path, events: Events) -> None:
        self._namespace = namespace
        self._nodes = nodes
        self._log = log
        self._events = events
        self._described: set[tuple[str, str]] = set()
        self._stop = Stop()
        self._lock = threading.Lock()
        self._states: dict[str, PodState] = {}
        self._processes: dict[str, PodProcess] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raises HarnessError if the pods cannot be watched."""
        with watching(self._namespace, "pods", self._tell, self._lose):
            try:
                yield
            finally:
                self._stop.set()

    def start(self, part: Part, manifest: Json) -> PodProcess:
        """Make the pod; returns at once."""
        self._remove_dead(part.name)
        pod = self._namespace.create_pod(manifest)
        process = PodProcess(pod, part, self._namespace, self._nodes, self._stop)
        with self._lock:
            self._processes[pod] = process
            if pod in self._states:  # the watch was quicker
                process.update(self._states[pod])
        return process

    def _remove_dead(self, part: str) -> None:
        """Kubernetes learns of a death a little later, and would until then send the new pod's requests there too."""
        with self._lock:
            dead = [process for process in self._processes.values() if process.name == part]
        for process in dead:
            self._namespace.delete_pod(process.pod, grace_s=0)

    def _tell(self, pod: Json) -> None:
        name, state = pod["metadata"]["name"], state_of(pod)
        with self._lock:
            self._states[name] = state
            if name in self._processes:
                self._processes[name].update(state)
        wrong = wrong_with(pod)
        if wrong and (name, wrong) not in self._described:
            self._described.add((name, wrong))
            self._describe(pod)

    def _lose(self, name: str) -> None:
        """A pod that is gone; if it was forced, nobody has told how it ended."""
        with self._lock:
            self._states.pop(name, None)
            if name in self._processes:
                self._processes.pop(name).end(-signal.SIGKILL)

    def _describe(self, pod: Json) -> None:
        with self._log.open("a") as log:
            log.write(described(pod, self._events.about("Pod", pod["metadata"]["name"])))
