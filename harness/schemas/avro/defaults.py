"""A field's default: from the JSON of the schema to the value that a reader fills in.

The specification encodes bytes and fixed as text whose letters are the bytes, and lets the default of a union be a
value of any of its branches (since 1.12; of the first before that).
"""

from __future__ import annotations

from harness.schemas.avro.model import (
    Array,
    AvroSchema,
    Branch,
    Datum,
    Enumeration,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    branch_name,
)
from harness.schemas.decision import Json

INT_BITS, LONG_BITS = 32, 64
NOT_FINITE = ("NaN", "Infinity", "-Infinity")


class Unfit(ValueError):
    """The value is none of the type's."""


def default_of(schema: AvroSchema, type_: Type, value: Json) -> Datum:
    """Raises Unfit if the value is not one of `type_`, which is a part of `schema`."""
    match schema.target(type_), value:
        case Primitive(kind=kind), _:
            return _primitive(kind, value)
        case Enumeration(symbols=symbols), str() if value in symbols:
            return value
        case Fixed(size=size), str() if len(value) == size:
            return _bytes(value)
        case Array(items=items), list():
            return [default_of(schema, items, item) for item in value]
        case Map(values=values), dict():
            return {key: default_of(schema, values, item) for key, item in value.items()}
        case Record() as record, dict():
            return _record(schema, record, value)
        case Union(branches=branches), _:
            return _union(schema, branches, value)
        case _:
            raise Unfit


def fits_integer(value: Json, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits - 1) <= value < 1 << bits - 1


def _primitive(kind: str, value: Json) -> Datum:
    match kind, value:
        case "null", None:
            return None
        case "boolean", bool():
            return value
        case "string", str():
            return value
        case "int", int() if fits_integer(value, INT_BITS):
            return value
        case "long", int() if fits_integer(value, LONG_BITS):
            return value
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            return _float(value)
        case (("float" | "double"), str()) if value in NOT_FINITE:
            return float(value)
        case "bytes", str():
            return _bytes(value)
        case _:
            raise Unfit


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise Unfit from error


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Unfit from error


def _record(schema: AvroSchema, record: Record, value: dict[str, Json]) -> Datum:
    filled: dict[str, Datum] = {}
    for field in record.fields:
        if field.name in value:
            filled[field.name] = default_of(schema, field.type, value[field.name])
        elif field.default is not None:
            filled[field.name] = default_of(schema, field.type, field.default.json)
        else:
            raise Unfit
    return filled


def _union(schema: AvroSchema, branches: tuple[Type, ...], value: Json) -> Datum:
    for branch in branches:
        try:
            return Branch(branch_name(branch), default_of(schema, branch, value))
        except Unfit:
            continue
    raise Unfit
