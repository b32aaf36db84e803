"""The instances of services: each has a name, a place and a log for life, and a process at times."""

from __future__ import annotations

import http.client
import signal
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from harness.drivers.parts import kill
from harness.drivers.runtime import Part, PartProcess, Place, Runtime
from harness.environment import Service
from harness.protocols import Departure, Instance

READY_S_MAX = 1.0
READY_BELOW = 400


@dataclass
class RunningInstance:
    """One copy of a service. Its process is replaced when it is started again; nothing else of it changes.

    `start` it before all else.
    """

    name: str
    service: Service
    version: str
    part: Part
    runtime: Runtime
    leaving: bool = False
    """Being removed: it must not get traffic any more, nor be started again."""
    process: PartProcess = field(init=False)

    def start(self) -> None:
        """Raises StartFailed."""
        self.process = self.runtime.spawn(self.part)

    @property
    def place(self) -> Place | None:
        """None for a service that does not listen."""
        return self.part.places[0] if self.part.places else None

    @property
    def facts(self) -> Instance:
        url = f"http://{self.place.outside}" if self.place else ""
        return Instance(self.name, self.service.name, self.version, url, self.pid)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process.exit_code is None else None

    @property
    def log(self) -> Path:
        return self.part.log

    def ready(self) -> bool:
        """What its readiness probe says; for one that does not listen, whether it runs."""
        if self.pid is None or self.place is None:
            return self.pid is not None
        outside = self.place.outside
        connection = http.client.HTTPConnection(outside.host, outside.port, timeout=READY_S_MAX)
        with closing(connection):
            try:
                connection.request("GET", self.service.ready_path)
                return connection.getresponse().status < READY_BELOW
            except (OSError, http.client.HTTPException):
                return False

    def kill(self) -> None:
        kill(self.process)

    def depart(self) -> Departure:
        """SIGTERM, its service's grace, then SIGKILL. A paused process sees nothing of it before the SIGKILL."""
        if self.process.exit_code is not None:
            return Departure(exit_code=None, took_s=0.0, killed=False)
        began = time.monotonic()
        self.process.signal(signal.SIGTERM)
        outlived = self.process.wait(self.service.stop_grace_s) is None
        if outlived:
            self.kill()
        # That it ended by itself may become known only after it was to be killed.
        killed = outlived and self.process.exit_code == -signal.SIGKILL
        return Departure(self.process.exit_code, time.monotonic() - began, killed)
