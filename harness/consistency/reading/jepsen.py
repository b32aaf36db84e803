"""Histories as Jepsen writes them: lines of its log (or history.txt), and history.edn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from harness.consistency.operations import Operation, Value, frozen
from harness.consistency.reading.edn import Edn, Keyword
from harness.consistency.reading.pairing import Event, Type, pair
from harness.consistency.reading.text import read_text
from harness.errors import InvalidInput

_LINE = re.compile(r"(\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(.*\S)")
_LOOKS_LIKE_ONE = re.compile(r"(?:^|jepsen\.util\b.*\s)(\d+|:[\w-]+)\s+:")
_TYPES = frozenset({"invoke", "ok", "fail", "info"})


def read_log(file: Path, *, keyed: bool) -> list[Operation]:
    """The operations that a log tells of: process, type, function and value. Other lines are skipped; one that begins
    like an operation and is none is not. `keyed`: values are `[key value]`, as jepsen.independent makes them."""
    edn = Edn(file)
    known: dict[str, Value] = {}

    def value_of(text: str, line: int) -> Value:
        if text not in known:
            for _, form in edn.forms(text, line):
                known[text] = frozen(form)
                break  # after the value, a reason may follow
            else:
                raise InvalidInput("this operation has no value", file=file, line=line)
        return known[text]

    def events() -> Iterator[Event]:
        for number, line in enumerate(read_text(file).split("\n"), start=1):
            found = _LINE.search(line)
            if found is None:
                if _LOOKS_LIKE_ONE.search(line):
                    raise InvalidInput("this operation has no type, function and value", file=file, line=number)
                continue
            process, type_, name, text = found.groups()
            if process.isdecimal():
                value = value_of(text, number) if type_ in ("invoke", "ok") else None
                key, value = _unkeyed(value, file, number) if keyed and type_ in ("invoke", "ok") else (None, value)
                yield Event(int(process), cast(Type, type_), name, value, number, key)

    return pair(events(), file)


def read_edn(file: Path, *, keyed: bool) -> list[Operation]:
    """The operations of a history.edn: maps with :process, :type, :f and :value, one after the other or in a vector."""

    def events() -> Iterator[Event]:
        for line, form in Edn(file).forms(read_text(file)):
            for entry in form if isinstance(form, tuple) else (form,):
                event = _event(entry, line, keyed, file)
                if event is not None:
                    yield event

    return pair(events(), file)


_PROCESS, _TYPE, _F, _VALUE, _TIME = map(Keyword, ("process", "type", "f", "value", "time"))


def _event(entry: object, line: int, keyed: bool, file: Path) -> Event | None:
    """None for what no client did."""
    if not isinstance(entry, dict):
        raise InvalidInput("this is no operation: not a map", file=file, line=line)
    if lacking := [name for name in (_PROCESS, _TYPE, _F) if name not in entry]:
        raise InvalidInput(f"this operation has no {lacking[0]}", file=file, line=line)
    process, type_, name, at_ns = entry[_PROCESS], entry[_TYPE], entry[_F], entry.get(_TIME)
    if not isinstance(process, int):
        return None
    if not isinstance(type_, Keyword) or type_.name not in _TYPES:
        raise InvalidInput(f"no type of operation: {type_}", file=file, line=line)
    if not isinstance(name, (Keyword, str)):
        raise InvalidInput(f"no name of a function: {name}", file=file, line=line)
    if not isinstance(at_ns, int | None):
        raise InvalidInput(f"no time in nanoseconds: {at_ns}", file=file, line=line)
    value, key = frozen(entry.get(_VALUE)), None
    if keyed and type_.name in ("invoke", "ok"):
        key, value = _unkeyed(value, file, line)
    return Event(process, cast(Type, type_.name), str(name).lstrip(":"), value, line, key, at_ns)


def _unkeyed(value: Value, file: Path, line: int) -> tuple[Value, Value]:
    match value:
        case (key, of_key):
            return key, of_key
    raise InvalidInput("the value of this operation is no pair [key value]", file=file, line=line)
