"""The words of the drafts: which hold schemas, and which assert something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final, TypeAlias

from harness.schemas.decision import Json

Location: TypeAlias = tuple[str | int, ...]
"""Where in a document, key by key."""


class Draft(Enum):
    """Those that are decided, by the URI of their metaschema."""

    DRAFT_07 = "http://json-schema.org/draft-07/schema"
    DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"


class Shape(Enum):
    SCHEMA = "a schema"
    LIST = "a list of schemas"
    MAP = "schemas by name"


_BOTH: Final[Mapping[str, tuple[Shape, ...]]] = {
    "additionalProperties": (Shape.SCHEMA,),
    "propertyNames": (Shape.SCHEMA,),
    "contains": (Shape.SCHEMA,),
    "not": (Shape.SCHEMA,),
    "if": (Shape.SCHEMA,),
    "then": (Shape.SCHEMA,),
    "else": (Shape.SCHEMA,),
    "allOf": (Shape.LIST,),
    "anyOf": (Shape.LIST,),
    "oneOf": (Shape.LIST,),
    "properties": (Shape.MAP,),
    "patternProperties": (Shape.MAP,),
    "definitions": (Shape.MAP,),
}
_APPLICATORS: Final[Mapping[Draft, Mapping[str, tuple[Shape, ...]]]] = {
    Draft.DRAFT_07: {
        **_BOTH,
        "items": (Shape.SCHEMA, Shape.LIST),
        "additionalItems": (Shape.SCHEMA,),
        "dependencies": (Shape.MAP,),
    },
    Draft.DRAFT_2020_12: {
        **_BOTH,
        "$defs": (Shape.MAP,),
        "prefixItems": (Shape.LIST,),
        "items": (Shape.SCHEMA,),
        "dependentSchemas": (Shape.MAP,),
        "unevaluatedItems": (Shape.SCHEMA,),
        "unevaluatedProperties": (Shape.SCHEMA,),
    },
}
_ASSERTIONS_BOTH: Final = frozenset(
    {
        "$ref",
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
    }
)
_ASSERTIONS: Final[Mapping[Draft, frozenset[str]]] = {
    Draft.DRAFT_07: _ASSERTIONS_BOTH,
    Draft.DRAFT_2020_12: _ASSERTIONS_BOTH | {"$dynamicRef", "maxContains", "minContains", "dependentRequired"},
}
_ONLY_OLD: Final = frozenset({"additionalItems", "dependencies"})
_ONLY_NEW: Final = frozenset(
    {
        "prefixItems",
        "dependentRequired",
        "dependentSchemas",
        "minContains",
        "maxContains",
        "unevaluatedItems",
        "unevaluatedProperties",
        "$dynamicRef",
    }
)
ELSEWHERE: Final = _ONLY_OLD | _ONLY_NEW | {"nullable", "$recursiveRef", "discriminator"}
"""Words that assert something in another draft or dialect, and so may be meant to."""


def asserts(draft: Draft) -> frozenset[str]:
    """Keywords that may make a value invalid."""
    return _ASSERTIONS[draft] | (_APPLICATORS[draft].keys() - {"definitions", "$defs"})


def subschemas(schema: Json, draft: Draft) -> Iterator[tuple[Location, Json]]:
    """Those directly within, each with the way to it."""
    if not isinstance(schema, dict):
        return
    for keyword, shapes in _APPLICATORS[draft].items():
        match schema.get(keyword):
            case bool() as inner if Shape.SCHEMA in shapes:
                yield (keyword,), inner
            case dict() as inner if Shape.SCHEMA in shapes:
                yield (keyword,), inner
            case list() as inner if Shape.LIST in shapes:
                yield from (((keyword, place), part) for place, part in enumerate(inner))
            case dict() as inner if Shape.MAP in shapes:
                yield from (((keyword, name), part) for name, part in inner.items() if isinstance(part, bool | dict))


def all_subschemas(schema: Json, draft: Draft, at: Location = ()) -> Iterator[tuple[Location, Json]]:
    """This one and all within it."""
    waiting: list[tuple[Location, Json]] = [(at, schema)]
    while waiting:
        location, found = waiting.pop()
        yield location, found
        waiting.extend(((*location, *way), inner) for way, inner in subschemas(found, draft))


def guess_draft(schema: Json) -> Draft:
    """Without `$schema` it is the newest, unless the words used are of the old one only."""
    used: set[str] = set()
    tuples = False
    for draft in Draft:
        for _, part in all_subschemas(schema, draft):
            if isinstance(part, dict):
                used |= part.keys()
                tuples = tuples or isinstance(part.get("items"), list)
    old = tuples or bool(used & _ONLY_OLD)
    return Draft.DRAFT_07 if old and not used & _ONLY_NEW else Draft.DRAFT_2020_12


def pointer(location: Location) -> str:
    """As a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)
