"""What a server's proxies have carried, as Prometheus reads it, under toxiproxy's names and some of our own."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness.toxics.proxy import Proxy

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"


def render(proxies: Iterable[Proxy], runtime: bool) -> str:
    lines = [*_of_proxies(tuple(proxies)), *(_of_this_process() if runtime else ())]
    return "".join(f"{line}\n" for line in lines)


def _of_proxies(proxies: tuple[Proxy, ...]) -> Iterator[str]:
    for word in ("received", "sent"):
        samples = [
            (_labels(proxy, direction), getattr(counter, word))
            for proxy in proxies
            for direction, counter in proxy.counters.items()
        ]
        yield from _family(f"toxiproxy_proxy_{word}_bytes_total", "counter", samples)
    own: tuple[tuple[str, str, Callable[[Proxy], int]], ...] = (
        ("toxiproxy_proxy_connections_total", "counter", lambda proxy: proxy.accepted),
        ("toxiproxy_proxy_open_connections", "gauge", lambda proxy: proxy.open_connections),
    )
    for name, kind, value in own:
        yield from _family(name, kind, [(_labels(proxy), value(proxy)) for proxy in proxies])


def _of_this_process() -> Iterator[str]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    yield from _family("process_cpu_seconds_total", "counter", [("", usage.ru_utime + usage.ru_stime)])
    yield from _family("process_open_fds", "gauge", [("", len(os.listdir("/proc/self/fd")) - 1)])
    yield from _family("process_resident_memory_bytes", "gauge", [("", pages * resource.getpagesize())])


def _labels(proxy: Proxy, direction: str = "") -> str:
    labels = {"direction": direction, "listener": proxy.listen, "proxy": proxy.name, "upstream": proxy.upstream}
    pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items() if value)
    return f"{{{pairs}}}"


def _family(name: str, kind: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield from (f"{name}{labels} {value:.12g}" for labels, value in samples)
