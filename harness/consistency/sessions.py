"""What a client may rely on within its own session (Terry and others, "Session Guarantees for Weakly Consistent
Replicated Data", 1994), on objects whose versions are in a known order.

    append v → position, or write v → position      what was written is the object's version of that number
    read → position                                 how far the object was; null: nothing was there
    read → [v1 v2 …]                                all that was appended so far: then appends need no position

A session is a process. Of lists, the longest read of an object is its order; acknowledged appends that are not in it,
come after all that it holds. Objects are judged apart. O(n), and O(n · length) to compare lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from harness.consistency.operations import Operation, Value, by_key, shown
from harness.consistency.promises import Break, Findings, Promise
from harness.errors import InvalidInput

NAMES = ("read", "append", "write")


@dataclass(frozen=True)
class Step:
    """An operation of a session, and how far it shows the object to be; infinite: further than anybody read."""

    operation: Operation
    position: float

    @property
    def reads(self) -> bool:
        return self.operation.name == "read"


@dataclass(frozen=True)
class Rule:
    """Of a pair of a session's operations on one object: which kinds it concerns, and whether it is broken."""

    first_reads: bool
    then_reads: bool
    broken: Callable[[float, float], bool]
    what: str


def _search(rule: Rule, operations: Sequence[Operation]) -> Findings:
    compared = 0
    breaks: list[Break] = []
    disagreeing: list[str] = []
    numbered = _is_numbered(operations)
    for key, of_key in by_key(operations).items():
        positions = _positions(of_key, numbered)
        if positions is None:
            disagreeing.append(shown(key))
            continue
        for session in _sessions(positions):
            for before, step in _furthest_before(session, rule.first_reads):
                if step.reads is rule.then_reads and min(before.position, step.position) < inf:
                    compared += 1
                    if rule.broken(before.position, step.position):
                        breaks.append(_break(rule, before, step))
    doubt = (
        f"reads do not agree on an order of what was appended to {', '.join(disagreeing[:3])}" if disagreeing else ""
    )
    return Findings(compared, "pairs of operations", breaks, doubt)


def _break(rule: Rule, first: Step, then: Step) -> Break:
    what = rule.what.format(first=first.operation, then=then.operation, line=first.operation.line)
    of = "" if then.operation.key is None else f" of {shown(then.operation.key)}"
    return Break(then.operation, f"{what}{of}", first.operation)


def _sessions(steps: Sequence[Step]) -> Iterator[list[Step]]:
    sessions: dict[Value, list[Step]] = {}
    for step in sorted(steps, key=lambda each: each.operation.invoked):
        sessions.setdefault(step.operation.process, []).append(step)
    yield from sessions.values()


def _furthest_before(session: Sequence[Step], reads: bool) -> Iterator[tuple[Step, Step]]:
    """Each step of a session with that one which, of those of its kind that had returned by then, went furthest."""
    returned = sorted((step for step in session if step.reads is reads), key=lambda each: each.operation.returned or 0)
    furthest: Step | None = None
    done = 0
    for step in session:
        while done < len(returned) and (returned[done].operation.returned or 0) < step.operation.invoked:
            if furthest is None or returned[done].position > furthest.position:
                furthest = returned[done]
            done += 1
        if furthest is not None:
            yield furthest, step


def _is_numbered(operations: Sequence[Operation]) -> bool:
    """Whether versions are told by their numbers, or by lists. Raises InvalidInput if both are, or something else."""
    told: set[type] = set()
    for operation in operations:
        if operation.name == "read" and operation.determinate and operation.result is not None:
            told.add(type(operation.result))
            if not told < {int, tuple}:
                what = "what is read is the number of a version, or a list; and the same in all reads"
                raise InvalidInput(f"{what}, not {shown(operation.result)}", line=operation.line)
    return int in told


def _positions(operations: Sequence[Operation], numbered: bool) -> list[Step] | None:
    """Those of an object that succeeded, in any order; None if its reads do not agree on one."""
    done = [each for each in operations if each.determinate]
    if numbered:
        return [Step(each, _number(each)) for each in done]
    lists = [each.result for each in done if each.name == "read" and isinstance(each.result, tuple)]
    longest = max(lists, key=len, default=())
    if any(longest[: len(each)] != each for each in lists):
        return None
    # Of what was appended more than once, it is not known which is where.
    times = Counter(each.argument for each in operations if each.name != "read")
    twice = {value for value, count in (*times.items(), *Counter(longest).items()) if count > 1}
    place = {value: number for number, value in enumerate(longest, start=1)}
    return [
        Step(each, _length(each.result) if each.name == "read" else place.get(each.argument, inf))
        for each in done
        if each.name == "read" or each.argument not in twice
    ]


def _number(operation: Operation) -> int:
    if operation.name == "read" and operation.result is None:
        return 0
    if not isinstance(operation.result, int):
        what = f"this {operation.name} does not tell the number of the version"
        raise InvalidInput(f"{what}, as the reads do", line=operation.line)
    return operation.result


def _length(result: Value) -> int:
    return len(result) if isinstance(result, tuple) else 0


RULES: Mapping[str, tuple[str, Rule]] = {
    "read-your-writes": (
        "A client sees in its reads all it has written before.",
        Rule(False, True, lambda written, read: read < written, "had {then} after its {first} (line {line})"),
    ),
    "session-monotonic-reads": (
        "A client's reads of an object never go back (monotonic reads).",
        Rule(True, True, lambda seen, read: read < seen, "had {then} after its {first} (line {line})"),
    ),
    "monotonic-writes": (
        "What a client writes later, comes later.",
        Rule(False, False, lambda before, after: after < before, "had {then} placed before its {first} (line {line})"),
    ),
    "writes-follow-reads": (
        "What a client writes, comes after what it had read.",
        Rule(True, False, lambda seen, written: written <= seen, "had {then} placed before its {first} (line {line})"),
    ),
}


def _promise(name: str, claim: str, rule: Rule) -> Promise:
    return Promise(name, claim, NAMES, lambda operations: _search(rule, operations))


PROMISES = tuple(_promise(name, *of) for name, of in RULES.items())
