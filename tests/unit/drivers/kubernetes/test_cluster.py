"""A cluster that is broken: what its nodes are told, on nodes and an API server in memory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import cast

import pytest

from harness.drivers.containers.engine import HARNESS_LABEL
from harness.drivers.kubernetes.api import CONTROL_PLANE, Json, KubernetesApi, Namespace, Node
from harness.drivers.kubernetes.breaking import cluster as module
from harness.drivers.kubernetes.breaking.barriers import NodeBarrier, lift_of_dead_harnesses
from harness.drivers.kubernetes.breaking.cluster import Cluster, facts_of, mend_of_dead_harnesses, one_of
from harness.drivers.kubernetes.breaking.memory import exhaust
from harness.drivers.kubernetes.breaking.pressure import PodPressure, pressing_pod, taken_by
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.errors import HarnessError
from harness.protocols import Taken
from harness.supervisor.scratch import Identity

DEAD = f"{os.getpid()}@1"
"""Our own number, but it began at another time."""
GROUP = "/sys/fs/cgroup/memory/kubepods/pod7/c0ffee"


def pod(name: str = "web-1", *, address: str = "10.1.1.7", **container: object) -> Json:
    state = container or {"state": {"running": {}}, "restartCount": 0}
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": "worker", "containers": [{"image": "web:1"}]},
        "status": {
            "podIP": address,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"containerID": "containerd://c0ffee", **state}],
        },
    }


@dataclass
class FakeNodes:
    """Nodes that have nft and little else; what is asked of them is in `asked`."""

    names: tuple[str, ...] = ("boss", "worker")
    off: set[str] = field(default_factory=set)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    """Scripts by table, by node."""
    answers: dict[str, str] = field(default_factory=dict)
    """What is printed for a command that begins so."""
    broken: set[str] = field(default_factory=set)
    """Nodes that refuse."""
    asked: list[tuple[str, ...]] = field(default_factory=list)
    packets: int = 0

    def is_on(self, node: str) -> bool:
        return node not in self.off

    def switch_off(self, node: str) -> None:
        self.off.add(node)

    def switch_on(self, node: str) -> None:
        self.off.discard(node)

    def pid(self, node: str, container: str) -> int | None:
        return 42 if container == "c0ffee" else None

    def signal(self, node: str, container: str, number: int) -> bool:
        self.asked.append((node, "signal", container, str(int(number))))
        return True

    def run(self, node: str, *command: str) -> str:
        code, output = self.ask(node, *command)
        if code:
            raise HarnessError(f"{command[0]} ended with code {code} on {node}")
        return output

    def ask(self, node: str, *command: str) -> tuple[int, str]:
        self.asked.append((node, *command))
        if node in self.broken:
            return 1, "Operation not permitted"
        if command[0] == "nft":
            return 0, self._nft(self.tables.setdefault(node, {}), *command[1:])
        begun = " ".join(command)
        return 0, next((said for begin, said in self.answers.items() if begun.startswith(begin)), "")

    def _nft(self, tables: dict[str, str], *command: str) -> str:
        match command:
            case ("list", "tables"):
                return "".join(f"table inet {name}\n" for name in ("filter", *tables))
            case ("list", "table", "inet", name):
                return f"{tables[name]}\ncounter packets {self.packets} bytes 0 drop"
            case ("delete", "table", "inet", name):
                del tables[name]
            case (script,):
                found = re.search(r"add table inet (\S+);", script)
                assert found
                tables[found[1]] = script
        return ""


@dataclass
class FakeApi:
    """An API server that knows nodes, and never sleeps."""

    there: dict[str, Node]
    changes: list[tuple[str, Json]] = field(default_factory=list)
    asleep: bool = False
    beats: int = 0

    def nodes(self) -> tuple[Node, ...]:
        """Each time with a new heartbeat."""
        self.beats += 1
        beat = str(self.beats)
        return tuple(Node(n.name, "", n.ready, n.labels, n.taken, n.marks, beat) for n in self.there.values())

    def change_node(self, name: str, changes: Json) -> None:
        self.changes.append((name, changes))

    def answers(self) -> bool:
        return not self.asleep


@dataclass
class FakeNamespace:
    api: FakeApi
    found: dict[str, Json] = field(default_factory=dict)
    made: list[Json] = field(default_factory=list)

    def pod(self, name: str) -> Json | None:
        return self.found.get(name)

    def create_pod(self, manifest: Json) -> str:
        self.made.append(manifest)
        return "pressure-1"

    def delete_pod(self, name: str, grace_s: int) -> None:
        self.found.pop(name, None)


def node(name: str, *, marks: dict[str, str] | None = None) -> Node:
    governs = name == "boss"
    labels = {CONTROL_PLANE: ""} if governs else {}
    return Node(name, "", ready=True, labels=labels, taken=governs, marks=marks or {})


@pytest.fixture
def nodes() -> FakeNodes:
    return FakeNodes()


@pytest.fixture
def api() -> FakeApi:
    return FakeApi({name: node(name) for name in ("boss", "worker")})


@pytest.fixture
def namespace(api: FakeApi) -> FakeNamespace:
    return FakeNamespace(api, {"web-1": pod()})


@pytest.fixture
def cluster(namespace: FakeNamespace, nodes: FakeNodes, api: FakeApi) -> Cluster:
    return Cluster(cast(Namespace, namespace), api.nodes(), cast(Nodes, nodes), {"rollproof.run": "7"})


def scripts(nodes: FakeNodes, name: str) -> list[str]:
    return list(nodes.tables.get(name, {}).values())


# ── pods ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("container", "endings", "ended_by"),
    [
        ({"state": {"running": {}}, "restartCount": 0}, 0, ""),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}, "restartCount": 0}, 0, ""),
        ({"state": {"terminated": {"reason": "OOMKilled"}}, "restartCount": 0}, 1, "OOMKilled"),
        (
            {"state": {"running": {}}, "lastState": {"terminated": {"reason": "Error"}}, "restartCount": 1},
            1,
            "Error",
        ),
        (
            {"state": {"waiting": {}}, "lastState": {"terminated": {"reason": "Error"}}, "restartCount": 1},
            2,
            "Error",
        ),
    ],
)
def test_how_often_a_container_has_ended_and_why(container: Json, endings: int, ended_by: str) -> None:
    facts = facts_of(pod(**container))
    assert (facts.endings, facts.ended_by, facts.ready, facts.node) == (endings, ended_by, True, "worker")


def test_a_pod_without_a_container_has_not_ended() -> None:
    facts = facts_of({"metadata": {"name": "web"}, "spec": {}, "status": {}})
    assert (facts.endings, facts.ended_by, facts.ready, facts.node) == (0, "", False, "")


def test_a_container_is_killed_on_its_node(cluster: Cluster, nodes: FakeNodes) -> None:
    cluster.kill_container("web-1")
    assert nodes.asked == [("worker", "signal", "c0ffee", "9")]


def test_a_pod_that_is_gone_or_does_not_run_is_told(cluster: Cluster, namespace: FakeNamespace) -> None:
    assert cluster.pod("web-2") is None
    with pytest.raises(HarnessError, match="the pod web-2 is gone"):
        cluster.kill_container("web-2")
    namespace.found["web-3"] = pod("web-3", state={"terminated": {"exitCode": 1}}, restartCount=0)
    with pytest.raises(HarnessError, match="web-3 has no container that runs"):
        cluster.exhaust_memory("web-3")


def test_memory_is_used_up_within_the_containers_own_limit(cluster: Cluster, nodes: FakeNodes) -> None:
    nodes.answers = {
        "find": f"{GROUP}/memory.usage_in_bytes\n{GROUP}/memory.limit_in_bytes\n",
        f"cat {GROUP}/memory.limit_in_bytes": "1048576\n",
    }
    nodes.answers["sh"] = "Killed\n1\n"
    assert cluster.exhaust_memory("web-1") == 1
    *_, (where, shell, _, _, group, pid, size) = nodes.asked
    assert (where, shell, group, pid, size) == ("worker", "sh", GROUP, "42", "1048576")


def test_a_count_that_went_with_the_container_is_none(cluster: Cluster, nodes: FakeNodes) -> None:
    nodes.answers = {"find": f"{GROUP}/memory.max\n", "cat": "1048576\n", "sh": ""}
    assert cluster.exhaust_memory("web-1") == 0


@pytest.mark.parametrize("limit", ["max", "9223372036854771712"])
def test_memory_without_a_limit_is_left_alone(nodes: FakeNodes, limit: str) -> None:
    nodes.answers = {"find": f"{GROUP}/memory.max\n", "cat": f"{limit}\n"}
    with pytest.raises(HarnessError, match="no limit of memory"):
        exhaust(cast(Nodes, nodes), "worker", "c0ffee")
    assert nodes.asked[-1][1] == "cat"


# ── the network ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_barrier_stands_counts_and_is_lifted(cluster: Cluster, nodes: FakeNodes) -> None:
    nodes.packets = 3
    barrier = cluster.cut_off("web-1", ["10.1.2.9", "10.1.2.8"])
    [script] = scripts(nodes, "worker")
    assert "hook forward" in script
    assert "ip saddr 10.1.1.7 ip daddr { 10.1.2.8, 10.1.2.9 } counter drop" in script
    assert "ip saddr { 10.1.2.8, 10.1.2.9 } ip daddr 10.1.1.7 counter drop" in script
    assert barrier.stands()
    assert barrier.held_back() == 3
    barrier.lift()
    barrier.lift()
    assert not barrier.stands()


def test_of_a_peer_one_port_alone_may_be_cut_off(cluster: Cluster, nodes: FakeNodes) -> None:
    cluster.cut_off("web-1", ["10.1.2.9"], 8083)
    assert "ip daddr { 10.1.2.9 } tcp dport 8083 counter drop" in scripts(nodes, "worker")[0]


def test_a_peer_without_a_pod_is_told() -> None:
    with pytest.raises(HarnessError, match="no pod on the other side"):
        one_of([])


def test_probes_come_from_the_node_itself(cluster: Cluster, nodes: FakeNodes) -> None:
    cluster.hide_from_probes("web-1")
    [script] = scripts(nodes, "worker")
    assert "hook output" in script
    assert "ip daddr 10.1.1.7 counter drop" in script


def test_the_api_server_is_cut_off_where_it_runs(cluster: Cluster, nodes: FakeNodes) -> None:
    cluster.block_api()
    assert scripts(nodes, "worker") == []
    assert 'iifname != "lo" tcp dport 6443 counter reject with tcp reset' in scripts(nodes, "boss")[0]


def test_a_barrier_that_cannot_be_made_everywhere_is_made_nowhere(nodes: FakeNodes) -> None:
    nodes.broken = {"worker"}
    with pytest.raises(HarnessError, match="ended with code 1 on worker"):
        NodeBarrier(cast(Nodes, nodes), nodes.names, "output", ["tcp dport 1"])
    assert scripts(nodes, "boss") == []


def test_only_barriers_of_dead_harnesses_are_lifted(cluster: Cluster, nodes: FakeNodes) -> None:
    ours = cluster.block_api()
    nodes.tables["worker"] = {f"rollproof_{os.getpid()}_1_4": "", "rollproof_mine": "", "kube-proxy": ""}
    assert lift_of_dead_harnesses(cast(Nodes, nodes)) == (f"rollproof_{os.getpid()}_1_4 on worker",)
    assert ours.stands()
    assert set(nodes.tables["worker"]) == {"rollproof_mine", "kube-proxy"}


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_node_is_marked_before_it_is_switched_off_and_unmarked_when_it_is_ready(
    cluster: Cluster, nodes: FakeNodes, api: FakeApi
) -> None:
    cluster.stop_node("worker")
    assert nodes.off == {"worker"}
    assert not cluster.node_runs("worker")
    cluster.start_node("worker")
    assert nodes.off == set()
    marks = [change["metadata"]["annotations"][HARNESS_LABEL] for _, change in api.changes]
    assert marks == [str(Identity.of(os.getpid())), None]


def test_the_control_plane_is_not_switched_off(cluster: Cluster, nodes: FakeNodes) -> None:
    with pytest.raises(HarnessError, match="without the node boss there would be no cluster"):
        cluster.stop_node("boss")
    assert nodes.off == set()


def test_a_node_is_not_ready_before_it_has_said_so_again(
    cluster: Cluster, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubernetes believes for most of a minute that a node is ready which is off."""
    monkeypatch.setattr(module, "BOOT_S_MAX", 0.02)
    monkeypatch.setattr(module, "POLL_S", 0.005)
    monkeypatch.setattr(FakeApi, "nodes", lambda self: tuple(self.there.values()))
    with pytest.raises(HarnessError, match="worker was not ready"):
        cluster.start_node("worker")


