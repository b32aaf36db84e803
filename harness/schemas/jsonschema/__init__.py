"""JSON Schema: is whatever the writer's schema admits admitted by the reader's?

A document is read (`document`), becomes a formula (`compiler`), and "writer and not reader" is solved (`logic`): a
value is a witness, none is a proof. Either way the real validator (`validators`) has the last word, and a `search`
goes over what the proof says.
"""

from harness.schemas.jsonschema.format import JsonSchemaFormat

__all__ = ["JsonSchemaFormat"]
