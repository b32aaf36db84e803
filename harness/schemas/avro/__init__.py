"""Avro: schema resolution by the specification's rules, with events that fastavro refuses as the proof."""

from harness.schemas.avro.format import AvroFormat

__all__ = ["AvroFormat"]