def test_what_dead_harnesses_did_is_undone_and_nothing_else(nodes: FakeNodes, api: FakeApi) -> None:
    living = {HARNESS_LABEL: str(Identity.of(os.getpid()))}
    api.there = {"boss": node("boss", marks=living), "worker": node("worker", marks={HARNESS_LABEL: DEAD})}
    nodes.off = {"worker"}
    assert mend_of_dead_harnesses(cast(KubernetesApi, api), cast(Nodes, nodes)) == (
        "worker, which was off or cordoned",
    )
    assert nodes.off == set()
    assert {name for name, _ in api.changes} == {"worker"}
    assert api.changes[-1][1]["spec"] == {"unschedulable": False}


def test_a_pressure_is_bounded_and_on_the_node_of_the_pod(cluster: Cluster, namespace: FakeNamespace) -> None:
    cluster.press("web-1", 1.5, 100)
    [made] = namespace.made
    assert made["spec"]["nodeName"] == "worker"
    assert made["metadata"]["labels"] == {"rollproof.run": "7"}
    [container] = made["spec"]["containers"]
    assert container["image"] == "web:1"
    assert container["resources"]["limits"] == container["resources"]["requests"] == {"cpu": "1.5", "memory": "132Mi"}
    assert container["command"][-2:] == ["2", str(100 << 20)]


