"""The faults that were asked for took hold, and healed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.checkers.evidence import seconds
from harness.history import History, Kind, Moment
from harness.verdict import Evidence, Status, Verdict


@dataclass(frozen=True)
class Faults:
    """Every scheduled fault was seen to bite and seen to heal. If one was not, the run shows nothing about it."""

    name: ClassVar[str] = "faults"

    def check(self, history: History) -> Verdict:
        scheduled = history.facts.faults
        if not scheduled:
            return Verdict(self.name, Status.PASS, "No fault was asked for.", {"scheduled": 0})
        moments = history.moments(Kind.FAULT)
        missed = {moment.name: moment for moment in history.moments(Kind.MISSED)}
        doubts = [doubt for name in scheduled if (doubt := _doubt(name, moments, missed.get(name)))]
        figures = {"scheduled": len(scheduled), "proved": len(scheduled) - len(doubts)}
        evidence = (_evidence(moments),) if moments else ()
        if doubts:
            return Verdict(self.name, Status.UNKNOWN, f"Not proved: {'; '.join(doubts)}.", figures, evidence)
        reason = f"All {len(scheduled)} faults took hold and healed."
        return Verdict(self.name, Status.PASS, reason, figures, evidence)


def _doubt(name: str, moments: Sequence[Moment], missed: Moment | None) -> str | None:
    """Why the fault is not proved; None if it is, each time it was to be injected."""
    injected = [moment for moment in moments if moment.name == name]
    if missed is not None:
        which = f"not a {missed.detail.get('window')}. time" if injected else "never"
        return f"the fault {name!r} was {which} injected ({missed.detail.get('reason')})"
    if not injected:
        return f"the fault {name!r} was never injected"
    for moment in injected:
        if moment.detail.get("bit") is not True:
            return f"the fault {name!r} was not seen to take hold ({moment.detail.get('bit_by') or 'nobody looked'})"
        if moment.detail.get("healed") is not True:
            return f"the fault {name!r} was not seen to heal ({moment.detail.get('healed_by') or 'nobody looked'})"
        if cut := moment.detail.get("cut"):
            return f"the fault {name!r} did not last as it was to ({cut})"
    return None


def _evidence(moments: Sequence[Moment]) -> Evidence:
    details = ("target", "bit", "bit_by", "healed", "healed_by")
    rows = tuple(
        (
            seconds(moment.at_ns),
            None if moment.until_ns is None else seconds(moment.until_ns),
            moment.name,
            *(moment.detail.get(key) for key in details),
        )
        for moment in moments[:10]
    )
    return Evidence("Faults as they were injected", ("at_s", "until_s", "fault", *details), rows, len(moments))
