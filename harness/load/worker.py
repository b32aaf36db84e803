"""A process that makes load: `python -m harness.load.worker PLAN`. Its parent is engine.py.

It imports the locustfile, then does as it is told through its pipe: prepare, begin, end. How far it has come stands in
the recording's journal. It exits with 0 after it was told to end and everything in flight is done, and not otherwise.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from gevent import get_hub
from gevent.queue import Queue
from locust import User  # before anything that uses sockets: its import patches the process

from harness.errors import HarnessError, InvalidInput
from harness.load.crews import ClosedLoopCrew, Crew, OpenLoopCrew
from harness.load.hub import come_first, end_with_the_first_error, raise_in_main
from harness.load.journal import Drained, Loaded, Prepared
from harness.load.open_loop import OpenLoopUser
from harness.load.plan import Begin, Command, CommandReader, End, Prepare, WorkerPlan
from harness.load.recording import Recorder

_READ = 1  # libev's

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
    end_with_the_first_error()
    try:
        user_class = load_user_class(plan.load.locustfile, plan.load.user)
        with closing(Recorder(plan.recording)) as recorder:
            _perform(plan, user_class, recorder)
    except HarnessError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  # to the worker's log
        return error.exit_code
    return 0


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
    come_first()  # only now: until here there is much to do, and nothing to be late for
    recorder.journal.append(Prepared())
    crew.begin(orders.take(Begin).at_ns)
    crew.end(orders.take(End).at_ns)
    recorder.journal.append(Drained())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
