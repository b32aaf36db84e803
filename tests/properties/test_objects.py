"""Promises of objects, held against what is said of them, tried out: every pair, every order that could have been."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.consistency.catalogue import BY_NAME
from harness.consistency.objects import bank
from harness.consistency.operations import Operation, Outcome, Value
from harness.verdict import Status
from tests.histories.told import Told

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)
Call = tuple[str, Value, Value]
"""A name, an argument and a result."""


def by_chance(random: Random, calls: int, call: Callable[[Random], Call], *, processes: int = 3) -> list[Operation]:
    """Calls that begin and end when they like; of some nobody knows what came of them, and some fail."""
    told = Told()
    idle, running = list(range(processes)), dict[int, Value]()
    while calls or running:
        if calls and idle and (not running or random.random() < 0.6):
            name, argument, result = call(random)
            process = idle.pop(random.randrange(len(idle)))
            running[process] = result
            told.began(process, name, argument)
            calls -= 1
            continue
        process = random.choice(list(running))
        result, end = running.pop(process), random.random()
        if end < 0.8:
            told.ok(process, result)
        elif end < 0.9:
            told.lost(process)
        else:
            told.failed(process)
        idle.append(process)
    return told.operations()


def of_sets(random: Random) -> list[Operation]:
    return by_chance(random, random.randrange(1, 8), lambda chance: _of_lists(chance, "add"))


def of_writes(random: Random) -> list[Operation]:
    return by_chance(random, random.randrange(1, 10), lambda chance: _of_lists(chance, "write"))


def _of_lists(random: Random, writes: str) -> Call:
    if random.random() < 0.5:
        return writes, random.randrange(3), None
    return "read", None, tuple(value for value in range(3) if random.random() < 0.6)


def done(operations: list[Operation], name: str) -> list[Operation]:
    return [each for each in operations if each.name == name and each.determinate]


def members(read: Operation) -> set[Value]:
    assert isinstance(read.result, tuple)
    return set(read.result)


def before(first: Operation, then: Operation) -> bool:
    return first.returned is not None and first.returned < then.invoked


# ── bank ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_a_bank(random: Random) -> list[Operation]:
    def call(chance: Random) -> Call:
        if chance.random() < 0.3:
            return "transfer", ("a", "b", 1), None
        a = chance.randrange(-1, 8)
        return "read", None, frozenset({"a": a, "b": 7 - a + (chance.random() < 0.1)}.items())

    return by_chance(random, random.randrange(1, 5), call)


@QUICK
@given(seed=seeds)
def test_a_bank_shows_the_same_total_in_any_two_reads_and_no_debts(seed: int) -> None:
    operations = of_a_bank(Random(seed))
    reads = [dict(each.result) for each in done(operations, "read") if isinstance(each.result, frozenset)]
    in_debt = any(balance < 0 for read in reads for balance in read.values())
    differ = any(sum(one.values()) != sum(other.values()) for one, other in product(reads, reads))
    wrong = any(sum(read.values()) != 7 for read in reads)
    assert BY_NAME["bank"].judge(operations).status is _status(in_debt or differ, reads)
    assert bank(7).judge(operations).status is _status(in_debt or wrong, reads)


def _status(broken: bool, judged: object) -> Status:
    if broken:
        return Status.FAIL
    return Status.PASS if judged else Status.UNKNOWN


@QUICK
@given(seed=seeds)
def test_money_that_is_moved_at_once_is_there_in_every_read(seed: int) -> None:
    """And one that is read account by account, while it is moved, is found if the sum is another."""
    random = Random(seed)
    balances, told, whole = {"a": 5, "b": 5, "c": 5}, Told(), True
    for process in range(6):
        seen = dict(balances)
        source, target = random.sample(sorted(balances), 2)
        amount = random.randrange(balances[source] + 1)
        balances[source] -= amount
        balances[target] += amount
        told.did(process, "transfer", (source, target, amount))
        if torn := random.random() < 0.2:
            seen[target] = balances[target]
        whole = whole and (not torn or not amount)
        told.did("reader", "read", result=frozenset(seen.items()))
    assert bank(15).judge(told.operations()).status is _status(not whole, told)


# ── unique ids ───────────────────────────────────────────────────────────────────────────────────────────────────


@QUICK
@given(seed=seeds)
def test_ids_are_unique_if_no_two_are_the_same(seed: int) -> None:
    random = Random(seed)
    operations = by_chance(random, random.randrange(1, 6), lambda chance: ("generate", None, chance.randrange(12)))
    given_out = done(operations, "generate")
    same = any(one.result == other.result for one, other in permutations(given_out, 2))
    assert BY_NAME["unique-ids"].judge(operations).status is _status(same, given_out)


# ── set-full ─────────────────────────────────────────────────────────────────────────────────────────────────────


def is_lost(value: Value, operations: list[Operation]) -> bool | None:
    """Whether, in every order of the reads that could have been, the last of those that tell of it lacks it; None: none
    tells of it. A read that lacks it tells of it if it began after it was known to be there."""
    reads = done(operations, "read")
    showing = [read for read in reads if value in members(read)]
    adds = [each for each in done(operations, "add") if each.argument == value]
    lacking = [
        read for read in reads if read not in showing and any(before(known, read) for known in (*adds, *showing))
    ]
    telling = showing + lacking
    if not telling:
        return None
    return all(order[-1] in lacking for order in permutations(telling) if _could_be(order))


def _could_be(order: tuple[Operation, ...]) -> bool:
    return not any(before(late, early) for at, late in enumerate(order) for early in order[:at])


def _is_out_of_nothing(read: Operation, value: Value, operations: list[Operation]) -> bool:
    may_have_added = [each for each in operations if each.name == "add" and each.outcome is not Outcome.FAIL]
    return not any(each.argument == value and not before(read, each) for each in may_have_added)


@QUICK
@given(seed=seeds)
def test_an_element_is_lost_if_it_is_in_every_order_that_could_have_been(seed: int) -> None:
    operations = of_sets(Random(seed))
    fates = {value: is_lost(value, operations) for value in range(3)}
    invented = any(
        _is_out_of_nothing(read, value, operations) for read in done(operations, "read") for value in members(read)
    )
    verdict = BY_NAME["set-full"].judge(operations)
    told = [fate for fate in fates.values() if fate is not None]
    assert verdict.figures["lost"] == told.count(True)
    assert verdict.figures["stable"] == told.count(False)
    assert verdict.status is _status(any(told) or invented, told)


# ── causal reverse ───────────────────────────────────────────────────────────────────────────────────────────────


@QUICK
@given(seed=seeds)
def test_whoever_sees_a_write_sees_all_that_were_acknowledged_before_it_was_begun(seed: int) -> None:
    operations = of_writes(Random(seed))
    broken = judged = False
    for read, value in product(done(operations, "read"), range(3)):
        writes = [each for each in operations if each.name == "write" and each.argument == value]
        writes = [each for each in writes if each.outcome is not Outcome.FAIL]
        if value not in members(read) or not writes:
            continue
        # Whichever of the writes of that value it is that was seen.
        earlier = [each for each in done(operations, "write") if all(before(each, write) for write in writes)]
        judged = judged or bool(earlier)
        broken = broken or any(each.argument not in members(read) for each in earlier)
    assert BY_NAME["causal-reverse"].judge(operations).status is _status(broken, judged)
