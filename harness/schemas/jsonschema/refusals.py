"""Where in the reader's schema an event was refused, and what stands at that place in the writer's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.schemas.decision import Json
from harness.schemas.jsonschema.document import JsonSchema
from harness.schemas.jsonschema.keywords import Location, pointer
from harness.schemas.jsonschema.rules import Place, rule_of
from harness.schemas.jsonschema.validators import Refusal

_REFERENCES: Final = ("$ref", "$dynamicRef")
_BY_NAME: Final = ("properties", "patternProperties")
_BY_INDEX: Final = ("prefixItems", "items")


@dataclass(frozen=True)
class Change:
    """Paths are JSON Pointers of the keyword that refused; in the writer's schema, as far as there is such a place."""

    rule: str
    path: str
    writer_path: str


@dataclass(frozen=True)
class _Walked:
    """Where a way leads."""

    way: Location
    location: Location
    """Past references."""
    schema: Mapping[str, Json]
    """The last object on the way before it: the schema that holds the keyword."""


def change(reader: JsonSchema, writer: JsonSchema, refusal: Refusal) -> Change:
    """What the keyword that refused is to the writer's schema at the same place."""
    walked = _counted(reader, _walk(reader, refusal.way), refusal.value)
    keyword = "" if _is_false(reader, walked) else str(walked.way[-1])
    old_location, old = _beside(writer, walked.way)
    if old.schema is not None and keyword in old.schema:
        old_location = (*old_location, keyword)
    return Change(rule_of(keyword, walked.schema, old), pointer(walked.location), pointer(old_location))


def _walk(document: JsonSchema, way: Location) -> _Walked:
    """As far as there is something. The validator leaves out names that are empty; they are put in again."""
    walked: Location = ()
    location: Location = ()
    holder: Json = document.content
    for step in way:
        found = document.references.at(location)
        if isinstance(found, dict) and step not in found and "" in found:
            walked, location = (*walked, ""), (*location, "")
            found = found[""]
        if isinstance(found, dict):
            holder = found
        if not _has(found, step):
            break
        target = _target(document, location, str(step)) if step in _REFERENCES else None
        walked, location = (*walked, step), (*location, step) if target is None else target
    return _Walked(walked, location, holder if isinstance(holder, dict) else {})


def _is_false(reader: JsonSchema, walked: _Walked) -> bool:
    """Is it a schema `false`, which no keyword holds but a name, a number or a reference?"""
    way = walked.way
    if not way:
        return True
    named = (
        isinstance(way[-1], int) or way[-1] in _REFERENCES or way[-2:-1] in (("properties",), ("patternProperties",))
    )
    return named and reader.references.at(walked.location) is False


def _counted(reader: JsonSchema, walked: _Walked, value: Json) -> _Walked:
    """The way, where the validator does not tell too many items from too few that `contains` asks for."""
    if walked.way[-1:] not in (("minContains",), ("maxContains",)) or not isinstance(value, list):
        return walked
    admits = reader.validator.part((*walked.location[:-1], "contains"))
    if admits is None:
        return walked
    most = walked.schema.get("maxContains")
    too_many = isinstance(most, int | float) and sum(map(admits, value)) > most
    keyword = "maxContains" if too_many else "minContains" if "minContains" in walked.schema else "contains"
    return _walk(reader, (*walked.way[:-1], keyword))


def _target(document: JsonSchema, location: Location, keyword: str) -> Location | None:
    """Where the reference there leads; None if there is none, as where a property has that name."""
    match document.references.at(location):
        case dict() as found if isinstance(reference := found.get(keyword), str):
            target = document.references.target(keyword, reference, location)
            return target if isinstance(target, tuple) else None
        case _:
            return None


def _beside(writer: JsonSchema, way: Location) -> tuple[Location, Place]:
    """The writer's schema that holds what the way leads to, or the innermost part on the way to it."""
    steps = [step for step in way[:-1] if step not in _REFERENCES]
    location = _resolved(writer, ())
    for before, step, after in zip([None, *steps], steps, [*steps[1:], None], strict=False):
        found = writer.references.at(location)
        if _has(found, step):
            location = _resolved(writer, (*location, step))
        elif before in _BY_NAME or (before in _BY_INDEX and isinstance(step, int)):
            return location, Place(None, str(before), _closed(writer.references.at(location[:-1])))
        elif step in _BY_NAME or (step in _BY_INDEX and isinstance(after, int)):
            return location, Place(None, str(step), _closed(found))
        else:
            return location, Place(None)
    found = writer.references.at(location)
    return location, Place(found if isinstance(found, dict) else {})


def _closed(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("additionalProperties") is False


def _resolved(document: JsonSchema, location: Location) -> Location:
    """Past the references that lead on from there."""
    seen: set[Location] = set()
    while location not in seen:
        seen.add(location)
        location = _target(document, location, "$ref") or location
    return location


def _has(inner: Json, key: str | int) -> bool:
    match inner:
        case dict():
            return key in inner
        case list():
            return isinstance(key, int) and key < len(inner)
        case _:
            return False
