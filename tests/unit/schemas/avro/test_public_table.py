"""The bar: the public table of Avro pairs, all as it says, each refusal with an event that fastavro refuses."""

from __future__ import annotations

import pytest

from tests.unit.schemas.agreement import is_there, rows
from tests.unit.schemas.avro.shapes import decoded

pytestmark = pytest.mark.skipif(not is_there("avro"), reason="the public table of the shared data is not here")


def test_every_pair_is_decided_as_the_table_says() -> None:
    assert len(rows("avro")) == 69
    assert [row.index for row in rows("avro") if not row.agrees] == []


def test_every_witness_is_written_by_the_writer_and_not_read_by_the_reader() -> None:
    refused = 0
    for row in rows("avro"):
        if row.decision.witness is not None:
            decoded(row.decision, row.writer, row.writer)
            with pytest.raises(
                Exception, match=r"(?i)schema mismatch|no default value|not found in reader symbol list"
            ):
                decoded(row.decision, row.reader, row.writer)
            refused += 1
    assert refused == sum(not row.said for row in rows("avro")) > 0
