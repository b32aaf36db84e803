"""What Envoy is told: documents as pure functions of who is there and how traffic is to be divided.

Envoy reads them from files: one of clusters (CDS), one of the routes (RDS), and one of the endpoints of each cluster
(EDS), so that a host comes and goes without its cluster's other connections being touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from harness.drivers import envoy_faults
from harness.drivers.runtime import Address
from harness.environment import Headers, Router
from harness.protocols import RequestTrouble

Json: TypeAlias = Mapping[str, object]

CONFIRM_HOST = "confirm.rollproof"
"""Asked for this host, the listener answers with the number of the routes that its thread works by."""
ROUTES = "users"
CONNECT_S_MAX = 1.0
UPSTREAM_IDLE_S = 3
"""Below the keep-alive of usual servers (5 s), so that Envoy never reuses what a server is just closing."""
UNHEALTHY_CHECKS = 3
NO_LIMIT = 1_000_000
_TYPE = "type.googleapis.com/envoy"


@dataclass(frozen=True)
class Files:
    """Where the documents are. All in one folder, which Envoy watches for renames."""

    folder: Path

    @property
    def bootstrap(self) -> Path:
        return self.folder / "bootstrap.json"

    @property
    def clusters(self) -> Path:
        return self.folder / "clusters.json"

    @property
    def routes(self) -> Path:
        return self.folder / "routes.json"

    def endpoints(self, cluster: str) -> Path:
        return self.folder / f"endpoints-{cluster}.json"

    def source(self, path: Path) -> Json:
        return {
            "path_config_source": {"path": str(path), "watched_directory": {"path": str(self.folder)}},
            "resource_api_version": "V3",
        }


@dataclass(frozen=True)
class Pool:
    """The hosts of one version: an Envoy cluster."""

    cluster: str
    version: str
    hosts: tuple[Address, ...]


def bootstrap(files: Files, users: Address, admin: Address) -> Json:
    """One listener. Never shared: with `reuse_port`, two Envoys would silently divide a port."""
    return {
        "node": {"id": "rollproof", "cluster": "rollproof"},
        "admin": {"address": _address(admin)},
        "dynamic_resources": {"cds_config": files.source(files.clusters)},
        "static_resources": {
            "listeners": [
                {
                    "name": "users",
                    "address": _address(users),
                    "enable_reuse_port": False,
                    "tcp_backlog_size": 1024,
                    "filter_chains": [{"filters": [_http(files)]}],
                }
            ]
        },
    }


def _http(files: Files) -> Json:
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "users",
            "codec_type": "HTTP1",
            "server_header_transformation": "PASS_THROUGH",
            "rds": {"route_config_name": ROUTES, "config_source": files.source(files.routes)},
            "access_log": [_failures()],
            "http_filters": [
                *envoy_faults.filters(),
                {
                    "name": "router",
                    "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
                },
            ],
        },
    }


def _failures() -> Json:
    """A line for each request that Envoy could not serve, with its reason: what a person asks for after a red run."""
    return {
        "name": "failures",
        "filter": {"response_flag_filter": {}},
        "typed_config": {
            "@type": f"{_TYPE}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": "/dev/stdout",
            "log_format": {
                "text_format_source": {
                    "inline_string": "%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% "
                    "%RESPONSE_CODE_DETAILS% %UPSTREAM_CLUSTER% %UPSTREAM_HOST% %DURATION%ms\n"
                }
            },
        },
    }


def clusters(files: Files, number: int, pools: Sequence[Pool], ready_path: str, router: Router) -> Json:
    return _document(number, [_cluster(files, pool, ready_path, router) for pool in pools])


def _cluster(files: Files, pool: Pool, ready_path: str, router: Router) -> Json:
    return {
        "@type": f"{_TYPE}.config.cluster.v3.Cluster",
        "name": pool.cluster,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": files.source(files.endpoints(pool.cluster))},
        "connect_timeout": _seconds(CONNECT_S_MAX),
        "lb_policy": "ROUND_ROBIN",
        # By default Envoy would send to hosts that it knows to be down as soon as half of them are, which two of three
        # instances soon are. Kubernetes never does: an instance that is not ready gets nothing, however few are left.
        # And by default it tells the listener's thread of health at most once a second, so that a new host, though
        # known to be healthy, could be missing for that long.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": _seconds(0)},
        # A host that is taken out is out, even while it still answers its health checks.
        "ignore_health_on_host_removal": True,
        "health_checks": [_health_check(ready_path, router)],
        "outlier_detection": _outlier_detection(),
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": NO_LIMIT,
                    "max_pending_requests": NO_LIMIT,
                    "max_requests": NO_LIMIT,
                    "max_retries": NO_LIMIT,
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": _seconds(UPSTREAM_IDLE_S)},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def _health_check(ready_path: str, router: Router) -> Json:
    """Out after three checks in a row that failed, as Kubernetes has it by default; in after one.

    Without `retriable_statuses` one answer that it is not ready would do, though the service was only slow for once.
    """
    return {
        "timeout": _seconds(router.health_timeout_s),
        "interval": _seconds(router.health_interval_s),
        "no_traffic_interval": _seconds(router.health_interval_s),
        "unhealthy_threshold": UNHEALTHY_CHECKS,
        "healthy_threshold": 1,
        "http_health_check": {
            "path": ready_path,
            "host": "router",
            "retriable_statuses": [{"start": 300, "end": 600}],
        },
    }


def _outlier_detection() -> Json:
    """A host that cannot be reached is out before a health check tells, and back when one does.

    Only for failures that Envoy itself met: what a service answers, however bad, is for the checkers to see, so it is
    not routed around.
    """
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 2,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "max_ejection_percent": 100,
        "interval": "0.1s",
        "base_ejection_time": "1s",
        "max_ejection_time": "1s",
    }


def endpoints(number: int, pool: Pool) -> Json:
    hosts = [{"endpoint": {"address": _address(host)}} for host in pool.hosts]
    assignment = {
        "@type": f"{_TYPE}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": pool.cluster,
        "endpoints": [{"lb_endpoints": hosts}],
    }
    return _document(number, [assignment])


def routes(
    number: int,
    weights: Mapping[Pool, int],
    router: Router,
    headers: Headers,
    troubles: Sequence[RequestTrouble] = (),
) -> Json:
    """All traffic divided by `weights`; refused with 503 where none has any."""
    everywhere = envoy_faults.overrides(troubles, "")
    configuration = {
        "@type": f"{_TYPE}.config.route.v3.RouteConfiguration",
        "name": ROUTES,
        "virtual_hosts": [
            {
                "name": "confirm",
                "domains": [CONFIRM_HOST],
                "routes": [
                    {
                        "match": {"prefix": "/"},
                        "direct_response": {"status": 200, "body": {"inline_string": str(number)}},
                    }
                ],
            },
            {
                "name": "users",
                "domains": ["*"],
                "include_attempt_count_in_response": True,
                "routes": [{"match": {"prefix": "/"}, **_action(weights, router, headers, troubles), **everywhere}],
            },
        ],
    }
    return _document(number, [configuration])


def _action(weights: Mapping[Pool, int], router: Router, headers: Headers, troubles: Sequence[RequestTrouble]) -> Json:
    weighted = [_weighted(pool, weight, headers, troubles) for pool, weight in weights.items() if weight]
    if not weighted:
        return {"direct_response": {"status": 503, "body": {"inline_string": "no version has any traffic"}}}
    action: dict[str, object] = {
        "weighted_clusters": {"clusters": weighted},
        "timeout": _seconds(router.request_timeout_s),
    }
    if router.retry_on:
        action["retry_policy"] = {"retry_on": router.retry_on, "num_retries": router.retries}
    return {"route": action}


def _weighted(pool: Pool, weight: int, headers: Headers, troubles: Sequence[RequestTrouble]) -> Json:
    """An answer that Envoy itself gives for a version (none of its hosts is healthy, …) is marked as that version's."""
    return {
        "name": pool.cluster,
        "weight": weight,
        "response_headers_to_add": [
            {"header": {"key": headers.version, "value": pool.version}, "append_action": "ADD_IF_ABSENT"}
        ],
        **envoy_faults.overrides(troubles, pool.version),
    }


def _document(number: int, resources: Sequence[Json]) -> Json:
    return {"version_info": str(number), "resources": list(resources)}


def _address(address: Address) -> Json:
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _seconds(seconds: float) -> str:
    """A protobuf duration."""
    return f"{seconds:.6f}s"
