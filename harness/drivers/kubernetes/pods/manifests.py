"""What Kubernetes is told: objects as pure functions of the parts that are to run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from harness.drivers.kubernetes.api import CONTAINER, Json
from harness.drivers.runtime import Part

PART = "rollproof.part"
"""Label of the pods of a part, by which its service finds them."""
SERVICE = "rollproof.service"
"""Label of the pods of a service's instances, which are spread over the nodes."""
ROLE = "rollproof.role"
SERVER, INSTANCE = "server", "instance"
SERVERS_NODE = "rollproof.servers"
"""Label of the nodes for servers. Where a cluster has any, all others can be broken without breaking a server."""
LABELS_MAX = 63
PORT = 8080
"""The first of a part's ports; each pod has all ports for itself."""
REQUESTS = {"cpu": "50m", "memory": "64Mi"}
LIMITS = {"memory": "1Gi"}
"""No limit of CPU: what is throttled looks slow, and the load would tell of the limit instead of the service."""
PROBE_S = 2
GIVEN = "/given"
COPY = 'for file in "$0"/*; do cp -L "$file" "$1"; done'
"""From a config map, whose files are links and cannot be replaced, into a folder that can be written to."""
AWAIT = """for at; do
  until timeout 1 bash -c 'exec 3<>"/dev/tcp/${0%:*}/${0##*:}"' "$at" 2>/dev/null; do sleep 0.1; done
done"""
"""Until each address, as host:port, takes a connection."""


def name_of(text: str) -> str:
    """As Kubernetes lets things be called."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LABELS_MAX]


def service(name: str, count: int, *, node_port: int | None = None) -> Json:
    """An address for life for the part of that name, with that many ports; `node_port` is asked for the first.

    The pod is reached even while it is not ready: whether it gets requests is the router's to say, and whether it is
    ready the harness's to ask.
    """
    ports: list[Json] = [{"name": f"p{port}", "port": port} for port in range(PORT, PORT + count)]
    if node_port is not None:
        ports[0]["nodePort"] = node_port
    return {
        "metadata": {"name": name_of(name)},
        "spec": {
            "type": "NodePort",
            "selector": {PART: name_of(name)},
            "publishNotReadyAddresses": True,
            "ports": ports,
        },
    }


def config_map(name: str, texts: Mapping[Path, str]) -> Json:
    return {
        "metadata": {"generateName": f"{name_of(name)}-"},
        "data": {file.name: text for file, text in texts.items()},
    }


def pod(part: Part, image: str, labels: Mapping[str, str], *, given: str = "", helper: str, pinned: bool) -> Json:
    """A pod that runs the part once. `given` is the config map of the files that it finds in its shared folder, which
    the image `helper` has the tools to copy. A server is `pinned` where there are nodes for servers."""
    role = SERVER if part.server else INSTANCE
    own = {**labels, PART: name_of(part.name), SERVICE: name_of(part.service), ROLE: role}
    spec: Json = {
        "containers": [_container(part, image)],
        "restartPolicy": "Never",  # who was killed stays dead until it is revived
        "terminationGracePeriodSeconds": math.ceil(part.grace_s),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "volumes": [{"name": f"shared-{number}", "emptyDir": {}} for number in range(len(part.shared))],
        **(_on_the_servers_nodes() if pinned and part.server else _spread(part)),
    }
    if given:
        spec["volumes"].append({"name": "given", "configMap": {"name": given}})
        spec["initContainers"] = [_copying(part, helper)]
    if part.awaits:
        spec["initContainers"] = [*spec.get("initContainers", ()), _awaiting(part, helper)]
    return {"metadata": {"generateName": f"{name_of(part.name)[:50]}-", "labels": own}, "spec": spec}


def _container(part: Part, image: str) -> Json:
    container: Json = {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in part.variables.items()],
        "ports": [{"containerPort": place.bind.port} for place in part.places],
        "resources": {"requests": REQUESTS, "limits": LIMITS},
        "volumeMounts": _mounts(part),
        "securityContext": _security(part),
    }
    if part.server:
        container["args"] = [*part.server.image_program, *part.argv]
    else:
        container["command"] = list(part.argv)
    if part.folder is not None:
        container["workingDir"] = part.folder
    if part.ready_path and part.places:
        container["readinessProbe"] = {
            "httpGet": {"path": part.ready_path, "port": part.places[0].bind.port},
            "periodSeconds": PROBE_S,
        }
    return container


def _copying(part: Part, helper: str) -> Json:
    return {
        "name": "files",
        "image": helper,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", COPY, GIVEN, str(part.shared[0])],
        "volumeMounts": [{"name": "given", "mountPath": GIVEN}, *_mounts(part)],
        "securityContext": {"allowPrivilegeEscalation": False},
    }


def _awaiting(part: Part, helper: str) -> Json:
    """A node learns of a Service's new endpoint some time after the API does; so this pod's own node is asked.

    Each time for a second only: a connection that began towards a pod that is gone by now stays with it.
    """
    return {
        "name": "await",
        "image": helper,
        "imagePullPolicy": "IfNotPresent",
        "command": ["bash", "-c", AWAIT, "await", *(str(address) for address in part.awaits)],
        "securityContext": {"allowPrivilegeEscalation": False},
    }


def _mounts(part: Part) -> list[Json]:
    return [{"name": f"shared-{number}", "mountPath": str(folder)} for number, folder in enumerate(part.shared)]


def _security(part: Part) -> Json:
    """Images of servers begin as root and become somebody else by themselves; those of services must not be root's."""
    if part.server:
        return {"allowPrivilegeEscalation": False}
    return {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _on_the_servers_nodes() -> Json:
    return {
        "nodeSelector": {SERVERS_NODE: "true"},
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
    }


def _spread(part: Part) -> Json:
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {SERVICE: name_of(part.service), ROLE: INSTANCE}},
            }
        ]
    }
