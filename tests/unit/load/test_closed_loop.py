from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from harness.environment import Headers
from harness.load.closed_loop import ClosedLoopRecorder
from harness.load.plan import WorkerPlan
from harness.load.recording import Recorder, Records
from harness.load.records import Outcome
from harness.scenario import Load


@dataclass
class FakeResponse:
    status_code: int
    headers: Mapping[str, str] | None = field(default_factory=dict)


class ReadTimeout(Exception):
    """As `requests` has it."""


class Wrapped(Exception):
    """As urllib3 hands a reason on."""


def record(tmp_path: Path, method: str, exception: Exception | None, **event: object) -> dict[str, object]:
    """What is recorded of one request event, names instead of numbers."""
    file = tmp_path / "w.requests"
    plan = WorkerPlan(Load(tmp_path, "U", 1.0), 1, Headers(), ("look",), 0, file, tmp_path / "w.commands", sessions=1)
    with closing(Recorder(file)) as recorder:
        response = event.pop("response", None)
        listener = ClosedLoopRecorder(plan, recorder)
        listener(
            request_type=method,
            name="buy",
            response_time=20.0,
            response_length=5,
            response=response if isinstance(response, FakeResponse) else None,
            exception=exception,
            start_time=time.time() - 0.02,
            context={"key": 4, "stream": 9},
            url="/buy",
        )
    records = Records([file])
    (row,) = records.new()
    names = {column: records.names[column][row[column]] for column in records.names}
    values = {
        column: int(np.asarray(row[column]))
        for column in ("scheduled_ns", "sent_ns", "done_ns", "outcome", "closed_loop", "key", "stream", "position")
    }
    return {**values, **names}


def test_a_served_request_says_all_it_knows(tmp_path: Path) -> None:
    response = FakeResponse(200, {"x-version": "2.0", "x-instance": "shop-1", "x-position": "6"})
    seen = record(tmp_path, "POST", None, response=response)
    assert (seen["operation"], seen["lane"], seen["version"], seen["instance"]) == ("buy", "closed", "2.0", "shop-1")
    assert (seen["key"], seen["stream"], seen["position"], seen["closed_loop"]) == (4, 9, 6, 1)
    assert seen["outcome"] == Outcome.OK
    assert seen["scheduled_ns"] == seen["sent_ns"]
    assert int(str(seen["done_ns"])) - int(str(seen["sent_ns"])) == 20_000_000


@pytest.mark.parametrize(
    ("method", "status", "exception", "outcome", "error"),
    [
        ("GET", 500, Exception(), Outcome.FAIL, "status"),
        ("POST", 500, Exception(), Outcome.INDETERMINATE, "status"),
        ("POST", 409, Exception(), Outcome.FAIL, "refused"),
        ("POST", 200, Exception("wrong body"), Outcome.INDETERMINATE, "failed"),
        ("POST", 404, None, Outcome.OK, ""),
        ("POST", 0, ReadTimeout(), Outcome.INDETERMINATE, "timeout"),
        ("GET", 0, ReadTimeout(), Outcome.FAIL, "timeout"),
        ("POST", 0, ConnectionRefusedError(), Outcome.FAIL, "connect"),
        ("POST", 0, Wrapped(Wrapped(ConnectionRefusedError())), Outcome.FAIL, "connect"),
        ("POST", 0, ConnectionResetError(), Outcome.INDETERMINATE, "reset"),
    ],
)
def test_failures(
    tmp_path: Path, method: str, status: int, exception: Exception | None, outcome: Outcome, error: str
) -> None:
    seen = record(tmp_path, method, exception, response=FakeResponse(status))
    assert (seen["outcome"], seen["error"]) == (outcome, error)
