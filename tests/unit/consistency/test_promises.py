"""For each promise a history that keeps it, one that breaks it, and one of which it cannot be known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.consistency.catalogue import BY_NAME
from harness.consistency.objects import bank
from harness.consistency.reading import read_operations
from harness.consistency.set_full import elements
from harness.errors import InvalidInput
from harness.verdict import Status, Verdict
from tests.histories.told import Told


@dataclass(frozen=True)
class Example:
    passes: Told
    fails: Told
    unknown: Told


def balances(**accounts: int) -> Any:
    return frozenset(accounts.items())


EXAMPLES = {
    "read-your-writes": Example(
        Told().did(1, "append", "a").did(1, "read", result=("a",)),
        Told().did(1, "append", "a").did(1, "read", result=()),
        Told().did(1, "append", "a").did(2, "read", result=()),
    ),
    "session-monotonic-reads": Example(
        Told().did(1, "read", result=3).did(1, "read", result=3).did(2, "read", result=1),
        Told().did(1, "read", result=3).did(1, "read", result=2),
        Told().did(1, "read", result=3).did(2, "read", result=2),
    ),
    "monotonic-writes": Example(
        Told().did(1, "append", "a").did(1, "append", "b").did(2, "read", result=("a", "b")),
        Told().did(1, "append", "a").did(1, "append", "b").did(2, "read", result=("b", "a")),
        Told().did(1, "append", "a").did(1, "append", "b").did(2, "read", result=()),
    ),
    "writes-follow-reads": Example(
        Told().did(1, "read", result=1).did(1, "write", result=2),
        Told().did(1, "read", result=3).did(1, "write", result=2),
        Told().did(1, "read", result=3).did(2, "write", result=2),
    ),
    "bank": Example(
        Told().did(1, "read", result=balances(a=10, b=0)).did(1, "read", result=balances(a=4, b=6)),
        Told().did(1, "read", result=balances(a=10, b=0)).did(1, "read", result=balances(a=4, b=5)),
        Told().did(1, "transfer", 1),
    ),
    "counter": Example(
        Told().did(1, "add", 2).began(2, "add", 3).did(1, "read", result=5).ok(2).did(1, "read", result=5),
        Told().did(1, "add", 2).began(2, "add", 3).did(1, "read", result=1).ok(2),
        Told().did(1, "add", 2),
    ),
    "unique-ids": Example(
        Told().did(1, "generate", result=1).did(2, "generate", result=2),
        Told().did(1, "generate", result=1).did(2, "generate", result=1),
        Told().began(1, "generate").lost(1),
    ),
    "set-full": Example(
        Told().did(1, "add", 1).did(2, "read", result=()).did(2, "read", result=(1,)),
        Told().did(1, "add", 1).did(2, "read", result=(1,)).did(2, "read", result=()),
        Told().did(2, "read", result=()).did(1, "add", 1),
    ),
    "causal-reverse": Example(
        Told().did(1, "write", 1).began(2, "write", 2).did(3, "read", result=(1, 2)).ok(2),
        Told().did(1, "write", 1).did(2, "write", 2).did(3, "read", result=(2,)),
        Told().did(1, "write", 1).did(2, "write", 2),
    ),
}


def judge(told: Told, name: str) -> Verdict:
    return BY_NAME[name].judge(told.operations())


def test_every_promise_has_its_examples() -> None:
    assert list(EXAMPLES) == list(BY_NAME)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_history_that_keeps_the_promise_passes(name: str) -> None:
    verdict = judge(EXAMPLES[name].passes, name)
    assert verdict.status is Status.PASS, verdict


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_history_that_breaks_it_fails_and_shows_where(name: str) -> None:
    verdict = judge(EXAMPLES[name].fails, name)
    assert verdict.status is Status.FAIL, verdict
    assert len(verdict.evidence[0].records) == verdict.evidence[0].total == 1
    assert "line" in verdict.reason
    assert verdict.first_violation_s is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_cannot_be_known_is_unknown(name: str) -> None:
    verdict = judge(EXAMPLES[name].unknown, name)
    assert verdict.status is Status.UNKNOWN, verdict


def test_the_sentence_names_both_operations_and_their_lines() -> None:
    assert judge(EXAMPLES["read-your-writes"].fails, "read-your-writes").reason == (
        "A client sees in its reads all it has written before. But process 1 had read → [] after its append a (line 2) "
        "(line 4); so in all 1 of 1 pairs of operations."
    )


def test_an_indeterminate_write_binds_no_session() -> None:
    told = Told().began(1, "append", "a").lost(1).did(1, "read", result=()).did(1, "append", "b")
    told.did(2, "read", result=("b", "a"))
    for name in ("read-your-writes", "monotonic-writes"):
        assert judge(told, name).status is not Status.FAIL


def test_sessions_are_judged_for_each_object_by_itself() -> None:
    told = Told().did(1, "read", result=3, key="x").did(1, "read", result=2, key="y")
    assert judge(told, "session-monotonic-reads").status is Status.UNKNOWN


def test_an_acknowledged_append_that_is_missing_where_a_later_one_is_there_breaks_the_order() -> None:
    told = Told().did(1, "append", "a").did(1, "append", "b").did(2, "read", result=("b",))
    assert judge(told, "monotonic-writes").status is Status.FAIL


def test_reads_that_do_not_agree_on_an_order_leave_it_unknown() -> None:
    told = Told().did(1, "read", result=("a", "b")).did(1, "read", result=("b",)).did(1, "append", "a")
    verdict = judge(told, "session-monotonic-reads")
    assert verdict.status is Status.UNKNOWN
    assert "do not agree" in verdict.reason


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("session-monotonic-reads", Told().did(1, "read", result="x")),
        ("session-monotonic-reads", Told().did(1, "read", result=1).did(1, "read", result=(1,))),
        ("monotonic-writes", Told().did(1, "append", "a").did(1, "read", result=1)),
        ("bank", Told().did(1, "read", result=7)),
        ("counter", Told().did(1, "add", "x").did(1, "read", result=7)),
        ("set-full", Told().did(1, "read", result=7)),
        ("causal-reverse", Told().did(1, "read", result=7)),
        ("unique-ids", Told().did(1, "read", result=7)),
    ],
)
def test_what_a_judge_cannot_take_is_told_with_its_line(name: str, told: Told) -> None:
    with pytest.raises(InvalidInput) as refused:
        judge(told, name)
    assert refused.value.line is not None


def test_a_bank_has_the_total_that_is_given_and_no_debts() -> None:
    told = Told().did(1, "read", result=balances(a=10))
    assert bank(10).judge(told.operations()).status is Status.PASS
    assert bank(11).judge(told.operations()).status is Status.FAIL
    debts = bank(10).judge(told.did(1, "read", result=balances(a=12, b=-2)).operations())
    assert debts.status is Status.FAIL
    assert "below zero in b" in debts.reason


def test_a_counter_may_show_what_is_indeterminate_or_not_and_never_what_failed() -> None:
    for value, status in ((0, Status.PASS), (5, Status.PASS), (6, Status.FAIL)):
        told = Told().began(1, "add", 5).lost(1).did(2, "read", result=value)
        assert judge(told, "counter").status is status
    assert judge(Told().began(1, "add", 5).failed(1).did(2, "read", result=5), "counter").status is Status.FAIL


def test_a_counter_may_count_down() -> None:
    def told() -> Told:
        return Told().did(1, "add", -2).began(2, "add", -3).began(3, "read")

    for value in (-2, -5):
        assert judge(told().ok(3, value).ok(2), "counter").status is Status.PASS
    for value in (0, -3 - 3):
        assert judge(told().ok(3, value).ok(2), "counter").status is Status.FAIL


def test_of_two_reads_at_once_one_may_come_before_the_element() -> None:
    told = Told().did(1, "add", 1).began(2, "read").did(3, "read", result=()).ok(2, (1,))
    assert judge(told, "set-full").status is Status.PASS


def test_what_a_read_shows_that_was_under_way_when_it_was_added_is_not_lost() -> None:
    told = Told().began(1, "add", 1).began(2, "read").ok(1).did(3, "read", result=()).ok(2, (1,))
    verdict = judge(told, "set-full")
    assert (verdict.status, verdict.figures["stable"]) == (Status.PASS, 1)


def test_a_set_holds_nothing_before_somebody_began_to_add_it() -> None:
    verdict = judge(Told().did(2, "read", result=(1,)).did(1, "add", 1), "set-full")
    assert verdict.status is Status.FAIL
    assert "read 1, which nobody had begun to add" in verdict.reason
    assert judge(Told().began(2, "read").did(1, "add", 1).ok(2, (1,)), "set-full").status is Status.PASS


def test_a_set_holds_nothing_that_nobody_added() -> None:
    told = Told().did(1, "add", 1).did(2, "read", result=(1, 2))
    verdict = judge(told, "set-full")
    assert verdict.status is Status.FAIL
    assert "read 2, which nobody added" in verdict.reason


def test_a_set_tells_how_long_it_takes_for_elements_to_be_there() -> None:
    told = Told().did(1, "add", 1).did(2, "read", result=()).did(2, "read", result=(1,)).did(1, "add", 2)
    verdict = judge(told, "set-full")
    assert verdict.figures["stable"] == 1
    assert verdict.figures["never_read"] == 1
    assert verdict.figures["stable_after_max_s"] == 1.0
    [first, second] = elements(told.operations())
    assert (first.stable, second.stable, second.lost) == (True, False, False)


def test_writes_at_the_same_time_may_be_seen_in_either_order() -> None:
    told = Told().did(1, "write", 0).began(1, "write", 1).began(2, "write", 2).ok(1).ok(2)
    assert judge(told.did(3, "read", result=(0, 2)), "causal-reverse").status is Status.PASS


def test_reads_that_show_no_later_write_prove_nothing_of_the_order() -> None:
    told = Told().did(1, "write", 1).did(2, "write", 2).did(3, "read", result=()).did(3, "read", result=(1,))
    assert judge(told, "causal-reverse").status is Status.UNKNOWN


def test_what_a_session_does_at_the_same_time_binds_it_to_nothing(tmp_path: Path) -> None:
    line = '{"process": 1, "f": "read", "result": %d, "outcome": "ok", "start_ns": %d, "end_ns": %d}\n'
    file = tmp_path / "reads.jsonl"
    file.write_text(line % (3, 0, 10) + line % (2, 5, 15))
    assert BY_NAME["session-monotonic-reads"].judge(read_operations(file)).status is Status.UNKNOWN
    file.write_text(line % (3, 0, 10) + line % (2, 11, 15))
    assert BY_NAME["session-monotonic-reads"].judge(read_operations(file)).status is Status.FAIL
