"""The driver `kind` with all its real servers on a real cluster, and what is left in it: nothing."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from harness.drivers.containers.engine import HARNESS_LABEL, MACHINE_LABEL, RUN_LABEL, connect, machine, marks
from harness.drivers.kubernetes.api import KubernetesApi
from harness.drivers.kubernetes.cluster import kind
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.drivers.kubernetes.cluster.leftovers import remove_of_dead_harnesses
from harness.drivers.kubernetes.pods.driver import KindDriver
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.drivers.system import RunningSystem
from harness.errors import InvalidInput, MissingServer
from harness.protocols.load import LoadPlace
from harness.supervisor.scratch import PREFIX
from tests.integration.driver_contract import DriverContract, add_ready, named, running
from tests.integration.echo import ECHO, WEB
from tests.integration.echo.running import eventually, get, workspace

pytestmark = [pytest.mark.kind, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
DEAD = f"{os.getpid()}@1"
"""Our own number, but it began at another time."""
GONE_WITHIN_S = 90.0
DESCRIBED_WITHIN_S = 60.0
"""A container has to be started and to end first, which takes its time beside all others."""


@pytest.fixture(scope="module")
def api(cluster: KindCluster) -> KubernetesApi:
    return cluster.api()


def namespaces(api: KubernetesApi) -> set[str]:
    """Those of runs."""
    return {found.name for found in api.namespaces(RUN_LABEL)}


class TestKindDriver(DriverContract):
    driver = KindDriver

    def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(self, system: RunningSystem) -> None:
        """Kubernetes takes a little longer to say so than an operating system."""
        departure = system.remove(add_ready(system, "1.0+stubborn"))
        assert (departure.exit_code, departure.killed) == (-signal.SIGKILL, True)
        assert WEB.stop_grace_s <= departure.took_s < WEB.stop_grace_s + 5

    def test_users_come_in_by_loopback(self, system: RunningSystem) -> None:
        assert system.url.startswith("http://127.0.0.1:")

    def test_workers_of_the_load_come_in_by_a_node(self, system: RunningSystem) -> None:
        assert isinstance(system, LoadPlace)
        assert "127.0.0.1" not in system.entrance()
        assert get(system.entrance()).status == 200

    def test_all_is_in_one_namespace_with_the_runs_marks(self, api: KubernetesApi, system: RunningSystem) -> None:
        run_id = system._workspace.run_id
        [own] = api.namespaces(f"{RUN_LABEL}={run_id}")
        assert own.name == f"{PREFIX}{run_id}"
        assert own.marks.items() >= marks(run_id).items()

    def test_servers_have_a_node_of_their_own_and_instances_are_spread(
        self, api: KubernetesApi, system: RunningSystem
    ) -> None:
        for_servers = {node.name for node in api.nodes() if node.labels.get(SERVERS_NODE) == "true"}
        nodes = {
            process.name: process._state.node
            for process in system._runtime._pods._processes.values()  # type: ignore[attr-defined]
        }
        assert {nodes[server] for server in ("router", "links", "postgres", "nats")} <= for_servers
        assert not {nodes[instance.name] for instance in system.instances()} & for_servers
        assert len({nodes[name] for name in named(system, "web")}) == 2

    def test_what_kubernetes_said_and_the_times_are_in_the_logs(self, system: RunningSystem) -> None:
        logs = system._workspace.logs
        assert eventually(lambda: "Pod/web-1-" in (logs / "kubernetes-events.log").read_text())
        assert "servers are up" in (logs / "kind.log").read_text()

    def test_a_pod_that_ended_badly_is_described(self, system: RunningSystem) -> None:
        broken = system.add("web", "1.0+broken")
        described = system._workspace.logs / "kubernetes-pods.log"
        assert eventually(
            lambda: described.exists() and f"Pod {broken.name}-" in described.read_text(), DESCRIBED_WITHIN_S
        )


def test_an_image_that_cannot_be_had_is_named() -> None:
    missing = replace(ECHO, stores=(replace(ECHO.stores[0], image="localhost:1/postgres:0"),))
    with workspace() as space, pytest.raises(MissingServer, match="localhost:1/postgres:0"):  # noqa: SIM117
        with KindDriver().open(missing, space):
            pass


def test_an_unknown_context_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_KUBE_CONTEXT", "nowhere")
    with workspace() as space, pytest.raises(InvalidInput, match="'nowhere'"), KindDriver().open(ECHO, space):
        pass


def test_a_cluster_is_used_by_its_context_too(
    monkeypatch: pytest.MonkeyPatch, cluster: KindCluster, api: KubernetesApi
) -> None:
    before = namespaces(api)
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("HARNESS_KUBE_CONTEXT", f"kind-{cluster.name}")
    with workspace() as space, KindDriver().open(ECHO, space) as site, running(site) as system:
        assert get(system.url).status == 200
        assert namespaces(api) > before
    assert namespaces(api) == before


def test_what_a_dead_harness_left_is_swept_and_nothing_else(api: KubernetesApi) -> None:
    mine = marks("living")
    api.create_namespace("rollproof-living", {RUN_LABEL: "living"}, mine)
    api.create_namespace("rollproof-dead", {RUN_LABEL: "dead"}, {**mine, HARNESS_LABEL: DEAD})
    api.create_namespace(
        "rollproof-elsewhere", {RUN_LABEL: "elsewhere"}, {HARNESS_LABEL: DEAD, MACHINE_LABEL: "another machine"}
    )
    assert machine() != "another machine"
    try:
        removed = [leftover.name for leftover in remove_of_dead_harnesses()]
        assert "rollproof-dead" in removed
        assert {"rollproof-living", "rollproof-elsewhere"} <= namespaces(api)
        assert "rollproof-dead" not in namespaces(api)
    finally:
        for name in ("rollproof-living", "rollproof-elsewhere"):
            api.delete_namespace(name)


def test_a_run_without_a_cluster_makes_one_and_removes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = [each.name for each in kind.clusters()]
    monkeypatch.setattr(kind, "clusters", lambda: ())
    with workspace() as space:
        own = kind.full_name(space.run_id)
        with closing(connect()) as engine, KindDriver().open(ECHO, space) as site, running(site) as system:
            assert get(system.url).status == 200
            nodes = engine.containers.list(filters={"label": f"io.x-k8s.kind.cluster={own}"})
            assert len(nodes) == 3
    monkeypatch.undo()
    assert [each.name for each in kind.clusters()] == before
    assert not KindCluster(own).folder.exists()
