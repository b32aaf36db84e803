"""Instances that are held back when they start or end, on any runtime that can stop a process where it is."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.drivers.instances import RunningInstance
from harness.drivers.runtime import PartProcess
from harness.errors import HarnessError
from harness.protocols import Departure, Hindered, Hindrance
from harness.waiting import until

STOPPED_S_MAX = 1.0

_Key: TypeAlias = tuple[str, Hindrance]
"""A service, and how it is hindered."""


@dataclass
class Hindrances:
    """See protocols.Hinderable. Safe to use from several threads."""

    _delays_s: dict[_Key, float] = field(default_factory=dict)
    _met: Counter[_Key] = field(default_factory=Counter)
    _held: dict[_Key, dict[PartProcess, threading.Timer]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hinder(self, service: str, how: Hindrance, delay_s: float) -> None:
        with self._lock:
            if (service, how) in self._delays_s:
                raise HarnessError(f"{service} has a {how} already")
            self._delays_s[service, how] = delay_s
            self._met[service, how] = 0

    def unhinder(self, service: str, how: Hindrance) -> None:
        with self._lock:
            self._delays_s.pop((service, how), None)
            held = list(self._held.get((service, how), {}))
        for process in held:
            self._release((service, how), process)

    def hindered(self, service: str, how: Hindrance) -> Hindered:
        with self._lock:
            return Hindered(self._met[service, how], len(self._held.get((service, how), {})))

    # ── what instances meet ──────────────────────────────────────────────────────────────────────────────────────

    def start(self, instance: RunningInstance) -> None:
        """Raises StartFailed."""
        instance.start()
        self._hold(instance, Hindrance.SLOW_START)

    def depart(self, instance: RunningInstance) -> Departure:
        key = (instance.service.name, Hindrance.NO_STOP)
        if key in self._delays_s and instance.pid is not None:
            instance.kill()
            with self._lock:
                self._met[key] += instance.process.exit_code == -signal.SIGKILL
        else:
            self._hold(instance, Hindrance.SLOW_STOP)
        return instance.depart()

    def _hold(self, instance: RunningInstance, how: Hindrance) -> None:
        """Counted only if the operating system says that it is stopped."""
        key, process = (instance.service.name, how), instance.process
        with self._lock:
            delay_s = self._delays_s.get(key)
            if delay_s is None or process.exit_code is not None:
                return
            process.pause()
            timer = threading.Timer(delay_s, self._release, (key, process))
            timer.daemon = True
            self._held.setdefault(key, {})[process] = timer
        timer.start()
        stopped = until(process.paused, min(STOPPED_S_MAX, delay_s))
        with self._lock:
            self._met[key] += stopped

    def _release(self, key: _Key, process: PartProcess) -> None:
        with self._lock:
            timer = self._held.get(key, {}).pop(process, None)
        if timer is not None:
            timer.cancel()
            process.resume()
