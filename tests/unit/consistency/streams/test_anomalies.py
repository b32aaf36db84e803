"""For each anomaly a history that passes, one that fails and one of which it cannot be known."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.consistency.streams.anomalies import ANOMALIES, Promises
from harness.consistency.streams.verdict import NO_PROMISES, judge, judge_one
from harness.errors import InvalidInput
from harness.verdict import Status, Verdict
from tests.histories.broker import Broker, assigned, got, got_nothing, sent, subscribed


@dataclass(frozen=True)
class Example:
    passes: Broker
    fails: Broker
    unknown: Broker
    promises: Promises = NO_PROMISES


def log(*values: str, stream: str = "s", process: str = "p", every: int = 1) -> Broker:
    """Sent one after the other to one stream, at every so manieth offset."""
    told = Broker()
    for number, value in enumerate(values):
        told = told.did(process, sent(stream, number * every, value))
    return told


ABC = log("a", "b", "c")
READ = ABC.did("c", got("s", 0, "a")).did("c", got("s", 1, "b")).did("c", got("s", 2, "c"))
BATCH = ABC.did("c", got("s", 0, "a"), got("s", 1, "b"), got("s", 2, "c"))
OTHERS = BATCH.did("d", got("s", 0, "a"))
NOTHING = Broker().did("p", sent("s", None, "a"), outcome="fail").did("c", got_nothing("s"))
DISPUTED = Broker().did("p", sent("s", 0, "a")).did("c", got("s", 0, "b"))
BATCHES = Broker().did("p", sent("s", 0, "a"), sent("s", 1, "b"))
UNTIMED = Broker(timed=False).did("p", sent("s", 0, "a")).did("c", got("s", 0, "a"))

EXAMPLES = {
    "inconsistent-offset": Example(READ, READ.did("d", got("s", 1, "x")), NOTHING),
    "duplicate": Example(READ, READ.did("c", got("s", 3, "b")), DISPUTED),
    "lost-write": Example(
        READ,
        ABC.did("c", got("s", 0, "a")).did("c", got("s", 2, "c")),
        ABC.did("c", got("s", 0, "a")).did("c", got_nothing("s"), outcome="indeterminate").did("c", got("s", 2, "c")),
    ),
    "unseen": Example(
        READ,
        ABC.did("c", got("s", 0, "a")).did("c", got("s", 1, "b")),
        ABC.did("c", got("s", 0, "a")).did("c", got_nothing("s"), outcome="indeterminate"),
    ),
    "aborted-read": Example(
        READ, Broker().did("p", sent("s", None, "a"), outcome="fail").did("c", got("s", 0, "a")), NOTHING
    ),
    "unexpected": Example(READ, READ.did("c", got("s", 3, "d")), NOTHING),
    "poll-skip": Example(READ, OTHERS.did("d", got("s", 2, "c")), DISPUTED),
    "int-poll-skip": Example(BATCH, BATCH.did("d", got("s", 0, "a"), got("s", 2, "c")), NOTHING),
    "nonmonotonic-poll": Example(READ, READ.did("c", got("s", 0, "a")), NOTHING),
    "int-nonmonotonic-poll": Example(BATCH, ABC.did("c", got("s", 1, "b"), got("s", 0, "a")), NOTHING),
    "nonmonotonic-send": Example(ABC, ABC.did("p", sent("s", -1, "d")), NOTHING),
    "int-nonmonotonic-send": Example(BATCHES, Broker().did("p", sent("s", 1, "a"), sent("s", 0, "b")), NOTHING),
    "int-send-skip": Example(
        BATCHES, Broker().did("p", sent("s", 0, "a"), sent("s", 2, "c")).did("q", sent("s", 1, "b")), NOTHING
    ),
    "precommitted-read": Example(
        ABC.did("c", got("s", 0, "a"), sent("t", 0, "x")), ABC.did("c", sent("s", 3, "x"), got("s", 3, "x")), NOTHING
    ),
    "write-cycle": Example(
        Broker().did("p", sent("s", 0, "a"), sent("t", 0, "x")).did("q", sent("s", 1, "b"), sent("t", 1, "y")),
        Broker().did("p", sent("s", 0, "a"), sent("t", 1, "x")).did("q", sent("s", 1, "b"), sent("t", 0, "y")),
        NOTHING,
    ),
    "read-cycle": Example(
        Broker().did("p", sent("s", 0, "a"), got_nothing("t")).did("q", sent("t", 0, "x"), got("s", 0, "a")),
        Broker().did("p", sent("s", 0, "a"), got("t", 0, "x")).did("q", sent("t", 0, "x"), got("s", 0, "a")),
        NOTHING,
    ),
    "consume-count": Example(READ, READ.did("c", got("s", 1, "b")), NOTHING),
    "realtime-lag": Example(
        READ, READ.did("c", got_nothing("s")).did("d", got("s", 0, "a")), UNTIMED, Promises(lag_s_max=3)
    ),
}


def one(told: Broker, name: str, promises: Promises = NO_PROMISES) -> Verdict:
    return judge_one(told.messages(), name, promises)


def test_every_anomaly_has_its_examples() -> None:
    assert list(EXAMPLES) == [anomaly.name for anomaly in ANOMALIES]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_history_without_the_anomaly_passes(name: str) -> None:
    verdict = one(EXAMPLES[name].passes, name, EXAMPLES[name].promises)
    assert verdict.status is Status.PASS, verdict


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_history_with_the_anomaly_fails_and_shows_it(name: str) -> None:
    verdict = one(EXAMPLES[name].fails, name, EXAMPLES[name].promises)
    assert verdict.status is Status.FAIL, verdict
    assert 1 <= len(verdict.evidence[0].records) <= 10
    assert verdict.first_violation_s is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_cannot_be_known_is_unknown(name: str) -> None:
    verdict = one(EXAMPLES[name].unknown, name, EXAMPLES[name].promises)
    assert verdict.status is Status.UNKNOWN, verdict


def test_the_sentence_says_what_was_expected_and_seen_where_and_when() -> None:
    told = ABC.did("c", got("s", 0, "a")).did("c", got("s", 2, "c"))
    assert one(told, "lost-write").reason == (
        "What was acknowledged, and lies before something that was received, was received itself. But 1 of 3 "
        "acknowledged values were passed over: received by nobody, though something further on was; first b of "
        "stream s at offset 1, sent by process p at 1.500 s."
    )


def failed(told: Broker, *asked: str, promises: Promises = NO_PROMISES) -> list[str]:
    return [verdict.checker for verdict in judge(told.messages(), asked, promises) if verdict.status is Status.FAIL]


def test_what_is_sparse_is_no_gap() -> None:
    told = log("a", "b", every=10**15)
    assert failed(told.did("c", got("s", 0, "a")).did("c", got("s", 10**15, "b"))) == []


def test_what_nobody_received_is_lost_and_not_skipped() -> None:
    assert failed(ABC.did("c", got("s", 0, "a")).did("c", got("s", 2, "c"))) == ["lost-write"]


def test_what_is_received_late_is_out_of_order_and_not_skipped() -> None:
    assert failed(ABC.did("c", got("s", 0, "a"), got("s", 2, "c"), got("s", 1, "b"))) == ["int-nonmonotonic-poll"]


def test_what_one_client_received_before_a_gap_in_its_record_may_be_what_another_lacks() -> None:
    told = OTHERS.did("d", got_nothing(), outcome="indeterminate").did("d", got("s", 2, "c"))
    assert failed(told) == []


def test_what_a_client_passed_over_is_lost_even_if_some_other_poll_is_unknown() -> None:
    told = ABC.did("d", got_nothing("s"), outcome="indeterminate")
    assert failed(told.did("c", got("s", 0, "a")).did("c", got("s", 2, "c"))) == ["lost-write"]


def test_what_is_sent_after_the_last_unknown_poll_and_not_seen_is_unseen() -> None:
    told = Broker().did("c", got_nothing("s"), outcome="indeterminate").did("p", sent("s", 0, "a"))
    assert failed(told, "unseen") == ["unseen"]


def test_an_indeterminate_send_may_be_received_or_not() -> None:
    told = Broker().did("p", sent("s", None, "a"), outcome="indeterminate")
    told = told.did("p", sent("s", None, "b"), outcome="indeterminate").did("c", got("s", 0, "b"))
    assert failed(told, "unseen") == []
    assert one(told, "unexpected").figures["recovered"] == 1


def test_a_value_that_was_sent_twice_may_be_there_twice() -> None:
    told = Broker().did("p", sent("s", None, "a"), outcome="indeterminate").did("p", sent("s", 1, "a"))
    told = told.did("c", got("s", 0, "a")).did("c", got("s", 1, "a"))
    assert failed(told) == []
    assert failed(told.did("c", got("s", 2, "a"))) == ["duplicate"]


def test_a_send_again_may_be_acknowledged_where_the_first_was() -> None:
    assert failed(ABC.did("p", sent("s", 0, "a"))) == []


def test_an_assignment_keeps_the_place_only_in_streams_that_it_keeps() -> None:
    two = BATCH.did("p", sent("t", 0, "x")).did("d", assigned("s"), assigned("t")).did("d", got("s", 0, "a"))
    assert failed(two.did("d", assigned("s")).did("d", got("s", 2, "c"))) == ["poll-skip"]
    assert failed(two.did("d", assigned("t")).did("d", assigned("s")).did("d", got("s", 2, "c"))) == []
    assert failed(two.did("d", assigned()).did("d", assigned("s")).did("d", got("s", 2, "c"))) == []
    assert failed(two.did("d", assigned("t"), outcome="fail").did("d", got("s", 2, "c"))) == ["poll-skip"]
    assert failed(two.did("d", assigned("s"), outcome="indeterminate").did("d", got("s", 2, "c"))) == []


def test_clients_that_subscribe_may_lose_a_stream_for_a_while() -> None:
    told = OTHERS.did("e", subscribed("s")).did("e", got("s", 0, "a"))
    assert failed(told.did("e", got("s", 2, "c"))) == []
    assert failed(told.did("e", got("s", 1, "b"), got("s", 0, "a"))) == ["int-nonmonotonic-poll"]
    assert failed(told.did("e", assigned("s")).did("e", got("s", 0, "a")).did("e", got("s", 2, "c"))) == ["poll-skip"]
    told = OTHERS.did("d", got("s", 2, "c"))
    assert failed(told, promises=Promises(rebalanced=True)) == []


def test_what_is_at_a_disputed_offset_is_judged_by_nothing_else() -> None:
    told = BATCH.did("d", got("s", 0, "a"), got("s", 1, "c"), got("s", 2, "b"))
    assert failed(told, "consume-count") == ["inconsistent-offset"]


def test_a_cycle_of_sends_and_receipts_counts_only_if_operations_are_isolated() -> None:
    told = Broker().did("p", sent("s", 0, "a"), got("t", 1, "y"))
    told = told.did("q", sent("s", 1, "b"), sent("t", 0, "x")).did("r", sent("t", 1, "y")).did("c", got("t", 0, "x"))
    assert failed(told) == []
    assert failed(told, promises=Promises(isolated=True)) == ["read-cycle"]


def test_anomalies_of_batches_are_left_out_where_there_are_none() -> None:
    names = [verdict.checker for verdict in judge(READ.messages())]
    assert names == [anomaly.name for anomaly in ANOMALIES if not anomaly.asked_for and not anomaly.of_batches]
    assert "int-poll-skip" in [verdict.checker for verdict in judge(BATCH.messages())]


def test_a_name_that_is_no_anomaly_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lost-write"):
        list(judge(READ.messages(), ["lost-writes"]))
