"""Clusters of kind's, with a program in its place that writes down what it was asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from harness.drivers.kubernetes.api import Node
from harness.drivers.kubernetes.cluster import inotify, kind
from harness.drivers.kubernetes.cluster.kind import KindCluster, Load
from harness.errors import HarnessError, InvalidInput, MissingServer
from harness.protocols import Command, Workspace
from harness.supervisor.scratch import Identity

FAKE = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$1 $2" in
    "version ") echo "kind v$KIND_VERSION go1.24 linux/amd64" ;;
    "get clusters") echo "$CLUSTERS" ;;
    "create cluster") cp "$8" "$ASKED.config"
        [ -z "$BROKEN" ] || { echo "$BROKEN" >&2; exit 1; } ;;
    "load docker-image") [ -z "$BROKEN" ] || { echo "$BROKEN" >&2; exit 1; } ;;
esac
"""
OURSELVES = Identity.of(os.getpid())
assert OURSELVES is not None
DEAD = f"{OURSELVES.pid}@{OURSELVES.began - 1}"


class FakeKind:
    """What the fake says, and what it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._asked = folder / "asked"
        self._monkeypatch = monkeypatch
        program = folder / "kind"
        program.write_text(FAKE)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("ASKED", str(self._asked))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.delenv(kind.IMAGE, raising=False)
        self.say(KIND_VERSION="0.33.0", CLUSTERS="", BROKEN="")

    def say(self, **words: str) -> None:
        for name, word in words.items():
            self._monkeypatch.setenv(name, word)

    @property
    def asked(self) -> list[str]:
        return [line for line in self._asked.read_text().splitlines() if line != "version"]

    @property
    def config(self) -> object:
        return yaml.safe_load(Path(f"{self._asked}.config").read_text())


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKind:
    return FakeKind(tmp_path, monkeypatch)


class ReadyApi:
    nodes_there: ClassVar[tuple[Node, ...]] = (Node("n1", "172.18.0.2", ready=True, labels={}, taken=False),)

    def nodes(self) -> tuple[Node, ...]:
        return self.nodes_there


@pytest.fixture(autouse=True)
def _ready_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KindCluster, "api", lambda _: ReadyApi())


@pytest.fixture(autouse=True)
def _room_for_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify, "free_instances", lambda most: most)


class Runs:
    """A process that has ended when it is asked."""

    def __init__(self, command: Command) -> None:
        self.name = command.name
        assert command.log is not None
        with command.log.open("w") as log:
            process = subprocess.run(command.argv, env=command.variables, stderr=log, check=False, timeout=10)
        self.pid = 1
        self.exit_code: int | None = process.returncode

    def signal(self, number: int) -> None:
        raise AssertionError("it has ended")

    def wait(self, timeout_s: float) -> int | None:
        return self.exit_code


class Spawns:
    def spawn(self, command: Command) -> Runs:
        return Runs(command)


def create(settings: Path | None = None, *, keep: bool = False) -> KindCluster:
    log = Path(os.environ["ASKED"]).with_suffix(".log")
    return kind.create("rollproof-a", settings, Spawns(), log, keep=keep)


def note(name: str, owner: str | None) -> None:
    cluster = KindCluster(name, owner)
    cluster.folder.mkdir(parents=True)
    cluster.note()


# ── making ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cluster_has_three_nodes_doors_on_loopback_and_a_kubeconfig_of_its_own(fake: FakeKind) -> None:
    made = create()
    settings = made.folder / kind.SETTINGS
    assert fake.asked == [f"create cluster --name rollproof-a --kubeconfig {made.kubeconfig} --config {settings}"]
    assert isinstance(fake.config, dict)
    nodes = fake.config["nodes"]
    assert [node["role"] for node in nodes] == ["control-plane", "worker", "worker"]
    doors = nodes[0]["extraPortMappings"]
    assert [door["containerPort"] for door in doors] == list(kind.DOORS)
    assert {door["listenAddress"] for door in doors} == {"127.0.0.1"}
    assert len({door["hostPort"] for door in doors}) == len(doors)
    assert "extraPortMappings" not in nodes[1]


def test_the_users_settings_are_kept(fake: FakeKind, tmp_path: Path) -> None:
    settings = tmp_path / "kind.yaml"
    own = {"containerPort": 31000, "hostPort": 31000}
    nodes = [{"role": "worker"}, {"role": "control-plane", "extraPortMappings": [own]}]
    settings.write_text(yaml.safe_dump({"kind": "Cluster", "networking": {"ipFamily": "ipv4"}, "nodes": nodes}))
    create(settings)
    assert isinstance(fake.config, dict)
    assert fake.config["networking"] == {"ipFamily": "ipv4"}
    assert fake.config["nodes"][1]["extraPortMappings"][0] == own
    assert len(fake.config["nodes"][1]["extraPortMappings"]) == 1 + len(kind.DOORS)


def test_what_ships_is_what_is_used_without_settings(fake: FakeKind) -> None:
    shipped = Path(__file__).parents[4] / "environments" / kind.SETTINGS
    assert yaml.safe_load(shipped.read_text()) == kind.DEFAULT


def test_the_image_of_nodes_is_the_variables(fake: FakeKind) -> None:
    fake.say(HARNESS_KIND_IMAGE="kindest/node:v1.33.13")
    create()
    assert fake.asked[0].endswith("--image kindest/node:v1.33.13")


@pytest.mark.parametrize("text", ["nodes: 3", "[]", "nodes: [{role: worker}]", "{", "kind: Cluster"])
def test_settings_that_make_no_sense_are_refused_before_anything_is_made(
    fake: FakeKind, tmp_path: Path, text: str
) -> None:
    settings = tmp_path / "kind.yaml"
    settings.write_text(text)
    with pytest.raises(InvalidInput, match=r"kind\.yaml"):
        create(settings)
    assert not KindCluster("rollproof-a").folder.exists()


def test_what_fails_says_why_and_is_removed(fake: FakeKind) -> None:
    fake.say(BROKEN="no such image")
    with pytest.raises(HarnessError, match="kind ended with code 1\n  no such image"):
        create()
    assert fake.asked[-1].startswith("delete cluster --name rollproof-a")
    assert not KindCluster("rollproof-a").folder.exists()


def test_a_kernel_that_does_not_allow_so_many_nodes_is_told_before_anything_is_made(
    fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "free_instances", lambda most: min(most, 20))
    with pytest.raises(HarnessError, match=r"3 nodes need about 57 .* 20 are left; `sysctl -w fs.inotify"):
        create()
    assert not KindCluster("rollproof-a").folder.exists()


def test_a_node_that_never_gets_ready_is_named(fake: FakeKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "READY_S_MAX", 0.01)
    monkeypatch.setattr(kind, "READY_POLL_S", 0.001)
    late = Node("n2", "172.18.0.3", ready=False, labels={}, taken=False)
    monkeypatch.setattr(ReadyApi, "nodes_there", (*ReadyApi.nodes_there, late))
    create()  # for a run, which has images to copy until then
    with pytest.raises(HarnessError, match="n2 of the cluster rollproof-a not ready within"):
        create(keep=True)
    assert fake.asked[-1].startswith("delete cluster --name rollproof-a")


# ── images ───────────────────────────────────────────────────────────────────────────────────────────────────────


LOADS = (Load(("postgres:15",), ("c",)), Load(("web:1.0", "web:2.0"), ("w1", "w2")))


def copy(folder: Path) -> None:
    kind.copy_images("rollproof-a", LOADS, Workspace("r", folder, folder, Spawns(), seed=1))


def test_images_are_copied_to_all_nodes_that_lack_them(fake: FakeKind, tmp_path: Path) -> None:
    copy(tmp_path)
    assert fake.asked == [
        "load docker-image --name rollproof-a --nodes c postgres:15",
        "load docker-image --name rollproof-a --nodes w1,w2 web:1.0 web:2.0",
    ]


def test_what_cannot_be_copied_says_why(fake: FakeKind, tmp_path: Path) -> None:
    fake.say(BROKEN="no space left on device")
    with pytest.raises(HarnessError, match="kind ended with code 1\n  no space left on device"):
        copy(tmp_path)


# ── finding again ────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_ours_are_listed(fake: FakeKind) -> None:
    fake.say(CLUSTERS="somebodys\nrollproof-b\nrollproof-a")
    assert [cluster.name for cluster in kind.clusters()] == ["rollproof-a", "rollproof-b"]


def test_whose_a_cluster_is(fake: FakeKind) -> None:
    fake.say(CLUSTERS="rollproof-dead\nrollproof-kept\nrollproof-living\nrollproof-unknown")
    note("rollproof-dead", DEAD)
    note("rollproof-kept", None)
    note("rollproof-living", str(OURSELVES))
    found = {cluster.name.removeprefix("rollproof-"): cluster for cluster in kind.clusters()}
    assert [name for name, cluster in found.items() if cluster.abandoned] == ["dead"]
    assert [name for name, cluster in found.items() if cluster.kept] == ["kept", "unknown"]


def test_it_is_its_makers_until_it_is_there_to_be_kept(fake: FakeKind) -> None:
    assert create().owner == str(OURSELVES)
    assert KindCluster.noted("rollproof-a").owner == str(OURSELVES)
    assert create(keep=True).kept
    assert KindCluster.noted("rollproof-a").kept


def test_a_removed_cluster_leaves_no_folder(fake: FakeKind) -> None:
    made = create()
    assert made.folder.exists()
    kind.delete(made)
    assert not made.folder.exists()


# ── names and versions ───────────────────────────────────────────────────────────────────────────────────────────


def test_names_are_ours() -> None:
    assert kind.full_name("kept") == kind.full_name("rollproof-kept") == "rollproof-kept"


@pytest.mark.parametrize("name", ["Up", "a b", "../a", "x" * 60])
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(InvalidInput):
        kind.full_name(name)


def test_a_kind_that_is_too_old_is_refused(fake: FakeKind) -> None:
    fake.say(KIND_VERSION="0.9.0")
    with pytest.raises(MissingServer, match=r"is kind 0\.9\.0, older than 0\.33\.0; install Go and"):
        kind.clusters()


def test_a_kind_that_is_newer_will_do(fake: FakeKind) -> None:
    fake.say(KIND_VERSION="1.0.3")
    assert kind.clusters() == ()


def test_without_kind_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingServer, match="kind is not on the PATH; install Go and"):
        kind.clusters()
