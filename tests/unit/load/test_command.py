from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from harness.errors import InvalidInput
from harness.load.command import Spread, Summary, run_alone

SPREAD = Spread(1.0, 2.0, 3.0, 4.0, 5.0)
SUMMARY = Summary(
    url="http://127.0.0.1:1/",
    method="GET",
    rate_per_s=100,
    duration_s=2,
    seed=1,
    requests=200,
    sent=199,
    ok=190,
    failed=8,
    indeterminate=2,
    errors={"timeout": 6, "reset": 4},
    statuses={"0": 10, "200": 190},
    bytes=380,
    latency=SPREAD,
    own_lag=SPREAD,
    stalls=1,
    records="out/requests.parquet",
)


def test_the_summary_for_people() -> None:
    assert SUMMARY.text() == (
        "GET http://127.0.0.1:1/: 100/s for 2 s, seed 1\n"
        "  requests  200 due, 199 sent, 380 bytes received\n"
        "  outcomes  190 ok, 8 failed, 2 indeterminate\n"
        "  errors    6 timeout, 4 reset\n"
        "  latency   p50 1.0 ms, p90 2.0 ms, p99 3.0 ms, p99.9 4.0 ms, max 5.0 ms  (from the schedule)\n"
        "  own lag   p50 1.0 ms, p90 2.0 ms, p99 3.0 ms, p99.9 4.0 ms, max 5.0 ms  (1 stalls)\n"
        "  records   out/requests.parquet"
    )


def test_nothing_measured_is_not_shown_as_zero() -> None:
    nothing = Spread(None, None, None, None, None)
    assert "own lag   -  (" in replace(SUMMARY, own_lag=nothing).text()


def test_the_summary_for_programs() -> None:
    assert msgspec.json.decode(SUMMARY.json(), type=Summary) == SUMMARY


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "ftp://127.0.0.1/", "127.0.0.1"])
def test_a_target_that_may_not_be_loaded_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput):
        run_alone(url, 10, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_time_is_no_load(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        run_alone("http://127.0.0.1:1/", 10, 0, tmp_path / "out")
