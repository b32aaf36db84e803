"""The process that runs the user's upcasters: `python -P -m harness.upcasters.user_code.worker TARGET`.

It reads orders and writes answers as messages.py has them, a line each. It ends with its parent, however that ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

import msgspec

from harness.errors import InvalidInput
from harness.upcasters.user_code.finding import UserCode, find
from harness.upcasters.user_code.messages import (
    Answer,
    Known,
    Load,
    Loaded,
    Order,
    Touched,
    Unusable,
    Walk,
    Walked,
)
from harness.upcasters.user_code.watching import Watch

PR_SET_PDEATHSIG = 1
"""Of prctl(2): which signal it gets when its parent dies."""
PACKAGE = str(Path(__file__).parents[1])


def main(target: str) -> int:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    orders, answers = _own_streams()
    watch = Watch()
    try:
        code = find(target)
    except InvalidInput as error:
        _say(answers, Unusable(str(error)))
        return 1
    _say(answers, Known(code.catalog()))
    for line in orders:
        order = msgspec.json.decode(line, type=Order)
        _say(answers, _load(code, order) if isinstance(order, Load) else _walk(code, order, watch, answers))
    return 0


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """What the user's code reads from its input is nothing, and what it prints goes nowhere."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return orders, answers


def _say(answers: BinaryIO, answer: Answer) -> None:
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()


def _walk(code: UserCode, walk: Walk, watch: Watch, answers: BinaryIO) -> Walked:
    """The first time it is watched. The second time shows what the first left behind."""
    first, second = _Walk(code, walk), _Walk(code, walk)
    first.go(watch, answers)
    second.go()
    return Walked(tuple(first.states), first.failure, tuple(second.states), second.failure)


class _Walk:
    def __init__(self, code: UserCode, walk: Walk) -> None:
        self._code = code
        self._walk = walk
        self.states: list[object] = []
        self.failure = ""

    def go(self, watch: Watch | None = None, answers: BinaryIO | None = None) -> None:
        try:
            data = self._code.decode(self._walk.data)
            for place, hop in enumerate(self._walk.hops):
                with _watched(watch, answers, place):
                    data = self._code.apply(self._walk.event_type, hop, data)
                self.states.append(self._code.encode(data))
        except Exception as error:  # noqa: BLE001 (it is the user's code; whatever it raises is told)
            self.failure = _told(error)


def _watched(watch: Watch | None, answers: BinaryIO | None, place: int) -> AbstractContextManager[None]:
    if watch is None or answers is None:
        return nullcontext()
    return watch.watching(lambda kind, what, where: _say(answers, Touched(place, kind, what, where)))


def _load(code: UserCode, load: Load) -> Loaded:
    try:
        given = code.encode(code.decode(load.data))
        state, missing = code.load(load.event_type, load.version, load.data)
    except Exception as error:  # noqa: BLE001 (it is the user's code, or the library's that loads it)
        return Loaded(refusal=_told(error))
    return Loaded(given=given, state=state, missing=missing)


def _told(error: Exception) -> str:
    """The error, and the last line of the user's that it went through."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith(PACKAGE)]
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
