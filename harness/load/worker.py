"""A process that makes load: `python -m harness.load.worker PLAN`. Its parent is engine.py.

It imports the locustfile, then does as it is told through its pipe: prepare, begin, end. How far it has come stands in
the recording's journal. It exits with 0 after it was told to end and everything in flight is done, and not otherwise.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from gevent import get_hub
from gevent.queue import Queue
from locust import User  # before anything that uses sockets: its import patches the process

from harness.errors import HarnessError, InvalidInput
from harness.load.crews import ClosedLoopCrew, Crew, OpenLoopCrew, raise_in_main
from harness.load.journal import Drained, Loaded, Prepared
from harness.load.open_loop import OpenLoopUser
from harness.load.plan import Begin, Command, CommandReader, End, Prepare, WorkerPlan
from harness.load.recording import Recorder

NICE = -10
AUTOGROUP = Path("/proc/self/autogroup")
"""Linux shares the processors among sessions first, and each worker has one of its own, within which its nice value
says nothing; this file sets the session's. Some kernels are built without it."""
_READ = 1  # libev's
_LOWEST = 1
"""Of real-time priorities."""

Expected = TypeVar("Expected", bound=Command)


class Orders:
    """The parent's commands, as they come. If its pipe closes, the main greenlet raises HarnessError."""

    def __init__(self, path: Path) -> None:
        self._reader = CommandReader(path)
        self._queue: Queue[Command] = Queue()
        self._watcher = get_hub().loop.io(self._reader.descriptor, _READ)
        self._watcher.start(self._on_readable)

    def take(self, kind: type[Expected]) -> Expected:
        """The next command. Raises HarnessError if it is of another kind."""
        command = self._queue.get()
        if not isinstance(command, kind):
            raise HarnessError(f"expected {kind.__name__}, was told {command}")
        return command

    def _on_readable(self) -> None:
        commands = self._reader.new()
        if commands is None:
            self._watcher.stop()
            raise_in_main(HarnessError("the harness is gone: the load ends"))
        for command in commands or ():
            self._queue.put(command)


def main(plan_file: Path) -> int:
    """Returns the exit code. Raises whatever went wrong in an operation."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer, also where we share a terminal
    plan = WorkerPlan.read(plan_file)
    _end_with_the_first_error()
    try:
        user_class = load_user_class(plan.load.locustfile, plan.load.user)
        with closing(Recorder(plan.recording)) as recorder:
            _perform(plan, user_class, recorder)
    except HarnessError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  # to the worker's log
        return error.exit_code
    return 0


def _come_first() -> None:
    """Ahead of the system under test, where that is allowed: what waits here for a processor measures nothing.

    It needs little of one, so the system is not kept from its own. In real time, since on a busy machine everything
    else still leaves a process waiting for tens of milliseconds, in which requests come due.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_LOWEST))
    except PermissionError:
        with suppress(OSError):  # not allowed, or not there
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            AUTOGROUP.write_text(str(NICE))


def load_user_class(locustfile: Path, name: str) -> type[User]:
    """Raises InvalidInput if there is no such file or no such class in it, and what the file itself raises."""
    if not locustfile.is_file():
        raise InvalidInput("there is no such locustfile", file=locustfile)
    sys.path.insert(0, str(locustfile.parent))
    spec = importlib.util.spec_from_file_location("locustfile", locustfile)
    if spec is None or spec.loader is None:
        raise InvalidInput("is no Python file", file=locustfile)
    module = sys.modules["locustfile"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    user_class = getattr(module, name, None)
    if not isinstance(user_class, type) or not issubclass(user_class, User):
        raise InvalidInput(f"has no locust user class {name!r}", file=locustfile)
    return user_class


def _perform(plan: WorkerPlan, user_class: type[User], recorder: Recorder) -> None:
    crew: Crew
    if issubclass(user_class, OpenLoopUser):
        crew = OpenLoopCrew(plan, user_class, recorder)
    else:
        crew = ClosedLoopCrew(plan, user_class, recorder)
    orders = Orders(plan.commands)
    recorder.journal.append(Loaded())
    crew.prepare(orders.take(Prepare).url)
    _come_first()  # only now: until here there is much to do, and nothing to be late for
    recorder.journal.append(Prepared())
    crew.begin(orders.take(Begin).at_ns)
    crew.end(orders.take(End).at_ns)
    recorder.journal.append(Drained())


def _end_with_the_first_error() -> None:
    """Raise an error of any greenlet or callback in the main greenlet, where gevent would print it and go on."""
    hub = get_hub()
    report = hub.handle_error

    def handle_error(
        context: object,
        type: type[BaseException] | None,  # gevent's names
        value: BaseException | str | None,
        tb: TracebackType | None,
    ) -> None:
        report(context, type, value, tb)
        if isinstance(value, BaseException) and not isinstance(value, hub.NOT_ERROR):
            raise_in_main(value)

    hub.handle_error = handle_error  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
