"""The rules by which a pair of Avro schemas is refused, by the names that decisions have."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    TYPE = "type"
    NAME = "name"
    FIXED_SIZE = "fixed-size"
    ENUM_SYMBOLS = "enum-symbols"
    MISSING_DEFAULT = "missing-default"
    UNION_BRANCH = "union-branch"
    FIELD_ALIAS = "field-alias"
    DECODER = "decoder"
