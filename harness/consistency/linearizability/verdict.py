"""What is said of a history that was judged: in a sentence, in figures, and with the operations that show it."""

from __future__ import annotations

from harness.consistency.linearizability.check import Judgement, Violation
from harness.consistency.operations import shown
from harness.verdict import EVIDENCE_RECORDS_MAX, Evidence, Status, Verdict

NAME = "linearizable"
STATES_SHOWN_MAX = 4


def verdict(judged: Judgement) -> Verdict:
    figures = {
        "operations": judged.operations,
        "objects": judged.keys,
        "violated_objects": judged.violated_keys,
        "unfinished_objects": judged.unfinished_keys,
        "steps": judged.steps,
    }
    violation = judged.violation
    if violation is not None:
        return Verdict(NAME, Status.FAIL, _why_not(violation, judged), figures, (_around(violation),))
    if judged.status is Status.PASS:
        of = f" on {judged.keys} objects" if judged.keys > 1 else ""
        return Verdict(NAME, Status.PASS, f"One order explains all {judged.operations} operations{of}.", figures)
    if judged.short_of is None:
        reason = "Nothing to judge by: no operation is known to have succeeded."
    else:
        reason = f"The budget of {judged.short_of} was used up before {judged.unfinished_keys} of {judged.keys} objects"
        reason = f"{reason} could be explained."
    return Verdict(NAME, Status.UNKNOWN, reason, figures)


def _why_not(violation: Violation, judged: Judgement) -> str:
    culprit = violation.culprit
    of = f" of {shown(violation.key)}" if violation.key is not None else ""
    others = f"; {judged.violated_keys} of {judged.keys} objects are violated" if judged.violated_keys > 1 else ""
    before = f"of the {len(violation.prefix) - 1} other operations begun by then"
    state = f": the object can only have been {_either(violation.states)}" if violation.states else ""
    who = f"process {shown(culprit.process)} had {culprit}{of} (line {culprit.line})"
    return f"No order {before} explains that {who}{state}{others}."


def _either(states: tuple[str, ...]) -> str:
    some = states[:STATES_SHOWN_MAX]
    if len(states) > len(some):
        return f"{', '.join(some)} or one of {len(states) - len(some)} others"
    return " or ".join((", ".join(some[:-1]), some[-1]) if len(some) > 1 else some)


def _around(violation: Violation) -> Evidence:
    """The last that happened before the violation, and it."""
    placed = {operation.invoked: place for place, operation in enumerate(violation.order, start=1)}
    last = sorted(violation.prefix, key=lambda each: each.returned or each.invoked)[-EVIDENCE_RECORDS_MAX:]
    return Evidence(
        "Operations up to the one that no order explains",
        ("line", "process", "operation", "outcome", "order"),
        tuple(
            (each.line, shown(each.process), str(each), each.outcome.value, placed.get(each.invoked)) for each in last
        ),
        len(violation.prefix),
    )
