from __future__ import annotations

import pytest

from harness.load.answers import judge_failure, judge_status, never_reached_an_instance
from harness.load.records import Outcome

ENVOY = {b"server": b"envoy"}


@pytest.mark.parametrize(
    ("status", "writes", "outcome", "error"),
    [
        (200, True, Outcome.OK, None),
        (204, False, Outcome.OK, None),
        (302, True, Outcome.OK, None),
        (404, False, Outcome.FAIL, "refused"),
        (409, True, Outcome.FAIL, "refused"),
        (500, False, Outcome.FAIL, "status"),
        (500, True, Outcome.INDETERMINATE, "status"),
        (503, True, Outcome.INDETERMINATE, "status"),
    ],
)
def test_a_status_says_what_is_known_of_the_effect(
    status: int, writes: bool, outcome: Outcome, error: str | None
) -> None:
    assert judge_status(status, writes=writes, never_reached=False) == (outcome, error)


def test_a_write_that_no_instance_got_has_failed() -> None:
    assert judge_status(503, writes=True, never_reached=True) == (Outcome.FAIL, "status")


def test_a_locustfile_may_expect_a_refusal() -> None:
    assert judge_status(404, writes=False, never_reached=False, expect=(404,)) == (Outcome.OK, None)


def test_a_locustfile_may_count_a_refusal_as_an_error_of_the_service() -> None:
    assert judge_status(429, writes=True, never_reached=False, unserved={429}) == (Outcome.FAIL, "status")


@pytest.mark.parametrize(
    ("writes", "sent", "outcome"),
    [
        (True, True, Outcome.INDETERMINATE),
        (True, False, Outcome.FAIL),
        (False, True, Outcome.FAIL),
        (False, False, Outcome.FAIL),
    ],
)
def test_only_a_write_that_was_sent_may_have_happened(writes: bool, sent: bool, outcome: Outcome) -> None:
    assert judge_failure("reset", writes=writes, sent=sent) == (outcome, "reset")


@pytest.mark.parametrize(
    "body",
    [
        b"no healthy upstream",
        b"upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
        b"upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, "
        b"transport failure reason: delayed connect error: Connection refused",
    ],
)
def test_envoy_says_when_it_reached_no_instance(body: bytes) -> None:
    assert never_reached_an_instance(ENVOY, body, attempts=1)


def test_an_overloaded_envoy_reached_no_instance() -> None:
    assert never_reached_an_instance({**ENVOY, b"x-envoy-overloaded": b"true"}, b"", attempts=1)


@pytest.mark.parametrize(
    ("headers", "body", "attempts"),
    [
        (ENVOY, b"upstream connect error or disconnect/reset before headers. reset reason: connection termination", 1),
        (ENVOY, b"no healthy upstream", 2),
        ({b"server": b"nginx"}, b"no healthy upstream", 1),
        (ENVOY, b"the service's own words", 1),
    ],
)
def test_anything_less_certain_may_have_reached_one(headers: dict[bytes, bytes], body: bytes, attempts: int) -> None:
    assert not never_reached_an_instance(headers, body, attempts=attempts)
