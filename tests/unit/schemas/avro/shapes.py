"""Short ways to write Avro schemas in tests, and to decide them."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from harness.schemas.avro import AvroFormat
from harness.schemas.avro.model import AvroSchema
from harness.schemas.decision import Compatibility, Decision

AVRO = AvroFormat()
COMPATIBLE, UNKNOWN, INCOMPATIBLE = Compatibility.COMPATIBLE, Compatibility.UNKNOWN, Compatibility.INCOMPATIBLE

Schema = Any
"""JSON, as json.loads gives it."""


def record(name: str, *fields: Schema, **more: Schema) -> Schema:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, type_: Schema, **more: Schema) -> Schema:
    return {"name": name, "type": type_, **more}


def enum(name: str, *symbols: str, **more: Schema) -> Schema:
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(name: str, size: int, **more: Schema) -> Schema:
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def mapping(values: Schema) -> Schema:
    return {"type": "map", "values": values}


def parsed(schema: Schema) -> AvroSchema:
    return AVRO.parse(json.dumps(schema).encode())


def decide(reader: Schema, writer: Schema) -> Decision:
    return AVRO.decide(parsed(reader), parsed(writer))


def decoded(decision: Decision, reader: Schema, writer: Schema) -> object:
    """What fastavro makes of the witness's bytes by the reader's schema. Raises what it raises."""
    assert decision.witness is not None
    stream = io.BytesIO(bytes.fromhex(decision.witness.encoded_hex))
    return fastavro.schemaless_reader(stream, fastavro.parse_schema(writer), fastavro.parse_schema(reader))


def written(decision: Decision, writer: Schema) -> object:
    """The witness as its own writer reads it."""
    return decoded(decision, writer, writer)
