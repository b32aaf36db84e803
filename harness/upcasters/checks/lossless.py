"""What is raised and given back is what it was, where there is a downcaster."""

from __future__ import annotations

from harness.upcasters.checks.findings import evidence, failed, same, shown
from harness.upcasters.observations import Journey, Observations, Purpose
from harness.verdict import Cell, Status, Verdict

NAME = "lossless"


def lossless(seen: Observations) -> Verdict | None:
    """None without a downcaster: then nothing is claimed."""
    downcasters = [step for step in seen.catalog.steps if step.down]
    if not downcasters:
        return None
    returned = [each for each in seen.journeys if each.purpose is Purpose.RETURN and each.is_complete]
    figures: dict[str, Cell] = {"downcasters": len(downcasters), "events": len(returned)}
    lost = [
        (journey.way[-1].told, journey.event.position, shown(_before(journey)), shown(journey.final))
        for journey in returned
        if not same(_before(journey), journey.final)
    ]
    if lost:
        step, position, _, _ = lost[0]
        found = evidence("events that came back otherwise", ("downcaster", "event", "before", "after"), lost)
        return failed(NAME, f"{step} does not give back the event at {position} as it was.", found, figures)
    tried = {journey.way[-1] for journey in returned}
    left = [step for step in downcasters if step not in tried]
    if left:
        return Verdict(NAME, Status.UNKNOWN, f"There was no event to try {left[0].told} on.", figures)
    return Verdict(NAME, Status.PASS, f"{len(returned)} events came back as they were.", figures)


def _before(journey: Journey) -> object:
    """The data when they were of the version that they came back to."""
    return next(data for version, data in journey.states() if version == journey.way[-1].target)
