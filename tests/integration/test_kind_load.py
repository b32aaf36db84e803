"""Load from pods of a real cluster: two workers beside the system, whose users enter as they do from outside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.drivers.containers.engine import RUN_LABEL
from harness.drivers.kubernetes.api import Namespace
from harness.drivers.kubernetes.kind import KindCluster
from harness.drivers.kubernetes.load_job import INDEX
from harness.history import History, Kind, Moment
from harness.reporting.terminal import SilentDisplay
from harness.runner import open_session
from harness.scenario import LoadWhere, Scenario
from harness.scenario_file import Overrides, read_scenario
from harness.verdict import Status

pytestmark = [pytest.mark.kind, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]


def from_the_cluster(file: str, driver: str) -> Scenario:
    scenario = read_scenario(ROOT / "scenarios" / file, Overrides(driver=driver))
    load = replace(scenario.load, rate_per_s=40, users=32, workers=2, where=LoadWhere.CLUSTER)
    return replace(scenario, load=load)


@dataclass
class Executioner(SilentDisplay):
    """Deletes one worker's pod when the first step begins."""

    cluster: KindCluster
    killed: str = ""

    def moment(self, moment: Moment) -> None:
        if moment.kind is Kind.STEP and not self.killed:
            api = self.cluster.api()
            for found in api.namespaces(RUN_LABEL):
                namespace = Namespace(api, found.name)
                for pod in namespace.pods({INDEX: "1"}):
                    self.killed = pod["metadata"]["name"]
                    namespace.delete_pod(self.killed, grace_s=0)


def test_two_workers_in_the_cluster_judge_a_deployment_by_kubernetes(tmp_path: Path) -> None:
    """Users come by the Service, so that kube-proxy's draining of connections is part of what is judged."""
    scenario = from_the_cluster("kubernetes/kubernetes-rolling.toml", "kubernetes")
    with open_session(tmp_path) as session:
        result = session.run(scenario)
    assert result.passed, [verdict.reason for verdict in result.verdicts if verdict.status is not Status.PASS]
    with History.load(result.folder / "history") as history:
        workers = history.moments(Kind.WORKER)
        assert len(workers) == 2
        for worker in workers:
            offset_ns, bound_ns = worker.detail["offset_ns"], worker.detail["bound_ns"]
            assert isinstance(offset_ns, int)
            assert isinstance(bound_ns, int)
            assert abs(offset_ns) <= bound_ns, "the nodes are containers of this machine: its clock is theirs"
        [(rows, sessions)] = history.query("SELECT count(*), count(DISTINCT session) FROM requests")
        assert rows == sum(int(worker.detail["requests"] or 0) for worker in workers)
        assert sessions == scenario.load.users
    assert "2 workers in the cluster; clocks: load-0" in (result.folder / "report.html").read_text()


def test_a_worker_whose_pod_is_gone_makes_the_run_unknown(tmp_path: Path, cluster: KindCluster) -> None:
    executioner = Executioner(cluster)
    with open_session(tmp_path, executioner) as session:
        result = session.run(from_the_cluster("rolling.toml", "kind"))
    assert executioner.killed
    assert result.status is Status.UNKNOWN
    by = {verdict.checker: verdict for verdict in result.verdicts}
    assert by["run"].status is by["load"].status is Status.UNKNOWN
    assert "load-1" in by["load"].reason
