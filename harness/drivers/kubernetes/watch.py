"""What changes in a namespace, told as it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from harness.drivers.kubernetes.api import Json, Kind, Namespace, Stop
from harness.errors import HarnessError

AGAIN_S = 0.5
"""Pause before an API server that does not answer is asked again."""


@contextmanager
def watching(
    namespace: Namespace, kind: Kind, tell: Callable[[Json], None], lose: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Calls `tell` with every object as it is now and whenever it changes, `lose` with the name of one that is gone.

    Both are called by a thread of its own, and not any more once this is left. Raises HarnessError if the API server
    does not answer at the beginning; later it is asked again, and what was missed meanwhile is told.
    """
    watch = _Watch(namespace, kind, tell, lose)
    watch.catch_up()
    thread = threading.Thread(target=watch.go_on, name=f"{kind} of {namespace.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stop.set()
        thread.join()


class _Watch:
    def __init__(
        self, namespace: Namespace, kind: Kind, tell: Callable[[Json], None], lose: Callable[[str], None]
    ) -> None:
        self._namespace = namespace
        self._kind = kind
        self._tell = tell
        self._lose = lose
        self._known: set[str] = set()
        self._version = ""
        self.stop = Stop()

    def catch_up(self) -> None:
        objects, self._version = self._namespace.all_of(self._kind)
        there = {each["metadata"]["name"]: each for each in objects}
        for name in self._known - there.keys():
            self._lose(name)
        self._known = set(there)
        for each in there.values():
            self._tell(each)

    def go_on(self) -> None:
        pause = threading.Event()
        missed = False
        while not self.stop.is_set:
            with suppress(HarnessError):  # the server does not answer, or has forgotten that version
                if missed:
                    self.catch_up()
                missed = True
                self._follow()
                missed = False
            if missed and not self.stop.is_set:
                pause.wait(AGAIN_S)

    def _follow(self) -> None:
        for event in self._namespace.watch(self._kind, self._version, self.stop):
            metadata = event["object"]["metadata"]
            self._version = metadata["resourceVersion"]
            self._tell(event["object"])
            self._known.add(metadata["name"])
            if event["type"] == "DELETED":
                self._known.discard(metadata["name"])
                self._lose(metadata["name"])
