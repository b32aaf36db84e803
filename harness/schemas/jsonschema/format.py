"""JSON Schema as a format of event schemas: draft-07 and 2020-12."""

from __future__ import annotations

from pathlib import Path

from harness.schemas.decision import Decision, Schema
from harness.schemas.jsonschema.comparison import decide
from harness.schemas.jsonschema.document import JsonSchema, read


class JsonSchemaFormat:
    """Compatible is proved, incompatible has a witness. `format` is an annotation; nothing remote is fetched."""

    name = "jsonschema"
    suffixes = (".schema.json", ".json")

    def parse(self, text: bytes, source: Path | None = None) -> Schema:
        """Raises InvalidInput, with file and line or JSON Pointer, for what is not a schema."""
        return read(text, source)

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        """May `reader` read whatever `writer` may have written?"""
        if not isinstance(reader, JsonSchema) or not isinstance(writer, JsonSchema):
            raise TypeError("schemas of another format")
        return decide(reader, writer)
