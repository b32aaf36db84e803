from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.consistency.linearizability import Budget, check
from harness.consistency.linearizability.verdict import verdict
from harness.consistency.models import (
    REFUSED,
    CasRegister,
    Counter,
    Log,
    Model,
    Positions,
    Queue,
    Refused,
    Register,
    Set,
    find_model,
)
from harness.consistency.operations import Operation, Value
from harness.errors import InvalidInput
from harness.verdict import Status
from tests.histories.told import Told


def status(told: Told, model: Model[Any] | str) -> Status:
    return check(told.operations(), find_model(model) if isinstance(model, str) else model).status


def test_a_read_sees_the_last_write() -> None:
    told = Told().did(1, "write", 1).did(2, "read", result=1)
    assert status(told, "register") is Status.PASS


def test_a_read_of_what_was_overwritten_before_it_began_fails() -> None:
    told = Told().did(1, "write", 1).did(1, "write", 2).did(2, "read", result=1)
    assert status(told, "register") is Status.FAIL


def test_operations_at_the_same_time_may_come_in_either_order() -> None:
    told = Told().did(1, "write", 1).began(1, "write", 2).did(2, "read", result=1).did(3, "read", result=2).ok(1)
    assert status(told, "register") is Status.PASS
    back = Told().did(1, "write", 1).began(1, "write", 2).did(2, "read", result=2).did(3, "read", result=1).ok(1)
    assert status(back, "register") is Status.FAIL


def test_what_is_indeterminate_may_happen_later_or_never() -> None:
    told = Told().began(1, "write", 1).lost(1).did(2, "read").did(2, "read", result=1)
    assert status(told, "register") is Status.PASS
    assert status(told.did(2, "read"), "register") is Status.FAIL
    assert status(Told().began(1, "write", 1).lost(1).did(2, "read").did(2, "read"), "register") is Status.PASS


def test_what_never_returned_is_indeterminate() -> None:
    assert status(Told().began(1, "write", 1).did(2, "read", result=1), "register") is Status.PASS


def test_what_failed_did_not_happen() -> None:
    told = Told().began(1, "write", 1).failed(1).did(2, "read", result=1)
    assert status(told, "register") is Status.FAIL


def test_indeterminate_operations_take_effect_once() -> None:
    once = Told().began(1, "add", 5).lost(1).did(2, "read", result=5)
    assert status(once, "counter") is Status.PASS
    assert status(once.did(2, "read", result=10), "counter") is Status.FAIL


def test_objects_are_judged_apart() -> None:
    told = Told().did(1, "write", 1, key="a").did(1, "read", result=None, key="b").did(1, "read", result=1, key="a")
    judged = check(told.operations(), Register())
    assert (judged.status, judged.keys, judged.operations) == (Status.PASS, 2, 3)


def test_of_several_violated_objects_the_first_is_shown() -> None:
    told = Told().did(1, "read", result=1, key="b").did(1, "read", result=1, key="a").did(1, "read", key="c")
    judged = check(told.operations(), Register())
    assert judged.violated_keys == 2
    assert judged.violation is not None
    assert judged.violation.key == "b"


@pytest.mark.parametrize(
    "told",
    [
        Told(),
        Told().began(1, "write", 1).failed(1),
        Told().began(1, "write", 1).lost(1),
        Told().began(1, "read"),
    ],
)
def test_where_nothing_is_known_to_have_succeeded_nothing_is_proved(told: Told) -> None:
    judged = verdict(check(told.operations(), Register()))
    assert judged.status is Status.UNKNOWN
    assert judged.reason == "Nothing to judge by: no operation is known to have succeeded."


def test_a_violation_is_shown_by_the_shortest_prefix_that_has_no_order() -> None:
    told = Told().did(1, "write", 1).began(3, "write", 9).did(2, "read", result=2).did(1, "write", 3).ok(3)
    violation = check(told.operations(), Register()).violation
    assert violation is not None
    assert str(violation.culprit) == "read → 2"
    assert [str(each) for each in violation.prefix] == ["write 1", "read → 2", "write 9"]
    assert not violation.prefix[2].determinate
    assert [str(each) for each in violation.order] == ["write 1"]
    assert set(violation.states) == {"1", "9"}


