"""The rules by which a pair of Protobuf schemas is refused, by the names that decisions have."""

from __future__ import annotations

from dataclasses import dataclass

from harness.schemas.optional import RuleText
from harness.schemas.protobuf.pairing import Encoding


@dataclass(frozen=True)
class Ruled:
    """A rule, and the encodings in which decisions name it."""

    text: RuleText
    encodings: tuple[Encoding, ...] = (Encoding.WIRE, Encoding.JSON)


def rules_of(encoding: Encoding) -> tuple[RuleText, ...]:
    return tuple(each.text for each in _RULES if encoding in each.encodings)


def _proto3(body: str) -> str:
    return f'syntax = "proto3";\nmessage Paid {{ {body} }}'


def _proto2(body: str) -> str:
    return f'syntax = "proto2";\nmessage Paid {{ {body} }}'


_WIDER_FIRST = (
    "Widening works in one direction only, so the readers go first: let every reader have the wider kind before the "
    "first writer uses it. Or add a field with a new number beside the old one, and fill both for a while."
)

_RULES: tuple[Ruled, ...] = (
    Ruled(
        RuleText(
            "range",
            "Both kinds of number are encoded alike, but the reader's holds less. Large values are cut off or get "
            "another sign, and no parser says so; in JSON they are refused.",
            _proto3("int32 cents = 1;"),
            _proto3("int64 cents = 1;"),
            _WIDER_FIRST,
        )
    ),
    Ruled(
        RuleText(
            "type",
            "The two types are encoded differently: the value is lost, refused, or taken for another one (an int32 "
            "of -1 is read as a sint32 of -2147483648).",
            _proto3("int64 cents = 1;"),
            _proto3("string cents = 1;"),
            "A field never changes its type in place. Add one with a new number and a new name, fill both while old "
            "readers are there, and reserve the number and name of the old one when it goes.",
        )
    ),
    Ruled(
        RuleText(
            "string-bytes",
            "Text and bytes are encoded alike, but bytes that are not UTF-8 are no text: parsers refuse the whole "
            "event, or hand out what is not text. In JSON bytes are base64.",
            _proto3("string note = 1;"),
            _proto3("bytes note = 1;"),
            "Text may become bytes on the wire. For the other direction add a field with a new number.",
        )
    ),
    Ruled(
        RuleText(
            "cardinality",
            "One side has one value where the other has many. A reader of one keeps the last of those that were "
            "written; in JSON a list is no value.",
            _proto3("string tag = 1;"),
            _proto3("repeated string tag = 1;"),
            "One value becomes many by a new field beside the old one. On the wire a singular field of text, bytes or "
            "messages may become repeated if no old reader is left.",
        )
    ),
    Ruled(
        RuleText(
            "map",
            "A map and a list of entries are encoded alike, but a map keeps one entry of each key. In JSON a map is an "
            "object and a list is not.",
            _proto3("map<string, int32> counts = 1;"),
            _proto3("message Count { string key = 1; int32 value = 2; } repeated Count counts = 1;"),
            "A map may be read as a list of entries on the wire. A list becomes a map only where keys never repeat; "
            "better add a field with a new number.",
        )
    ),
    Ruled(
        RuleText(
            "oneof",
            "Fields that the writer may set together exclude each other for the reader, which keeps the last of them "
            "and forgets the others. In JSON it refuses both.",
            _proto3("oneof payer { string account = 1; string card = 2; }"),
            _proto3("string account = 1; string card = 2;"),
            "Fields that exist are never moved into one oneof together. A single one may go into a new oneof; or add "
            "the alternatives as new fields.",
        )
    ),
    Ruled(
        RuleText(
            "required",
            "The reader insists on a field that the writer may leave out. Most parsers refuse the whole event.",
            _proto2("required string currency = 1;"),
            _proto2("optional string currency = 1;"),
            "No field is ever added as required, and none becomes it. One that is required stays in all writers for as "
            "long as one reader insists on it; relax the readers first.",
        )
    ),
    Ruled(
        RuleText(
            "enum-values",
            "The writer's enum has symbols that the reader's closed enum (proto2) does not know. Their numbers go to "
            "the unknown fields, and the field is read as if it had not been set.",
            _proto2("enum State { NEW = 0; PAID = 1; } optional State state = 1;"),
            _proto2("enum State { NEW = 0; PAID = 1; REFUNDED = 2; } optional State state = 1;"),
            "Readers get a new symbol before writers use it, and no symbol is removed while history holds it. Open "
            "enums (proto3) keep the number of a symbol that they do not know.",
        ),
        (Encoding.WIRE,),
    ),
    Ruled(
        RuleText(
            "enum-closed",
            "The writer's enum is open (proto3) and holds every number, the reader's is closed (proto2) and holds its "
            "own only.",
            _proto2("enum State { NEW = 0; } optional State state = 1;"),
            _proto3("enum State { NEW = 0; } State state = 1;"),
            "Closed enums become open, not the other way: readers first.",
        )
    ),
    Ruled(
        RuleText(
            "default",
            "Where nothing was written, the two sides read something else.",
            _proto2("optional int32 cents = 1 [default = 5];"),
            _proto2("optional int32 cents = 1;"),
            "A default never changes: it is what old events mean by what they do not say. Write the new value instead.",
        )
    ),
    Ruled(
        RuleText(
            "number",
            "A name stands under another number, and neither side reserves the number that it left. On the wire a "
            "field is its number, so its value is lost, or read under another name, and no parser notices.",
            _proto3("string currency = 1; string note = 2;"),
            _proto3("string note = 1; string currency = 2;"),
            "Numbers are for ever. New fields get new ones, at the end; those of removed fields are reserved, and then "
            "a name may be used again on purpose.",
        ),
        (Encoding.WIRE,),
    ),
    Ruled(
        RuleText(
            "json-name",
            "In JSON a field is its name, and the reader does not know the writer's: the value is lost.",
            _proto3("int64 cents = 1;"),
            _proto3("int64 amount = 1;"),
            'Keep the old name in JSON when a field is renamed: int64 cents = 1 [json_name = "amount"].',
        ),
        (Encoding.JSON,),
    ),
    Ruled(
        RuleText(
            "enum-names",
            "In JSON a symbol is its name, and the reader's enum does not have the writer's.",
            _proto3("enum State { NEW = 0; SETTLED = 1; } State state = 1;"),
            _proto3("enum State { NEW = 0; PAID = 1; } State state = 1;"),
            "Keep the old name as an alias of the same number (option allow_alias = true), and let readers have new "
            "symbols before writers use them.",
        ),
        (Encoding.JSON,),
    ),
    Ruled(
        RuleText(
            "integer-type",
            "Both are encoded alike on the wire, but in JSON they are written differently: true is no number.",
            _proto3("int32 refunded = 1;"),
            _proto3("bool refunded = 1;"),
            "Where events are kept as JSON, add a field with a new number and name.",
        ),
        (Encoding.JSON,),
    ),
)
