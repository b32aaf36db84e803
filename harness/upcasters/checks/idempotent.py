"""An event that is of the newest version already stays as it is, however often it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from harness.upcasters.checks.findings import evidence, failed, same, shown
from harness.upcasters.observations import Loading, Newness, Observations
from harness.verdict import Cell, Status, Verdict

NAME = "idempotent"


def idempotent(seen: Observations) -> Verdict:
    """A normaliser of the newest version may change an event once, and not again."""
    loadings = [each for each in seen.loadings if each.newness is Newness.NEWEST]
    figures: dict[str, Cell] = {"events": len(loadings)}
    problems = [problem for each in loadings for problem in _problems(seen, each)]
    if problems:
        position, problem, _, _ = problems[0]
        found = evidence("events that do not stay", ("event", "problem", "before", "after"), problems)
        return failed(NAME, f"The event at {position}, which is of the newest version, {problem}.", found, figures)
    loaded = {each.event.event_type for each in loadings}
    left = [each for each in seen.versions if each.event_type not in loaded and len(each.stored) > 1]
    if left or not loadings:
        which = f" of {left[0].event_type} {left[0].newest}" if left else " of a newest version"
        return Verdict(NAME, Status.UNKNOWN, f"There was no event{which} to load.", figures)
    return Verdict(NAME, Status.PASS, f"{len(loadings)} events of the newest version stayed as they were.", figures)


def _problems(seen: Observations, loading: Loading) -> Iterator[tuple[Cell, ...]]:
    event = loading.event
    if loading.refusal:
        yield event.position, f"is refused: {loading.refusal}", shown(event.data), ""
    elif not same(loading.state, loading.state_again):
        yield event.position, "changes when it is loaded again", shown(loading.state), shown(loading.state_again)
    elif not same(loading.given, loading.state) and not seen.catalog.normaliser(event.event_type, event.version):
        yield event.position, "is changed by being loaded", shown(loading.given), shown(loading.state)
