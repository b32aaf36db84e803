"""Data directories of PostgreSQL: made by initdb once per version and kept in the user's cache, then copied."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from harness.drivers.accounts import give
from harness.drivers.parts import run_to_end
from harness.drivers.postgres import SUPERUSER
from harness.errors import HarnessError
from harness.protocols import Workspace
from harness.servers import cache_folder, version_of

INITDB = ("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C")


def make_data(program: Path, installed: Path, folder: Path, workspace: Workspace, account: str | None) -> None:
    """Make `folder` a fresh data directory for the `postgres` at `program`, owned by the account that will run it.

    `installed` is where that server comes from, if `program` is a copy of it.
    """
    prepared = _prepared(installed)
    if not prepared.exists():
        _prepare(program, prepared, workspace, account)
    _copy(prepared, folder, workspace)
    give(folder, account, workspace)


def _prepared(installed: Path) -> Path:
    """The name tells whatever a data directory depends on."""
    made_by = hashlib.sha256(" ".join((str(installed), *INITDB)).encode()).hexdigest()[:8]
    return cache_folder() / f"postgres-{version_of(installed)}-{made_by}"


def _prepare(program: Path, prepared: Path, workspace: Workspace, account: str | None) -> None:
    # Beside the scratch folder's other things, as the account may not enter the cache of a root user.
    folder = workspace.scratch / "initdb"
    folder.mkdir()
    give(folder, account, workspace)
    run_to_end(workspace, str(program.parent / "initdb"), "-D", str(folder), *INITDB, user=account)
    prepared.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=prepared.parent) as part:
        _copy(folder, Path(part) / "data", workspace)
        try:
            os.rename(Path(part) / "data", prepared)
        except OSError as error:
            if not prepared.exists():  # else another run was quicker, which is as good
                raise HarnessError(f"{prepared} cannot be made: {error}") from error
    shutil.rmtree(folder)


def _copy(source: Path, target: Path, workspace: Workspace) -> None:
    run_to_end(workspace, "cp", "--archive", "--reflink=auto", str(source), str(target))
