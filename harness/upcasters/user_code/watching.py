"""Sees a function ask the clock, chance or the environment, or touch files, sockets and processes.

Two hooks of Python's own see what it does: the profiler each call of a C function, under whatever name it was imported,
the audit hook what opens or connects. What C code calls in C is not seen (NumPy's random numbers): that the results
differ from run to run shows it then.
"""

from __future__ import annotations

import builtins
import os
import random
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

Note: TypeAlias = Callable[[str, str, str], None]
"""Told the kind (clock, random, environment, io), what was called, and where."""

_STANDARD = sysconfig.get_path("stdlib")
_HERE = str(Path(__file__).parents[1])
_CLOCKS = frozenset(
    {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}
    | {"process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns"}
)
_NOWS = frozenset({"now", "utcnow", "today"})
_BUILTINS = frozenset({"print", "input", "open"})
_HARMLESS = frozenset({"fspath", "cpu_count", "register_at_fork"})
"""Functions of the module `posix` that touch nothing."""
_TOUCHING = (
    *("open", "os.", "shutil.", "socket.", "subprocess.", "sqlite3.", "tempfile.", "glob.", "pathlib.", "mmap."),
    *("fcntl.", "http.", "urllib.", "ftplib.", "smtplib.", "imaplib.", "poplib.", "syslog.", "webbrowser.", "_thread."),
)
"""Beginnings of the audit events that are input or output."""
_EXEMPT = frozenset({"logging", "warnings", "linecache", "traceback"})
"""A line of a log is no result, and a module that is imported late is the same module."""
_ENVIRONMENT = type(os.environ).__getitem__.__code__
_GLOBAL_CHANCE = random.random.__self__  # type: ignore[attr-defined]
_WITHOUT_ARGUMENT = {"localtime": 1, "gmtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
"""Functions of `time` that ask the clock if they are given fewer arguments than this."""


class Watch:
    """Make one before the user's code is loaded: it must find the functions of `time` that are wrapped here."""

    def __init__(self) -> None:
        self._note: Note | None = None
        for name, arguments in _WITHOUT_ARGUMENT.items():
            setattr(time, name, self._asking(getattr(time, name), arguments))
        sys.addaudithook(self._on_audit)

    @contextmanager
    def watching(self, note: Note) -> Iterator[None]:
        """Tells `note` what the code within does, once for each that it does."""
        told: set[tuple[str, str, str]] = set()

        def once(kind: str, what: str, where: str) -> None:
            if (kind, what, where) not in told:
                told.add((kind, what, where))
                note(kind, what, where)

        self._note = once
        sys.setprofile(self._on_call)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._note = None

    def _on_call(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "call" and frame.f_code is _ENVIRONMENT:
            self._tell("environment", "os.environ", frame.f_back)
        elif event == "c_call" and (effect := _effect_of(called)):
            self._tell(*effect, frame)

    def _on_audit(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self._note is not None and event.startswith(_TOUCHING):
            self._tell("io", event, sys._getframe(1))

    def _asking(self, function: Callable[..., Any], arguments_min: int) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:
            if len(arguments) < arguments_min:
                self._tell("clock", f"time.{function.__name__}", sys._getframe(1))
            return function(*arguments)

        return asked

    def _tell(self, kind: str, what: str, frame: FrameType | None) -> None:
        note = self._note
        where = "" if note is None else _place(frame)
        if note is not None and where is not None:
            self._note = None  # what is done to tell it is not to be told
            try:
                note(kind, what, where)
            finally:
                self._note = note


def _effect_of(called: Any) -> tuple[str, str] | None:
    module, name, owner = getattr(called, "__module__", None), called.__name__, getattr(called, "__self__", None)
    if module == "time" and name in _CLOCKS:
        return "clock", f"time.{name}"
    if isinstance(owner, type) and issubclass(owner, date) and name in _NOWS:
        return "clock", f"{owner.__name__}.{name}"
    if owner is _GLOBAL_CHANCE:
        return "random", f"random.{name}"
    if module == "posix" and name not in _HARMLESS:
        return ("random", "os.urandom") if name in ("urandom", "getrandom") else ("io", f"os.{name}")
    if owner is builtins and name in _BUILTINS:
        return "io", name
    return None


def _place(frame: FrameType | None) -> str | None:
    """The first line outside the standard library that led there; None if it is exempt."""
    place = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib.") or frame.f_globals.get("__name__", "").partition(".")[0] in _EXEMPT:
            return None
        if not place and not _is_standard(file):
            place = f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return place


def _is_standard(file: str) -> bool:
    if file.startswith(("<frozen", _HERE)):
        return True
    return file.startswith(_STANDARD) and "site-packages" not in file
