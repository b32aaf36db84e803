from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.doctor import Finding, examine, install, render
from harness.errors import MissingServer
from harness.servers import (
    ENVOY,
    NATS,
    POSTGRES,
    TOXIPROXY,
    Found,
    Server,
    cache_folder,
    find,
    find_program,
    install_toxiproxy,
    need,
    need_command,
    version_of,
)


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables, an empty PATH and an empty cache; the wheels stay."""
    for server in (ENVOY, POSTGRES, NATS, TOXIPROXY):
        monkeypatch.delenv(server.variable, raising=False)
    monkeypatch.delenv(TOXIPROXY.choice_variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def program(path: Path, prints: str = "server 1.2.3", code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def postgres(folder: Path, code: int = 0) -> Path:
    for name in ("initdb", "pg_ctl"):
        program(folder / name)
    return program(folder / "postgres", code=code)


@pytest.mark.parametrize("server", [ENVOY, POSTGRES, NATS], ids=lambda server: server.name)
def test_the_wheel_is_the_last_resort(server: Server) -> None:
    found = find(server)
    assert found is not None
    assert found.source == "wheel"
    assert os.access(found.path, os.X_OK)


def test_the_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    envoy = program(tmp_path / "bin" / "envoy")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find(ENVOY) == Found(envoy, "PATH")


def test_a_variable_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "envoy")
    mine = program(tmp_path / "mine" / "my-envoy")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HARNESS_ENVOY", str(mine))
    assert find(ENVOY) == Found(mine, "HARNESS_ENVOY")


@pytest.mark.parametrize(("server", "what"), [(ENVOY, "a program"), (POSTGRES, "a folder with postgres, initdb")])
def test_a_variable_that_points_elsewhere_is_not_passed_over(
    server: Server, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(server.variable, str(tmp_path / "gone"))
    with pytest.raises(MissingServer, match=f"{server.variable} is .*gone.*, which is not {what}"):
        find(server)


def test_a_scripts_folder_of_wheels_holds_wrappers_not_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "envoy")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "bin"))
    found = find(ENVOY)
    assert found is not None
    assert found.source == "wheel"


def test_a_postgres_on_the_path_must_be_complete_and_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = program(tmp_path / "alone" / "postgres").parent
    broken = postgres(tmp_path / "broken", code=1).parent
    whole = postgres(tmp_path / "whole")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "postgres").symlink_to(whole)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (alone, broken, linked))))
    assert find(POSTGRES) == Found(whole, "PATH")


def test_the_folder_of_a_variable_is_that_of_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = postgres(tmp_path / "pg")
    monkeypatch.setenv("HARNESS_POSTGRES_BIN", str(path.parent))
    assert find(POSTGRES) == Found(path, "HARNESS_POSTGRES_BIN")


def test_what_was_built_is_found_in_the_cache() -> None:
    assert find_program(TOXIPROXY) is None
    built = program(cache_folder() / "bin" / "toxiproxy-server")
    assert find(TOXIPROXY) == Found(built, "cache")
    assert need(TOXIPROXY) == built
    assert need_command(TOXIPROXY) == (str(built),)


def test_where_there_is_no_toxiproxy_the_embedded_one_is_used() -> None:
    assert source_of_links() == "embedded"
    assert version_of(*need_command(TOXIPROXY)) == "2.12.0"


def source_of_links() -> str:
    found = find(TOXIPROXY)
    assert found is not None
    return found.source


def test_the_embedded_one_can_be_chosen_though_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    program(cache_folder() / "bin" / "toxiproxy-server")
    assert source_of_links() == "cache"
    monkeypatch.setenv("HARNESS_TOXIPROXY", "embedded")
    assert source_of_links() == "embedded"


def test_where_the_embedded_one_is_not_wanted_the_way_to_get_the_other_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_TOXIPROXY", "server")
    with pytest.raises(MissingServer, match="toxiproxy was not found; install Go and run `harness doctor --install`"):
        need(TOXIPROXY)


def test_another_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_TOXIPROXY", "none")
    with pytest.raises(MissingServer, match="HARNESS_TOXIPROXY is 'none', and not 'embedded' or 'server'"):
        find(TOXIPROXY)


def test_without_go_nothing_can_be_built() -> None:
    with pytest.raises(MissingServer, match="no `go` on the PATH"):
        install_toxiproxy()
    assert install().startswith("toxiproxy-server was not built, so the embedded one is used: ")


def test_a_build_goes_to_the_cache_under_the_servers_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = program(tmp_path / "bin" / "go")
    go.write_text('#!/bin/sh\necho built > "$GOBIN/server"\nchmod 755 "$GOBIN/server"\n')
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}/bin{os.pathsep}/usr/bin")
    assert install().endswith("was built: " + str(cache_folder() / "bin" / "toxiproxy-server"))
    assert install().startswith("toxiproxy-server is there already")


def test_the_doctor_tells_what_is_there_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_ENVOY", str(program(tmp_path / "envoy3.9", prints="version: abc/1.40.0/Clean")))
    monkeypatch.setenv("HARNESS_NATS_SERVER", str(program(tmp_path / "nats", code=1)))
    monkeypatch.setenv("HARNESS_POSTGRES_BIN", "/nowhere")
    monkeypatch.setenv("HARNESS_TOXIPROXY", "server")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    examination = examine()
    envoy, database, nats, toxiproxy, docker, kind = examination.findings
    assert (envoy.usable, envoy.version, envoy.source) == (True, "1.40.0", "HARNESS_ENVOY")
    assert "HARNESS_POSTGRES_BIN is '/nowhere'" in database.problem
    assert "does not answer --version" in nats.problem
    assert (toxiproxy.usable, toxiproxy.version) == (False, "")
    assert "no Docker engine answers" in docker.problem
    assert "kind is not on the PATH" in kind.problem
    assert not examination.complete
    text = render(examination)
    assert "found    Envoy      1.40.0" in text
    assert f"rules out: {TOXIPROXY.rules_out}" in text
    assert f"to get it: {TOXIPROXY.remedy}" in text


def test_the_doctor_tells_that_links_go_through_the_embedded_one() -> None:
    line = next(line for line in render(examine()).splitlines() if "toxiproxy" in line)
    assert line.startswith("  found    toxiproxy  2.12.0")
    assert line.endswith("-m harness.toxics.server (embedded)")


def test_the_doctor_is_content_when_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Finding("Docker", "/run/docker.sock", "engine", "28.0", "", "", "")
    monkeypatch.setattr("harness.doctor._examine_docker", lambda: there)
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin" / "kind", prints="kind v0.33.0 go1.25").parent))
    program(cache_folder() / "bin" / "toxiproxy-server")
    examination = examine()
    assert examination.complete
    assert render(examination).endswith("Nothing is missing.")
