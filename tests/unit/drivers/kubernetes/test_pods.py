"""Pods as processes: what is made of what Kubernetes says, and what it is asked for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.drivers.kubernetes.api import Json, Namespace, Stop
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods.processes import PodProcess
from harness.drivers.kubernetes.pods_state import PodState, state_of
from harness.drivers.runtime import Part
from harness.errors import HarnessError


def pod(main: Json | None = None, **status: object) -> Json:
    statuses = {"containerStatuses": [main]} if main else {}
    return {"metadata": {"name": "web-1-abc"}, "spec": {"nodeName": "worker"}, "status": {**statuses, **status}}


def ended(code: int) -> Json:
    return {"containerID": "containerd://c1", "state": {"terminated": {"exitCode": code}}}


RUNNING: Json = {"containerID": "containerd://c1", "state": {"running": {}}}


class TestStateOf:
    def test_a_pod_that_runs(self) -> None:
        assert state_of(pod(RUNNING)) == PodState("worker", "c1")

    @pytest.mark.parametrize(
        ("said", "exit_code"), [(0, 0), (3, 3), (137, -signal.SIGKILL), (143, -signal.SIGTERM), (255, 255)]
    )
    def test_how_its_container_ended(self, said: int, exit_code: int) -> None:
        assert state_of(pod(ended(said))).exit_code == exit_code

    def test_one_that_never_ran_and_has_failed_was_killed(self) -> None:
        state = state_of(pod(phase="Failed", reason="Evicted", message="the node was low on memory"))
        assert state.exit_code == -signal.SIGKILL
        assert state.trouble == "Evicted: the node was low on memory"

    def test_an_image_that_cannot_be_had(self) -> None:
        waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}
        assert state_of(pod(waiting)) == PodState("worker", trouble="ErrImagePull: no such image")

    def test_one_that_is_just_being_made_is_in_no_trouble(self) -> None:
        assert state_of(pod({"state": {"waiting": {"reason": "ContainerCreating"}}})).trouble == ""

    def test_a_program_that_is_not_there(self) -> None:
        terminated = {"exitCode": 128, "reason": "StartError", "message": "no such file"}
        state = state_of(pod({"containerID": "containerd://c1", "state": {"terminated": terminated}}))
        assert (state.exit_code, state.trouble) == (128, "StartError: no such file")

    def test_one_that_has_no_node(self) -> None:
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
        assert state_of(pod(conditions=[condition])).trouble == "Unschedulable: 0/3 nodes"


class FakeNamespace:
    def __init__(self, log: tuple[bytes, ...] = ()) -> None:
        self.deleted: list[tuple[str, int]] = []
        self._log = log

    def delete_pod(self, name: str, grace_s: int) -> None:
        self.deleted.append((name, grace_s))

    def follow_log(self, pod: str, stop: Stop) -> Iterator[bytes]:
        yield from self._log


class FakeNodes:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str, int]] = []

    def pid(self, node: str, container: str) -> int | None:
        return None if self.sent and self.sent[-1][2] == signal.SIGKILL else 4711

    def signal(self, node: str, container: str, number: int) -> bool:
        self.sent.append((node, container, number))
        return True

    def stopped(self, node: str, pid: int) -> bool:
        return (self.sent[-1][2], pid) == (signal.SIGSTOP, 4711)


@pytest.fixture
def nodes() -> FakeNodes:
    return FakeNodes()


@pytest.fixture
def namespace() -> FakeNamespace:
    return FakeNamespace((b"one\n", b"two\n"))


@pytest.fixture
def process(namespace: FakeNamespace, nodes: FakeNodes, tmp_path: Path) -> PodProcess:
    return process_of(namespace, tmp_path, nodes)


def process_of(namespace: FakeNamespace, folder: Path, nodes: FakeNodes | None) -> PodProcess:
    part = Part("web-1", ("web",), folder / "web-1.log", grace_s=2.5)
    return PodProcess("web-1-abc", part, cast(Namespace, namespace), cast(Nodes, nodes), Stop())


RUNS = PodState("worker", "c1")


def test_one_that_has_not_started_has_no_pid_and_no_end(process: PodProcess) -> None:
    assert (process.pid, process.exit_code, process.await_started(0)) == (0, None, False)


def test_its_pid_is_the_nodes(process: PodProcess) -> None:
    process.update(RUNS)
    assert process.pid == 4711


def test_sigterm_is_a_deletion_with_the_grace(process: PodProcess, namespace: FakeNamespace) -> None:
    process.update(RUNS)
    process.signal(signal.SIGTERM)
    assert namespace.deleted == [("web-1-abc", 3)]


def test_other_signals_reach_the_container(process: PodProcess, nodes: FakeNodes) -> None:
    process.update(RUNS)
    process.signal(signal.SIGKILL)
    assert nodes.sent == [("worker", "c1", signal.SIGKILL)]


def test_a_death_that_its_node_has_seen_is_known_at_once(process: PodProcess) -> None:
    process.update(RUNS)
    process.signal(signal.SIGKILL)
    assert process.exit_code == -signal.SIGKILL


def test_what_has_not_started_is_killed_by_deletion(process: PodProcess, namespace: FakeNamespace) -> None:
    process.signal(signal.SIGKILL)
    assert namespace.deleted == [("web-1-abc", 0)]


def test_a_signal_to_one_that_has_ended_goes_nowhere(
    process: PodProcess, namespace: FakeNamespace, nodes: FakeNodes
) -> None:
    process.update(PodState("worker", "c1", exit_code=0))
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGKILL)
    process.pause()
    assert (namespace.deleted, nodes.sent, process.paused()) == ([], [], False)


def test_pausing_and_resuming(process: PodProcess, nodes: FakeNodes) -> None:
    process.update(RUNS)
    process.resume()
    assert nodes.sent == []
    process.pause()
    assert process.paused()
    process.resume()
    assert not process.paused()
    assert [number for _, _, number in nodes.sent] == [signal.SIGSTOP, signal.SIGCONT]


def test_without_nodes_nothing_can_be_paused(namespace: FakeNamespace, tmp_path: Path) -> None:
    process = process_of(namespace, tmp_path, None)
    process.update(RUNS)
    with pytest.raises(HarnessError, match="web-1 cannot be sent a signal"):
        process.pause()
    assert (process.pid, process.paused()) == (0, False)


def test_its_end_is_known_when_its_log_is_there(process: PodProcess, tmp_path: Path) -> None:
    process.update(RUNS)
    process.update(PodState("worker", "c1", exit_code=3))
    assert process.wait(0) == 3
    assert (tmp_path / "web-1.log").read_text() == "one\ntwo\n"


def test_only_its_first_end_counts(process: PodProcess) -> None:
    process.update(PodState("worker", "c1", exit_code=0))
    process.end(-signal.SIGKILL)
    assert process.exit_code == 0


def test_trouble_is_told_in_its_log_once(process: PodProcess, tmp_path: Path) -> None:
    for _ in range(2):
        process.update(PodState("worker", trouble="ErrImagePull: no such image"))
    assert (tmp_path / "web-1.log").read_text() == "[web-1-abc] ErrImagePull: no such image\n"
