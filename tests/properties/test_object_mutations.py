"""One record of a good history is dropped, doubled, moved, delayed or mixed up with another: the promises that this
breaks are found broken, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.consistency import sessions
from harness.consistency.catalogue import BY_NAME
from harness.consistency.objects import bank
from harness.consistency.operations import Operation, Value
from harness.verdict import Status
from tests.histories.told import Told

TURNS = 8
Records = list[Operation]
Mutation = Callable[[Records, Random], Records]


def good_list(random: Random) -> Told:
    """Two clients take turns: one appends, and reads all that is there. In between a third appends once, a fourth reads
    once, and a fifth twice. In the end the two read once more."""
    told, there = Told(), list[Value]()
    lone_writer, lone_reader, twice_reader = (random.randrange(1, TURNS - 2) for _ in range(3))
    for turn in range(TURNS):
        there.append(turn)
        told.did(turn % 2, "append", turn).did(turn % 2, "read", result=tuple(there))
        if turn == lone_writer:
            there.append("lone")
            told.did("writer", "append", "lone")
        if turn == lone_reader:
            told.did("reader", "read", result=tuple(there))
        if turn in (twice_reader, twice_reader + 1):
            told.did("twice", "read", result=tuple(there))
    for process in (0, 1):
        told.did(process, "read", result=tuple(there))
    return told


def good_bank(random: Random) -> Told:
    told, balances = Told(), {"a": 100, "b": 100}
    for turn in range(TURNS):
        source, target = random.sample(("a", "b"), 2)
        amount = random.randrange(1, 3)
        balances[source] -= amount
        balances[target] += amount
        told.did(turn % 2, "transfer", (source, target, amount))
        told.did("reader", "read", result=frozenset(balances.items()))
    return told


def good_ids(random: Random) -> Told:
    told = Told()
    for number in random.sample(range(1000), TURNS):
        told.did(number % 3, "generate", result=number)
    return told


def good_count(random: Random) -> Told:
    told, total = Told(), 0
    for turn in range(TURNS):
        amount = random.randrange(1, 5)
        total += amount
        told.did(turn % 2, "add", amount).did("reader", "read", result=total)
    return told


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def named(records: Iterable[Operation], name: str) -> Records:
    return [each for each in records if each.name == name]


def changed(records: Records, changes: Mapping[Operation, Operation]) -> Records:
    return [changes.get(each, each) for each in records]


def at_the_end(records: Records, late: Operation) -> Records:
    """As if it had been called, and answered, after all others."""
    last = max(each.returned or 0 for each in records)
    return changed(records, {late: replace(late, invoked=last + 1, returned=last + 2)})


def drop_a(name: str) -> Mutation:
    def drop(records: Records, random: Random) -> Records:
        gone = random.choice(named(records, name))
        return [each for each in records if each is not gone]

    return drop


def duplicate_a(name: str) -> Mutation:
    def duplicate(records: Records, random: Random) -> Records:
        return [*records, replace(random.choice(named(records, name)))]

    return duplicate


def delay_a(name: str, process: Value = None) -> Mutation:
    def delay(records: Records, random: Random) -> Records:
        some = [each for each in named(records, name)[:-1] if process in (None, each.process)]
        return at_the_end(records, random.choice(some))

    return delay


def acknowledge_late_a(name: str) -> Mutation:
    """It was under way until all others had ended."""

    def acknowledge_late(records: Records, random: Random) -> Records:
        late = random.choice(named(records, name))
        return changed(records, {late: replace(late, returned=max(each.returned or 0 for each in records) + 1)})

    return acknowledge_late


def swap_results_of_a(name: str) -> Mutation:
    def swap(records: Records, random: Random) -> Records:
        first, second = random.sample(named(records, name), 2)
        return changed(
            records,
            {first: replace(first, result=second.result), second: replace(second, result=first.result)},
        )

    return swap


def give_one_again(records: Records, random: Random) -> Records:
    first, second = random.sample(records, 2)
    return changed(records, {second: replace(second, result=first.result)})


def read_one_account_late(records: Records, random: Random) -> Records:
    """Of one account it shows what it held before the last transfer."""
    reads = named(records, "read")
    at = random.randrange(1, len(reads))
    before, now = (dict(read.result) for read in reads[at - 1 : at + 1] if isinstance(read.result, frozenset))
    account = random.choice(("a", "b"))
    torn = frozenset({**now, account: before[account]}.items())
    return changed(records, {reads[at]: replace(reads[at], result=torn)})


def _of_turns(records: Records, name: str) -> Records:
    """What the two who take turns did in theirs."""
    return [each for each in named(records, name) if each.process in (0, 1)][:TURNS]


def _lists(read: Operation) -> tuple[Value, ...]:
    assert isinstance(read.result, tuple)
    return read.result


def read_without_the_turn_before(records: Records, random: Random) -> Records:
    """Which its client has not seen before, and others see later."""
    turn = random.randrange(1, TURNS)
    read = _of_turns(records, "read")[turn]
    lacking = tuple(value for value in _lists(read) if value != turn - 1)
    return changed(records, {read: replace(read, result=lacking)})


def read_the_last_turn_no_more(records: Records, random: Random) -> Records:
    """It was seen by the client that did it; the other reads last, and it is not there."""
    read = records[-1]
    return [*records[:-1], replace(read, process="reader", result=_lists(read)[:-1])]


def swap_the_reads_of_two_turns(records: Records, random: Random) -> Records:
    turn = random.randrange(1, TURNS)
    early, late = _of_turns(records, "read")[turn - 1 : turn + 1]
    return changed(records, {early: replace(early, result=late.result), late: replace(late, result=early.result)})


def read_less_than_before(records: Records, random: Random) -> Records:
    first, second = (each for each in records if each.process == "twice")
    return changed(records, {second: replace(second, result=_lists(first)[:-1])})


def swap_appends_of_one_client(records: Records, random: Random) -> Records:
    turn = random.randrange(TURNS - 2)
    first, _, second = _of_turns(records, "append")[turn : turn + 3]
    return changed(records, {
        first: replace(first, argument=second.argument, result=second.result),
        second: replace(second, argument=first.argument, result=first.result),
    })  # fmt: skip


# ── and who finds it ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Kind:
    """What a good history of some kind of object is, and who judges it."""

    good: Callable[[Random], Told]
    judges: Mapping[str, Callable[[Records], Status]]


def _by(name: str) -> Callable[[Records], Status]:
    return lambda records: BY_NAME[name].judge(records).status


def _set_full(records: Records) -> Status:
    adds = [replace(each, name="add") if each.name == "append" else each for each in records]
    return BY_NAME["set-full"].judge(adds).status


OF_LISTS = Kind(
    good_list,
    {**{name: _by(name) for name in (*sessions.RULES, "causal-reverse")}, "set-full": _set_full},
)
OF_BANKS = Kind(good_bank, {"bank": lambda records: bank(200).judge(records).status})
OF_IDS = Kind(good_ids, {"unique-ids": _by("unique-ids")})
OF_COUNTERS = Kind(good_count, {"counter": _by("counter")})

MUTATIONS: tuple[tuple[str, Kind, Mutation, set[str]], ...] = (
    ("drop a read of a list", OF_LISTS, drop_a("read"), set()),
    ("drop an append", OF_LISTS, drop_a("append"), {"set-full"}),
    ("duplicate a read of a list", OF_LISTS, duplicate_a("read"), set()),
    ("duplicate an append", OF_LISTS, duplicate_a("append"), set()),
    ("delay a read of a list", OF_LISTS, delay_a("read", "reader"), {"set-full"}),
    ("delay an append", OF_LISTS, delay_a("append", "writer"), {"set-full", "causal-reverse"}),
    ("acknowledge an append late", OF_LISTS, acknowledge_late_a("append"), set()),
    ("lack one that is there", OF_LISTS, read_without_the_turn_before, {"causal-reverse"}),
    ("lack the last", OF_LISTS, read_the_last_turn_no_more, {"set-full"}),
    ("swap reads of lists", OF_LISTS, swap_the_reads_of_two_turns, {"set-full", "read-your-writes"}),
    ("read less than before", OF_LISTS, read_less_than_before, {"session-monotonic-reads"}),
    ("swap appends", OF_LISTS, swap_appends_of_one_client, set(OF_LISTS.judges) - {"session-monotonic-reads"}),
    ("drop a read of a bank", OF_BANKS, drop_a("read"), set()),
    ("drop a transfer", OF_BANKS, drop_a("transfer"), set()),
    ("duplicate a read of a bank", OF_BANKS, duplicate_a("read"), set()),
    ("delay a read of a bank", OF_BANKS, delay_a("read"), set()),
    ("swap reads of a bank", OF_BANKS, swap_results_of_a("read"), set()),
    ("read an account late", OF_BANKS, read_one_account_late, {"bank"}),
    ("drop an id", OF_IDS, drop_a("generate"), set()),
    ("duplicate an id", OF_IDS, duplicate_a("generate"), {"unique-ids"}),
    ("delay an id", OF_IDS, delay_a("generate"), set()),
    ("swap ids", OF_IDS, swap_results_of_a("generate"), set()),
    ("give an id again", OF_IDS, give_one_again, {"unique-ids"}),
    ("drop an add", OF_COUNTERS, drop_a("add"), {"counter"}),
    ("drop a read of a counter", OF_COUNTERS, drop_a("read"), set()),
    ("duplicate an add", OF_COUNTERS, duplicate_a("add"), {"counter"}),
    ("duplicate a read of a counter", OF_COUNTERS, duplicate_a("read"), set()),
    ("delay an add", OF_COUNTERS, delay_a("add"), {"counter"}),
    ("delay a read of a counter", OF_COUNTERS, delay_a("read"), {"counter"}),
    ("swap reads of a counter", OF_COUNTERS, swap_results_of_a("read"), {"counter"}),
)  # fmt: skip


def failing(kind: Kind, records: Records) -> set[str]:
    return {name for name, judge in kind.judges.items() if judge(records) is Status.FAIL}


@pytest.mark.parametrize("kind", [OF_LISTS, OF_BANKS, OF_IDS, OF_COUNTERS], ids=lambda kind: kind.good.__name__)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_good_history_keeps_every_promise(kind: Kind, seed: int) -> None:
    records = kind.good(Random(seed)).operations()
    assert {judge(records) for judge in kind.judges.values()} == {Status.PASS}


@pytest.mark.parametrize(
    ("kind", "mutate", "broken"), [of for _, *of in MUTATIONS], ids=[name for name, *_ in MUTATIONS]
)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_right_judges_find_what_goes_wrong_and_no_other(
    kind: Kind, mutate: Mutation, broken: set[str], seed: int
) -> None:
    random = Random(seed)
    assert failing(kind, mutate(kind.good(random).operations(), random)) == broken


def test_every_judge_of_objects_and_sessions_is_meant_by_some_mutation() -> None:
    meant = set().union(*(broken for *_, broken in MUTATIONS))
    assert meant == set(BY_NAME)
