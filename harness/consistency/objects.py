"""Promises of single kinds of objects, cheaper to judge than linearizability, and so for longer histories.

bank            transfer …; read → {account balance}
counter         add n; read → n
unique-ids      generate → id
causal-reverse  write v; read → [v1 v2 …]
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from harness.consistency.operations import Operation, Value, by_key, shown
from harness.consistency.promises import Break, Findings, Promise
from harness.errors import InvalidInput


def bank(total: int | None = None) -> Promise:
    """`total` None: that of the first read."""
    return Promise(
        "bank",
        "Every read of all accounts shows the same total, and no balance below zero.",
        ("read", "transfer"),
        lambda operations: _bank(operations, total),
    )


def _bank(operations: Sequence[Operation], total: int | None) -> Findings:
    reads = sorted(_reads(operations), key=lambda each: each.invoked)
    breaks = []
    first = None
    for read in reads:
        balances = _balances(read)
        found = sum(balances.values())
        if total is None:
            total, first = found, read
        if found != total:
            breaks.append(Break(read, f"read a total of {found} instead of {total}", first))
        elif negative := sorted(shown(account) for account, balance in balances.items() if balance < 0):
            breaks.append(Break(read, f"read a balance below zero in {', '.join(negative[:3])}"))
    return Findings(len(reads), "reads", breaks, figures={"total": total})


def _balances(read: Operation) -> Mapping[Value, int]:
    balances: dict[Value, int] = {}
    for pair in read.result if isinstance(read.result, frozenset) else (None,):
        match pair:
            case (account, int(balance)):
                balances[account] = balance
            case _:
                what = f"a read of a bank is a map from accounts to balances, not {shown(read.result)}"
                raise InvalidInput(what, line=read.line)
    return balances


def _reads(operations: Iterable[Operation]) -> list[Operation]:
    return [each for each in operations if each.name == "read" and each.determinate]


def _counter(operations: Sequence[Operation]) -> Findings:
    """A read lies between what had certainly been added before it began, and what may have been by its end; what counts
    down lowers the one, what counts up raises the other. O(n log n)."""
    breaks, compared = [], 0
    for of_key in by_key(operations).values():
        adds = [each for each in of_key if each.name == "add"]
        begun = _Sums(adds, lambda each: each.invoked)
        done = _Sums([each for each in adds if each.determinate], lambda each: each.returned or 0)
        for read in _reads(of_key):
            compared += 1
            value = _amount(read, read.result)
            ended = read.returned or 0
            least = done.up(read.invoked) + begun.down(ended)
            most = begun.up(ended) + done.down(read.invoked)
            if not least <= value <= most:
                breaks.append(Break(read, f"read {value}, where it can only be from {least} to {most}"))
    return Findings(compared, "reads", breaks)


class _Sums:
    """What was added up to some event, by operations in the order of theirs."""

    def __init__(self, adds: Iterable[Operation], event: Callable[[Operation], int]) -> None:
        ordered = sorted(adds, key=event)
        self._events = [event(each) for each in ordered]
        amounts = [_amount(each, each.argument) for each in ordered]
        self._up = list(accumulate((max(amount, 0) for amount in amounts), initial=0))
        self._down = list(accumulate((min(amount, 0) for amount in amounts), initial=0))

    def up(self, before: int) -> int:
        return self._up[bisect_left(self._events, before)]

    def down(self, before: int) -> int:
        return self._down[bisect_left(self._events, before)]


def _amount(operation: Operation, value: Value) -> int:
    if value is None and operation.name == "read":
        return 0
    if not isinstance(value, int):
        raise InvalidInput(f"a counter counts in whole numbers, not {shown(value)}", line=operation.line)
    return value


def _unique_ids(operations: Sequence[Operation]) -> Findings:
    """O(n)."""
    given: dict[Value, Operation] = {}
    breaks = []
    done = [each for each in operations if each.determinate]
    for operation in sorted(done, key=lambda each: each.returned or 0):
        before = given.setdefault(operation.result, operation)
        if before is not operation:
            breaks.append(Break(operation, f"was given {shown(operation.result)}, as another was before", before))
    return Findings(len(done), "ids", breaks)


def _causal_reverse(operations: Sequence[Operation]) -> Findings:
    """For each read: of the acknowledged writes that it lacks, the one that returned first; what began after that, must
    be lacking too. A read that shows nothing that began after any of them proves nothing. O(reads · writes)."""
    breaks, compared = [], 0
    for of_key in by_key(operations).values():
        writes = [each for each in of_key if each.name != "read"]
        acknowledged = sorted((each for each in writes if each.determinate), key=lambda each: each.returned or 0)
        began = {each.argument: each for each in sorted(writes, key=lambda each: -each.invoked)}
        for read in _reads(of_key):
            seen = _members(read)
            latest = max(
                (began[value] for value in seen if value in began), key=lambda each: each.invoked, default=None
            )
            if latest is None or not acknowledged or latest.invoked < (acknowledged[0].returned or 0):
                continue
            compared += 1
            lacking = next((each for each in acknowledged if each.argument not in seen), None)
            if lacking is not None and latest.invoked > (lacking.returned or 0):
                value, missed = shown(latest.argument), shown(lacking.argument)
                what = f"read {value} without {missed}, which was written before it was begun"
                breaks.append(Break(read, what, lacking))
    return Findings(compared, "reads of what came after something", breaks)


def _members(read: Operation) -> frozenset[Value]:
    if read.result is None:
        return frozenset()
    if not isinstance(read.result, (tuple, frozenset)):
        raise InvalidInput(f"a read is a list or a set, not {shown(read.result)}", line=read.line)
    return frozenset(read.result)


COUNTER = Promise(
    "counter", "A read shows all that was certainly added before, and nothing that cannot have been.",
    ("add", "read"), _counter,
)  # fmt: skip
UNIQUE_IDS = Promise("unique-ids", "No id is given twice.", ("generate",), _unique_ids)
CAUSAL_REVERSE = Promise(
    "causal-reverse", "Who sees a write, sees all that were acknowledged before it was begun.",
    ("read", "write", "append", "add", "insert"), _causal_reverse,
)  # fmt: skip
