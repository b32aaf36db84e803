"""fastavro: writes an event by the writer's schema, and reads it by the reader's."""

from __future__ import annotations

import io
import re
from importlib.metadata import version

from fastavro import schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError
from fastavro.schema import parse_schema
from fastavro.validation import validate

from harness.plain_text import shortened
from harness.schemas.avro.model import AvroSchema, Datum

DECODER = f"fastavro {version('fastavro')}"
COMPLAINT_LETTERS_MAX = 300

_ERRORS = (
    SchemaResolutionError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What fastavro raises for what it does not read, and what breaks inside it."""
_MARKS = re.compile(r", '__fastavro_parsed': True, '__named_schemas': .*?\}\}+(?=[] ,]|$)")
"""What it adds to a schema that it has parsed, and shows in its messages."""


class DecoderRefuses(Exception):
    """What it said."""


class Decoder:
    """For one reader and one writer."""

    def __init__(self, reader: AvroSchema, writer: AvroSchema) -> None:
        # What was parsed before is parsed faster; a schema that is an array is parsed each time.
        self._reader = parse_schema(reader.bare)  # type: ignore[arg-type]
        self._writer = parse_schema(writer.bare)  # type: ignore[arg-type]

    def encode(self, event: Datum) -> bytes:
        """Raises DecoderRefuses."""
        stream = io.BytesIO()
        try:
            schemaless_writer(stream, self._writer, event)
        except _ERRORS as error:
            raise DecoderRefuses(f"{DECODER} does not write it: {_said(error)}") from error
        return stream.getvalue()

    def decode(self, encoded: bytes) -> object:
        """Raises DecoderRefuses."""
        try:
            return schemaless_reader(io.BytesIO(encoded), self._writer, self._reader)
        except _ERRORS as error:
            raise DecoderRefuses(f"{DECODER}: {_said(error)}") from error

    def admits(self, value: object) -> bool:
        """Whether the reader's schema admits the value."""
        try:
            return validate(value, self._reader, raise_errors=False)
        except _ERRORS:
            return False


def _said(error: BaseException) -> str:
    message = _MARKS.sub("}", " ".join(str(error).split()))
    return shortened(f"{type(error).__name__}: {message}", COMPLAINT_LETTERS_MAX)
