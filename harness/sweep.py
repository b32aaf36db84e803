"""What runs of dead harnesses left on this machine, and its removal. The command: harness sweep.

Normally there is nothing: a run's supervisor sees its harness die. A power cut, or a supervisor that was killed too,
leaves processes that carry their run's id in their environment, scratch folders with a note in them, containers,
networks and Kubernetes namespaces with labels, and clusters. What a run did to the machine itself is told by the file
in its scratch folder in which it had promised to undo that (supervisor/undo.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MissingServer
from harness.supervisor.scratch import HARNESS_VARIABLE, PREFIX, RUN_VARIABLE, Identity, RunNote
from harness.supervisor.undo import UndoLog
from harness.waiting import until

GONE_S_MAX = 5.0
ROUNDS_MAX = 10
"""Of looking for processes: one may have started another before it was killed."""


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
    others: tuple[str, ...] = ()
    """What was left in an engine or in clusters, a line each."""
    healed: tuple[str, ...] = ()
    """What had been broken and was still to be undone, a line each."""
    broken: tuple[str, ...] = ()
    """What could not be undone, and why. Its run's folder stays."""

    @property
    def nothing(self) -> bool:
        return not (self.processes or self.folders or self.others or self.healed or self.broken)


def sweep() -> Swept:
    """Remove everything of runs whose harness is dead, and undo what they did; never of a run that lives."""
    processes = tuple(_kill_strays())
    others = (*sweep_clusters(), *sweep_engine())  # their containers may still write to the folders
    healed: list[str] = []
    broken: list[str] = []
    folders: list[Path] = []
    for folder in leftovers():
        undone, failed = UndoLog(folder).keep_all()
        healed += undone
        broken += (f"{failure} ({folder})" for failure in failed)
        if not failed:
            shutil.rmtree(folder)
            folders.append(folder)
    return Swept(processes, tuple(folders), others, tuple(healed), tuple(broken))


def sweep_engine() -> tuple[str, ...]:
    """Remove the containers and networks of dead harnesses; nothing where there is no Docker engine."""
    try:
        from harness.drivers.containers.engine import connect  # noqa: PLC0415
        from harness.drivers.containers.leftovers import remove_of_dead_harnesses  # noqa: PLC0415
    except ImportError:
        return ()
    try:
        engine = connect()
    except MissingServer:
        return ()
    with closing(engine):
        removed = remove_of_dead_harnesses(engine)
    return tuple(f"{leftover.kind} {leftover.name} of run {leftover.run_id}" for leftover in removed)


def sweep_clusters() -> tuple[str, ...]:
    """Remove the Kubernetes clusters and namespaces of dead harnesses; nothing where there is no kind."""
    try:
        from harness.drivers.kubernetes.cluster.leftovers import remove_of_dead_harnesses  # noqa: PLC0415
    except ImportError:
        return ()
    return tuple(f"{leftover.kind} {leftover.name}" for leftover in remove_of_dead_harnesses())


def render(swept: Swept) -> str:
    """What was swept, for people: a line each."""
    if swept.nothing:
        return "Nothing to sweep."
    lines = [f"killed   {stray.pid} of run {stray.run_id}: {stray.command}" for stray in swept.processes]
    lines += [f"healed   {what}" for what in swept.healed]
    lines += [f"removed  {thing}" for thing in (*swept.others, *swept.folders)]
    lines += [f"BROKEN   {what}" for what in swept.broken]
    return "\n".join(lines)


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


def _kill_strays() -> Iterator[Stray]:
    """Until there are none: what one of them had started before it died is among the next."""
    for _ in range(ROUNDS_MAX):
        found = list(strays())
        if not found:
            return
        yield from (stray for stray in found if _kill(stray))
        _await_end(found)


def _await_end(killed: list[Stray]) -> None:
    until(lambda: not any(Identity.of(stray.pid) for stray in killed), GONE_S_MAX)


def _kill(stray: Stray) -> bool:
    try:
        os.kill(stray.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _split(file: Path) -> list[str]:
    """The words of one of /proc's files in which each ends with a zero byte."""
    return file.read_bytes().decode(errors="replace").removesuffix("\0").split("\0")
