"""What an upcaster makes satisfies the schema of the version that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.upcasters.checks.findings import evidence, failed, shown, untried
from harness.upcasters.observations import Journey, Newness, Observations
from harness.verdict import Cell, Status, Verdict

NAME = "valid"


def valid(seen: Observations) -> Verdict:
    """Where there is no schema, a class that declares its attributes is one: each has to be there.

    A stored event that does not satisfy the schema of its own version is set aside: no upcaster is to blame for it.
    """
    judged = _Judged()
    for journey in seen.journeys:
        _judge(seen, journey, judged)
    _judge_classes(seen, judged)
    figures: dict[str, Cell] = {"results": judged.results, "stored_and_invalid": len(judged.aside)}
    if judged.wrong:
        step, position, complaint, _ = judged.wrong[0]
        found = evidence("results that are not valid", ("upcaster", "event", "complaint", "result"), judged.wrong)
        return failed(NAME, f"{step} makes of the event at {position} what is not valid: {complaint}.", found, figures)
    if unknown := untried(NAME, seen, figures):
        return unknown
    if judged.unjudged:
        event_type, version = sorted(judged.unjudged)[0]
        reason = f"Nothing says what {event_type} {version} must be: there is no schema of it."
        return Verdict(NAME, Status.UNKNOWN, reason, figures)
    if judged.aside:
        found = evidence("stored events that are invalid", ("event", "complaint"), judged.aside)
        reason = f"The event at {judged.aside[0][0]} does not satisfy its own schema: {judged.aside[0][1]}."
        return Verdict(NAME, Status.UNKNOWN, reason, figures, (found,))
    if not judged.results:
        return Verdict(
            NAME, Status.PASS, "No version is older than the newest, so nothing has to be made valid.", figures
        )
    return Verdict(NAME, Status.PASS, f"All {judged.results} results satisfy their schema or class.", figures)


@dataclass
class _Judged:
    results: int = 0
    wrong: list[tuple[Cell, ...]] = field(default_factory=list)
    aside: list[tuple[Cell, ...]] = field(default_factory=list)
    unjudged: set[tuple[str, int]] = field(default_factory=set)


def _judge(seen: Observations, journey: Journey, judged: _Judged) -> None:
    event = journey.event
    own = seen.schemas.of(event.event_type, event.version)
    if own is not None and (complaint := own.complaint(event.data)):
        judged.aside.append((event.position, complaint))
        return
    for step, state in zip(journey.way, journey.first.states, strict=False):
        schema = seen.schemas.of(event.event_type, step.target)
        if schema is None:
            if step.target == journey.way[-1].target and event.event_type not in seen.catalog.declared:
                judged.unjudged.add((event.event_type, step.target))
            continue
        judged.results += 1
        complaint = schema.complaint(state) if isinstance(state, dict) else "is no object"
        if complaint:
            judged.wrong.append((step.told, event.position, complaint, shown(state)))
            return


def _judge_classes(seen: Observations, judged: _Judged) -> None:
    for loading in seen.loadings:
        event = loading.event
        is_judged = event.event_type in seen.catalog.declared and loading.newness is Newness.NEWEST
        if not is_judged or loading.refusal:
            continue
        judged.results += 1
        if loading.missing:
            complaint = f"its class declares {', '.join(loading.missing)}, which it does not have"
            judged.wrong.append((f"{event.event_type}", event.position, complaint, shown(loading.state)))
