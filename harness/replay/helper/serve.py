"""The protocol, on the version's side: lines of JSON on standard input, answers on standard output."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, BinaryIO, Final

from harness.replay.helper import typed
from harness.replay.helper.effects import Watch
from harness.replay.helper.subjects import Event, Subject, subject_of

PROTOCOL: Final = 1
TRACE_LINES: Final = 6


class Answers:
    """Lines to the harness."""

    def __init__(self, sink: BinaryIO, watch: Watch) -> None:
        self._sink = sink
        self._watch = watch

    def hello(self, snapshots: bool) -> None:
        self._say({"protocol": PROTOCOL, "snapshots": snapshots, "watches": True})
        self._sink.flush()

    def failed(self, stream: str, position: int, error: BaseException) -> None:
        """The event could not be applied; the state is as before."""
        said = "".join(traceback.format_exception_only(error)).strip()
        trace = traceback.format_exception(error)[-TRACE_LINES:]
        self._say({"failed": {"stream": stream, "position": position, "error": said, "trace": "".join(trace)}})

    def newer(self, event: Event, known: int) -> None:
        where = {"stream": event.stream, "position": event.position, "type": event.type}
        self._say({"newer": {**where, "written": event.version, "known": known}})

    def synced(self, events: int) -> None:
        self._say({"synced": events, "effects": self._watch.take()})
        self._sink.flush()

    def state(self, unit: str, events: int, state: Any, snapshot: Any) -> None:
        answer = {"unit": unit, "events": events, "state": state, "effects": self._watch.take()}
        self._say(answer if snapshot is None else {**answer, "snapshot": snapshot})
        self._sink.flush()

    def stateless(self, unit: str, events: int, error: BaseException) -> None:
        """There is no state to be had."""
        said = "".join(traceback.format_exception_only(error)).strip()
        self._say({"unit": unit, "events": events, "unstated": said, "effects": self._watch.take()})
        self._sink.flush()

    def _say(self, answer: dict[str, Any]) -> None:
        self._sink.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


class Server:
    """Takes lines, one after the other, and hands them to the subject."""

    def __init__(self, subject: Subject, answers: Answers, watch: Watch) -> None:
        self._subject = subject
        self._answers = answers
        self._watch = watch
        self._unit = ""
        self._events = 0
        self._last: Event | None = None

    def take(self, line: bytes) -> None:
        message = json.loads(line)
        match message["type"]:
            case "$replay.begin":
                self._begin(message)
            case "$replay.sync":
                self._flush()
                self._answers.synced(self._events)
            case "$replay.state":
                self._flush()
                self._state(bool(message.get("snapshot")))
            case _:
                self._apply(Event.parse(message))

    def _begin(self, message: dict[str, Any]) -> None:
        self._unit, self._events, self._last = message["unit"], 0, None
        try:
            self._subject.begin(self._unit, message.get("snapshot"))
        except Exception as error:  # noqa: BLE001 (whatever the user's code raises is what is asked for)
            self._answers.failed(self._unit, 0, error)

    def _apply(self, event: Event) -> None:
        self._events += 1
        self._last = event
        self._watch.position = event.position
        try:
            self._subject.apply(event)
            known = self._subject.newer()
        except Exception as error:  # noqa: BLE001
            self._answers.failed(event.stream, event.position, error)
        else:
            if known is not None:
                self._answers.newer(event, known)

    def _flush(self) -> None:
        try:
            self._subject.flush()
        except Exception as error:  # noqa: BLE001
            last = self._last
            self._answers.failed(last.stream if last else self._unit, last.position if last else 0, error)

    def _state(self, with_snapshot: bool) -> None:
        try:
            state = self._subject.state()
            snapshot = self._subject.snapshot() if with_snapshot else None
        except Exception as error:  # noqa: BLE001
            self._answers.stateless(self._unit, self._events, error)
        else:
            self._answers.state(self._unit, self._events, state, snapshot)


def load(target: str) -> Any:
    """The object `MODULE:OBJECT`; OBJECT may be left out, or lead through attributes."""
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in filter(None, path.split(".")):
        found = getattr(found, name)
    return found


def main(arguments: Sequence[str]) -> None:
    """Serve the object until the harness closes our input."""
    if len(arguments) != 1:
        sys.exit("usage: python HELPER MODULE:OBJECT")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the user's code prints is no answer
    watch = Watch()
    answers = Answers(sink, watch)
    target = load(arguments[0])
    if typed.is_typed(target):
        typed.serve(target, sys.stdin.fileno(), answers, watch)
        return
    subject = subject_of(target)
    answers.hello(subject.snapshots)
    server = Server(subject, answers, watch)
    watch.begin()
    for line in sys.stdin.buffer:
        server.take(line)
