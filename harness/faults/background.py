"""Faults that go on by themselves while their window lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.errors import HarnessError


@dataclass
class _Worker:
    """A thread whose trouble is not lost."""

    trouble: HarnessError | None = field(default=None, init=False)

    def do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except HarnessError as error:
            self.trouble = error


@contextmanager
def in_background(act: Callable[[], None], over: threading.Event) -> Iterator[None]:
    """`act` goes on in a thread until this is left, which sets `over`. What it raised is raised then."""
    worker = _Worker()
    thread = threading.Thread(target=worker.do, args=(act,), name="fault")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if worker.trouble is not None:
        raise worker.trouble


@contextmanager
def repeating(act: Callable[[], None], every_s: float) -> Iterator[None]:
    """`act` again and again, until this is left."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set():
            act()
            over.wait(every_s)

    with in_background(repeat, over):
        yield
