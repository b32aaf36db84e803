"""Ways into a namespace from outside: for users, and for the harness's own reading of the stores."""

from __future__ import annotations

from harness.drivers.kubernetes.api import CONFLICT, INVALID, Json, Refused
from harness.drivers.kubernetes.cluster.ground import Ground
from harness.drivers.kubernetes.objects import Objects
from harness.drivers.runtime import Address


def let_users_in(objects: Objects, ground: Ground, service: Json) -> Address:
    """By a node port; by one that is open on loopback, unless other runs have taken all of these."""
    for door, address in ground.doors.items():
        try:
            objects.apply(_with_node_port(service, door))
        except Refused as error:
            if error.status not in (CONFLICT, INVALID):
                raise
        else:
            return address
    return _address(ground, objects.apply(_with_node_port(service, None)))


def let_reader_in(objects: Objects, ground: Ground, service: Json) -> Address:
    """By a Service of its own, beside what the manifests say."""
    made = objects.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{service['metadata']['name']}-reader"},
            "spec": {
                "type": "NodePort",
                "selector": service["spec"]["selector"],
                "ports": [service["spec"]["ports"][0]],
            },
        }
    )
    return _address(ground, made)


def _address(ground: Ground, service: Json) -> Address:
    return Address(ground.node_address, service["spec"]["ports"][0]["nodePort"])


def _with_node_port(service: Json, port: int | None) -> Json:
    first, *others = service["spec"]["ports"]
    chosen = {} if port is None else {"nodePort": port}
    return {**service, "spec": {**service["spec"], "type": "NodePort", "ports": [{**first, **chosen}, *others]}}
