"""What runs of dead harnesses left on this machine, and its removal. The command: harness sweep.

Normally there is nothing: a run's supervisor sees its harness die. A power cut, or a supervisor that was killed too,
leaves processes that carry their run's id in their environment, and scratch folders with a note in them.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.supervisor.scratch import HARNESS_VARIABLE, PREFIX, RUN_VARIABLE, Identity, RunNote


@dataclass(frozen=True)
class Stray:
    """A process whose harness is dead."""

    pid: int
    run_id: str
    command: str


@dataclass(frozen=True)
class Swept:
    """What was removed."""

    processes: tuple[Stray, ...]
    folders: tuple[Path, ...]

    @property
    def nothing(self) -> bool:
        return not self.processes and not self.folders


def sweep() -> Swept:
    """Kill the processes and remove the scratch folders of runs whose harness is dead; never of a run that lives."""
    processes = tuple(stray for stray in strays() if _kill(stray))
    folders = tuple(leftovers())
    for folder in folders:
        shutil.rmtree(folder)
    return Swept(processes, folders)


def render(swept: Swept) -> str:
    """What was swept, for people: a line each."""
    if swept.nothing:
        return "Nothing to sweep."
    lines = [f"killed   {stray.pid} of run {stray.run_id}: {stray.command}" for stray in swept.processes]
    return "\n".join([*lines, *(f"removed  {folder}" for folder in swept.folders)])


def strays() -> Iterator[Stray]:
    """Processes of this user that carry the mark of a run whose harness is dead."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            variables = _split(folder / "environ")
            command = " ".join(_split(folder / "cmdline"))
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # not ours, or gone by now
        marks = dict(variable.partition("=")[::2] for variable in variables)
        if RUN_VARIABLE in marks and _is_dead(marks.get(HARNESS_VARIABLE, "")):
            yield Stray(int(folder.name), marks[RUN_VARIABLE], command)


def leftovers() -> Iterator[Path]:
    """Scratch folders of this user whose harness is dead."""
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        note = RunNote.read(folder)
        # Anybody can make a folder of that name in a folder that all may write to.
        if note and folder.lstat().st_uid == os.geteuid() and _is_dead(note.harness):
            yield folder


def _is_dead(harness: str) -> bool:
    """Of an identity that makes no sense nothing is known, so it is not called dead."""
    try:
        return not Identity.parse(harness).lives
    except ValueError:
        return False


def _kill(stray: Stray) -> bool:
    try:
        os.kill(stray.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _split(file: Path) -> list[str]:
    """The words of one of /proc's files in which each ends with a zero byte."""
    return file.read_bytes().decode(errors="replace").removesuffix("\0").split("\0")
