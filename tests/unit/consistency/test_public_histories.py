"""What Jepsen recorded of etcd, with verdicts that others agree on; the data is not ours, and not always there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.consistency.linearizability import Budget, check
from harness.consistency.models import CasRegister
from harness.consistency.reading import read_operations
from harness.verdict import Status

DATA = Path(__file__).parents[3] / "../shared/data/linearizability"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/linearizability is not there")


def test_each_verdict_is_right_and_none_unknown() -> None:
    expected = json.loads((DATA / "verdicts.json").read_text())
    found = {
        name: check(read_operations(DATA / name), CasRegister(), Budget(steps_max=100_000)).status for name in expected
    }
    assert found == {name: Status.PASS if right else Status.FAIL for name, right in expected.items()}
    assert len(found) == 52
