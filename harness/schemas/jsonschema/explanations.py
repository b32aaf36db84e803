"""The rules by which a pair of JSON Schemas is refused, for people: each with an example and a safe way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from harness.schemas.decision import Json
from harness.schemas.jsonschema.rules import BOUNDS
from harness.schemas.optional import RuleText

_HISTORY: Final = (
    "History keeps what the old schema let pass, so the reader must go on admitting it. Check what is new where values "
    "come in, before an event is made of them; or write a new type of event with the narrower schema."
)
_READERS_FIRST: Final = (
    "If it is to be written in future only: readers first. Let every version that reads admit it before the first "
    "writes it, and keep the version that a rollback goes back to among them."
)
_EXAMPLES: Final[Mapping[str, tuple[Json, Json]]] = {
    # keyword: a value, and one that refuses more
    "maximum": (10, 9),
    "minimum": (0, 1),
    "exclusiveMaximum": (10, 9),
    "exclusiveMinimum": (0, 1),
    "maxLength": (5, 4),
    "minLength": (0, 1),
    "maxItems": (3, 2),
    "minItems": (0, 1),
    "maxProperties": (3, 2),
    "minProperties": (0, 1),
    "maxContains": (3, 2),
    "minContains": (1, 2),
    "multipleOf": (2, 4),
    "pattern": ("^[a-z]+$", "^[a-y]+$"),
}
_KEYWORDS: Final[Mapping[str, Json]] = {
    # what a keyword says that refuses something
    **{keyword: narrow for keyword, (_, narrow) in _EXAMPLES.items()},
    "type": "string",
    "const": 1,
    "enum": [1],
    "required": ["a"],
    "additionalProperties": False,
    "unevaluatedProperties": False,
    "items": False,
    "unevaluatedItems": False,
    "uniqueItems": True,
    "contains": {"const": 1},
    "dependentRequired": {"a": ["b"]},
    "not": {"type": "string"},
    "anyOf": [{"maximum": 1}, {"minimum": 3}],
    "oneOf": [{"maximum": 3}, {"minimum": 2}],
}


def _text(schema: Json) -> str:
    return json.dumps(schema)


def _rule(name: str, meaning: str, *, reader: Json, writer: Json, remedy: str = _HISTORY) -> RuleText:
    return RuleText(name, meaning, _text(reader), _text(writer), remedy)


def _beside(keyword: str) -> dict[str, Json]:
    """What the keyword needs to say anything."""
    match keyword:
        case "maxContains":
            return {"contains": {"const": 1}, "minContains": 0}
        case "minContains":
            return {"contains": {"const": 1}}
        case _:
            return {}


def _of_bounds() -> Iterator[RuleText]:
    for keyword, (wide, narrow) in _EXAMPLES.items():
        name, changed = BOUNDS[keyword]
        beside = _beside(keyword)
        yield _rule(
            f"{name}-added",
            f"The reader has `{keyword}`, and the writer has none at that place.",
            reader={**beside, keyword: narrow},
            writer={**beside},
        )
        yield _rule(
            f"{name}-{changed}",
            f"The reader's `{keyword}` refuses what the writer's lets pass.",
            reader={**beside, keyword: narrow},
            writer={**beside, keyword: wide},
        )


def _of_keywords() -> Iterator[RuleText]:
    for keyword, value in _KEYWORDS.items():
        yield _rule(
            keyword,
            f"The reader's `{keyword}` refuses the event, and the writer has nothing to compare it with at that place.",
            reader={"allOf": [{**_beside(keyword), keyword: value}]},
            writer=True,
        )


_OF_CHANGES: Final = (
    _rule("false", "The reader's schema `false` admits nothing.", reader=False, writer=True),
    _rule(
        "type-narrowed",
        "The reader admits fewer types than the writer. An integer is a number; a number is no integer.",
        reader={"type": "integer"},
        writer={"type": "number"},
    ),
    _rule(
        "type-changed",
        "The reader admits another type than the writer.",
        reader={"type": "string"},
        writer={"type": "integer"},
        remedy="Add a field of the new type beside the old one, fill both, and drop the old one when nobody reads it. "
        + _HISTORY,
    ),
    _rule(
        "enum-array-narrowed",
        "The reader has fewer members than the writer.",
        reader={"enum": ["open", "paid"]},
        writer={"enum": ["open", "paid", "refunded"]},
        remedy=f"No member is ever removed from what is read. {_READERS_FIRST}",
    ),
    _rule(
        "enum-array-changed",
        "The reader has other members than the writer.",
        reader={"enum": ["OPEN"]},
        writer={"enum": ["open"]},
        remedy="Let the reader have both, and write the new ones when every reader knows them. " + _READERS_FIRST,
    ),
    _rule(
        "required-attribute-added",
        "The reader requires a property that the writer does not. A default is of no use: validators fill in nothing.",
        reader={"required": ["reason"]},
        writer={"type": "object"},
        remedy="Let it be optional for those who read, and always written from now on; or upcast events that lack it.",
    ),
    _rule(
        "additional-properties-removed",
        "The reader admits no properties that it does not list, and the writer does.",
        reader={"additionalProperties": False},
        writer={"type": "object"},
        remedy="Leave schemas open that are read by: what they do not know does no harm. Close those written by.",
    ),
    _rule(
        "property-removed-from-closed-content-model",
        "The writer has a property that the reader does not list, and the reader admits no other.",
        reader={"additionalProperties": False},
        writer={"properties": {"legacy": {}}, "additionalProperties": False},
        remedy="Keep it in what is read, as optional, for as long as there is history with it. If the writer is the "
        f"newer one: leave schemas open that are read by. {_READERS_FIRST}",
    ),
    _rule(
        "property-added-to-open-content-model",
        "The reader says what a property must be, and the writer admits anything under that name.",
        reader={"properties": {"tags": {"type": "array"}}},
        writer={"type": "object"},
        remedy="If no writer ever wrote such a property, say so in the writer's schema: list it, or close the schema. "
        "Then readers may give it a type. Else take another name.",
    ),
    _rule(
        "item-added-to-open-content-model",
        "The reader says what a further item must be, and the writer admits anything there.",
        reader={"prefixItems": [{}, {"type": "integer"}]},
        writer={"prefixItems": [{}]},
        remedy="Close the tuple that is written with (`items: false`); then readers may say more of it.",
    ),
    _rule(
        "additional-items-removed",
        "The reader admits no items beyond its tuple, and the writer does.",
        reader={"items": [{}], "additionalItems": False},
        writer={"items": [{}], "additionalItems": True},
    ),
    _rule(
        "unique-items-added",
        "The reader admits no two equal items, and the writer does.",
        reader={"uniqueItems": True},
        writer={"type": "array"},
    ),
    _rule(
        "dependency-array-added",
        "The reader requires some properties where another one is, and the writer does not.",
        reader={"dependentRequired": {"discount": ["code"]}},
        writer={"type": "object"},
    ),
    _rule(
        "dependency-array-extended",
        "The reader requires more properties than the writer where another one is.",
        reader={"dependentRequired": {"discount": ["code", "until"]}},
        writer={"dependentRequired": {"discount": ["code"]}},
    ),
    _rule(
        "sum-type-narrowed",
        "The reader has fewer alternatives than the writer.",
        reader={"anyOf": [{"type": "string"}, {"type": "integer"}]},
        writer={"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        remedy=f"No alternative is ever removed from what is read. {_READERS_FIRST}",
    ),
    _rule(
        "combined-type-subschemas-changed",
        "The event is under none of the reader's alternatives, or under several of `oneOf`, which admits one only.",
        reader={"oneOf": [{"type": "integer"}, {"type": "number"}]},
        writer={"oneOf": [{"type": "integer"}, {"type": "string"}]},
        remedy="Tell alternatives apart by a property that is required and has another constant in each. " + _HISTORY,
    ),
    _rule(
        "combined-type-changed",
        "The reader has alternatives where the writer has none, and the event is not under (exactly) one of them.",
        reader={"oneOf": [{"type": "integer"}, {"type": "number"}]},
        writer={"type": "integer"},
        remedy="`anyOf` admits what is under several alternatives, `oneOf` does not.",
    ),
)

RULES: Final[tuple[RuleText, ...]] = tuple(
    sorted((*_OF_CHANGES, *_of_bounds(), *_of_keywords()), key=lambda rule: rule.name)
)
"""By name. Those of registries first say what changed; a bare keyword is what refused."""
