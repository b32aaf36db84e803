"""What Kubernetes is told of the load's workers, and what their image is built from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.drivers.kubernetes.api import Json, Node
from harness.drivers.kubernetes.cluster.ground import Ground
from harness.drivers.kubernetes.load import image as load_image
from harness.drivers.kubernetes.load import job as load_job
from harness.drivers.kubernetes.load.job import LOAD_NODE
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.errors import MissingServer
from harness.load.wire import PORT
from harness.protocols import Workspace

CONTROL = Node("control", "10.0.0.1", True, {SERVERS_NODE: "true"}, True)
PLAIN = (Node("one", "10.0.0.2", True, {}, False), Node("two", "10.0.0.3", True, {}, False))
FOR_LOAD = Node("three", "10.0.0.4", True, {LOAD_NODE: "true"}, True)
TAKEN = Node("master", "10.0.0.5", True, {}, True)


def spec(*nodes: Node) -> Json:
    pod: Json = load_job.job("load-a", 2, "image:1", {"rollproof.run": "r"}, nodes)["spec"]["template"]["spec"]
    return pod


def test_each_worker_is_a_pod_that_is_made_once() -> None:
    job = load_job.job("load-a", 2, "image:1", {"rollproof.run": "r"}, PLAIN)
    assert job["spec"] | {"template": None} == {
        "completionMode": "Indexed",
        "completions": 2,
        "parallelism": 2,
        "backoffLimitPerIndex": 0,
        "template": None,
    }
    assert job["metadata"]["labels"] == {"rollproof.run": "r"}
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_a_worker_is_nobody_and_writes_only_where_it_records() -> None:
    [container] = spec(*PLAIN)["containers"]
    security = container["securityContext"]
    assert security["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert not spec(*PLAIN)["automountServiceAccountToken"]
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/load"]


def test_what_a_worker_is_given_is_a_secret_as_the_token_is_in_it() -> None:
    assert load_job.secret("load-a", {"token": "x"})["kind"] == "Secret"
    [given, _] = spec(*PLAIN)["volumes"]
    assert given["secret"] == {"secretName": "load-a"}


@pytest.mark.parametrize(
    ("nodes", "takers", "label"),
    [
        ((CONTROL, *PLAIN, FOR_LOAD), ["three"], LOAD_NODE),
        ((CONTROL, *PLAIN), ["control"], SERVERS_NODE),
        ((TAKEN, *PLAIN), ["one", "two"], None),
    ],
)
def test_workers_are_kept_off_nodes_that_are_measured_or_broken(
    nodes: tuple[Node, ...], takers: list[str], label: str | None
) -> None:
    assert [node.name for node in load_job.may_take_workers(nodes)] == takers
    assert spec(*nodes).get("nodeSelector") == ({label: "true"} if label else None)
    assert bool(spec(*nodes).get("tolerations")) == (label is not None)


def test_each_worker_has_a_way_in_of_its_own() -> None:
    service = load_job.service("load-a", 1)
    assert service["metadata"]["name"] == "load-a-1"
    assert service["spec"]["selector"] == load_job.pod_labels("load-a", 1)
    assert service["spec"]["ports"] == [{"port": PORT}]
    assert service["spec"]["type"] == "NodePort"


def test_what_the_image_is_built_from_is_all_that_a_worker_imports(tmp_path: Path) -> None:
    """In a process that finds the harness there alone."""
    load_image.gather(tmp_path / "context")
    program = "import harness, harness.load.worker, harness.load.agent; print(harness.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "context")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == str(tmp_path / "context" / "harness" / "__init__.py")


def test_the_image_has_the_packages_that_are_here(tmp_path: Path) -> None:
    load_image.gather(tmp_path / "context")
    lines = (tmp_path / "context" / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in lines)
    assert any(line.startswith("locust==") for line in lines)
    assert (tmp_path / "context" / "Dockerfile").is_file()


class TestForeignCluster:
    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Workspace:
        return Workspace("r", tmp_path, tmp_path, spawner=None, seed=1)  # type: ignore[arg-type]

    @pytest.fixture
    def ground(self) -> Ground:
        return Ground(api=None, all_nodes=PLAIN)  # type: ignore[arg-type]

    def test_an_image_that_was_named_is_taken(
        self, ground: Ground, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HARNESS_LOAD_IMAGE", "registry/load:1")
        assert load_image.get_load_image(ground, workspace) == "registry/load:1"

    def test_without_one_it_says_what_to_do(
        self, ground: Ground, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HARNESS_LOAD_IMAGE", raising=False)
        with pytest.raises(MissingServer, match=r"Dockerfile(.|\n)*HARNESS_LOAD_IMAGE"):
            load_image.get_load_image(ground, workspace)
