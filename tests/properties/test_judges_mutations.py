"""One record of a run is changed. The canary analysis does not turn on one record; a budget that is spent to its last
request turns on just the records that are about it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from harness.checkers.canary_analysis import CanaryAnalysis
from harness.checkers.service_levels import ServiceLevels
from harness.service_levels.objective import Objective
from harness.verdict import Status
from tests.histories.build import Request, Story

Mutation = Callable[[list[Request], int], None]
CANARY = CanaryAnalysis()
LEVELS = ServiceLevels((Objective("served", 0.95),))


def broken(request: Request, version: str | None) -> Request:
    return request._replace(outcome="fail", error="status", status=503, version=version)


def drop(requests: list[Request], place: int) -> None:
    del requests[place]


def duplicate(requests: list[Request], place: int) -> None:
    requests.append(requests[place])


def delay(requests: list[Request], place: int) -> None:
    done_ns = requests[place].done_ns
    assert done_ns is not None
    requests[place] = requests[place]._replace(done_ns=done_ns + 4_000_000_000)


def swap(requests: list[Request], place: int) -> None:
    """Two requests that follow each other, of which one was the other version's."""
    other = (place + 1) % len(requests)
    first, second = requests[place], requests[other]
    requests[place] = first._replace(version=second.version)
    requests[other] = second._replace(version=first.version)


def reorder(requests: list[Request], place: int) -> None:
    requests.insert(0, requests.pop(place))


def fail(requests: list[Request], place: int) -> None:
    requests[place] = broken(requests[place], requests[place].version)


def nobody(requests: list[Request], place: int) -> None:
    requests[place] = broken(requests[place], None)


MUTATIONS: tuple[Mutation, ...] = (drop, duplicate, delay, swap, reorder, fail, nobody)


def good_run() -> Story:
    """60 seconds at 20 a second, a quarter of them to 2.0; of each version, evenly spread, just 5 % fail."""
    story = Story(lasts_s=60)
    for number in range(1_200):
        version = "2.0" if number % 4 == 0 else "1.0"
        if (number // 4) % 20 == 3:
            story.failure(number / 20, version=version)
        else:
            story.request(number / 20, version=version, session=number % 20)
    return story


def statuses(story: Story) -> tuple[Status, Status]:
    with story.history() as history:
        return CANARY.check(history).status, LEVELS.check(history).status


def test_the_run_is_good_and_its_budget_spent() -> None:
    assert statuses(good_run()) == (Status.PASS, Status.PASS)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_one_record_is_no_proof_against_a_version_and_spends_what_it_spends(mutate: Mutation, seed: int) -> None:
    story = good_run()
    assert story.requests is not None
    served = [place for place, request in enumerate(story.requests) if request.outcome == "ok"]
    mutate(story.requests, Random(seed).choice(served[1:-1]))
    canary, levels = statuses(story)
    assert canary is Status.PASS
    overspent = _overspent(story.requests)
    assert levels is (Status.FAIL if overspent else Status.PASS)
    if mutate in (fail, nobody, drop):
        assert overspent  # one bad request more, or one less in which to have them
    if mutate in (duplicate, delay, reorder):
        assert not overspent


def _overspent(requests: list[Request]) -> bool:
    """In total or of a version, counted one by one."""
    groups = [requests, *([r for r in requests if r.version == version] for version in ("1.0", "2.0"))]
    return any(sum(r.outcome != "ok" for r in group) > 0.05 * len(group) + 1e-9 for group in groups)
