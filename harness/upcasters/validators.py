"""Schemas in the formats that there are, each on the validator that teams use for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import fastavro
import fastavro.schema
import fastavro.validation
import jsonschema_rs

from harness.errors import InvalidInput
from harness.schemas.avro import AvroFormat
from harness.schemas.avro.model import AvroSchema, Record
from harness.schemas.protobuf import ProtobufFormat, ProtobufSchema
from harness.upcasters import avro, generation
from harness.upcasters.registry import Data
from harness.upcasters.schemas import Schema


@dataclass(frozen=True)
class JsonSchema:
    document: Any
    validator: Any

    def complaint(self, data: Data) -> str:
        error = next(iter(self.validator.iter_errors(data)), None)
        if error is None:
            return ""
        path = "".join(f"/{part}" for part in error.instance_path)
        return f"{path}: {error.message}" if path else str(error.message)

    def examples(self, count: int) -> tuple[Data, ...]:
        return generation.examples(self.document, self.validator.is_valid, count)


@dataclass(frozen=True)
class AvroRecord:
    """Data as JSON has them; logical types are not applied."""

    schema: AvroSchema
    bare: Any
    """As fastavro takes it."""

    def complaint(self, data: Data) -> str:
        """A field that the record does not have is a complaint too: it would not be written."""
        try:
            fastavro.validation.validate(data, self.bare)
            fastavro.schemaless_writer(BytesIO(), self.bare, data, strict_allow_default=True)
        except (fastavro.validation.ValidationError, ValueError) as error:
            return str(error)
        return ""

    def examples(self, count: int) -> tuple[Data, ...]:
        return avro.examples(self.schema, lambda data: not self.complaint(data), count)


@dataclass(frozen=True)
class ProtobufJson:
    """Data in Protobuf's JSON form."""

    schema: ProtobufSchema

    def complaint(self, data: Data) -> str:
        return self.schema.complaint(data)

    def examples(self, count: int) -> tuple[Data, ...]:
        return tuple(self.schema.examples(count))


def _json_schema(file: Path) -> Schema:
    try:
        document = json.loads(file.read_bytes())
        return JsonSchema(document, jsonschema_rs.validator_for(document, retriever=_nowhere))
    except (ValueError, RecursionError) as error:
        message = getattr(error, "message", str(error))
        raise InvalidInput(
            f"is not a JSON Schema: {message}", file=file, line=getattr(error, "lineno", None)
        ) from error


def _nowhere(_uri: str) -> NoReturn:
    raise OSError("schemas are not fetched")


def _avro_schema(file: Path) -> Schema:
    schema = AvroFormat().parse(file.read_bytes(), file)
    if not isinstance(schema.root, Record):
        raise InvalidInput("is not an Avro schema of an event, which is a record with fields", file=file)
    bare: Any = schema.bare
    return AvroRecord(schema, fastavro.schema.parse_schema(bare))


def _protobuf_schema(file: Path) -> Schema:
    return ProtobufJson(ProtobufFormat().parse(file.read_bytes(), file))


_READERS: Mapping[str, Callable[[Path], Schema]] = {
    ".json": _json_schema,
    ".avsc": _avro_schema,
    ".proto": _protobuf_schema,
}
SUFFIXES = tuple(_READERS)


def read_schema(file: Path) -> Schema:
    """Raises InvalidInput for what is no schema of the format that its suffix says."""
    try:
        return _READERS[file.suffix](file)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
