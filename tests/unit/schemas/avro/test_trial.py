"""What one event comes to, beside what the specification says of it."""

from __future__ import annotations

import pytest

from harness.schemas.avro.matching import Matching
from harness.schemas.avro.model import Datum
from harness.schemas.avro.trial import Outcome, Trial
from tests.unit.schemas.avro.shapes import Schema, enum, field, fixed, parsed, record

FOO = record("Foo", field("x", "int"))


@pytest.mark.parametrize(
    ("reader", "writer", "event", "outcome", "said"),
    [
        ("long", "int", 1, Outcome.READ, " gives 1"),
        ("double", "int", 1, Outcome.READ, " gives 1.0"),
        ("int", "long", 1, Outcome.REFUSED, "Schema mismatch: long is not int"),
        (record("X"), fixed("X", 1), b"a", Outcome.REFUSED, "b'a', which the reader's schema does not admit"),
        (record("b.New", aliases=["Old"]), record("a.Old"), {}, Outcome.LENIENT, " gives {}"),
        (["null", "string"], "bytes", b"\xff", Outcome.NOT_TEXT, "UnicodeDecodeError"),
        ("string", "bytes", b"a", Outcome.READ, " gives 'a'"),
        ("int", "int", "text", Outcome.NOT_WRITTEN, "does not write it"),
        (
            record("T", field("b", ["null", FOO])),
            record("T", field("a", FOO), field("b", "Foo")),
            {"a": {"x": 1}, "b": {"x": 2}},
            Outcome.BROKEN,
            "TypeError",
        ),
        (
            record("R", field("new", "int", aliases=["old"])),
            record("R", field("old", "int"), field("new", "int")),
            {"old": 1, "new": 2},
            Outcome.BROKEN,
            "gives {'new': 1}, where the specification gives {'new': 2}",
        ),
    ],
)
def test_each_outcome_is_told_apart(reader: Schema, writer: Schema, event: Datum, outcome: Outcome, said: str) -> None:
    tried = Trial(Matching(parsed(reader), parsed(writer))).of(event)
    assert tried.outcome is outcome
    assert said in tried.said


def test_a_default_may_come_as_it_stands_in_the_schema() -> None:
    """fastavro does not make bytes of it; the note on such defaults says so."""
    tried = Trial(Matching(parsed(record("R", field("a", "bytes", default="\u00ff"))), parsed(record("R")))).of({})
    assert tried.outcome is Outcome.READ
    assert tried.said.endswith("gives {'a': 'ÿ'}")


def test_a_long_complaint_is_cut_and_shows_no_marks_of_the_library() -> None:
    many = record("R", *(field(f"field{number}", enum(f"E{number}", "A")) for number in range(40)))
    tried = Trial(Matching(parsed("int"), parsed(many))).of({f"field{number}": "A" for number in range(40)})
    assert len(tried.said) < 350
    short = Trial(Matching(parsed("int"), parsed(record("R")))).of({})
    assert short.said.endswith("Schema mismatch: {'type': 'record', 'name': 'R', 'fields': []} is not int")
