"""A read model that is built anew wrongly is found before it serves anybody.

That one which is right serves, and gives way again, scenarios/read-model shows; the switch itself is tested with the
ledger.
"""

from __future__ import annotations

import pytest

from harness.history import History, Kind
from harness.pytest_plugin import Harness
from tests.integration.matrix import ROOT

pytestmark = pytest.mark.servers


def test_a_read_model_that_is_not_the_same_never_serves(harness: Harness) -> None:
    result = harness.run(ROOT / "scenarios" / "read-model" / "rebuilt-wrongly.toml")
    assert result.passed
    with History.load(result.folder / "history") as history:
        steps = [moment.name for moment in history.moments(Kind.STEP)]
        (ended,) = history.moments(Kind.ENDED)
    assert steps == ["expand", "rebuild read model", "verify read model", "rollback"]
    assert "the read model of 2.0+rebuilds+counts-first-twice shows 2" in str(ended.detail["reason"])
