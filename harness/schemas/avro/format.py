"""Avro as a format of event schemas."""

from __future__ import annotations

from pathlib import Path

from harness.garbage import uncollected
from harness.schemas.avro import deciding, differences, parsing
from harness.schemas.avro.model import AvroSchema
from harness.schemas.avro.rules import RULES
from harness.schemas.decision import Decision, Schema
from harness.schemas.optional import Difference, RuleText


class AvroFormat:
    """Decides by the specification's rules of schema resolution, and proves by fastavro."""

    name = "avro"
    suffixes: tuple[str, ...] = (".avsc",)

    def parse(self, text: bytes, source: Path | None = None) -> AvroSchema:
        with uncollected():
            return parsing.parse(text, source)

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        with uncollected():
            return deciding.decide(_avro(reader), _avro(writer))

    def differences(self, old: Schema, new: Schema) -> tuple[Difference, ...]:
        return differences.differences(_avro(old), _avro(new))

    def rules(self) -> tuple[RuleText, ...]:
        return RULES


def _avro(schema: Schema) -> AvroSchema:
    if not isinstance(schema, AvroSchema):
        raise TypeError(f"{type(schema).__name__} is not an Avro schema")
    return schema
