"""Every line of the recorded events could be read."""

from __future__ import annotations

from harness.upcasters.checks.findings import evidence
from harness.upcasters.observations import Observations
from harness.verdict import Status, Verdict

NAME = "recorded"


def recorded(seen: Observations) -> Verdict | None:
    """None if none was broken; the lines that are not are judged by the other checks."""
    if not seen.broken:
        return None
    first = seen.broken[0]
    records = [(line.position, line.reason) for line in seen.broken]
    found = evidence("broken lines", ("line", "why"), records)
    reason = f"{len(seen.broken)} lines could not be read, the first at {first.position}: {first.reason}."
    return Verdict(NAME, Status.UNKNOWN, reason, {"broken_lines": len(seen.broken)}, (found,))
