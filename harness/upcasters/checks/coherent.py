"""Where there are several ways to the newest version, they come to the same."""

from __future__ import annotations

from collections import defaultdict

from harness.upcasters.catalog import Way
from harness.upcasters.checks.findings import evidence, failed, same, shown
from harness.upcasters.observations import Journey, Observations, Purpose
from harness.verdict import Cell, Status, Verdict

NAME = "coherent"


def coherent(seen: Observations) -> Verdict:
    several = [
        (each.event_type, version)
        for each in seen.versions
        for version in each.stored
        if len(seen.catalog.ways(each.event_type, version, each.newest)) > 1
    ]
    if not several:
        return Verdict(NAME, Status.PASS, "There is one way from each version to the newest.", {"versions": 0})
    travelled: dict[tuple[str, int, str], list[Journey]] = defaultdict(list)
    for journey in seen.journeys:
        if journey.purpose is Purpose.RAISE and journey.is_complete:
            event = journey.event
            travelled[event.event_type, event.version, event.position].append(journey)
    compared = {key: journeys for key, journeys in travelled.items() if len(journeys) > 1}
    figures: dict[str, Cell] = {"versions": len(several), "events": len(compared)}
    differing = [
        (first.event.position, _told(first.way), shown(first.final), _told(other.way), shown(other.final))
        for first, *others in compared.values()
        for other in others
        if not same(first.final, other.final)
    ]
    if differing:
        position, one, _, another, _ = differing[0]
        reason = f"The event at {position} comes to something else by {another} than by {one}."
        columns = ("event", "one way", "comes to", "another", "comes to that")
        return failed(NAME, reason, evidence("ways that differ", columns, differing), figures)
    left = [key for key in several if key not in {(event_type, version) for event_type, version, _ in compared}]
    if left:
        event_type, version = left[0]
        reason = f"No event of {event_type} {version} went more than one of the ways that there are from it."
        return Verdict(NAME, Status.UNKNOWN, reason, figures)
    return Verdict(NAME, Status.PASS, f"All ways come to the same, for {len(compared)} events.", figures)


def _told(way: Way) -> str:
    return " → ".join(str(version) for version in (way[0].source, *(step.target for step in way)))
