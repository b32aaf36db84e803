"""Pairs of schemas as Python values, decided, and every verdict's proof checked by another validator."""

from __future__ import annotations

import json

from jsonschema.protocols import Validator
from jsonschema.validators import Draft7Validator, Draft202012Validator

from harness.schemas.decision import Compatibility, Decision, Json
from harness.schemas.jsonschema import JsonSchemaFormat
from harness.schemas.jsonschema.comparison import DISPROVED
from harness.schemas.jsonschema.document import JsonSchema, read
from harness.schemas.jsonschema.keywords import Draft

NEW = "https://json-schema.org/draft/2020-12/schema"
OLD = "http://json-schema.org/draft-07/schema#"


def parsed(content: Json) -> JsonSchema:
    return read(json.dumps(content).encode())


def decide(*, reader: Json, writer: Json) -> Decision:
    return JsonSchemaFormat().decide(parsed(reader), parsed(writer))


def other_validator(schema: JsonSchema) -> Validator:
    """Of the package jsonschema, which has nothing in common with the one that verdicts rest on."""
    assert schema.draft is not None
    kind = Draft7Validator if schema.draft is Draft.DRAFT_07 else Draft202012Validator
    assert isinstance(schema.content, bool | dict)
    return kind(schema.content)


def assert_witness(decision: Decision, *, reader: Json, writer: Json) -> None:
    """Both validators say that the writer admits it and the reader refuses it."""
    assert decision.witness is not None
    assert DISPROVED not in decision.notes
    event, old, new = decision.witness.event, parsed(writer), parsed(reader)
    assert old.validator.admits(event)
    assert not new.validator.admits(event)
    assert other_validator(old).is_valid(event), event
    assert not other_validator(new).is_valid(event), event


def incompatible(*, reader: Json, writer: Json) -> Decision:
    decision = decide(reader=reader, writer=writer)
    assert decision.compatibility is Compatibility.INCOMPATIBLE, decision
    assert_witness(decision, reader=reader, writer=writer)
    return decision


def compatible(*, reader: Json, writer: Json) -> Decision:
    decision = decide(reader=reader, writer=writer)
    assert decision.compatibility is Compatibility.COMPATIBLE, decision
    assert decision.witness is None
    return decision


def unknown(*, reader: Json, writer: Json) -> Decision:
    decision = decide(reader=reader, writer=writer)
    assert decision.compatibility is Compatibility.UNKNOWN, decision
    assert decision.witness is None
    assert decision.reason
    return decision
