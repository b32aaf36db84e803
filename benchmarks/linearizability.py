"""How long linearizability takes to judge: Jepsen's public histories of etcd, and a large history over many objects.

    python -m benchmarks.linearizability [FOLDER]

FOLDER holds histories and their `verdicts.json`; without it, those beside the checkout are taken. Times are of one
core, the best of RUNS, without the start of the interpreter; reading is told apart from judging. Exits 1 if a verdict
is wrong or unknown, or if a bar was missed: all public histories judged in 0.6 s, and 100,000 operations in 10 s.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import TypeVar

from harness.consistency.linearizability import check
from harness.consistency.models import CasRegister
from harness.consistency.operations import Operation
from harness.consistency.reading import read_operations
from harness.consistency.reading.pairing import Event, Type, pair
from harness.verdict import Status

FOLDER = Path(__file__).parents[1] / "../shared/data/linearizability"
RUNS = 3
PUBLIC_S_MAX, LARGE_S_MAX = 0.6, 10.0
OPERATIONS, CLIENTS, OBJECTS, VALUES = 100_000, 50, 1_000, 5
LOST_EVERY = 1_000
"""Of what a client of the large history does, one in so many is indeterminate."""

T = TypeVar("T")


@dataclass(frozen=True)
class Timed:
    name: str
    operations: int
    status: Status
    expected: Status
    read_s: float
    judge_s: float

    @property
    def right(self) -> bool:
        return self.status is self.expected

    def __str__(self) -> str:
        wrong = "" if self.right else f"  WRONG, expected {self.expected.word}"
        times = f"{self.read_s * 1000:>10.1f}{self.judge_s * 1000:>10.1f}"
        return f"{self.name:<28}{self.operations:>11,}  {self.status.word:<8}{times}{wrong}"


def best_of_runs(what: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the core, and what came of it."""
    times_s = []
    for _ in range(RUNS):
        began_s = time.process_time()
        found = what()
        times_s.append(time.process_time() - began_s)
    return min(times_s), found


def public(file: Path, linearizable: bool) -> Timed:
    read_s, operations = best_of_runs(lambda: read_operations(file))
    judge_s, judged = best_of_runs(lambda: check(operations, CasRegister()))
    expected = Status.PASS if linearizable else Status.FAIL
    return Timed(file.stem, len(operations), judged.status, expected, read_s, judge_s)


def execution(random: Random) -> list[Operation]:
    """What clients see of registers that are linearizable: each is invoked, takes effect and returns, in three turns
    that chance gives. One in LOST_EVERY never returns."""
    values: dict[int, int | None] = dict.fromkeys(range(OBJECTS))
    clients = [_client(number, values, random) for number in range(CLIENTS)]
    events = []
    for _ in range(3 * OPERATIONS):
        event = next(clients[random.randrange(CLIENTS)])
        if event is not None:
            events.append(event)
    return pair(events, Path("made"))


def _client(process: int, values: dict[int, int | None], random: Random) -> Iterator[Event | None]:
    for call in count():
        name, key, value = random.choice(("read", "write", "cas")), random.randrange(OBJECTS), random.randrange(VALUES)
        argument = {"read": None, "write": value, "cas": (random.randrange(VALUES), value)}[name]
        yield Event(process, "invoke", name, argument, 0, key)
        seen = values[key]
        matches = name != "cas" or argument == (seen, value)
        if name != "read" and matches:
            values[key] = value
        yield None
        type_: Type = "fail" if not matches else "info" if call % LOST_EVERY == 7 else "ok"
        yield Event(process, type_, name, seen if name == "read" else argument, 0, key)


def spoil(operations: list[Operation]) -> list[Operation]:
    """With one read in the middle that saw what nobody wrote."""
    middle = next(
        number for number in range(len(operations) // 2, len(operations)) if _is_known_read(operations[number])
    )
    return [replace(each, result=-1) if number == middle else each for number, each in enumerate(operations)]


def _is_known_read(operation: Operation) -> bool:
    return operation.name == "read" and operation.determinate


def large(name: str, operations: list[Operation], expected: Status) -> Timed:
    judge_s, judged = best_of_runs(lambda: check(operations, CasRegister()))
    return Timed(name, len(operations), judged.status, expected, 0.0, judge_s)


def main() -> int:
    parser = argparse.ArgumentParser(description="Times judging of linearizability.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    print(f"Python {platform.python_version()} ({platform.machine()}), one core, best of {RUNS} runs\n")
    print(f"{'history':<28}{'operations':>11}  {'verdict':<8}{'read ms':>10}{'judge ms':>10}")
    missed = _public(folder) if (folder / "verdicts.json").is_file() else _left_out(folder)
    return 1 if missed | _large() else 0


def _left_out(folder: Path) -> bool:
    print(f"public histories left out: {folder}/verdicts.json is not there")
    return False


def _public(folder: Path) -> bool:
    """Whether a bar was missed."""
    expected = json.loads((folder / "verdicts.json").read_text())
    timed = [public(folder / name, linearizable) for name, linearizable in sorted(expected.items())]
    for each in timed:
        print(each)
    right, judge_s = sum(each.right for each in timed), sum(each.judge_s for each in timed)
    print(f"all: {right} of {len(timed)} right, read in {sum(each.read_s for each in timed):.3f} s, ", end="")
    print(f"judged in {judge_s:.3f} s (bar: {PUBLIC_S_MAX} s)\n")
    return right < len(timed) or judge_s > PUBLIC_S_MAX


def _large() -> bool:
    """Whether a bar was missed."""
    good = execution(Random(1))
    timed = (large("large", good, Status.PASS), large("large, one read wrong", spoil(good), Status.FAIL))
    for each in timed:
        print(each)
    print(f"{CLIENTS} clients, {OBJECTS:,} objects (bar: {LARGE_S_MAX:.0f} s each)")
    return any(not each.right or each.judge_s > LARGE_S_MAX for each in timed)


if __name__ == "__main__":
    sys.exit(main())
