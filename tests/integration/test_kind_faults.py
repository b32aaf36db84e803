"""Faults that only a cluster has, on a real one: each is seen to bite and to heal, and users are asked meanwhile."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.drivers.containers.engine import HARNESS_LABEL, RUN_LABEL, connect
from harness.drivers.kubernetes.cluster.kind import KindCluster
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.native.breakable import NativeClusterSystem
from harness.drivers.kubernetes.native.driver import KubernetesDriver
from harness.drivers.kubernetes.pods.driver import KindDriver
from harness.drivers.kubernetes.pods.system import PodsSystem
from harness.environment_file import find_environment
from harness.faults.cluster import ApiDown, DnsDown, Partition
from harness.faults.node import Cordon, Drain, NodePressure, NodeStop
from harness.faults.pod import ContainerKill, EvictionStorm, OomKill, PodDelete, ProbeFlap
from harness.protocols import Fault, Proof, Remark, System
from tests.integration.echo import ECHO
from tests.integration.echo.running import Answer, continuous_requests, eventually, get, workspace

pytestmark = [pytest.mark.kind, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
MENDED_WITHIN_S = 120.0


@pytest.fixture(scope="module")
def pods() -> Iterator[PodsSystem]:
    """Of the driver kind: two instances of 1.0 and a worker."""
    with workspace() as space, KindDriver().open(ECHO, space) as site, site.start("1.0") as system:
        assert isinstance(system, PodsSystem)
        yield system


@pytest.fixture(scope="module")
def deployments() -> Iterator[NativeClusterSystem]:
    """Of the driver kubernetes: three instances of the ledger 1.0, which a disruption budget lets go one at a time."""
    ledger = find_environment("ledger", ROOT)
    with workspace() as space, KubernetesDriver().open(ledger, space) as site, site.start("1.0") as system:
        assert isinstance(system, NativeClusterSystem)
        yield system


def proved(fault: Fault, system: System) -> tuple[str, str]:
    """By what it was seen to bite, and to heal."""
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    healed = effect.heals()
    assert healed.seen, healed.by
    return bit.by, healed.by


def test_all_faults_but_those_of_platforms_are_offered_by_the_driver_kind() -> None:
    faults: list[Fault] = [PodDelete("web"), ContainerKill("web"), OomKill("web"), DnsDown(), ApiDown()]
    faults += [Partition("web", "postgres"), NodeStop("web"), NodePressure("web")]
    assert all(fault.needs <= KindDriver.offers for fault in faults)
    faults += [EvictionStorm("web"), ProbeFlap("web"), Cordon("web"), Drain("web")]
    assert all(fault.needs <= KubernetesDriver.offers for fault in faults)


@pytest.mark.parametrize(
    "fault",
    [
        PodDelete("web"),
        PodDelete("web", grace_s=2),
        ContainerKill("web"),
        OomKill("web"),
        Partition("web", "postgres"),
        DnsDown(),
        ApiDown(),
        NodePressure("web", cpus=0.5, memory_mb=64),
    ],
    ids=str,
)
def test_a_fault_bites_and_heals_under_the_driver_kind(pods: PodsSystem, fault: Fault) -> None:
    """One of two instances is there all the time, and the router knows."""
    proved(fault, pods)
    assert eventually(lambda: get(pods.url).status == 200)


def test_a_node_that_is_switched_off_comes_back_with_its_instances(pods: PodsSystem) -> None:
    bit, _ = proved(NodeStop("web"), pods)
    assert "is off" in bit
    assert all(pods.ready(instance.name) for instance in pods.instances())
    assert eventually(lambda: {get(pods.url).instance for _ in range(4)} == {"web-1", "web-2"})


@pytest.mark.parametrize(
    "fault",
    [
        PodDelete("ledger", grace_s=10),
        ContainerKill("ledger"),
        OomKill("ledger"),
        Partition("ledger", "postgres"),
        DnsDown(),
        ApiDown(),
        NodePressure("ledger", cpus=0.5, memory_mb=64),
        ProbeFlap("ledger"),
        Cordon("ledger"),
        Drain("ledger", patience_s=60),
    ],
    ids=str,
)
def test_a_fault_bites_and_heals_where_kubernetes_deploys(deployments: NativeClusterSystem, fault: Fault) -> None:
    proved(fault, deployments)
    assert eventually(lambda: get(deployments.url, "/ready").status == 200)


def evictions(proof: Proof) -> tuple[int, int]:
    """How many were allowed, and how many refused."""
    found = re.match(r"of \d+ evictions (\d+) were allowed, (\d+) refused", proof.by)
    assert found, proof
    return int(found[1]), int(found[2])


def test_a_budget_refuses_most_of_a_storm_and_users_notice_nothing(deployments: NativeClusterSystem) -> None:
    with continuous_requests(deployments.url, "/live", users=2) as answers:
        with EvictionStorm("ledger", every_s=0.25).inject(deployments) as effect:
            assert eventually(lambda: evictions(effect.bites())[0] >= 2, 60)
        healed = effect.heals()
    assert healed.seen, healed.by
    allowed, refused = evictions(healed)
    assert refused > allowed >= 2
    assert [answer for answer in answers if not (isinstance(answer, Answer) and answer.status == 200)] == []


def test_what_kubernetes_says_is_heard_written_down_and_described(deployments: NativeClusterSystem) -> None:
    heard: list[Remark] = []
    with deployments.remarks(heard.append):
        proved(PodDelete("ledger", grace_s=1), deployments)
        proved(OomKill("ledger"), deployments)
        assert eventually(lambda: {"Killing", "Unhealthy"} <= {remark.reason for remark in heard}, 30)
    logs = deployments._members._logs
    assert "exit code 137" in (logs / "kubernetes-pods.log").read_text()
    assert "Pod/ledger-" in (logs / "kubernetes-events.log").read_text()


BREAK = """
import time
from contextlib import ExitStack
from harness.drivers.kubernetes.pods.driver import KindDriver
from harness.faults.cluster import ApiDown
from harness.faults.node import NodeStop
from tests.integration.echo import ECHO
from tests.integration.echo.running import workspace

with ExitStack() as stack:
    space = stack.enter_context(workspace())
    system = stack.enter_context(stack.enter_context(KindDriver().open(ECHO, space)).start("1.0"))
    for fault in (NodeStop("web"), ApiDown()):
        effect = stack.enter_context(fault.inject(system))
        print(effect.bites().seen, flush=True)
    time.sleep(600)
"""


def test_what_a_dead_harness_broke_is_mended(cluster: KindCluster) -> None:
    """Killed with a node off and the API server cut off, without which nothing can be removed."""
    api = cluster.api()
    before = {found.name for found in api.namespaces(RUN_LABEL)}
    process = subprocess.Popen((sys.executable, "-c", BREAK), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert [process.stdout.readline().strip() for _ in range(2)] == ["True", "True"]
        assert not api.answers()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert eventually(api.answers, MENDED_WITHIN_S)
    assert eventually(lambda: {found.name for found in api.namespaces(RUN_LABEL)} <= before, MENDED_WITHIN_S)
    with closing(connect()) as engine:
        nodes = Nodes.of_cluster(engine, cluster.name)
        assert all(nodes.is_on(node) for node in nodes.names)
        assert not any("rollproof" in nodes.run(node, "nft", "list", "tables") for node in nodes.names)
    assert not any(HARNESS_LABEL in node.marks for node in api.nodes())
