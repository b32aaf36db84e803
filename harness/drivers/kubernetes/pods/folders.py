"""Files of a running pod, written by one shell in it, so that each takes milliseconds."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from websocket import WebSocketException

from harness.drivers.kubernetes.api import Namespace
from harness.errors import HarnessError

SCRIPT = """
while read -r size file; do
    head -c "$size" > "$file.part" && mv "$file.part" "$file" && echo "$size $file"
done
"""
"""Reads a line `size file`, then the file; answers with that line when the file is in place, whole."""
ANSWER_S_MAX = 5.0


class FolderWriter:
    """Writes into folders of one pod. Raises HarnessError if that does not work."""

    def __init__(self, namespace: Namespace, pod: str) -> None:
        self._namespace = namespace
        self._pod = pod
        self._stack = ExitStack()
        self._session: Any = None

    def write(self, file: Path, text: str) -> None:
        """A connection that broke meanwhile is made again, once: whoever writes waits."""
        if self._session is not None and self._session.is_open() and self._put(self._session, file, text):
            return
        self.close()
        shell: AbstractContextManager[Any] = self._namespace.shell(self._pod, ["sh", "-c", SCRIPT])
        self._session = self._stack.enter_context(shell)
        if not self._put(self._session, file, text):
            raise HarnessError(f"{file} could not be written in {self._pod}: {self._session.read_stderr().strip()}")

    def close(self) -> None:
        self._session = None
        self._stack.close()

    def _put(self, session: Any, file: Path, text: str) -> bool:
        line = f"{len(text.encode())} {file}"
        try:
            session.write_stdin(f"{line}\n{text}")
            return bool(session.readline_stdout(timeout=ANSWER_S_MAX) == line)
        except (OSError, WebSocketException):
            return False
