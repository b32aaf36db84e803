"""Prometheus metrics of a service instance."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    def __init__(self, leading: Callable[[], bool], ready: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ledger_requests", "Requests answered.", ["operation", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "ledger_request_seconds",
            "Time to answer.",
            ["operation"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        relay = Gauge("ledger_relay_leading", "1 where this instance publishes the outbox.", registry=self._registry)
        relay.set_function(lambda: float(leading()))
        readiness = Gauge("ledger_ready", "1 while this instance is ready.", registry=self._registry)
        readiness.set_function(lambda: float(ready()))

    def observe(self, operation: str, status: int, seconds: float) -> None:
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)
