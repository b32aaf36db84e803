"""The network of a run: each part has an address in it for as long as the run lasts, whoever stands behind it."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Mapping
from contextlib import suppress

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig, IPAMConfig, IPAMPool

from harness.drivers.containers.engine import refusing
from harness.errors import HarnessError

ATTEMPTS_MAX = 10
FIRST_HOST = 10
"""The first few are the gateway's, and whatever else an engine keeps for itself."""


class RunNetwork:
    """A network that only its run uses. Safe to use from several threads."""

    def __init__(self, engine: docker.DockerClient, network: Network, subnet: ipaddress.IPv4Network) -> None:
        self._engine = engine
        self._network = network
        self._subnet = subnet
        self._lock = threading.Lock()
        self._addresses: dict[str, str] = {}

    @property
    def name(self) -> str:
        return str(self._network.name)

    def address(self, part: str) -> str:
        """The part's own, the same each time it is asked for."""
        with self._lock:
            if part not in self._addresses:
                host = FIRST_HOST + len(self._addresses)
                if host >= self._subnet.num_addresses - 1:
                    raise HarnessError(f"the network {self._subnet} of the run has no address left")
                self._addresses[part] = str(self._subnet[host])
            return self._addresses[part]

    def endpoint(self, part: str) -> Mapping[str, EndpointConfig]:
        """How a container of that part is to be connected."""
        version = self._engine.api.api_version
        return {self.name: EndpointConfig(version, ipv4_address=self.address(part), aliases=[part])}

    def disconnect(self, container: Container) -> None:
        self._network.disconnect(container)

    def reconnect(self, container: Container, part: str) -> None:
        """With its address, and so with the ports that it had published."""
        self._network.connect(container, ipv4_address=self.address(part), aliases=[part])


def make_network(engine: docker.DockerClient, name: str, labels: Mapping[str, str]) -> RunNetwork:
    """An engine gives addresses of one's choice only in a subnet of one's choice, but knows best which ones are free.

    So it is asked for one, and that one is chosen; as somebody else may be quicker, several times. Raises HarnessError.
    """
    with refusing("a network for the run cannot be made"):
        for _ in range(ATTEMPTS_MAX - 1):
            subnet = _free_subnet(engine, name, labels)
            with suppress(APIError):
                return RunNetwork(engine, _make(engine, name, labels, subnet), subnet)
        subnet = _free_subnet(engine, name, labels)
        return RunNetwork(engine, _make(engine, name, labels, subnet), subnet)


def _make(engine: docker.DockerClient, name: str, labels: Mapping[str, str], subnet: ipaddress.IPv4Network) -> Network:
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))])
    return engine.networks.create(name, ipam=pool, labels=dict(labels))


def _free_subnet(engine: docker.DockerClient, name: str, labels: Mapping[str, str]) -> ipaddress.IPv4Network:
    network = engine.networks.create(name, labels=dict(labels))
    try:
        network.reload()
        subnets = (ipaddress.ip_network(pool["Subnet"]) for pool in network.attrs["IPAM"]["Config"])
        return next(subnet for subnet in subnets if isinstance(subnet, ipaddress.IPv4Network))
    finally:
        network.remove()
