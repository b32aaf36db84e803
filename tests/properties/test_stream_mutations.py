"""One thing goes wrong in a good history: what finds it is the anomaly that it is, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.consistency.streams.anomalies import ANOMALIES, Promises
from harness.consistency.streams.verdict import judge
from harness.verdict import Status
from tests.histories.broker import SECOND, Broker, Did, Part, got, got_nothing, sent

NAMES = [anomaly.name for anomaly in ANOMALIES]
PROMISES = Promises(isolated=True, lag_s_max=60)
STREAMS = ("s", "t")
LENGTH = 6
"""Of each stream."""


def good(random: Random) -> Broker:
    """A producer each stream, and two consumers who each read all, in batches; offsets are sparse."""
    told = Broker()
    for stream in STREAMS:
        offsets = _offsets(random)
        sends = [sent(stream, offset, f"{stream}{number}") for number, offset in enumerate(offsets)]
        told = _in_batches(told, f"producer-{stream}", sends, random)
    for consumer in ("c", "d"):
        for stream in STREAMS:
            told = _in_batches(told, consumer, [_received(part) for part in _sends(told, stream)], random)
    return told


def _offsets(random: Random) -> list[int]:
    return sorted(random.sample(range(10**12), LENGTH))


def _in_batches(told: Broker, process: str, parts: list[Part], random: Random) -> Broker:
    while parts:
        size = random.choice((1, 2, 3))
        told, parts = told.did(process, *parts[:size]), parts[size:]
    return told


def _sends(told: Broker, stream: str) -> list[Part]:
    return [part for did in told.operations for part in did.parts if part.kind == "send" and part.stream == stream]


def _received(part: Part) -> Part:
    return replace(part, kind="poll")


def _edit(told: Broker, change: Callable[[Did], Did]) -> Broker:
    return replace(told, operations=tuple(did for did in map(change, told.operations) if did.parts))


def _each_part(told: Broker, change: Callable[[Did, Part], tuple[Part, ...]]) -> Broker:
    return _edit(told, lambda did: replace(did, parts=tuple(new for part in did.parts for new in change(did, part))))


def _value(random: Random, *, inner: bool = False) -> str:
    return f"{random.choice(STREAMS)}{random.randrange(1 if inner else 0, LENGTH - (1 if inner else 0))}"


def _without(told: Broker, kind: str, value: str, process: str | None = None) -> Broker:
    def change(did: Did, part: Part) -> tuple[Part, ...]:
        gone = part.kind == kind and part.value == value and process in (None, did.process)
        return () if gone else (part,)

    return _each_part(told, change)


def nobody_receives_one(told: Broker, random: Random) -> Broker:
    return _without(told, "poll", f"{random.choice(STREAMS)}{random.randrange(LENGTH - 1)}")


def nobody_receives_the_last(told: Broker, random: Random) -> Broker:
    return _without(told, "poll", f"{random.choice(STREAMS)}{LENGTH - 1}")


def nobody_sent_one(told: Broker, random: Random) -> Broker:
    return _without(told, "send", _value(random))


def one_client_lacks_one(told: Broker, random: Random) -> Broker:
    """Between two polls, or within one."""
    value = _value(random, inner=True)
    return _without(_one_at_a_time(told, "c"), "poll", value, "c")


def one_client_lacks_one_within_a_poll(told: Broker, random: Random) -> Broker:
    return _without(_all_at_once(told, "c"), "poll", _value(random, inner=True), "c")


def _one_at_a_time(told: Broker, process: str) -> Broker:
    told_anew = Broker()
    for did in told.operations:
        for parts in [(part,) for part in did.parts] if did.process == process else [did.parts]:
            told_anew = told_anew.did(did.process, *parts)
    return told_anew


def _all_at_once(told: Broker, process: str) -> Broker:
    parts = [part for did in told.operations if did.process == process for part in did.parts]
    others = replace(told, operations=tuple(did for did in told.operations if did.process != process))
    return others.did(process, *parts)


def one_send_failed(told: Broker, random: Random) -> Broker:
    value = _value(random)
    told = _one_at_a_time(_one_at_a_time(told, "producer-s"), "producer-t")
    return _edit(told, lambda did: replace(did, outcome="fail") if _sends_it(did, value) else did)


def _sends_it(did: Did, value: str) -> bool:
    return any(part.kind == "send" and part.value == value for part in did.parts)


def one_is_there_twice(told: Broker, random: Random) -> Broker:
    stream = random.choice(STREAMS)
    again = got(stream, 10**12, f"{stream}{random.randrange(LENGTH)}")
    return told.did("c", again).did("d", again)


def one_client_sees_two_in_each_others_place(told: Broker, random: Random) -> Broker:
    stream = random.choice(STREAMS)
    first, second = random.sample(range(LENGTH), 2)
    swapped = {f"{stream}{first}": f"{stream}{second}", f"{stream}{second}": f"{stream}{first}"}

    def change(did: Did, part: Part) -> tuple[Part, ...]:
        if did.process == "c" and part.value in swapped:
            return (replace(part, value=swapped[part.value]),)
        return (part,)

    return _each_part(told, change)


def one_client_receives_two_in_the_wrong_order(told: Broker, random: Random) -> Broker:
    return _with_a_swap(_one_at_a_time(told, "c"), random)


def _with_a_swap(told: Broker, random: Random) -> Broker:
    """Two neighbours of a stream, received by the same client, one poll each."""
    stream, number = random.choice(STREAMS), random.randrange(LENGTH - 1)
    mine = [at for at, did in enumerate(told.operations) if did.process == "c" and did.parts[0].stream == stream]
    operations = list(told.operations)
    first, second = mine[number], mine[number + 1]
    operations[first], operations[second] = (
        replace(operations[first], parts=operations[second].parts),
        replace(operations[second], parts=operations[first].parts),
    )
    return replace(told, operations=tuple(operations))


def two_come_in_the_wrong_order_in_one_poll(told: Broker, random: Random) -> Broker:
    stream, number = random.choice(STREAMS), random.randrange(LENGTH - 1)

    def change(did: Did) -> Did:
        parts = list(did.parts)
        at = next((at for at, part in enumerate(parts) if part.value == f"{stream}{number}"), None)
        if did.process == "c" and at is not None:
            parts[at], parts[at + 1] = parts[at + 1], parts[at]
        return replace(did, parts=tuple(parts))

    return _edit(_all_at_once(told, "c"), change)


def one_comes_very_late(told: Broker, random: Random) -> Broker:
    """The last of a stream, to a client that had asked for it long after it was there."""
    stream = random.choice(STREAMS)
    value = f"{stream}{LENGTH - 1}"
    [part] = {part for did in told.operations if did.process == "d" for part in did.parts if part.value == value}
    late = _without(told, "poll", value, "d").did("d", got_nothing(stream)).did("d", part)
    asked, came = (
        replace(did, start_ns=at * SECOND, end_ns=at * SECOND + 1)
        for did, at in zip(late.operations[-2:], (1000, 1001), strict=True)
    )
    return replace(late, operations=(*late.operations[:-2], asked, came))


def two_sends_lie_in_the_wrong_order(told: Broker, random: Random) -> Broker:
    return _with_sends_apart(_one_at_a_time(_one_at_a_time(told, "producer-s"), "producer-t"), random)


def two_of_one_send_lie_in_the_wrong_order(told: Broker, random: Random) -> Broker:
    return _with_sends_apart(_all_first(told), random)


def _all_first(told: Broker) -> Broker:
    """Each producer sends all it does in one operation."""
    anew = Broker()
    for stream in STREAMS:
        anew = anew.did(f"producer-{stream}", *_sends(told, stream))
    for did in told.operations:
        if did.process in ("c", "d"):
            anew = anew.did(did.process, *did.parts)
    return anew


def _with_sends_apart(told: Broker, random: Random) -> Broker:
    """Two neighbours of a stream were sent the other way round than they lie there."""
    stream, number = random.choice(STREAMS), random.randrange(LENGTH - 1)
    sends = _sends(told, stream)
    swapped = {sends[number]: sends[number + 1], sends[number + 1]: sends[number]}
    return _edit(told, lambda did: replace(did, parts=tuple(swapped.get(part, part) for part in did.parts)))


def something_lies_in_between(told: Broker, random: Random) -> Broker:
    told = _all_first(told)
    stream, number = random.choice(STREAMS), random.randrange(1, LENGTH - 1)
    value = f"{stream}{number}"
    [between] = [part for part in _sends(told, stream) if part.value == value]
    # Before the others are, so that it makes no cycle with what is received.
    alone = Broker().did("other", between)
    operations = (*alone.operations, *_without(told, "send", value).operations)
    return replace(told, operations=operations)


def an_operation_receives_its_own(told: Broker, random: Random) -> Broker:
    offset = 10**12 + random.randrange(9)
    return told.did("e", sent("u", offset, "own"), got("u", offset, "own"))


def two_operations_are_each_before_the_other(told: Broker, random: Random) -> Broker:
    first, second = ("u", "v") if random.random() < 0.5 else ("v", "u")
    told = told.did("e", sent(first, 0, "e0"), sent(second, 1, "e1"))
    told = told.did("f", sent(second, 0, "f0"), sent(first, 1, "f1"))
    return told.did("g", got(first, 0, "e0"), got(first, 1, "f1"), got(second, 0, "f0"), got(second, 1, "e1"))


def two_operations_receive_what_the_other_sends(told: Broker, random: Random) -> Broker:
    offset = random.randrange(9)
    told = told.did("e", sent("u", offset, "e0"), got("v", offset, "f0"))
    return told.did("f", sent("v", offset, "f0"), got("u", offset, "e0"))


def one_client_receives_again_after_an_assignment(told: Broker, random: Random) -> Broker:
    part = _received(_sends(told, random.choice(STREAMS))[LENGTH - 1])
    return told.did("c", Part("subscribe", part.stream)).did("c", part)


MUTATIONS: Mapping[Callable[[Broker, Random], Broker], set[str]] = {
    nobody_receives_one: {"lost-write"},
    nobody_receives_the_last: {"unseen"},
    nobody_sent_one: {"unexpected"},
    one_client_lacks_one: {"poll-skip"},
    one_client_lacks_one_within_a_poll: {"int-poll-skip"},
    one_send_failed: {"aborted-read"},
    one_is_there_twice: {"duplicate"},
    one_client_sees_two_in_each_others_place: {"inconsistent-offset"},
    one_client_receives_two_in_the_wrong_order: {"nonmonotonic-poll"},
    two_come_in_the_wrong_order_in_one_poll: {"int-nonmonotonic-poll"},
    one_comes_very_late: {"realtime-lag"},
    two_sends_lie_in_the_wrong_order: {"nonmonotonic-send"},
    two_of_one_send_lie_in_the_wrong_order: {"int-nonmonotonic-send"},
    something_lies_in_between: {"int-send-skip", "write-cycle"},
    an_operation_receives_its_own: {"precommitted-read"},
    two_operations_are_each_before_the_other: {"write-cycle"},
    two_operations_receive_what_the_other_sends: {"read-cycle"},
    one_client_receives_again_after_an_assignment: {"consume-count"},
}


def failed(told: Broker) -> set[str]:
    verdicts = judge(told.messages(), NAMES, PROMISES)
    return {verdict.checker for verdict in verdicts if verdict.status is Status.FAIL}


def test_every_anomaly_is_made() -> None:
    assert set().union(*MUTATIONS.values()) == set(NAMES)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_good_history_has_no_anomaly(seed: int) -> None:
    assert failed(good(Random(seed))) == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_goes_wrong_is_found_as_what_it_is(mutation: Callable[[Broker, Random], Broker], seed: int) -> None:
    random = Random(seed)
    assert failed(mutation(good(random), random)) == MUTATIONS[mutation]
