"""A recording through versions, from the file to the verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.replay.compare import Ignored
from harness.replay.engines import Local
from harness.replay.plan import Plan
from harness.replay.replaying import Judged, replay
from harness.replay.versions import Version
from harness.streams.event import RecordedEvent
from harness.streams.scrubbing.rules import Action, Rule, Rules, Unknown
from harness.verdict import Status, Verdict
from tests.unit.replay.running import LIMITS, paid, recording, version

HEALTHY, WITH_CURRENCY = version("shop:healthy"), version("shop:with_currency")
ACCOUNTS = [paid(stream, position, 200 - position) for position in range(1, 13) for stream in ("a", "b", "c")]


def judged(
    folder: Path, events: Iterable[RecordedEvent], *versions: Version, workers: int = 1, **asked: object
) -> Judged:
    plan = Plan(versions=versions, limits=LIMITS, **asked)  # type: ignore[arg-type]
    return replay(plan, recording(folder, events), Local(workers))


def by_name(judged_: Judged) -> dict[str, Verdict]:
    return {verdict.checker: verdict for verdict in judged_.verdicts}


def statuses(judged_: Judged) -> dict[str, str]:
    return {name: verdict.status.word for name, verdict in by_name(judged_).items()}


def test_versions_that_agree_pass(tmp_path: Path) -> None:
    seen = judged(tmp_path, ACCOUNTS, HEALTHY, WITH_CURRENCY, ignored=Ignored.parse(["/currency"]))
    assert statuses(seen) == {"recording": "pass", "readable": "pass", "same-state": "pass", "no-effects": "pass"}
    assert seen.events == 36


def test_a_difference_is_shown_with_the_shortest_stream_that_still_has_it(tmp_path: Path) -> None:
    events = [*ACCOUNTS, paid("b", 13, 30, type="refunded"), paid("b", 14, 50), paid("b", 15, 150), paid("b", 16, 1)]
    wrong = version("shop:wrong_above_100")
    seen = by_name(judged(tmp_path, events, HEALTHY, wrong, ignored=Ignored.parse(["/refunded"])))["same-state"]
    assert seen.status is Status.FAIL
    difference, shortest = seen.evidence
    assert [record[:2] for record in difference.records] == [("b", "/balance")]
    assert [record[1:3] for record in shortest.records] == [(13, "refunded"), (15, "paid")]
    assert shortest.title == "The shortest stream that still differs (of 'b', 2 of 16 events)"


def test_the_verdict_is_the_same_in_several_processes(tmp_path: Path) -> None:
    events = [*ACCOUNTS, paid("d", 1, "null"), paid("e", 1, "null")]
    alone, parted = (judged(tmp_path, events, HEALTHY, WITH_CURRENCY, workers=workers) for workers in (1, 2))
    assert alone == parted
    assert statuses(alone)["readable"] == "fail"


def test_a_crash_is_evidence_and_the_rest_is_judged(tmp_path: Path) -> None:
    events = [*ACCOUNTS, paid("b", 13, more=',"poison":1')]
    seen = by_name(judged(tmp_path, events, HEALTHY, version("shop:crashes")))
    assert seen["readable"].status is Status.FAIL
    [record] = seen["readable"].evidence[0].records
    assert record[:6] == ("crashes", "b", 13, "paid", 1, "ended with exit code 3")
    assert record[7] == "about to die"
    assert seen["same-state"].status is Status.UNKNOWN
    assert "crashes has no state of all their events" in seen["same-state"].reason


def test_an_event_of_50_mb_that_a_version_crashes_on_is_told_beside_a_broken_line(tmp_path: Path) -> None:
    """Both are named with their places, the rest is judged, and no verdict is 50 MB long."""
    large = paid("b", 2, more=',"note":"' + "x" * 50_000_000 + '","poison":1')
    source = recording(tmp_path, [paid("a", 1), paid("b", 1), large, paid("b", 3), paid("c", 1)])
    with source.path.open("a") as file:
        file.write("broken\n")
    judged_ = replay(Plan(versions=(version("shop:crashes"),), limits=LIMITS), source, Local())
    seen = by_name(judged_)
    assert judged_.events == 5
    assert seen["recording"].evidence[0].records[0][:2] == (str(source.path), 6)
    assert [record[:4] for record in seen["readable"].evidence[0].records] == [("crashes", "b", 2, "paid")]
    assert seen["readable"].figures["cases"] == 3
    assert len(repr(judged_)) < 10_000


def test_effects_fail(tmp_path: Path) -> None:
    seen = by_name(judged(tmp_path, [paid("a", 1)], version("shop:starts_a_process")))
    assert seen["no-effects"].status is Status.FAIL


def test_a_rollback_to_a_version_that_cannot_read_what_was_written_is_stopped(tmp_path: Path) -> None:
    events = [paid("a", 1), paid("a", 2, '{"cents":7}', version=2), paid("b", 1)]
    old = version("shop:old_fold")
    seen = by_name(judged(tmp_path, events, old, HEALTHY, rollback_to="old_fold"))
    assert seen["rollback"].status is Status.FAIL
    assert seen["rollback"].reason == "Do not roll back: the version to go back to cannot read 1 events."
    assert seen["rollback"].evidence[0].records[0][:5] == ("old_fold", "a", 2, "paid", 2)
    assert seen["readable"].status is Status.PASS, "the new version reads all"
    assert (
        by_name(judged(tmp_path, [paid("a", 1)], old, HEALTHY, rollback_to="old_fold"))["rollback"].status
        is Status.PASS
    )


def test_a_stale_snapshot_that_is_used_as_it_is_is_found(tmp_path: Path) -> None:
    resumable = version("shop:Resumable")
    stale = by_name(judged(tmp_path, ACCOUNTS, resumable, version("shop:Stale"), without=frozenset({"same-state"})))
    assert stale["snapshots"].status is Status.FAIL
    assert {(record[0], record[1], record[4]) for record in stale["snapshots"].evidence[0].records} == {
        ("Stale", "Resumable", "/largest")
    }
    renewed = by_name(judged(tmp_path, ACCOUNTS, resumable, version("shop:Renewed"), without=frozenset({"same-state"})))
    assert renewed["snapshots"].status is Status.PASS


def test_events_that_do_not_commute_are_found(tmp_path: Path) -> None:
    commuting = (frozenset({"paid"}),)
    assert statuses(judged(tmp_path, ACCOUNTS, HEALTHY, commuting=commuting))["commuting"] == "pass"
    assert statuses(judged(tmp_path, ACCOUNTS, version("shop:ordered"), commuting=commuting))["commuting"] == "fail"
    nothing = judged(tmp_path, ACCOUNTS, HEALTHY, commuting=(frozenset({"closed"}),))
    assert statuses(nothing)["commuting"] == "unknown"


def test_a_shredded_key_that_stops_a_replay_is_found(tmp_path: Path) -> None:
    shredding = Rules((Rule("/data/name", Action.REMOVE),), Unknown.KEEP)
    events = [paid("a", 1, more=',"name":"Ada"'), paid("a", 2), paid("b", 1)]
    hidden = Ignored.parse(["/name"])
    stopped = judged(tmp_path, events, version("shop:needs_a_name"), shredding=shredding, hidden=hidden)
    assert statuses(stopped)["shredded-key"] == "fail"
    stands = judged(tmp_path, events, version("shop:stands_no_name"), shredding=shredding, hidden=hidden)
    assert statuses(stands)["shredded-key"] == "pass"


def test_shredding_that_hides_nothing_is_unknown(tmp_path: Path) -> None:
    shredding = Rules((Rule("/data/name", Action.REMOVE),), Unknown.KEEP)
    assert statuses(judged(tmp_path, ACCOUNTS, HEALTHY, shredding=shredding))["shredded-key"] == "unknown"


def test_a_whole_recording_may_be_one_state(tmp_path: Path) -> None:
    plan = Plan(versions=(HEALTHY, version("shop:healthy", "again")), limits=LIMITS)
    seen = replay(plan, recording(tmp_path, ACCOUNTS), Local(), whole=True)
    assert by_name(seen)["same-state"].figures["cases"] == 1


def test_a_recording_that_is_broken_or_empty_is_unknown_and_what_there_is_is_judged(tmp_path: Path) -> None:
    source = recording(tmp_path, ACCOUNTS)
    with source.path.open("a") as file:
        file.write("broken\n")
    plan = Plan(versions=(HEALTHY,), limits=LIMITS)
    seen = by_name(replay(plan, source, Local()))
    assert seen["recording"].status is Status.UNKNOWN
    assert seen["recording"].evidence[0].records[0][1] == 37
    assert seen["readable"].status is Status.PASS
    source.path.write_text("")
    assert {verdict.status for verdict in replay(plan, source, Local()).verdicts} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    ("versions", "asked", "message"),
    [
        ((), {}, "there is no version to replay through"),
        ((HEALTHY, HEALTHY), {}, "two versions have the same name: healthy, healthy"),
        ((HEALTHY,), {"rollback_to": "old"}, "the version to roll back to, 'old', is none of healthy"),
        ((HEALTHY,), {"rollback_to": "healthy"}, "a rollback is judged against the version that wrote"),
        ((HEALTHY,), {"without": frozenset({"sense"})}, "there is no property sense; there are readable"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    versions: tuple[Version, ...], asked: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        Plan(versions=versions, limits=LIMITS, **asked)  # type: ignore[arg-type]
