"""What can be seen of a process from outside, without tracing it: sockets and children that it did not have before.

What comes and goes between two looks is not seen: this can find something, and never shows that nothing was done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from harness.replay.wire import Effect

_GONE: Final = (FileNotFoundError, ProcessLookupError, PermissionError)


class Surroundings:
    """Of the process `pid`, from now on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known = self._seen()

    def new(self) -> tuple[Effect, ...]:
        """What was not there when this was last asked."""
        seen = self._seen()
        fresh = sorted(seen - self._known)
        self._known |= seen
        return tuple(Effect(f"seen from outside: {what}", detail) for what, detail in fresh)

    def _seen(self) -> set[tuple[str, str]]:
        found = set()
        with suppress(*_GONE):
            for descriptor in os.listdir(f"/proc/{self._pid}/fd"):
                with suppress(*_GONE):
                    target = os.readlink(f"/proc/{self._pid}/fd/{descriptor}")
                    if target.startswith("socket:"):
                        found.add(("a socket", target))
        with suppress(*_GONE), open(f"/proc/{self._pid}/task/{self._pid}/children") as children:
            found |= {("a process", child) for child in children.read().split()}
        return found
