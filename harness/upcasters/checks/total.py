"""Every stored version reaches the newest: no gap, no cycle."""

from __future__ import annotations

from collections.abc import Iterator

from harness.upcasters.catalog import Catalog
from harness.upcasters.checks.findings import evidence, failed
from harness.upcasters.observations import Observations, Versions
from harness.verdict import Status, Verdict

NAME = "total"


def total(seen: Observations) -> Verdict:
    """Needs no event: what is registered says it."""
    stored = sum(len(each.stored) for each in seen.versions)
    figures = {"event_types": len(seen.versions), "stored_versions": stored}
    if not seen.versions:
        return Verdict(NAME, Status.UNKNOWN, "Nothing is registered, and no event has more than one version.", figures)
    problems = [(each.event_type, problem) for each in seen.versions for problem in _problems(seen.catalog, each)]
    if problems:
        event_type, problem = problems[0]
        found = evidence("what stands in the way", ("type", "problem"), problems)
        return failed(NAME, f"{event_type}: {problem}.", found, figures)
    return Verdict(NAME, Status.PASS, f"All {stored} stored versions reach the newest of their type.", figures)


def _problems(catalog: Catalog, versions: Versions) -> Iterator[str]:
    event_type, newest = versions.event_type, versions.newest
    if cycle := catalog.cycle(event_type, newest):
        yield f"a cycle: {', '.join(step.told for step in cycle)}"
    for step in catalog.upcasters(event_type):
        if versions.is_declared and step.target > newest:
            yield f"{step.told} is never called: the class says that its version is {newest}"
    for version, known_from in versions.stored.items():
        if version < newest and not catalog.ways(event_type, version, newest):
            ends = _furthest(catalog, event_type, version)
            way = "no upcaster leads on from it" if ends == version else f"the upcasters from it end at version {ends}"
            yield f"version {version} ({known_from}) does not reach version {newest}: {way}"


def _furthest(catalog: Catalog, event_type: str, version: int) -> int:
    reached = {version}
    waiting = [version]
    while waiting:
        here = waiting.pop()
        further = {step.target for step in catalog.upcasters(event_type) if step.source == here} - reached
        reached |= further
        waiting += further
    return max(reached)
