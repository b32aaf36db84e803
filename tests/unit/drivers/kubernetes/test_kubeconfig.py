"""What tools are told of a cluster: one context, one namespace, nothing that is not theirs."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.drivers.kubernetes.cluster.kubeconfig import for_tools, write_for_tools
from harness.errors import InvalidInput

PRODUCTION: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "production",
    "clusters": [
        {"name": "far", "cluster": {"server": "https://far:6443", "certificate-authority": "/etc/far.pem"}},
        {"name": "near", "cluster": {"server": "https://near:6443", "certificate-authority": "near.pem"}},
    ],
    "users": [
        {"name": "root", "user": {"token": "secret"}},
        {"name": "me", "user": {"client-certificate": "me.pem", "client-key": "keys/me.pem"}},
    ],
    "contexts": [
        {"name": "production", "context": {"cluster": "far", "user": "root", "namespace": "shop"}},
        {"name": "tests", "context": {"cluster": "near", "user": "me"}},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(PRODUCTION))
    return file


def test_only_the_chosen_context_is_known_and_current(file: Path, tmp_path: Path) -> None:
    config = for_tools(file, "tests", "rollproof-1")
    [cluster], [user], [context] = config["clusters"], config["users"], config["contexts"]
    assert config["current-context"] == context["name"]
    assert context["context"] == {"cluster": cluster["name"], "user": user["name"], "namespace": "rollproof-1"}
    assert cluster["cluster"] == {
        "server": "https://near:6443",
        "certificate-authority": str(tmp_path / "near.pem"),
    }
    assert user["user"] == {
        "client-certificate": str(tmp_path / "me.pem"),
        "client-key": str(tmp_path / "keys" / "me.pem"),
    }
    assert "far" not in yaml.safe_dump(config)


def test_without_a_context_it_is_the_current_one(file: Path) -> None:
    config = for_tools(file, None, "rollproof-1")
    assert config["clusters"][0]["cluster"] == PRODUCTION["clusters"][0]["cluster"]


def test_the_users_own_files_are_read_where_none_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.write_text(yaml.safe_dump({**PRODUCTION, "clusters": [], "users": [], "current-context": "tests"}))
    monkeypatch.setenv("KUBECONFIG", f"{file}{os.pathsep}{other}")
    assert for_tools(None, None, "n")["clusters"][0]["cluster"]["server"] == "https://near:6443"


def test_an_unknown_context_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'elsewhere'"):
        for_tools(file, "elsewhere", "n")
    with pytest.raises(InvalidInput, match="no kubeconfig"):
        for_tools(tmp_path / "missing", "tests", "n")


def test_nobody_else_may_read_it(file: Path, tmp_path: Path) -> None:
    written = write_for_tools(tmp_path / "for-tools", file, "tests", "n")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert yaml.safe_load(written.read_text())["contexts"][0]["context"]["namespace"] == "n"
