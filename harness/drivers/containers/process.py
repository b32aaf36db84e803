"""A part's container, from its start to its end. Nothing of it is left once it has ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from docker.errors import NotFound
from docker.models.containers import Container

from harness.drivers.containers.engine import TROUBLE, refusing
from harness.drivers.containers.network import RunNetwork
from harness.drivers.runtime import Part
from harness.errors import HarnessError
from harness.protocols import Limits, Usage

LAST_WORDS_S_MAX = 2.0
"""For what a container that has ended has printed to arrive."""
SIGNALLED = 128
"""An exit code above this, by no more than there are signals, is a signal's number more than it."""
PERIOD_US = 100_000
UNLIMITED = -1
MIB = 1024 * 1024


class ContainerProcess:
    """See runtime.PartProcess. Two threads follow it: one its output, to the part's log, and one its end."""

    def __init__(self, container: Container, part: Part, network: RunNetwork) -> None:
        self.name = part.name
        self._container = container
        self._part = part
        self._network = network
        container.reload()
        self.pid = int(container.attrs["State"]["Pid"])
        """Of its first process, as the engine's machine numbers it."""
        self._ended = threading.Event()
        self._exit_code: int | None = None
        self._output = threading.Thread(target=self._copy_output, name=f"log of {self.name}", daemon=True)
        self._output.start()
        threading.Thread(target=self._follow, name=f"end of {self.name}", daemon=True).start()

    @property
    def exit_code(self) -> int | None:
        return self._exit_code

    def signal(self, number: int) -> None:
        """To the container's first process; SIGKILL takes all of them."""
        self._unless_ended(lambda: self._container.kill(number), f"{self.name} cannot be sent signal {number}")

    def wait(self, timeout_s: float) -> int | None:
        self._ended.wait(timeout_s)
        return self._exit_code

    # ── pausing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def pause(self) -> None:
        if not self.paused():
            self._unless_ended(self._container.pause, f"{self.name} cannot be paused")

    def resume(self) -> None:
        if self.paused():
            self._unless_ended(self._container.unpause, f"{self.name} cannot be resumed")

    def paused(self) -> bool:
        return self._status() == "paused"

    # ── its network ──────────────────────────────────────────────────────────────────────────────────────────────

    def disconnect(self) -> None:
        self._unless_ended(lambda: self._network.disconnect(self._container), f"{self.name} cannot be disconnected")

    def reconnect(self) -> None:
        if not self.connected():
            self._unless_ended(
                lambda: self._network.reconnect(self._container, self.name), f"{self.name} cannot be reconnected"
            )

    def connected(self) -> bool:
        """As the engine says. One that has ended is not."""
        return (
            self._status() == "running" and self._network.name in self._container.attrs["NetworkSettings"]["Networks"]
        )

    # ── its resources ────────────────────────────────────────────────────────────────────────────────────────────

    def limit(self, limits: Limits) -> None:
        """The engine cannot lift a limit of memory, only raise it; so without one it may have all that there is."""
        memory = self._machines_memory() if limits.memory_mb is None else limits.memory_mb * MIB
        quota_us = UNLIMITED if limits.cpus is None else round(limits.cpus * PERIOD_US)
        self._unless_ended(
            lambda: self._container.update(
                cpu_period=PERIOD_US, cpu_quota=quota_us, mem_limit=memory, memswap_limit=memory
            ),
            f"{self.name} cannot be limited",
        )

    def usage(self) -> Usage:
        """Raises HarnessError if it does not run."""
        with refusing(f"the engine has no accounts of {self.name}"):
            self._container.reload()
            stats = cast("dict[str, Any]", self._container.stats(stream=False, one_shot=True))
        quota_us = self._container.attrs["HostConfig"]["CpuQuota"]
        memory = stats["memory_stats"]
        if "limit" not in memory:
            raise HarnessError(f"the engine has no accounts of {self.name}: it does not run")
        limited = memory["limit"] < self._machines_memory()
        return Usage(
            Limits(quota_us / PERIOD_US if quota_us > 0 else None, memory["limit"] // MIB if limited else None),
            throttled=stats["cpu_stats"]["throttling_data"]["throttled_periods"],
            memory_mb=memory["usage"] / MIB,
        )

    def _machines_memory(self) -> int:
        return int(self._container.client.info()["MemTotal"])  # type: ignore[union-attr]

    # ── following it ─────────────────────────────────────────────────────────────────────────────────────────────

    def _unless_ended(self, act: Callable[[], object], what: str) -> None:
        """Nothing can be done to a container that has ended, and nothing need be."""
        if self._ended.is_set():
            return
        try:
            act()
        except TROUBLE as error:
            if self._status() in {"running", "paused"}:
                raise HarnessError(f"{what}: the Docker engine says: {error}") from error

    def _status(self) -> str:
        try:
            self._container.reload()
        except NotFound:
            return "removed"
        except TROUBLE as error:
            raise HarnessError(f"the state of {self.name} cannot be told: the Docker engine says: {error}") from error
        return self._container.status

    def _copy_output(self) -> None:
        """Each piece behind what the file holds then, as a run's end cuts it off."""
        with self._part.log.open("ab", buffering=0) as log, suppress(*TROUBLE):
            for piece in self._container.logs(stream=True, follow=True):
                log.write(piece)

    def _follow(self) -> None:
        exit_code = self._await_end()
        self._output.join(LAST_WORDS_S_MAX)
        self._exit_code = exit_code
        self._ended.set()
        with suppress(*TROUBLE):  # whoever closes the runtime looks for what is left
            self._container.remove(force=True, v=True)

    def _await_end(self) -> int:
        """The exit code; that of a killed one if the engine does not know it any more."""
        try:
            return exit_code_of(int(self._container.wait()["StatusCode"]))
        except TROUBLE:
            return -signal.SIGKILL


def exit_code_of(status: int) -> int:
    """Negative for what was ended by that signal; the engine says it as a shell does."""
    return SIGNALLED - status if SIGNALLED < status < SIGNALLED + signal.NSIG else status