def test_a_pressure_of_memory_alone_has_no_busy_loop() -> None:
    [container] = pressing_pod("web:1", "worker", {}, 0, 64)["spec"]["containers"]
    assert container["command"][-2] == "0"


def test_what_is_taken_is_the_sum_over_the_processes_of_the_pod() -> None:
    assert taken_by("42 3 1024\n 42 2 2048\n7 100 4096\n", 42) == Taken(5.0, 3.0)


def test_a_pressure_that_has_ended_is_told(namespace: FakeNamespace, nodes: FakeNodes) -> None:
    pressure = PodPressure(cast(Namespace, namespace), cast(Nodes, nodes), "pressure-1")
    with pytest.raises(HarnessError, match="pressure-1 is gone"):
        pressure.taken()
    terminated = {"exitCode": 127, "reason": "StartError", "message": "no sh"}
    namespace.found["pressure-1"] = pod("pressure-1", state={"terminated": terminated}, restartCount=0)
    with pytest.raises(HarnessError, match="has ended with code 127: StartError: no sh"):
        pressure.taken()
    pressure.end()
    assert namespace.pod("pressure-1") is None


def test_a_cluster_far_away_is_not_looked_into(namespace: FakeNamespace) -> None:
    cluster = Cluster(cast(Namespace, namespace), (), None, {})
    with pytest.raises(HarnessError, match="not containers of this machine"):
        cluster.kill_container("web-1")
