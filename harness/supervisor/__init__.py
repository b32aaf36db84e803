"""Processes that outlive neither the harness nor the run: started, watched and in the end killed by one small process.

    with Supervisor(run_id, scratch_folder(run_id)) as spawner:
        process = spawner.spawn(Command("web", ("python3", "-m", "http.server")))

If the harness dies, even by SIGKILL, the small process (keeper.py) sees it at once and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from harness.errors import HarnessError, StartFailed
from harness.protocols import Command
from harness.supervisor import keeper
from harness.supervisor.scratch import HARNESS_VARIABLE, RUN_VARIABLE, Identity, make_scratch, scratch_folder

__all__ = ["SupervisedProcess", "Supervisor", "scratch_folder"]

ANSWER_S_MAX = 10.0
END_S_MAX = 10.0

Message: TypeAlias = dict[str, Any]
"""One line of JSON to or from the keeper; keeper.py says what they hold."""


class SupervisedProcess:
    """A child of the supervisor; see protocols.Process."""

    def __init__(self, name: str, supervisor: Supervisor) -> None:
        self.name = name
        self.pid = 0
        self.number = 0
        self._supervisor = supervisor
        self._ended = threading.Event()
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        return self._exit_code

    def signal(self, number: int) -> None:
        if not self._ended.is_set():
            self._supervisor.order({"do": "signal", "child": self.number, "number": number})

    def wait(self, timeout_s: float) -> int | None:
        self._ended.wait(timeout_s)
        return self._exit_code

    def end(self, exit_code: int) -> None:
        """For the supervisor, to say that it has ended; only the first time counts."""
        if not self._ended.is_set():
            self._exit_code = exit_code
            self._ended.set()


@dataclass
class _Answer:
    """What the keeper says to one order, once it does."""

    given: threading.Event = field(default_factory=threading.Event)
    message: Message = field(default_factory=dict)

    def give(self, message: Message) -> None:
        self.message = message
        self.given.set()


class Supervisor:
    """Starts the keeper and passes orders to it. Safe to use from several threads.

    `scratch` is made on entry and removed on exit. `spawn` raises StartFailed if the program cannot be executed, and
    HarnessError if the keeper does not answer.
    """

    def __init__(self, run_id: str, scratch: Path) -> None:
        self._run_id = run_id
        self._scratch = scratch
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._processes: dict[int, SupervisedProcess] = {}
        self._answers: dict[int, _Answer] = {}
        self._gone = False

    def __enter__(self) -> Supervisor:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._keeper = self._start_keeper(theirs.fileno())
        try:
            make_scratch(self._scratch, self._run_id)  # only now is there somebody to remove it, whatever happens
        except OSError:
            self._keeper.kill()  # it would remove the folder, which may be another's
            self._keeper.wait()
            self._socket.close()
            raise
        self._listener = threading.Thread(target=self._listen, name="supervisor", daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill what still runs, remove the scratch folder, end the keeper."""
        with suppress(OSError):  # the keeper may have ended by itself
            self._socket.shutdown(socket.SHUT_WR)
        try:
            self._keeper.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._listener.join(END_S_MAX)
        self._socket.close()
        keeper.clear(str(self._scratch))  # there is something to clear only if the keeper was killed

    def _start_keeper(self, descriptor: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            (sys.executable, "-I", "-S", keeper.__file__, str(descriptor), str(os.getpid()), str(self._scratch)),
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": os.environ.get("HOME", "/"),
                "LANG": os.environ.get("LANG", "C.UTF-8"),
                RUN_VARIABLE: self._run_id,
                HARNESS_VARIABLE: str(Identity.of(os.getpid())),
            },
        )

    @property
    def pid(self) -> int:
        """Of the keeper."""
        return self._keeper.pid

    def spawn(self, command: Command) -> SupervisedProcess:
        process = SupervisedProcess(command.name, self)
        message = self.order(
            {
                "do": "spawn",
                "argv": command.argv,
                "variables": dict(command.variables),
                "folder": str(command.folder) if command.folder else None,
                "log": str(command.log) if command.log else None,
                "user": command.user,
                "input": str(command.input) if command.input else None,
                "output": str(command.output) if command.output else None,
            },
            process,
        )
        if "error" in message:
            raise StartFailed(f"{command.name} cannot be started: {message['error']}")
        process.pid = message["pid"]
        return process

    def order(self, order: Message, process: SupervisedProcess | None = None) -> Message:
        """Send one order and wait for the answer. `process` is the one that the order is about to start."""
        answer = _Answer()
        with self._lock:
            if self._gone:
                raise HarnessError("the supervisor of the run has ended")
            number = next(self._numbers)
            self._answers[number] = answer
            if process:
                process.number = number
                self._processes[number] = process
            self._socket.sendall(json.dumps({**order, "id": number}).encode() + b"\n")
        if not answer.given.wait(ANSWER_S_MAX):
            raise HarnessError(f"the supervisor of the run did not answer within {ANSWER_S_MAX:g} s")
        return answer.message

    def _listen(self) -> None:
        for message in self._messages():
            if "ended" in message:
                with self._lock:
                    process = self._processes.pop(message["ended"])
                process.end(message["exit_code"])
            else:
                with self._lock:
                    answer = self._answers.pop(message["id"])
                answer.give(message)
        self._lose_all()

    def _messages(self) -> Iterator[Message]:
        with self._socket.makefile("rb") as lines, suppress(ConnectionError):
            for line in lines:
                yield json.loads(line)

    def _lose_all(self) -> None:
        """The keeper has ended, by order or killed, and all its children with it."""
        with self._lock:
            self._gone = True
            answers, self._answers = self._answers, {}
            processes, self._processes = self._processes, {}
        for answer in answers.values():
            answer.give({"error": "the supervisor of the run has ended"})
        for process in processes.values():
            process.end(-signal.SIGKILL)
