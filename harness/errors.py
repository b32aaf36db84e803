"""What the harness raises. Each kind carries the exit code of the command that it ends."""

from __future__ import annotations

from pathlib import Path


class HarnessError(Exception):
    """The harness itself could not do its work; says nothing about the system under test."""

    exit_code = 3


class InvalidInput(HarnessError):
    """A scenario, environment or argument is wrong. Raised before anything is started.

    `where` is the file, and line if known, at which the user has something to mend.
    """

    exit_code = 4

    def __init__(self, message: str, *, file: Path | None = None, line: int | None = None) -> None:
        self.file = file
        self.line = line
        where = "" if file is None else f"{file}: " if line is None else f"{file}:{line}: "
        super().__init__(f"{where}{message}")


class MissingServer(HarnessError):
    """A server binary (Envoy, PostgreSQL, …) was found nowhere; the message says how to get it."""


class StartFailed(HarnessError):
    """A part of the environment did not come up; the message names it and ends with its last log lines."""


class Unreachable(HarnessError):
    """What runs the system under test (a cluster's API server) does not answer now; what was asked of it is not done,
    or not known to be."""


class Unsupported(InvalidInput):
    """The scenario asks for something that the chosen driver does not offer."""


class StepFailed(HarnessError):
    """A step of the deployment (a migration command, a removal, …) did not do its work; carries what it printed."""
