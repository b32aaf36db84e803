"""Avro as a format of event schemas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.schemas.avro import deciding, differences, parsing
from harness.schemas.avro.model import AvroSchema
from harness.schemas.avro.rules import RULES
from harness.schemas.decision import Decision, Schema
from harness.schemas.optional import Difference, RuleText


@dataclass(frozen=True)
class AvroFormat:
    """Decides by the specification's rules of schema resolution, and proves by fastavro."""

    name: ClassVar[str] = "avro"
    suffixes: ClassVar[tuple[str, ...]] = (".avsc",)

    def parse(self, text: bytes, source: Path | None = None) -> AvroSchema:
        return parsing.parse(text, source)

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        return deciding.decide(_avro(reader), _avro(writer))

    def differences(self, old: Schema, new: Schema) -> tuple[Difference, ...]:
        return differences.differences(_avro(old), _avro(new))

    def rules(self) -> tuple[RuleText, ...]:
        return RULES


def _avro(schema: Schema) -> AvroSchema:
    if not isinstance(schema, AvroSchema):
        raise TypeError(f"{type(schema).__name__} is not an Avro schema")
    return schema
