"""The scratch folder of a run, and the note in it by which a leftover is told from a run that lives."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

PREFIX = "rollproof-"
NOTE = "run.json"
RUN_VARIABLE = "ROLLPROOF_RUN"
HARNESS_VARIABLE = "ROLLPROOF_HARNESS"
"""Every process of a run carries its run's id and its harness's identity, so that none needs a folder to be known."""


@dataclass(frozen=True)
class Identity:
    """A process that no later one can be mistaken for: its id, and when it began in clock ticks since the boot."""

    pid: int
    began: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """None if there is no such process, or only its zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in "ZX" else cls(pid, int(fields[18]))

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Raises ValueError if `text` is not what `str` gives."""
        pid, _, began = text.partition("@")
        return cls(int(pid), int(began))

    def __str__(self) -> str:
        return f"{self.pid}@{self.began}"

    @property
    def lives(self) -> bool:
        return Identity.of(self.pid) == self


@dataclass(frozen=True)
class RunNote:
    """`run.json`: which run the folder belongs to, and the process whose death makes it a leftover."""

    run_id: str
    harness: str

    def write(self, scratch: Path) -> None:
        (scratch / NOTE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, scratch: Path) -> RunNote | None:
        """None if there is none, or none that makes sense."""
        try:
            return cls(**json.loads((scratch / NOTE).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def scratch_folder(run_id: str) -> Path:
    """Where a run's scratch folder belongs; `harness sweep` looks nowhere else."""
    return Path(tempfile.gettempdir()) / f"{PREFIX}{run_id}"


def make_scratch(scratch: Path, run_id: str) -> None:
    """Make the folder, with its note. Others may enter it but not list it: a server may have an account of its own."""
    scratch.mkdir(mode=0o711)
    harness = Identity.of(os.getpid())
    RunNote(run_id, str(harness)).write(scratch)
