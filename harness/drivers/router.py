"""The router: an Envoy that is steered by files, and believed only when it confirms."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.drivers import envoy_config
from harness.drivers.envoy_config import CONFIRM_HOST, Files, Json, Pool
from harness.drivers.envoy_faults import ACTIVE, COUNTERS, REQUESTS
from harness.drivers.parts import await_up, stop, tail
from harness.drivers.runtime import Address, Part, PartProcess, Runtime
from harness.environment import Environment
from harness.errors import HarnessError
from harness.protocols import Breakage, Meddling, RequestTrouble, Workspace
from harness.servers import ENVOY
from harness.waiting import until

START_S_MAX = 30.0
STOP_S_MAX = 5.0
ADMIN_S_MAX = 5.0
CONFIRM_S_MAX = 10.0
CONFIRM_POLL_S = 0.003


class Health(Enum):
    """What Envoy knows of a host."""

    UNCHECKED = "unchecked"
    BAD = "bad"
    GOOD = "good"


class EnvoyRouter:
    """Divides the users' requests over versions. Safe to use from several threads: one change after the other.

    A change is confirmed in two steps. Envoy's main thread shows that it holds the new hosts, each checked for its
    health at least once, so that none gets traffic blindly, or is kept from it because it is new. Then the listener's
    own thread, which takes changes in their order, answers with the number of the routes that were written last.
    """

    def __init__(self, environment: Environment, workspace: Workspace, runtime: Runtime) -> None:
        self._environment = environment
        self._runtime = runtime
        self._files = Files(runtime.scratch / "router")
        self._log = workspace.logs / "router.log"
        self._users, self._admin = runtime.places("router", 2)
        self._lock = threading.RLock()
        self._number = 0
        self._generation = 0
        self._pools: Mapping[str, Pool] = {}
        self._weights: Mapping[str, int] = {}
        self._troubles: dict[Breakage, RequestTrouble] = {}
        self._process: PartProcess | None = None

    @property
    def url(self) -> str:
        return f"http://{self._users.outside}"

    def start(self) -> PartProcess:
        self._write(self._files.bootstrap, envoy_config.bootstrap(self._files, self._users.bind, self._admin.bind))
        self._write_clusters({})
        self._write_routes()
        argv = (
            *("--config-path", str(self._files.bootstrap)),
            *("--concurrency", "1"),  # one thread serves all, so its answer confirms for all
            "--disable-hot-restart",  # no shared memory, no base id to clash with another Envoy's
            *("--log-level", "warning"),
            *("--file-flush-interval-msec", "200"),
        )
        part = Part(
            "router",
            argv,
            self._log,
            server=ENVOY,
            places=(self._users, self._admin),
            shared=(self._files.folder,),
        )
        self._process = self._runtime.spawn(part)
        return self._process

    def await_up(self) -> None:
        """Raises StartFailed, e.g. because the port is in use."""
        assert self._process is not None
        await_up(self._process, self._listens, START_S_MAX, self._log)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, STOP_S_MAX)

    def reset(self) -> None:
        """Forget all versions and their counts, and all trouble: nothing is routed."""
        with self._lock:
            self._generation += 1
            self._troubles.clear()
            self._apply({}, {})

    def route(self, weights: Mapping[str, int], hosts: Mapping[str, tuple[Address, ...]]) -> None:
        """Divide traffic by `weights`, over the `hosts` of each version; returns when that is in force.

        Versions without a weight keep their hosts and get nothing. Raises HarnessError if Envoy rejects it.
        """
        if any(weight < 0 for weight in weights.values()):
            raise HarnessError(f"a weight cannot be negative: {dict(weights)}")
        with self._lock:
            versions = {**self._pools, **hosts, **weights}
            pools = {version: self._pool(version, hosts.get(version, ())) for version in versions}
            self._apply(pools, weights)

    def take_out(self, version: str, host: Address) -> None:
        """That host gets no more requests; returns when that is in force. What it is working on goes on."""
        with self._lock:
            pool = self._pools.get(version)
            if pool is None or host not in pool.hosts:
                return
            left = replace(pool, hosts=tuple(other for other in pool.hosts if other != host))
            self._apply({**self._pools, version: left}, self._weights)

    def break_requests(self, trouble: RequestTrouble) -> None:
        """See protocols.Meddlesome."""
        with self._lock:
            if trouble.way in self._troubles:
                raise HarnessError(f"the router has a trouble of the kind {trouble.way} already")
            self._troubles[trouble.way] = trouble
            try:
                self._write_routes_and_confirm()
            except HarnessError:
                del self._troubles[trouble.way]
                raise

    def spare_requests(self, way: Breakage) -> None:
        with self._lock:
            if self._troubles.pop(way, None):
                self._write_routes_and_confirm()

    def meddling(self, way: Breakage) -> Meddling:
        counts = self._stats(r"^http\.users\.(fault\.|downstream_rq_total$)")
        numbers = (counts.get(name, 0) for name in (COUNTERS[way], ACTIVE, REQUESTS))
        return Meddling(*numbers)

    def observed_split(self) -> Mapping[str, int]:
        """Requests sent to each version since the last `reset`, by Envoy's counters."""
        with self._lock:
            pools = dict(self._pools)
        counts = self._stats(r"^cluster\..*\.upstream_rq_total$")
        return {version: counts.get(f"cluster.{pool.cluster}.upstream_rq_total", 0) for version, pool in pools.items()}

    def _pool(self, version: str, hosts: tuple[Address, ...]) -> Pool:
        # The generation keeps apart what an earlier system's version of that name has counted.
        return Pool(f"{version}@{self._generation}", version, hosts)

    def _apply(self, pools: Mapping[str, Pool], weights: Mapping[str, int]) -> None:
        """New hosts first, then the weights, then what is not needed any more: no route ever leads nowhere."""
        rejected = self._rejections()
        before, self._pools, self._weights = self._pools, pools, weights
        for version, pool in pools.items():
            if before.get(version) != pool:
                self._write(self._files.endpoints(pool.cluster), envoy_config.endpoints(self._next(), pool))
        if pools.keys() - before.keys():
            self._write_clusters({**before, **pools})
        self._confirm(self._holds_hosts, rejected)
        self._await_new_hosts(before)
        self._write_routes_and_confirm(rejected)
        if before.keys() - pools.keys():
            self._write_clusters(pools)

    def _write_clusters(self, pools: Mapping[str, Pool]) -> None:
        ready_path, router = self._environment.routed.ready_path, self._environment.router
        clusters = envoy_config.clusters(self._files, self._next(), tuple(pools.values()), ready_path, router)
        self._write(self._files.clusters, clusters)

    def _write_routes_and_confirm(self, rejected: int | None = None) -> None:
        """`rejected` is how often Envoy had rejected something before all of this began; None: this is all."""
        rejected = self._rejections() if rejected is None else rejected
        self._write_routes()
        self._confirm(self._routes_are_in_force, rejected)

    def _write_routes(self) -> None:
        weights = {self._pools[version]: weight for version, weight in self._weights.items()}
        environment = self._environment
        troubles = tuple(self._troubles.values())
        routes = envoy_config.routes(self._next(), weights, environment.router, environment.headers, troubles)
        self._write(self._files.routes, routes)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _write(self, file: Path, document: Json) -> None:
        self._runtime.write(file, json.dumps(document))

    def _confirm(self, confirmed: Callable[[], bool], rejected: int) -> None:
        """Wait until `confirmed`. Raises HarnessError if Envoy rejects something instead, or says nothing."""
        until(lambda: confirmed() or self._rejections() > rejected, CONFIRM_S_MAX, CONFIRM_POLL_S)
        if self._rejections() > rejected:
            raise HarnessError(f"the router rejected its new configuration{tail(self._log)}")
        if not confirmed():
            raise HarnessError(f"the router did not confirm within {CONFIRM_S_MAX:g} s{tail(self._log)}")

    def _holds_hosts(self) -> bool:
        """Whether Envoy has exactly the hosts that it was told of, and has checked each of them at least once."""
        hosts = self._hosts()
        return all(
            hosts.get(pool.cluster, {}).keys() == set(pool.hosts)
            and Health.UNCHECKED not in hosts[pool.cluster].values()
            for pool in self._pools.values()
        )

    def _await_new_hosts(self, before: Mapping[str, Pool]) -> None:
        """Give hosts that failed their first check, perhaps by the machine's fault, another; then take it as it is."""
        new = [
            (pool.cluster, host)
            for version, pool in self._pools.items()
            for host in pool.hosts
            if version not in before or host not in before[version].hosts
        ]

        def all_are_good() -> bool:
            hosts = self._hosts()
            return all(hosts[cluster][host] is Health.GOOD for cluster, host in new)

        router = self._environment.router
        if new:
            until(all_are_good, router.health_timeout_s + 2 * router.health_interval_s, CONFIRM_POLL_S)

    def _hosts(self) -> Mapping[str, Mapping[Address, Health]]:
        """The health of each host in each cluster that takes traffic."""
        clusters = self._ask("/clusters?format=json").get("cluster_statuses", ())
        return {
            cluster["name"]: {
                _address(host["address"]["socket_address"]): _health(host["health_status"])
                for host in cluster.get("host_statuses", ())
            }
            for cluster in clusters
        }

    def _routes_are_in_force(self) -> bool:
        with closing(_connection(self._users.outside)) as connection:
            connection.request("GET", "/", headers={"Host": CONFIRM_HOST})
            return connection.getresponse().read() == str(self._number).encode()

    def _listens(self) -> bool:
        try:
            return self._routes_are_in_force()
        except (OSError, http.client.HTTPException):
            return False

    def _rejections(self) -> int:
        return sum(self._stats(r"\.update_(rejected|failure)$").values())

    def _stats(self, pattern: str) -> Mapping[str, int]:
        stats = self._ask(f"/stats?format=json&filter={quote(pattern)}")["stats"]
        return {stat["name"]: stat["value"] for stat in stats if "name" in stat}

    def _ask(self, path: str) -> Any:
        with closing(_connection(self._admin.outside)) as connection:
            try:
                connection.request("GET", path)
                return json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException) as error:
                raise HarnessError(f"the router does not answer: {error!r}{tail(self._log)}") from error


def _connection(address: Address) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address.host, address.port, timeout=ADMIN_S_MAX)


def _address(socket_address: Mapping[str, Any]) -> Address:
    return Address(socket_address["address"], socket_address["port_value"])


def _health(status: Mapping[str, Any]) -> Health:
    if status.get("pending_active_hc", False):
        return Health.UNCHECKED
    bad = status.get("failed_active_health_check", False) or status.get("failed_outlier_check", False)
    return Health.BAD if bad else Health.GOOD
