"""The harness's side: starts the process with the user's code, asks it, and ends it if it does not answer."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

import msgspec
import psutil

from harness.errors import HarnessError, InvalidInput
from harness.upcasters.catalog import Catalog
from harness.upcasters.user_code.messages import Answer, Known, Order, Touched, Unusable

WORKER = "harness.upcasters.user_code.worker"
LOOK_EVERY_S = 0.05
ASLEEP_FACTOR = 6
"""How much longer than the limit of processor time it may be asleep, all the time."""
STARVED_S_MAX = 600.0
"""For one that is awake and gets no processor time, which is this machine's fault."""
END_S_MAX = 5.0
CHUNK_BYTES = 1 << 20
SECONDS_PER_MB = 0.5
"""Added to the limit by the size of an order: data are decoded and encoded several times."""


@dataclass(frozen=True)
class Limits:
    """What one order may take, and what loading the user's code may take."""

    processor_s: float = 5.0
    loading_s: float = 60.0


class NoAnswer(Exception):
    """The process died or had to be ended. `certain` is false where that may have been this machine's fault."""

    def __init__(self, message: str, touched: tuple[Touched, ...], *, certain: bool = True) -> None:
        super().__init__(message)
        self.touched = touched
        self.certain = certain


class UserProcess:
    """One process with the user's code. After NoAnswer it is gone; the next order starts another one."""

    def __init__(self, target: str, limits: Limits, variables: Mapping[str, str]) -> None:
        self._target = target
        self._limits = limits
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self._read = bytearray()
        """Of the next answers, what has come so far."""

    def __enter__(self) -> UserProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def catalog(self) -> Catalog:
        """Starts the process. Raises InvalidInput if the user's code cannot be loaded."""
        self._end()
        command = [sys.executable, "-P", "-m", WORKER, self._target]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self._variables},
            start_new_session=True,
        )
        try:
            first = self._answer(self._process, self._limits.loading_s, ())
        except NoAnswer as error:
            raise InvalidInput(f"{self._target} cannot be loaded: its process {error}") from error
        match first:
            case Known(catalog):
                return catalog
            case Unusable(message):
                self._end()
                raise InvalidInput(message)
            case _:
                raise HarnessError(f"the process of {self._target} began with {first}")

    def ask(self, order: Order) -> tuple[Answer, tuple[Touched, ...]]:
        """The answer, and what was touched on the way. Raises NoAnswer."""
        if self._process is None:
            self.catalog()
        assert self._process is not None
        assert self._process.stdin is not None
        touched: list[Touched] = []
        line = msgspec.json.encode(order) + b"\n"
        limit_s = self._limits.processor_s + SECONDS_PER_MB * len(line) / 1e6
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            while True:
                answer = self._answer(self._process, limit_s, tuple(touched))
                if not isinstance(answer, Touched):
                    return answer, tuple(touched)
                touched.append(answer)
        except BrokenPipeError as error:
            raise NoAnswer(self._death(self._process), tuple(touched)) from error

    def _answer(self, process: subprocess.Popen[bytes], limit_s: float, touched: tuple[Touched, ...]) -> Answer:
        patience: _Patience | None = None
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            end = self._read.find(b"\n")
            while end < 0:
                if selector.select(LOOK_EVERY_S):
                    chunk = os.read(process.stdout.fileno(), CHUNK_BYTES)
                    if not chunk:
                        raise NoAnswer(self._death(process), touched)
                    end = chunk.find(b"\n")
                    end += len(self._read) if end >= 0 else 0
                    self._read += chunk
                    continue
                patience = patience or _Patience(process.pid, limit_s)
                if lost := patience.lost():
                    self._end()
                    raise NoAnswer(lost.message, touched, certain=lost.certain)
        answer: Answer = msgspec.json.decode(self._read[:end], type=Answer)
        del self._read[: end + 1]
        return answer

    def _death(self, process: subprocess.Popen[bytes]) -> str:
        try:
            code = process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            code = 0
        self._end()
        return f"was ended by signal {-code}" if code < 0 else f"exited with {code}"

    def _end(self) -> None:
        process, self._process = self._process, None
        self._read.clear()
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it started itself
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


@dataclass(frozen=True)
class _Lost:
    message: str
    certain: bool


class _Patience:
    """Tells a process that computes without end from one that waits, and from one that this machine does not run."""

    def __init__(self, pid: int, limit_s: float) -> None:
        self._pid = pid
        self._limit_s = limit_s
        self._used_before_s = self._used_last_s = self._look()[0]
        self._began = self._stirred = time.monotonic()

    def _look(self) -> tuple[float, str]:
        """Processor time used, and what it does; for one that has ended zero and its state as a corpse."""
        try:
            process = psutil.Process(self._pid)
            used = process.cpu_times()
            return float(used.user + used.system), process.status()
        except psutil.NoSuchProcess:
            return 0.0, psutil.STATUS_DEAD

    def lost(self) -> _Lost | None:
        """None as long as an answer may still come."""
        used_s, status = self._look()
        now = time.monotonic()
        if status != psutil.STATUS_SLEEPING or used_s != self._used_last_s:
            self._used_last_s, self._stirred = used_s, now
        if used_s - self._used_before_s > self._limit_s:
            return _Lost(f"did not end within {self._limit_s:.3g} s of processor time", certain=True)
        if now - self._stirred > ASLEEP_FACTOR * self._limit_s:
            return _Lost(f"slept for {now - self._stirred:.1f} s: it waits for something", certain=True)
        if now - self._began > STARVED_S_MAX:
            return _Lost(f"got no processor time to end within {now - self._began:.0f} s", certain=False)
        return None