def test_the_reason_names_who_saw_what_where() -> None:
    told = Told().did(1, "write", 1, key="x").did(2, "read", result=2, key="x")
    judged = verdict(check(told.operations(), Register()))
    assert judged.reason == (
        "No order of the 1 other operations begun by then explains that process 2 had read → 2 of x (line 4): "
        "the object can only have been 1."
    )
    [shown] = judged.evidence
    assert shown.records == ((2, "1", "write 1", "ok", 1), (4, "2", "read → 2", "ok", None))


def all_at_once() -> Told:
    told = Told()
    for process in range(40):
        told.began(process, "append", process, key="hard")
    for process in range(40):
        told.ok(process)
    return told


def test_steps_run_out_and_the_verdict_is_unknown_the_same_each_time() -> None:
    told = all_at_once()
    judgements = [check(told.operations(), Stubborn(), Budget(steps_max=500)) for _ in range(2)]
    assert judgements[0] == judgements[1]
    assert judgements[0].status is Status.UNKNOWN
    assert judgements[0].short_of == "500 steps"
    assert verdict(judgements[0]).reason == (
        "The budget of 500 steps was used up before 1 of 1 objects could be explained."
    )


class Stubborn(Model[frozenset[Value]]):
    """Takes all that it is given, and is never content."""

    names = frozenset({"append"})
    initial: frozenset[Value] = frozenset()

    def step(self, state: frozenset[Value], operation: Operation) -> frozenset[Value] | Refused:
        return state | {operation.argument} if len(state) < 39 else REFUSED


def test_time_runs_out() -> None:
    told = all_at_once()
    ticks: Iterator[float] = iter(range(1000))
    judged = check(told.operations(), Stubborn(), Budget(seconds_max=1.5), clock=lambda: next(ticks))
    assert (judged.status, judged.short_of) == (Status.UNKNOWN, "1.5 s")


def test_memory_runs_out() -> None:
    told = all_at_once()
    judged = check(told.operations(), Stubborn(), Budget(memory_mb_max=1))
    assert (judged.status, judged.short_of) == (Status.UNKNOWN, "1 MB")


def test_a_hard_object_hides_no_violation_of_another() -> None:
    told = all_at_once()
    told.did(99, "append", 1, key="easy").did(99, "append", 1, key="easy")

    class Once(Stubborn):
        def step(self, state: frozenset[Value], operation: Operation) -> frozenset[Value] | Refused:
            return REFUSED if operation.argument in state else super().step(state, operation)

    judged = check(told.operations(), Once(), Budget(steps_max=15_000))
    assert judged.status is Status.FAIL
    assert judged.unfinished_keys == 1


