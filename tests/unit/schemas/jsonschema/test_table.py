"""The public table of 116 pairs: each witness is one for both validators. tests/unit/schemas has what agrees."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Compatibility
from tests.unit.schemas.agreement import is_there, rows
from tests.unit.schemas.jsonschema.pairs import assert_witness

pytestmark = pytest.mark.skipif(not is_there("jsonschema"), reason="the public table of the shared data is not here")


def test_each_incompatibility_has_a_witness_for_both_validators() -> None:
    found = [row for row in rows("jsonschema") if row.decision.compatibility is Compatibility.INCOMPATIBLE]
    for row in found:
        assert_witness(row.decision, reader=row.reader, writer=row.writer)
        assert row.decision.rule
    assert len(found) > 30
