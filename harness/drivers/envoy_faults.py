"""What Envoy is told so that it breaks requests: its fault filter, once for each way, quiet until a route says more.

A trouble of one version is said at that version's weight, so that only requests it was chosen for are met; any other is
said at the route.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from harness.protocols import Breakage, RequestTrouble

Json: TypeAlias = Mapping[str, object]

FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
COUNTERS: Mapping[Breakage, str] = {
    Breakage.DELAY: "http.users.fault.delays_injected",
    Breakage.ABORT: "http.users.fault.aborts_injected",
}
"""Of the listener `users`; there is one a way, so that only one trouble of each can be told from others."""
ACTIVE = "http.users.fault.active_faults"
REQUESTS = "http.users.downstream_rq_total"


def filters() -> list[Json]:
    """A request is delayed before it is aborted."""
    return [{"name": _filter(way), "typed_config": {"@type": FAULT}} for way in (Breakage.DELAY, Breakage.ABORT)]


def overrides(troubles: Iterable[RequestTrouble], version: str) -> Json:
    """For a route ("" as version), or for the weight of a version: what is to be merged into it."""
    configured = {_filter(each.way): _fault(each) for each in troubles if each.version == version}
    return {"typed_per_filter_config": configured} if configured else {}


def _filter(way: Breakage) -> str:
    return f"fault-{way}"


def _fault(trouble: RequestTrouble) -> Json:
    share = {"percentage": {"numerator": round(trouble.share * 1_000_000), "denominator": "MILLION"}}
    if trouble.way is Breakage.ABORT:
        fault: dict[str, object] = {"abort": {"http_status": trouble.status, **share}}
    else:
        fault = {"delay": {"fixed_delay": f"{trouble.delay_ms / 1000:.3f}s", **share}}
    matched = [{"name": name, "string_match": {"exact": value}} for name, value in trouble.headers.items()]
    if trouble.path:
        matched.append({"name": ":path", "string_match": {"prefix": trouble.path}})
    return {"@type": FAULT, **fault, **({"headers": matched} if matched else {})}
