"""What the user's code does beside returning a state: files written, sockets used, processes started.

Python tells of such things by audit events (PEP 578). What code in C does past Python (libpq opening a socket) is not
among them, so nothing seen is not a proof that nothing happened; docs/replay.md says what else the harness looks at.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

EFFECTS_MAX: Final = 100
"""Of one state; one would do to judge."""
DETAIL_MAX: Final = 200

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_ALWAYS: Final = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.startfile",
        "os.symlink",
        "os.system",
        "os.truncate",
        "os.utime",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.sendmsg",
        "socket.sendto",
        "subprocess.Popen",
    }
)
_SHOWN: Final = (str, bytes, int, list, tuple)
"""Not objects, which may do anything when they are shown."""


class Watch:
    """Notes effects from `begin` on. There is one a process: an audit hook cannot be taken away."""

    def __init__(self) -> None:
        self.position: int | None = None
        """Of the event that is being applied, where that is known."""
        self._noted: list[dict[str, object]] = []
        self._watching = False

    def begin(self) -> None:
        self._watching = True
        sys.addaudithook(self._hear)

    def take(self) -> list[dict[str, object]]:
        """What was noted since this was last asked."""
        noted, self._noted = self._noted, []
        return noted

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching or len(self._noted) >= EFFECTS_MAX:
            return
        if (
            event in _ALWAYS
            or (event == "open" and _writes(*arguments))
            or (event == "sqlite3.connect" and _keeps(arguments))
        ):
            shown = ", ".join(repr(argument) for argument in arguments if isinstance(argument, _SHOWN))[:DETAIL_MAX]
            self._noted.append({"effect": event, "detail": shown, "position": self.position})


def _writes(path: object, mode: object, flags: object) -> bool:
    if path in (os.devnull, os.devnull.encode()):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _keeps(arguments: tuple[Any, ...]) -> bool:
    return arguments[0] not in (":memory:", b":memory:", "")
