"""Promises of sessions and objects, held against the plainest reading of each; real objects keep them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.consistency.catalogue import BY_NAME
from harness.consistency.operations import Operation
from harness.verdict import Status
from tests.histories.told import Told, execution

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)


def of_sessions(random: Random) -> list[Operation]:
    """Clients append to a log, and read prefixes of it that are often those they should."""
    log: list[int] = []
    told = Told()
    for number in range(random.randrange(1, 9)):
        process = random.randrange(2)
        if random.random() < 0.5:
            told.began(process, "append", number)
            if random.random() < 0.9:
                log.insert(len(log) if random.random() < 0.8 else random.randrange(len(log) + 1), number)
            told.ok(process) if random.random() < 0.9 else told.lost(process)
        else:
            told.did(process, "read", result=len(log) if random.random() < 0.6 else random.randrange(len(log) + 1))
    return [_as_list(each, log) for each in told.operations()]


def _as_list(operation: Operation, log: list[int]) -> Operation:
    """What a read showed, once it is known what the log came to be."""
    if operation.name != "read":
        return operation
    assert isinstance(operation.result, int)
    return replace(operation, result=tuple(log[: operation.result]))


def _pairs(operations: list[Operation], first: str, then: str) -> list[tuple[Operation, Operation]]:
    done = [each for each in operations if each.determinate]
    return [
        (a, b)
        for a, b in permutations(done, 2)
        if (a.name, b.name) == (first, then) and a.process == b.process and (a.returned or 0) < b.invoked
    ]


def _lists(operations: list[Operation]) -> list[tuple[object, ...]]:
    return [each.result for each in operations if isinstance(each.result, tuple)]


def _seen(read: Operation) -> set[object]:
    return set(read.result) if isinstance(read.result, tuple) else set()


def _reads_own_writes(operations: list[Operation]) -> bool:
    return all(a.argument in _seen(b) for a, b in _pairs(operations, "append", "read"))


def _reads_go_on(operations: list[Operation]) -> bool:
    return all(_seen(a) <= _seen(b) for a, b in _pairs(operations, "read", "read"))


def _writes_in_order(operations: list[Operation]) -> bool:
    return all(
        a.argument in seen[: seen.index(b.argument)]
        for a, b in _pairs(operations, "append", "append")
        for seen in _lists(operations)
        if b.argument in seen
    )


def _writes_after_reads(operations: list[Operation]) -> bool:
    return all(
        _seen(a) <= set(seen[: seen.index(b.argument)])
        for a, b in _pairs(operations, "read", "append")
        for seen in _lists(operations)
        if b.argument in seen
    )


SESSIONS: Mapping[str, Callable[[list[Operation]], bool]] = {
    "read-your-writes": _reads_own_writes,
    "session-monotonic-reads": _reads_go_on,
    "monotonic-writes": _writes_in_order,
    "writes-follow-reads": _writes_after_reads,
}


@pytest.mark.parametrize("name", SESSIONS)
@QUICK
@given(seed=seeds)
def test_a_session_is_judged_as_all_its_pairs_are(name: str, seed: int) -> None:
    operations = of_sessions(Random(seed))
    assert (BY_NAME[name].judge(operations).status is Status.FAIL) == (not SESSIONS[name](operations))


@pytest.mark.parametrize("name", SESSIONS)
@QUICK
@given(seed=seeds)
def test_a_real_log_keeps_every_promise_of_sessions(name: str, seed: int) -> None:
    assert BY_NAME[name].judge(execution("log", Random(seed), 20).operations()).status is not Status.FAIL


@QUICK
@given(seed=seeds, wrong=st.integers(-3, 3))
def test_a_counter_shows_what_some_of_the_adds_come_to(seed: int, wrong: int) -> None:
    """Of those under way, any may count: the bounds are reached, and nothing beyond them is."""
    random = Random(seed)
    told = Told()
    for process in range(random.randrange(5)):
        told.began(process, "add", random.randrange(-3, 4))
        end = random.random()
        if end < 0.4:
            told.ok(process)
        elif end < 0.6:
            told.lost(process)
        elif end < 0.7:
            told.failed(process)
    certain = sum(_amount(each) for each in told.operations() if each.determinate)
    possible = [_amount(each) for each in told.operations() if each.outcome.value == "indeterminate"]
    sums = {certain + sum(some) for count in range(len(possible) + 1) for some in combinations(possible, count)}
    value = random.choice(sorted(sums)) + wrong
    verdict = BY_NAME["counter"].judge(told.did("reader", "read", result=value).operations())
    assert (verdict.status is Status.PASS) == (min(sums) <= value <= max(sums))


def _amount(operation: Operation) -> int:
    assert isinstance(operation.argument, int)
    return operation.argument


@pytest.mark.parametrize(("name", "model"), [("counter", "counter"), ("causal-reverse", "log"), ("set-full", "log")])
@QUICK
@given(seed=seeds)
def test_a_real_object_keeps_its_promise(name: str, model: str, seed: int) -> None:
    operations = execution(model, Random(seed), 25).operations()
    if name == "set-full":
        operations = [replace(each, name="add" if each.name == "append" else each.name) for each in operations]
    assert BY_NAME[name].judge(operations).status is not Status.FAIL
