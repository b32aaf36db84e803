"""Whether what consumers and projections held at the end was final, or still on its way."""

from __future__ import annotations

from harness.history import History, Kind


def unsettled(history: History) -> str | None:
    """Why what was read at the end may not be final; None if it is: all caught up, or nothing moved any more."""
    waits = history.moments(Kind.QUIET)
    if not waits:
        return "nobody waited for consumers and projections to catch up"
    detail = waits[-1].detail
    if detail.get("settled", detail.get("reached")):
        return None
    return f"events were still moving when the wait of {detail.get('waited_s', '?')} s ended"
