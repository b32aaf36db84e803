"""The deployment came to the end that was expected, and left what it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import seconds
from harness.history import History, Kind, Moment
from harness.scenario import Ending
from harness.verdict import EVIDENCE_RECORDS_MAX, Cell, Evidence, Status, Verdict

_OUTCOMES = {Ending.COMPLETE.value: "complete", Ending.ROLLBACK.value: "rolled back"}


@dataclass(frozen=True)
class Deployment:
    """It is complete or rolled back, as expected; all instances are of the right version and as many as there should
    be, and get all traffic; a complete one went through all its steps; instances that were removed ended by themselves
    and well, unless a fault had been put on them.
    """

    name: ClassVar[str] = "deployment"

    def check(self, history: History) -> Verdict:
        facts = history.facts
        endings = history.moments(Kind.ENDED)
        if not endings:
            return Verdict(self.name, Status.UNKNOWN, "The deployment did not come to an end.")
        outcome = str(endings[-1].detail.get("outcome"))
        version = facts.new if facts.ending == Ending.COMPLETE else facts.old
        crashes = list(_crashes(history))
        wrong = list(_wrong_end(history, outcome))
        if not wrong:
            wrong += [*_wrong_fleet(history, version), *_wrong_weights(history, version)]
        if not wrong and facts.ending == Ending.COMPLETE:
            wrong += _skipped_steps(history)
        wrong += [f"{_instance(moment)} {_how_it_ended(moment)} when it was removed" for moment in crashes[:3]]
        figures: dict[str, Cell] = {
            "outcome": outcome,
            "took_s": _took_s(history, endings[-1]),
            "crashes": len(crashes),
        }
        evidence = (_evidence(history),)
        if wrong:
            first_s = seconds(crashes[0].at_ns if crashes else endings[-1].at_ns)
            reason = "; ".join(wrong)
            return Verdict(self.name, Status.FAIL, f"{reason[0].upper()}{reason[1:]}.", figures, evidence, first_s)
        doubts = list(_not_told(history))
        if doubts:
            return Verdict(self.name, Status.UNKNOWN, f"{doubts[0]}.", figures, evidence)
        reason = f"The deployment is {outcome}: all instances are of version {version} and get all traffic."
        return Verdict(self.name, Status.PASS, reason, figures, evidence)


def _wrong_end(history: History, outcome: str) -> Iterator[str]:
    expected = _OUTCOMES[history.facts.ending]
    if outcome != expected:
        setbacks = history.moments(Kind.SETBACK)
        why = setbacks[0].detail.get("reason") if setbacks else history.moments(Kind.ENDED)[-1].detail.get("reason")
        yield f"the deployment was to end {expected}, but is {outcome}{f' ({why})' if why else ''}"


def _wrong_fleet(history: History, version: str) -> Iterator[str]:
    fleets = history.moments(Kind.FLEET)
    if not fleets:
        return
    fleet = fleets[-1].detail
    if strangers := sorted(name for name, found in fleet.items() if found != version):
        yield f"{strangers[0]} is of version {fleet[strangers[0]]}, not {version}"
    counts = Counter(_service(name) for name in fleet)
    for service, replicas in history.facts.replicas.items():
        if counts[service] != replicas:
            yield f"{service} has {counts[service]} instances, not {replicas}"


def _wrong_weights(history: History, version: str) -> Iterator[str]:
    """Traffic is wherever it was before if a deployment turned back before it routed anything."""
    changes = history.moments(Kind.WEIGHTS)
    if changes:
        weights = {name: weight for name, weight in changes[-1].detail.items() if weight}
        if set(weights) != {version}:
            found = ", ".join(f"{name} {weight}" for name, weight in weights.items()) or "nobody"
            yield f"traffic does not all go to {version}, but to {found}"


def _skipped_steps(history: History) -> Iterator[str]:
    announced = {moment.name for moment in history.moments(Kind.STEP)}
    for step in history.facts.steps:
        if step not in announced:
            yield f"the step {step!r} never began"


def _not_told(history: History) -> Iterator[str]:
    if not history.moments(Kind.FLEET):
        yield "Nothing tells which instances there were at the end"
    if not history.moments(Kind.WEIGHTS) and history.facts.ending == Ending.COMPLETE:
        yield "Nothing tells where traffic was routed"


def _crashes(history: History) -> Iterator[Moment]:
    """Removals of instances that ended badly, and on which no fault had been put."""
    for moment in history.moments(Kind.ACTION):
        if "exit_code" not in moment.detail:
            continue
        badly = moment.detail["exit_code"] != 0 or moment.detail.get("killed") is True
        if badly and not _suffered(history, _instance(moment), moment):
            yield moment


def _suffered(history: History, instance: str, removal: Moment) -> bool:
    """Whether a fault on the instance itself, or its service, began before it was gone; or one on a link of its
    service was in while it was asked to stop."""
    gone_ns = removal.at_ns if removal.until_ns is None else removal.until_ns
    for fault in history.moments(Kind.FAULT):
        source, _, link_to = str(fault.detail.get("target", "")).partition(" -> ")
        if source not in {instance, _service(instance)} or fault.at_ns > gone_ns:
            continue
        if not link_to or fault.until_ns is None or fault.until_ns >= removal.at_ns:
            return True
    return False


def _how_it_ended(removal: Moment) -> str:
    exit_code = removal.detail["exit_code"]
    if removal.detail.get("killed") is True:
        return "outlived its grace and was killed"
    return "had already crashed" if exit_code is None else f"ended with exit code {exit_code}"


def _instance(removal: Moment) -> str:
    """Of `remove ledger-2`."""
    return removal.name.split()[-1]


def _service(instance: str) -> str:
    """Of `ledger-2`: instances are numbered within their service."""
    return instance.rpartition("-")[0]


def _took_s(history: History, ending: Moment) -> float | None:
    steps = history.moments(Kind.STEP)
    return seconds(ending.at_ns - steps[0].at_ns) if steps else None


def _evidence(history: History) -> Evidence:
    told = [
        moment for moment in history.timeline if moment.kind in (Kind.WEIGHTS, Kind.FLEET, Kind.SETBACK, Kind.ENDED)
    ]
    rows = tuple(
        (seconds(moment.at_ns), moment.kind.value, ", ".join(f"{key} {value}" for key, value in moment.detail.items()))
        for moment in told[-EVIDENCE_RECORDS_MAX:]
    )
    return Evidence("How the deployment ended", ("at_s", "kind", "detail"), rows, len(told))
