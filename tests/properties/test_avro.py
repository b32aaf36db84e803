"""Decisions of Avro pairs by chance, held against fastavro alone."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.errors import InvalidInput
from harness.schemas.avro import AvroFormat
from harness.schemas.avro.model import AvroSchema
from harness.schemas.decision import Compatibility
from tests.properties.avro_schemas import PRIMITIVES, Schema, pairs, schemas, small_events

AVRO = AvroFormat()
KEYWORDS = ("type", "name", "namespace", "fields", "items", "values", "symbols", "size", "default", "aliases")
COMPLEX = ("record", "enum", "array", "map", "fixed")
FASTAVRO_BREAKS = (SchemaResolutionError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError)
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def parsed(schema: Schema) -> AvroSchema:
    """Changes by chance make what is no schema now and then; those are left out."""
    try:
        return AVRO.parse(json.dumps(schema).encode())
    except InvalidInput:
        assume(False)
        raise


def encoded(writer: Schema, event: Any) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(writer), event)
    return stream.getvalue()


def read(content: bytes, writer: Schema, reader: Schema) -> Any:
    """Raises what fastavro raises."""
    return fastavro.schemaless_reader(io.BytesIO(content), fastavro.parse_schema(writer), fastavro.parse_schema(reader))


def is_read(content: bytes, writer: Schema, reader: Schema) -> bool:
    """And as something that the reader's schema admits; a reader without branches admits nothing."""
    try:
        value = read(content, writer, reader)
    except FASTAVRO_BREAKS:
        return False
    return bool(fastavro.validate(value, reader, raise_errors=False))


@SLOW
@given(schemas())
def test_every_schema_reads_itself(schema: Schema) -> None:
    decision = AVRO.decide(parsed(schema), parsed(schema))
    assert decision.compatibility is Compatibility.COMPATIBLE


@SLOW
@given(pairs())
def test_a_witness_is_written_by_the_writer_and_refused_by_the_reader(pair: tuple[Schema, Schema]) -> None:
    reader, writer = pair
    decision = AVRO.decide(parsed(reader), parsed(writer))
    assume(decision.compatibility is Compatibility.INCOMPATIBLE)
    assert decision.witness is not None
    content = io.BytesIO(bytes.fromhex(decision.witness.encoded_hex))
    assert fastavro.validate(fastavro.schemaless_reader(content, writer, writer), writer)
    assert content.read() == b""
    assert not is_read(content.getvalue(), writer, reader) or decision.rule == "field-alias"


@SLOW
@given(pairs())
def test_what_is_compatible_is_read_whatever_small_event_is_written(pair: tuple[Schema, Schema]) -> None:
    reader, writer = pair
    decision = AVRO.decide(parsed(reader), parsed(writer))
    assume(decision.compatibility is Compatibility.COMPATIBLE)
    for event in small_events(writer):
        read(encoded(writer, event), writer, reader)


@SLOW
@given(pairs())
def test_a_pair_of_which_a_small_event_is_refused_is_never_compatible(pair: tuple[Schema, Schema]) -> None:
    reader, writer = pair
    parsed(reader), parsed(writer)
    refused = [event for event in small_events(writer) if not is_read(encoded(writer, event), writer, reader)]
    assume(refused)
    decision = AVRO.decide(parsed(reader), parsed(writer))
    assert decision.compatibility is not Compatibility.COMPATIBLE


@SLOW
@given(pairs())
def test_a_decision_says_where_and_why(pair: tuple[Schema, Schema]) -> None:
    reader, writer = pair
    decision = AVRO.decide(parsed(reader), parsed(writer))
    assert decision.reason
    match decision.compatibility:
        case Compatibility.COMPATIBLE:
            assert (decision.rule, decision.path, decision.witness) == ("", "", None)
        case Compatibility.INCOMPATIBLE:
            assert decision.witness is not None
            assert decision.rule
            assert place(reader, decision.path)
            assert place(writer, decision.writer_path)
        case Compatibility.UNKNOWN:
            assert decision.rule in ("decoder", "name", "")


def place(document: Any, pointer: str) -> bool:
    """Whether the pointer leads somewhere in the document."""
    for token in pointer.split("/")[1:]:
        if isinstance(document, list):
            document = document[int(token)]
        elif isinstance(document, dict) and token in document:
            document = document[token]
        else:
            pytest.fail(f"{pointer} leads nowhere")
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*KEYWORDS, "x"]), inner | st.sampled_from([*PRIMITIVES, *COMPLEX]), max_size=5
        )
    ),
    max_leaves=15,
)


@SLOW
@given(json_values)
def test_what_is_no_schema_is_refused_as_such_and_never_breaks(document: Any) -> None:
    try:
        schema = AVRO.parse(json.dumps(document).encode())
    except InvalidInput:
        return
    assert AVRO.decide(schema, schema).compatibility is Compatibility.COMPATIBLE


@SLOW
@given(schemas())
def test_what_fastavro_takes_for_a_schema_is_one(schema: Schema) -> None:
    try:
        fastavro.parse_schema(schema)
    except (SchemaParseException, UnknownType):
        assume(False)
    AVRO.parse(json.dumps(schema).encode())