@pytest.mark.parametrize("bad", [{"steps_max": 0}, {"seconds_max": 0.0}, {"memory_mb_max": -1.0}])
def test_a_budget_is_more_than_nothing(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        Budget(**bad)  # type: ignore[arg-type]


def test_an_operation_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(InvalidInput, match="the model knows no operation 'cas'"):
        check(Told().did(1, "cas", (1, 2)).operations(), Register())


def test_cas_needs_the_old_value() -> None:
    told = Told().did(1, "write", 1).did(1, "cas", (1, 2)).did(2, "read", result=2)
    assert status(told, CasRegister()) is Status.PASS
    assert status(told.did(1, "cas", (1, 3)), CasRegister()) is Status.FAIL


def test_a_counter_sums() -> None:
    told = Told().began(1, "add", 2).did(2, "read", result=0).did(2, "read", result=2).ok(1)
    assert status(told, Counter()) is Status.PASS
    assert status(told.did(2, "read", result=3), Counter()) is Status.FAIL


def test_a_set_holds_what_was_added_and_not_removed() -> None:
    told = Told().did(1, "add", 1).did(1, "add", 2).did(1, "remove", 1)
    told.did(2, "contains", 2, result=True).did(2, "contains", 1, result=False).did(2, "read", result=frozenset({2}))
    assert status(told, Set()) is Status.PASS
    assert status(told.did(2, "read", result=(1, 2)), Set()) is Status.FAIL


def test_a_queue_is_first_in_first_out() -> None:
    told = Told().did(1, "enqueue", 1).did(1, "enqueue", 2).did(2, "dequeue", result=1).did(2, "dequeue", result=2)
    assert status(told.did(2, "dequeue"), Queue()) is Status.PASS
    back = Told().did(1, "enqueue", 1).did(1, "enqueue", 2).did(2, "dequeue", result=2)
    assert status(back, Queue()) is Status.FAIL


def test_a_queue_may_hold_a_value_twice() -> None:
    told = Told().did(1, "enqueue", 1).did(1, "enqueue", 1).did(2, "dequeue", result=1)
    assert status(told.did(2, "dequeue", result=1), Queue()) is Status.PASS
    assert status(told.did(2, "dequeue", result=1), Queue()) is Status.FAIL


def test_a_log_keeps_all_in_order() -> None:
    told = Told().began(1, "append", 1).began(2, "append", 2).ok(1).ok(2).did(3, "read", result=(2, 1))
    assert status(told, Log()) is Status.PASS
    assert status(told.did(3, "read", result=(1, 2)), Log()) is Status.FAIL


def test_positions_go_up() -> None:
    told = Told().began(1, "append").did(2, "read", result=4).ok(1, 6).did(2, "read", result=6)
    assert status(told, Positions()) is Status.PASS
    assert status(told.did(2, "read", result=5), Positions()) is Status.FAIL


def test_no_two_appends_have_one_position() -> None:
    assert status(Told().began(1, "append").did(2, "append", result=1).ok(1, 1), Positions()) is Status.FAIL


@pytest.mark.parametrize(
    ("told", "model", "message"),
    [
        (Told().did(1, "cas", 7), CasRegister(), r"cas needs a pair \[old new\], not 7"),
        (Told().did(1, "add", "x"), Counter(), "add needs a number, not x"),
        (Told().did(1, "read", result=7), Set(), "read of a set gives its elements, not 7"),
        (Told().did(1, "read", result=7), Log(), "read of a log gives its values, not 7"),
        (Told().did(1, "read", result="x"), Positions(), "a position is a number, not x"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named_with_its_line(told: Told, model: Model[Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        check(told.operations(), model)
    assert raised.value.line == 2


class Lock(Model[Value]):
    names = frozenset({"acquire", "release"})
    initial = None
    sees_callers = True

    def step(self, state: Value, operation: Operation) -> Value | Refused:
        if operation.name == "acquire":
            return operation.process if state is None else REFUSED
        return None if state == operation.process else REFUSED


def test_a_model_of_ones_own_is_named_by_its_module() -> None:
    lock = find_model(f"{__name__}:Lock")
    assert isinstance(lock, Lock)
    told = Told().did(1, "acquire").did(1, "release").did(2, "acquire")
    assert status(told, lock) is Status.PASS
    assert status(told.did(1, "release"), lock) is Status.FAIL


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("regster", "no model 'regster'; known: register, "),
        ("nowhere:Lock", "the model 'nowhere:Lock' cannot be loaded: No module named 'nowhere'"),
        (f"{__name__}:Nothing", "cannot be loaded"),
        ("pathlib:Path", "does not derive from harness.consistency.models.Model"),
    ],
)
def test_a_model_that_is_none_is_named(name: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        find_model(name)


def test_what_the_object_can_have_been_is_told_as_a_position() -> None:
    told = Told().did(1, "append", result=5).did(2, "read", result=5).did(2, "read", result=3)
    reason = verdict(check(told.operations(), Positions())).reason
    assert "had read → 3" in reason
    assert "can only have been 5" in reason
