"""The document of agreement is what is decided now, and every difference from a table is backed."""

from __future__ import annotations

import pytest

from harness.schemas.decision import Compatibility
from tests.unit.schemas.agreement import DOCUMENT, WHERE_A_TABLE_IS_WRONG, document, is_there, rows

FORMATS = tuple(WHERE_A_TABLE_IS_WRONG)

pytestmark = pytest.mark.skipif(
    not all(map(is_there, FORMATS)), reason="the public tables of the shared data are not here"
)


def test_the_document_says_what_is_decided() -> None:
    """`python -m tests.unit.schemas.agreement` writes it."""
    assert DOCUMENT.read_text() == document()


@pytest.mark.parametrize("format_name", FORMATS)
def test_each_difference_from_a_table_is_argued_and_nothing_is_unknown(format_name: str) -> None:
    different = [row for row in rows(format_name) if not row.agrees]
    assert {row.index for row in different} == WHERE_A_TABLE_IS_WRONG[format_name].keys()
    for row in different:
        assert row.decision.compatibility is Compatibility.COMPATIBLE
        assert "proved" in row.decision.reason or "admits no event" in row.decision.reason
    assert [row.index for row in rows(format_name) if row.decision.compatibility is Compatibility.UNKNOWN] == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_each_incompatibility_has_its_witness_and_each_compatibility_its_search(format_name: str) -> None:
    for row in rows(format_name):
        if row.decision.compatibility is Compatibility.INCOMPATIBLE:
            assert row.decision.witness is not None
        else:
            assert row.tried or row.reader == row.writer or "no event" in row.decision.reason, row.index
