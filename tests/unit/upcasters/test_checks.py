"""Each check on observations made up for it: what it has to fail, what to pass, and when it cannot say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from harness.upcasters.catalog import Catalog, Step, Way
from harness.upcasters.checks import CHECKS, judge
from harness.upcasters.events import BrokenLine, StoredEvent
from harness.upcasters.observations import Attempt, Journey, Loading, Newness, Observations, Purpose, Versions
from harness.upcasters.registry import Data
from harness.upcasters.schemas import Schemas
from harness.upcasters.user_code.messages import Touched
from harness.verdict import Status, Verdict

UP = Step("Moved", 1, 2, "raised", "events.py:4")
DOWN = Step("Moved", 2, 1, "lowered", "events.py:9", down=True)
EVENT = StoredEvent("Moved", 1, {"n": 1}, "events.jsonl:1")
NEW = StoredEvent("Moved", 2, {"n": 2}, "events.jsonl:2")


@dataclass(frozen=True)
class Wants:
    """A schema that wants one value of `n`."""

    value: int

    def complaint(self, data: Data) -> str:
        return "" if data.get("n") == self.value else f"n is not {self.value}"

    def examples(self, count: int) -> tuple[Data, ...]:
        return ()


SCHEMAS = Schemas({("Moved", 1): Wants(1), ("Moved", 2): Wants(2)})


def journey(state: Any = None, way: Way = (UP,), purpose: Purpose = Purpose.RAISE, **changes: Any) -> Journey:
    attempt = Attempt(({"n": 2} if state is None else state,))
    return replace(Journey(EVENT, way, purpose, attempt, attempt, attempt), **changes)


def observed(*journeys: Journey, steps: tuple[Step, ...] = (UP,), **changes: Any) -> Observations:
    versions = (Versions("Moved", {1: "its schema", 2: "its schema"}, 2, is_declared=False, is_reached=True),)
    loading = Loading(NEW, Newness.NEWEST, "", NEW.data, NEW.data, NEW.data)
    probe = Loading(StoredEvent("Moved", 3, {}, "made up"), Newness.PROBE, "UnknownVersion: Moved 3")
    return replace(Observations(Catalog(steps), SCHEMAS, versions, journeys, (loading, probe)), **changes)


GOOD = observed(journey())


def verdict(check: str, seen: Observations) -> Verdict:
    found = CHECKS[check](seen)
    assert found is not None
    assert found.checker == check
    return found


def versions(stored: Mapping[int, str], newest: int, *, declared: bool = False) -> tuple[Versions, ...]:
    return (Versions("Moved", stored, newest, is_declared=declared, is_reached=True),)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_right_passes() -> None:
    verdicts = judge(GOOD)
    assert {each.status for each in verdicts} == {Status.PASS}, verdicts
    assert {each.checker for each in verdicts} == set(CHECKS) - {"lossless", "recorded"}


@pytest.mark.parametrize("check", ["terminating", "valid", "pure"])
def test_without_an_event_it_is_unknown(check: str) -> None:
    found = verdict(check, observed())
    assert found.status is Status.UNKNOWN
    assert "no event of Moved 1" in found.reason


def test_a_check_can_be_left_out() -> None:
    assert "pure" not in {each.checker for each in judge(GOOD, frozenset({"pure"}))}


@pytest.mark.parametrize("check", CHECKS)
def test_evidence_is_bounded_and_counts_all(check: str) -> None:
    wrong = journey(
        {"n": 9},
        again=Attempt((), "boom"),
        elsewhere=Attempt(({"n": 8},)),
        touched=(Touched(0, "io", "open", "a.py:1"),),
    )
    many = tuple(replace(wrong, event=replace(EVENT, position=f"events.jsonl:{number}")) for number in range(50))
    found = CHECKS[check](observed(*many))
    assert found is None or all(len(each.records) <= 10 <= max(10, each.total) for each in found.evidence)


# ── total ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("steps", "stored", "newest", "declared", "why"),
    [
        (
            [(1, 2), (3, 4)],
            (1, 2, 3),
            4,
            False,
            "version 1 (x) does not reach version 4: the upcasters from it end at version 2",
        ),
        ([(2, 3)], (1, 2), 3, False, "version 1 (x) does not reach version 3: no upcaster leads on from it"),
        ([(1, 2), (2, 3), (3, 2)], (1, 2), 3, False, "a cycle: Moved 2 → 3, Moved 3 → 2"),
        ([(1, 2), (2, 3)], (1,), 2, True, "Moved 2 → 3 is never called: the class says that its version is 2"),
    ],
)
def test_total_fails_for(
    steps: list[tuple[int, int]], stored: tuple[int, ...], newest: int, declared: bool, why: str
) -> None:
    catalog = Catalog(tuple(Step("Moved", source, target) for source, target in steps))
    seen = replace(GOOD, catalog=catalog, versions=versions(dict.fromkeys(stored, "x"), newest, declared=declared))
    found = verdict("total", seen)
    assert found.status is Status.FAIL
    assert found.reason == f"Moved: {why}."


def test_total_is_unknown_where_nothing_is_registered() -> None:
    assert verdict("total", replace(GOOD, catalog=Catalog(()), versions=())).status is Status.UNKNOWN


# ── terminating ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_terminating_fails_with_the_upcaster_the_event_and_the_exception() -> None:
    found = verdict("terminating", observed(journey(first=Attempt((), "KeyError: 'm' at events.py:5"))))
    assert found.status is Status.FAIL
    assert found.reason == (
        "Moved 1 → 2, raised (events.py:4) did not take the event at events.jsonl:1: KeyError: 'm' at events.py:5."
    )


def test_terminating_names_the_step_that_failed() -> None:
    second = Step("Moved", 2, 3, "second")
    found = verdict("terminating", observed(journey(way=(UP, second), first=Attempt(({"n": 2},), "boom"))))
    assert found.reason.startswith("Moved 2 → 3, second did not take")


def test_terminating_fails_for_what_happens_only_elsewhere() -> None:
    assert verdict("terminating", observed(journey(elsewhere=Attempt((), "boom")))).status is Status.FAIL


def test_terminating_is_unknown_where_this_machine_may_have_been_too_slow() -> None:
    lost = Attempt((), "its process did not end", certain=False)
    assert verdict("terminating", observed(journey(first=lost, again=lost))).status is Status.UNKNOWN


# ── valid ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_valid_fails_for_a_result_that_its_schema_refuses() -> None:
    found = verdict("valid", observed(journey({"n": 5})))
    assert found.status is Status.FAIL
    assert "makes of the event at events.jsonl:1 what is not valid: n is not 2" in found.reason


def test_valid_fails_for_a_state_on_the_way() -> None:
    third = Step("Moved", 2, 3)
    states = Attempt(({"n": 5}, {"n": 3}))
    assert verdict("valid", observed(journey(way=(UP, third), first=states))).status is Status.FAIL


def test_valid_blames_nobody_for_an_event_that_was_invalid_when_it_was_stored() -> None:
    stored = journey({"n": 5}, event=replace(EVENT, data={"n": 7}))
    found = verdict("valid", observed(journey(), stored))
    assert found.status is Status.UNKNOWN
    assert "does not satisfy its own schema" in found.reason


def test_valid_is_unknown_without_a_schema_of_the_newest() -> None:
    found = verdict("valid", observed(journey(), schemas=Schemas({("Moved", 1): Wants(1)})))
    assert found.status is Status.UNKNOWN
    assert "there is no schema of it" in found.reason


@pytest.mark.parametrize(("missing", "status"), [((), Status.PASS), (("limit",), Status.FAIL)])
def test_valid_takes_a_class_for_a_schema(missing: tuple[str, ...], status: Status) -> None:
    seen = observed(
        journey(),
        catalog=Catalog((UP,), {"Moved": 2}),
        schemas=Schemas(),
        loadings=(Loading(NEW, Newness.NEWEST, "", {}, {}, {}, missing),),
    )
    assert verdict("valid", seen).status is status


# ── coherent ─────────────────────────────────────────────────────────────────────────────────────────────────────

MIDDLE, LAST, DIRECT = Step("Moved", 1, 2), Step("Moved", 2, 3), Step("Moved", 1, 3)


@pytest.mark.parametrize(
    ("by_steps", "direct", "status"),
    [({"n": 3}, {"n": 3}, Status.PASS), ({"n": 3}, {"n": 3.0}, Status.PASS), ({"n": 1}, {"n": True}, Status.FAIL)],
)
def test_coherent_compares_the_ways(by_steps: Data, direct: Data, status: Status) -> None:
    seen = observed(
        journey(way=(MIDDLE, LAST), first=Attempt(({"n": 2}, by_steps))),
        journey(way=(DIRECT,), first=Attempt((direct,))),
        steps=(MIDDLE, LAST, DIRECT),
        versions=versions({1: "", 2: ""}, 3),
    )
    found = verdict("coherent", seen)
    assert found.status is status
    if status is Status.FAIL:
        assert found.reason == "The event at events.jsonl:1 comes to something else by 1 → 3 than by 1 → 2 → 3."


def test_coherent_is_unknown_if_no_event_went_both_ways() -> None:
    seen = observed(steps=(MIDDLE, LAST, DIRECT), versions=versions({1: "", 2: ""}, 3))
    assert verdict("coherent", seen).status is Status.UNKNOWN


# ── idempotent ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("loading", "normalises", "status"),
    [
        (Loading(NEW, Newness.NEWEST, "", {"n": 2}, {"n": 2}, {"n": 2}), False, Status.PASS),
        (Loading(NEW, Newness.NEWEST, "", {"n": 2}, {"n": 3}, {"n": 3}), False, Status.FAIL),
        (Loading(NEW, Newness.NEWEST, "", {"n": 2}, {"n": 3}, {"n": 3}), True, Status.PASS),
        (Loading(NEW, Newness.NEWEST, "", {"n": 2}, {"n": 3}, {"n": 4}), True, Status.FAIL),
        (Loading(NEW, Newness.NEWEST, "boom"), False, Status.FAIL),
    ],
)
def test_idempotent(loading: Loading, normalises: bool, status: Status) -> None:
    steps = (UP, Step("Moved", 2, 2)) if normalises else (UP,)
    assert verdict("idempotent", observed(journey(), steps=steps, loadings=(loading,))).status is status


def test_idempotent_is_unknown_without_an_event_of_the_newest() -> None:
    assert verdict("idempotent", observed(journey(), loadings=())).status is Status.UNKNOWN


# ── pure ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"touched": (Touched(0, "clock", "time.time", "events.py:5"),)}, "asks the clock (time.time) at events.py:5."),
        ({"again": Attempt(({"n": 3},))}, 'makes something else the second time: {"n": 2}, {"n": 3}.'),
        ({"elsewhere": Attempt(({"n": 3},))}, 'makes something else in another process: {"n": 2}, {"n": 3}.'),
        ({"again": Attempt((), "boom")}, 'makes something else the second time: {"n": 2}, boom.'),
    ],
)
def test_pure_fails_for(changes: dict[str, Any], why: str) -> None:
    found = verdict("pure", observed(journey(**changes)))
    assert found.status is Status.FAIL
    assert found.reason == f"Moved 1 → 2, raised (events.py:4) {why}"


def test_pure_does_not_mind_what_fails_alike() -> None:
    failed = Attempt((), "boom")
    seen = observed(journey(), journey(first=failed, again=failed, elsewhere=None))
    assert verdict("pure", seen).status is Status.PASS


def test_pure_is_unknown_without_a_second_process() -> None:
    assert verdict("pure", observed(journey(elsewhere=None))).status is Status.UNKNOWN


# ── lossless ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("back", "status"), [({"n": 1}, Status.PASS), ({"n": 0}, Status.FAIL)])
def test_lossless_compares_what_came_back_with_what_was_stored(back: Data, status: Status) -> None:
    returned = journey(way=(UP, DOWN), purpose=Purpose.RETURN, first=Attempt(({"n": 2}, back)))
    assert verdict("lossless", observed(returned, steps=(UP, DOWN))).status is status


def test_lossless_compares_with_the_version_that_it_came_back_to() -> None:
    up, down = Step("Moved", 2, 3), Step("Moved", 3, 2, down=True)
    states = Attempt(({"n": 2}, {"n": 3}, {"n": 2}))
    returned = journey(way=(UP, up, down), purpose=Purpose.RETURN, first=states)
    assert verdict("lossless", observed(returned, steps=(UP, up, down))).status is Status.PASS


def test_lossless_claims_nothing_without_a_downcaster_and_is_unknown_without_an_event() -> None:
    assert CHECKS["lossless"](GOOD) is None
    assert verdict("lossless", observed(journey(), steps=(UP, DOWN))).status is Status.UNKNOWN


# ── newer ────────────────────────────────────────────────────────────────────────────────────────────────────────

NEWER = StoredEvent("Moved", 3, {"n": 2}, "events.jsonl:3")


@pytest.mark.parametrize(
    ("loading", "schemas", "status"),
    [
        (Loading(NEWER, Newness.NEWER, "UnknownVersion"), Schemas(), Status.PASS),
        (Loading(NEWER, Newness.NEWER, "", missing=("n",)), Schemas(), Status.FAIL),
        (Loading(NEWER, Newness.NEWER, ""), SCHEMAS, Status.PASS),
        (Loading(replace(NEWER, data={"n": 9}), Newness.NEWER, ""), SCHEMAS, Status.FAIL),
        (Loading(NEWER, Newness.NEWER, ""), Schemas(), Status.UNKNOWN),
        (Loading(NEWER, Newness.PROBE, ""), SCHEMAS, Status.UNKNOWN),
        (Loading(NEWER, Newness.PROBE, "", missing=("n",)), SCHEMAS, Status.UNKNOWN),
        (Loading(NEW, Newness.NEWEST, ""), SCHEMAS, Status.UNKNOWN),
    ],
)
def test_newer(loading: Loading, schemas: Schemas, status: Status) -> None:
    assert verdict("newer", observed(journey(), loadings=(loading,), schemas=schemas)).status is status


# ── recorded ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_recorded_is_unknown_for_a_broken_line_and_claims_nothing_otherwise() -> None:
    assert CHECKS["recorded"](GOOD) is None
    found = verdict("recorded", replace(GOOD, broken=(BrokenLine("events.jsonl:7", "truncated"),)))
    assert found.status is Status.UNKNOWN
    assert "events.jsonl:7: truncated" in found.reason


def test_every_check_is_a_function_of_observations_alone() -> None:
    check: Callable[[Observations], Verdict | None]
    for check in CHECKS.values():
        assert check(GOOD) == check(GOOD)
