"""Load from pods of a real cluster: two workers, whose users enter as they do from outside."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from harness.drivers.containers.engine import connect
from harness.drivers.kubernetes.cluster.ground import open_ground
from harness.drivers.kubernetes.load.image import get_load_image
from harness.drivers.kubernetes.load.job import INDEX
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.kubernetes.pods.driver import open_runtime
from harness.drivers.kubernetes.pods.manifests import SERVERS_NODE
from harness.drivers.kubernetes.pods.runtime import PodRuntime
from harness.environment import Headers
from harness.history import History, Kind
from harness.load.cluster import ClusterLoad, start_load_in
from harness.load.records import Outcome
from harness.load.remote import WorkerLost
from harness.protocols.load import LoadPost
from harness.runner import open_session
from harness.scenario import Load, LoadWhere, Scenario
from harness.scenario_file import Overrides, read_scenario
from harness.verdict import Status
from harness.waiting import until
from tests.integration.echo import ECHO
from tests.integration.echo.running import get, workspace

pytestmark = [pytest.mark.kind, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
SECOND_NS = 1_000_000_000
SHOP = "shop"
UP_S_MAX = 60.0
SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Shop(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, wbufsize = "HTTP/1.1", True, -1
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_): ...
ThreadingHTTPServer(("", 8080), Shop).serve_forever()
"""
LOCUSTFILE = """
from harness.load.open_loop import OpenLoopUser, operation

class Visitor(OpenLoopUser):
    @operation()
    def look(self):
        self.request("GET", "/")
"""


@dataclass
class Place:
    """See protocols.LoadPlace: a pod that answers, behind a Service."""

    runtime: PodRuntime
    logs: Path

    def entrance(self) -> str:
        return self.runtime.load.entrance(SHOP)

    def load_workers(self, files: Mapping[str, str], workers: int) -> AbstractContextManager[Sequence[LoadPost]]:
        return self.runtime.load.run(files, workers)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with workspace() as space, closing(connect()) as engine, open_ground(engine, ECHO, space) as opened:
        ground = opened.when_ready()
        image = get_load_image(ground, space)
        with open_runtime(ground, space) as runtime:
            objects = Objects(runtime.namespace)
            container = {"name": "main", "image": image, "command": ["python", "-c", SERVER]}
            spec = {
                "containers": [{**container, "imagePullPolicy": "IfNotPresent"}],
                "terminationGracePeriodSeconds": 0,
                "nodeSelector": {SERVERS_NODE: "true"},
                "tolerations": [{"operator": "Exists"}],
            }
            labels = {"app": SHOP}
            objects.apply(
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": SHOP, "labels": labels}, "spec": spec}
            )
            service = {"type": "NodePort", "selector": labels, "ports": [{"port": 8080}]}
            objects.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": SHOP}, "spec": service})
            place = Place(runtime, space.logs)
            assert until(lambda: answers(place.entrance()), UP_S_MAX)
            yield place


def answers(url: str) -> bool:
    try:
        return get(url, "/").status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def loading(place: Place, folder: Path) -> Iterator[ClusterLoad]:
    locustfile = folder / "locustfile.py"
    locustfile.write_text(dedent(LOCUSTFILE))
    load = Load(locustfile, "Visitor", 100, users=16, workers=2, where=LoadWhere.CLUSTER)
    with start_load_in(place, load, folder, folder, seed=3, headers=Headers(), writes=()) as running:
        running.prepare(place.entrance())
        yield running


def test_two_pods_are_one_load_on_one_clock(place: Place, tmp_path: Path) -> None:
    with loading(place, tmp_path) as running:
        origin_ns = running.begin()
        running.end(origin_ns + 3 * SECOND_NS)
        accounts, requests = running.accounts(), running.records().all()
    assert [account.trouble for account in accounts] == ["", ""]
    for account in accounts:
        assert abs(account.offset_ns) <= account.bound_ns, (
            "the nodes are containers of this machine: its clock is theirs"
        )
    assert len(requests) == sum(account.requests for account in accounts)
    assert len(np.unique(requests["session"])) == 16
    assert 200 < len(requests) < 400
    served = np.count_nonzero(requests["outcome"] == Outcome.OK)
    assert served > 0.9 * len(requests)
    assert np.all((requests["scheduled_ns"] >= origin_ns - 10**8) & (requests["done_ns"] < origin_ns + 20 * SECOND_NS))


def test_a_worker_whose_pod_is_gone_is_missed_with_what_kubernetes_says(place: Place, tmp_path: Path) -> None:
    namespace = place.runtime.namespace
    with loading(place, tmp_path) as running:
        running.begin()
        for pod in namespace.pods({INDEX: "1"}):
            namespace.delete_pod(pod["metadata"]["name"], grace_s=0)
        with pytest.raises(WorkerLost, match="load-1"):
            missed(running)
        running.kill()
        assert not all(account.whole for account in running.accounts())


def missed(running: ClusterLoad) -> None:
    """Look after the load, as a run does, until something is wrong with it."""
    never = threading.Event()
    for _ in range(600):
        running.check()
        never.wait(0.1)


def test_nothing_of_the_load_is_left_in_the_namespace(place: Place, tmp_path: Path) -> None:
    objects = Objects(place.runtime.namespace)
    assert not objects.all("Job")
    assert not [found for found in objects.all("Secret") if found["metadata"]["name"].startswith("load-")]
    assert [found["metadata"]["name"] for found in objects.all("Service")] == [SHOP]


def from_the_cluster(file: str) -> Scenario:
    scenario = read_scenario(ROOT / "scenarios" / file, Overrides())
    load = replace(scenario.load, workers=2, where=LoadWhere.CLUSTER)
    return replace(scenario, load=load)


def test_a_deployment_by_kubernetes_is_judged_under_load_of_the_cluster(tmp_path: Path) -> None:
    """Users come by the Service, so that kube-proxy's draining of connections is part of what is judged."""
    scenario = from_the_cluster("kubernetes/kubernetes-rolling.toml")
    with open_session(tmp_path) as session:
        result = session.run(scenario)
    assert result.passed, [verdict.reason for verdict in result.verdicts if verdict.status is not Status.PASS]
    with History.load(result.folder / "history") as history:
        workers = history.moments(Kind.WORKER)
        assert len(workers) == 2
        [(rows, sessions)] = history.query("SELECT count(*), count(DISTINCT session) FROM requests")
        assert rows == sum(int(worker.detail["requests"] or 0) for worker in workers)
        assert sessions == scenario.load.users
    assert "2 workers in the cluster; clocks: load-0" in (result.folder / "report.html").read_text()
