"""What Kubernetes is told of parts."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.drivers.kubernetes.api import Json
from harness.drivers.kubernetes.pods import manifests
from harness.drivers.runtime import Address, Part, Place
from harness.servers import ENVOY, NATS

PLACE = Place(Address("0.0.0.0", 8080), Address("10.96.0.7", 8080), Address("172.18.0.2", 31000))
SHARED = Path("/tmp/run/router")
WEB = Part(
    "web-1",
    ("python", "-m", "web"),
    Path("web-1.log"),
    image="web:1.0",
    service="web",
    variables={"PORT": "8080"},
    folder="/app",
    places=(PLACE,),
    ready_path="/ready",
    grace_s=2.5,
)
ROUTER = Part("router", ("--concurrency", "1"), Path("router.log"), ENVOY, places=(PLACE,), shared=(SHARED,))


def pod(part: Part, *, given: str = "", pinned: bool = True) -> Json:
    return manifests.pod(part, "image:1", {"rollproof.run": "r"}, given=given, helper="helper:1", pinned=pinned)


def container(part: Part) -> Json:
    [only] = pod(part)["spec"]["containers"]
    return dict(only)


def test_an_instance_runs_its_command_in_its_image_and_folder() -> None:
    web = container(WEB)
    assert (web["image"], web["command"], web["workingDir"]) == ("image:1", ["python", "-m", "web"], "/app")
    assert web["env"] == [{"name": "PORT", "value": "8080"}]
    assert "args" not in web


def test_a_server_gets_arguments_behind_what_its_image_starts_with() -> None:
    assert container(ROUTER)["args"] == ["envoy", "--concurrency", "1"]
    nats = Part("nats", ("--config", "nats.conf"), Path("nats.log"), NATS)
    assert container(nats)["args"] == ["--config", "nats.conf"]
    assert "command" not in container(nats)


def test_a_pod_is_started_once_and_knows_nothing_of_the_cluster() -> None:
    spec = pod(WEB)["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


def test_the_grace_is_the_services_rounded_up() -> None:
    assert pod(WEB)["spec"]["terminationGracePeriodSeconds"] == 3


def test_kubernetes_asks_for_readiness_as_the_harness_does() -> None:
    assert container(WEB)["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8080}
    assert "readinessProbe" not in container(ROUTER)


def test_no_instance_may_be_root() -> None:
    security = container(WEB)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_labels_are_the_runs_and_lead_the_service_to_its_pod() -> None:
    labels = pod(WEB)["metadata"]["labels"]
    assert labels["rollproof.run"] == "r"
    assert manifests.service("web-1", 1)["spec"]["selector"].items() <= labels.items()


def test_servers_stay_on_the_nodes_for_servers_and_instances_do_not() -> None:
    assert pod(ROUTER)["spec"]["nodeSelector"] == {manifests.SERVERS_NODE: "true"}
    assert "nodeSelector" not in pod(WEB)["spec"]
    assert "tolerations" not in pod(WEB)["spec"]


def test_where_no_nodes_are_for_servers_they_run_anywhere() -> None:
    assert "nodeSelector" not in pod(ROUTER, pinned=False)["spec"]


def test_instances_of_one_service_spread_over_the_nodes_whatever_others_there_are() -> None:
    [spread] = pod(WEB)["spec"]["topologySpreadConstraints"]
    counted = spread["labelSelector"]["matchLabels"].items()
    assert counted <= pod(replace(WEB, name="web-2"))["metadata"]["labels"].items()
    assert not counted <= pod(replace(WEB, name="worker-1", service="worker"))["metadata"]["labels"].items()


def test_files_that_are_given_are_copied_to_where_they_can_be_replaced() -> None:
    spec = pod(ROUTER, given="router-abc")["spec"]
    [copying] = spec["initContainers"]
    assert copying["image"] == "helper:1"
    assert copying["command"][-2:] == [manifests.GIVEN, str(SHARED)]
    shared = {"name": "shared-0", "mountPath": str(SHARED)}
    assert shared in copying["volumeMounts"]
    assert shared in spec["containers"][0]["volumeMounts"]
    assert {"name": "given", "configMap": {"name": "router-abc"}} in spec["volumes"]
    assert {"name": "shared-0", "emptyDir": {}} in spec["volumes"]


def test_without_files_nothing_is_copied() -> None:
    assert "initContainers" not in pod(ROUTER)["spec"]


def test_what_must_be_reached_is_tried_from_the_pod_itself() -> None:
    migration = replace(WEB, awaits=(Address("postgres", 5432), Address("10.96.0.8", 4222)))
    [awaiting] = pod(migration)["spec"]["initContainers"]
    assert awaiting["image"] == "helper:1"
    assert awaiting["command"][-2:] == ["postgres:5432", "10.96.0.8:4222"]


def test_it_is_waited_for_until_all_addresses_take_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as here, socket.socket() as there:
        there.bind(("127.0.0.1", 0))  # and refuses, as it does not listen yet
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in (here, there)]
        with subprocess.Popen(("bash", "-c", manifests.AWAIT, "await", *addresses)) as waiting:
            here.accept()[0].close()
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(0.3)
            there.listen()
            assert waiting.wait(10) == 0


def test_a_service_has_all_ports_and_reaches_pods_that_are_not_ready() -> None:
    spec = manifests.service("links", 3)["spec"]
    assert [port["port"] for port in spec["ports"]] == [8080, 8081, 8082]
    assert len({port["name"] for port in spec["ports"]}) == 3
    assert spec["publishNotReadyAddresses"] is True


def test_a_door_is_asked_for_the_first_port_only() -> None:
    ports = manifests.service("router", 2, node_port=30080)["spec"]["ports"]
    assert [port.get("nodePort") for port in ports] == [30080, None]


def test_a_config_map_holds_files_by_their_names() -> None:
    assert manifests.config_map("router", {SHARED / "routes.json": "{}"})["data"] == {"routes.json": "{}"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web-1", "web-1"),
        ("migration-2-2.0+no-upcaster", "migration-2-2-0-no-upcaster"),
        ("Upper_Case", "upper-case"),
        ("x" * 80, "x" * 63),
    ],
)
def test_names_are_such_as_kubernetes_takes(text: str, name: str) -> None:
    assert manifests.name_of(text) == name
