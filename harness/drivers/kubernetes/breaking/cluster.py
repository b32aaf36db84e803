"""What can be done to a cluster past its API's ordinary ways: to pods, to nodes, to what everybody in it needs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping

from harness.drivers.containers.engine import HARNESS_LABEL
from harness.drivers.kubernetes.api import Json, KubernetesApi, Namespace, Node
from harness.drivers.kubernetes.breaking.barriers import RESET, NodeBarrier, lift_of_dead_harnesses
from harness.drivers.kubernetes.breaking.memory import exhaust
from harness.drivers.kubernetes.breaking.pressure import PodPressure, pressing_pod
from harness.drivers.kubernetes.cluster.nodes import Nodes
from harness.drivers.kubernetes.pods_state import PodState, is_ready, state_of
from harness.errors import HarnessError
from harness.protocols import PodFacts
from harness.supervisor.scratch import Identity
from harness.waiting import until

SYSTEM = "kube-system"
DNS_SERVICE, DNS_PODS, DNS_PORT = "kube-dns", {"k8s-app": "kube-dns"}, 53
API_PORT = 6443
CONNECT = "exec 3<>/dev/tcp/$0/$1"
CONNECT_S_MAX = "2"
BOOT_S_MAX = 120.0
ANSWER_S_MAX = 60.0
POLL_S = 0.5


class Cluster:
    """A run's namespace, the cluster around it, and its nodes where these are containers of this machine.

    All methods raise HarnessError if what they ask or do is refused.
    """

    def __init__(
        self, namespace: Namespace, all_nodes: Iterable[Node], nodes: Nodes | None, labels: Mapping[str, str]
    ) -> None:
        self._namespace = namespace
        self._all_nodes = tuple(all_nodes)
        self._known_nodes = nodes
        self._labels = labels

    # ── pods ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def pod(self, pod: str) -> PodFacts | None:
        found = self._namespace.pod(pod)
        return None if found is None else facts_of(found)

    def delete_pod(self, pod: str, grace_s: int) -> None:
        self._namespace.delete_pod(pod, grace_s)

    def kill_container(self, pod: str) -> None:
        state = self._running(pod)
        if not self._nodes.signal(state.node, state.container, signal.SIGKILL):
            raise HarnessError(f"the container of {pod} had ended before it could be killed")

    def exhaust_memory(self, pod: str) -> int:
        state = self._running(pod)
        return exhaust(self._nodes, state.node, state.container)

    def _running(self, pod: str) -> PodState:
        state = state_of(self._existing(pod))
        if not state.container or state.exit_code is not None:
            raise HarnessError(f"the pod {pod} has no container that runs")
        return state

    def _existing(self, pod: str) -> Json:
        found = self._namespace.pod(pod)
        if found is None:
            raise HarnessError(f"the pod {pod} is gone")
        return found

    # ── the network ──────────────────────────────────────────────────────────────────────────────────────────────

    def cut_off(self, pod: str, peers: Iterable[str], port: int | None = None) -> NodeBarrier:
        """From these addresses; with a `port`, from that of theirs alone. Both ways, on the pod's own node."""
        found = self._existing(pod)
        own = address_of(found)
        theirs = one_of(peers)
        to, back = ("", "") if port is None else (f" tcp dport {port}", f" tcp sport {port}")
        matches = (f"ip saddr {own} ip daddr {theirs}{to}", f"ip saddr {theirs} ip daddr {own}{back}")
        return NodeBarrier(self._nodes, [state_of(found).node], "forward", matches)

    def hide_from_probes(self, pod: str) -> NodeBarrier:
        """What comes from the node itself are probes; others' packets are passed on by it."""
        found = self._existing(pod)
        return NodeBarrier(self._nodes, [state_of(found).node], "output", [f"ip daddr {address_of(found)}"])

    def block_dns(self) -> NodeBarrier:
        pods = Namespace(self._namespace.api, SYSTEM).pods(DNS_PODS)
        servers = one_of(address_of(pod) for pod in pods)
        matches = [f"ip daddr {servers} {protocol} dport {DNS_PORT}" for protocol in ("udp", "tcp")]
        return NodeBarrier(self._nodes, self._nodes.names, "postrouting", matches)

    def dns_answers(self) -> bool:
        """Whether a node can connect to it."""
        service = Namespace(self._namespace.api, SYSTEM).service(DNS_SERVICE)
        node = min(self._all_nodes, key=lambda node: node.taken).name
        connect = ("timeout", CONNECT_S_MAX, "bash", "-c", CONNECT, service["spec"]["clusterIP"], str(DNS_PORT))
        return self._nodes.ask(node, *connect)[0] == 0

    def block_api(self) -> NodeBarrier:
        """All of its connections end at once."""
        where = [node.name for node in self._all_nodes if node.governs]
        return NodeBarrier(self._nodes, where, "input", [f'iifname != "lo" tcp dport {API_PORT}'], RESET)

    def api_answers(self) -> bool:
        return self._namespace.api.answers()

    # ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def stop_node(self, name: str) -> None:
        node = node_of(self._namespace.api, name)
        if node.governs or node.taken:
            raise HarnessError(f"without the node {name} there would be no cluster")
        self._namespace.api.change_node(name, marked(str(Identity.of(os.getpid()))))
        self._nodes.switch_off(name)

    def start_node(self, name: str) -> None:
        switch_on(self._namespace.api, self._nodes, name)

    def node_runs(self, name: str) -> bool:
        return self._nodes.is_on(name)

    def node_ready(self, name: str) -> bool:
        return node_of(self._namespace.api, name).ready

    def press(self, pod: str, cpus: float, memory_mb: int) -> PodPressure:
        """With the pod's own image, which its node has."""
        found = self._existing(pod)
        image = found["spec"]["containers"][0]["image"]
        made = self._namespace.create_pod(pressing_pod(image, state_of(found).node, self._labels, cpus, memory_mb))
        return PodPressure(self._namespace, self._nodes, made)

    @property
    def _nodes(self) -> Nodes:
        if self._known_nodes is None:
            raise HarnessError("the cluster's nodes are not containers of this machine")
        return self._known_nodes


