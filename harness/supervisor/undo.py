"""What must be taken back, written down before it is done, so that it is taken back also if the harness dies.

    with UndoLog(workspace.scratch).promise("disk of postgres", Unmount(folder), Detach(image)):
        ...                                   # mount it, use it

The promise is on the disk (`undo.jsonl` in the run's scratch folder, one JSON object a line, synced) before the body
begins. Leaving the body takes the steps, in their order, and notes that. If the harness dies, the run's supervisor does
that (`python -m harness.supervisor.undo SCRATCH`), and if that was killed too, `harness sweep`.

A step may find that there is nothing left to undo, as it may be taken twice, or the harness may have died before it did
what it had promised to undo. Processes need no steps: the supervisor, or the sweep, ends all of a run's before this.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from harness.errors import HarnessError
from harness.waiting import until

FILE = "undo.jsonl"
ENDED = "which ended with the processes of its run"
RUN_S_MAX = 60.0
EMPTY_S_MAX = 5.0
MNT_DETACH = 2
LOOP_CLR_FD = 0x4C01
ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}
"""Of paths in /proc/self/mountinfo."""

libc = ctypes.CDLL(None, use_errno=True)


class Unmount(msgspec.Struct, frozen=True, tag_field="do", tag="unmount"):
    """All that is mounted at the path; what is still in use goes with its last user."""

    path: str

    def take(self) -> None:
        for _ in range(_mounted(self.path)):
            if libc.umount2(self.path.encode(), 0) == 0:
                continue
            if libc.umount2(self.path.encode(), MNT_DETACH) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), self.path)


class Detach(msgspec.Struct, frozen=True, tag_field="do", tag="detach"):
    """The loop devices of an image; one that is still in use goes with its last user."""

    image: str

    def take(self) -> None:
        for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
            if _read(backing).removesuffix(" (deleted)") != self.image:
                continue
            with open(f"/dev/{backing.parts[3]}", "rb") as device:
                try:
                    fcntl.ioctl(device, LOOP_CLR_FD)
                except OSError as error:
                    if error.errno != errno.ENXIO:  # it has been detached meanwhile
                        raise


class LeaveCgroup(msgspec.Struct, frozen=True, tag_field="do", tag="leave cgroup"):
    """Processes in the control group at `path` go back to the one at `to`, and it is removed."""

    path: str
    to: str

    def take(self) -> None:
        group = Path(self.path)
        if not until(lambda: self._is_empty(group), EMPTY_S_MAX):
            raise HarnessError(f"there are still processes in {group}")
        if group.exists():
            group.rmdir()

    def _is_empty(self, group: Path) -> bool:
        members = _read(group / "cgroup.procs").split()
        for pid in members:
            with suppress(ProcessLookupError):  # it has ended
                (Path(self.to) / "cgroup.procs").write_text(pid)
        return not members


class Run(msgspec.Struct, frozen=True, tag_field="do", tag="run"):
    """A command, without a shell. It must succeed also where there is nothing left for it to do."""

    argv: tuple[str, ...]

    def take(self) -> None:
        try:
            subprocess.run(self.argv, check=True, capture_output=True, timeout=RUN_S_MAX, stdin=subprocess.DEVNULL)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            raise HarnessError(f"{self.argv[0]} ended with code {error.returncode}: {said}") from error
        except subprocess.TimeoutExpired as error:
            raise HarnessError(f"{self.argv[0]} did not end within {RUN_S_MAX:g} s") from error


Step: TypeAlias = Unmount | Detach | LeaveCgroup | Run
"""What takes one thing back, or finds it gone. `take` raises OSError, HarnessError."""


class Promise(msgspec.Struct, frozen=True, tag_field="line", tag="promise"):
    """Something that must be taken back; `what` is for people. Without steps it ends with the run's processes."""

    id: str
    what: str
    steps: tuple[Step, ...] = ()

    def keep(self) -> None:
        """Take all steps, the later ones also if an earlier one cannot be. Raises HarnessError, naming those."""
        failures: list[Exception] = []
        for step in self.steps:
            try:
                step.take()
            except (OSError, HarnessError) as error:
                failures.append(error)
        if failures:
            raise HarnessError(f"{self.what} is not undone: {'; '.join(map(str, failures))}") from failures[0]


class Kept(msgspec.Struct, frozen=True, tag_field="line", tag="kept"):
    """The promise has been kept."""

    id: str


class Unintelligible(msgspec.Struct, frozen=True):
    """A promise of somebody else's making."""

    id: str

    def keep(self) -> None:
        raise HarnessError(f"nobody knows how to undo {self.id}")


@dataclass(frozen=True)
class UndoLog:
    """Promises of one run. Several may be written to at the same time; each line is one write."""

    folder: Path
    """The run's scratch folder."""

    @contextmanager
    def promise(self, what: str, *steps: Step) -> Iterator[None]:
        """Raises HarnessError if it cannot be written down, or, on leaving, be kept; then it stays open."""
        promise = Promise(uuid.uuid4().hex, what, steps)
        self._write(promise)
        try:
            yield
        finally:
            self._keep(promise)

    def keep_all(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Undo all that is open. What was undone; and what was not, with the reason."""
        kept, broken = [], []
        for promise in self.open():
            try:
                self._keep(promise)
            except HarnessError as error:
                broken.append(str(error))
            else:
                assert isinstance(promise, Promise)  # others are not kept
                kept.append(promise.what if promise.steps else f"{promise.what}, {ENDED}")
        return tuple(kept), tuple(broken)

    def open(self) -> tuple[Promise | Unintelligible, ...]:
        """What is not undone, the latest first."""
        promises: dict[str, Promise | Unintelligible] = {}
        for line in _read(self.folder / FILE).splitlines():
            try:
                entry = msgspec.json.decode(line, type=Promise | Kept)
            except msgspec.ValidationError:
                promises[line] = Unintelligible(line)
            except msgspec.DecodeError:
                continue  # cut short while it was written, so that what it promised to undo was not done
            else:
                if isinstance(entry, Promise):
                    promises[entry.id] = entry
                else:
                    promises.pop(entry.id, None)
        return tuple(reversed(promises.values()))

    def _keep(self, promise: Promise | Unintelligible) -> None:
        promise.keep()
        self._write(Kept(promise.id))

    def _write(self, entry: Promise | Kept) -> None:
        """On the disk when this returns. A line of its own also behind one that was cut short."""
        try:
            descriptor = os.open(self.folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, b"\n" + msgspec.json.encode(entry) + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise HarnessError(f"what must be undone cannot be written down: {error}") from error


def _mounted(path: str) -> int:
    """How many mounts there are at the path."""
    points = (line.split(" ")[4] for line in _read(Path("/proc/self/mountinfo")).splitlines())
    return sum(_unescaped(point) == path for point in points)


def _unescaped(point: str) -> str:
    for escape, letter in ESCAPES.items():
        point = point.replace(escape, letter)
    return point


def _read(file: Path) -> str:
    """Nothing where there is no such file."""
    try:
        return file.read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def main() -> None:
    """Undo what is open in a scratch folder. Exit code 1, and why, if something stays open."""
    _, broken = UndoLog(Path(sys.argv[1])).keep_all()
    if broken:
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()
