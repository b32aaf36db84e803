"""JSON Schema as a format of event schemas: draft-07 and 2020-12."""

from __future__ import annotations

from pathlib import Path

from harness.schemas.decision import Decision, Schema
from harness.schemas.jsonschema.comparison import decide
from harness.schemas.jsonschema.differences import differences
from harness.schemas.jsonschema.document import JsonSchema, read
from harness.schemas.jsonschema.explanations import RULES
from harness.schemas.optional import Difference, RuleText


class JsonSchemaFormat:
    """Compatible is proved, incompatible has a witness. `format` is an annotation; nothing remote is fetched."""

    name = "jsonschema"
    suffixes = (".schema.json", ".json")

    def parse(self, text: bytes, source: Path | None = None) -> Schema:
        """Raises InvalidInput, with file and line or JSON Pointer, for what is not a schema."""
        return read(text, source)

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        """May `reader` read whatever `writer` may have written?"""
        return decide(_own(reader), _own(writer))

    def rules(self) -> tuple[RuleText, ...]:
        """Those that decisions name."""
        return RULES

    def differences(self, old: Schema, new: Schema) -> tuple[Difference, ...]:
        """Each with what it does by itself."""
        return differences(_own(old), _own(new))


def _own(schema: Schema) -> JsonSchema:
    if not isinstance(schema, JsonSchema):
        raise TypeError("a schema of another format")
    return schema
