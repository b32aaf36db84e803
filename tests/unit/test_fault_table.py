"""The table of faults in the documents is the one that the code makes, and says something of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.fault_table import account, placed, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"


def test_the_committed_table_is_the_one_that_is_made() -> None:
    """`python -m harness.fault_table` writes it."""
    assert placed(DOCUMENT.read_text()) == DOCUMENT.read_text()
    assert table() in DOCUMENT.read_text()


@pytest.mark.parametrize("kind", registry.FAULTS.built_in)
def test_each_fault_says_what_it_does_how_that_is_proven_and_how_it_is_undone(kind: str) -> None:
    told = account(kind)
    assert told is not None
    assert told.does
    assert told.proof
    assert told.undo


@pytest.mark.parametrize("kind", registry.FAULTS.built_in)
def test_each_fault_is_offered_by_a_driver(kind: str) -> None:
    row = next(line for line in table().splitlines() if line.startswith(f"| `{kind}` |"))
    assert row.split(" | ")[3].strip()


def test_what_stands_around_the_table_stays() -> None:
    text = placed("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n")
    assert text.startswith("before\n<!-- faults -->\n| fault |")
    assert text.endswith("<!-- /faults -->\nafter\n")
