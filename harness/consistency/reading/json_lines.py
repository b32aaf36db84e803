"""Histories as JSON lines, in one of two forms: a line an operation, or a line an event.

    {"process": 3, "f": "write", "key": "x", "value": 7, "outcome": "ok", "start_ns": 10, "end_ns": 25}
    {"process": 3, "f": "read", "key": "x", "result": 7, "outcome": "ok", "start_ns": 30, "end_ns": 41}

    {"process": 3, "type": "invoke", "f": "write", "key": "x", "value": 7, "time": 10}
    {"process": 3, "type": "ok", "f": "write", "key": "x", "value": 7, "time": 25}

`outcome` is ok, fail or indeterminate, and `type` is invoke, ok, fail or info, as Jepsen has them. The first form may
come in any order: its times say what was before what, and of equal ones nothing is known. The second is in the order in
which it happened; `time` (in ns) may be left out. So may `key`, `value` and `result`: null. Other fields are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from harness.consistency.operations import Operation, Outcome, frozen
from harness.consistency.reading.pairing import Event, pair, places
from harness.consistency.reading.text import read_text
from harness.errors import InvalidInput

_Scalar: TypeAlias = str | int | None


class _OperationLine(msgspec.Struct, frozen=True):
    process: _Scalar
    f: str
    outcome: Outcome
    start_ns: int
    end_ns: int | None = None
    key: Any = None
    value: Any = None
    result: Any = None


class _EventLine(msgspec.Struct, frozen=True):
    process: _Scalar
    type: Literal["invoke", "ok", "fail", "info"]
    f: str
    key: Any = None
    value: Any = None
    time: int | None = None


class _Probe(msgspec.Struct, frozen=True):
    type: Any = None


def read_json_lines(file: Path) -> list[Operation]:
    """Raises InvalidInput, with the line, for what is not of the form that the first line has."""
    text = read_text(file)
    first = text.partition("\n")[0]
    if not first:
        return []
    probe = _decoded(_Probe, first, file)[0]
    if probe.type is None:
        return _operations(_decoded(_OperationLine, text, file), file)
    return pair(
        (
            Event(line.process, line.type, line.f, frozen(line.value), number, frozen(line.key), line.time)
            for number, line in enumerate(_decoded(_EventLine, text, file), start=1)
        ),
        file,
    )


L = TypeVar("L", bound=msgspec.Struct)


def _decoded(kind: type[L], text: str, file: Path) -> list[L]:
    decoder = msgspec.json.Decoder(kind)
    try:
        return decoder.decode_lines(text)
    except msgspec.DecodeError:
        # Which line it was, only the lines one by one tell.
        for number, line in enumerate(text.split("\n"), start=1):
            try:
                decoder.decode(line)
            except msgspec.DecodeError as error:
                raise InvalidInput(f"not an operation of a history: {error}", file=file, line=number) from error
        raise


def _operations(lines: Sequence[_OperationLine], file: Path) -> list[Operation]:
    ends_ns = [
        None if line.outcome is Outcome.INDETERMINATE else _end_ns(line, at, file) for at, line in enumerate(lines)
    ]
    spans = [(line.start_ns, end_ns) for line, end_ns in zip(lines, ends_ns, strict=True)]
    return [
        Operation(
            process=line.process,
            name=line.f,
            argument=frozen(line.value),
            result=frozen(line.result) if line.outcome is Outcome.OK else None,
            outcome=line.outcome,
            invoked=invoked,
            returned=returned,
            key=frozen(line.key),
            line=number,
            invoked_ns=line.start_ns,
            returned_ns=end_ns,
        )
        for number, (line, end_ns, (invoked, returned)) in enumerate(
            zip(lines, ends_ns, places(spans), strict=True), start=1
        )
    ]


def _end_ns(line: _OperationLine, at: int, file: Path) -> int:
    if line.end_ns is None or line.end_ns < line.start_ns:
        raise InvalidInput("this operation ends before it starts", file=file, line=at + 1)
    return line.end_ns
