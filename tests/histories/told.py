"""Histories of operations, told event by event; and executions of real objects, by chance.

told = Told()
told.began(1, "write", 7).did(2, "read", result=7).ok(1)
told.operations()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from harness.consistency.operations import Operation, Value
from harness.consistency.reading.pairing import Event, Type, pair


class Told:
    """Each event is a line, and a second after the one before."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._names: dict[Value, str] = {}

    def began(self, process: Value, name: str, argument: Value = None, *, key: Value = None) -> Told:
        self._names[process] = name
        return self._tell(process, "invoke", argument, key)

    def ok(self, process: Value, result: Value = None) -> Told:
        return self._tell(process, "ok", result)

    def failed(self, process: Value) -> Told:
        return self._tell(process, "fail")

    def lost(self, process: Value) -> Told:
        """Nobody knows what came of it."""
        return self._tell(process, "info")

    def did(
        self, process: Value, name: str, argument: Value = None, *, result: Value = None, key: Value = None
    ) -> Told:
        return self.began(process, name, argument, key=key).ok(process, result)

    def operations(self) -> list[Operation]:
        return pair(self._events, Path("told"))

    def _tell(self, process: Value, type: Type, value: Value = None, key: Value = None) -> Told:
        line = len(self._events) + 1
        self._events.append(Event(process, type, self._names[process], value, line, key, line * 1_000_000_000))
        return self


Play = Callable[[Any, str, Any], tuple[Any, Any]]
"""A real object: from its state, a name and an argument to its state and the result."""


def _register(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    match name:
        case "read":
            return state, state
        case "write":
            return argument, argument
    old, new = argument
    if state != old:
        raise LookupError
    return new, argument


def _counter(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    state = state or 0
    return (state, state) if name == "read" else (state + argument, argument)


def _set(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    state = state or frozenset()
    match name:
        case "read":
            return state, state
        case "contains":
            return state, argument in state
        case "add":
            return state | {argument}, argument
    return state - {argument}, argument


def _queue(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    state = state or ()
    if name == "enqueue":
        return (*state, argument), argument
    return state[1:], state[0] if state else None


def _log(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    state = state or ()
    return (state, state) if name == "read" else ((*state, argument), argument)


def _positions(state: Any, name: str, argument: Any) -> tuple[Any, Any]:
    after = (state or 0) + (name == "append")
    return after, after


OBJECTS: Mapping[str, tuple[Play, tuple[str, ...]]] = {
    "register": (_register, ("read", "read", "write")),
    "cas-register": (_register, ("read", "read", "write", "cas")),
    "counter": (_counter, ("read", "add")),
    "set": (_set, ("read", "contains", "add", "add", "remove")),
    "queue": (_queue, ("enqueue", "dequeue")),
    "log": (_log, ("read", "append")),
    "positions": (_positions, ("read", "append")),
}


def execution(model: str, random: Random, calls: int, *, processes: int = 4, lost_share: float = 0.15) -> Told:
    """What clients of a real object saw, many at a time: each call takes effect at once, somewhere between the two."""
    play, names = OBJECTS[model]
    told = Told()
    state: Any = None
    idle = list(range(processes))
    running: dict[int, tuple[str, Any]] = {}
    done: dict[int, Any] = {}
    fresh = 100
    while calls or running:
        if calls and idle and (not running or random.random() < 0.5):
            process, name = idle.pop(random.randrange(len(idle))), random.choice(names)
            fresh += 1
            argument = _argument(name, random, fresh)
            running[process] = name, argument
            told.began(process, name, argument)
            calls -= 1
            continue
        process = random.choice(list(running))
        lost = random.random() < lost_share
        if process not in done and (not lost or random.random() < 0.5):
            try:
                state, done[process] = play(state, *running[process])
            except LookupError:
                told.failed(process)
                idle.append(process)
                del running[process]
                continue
        if lost:
            told.lost(process)
            idle.append(max((process, *idle, *running)) + 1)  # as Jepsen does: the process is no more
        elif random.random() < 0.6:
            told.ok(process, done[process])
            idle.append(process)
        else:
            continue
        del running[process]
        done.pop(process, None)
    return told


def _argument(name: str, random: Random, fresh: int) -> Any:
    match name:
        case "read" | "dequeue":
            return None
        case "cas":
            return random.randrange(3), random.randrange(3)
        case "enqueue" | "append":
            return random.choice((fresh, fresh, random.randrange(2)))
    return random.randrange(3)


def with_other_result(operations: list[Operation], random: Random) -> list[Operation]:
    """One result is replaced by that of another operation of the same name; nothing changes if there is none other."""
    known = [each for each in operations if each.determinate]
    spoilt = random.choice(known) if known else None
    others = [each.result for each in known if spoilt and each.name == spoilt.name and each.result != spoilt.result]
    if spoilt is None or not others:
        return operations
    other = random.choice(others)
    return [replace(each, result=other) if each is spoilt else each for each in operations]
