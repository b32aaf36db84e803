"""What clients did to a system and saw of it: the operations of a history, in the order of their events."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

Value: TypeAlias = Hashable
"""What is written or read. Sequences are tuples, sets frozen sets, and maps frozen sets of pairs."""


class Outcome(Enum):
    """What is known of an operation's effect. One that failed certainly did not happen."""

    OK = "ok"
    FAIL = "fail"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one client, from its invocation to its return.

    `invoked` and `returned` place the two among all events of the history: one that returned before another was invoked
    happened before it, all others are concurrent. An indeterminate operation may take effect at any time after its
    invocation, or never: it does not return, and its `result` is not known.
    """

    process: Value
    """Who called. A process does one thing at a time."""
    name: str
    argument: Value
    result: Value
    outcome: Outcome
    invoked: int
    returned: int | None
    key: Value = None
    """Which of several independent objects it was about."""
    line: int = 0
    """Of the file it was read from, where it returned; where it was invoked if it did not."""
    invoked_ns: int | None = None
    returned_ns: int | None = None

    @property
    def determinate(self) -> bool:
        return self.outcome is Outcome.OK

    def __str__(self) -> str:
        """As people write it: `write 3`, `read → 3`, `cas 1 2`."""
        argument = "" if self.argument is None else f" {shown(self.argument)}"
        echo = self.argument is not None and self.result in (None, self.argument)
        result = "" if echo or self.outcome is Outcome.FAIL else f" → {shown(self.result) if self.determinate else '?'}"
        return f"{self.name}{argument}{result}"


def frozen(value: object) -> Value:
    """The same, made of what can be compared and hashed: lists become tuples, maps frozen sets of pairs."""
    if isinstance(value, dict):
        return frozenset((frozen(key), frozen(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    if isinstance(value, frozenset):
        return frozenset(frozen(item) for item in value)
    assert isinstance(value, Hashable)
    return value


def shown(value: Value) -> str:
    """A value for people: `nil` for none, `1 2` for a pair, `{…}` for sets and maps."""
    match value:
        case None:
            return "nil"
        case tuple():
            return "[" + " ".join(shown(item) for item in value) + "]"
        case frozenset():
            return "{" + " ".join(sorted(shown(item) for item in value)) + "}"
        case _:
            return str(value)


def by_key(operations: Iterable[Operation]) -> Mapping[Value, list[Operation]]:
    """The operations of each object, those that failed left out."""
    found: dict[Value, list[Operation]] = {}
    for operation in operations:
        if operation.outcome is not Outcome.FAIL:
            found.setdefault(operation.key, []).append(operation)
    return found


def until(operations: Iterable[Operation], event: int) -> list[Operation]:
    """The prefix of a history that ends with this event: what had not returned by then is indeterminate."""
    return [
        operation
        if operation.returned is not None and operation.returned <= event
        else replace(operation, outcome=Outcome.INDETERMINATE, result=None, returned=None)
        for operation in operations
        if operation.invoked <= event
    ]
