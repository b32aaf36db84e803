"""From events, as they were logged, to operations: an invocation and its completion are one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from harness.consistency.operations import Operation, Outcome, Value
from harness.errors import InvalidInput

Type: TypeAlias = Literal["invoke", "ok", "fail", "info"]
_OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INDETERMINATE}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a process began, or that came of it. `value` is what was asked, or what came back."""

    process: Value
    type: Type
    name: str
    value: Value
    line: int
    key: Value = None
    at_ns: int | None = None


def pair(events: Iterable[Event], file: Path) -> list[Operation]:
    """Operations in the order in which they completed, then those that never did: these are indeterminate.

    Raises InvalidInput where a process does two things at once, or ends what it did not begin.
    """
    open_: dict[Value, tuple[int, Event]] = {}
    operations: list[Operation] = []
    for number, event in enumerate(events):
        begun = open_.pop(event.process, None)
        if event.type == "invoke":
            if begun is not None:
                what = f"process {event.process} begins {event.name} while its {begun[1].name} is under way"
                raise InvalidInput(what, file=file, line=event.line)
            open_[event.process] = number, event
        elif begun is None:
            what = f"process {event.process} ends {event.name}, which it has not begun"
            raise InvalidInput(what, file=file, line=event.line)
        elif begun[1].name != event.name:
            what = f"process {event.process} ends {event.name}, but had begun {begun[1].name}"
            raise InvalidInput(what, file=file, line=event.line)
        else:
            operations.append(_operation(*begun, event, number))
    operations += [
        _operation(number, begun, Event(begun.process, "info", begun.name, None, begun.line), number)
        for number, begun in open_.values()
    ]
    return operations


def _operation(invoked: int, begun: Event, ended: Event, number: int) -> Operation:
    returns = ended.type == "ok"
    return Operation(
        process=begun.process,
        name=begun.name,
        argument=begun.value,
        result=ended.value if returns else None,
        outcome=_OUTCOMES[ended.type],
        invoked=invoked,
        returned=None if ended.type == "info" else number,
        key=begun.key,
        line=ended.line,
        invoked_ns=begun.at_ns,
        returned_ns=ended.at_ns,
    )


def places(spans: Sequence[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """From when operations began and ended, in ns, to their places among all events; None: it did not end. Of equal
    times, what begins is taken to begin before anything ends."""
    events = [(start_ns, False, number) for number, (start_ns, _) in enumerate(spans)]
    events += [(end_ns, True, number) for number, (_, end_ns) in enumerate(spans) if end_ns is not None]
    invoked: list[int] = [0] * len(spans)
    returned: list[int | None] = [None] * len(spans)
    for place, (_, ends, number) in enumerate(sorted(events)):
        (returned if ends else invoked)[number] = place
    return list(zip(invoked, returned, strict=True))
