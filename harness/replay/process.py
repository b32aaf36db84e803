"""One process of a version: started, given lines, heard, ended. Every wait has an end."""

from __future__ import annotations

import fcntl
import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from harness.errors import InvalidInput
from harness.protocols import Process, Spawner
from harness.replay.surroundings import Surroundings
from harness.replay.versions import Version
from harness.replay.wire import PROTOCOL, Answer, Effect, parse

PIPE_BYTES: Final = 1 << 20
STDERR_LINES: Final = 5
_STDERR_BYTES: Final = 4096
_STOP_S: Final = 5.0
_UNASKED_MAX: Final = 100_000
"""Answers that a version may give beside those asked for, before it is taken to be out of its mind."""


@dataclass(frozen=True)
class Limits:
    """`answer_s`: a version that neither reads nor writes for so long hangs. `start_s`: until it says hello."""

    start_s: float = 60.0
    answer_s: float = 30.0


@dataclass(frozen=True)
class Say:
    """Lines for a version, and how many answers they ask for."""

    lines: bytes
    answers: int = 0


@dataclass(frozen=True)
class Exchange:
    """What a version answered; `ended` says how it came to its end before it had answered all, if it did."""

    answers: tuple[Answer, ...]
    ended: str = ""


class VersionProcess:
    """A process of `version`, from entry to exit. `store` is a folder for what it keeps beyond its end.

    Entering raises InvalidInput if it does not come up and say hello in our protocol, StartFailed if there is no such
    program.
    """

    def __init__(
        self, version: Version, spawner: Spawner, folder: Path, limits: Limits, store: Path | None = None
    ) -> None:
        self.version = version
        self.hello = Answer()
        self._spawner = spawner
        self._folder = folder
        self._limits = limits
        self._store = store
        self._log = folder / "stderr.log"
        self._unread = b""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = self._start()
        hello = self.exchange([Say(b"", 1)], self._limits.start_s)
        if hello.ended or hello.answers[0].protocol != PROTOCOL:
            self._stop()
            why = hello.ended or f"speaks protocol {hello.answers[0].protocol}, not {PROTOCOL}"
            raise InvalidInput(f"version {self.version.name} did not come up: it {why}\n{self.stderr()}".rstrip())
        self.hello = hello.answers[0]
        self._surroundings = Surroundings(self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def exchange(self, says: Iterable[Say], answer_s: float | None = None) -> Exchange:
        """Say all and hear the answers, both at once: neither side waits for the other to read.

        Lines are taken from `says` as they can be written.
        """
        exchange = _Exchange(self._input, self._output, self._unread, answer_s or self._limits.answer_s)
        ended = exchange.run(iter(says))
        self._unread = exchange.unread
        return Exchange(tuple(exchange.answers), ended and self._how(ended))

    def seen_from_outside(self) -> tuple[Effect, ...]:
        """What it has now and had not when this was last asked; of a container nothing is seen."""
        return () if self.version.image else self._surroundings.new()

    def kill(self) -> None:
        """At once, as a power cut would."""
        self._process.signal(signal.SIGKILL)
        self._process.wait(_STOP_S)

    def stderr(self) -> str:
        """The last lines that it wrote there."""
        with suppress(FileNotFoundError), self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _STDERR_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-STDERR_LINES:])
        return ""

    def _how(self, ended: str) -> str:
        """In the words of its exit code, if it has one by now."""
        if ended != _GONE:
            return ended
        code = self._process.wait(_STOP_S)
        if code is None:
            return "closed its output"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def _start(self) -> Process:
        """The pipes are opened before the process opens them, and the ends that are not ours closed after."""
        pipes = {name: self._folder / name for name in ("input", "output")}
        for pipe in pipes.values():
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe, 0o600)
        self._output = os.open(pipes["output"], os.O_RDONLY | os.O_NONBLOCK)
        # To read and write, as only that does not need the other end.
        self._input = os.open(pipes["input"], os.O_RDWR | os.O_NONBLOCK)
        for descriptor in (self._input, self._output):
            with suppress(PermissionError):  # more than an account may have; it works without
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        command = self.version.command(self._folder.name, self._log, pipes["input"], pipes["output"], self._store)
        process = self._spawner.spawn(command)
        keep_open = self._input
        with suppress(OSError):  # it has ended already, which the exchange is about to see
            self._input = os.open(pipes["input"], os.O_WRONLY | os.O_NONBLOCK)
            os.close(keep_open)
        return process

    def _stop(self) -> None:
        """By the end of its input, or else by a signal."""
        with suppress(OSError):
            os.close(self._input)
        if self._process.wait(0 if self._process.exit_code is not None else 1.0) is None:
            self.kill()
        os.close(self._output)


_GONE: Final = "gone"


class _Exchange:
    """One loop over both pipes."""

    def __init__(self, input_: int, output: int, unread: bytes, answer_s: float) -> None:
        self.answers: list[Answer] = []
        self.unread = unread
        self._input = input_
        self._output = output
        self._answer_s = answer_s
        self._wanted = 0
        self._unasked = 0
        self._pending = memoryview(b"")

    def run(self, says: Iterator[Say]) -> str:
        """How it ended too early; empty if all was answered."""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        self._next(says)
        writing = False
        while self._pending or self._wanted > len(self.answers) - self._unasked:
            if bool(self._pending) is not writing:
                writing = bool(self._pending)
                poll.register(self._input, select.POLLOUT) if writing else poll.unregister(self._input)
            ready = poll.poll(self._answer_s * 1000)
            if not ready:
                return f"neither read nor answered for {self._answer_s:g} s"
            for descriptor, _ in ready:
                trouble = self._hear() if descriptor == self._output else self._speak(says)
                if trouble:
                    return trouble
        return ""

    def _next(self, says: Iterator[Say]) -> None:
        while not self._pending and (say := next(says, None)) is not None:
            self._pending = memoryview(say.lines)
            self._wanted += say.answers

    def _speak(self, says: Iterator[Say]) -> str:
        try:
            written = os.write(self._input, self._pending)
        except BlockingIOError:
            return ""
        except BrokenPipeError:
            # What it still had to say can be heard.
            self._pending = memoryview(b"")
            return self._hear_out()
        self._pending = self._pending[written:]
        self._next(says)
        return ""

    def _hear_out(self) -> str:
        while not (trouble := self._hear()):
            if not select.select([self._output], [], [], self._answer_s)[0]:
                return _GONE
        return trouble

    def _hear(self) -> str:
        try:
            heard = os.read(self._output, PIPE_BYTES)
        except BlockingIOError:
            return ""
        if not heard:
            return _GONE
        *lines, self.unread = (self.unread + heard).split(b"\n")
        for line in lines:
            try:
                answer = parse(line)
            except ValueError as error:
                return f"said something that is no answer: {line[:200].decode(errors='replace')!r} ({error})"
            self.answers.append(answer)
            self._unasked += not answer.ends_a_wait
        if self._unasked > _UNASKED_MAX:
            return f"said more than {_UNASKED_MAX} things that it was not asked"
        return ""
