"""Properties of replays: each has something that it must find, something that it must pass, and is unknown without."""

from __future__ import annotations

import pytest

from harness.replay.compare import Ignored
from harness.replay.properties import Property, Tally
from harness.replay.properties.commuting import Commuting, Swap
from harness.replay.properties.no_effects import NoEffects, Watched
from harness.replay.properties.readable import Readable, Replayed
from harness.replay.properties.rollback import Return, Rollback
from harness.replay.properties.same_state import Pair, SameState
from harness.replay.properties.shredded import Shredded, Shredding
from harness.replay.properties.snapshots import Resumed, Snapshots
from harness.replay.wire import Effect
from harness.verdict import Status
from tests.unit.replay.properties.cases import NEWER, failed, outcome

MAIL = Effect("socket.connect", "('mail', 25)", 7)
GIVEN_UP = outcome(None, judged=False)

PASS, UNKNOWN, FAIL = Status.PASS, Status.UNKNOWN, Status.FAIL


@pytest.mark.parametrize(
    ("property_", "case", "expected"),
    [
        (Readable(), Replayed("1.0", outcome()), PASS),
        (Readable(), Replayed("1.0", failed()), FAIL),
        (Readable(), Replayed("1.0", GIVEN_UP), UNKNOWN),
        (Readable(), Replayed("1.0", outcome(None)), UNKNOWN),
        (SameState(), Pair("1.0", "2.0", (outcome(), outcome(' {"balance": 5}'))), PASS),
        (SameState(), Pair("1.0", "2.0", (outcome(), outcome('{"balance":6}'))), FAIL),
        (SameState(Ignored.parse(["/balance"])), Pair("1.0", "2.0", (outcome(), outcome('{"balance":6}'))), PASS),
        (SameState(), Pair("1.0", "2.0", (outcome(), failed())), UNKNOWN),
        (SameState(), Pair("1.0", "2.0", (GIVEN_UP, outcome())), UNKNOWN),
        (NoEffects(), Watched("1.0", "a", (), watches=True), PASS),
        (NoEffects(), Watched("1.0", "a", (MAIL,), watches=True), FAIL),
        (NoEffects(), Watched("1.0", "a", (), watches=False), UNKNOWN),
        (NoEffects(), Watched("1.0", "a", (MAIL,), watches=False), FAIL),
        (Rollback(), Return("1.0", outcome(), outcome()), PASS),
        (Rollback(), Return("1.0", failed(), outcome()), FAIL),
        (Rollback(), Return("1.0", GIVEN_UP, outcome()), UNKNOWN),
        (Rollback(), Return("1.0", outcome(None), outcome()), UNKNOWN),
        (Snapshots(), Resumed("2.0", "2.0", 2, outcome(), outcome()), PASS),
        (Snapshots(), Resumed("2.0", "1.0", 2, outcome(), outcome('{"balance":1}')), FAIL),
        (Snapshots(), Resumed("2.0", "1.0", 2, outcome(), failed()), FAIL),
        (Snapshots(), Resumed("2.0", "1.0", 2, outcome(), failed(), refused=True), PASS),
        (Snapshots(), Resumed("2.0", "1.0", 2, outcome(), None), UNKNOWN),
        (Snapshots(), Resumed("2.0", "1.0", 2, failed(), outcome()), UNKNOWN),
        (Snapshots(), Resumed("2.0", "1.0", 2, outcome(), outcome(None)), UNKNOWN),
        (Shredded(), Shredding("1.0", outcome(), outcome(), concerned=True), PASS),
        (Shredded(), Shredding("1.0", outcome(), failed(), concerned=True), FAIL),
        (Shredded(), Shredding("1.0", outcome(), outcome('{"balance":0}'), concerned=True), FAIL),
        (Shredded(Ignored.parse(["/balance"])), Shredding("1.0", outcome(), outcome('{"balance":0}'), True), PASS),
        (Shredded(Ignored.parse(["/balance"])), Shredding("1.0", outcome(), outcome('{"balance":0}'), False), FAIL),
        (Shredded(), Shredding("1.0", outcome(), outcome(), concerned=False), UNKNOWN),
        (Shredded(), Shredding("1.0", failed(), outcome(), concerned=True), UNKNOWN),
        (Shredded(), Shredding("1.0", outcome(), outcome(None), concerned=True), UNKNOWN),
        (Commuting(), Swap("1.0", 1, ("paid", "paid"), outcome(), outcome()), PASS),
        (Commuting(), Swap("1.0", 1, ("paid", "closed"), outcome(), outcome('{"balance":0}')), FAIL),
        (Commuting(), Swap("1.0", 1, ("paid", "closed"), outcome(), failed()), FAIL),
        (Commuting(), Swap("1.0", 1, ("paid", "paid"), failed(), outcome()), UNKNOWN),
        (Commuting(), Swap("1.0", 1, ("paid", "paid"), outcome(), outcome(None)), UNKNOWN),
    ],
)
def test_a_case_is_judged(property_: Property[object], case: object, expected: Status) -> None:
    verdict = property_.check([case])
    assert verdict.status is expected, verdict
    assert bool(verdict.evidence) is (expected is FAIL)
    for evidence in verdict.evidence:
        assert all(len(record) == len(evidence.columns) for record in evidence.records)


@pytest.mark.parametrize(
    "property_", [Readable(), SameState(), NoEffects(), Rollback(), Snapshots(), Shredded(), Commuting()]
)
def test_without_cases_it_is_unknown(property_: Property[object]) -> None:
    assert property_.check([]).status is UNKNOWN


def test_an_event_of_a_later_version_that_was_read_silently_is_judged_by_the_state() -> None:
    """What the eventsourcing library does: a later version's event is loaded into an earlier class without a word."""
    silent = outcome('{"balance":5,"currency":null}', newer=(NEWER,), newer_total=1)
    understood, misunderstood = outcome('{"balance":5,"currency":"EUR"}'), outcome('{"balance":9,"currency":"EUR"}')
    rollback = Rollback(Ignored.parse(["/currency"]))
    assert rollback.check([Return("1.0", silent, understood)]).status is PASS
    found = rollback.check([Return("1.0", silent, misunderstood)])
    assert found.status is FAIL
    assert "read as version 1 without an error, and misunderstood: /balance is 5, not 9" in str(found.evidence)
    unknown = rollback.check([Return("1.0", silent, None)])
    assert unknown.status is UNKNOWN
    assert "1.0 reads paid of version 2 silently as version 1" in unknown.reason


def test_one_violation_outweighs_all_that_is_unknown() -> None:
    assert Readable().check([Replayed("1.0", GIVEN_UP), Replayed("1.0", failed())]).status is FAIL


def test_violations_without_a_record_are_counted() -> None:
    many = outcome(failures=failed().failures, failures_total=1_000_000)
    assert Readable().check([Replayed("1.0", many)]).figures["violations"] == 1_000_000


def test_a_tally_is_the_same_however_the_cases_were_parted() -> None:
    cases = [
        Pair("1", "2", (outcome(unit=f"s{n}"), outcome(f'{{"balance":{n % 3}}}', unit=f"s{n}"))) for n in range(99)
    ]
    cases += [Pair("1", "2", (outcome(unit="x"), failed("x")))]
    whole = SameState().tally(cases)
    for parts in (2, 7, 100):
        merged = Tally()
        for part in range(parts):
            merged.merge(SameState().tally(cases[part::parts]))
        assert merged == whole
    assert SameState().judge(whole).evidence[0].total == 99