def facts_of(pod: Json) -> PodFacts:
    """Of a pod as the API describes it."""
    main: Json = next(iter(pod["status"].get("containerStatuses", ())), {})
    now, last = main.get("state", {}).get("terminated"), main.get("lastState", {}).get("terminated")
    runs = "running" in main.get("state", {})
    ended = now or last or {}
    return PodFacts(
        pod["metadata"]["name"],
        pod["spec"].get("nodeName", ""),
        ready=is_ready(pod),
        # One that waits to be started again has ended once more than it was started again.
        endings=main.get("restartCount", 0) + (0 if runs or not ended else 1),
        ended_by=ended.get("reason", ""),
    )


def address_of(pod: Json) -> str:
    """Raises HarnessError if it has none yet."""
    address = pod["status"].get("podIP")
    if not address:
        raise HarnessError(f"the pod {pod['metadata']['name']} has no address")
    return str(address)


def one_of(addresses: Iterable[str]) -> str:
    """As nftables takes them. Raises HarnessError if there is none."""
    known = sorted(set(addresses))
    if not known:
        raise HarnessError("there is no pod on the other side")
    return f"{{ {', '.join(known)} }}"


def marked(harness: str | None) -> Json:
    """A change of a node: whose it is to mend; None: nobody's any more."""
    return {"metadata": {"annotations": {HARNESS_LABEL: harness}}}


def node_of(api: KubernetesApi, name: str) -> Node:
    """Raises HarnessError if there is none of that name."""
    for node in api.nodes():
        if node.name == name:
            return node
    raise HarnessError(f"the cluster has no node {name!r} any more")


def switch_on(api: KubernetesApi, nodes: Nodes, name: str) -> None:
    """Returns when the node has said that it is ready, which Kubernetes may have believed all the time.

    Raises HarnessError if that takes too long.
    """
    last = node_of(api, name).heartbeat
    nodes.switch_on(name)

    def ready() -> bool:
        node = node_of(api, name)
        return node.ready and node.heartbeat != last

    if not until(ready, BOOT_S_MAX, POLL_S):
        raise HarnessError(f"{name} was not ready {BOOT_S_MAX:g} s after it was switched on")
    api.change_node(name, marked(None))


def mend_of_dead_harnesses(api: KubernetesApi, nodes: Nodes) -> tuple[str, ...]:
    """Undo what they did to the nodes of a cluster that is kept; returns what that was."""
    mended = list(lift_of_dead_harnesses(nodes))
    if mended:
        until(api.answers, ANSWER_S_MAX, POLL_S)
    for node in api.nodes():
        if not _is_dead(node.marks.get(HARNESS_LABEL, "")):
            continue
        if not nodes.is_on(node.name):
            switch_on(api, nodes, node.name)
        api.change_node(node.name, {**marked(None), "spec": {"unschedulable": False}})
        mended.append(f"{node.name}, which was off or cordoned")
    return tuple(mended)


def _is_dead(harness: str) -> bool:
    try:
        return not Identity.parse(harness).lives
    except ValueError:
        return False
