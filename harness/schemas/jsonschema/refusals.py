"""Where in the reader's schema an event was refused, and what the change is called there.

Registries have names for changes (Confluent's, which Karapace uses too); where one fits, the rule is that name with
hyphens: `maximum-decreased`, `required-attribute-added`. Else it is the keyword that refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.schemas.decision import Json
from harness.schemas.jsonschema.document import JsonSchema
from harness.schemas.jsonschema.keywords import Location, pointer
from harness.schemas.jsonschema.validators import Refusal

_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "maximum": ("maximum", "decreased"),
    "minimum": ("minimum", "increased"),
    "exclusiveMaximum": ("exclusive-maximum", "decreased"),
    "exclusiveMinimum": ("exclusive-minimum", "increased"),
    "maxLength": ("max-length", "decreased"),
    "minLength": ("min-length", "increased"),
    "maxItems": ("max-items", "decreased"),
    "minItems": ("min-items", "increased"),
    "maxProperties": ("max-properties", "decreased"),
    "minProperties": ("min-properties", "increased"),
    "maxContains": ("max-contains", "decreased"),
    "minContains": ("min-contains", "increased"),
    "multipleOf": ("multiple-of", "changed"),
    "pattern": ("pattern", "changed"),
}


@dataclass(frozen=True)
class Change:
    rule: str
    path: str
    """JSON Pointer of the keyword in the reader's schema."""


def change(reader: JsonSchema, writer: JsonSchema, refusal: Refusal) -> Change:
    """What the keyword that refused is to the writer's schema at the same place."""
    way = _counted(reader, refusal)
    location, schema = _walk(reader, way)
    keyword = str(way[-1]) if way else ""
    return Change(_rule(keyword, schema, _Beside(writer, way)) or keyword or "false", pointer(location))


def _counted(reader: JsonSchema, refusal: Refusal) -> Location:
    """The way, where the validator does not tell too many items from too few that `contains` asks for."""
    way = refusal.way
    if not way or way[-1] not in ("minContains", "maxContains") or not isinstance(refusal.value, list):
        return way
    location, schema = _walk(reader, way)
    admits = reader.validator.part((*location[:-1], "contains"))
    most = schema.get("maxContains")
    if admits is None:
        return way
    if isinstance(most, int | float) and sum(map(admits, refusal.value)) > most:
        return (*way[:-1], "maxContains")
    return (*way[:-1], "minContains" if "minContains" in schema else "contains")


def _walk(document: JsonSchema, way: Location) -> tuple[Location, Mapping[str, Json]]:
    """To where it is written, and the schema that holds the last key of the way."""
    location: Location = ()
    holder: Json = document.content
    for step in way:
        found = document.references.at(location)
        if isinstance(found, dict):
            holder = found
        if step in ("$ref", "$dynamicRef") and isinstance(found, dict) and isinstance(found.get(str(step)), str):
            target = document.references.resolve(str(found[str(step)]), location)
            if not isinstance(target, tuple):
                break
            location = target
        else:
            location = (*location, step)
    return location, holder if isinstance(holder, dict) else {}


class _Beside:
    """The writer's schema at the same place, as far as there is one."""

    def __init__(self, writer: JsonSchema, way: Location) -> None:
        self._writer = writer
        self.new_in: str = ""
        """The keyword in which the writer has no such part: the place is new in the reader."""
        self.holder: Mapping[str, Json] = {}
        """The schema in which the part is new."""
        self.schema: Mapping[str, Json] | None = None
        self._follow(way)

    def _follow(self, way: Location) -> None:
        location = self._resolved(())
        steps = list(way[:-1])
        while steps:
            step = steps.pop(0)
            found = self._writer.references.at(location)
            if step in ("$ref", "$dynamicRef"):
                continue
            if not isinstance(found, dict):
                return
            self.holder = found
            inner = found.get(str(step))
            location = (*location, step)
            if step in ("properties", "patternProperties", "prefixItems", "items") and steps and _names(inner, step):
                key = steps.pop(0)
                if not _has(inner, key):
                    self.new_in = str(step)
                    return
                location = (*location, key)
            elif inner is None:
                return
            elif isinstance(inner, list):
                if not steps or not _has(inner, key := steps.pop(0)):
                    return
                location = (*location, key)
            location = self._resolved(location)
        found = self._writer.references.at(location)
        self.schema = found if isinstance(found, dict) else {}

    def _resolved(self, location: Location) -> Location:
        seen: set[Location] = set()
        while location not in seen:
            seen.add(location)
            match self._writer.references.at(location):
                case {"$ref": str(reference)}:
                    target = self._writer.references.resolve(reference, location)
                    if isinstance(target, tuple):
                        location = target
        return location


def _names(inner: Json, step: str | int) -> bool:
    """Is the next step of the way a name or an index within?"""
    return step in ("properties", "patternProperties", "prefixItems") or isinstance(inner, list)


def _has(inner: Json, key: str | int) -> bool:
    match inner:
        case dict():
            return key in inner
        case list():
            return isinstance(key, int) and key < len(inner)
        case _:
            return False


def _rule(keyword: str, schema: Mapping[str, Json], beside: _Beside) -> str:
    """The registries' name, or nothing."""
    if beside.new_in in ("properties", "patternProperties") and beside.holder.get("additionalProperties") is not False:
        return "property-added-to-open-content-model"
    if beside.new_in in ("items", "prefixItems"):
        return "item-added-to-open-content-model"
    if beside.schema is None:
        return ""
    if keyword in _BOUNDS:
        return _bound_rule(keyword, schema, beside.schema)
    rule = _RULES.get(keyword)
    return rule(schema, beside.schema) if rule else ""


def _bound_rule(keyword: str, new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    name, changed = _BOUNDS[keyword]
    if keyword not in old:
        return f"{name}-added"
    return f"{name}-{changed}" if old[keyword] != new[keyword] else ""


def _type(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    after, before = _texts(new.get("type")), _texts(old.get("type"))
    if not before or after < before or (after <= before | {"integer"} and "number" in before):
        return "type-narrowed"
    return "type-changed"


def _enum(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    match new.get("enum"), old.get("enum"):
        case list() as after, list() as before:
            return "enum-array-narrowed" if all(value in before for value in after) else "enum-array-changed"
        case _:
            return ""


def _required(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    return "required-attribute-added" if _texts(new.get("required")) - _texts(old.get("required")) else ""


def _additional_properties(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    removed = _keys(old.get("properties")) - _keys(new.get("properties"))
    if removed and old.get("additionalProperties") is False:
        return "property-removed-from-closed-content-model"
    return "additional-properties-removed" if old.get("additionalProperties", True) is not False else ""


def _additional_items(_new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    return "additional-items-removed" if old.get("additionalItems", True) is not False else ""


def _unique_items(_new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    return "unique-items-added" if old.get("uniqueItems") is not True else ""


def _dependencies(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    for keyword in ("dependentRequired", "dependencies"):
        match new.get(keyword), old.get(keyword):
            case dict() as after, dict() as before if after.keys() <= before.keys():
                return "dependency-array-extended"
            case dict(), _:
                return "dependency-array-added"
    return ""


def _sum(new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    for keyword in ("anyOf", "oneOf"):
        match new.get(keyword), old.get(keyword):
            case list() as after, list() as before:
                return "sum-type-narrowed" if len(after) < len(before) else "combined-type-subschemas-changed"
    return "combined-type-changed"


_RULES: Final[Mapping[str, Callable[[Mapping[str, Json], Mapping[str, Json]], str]]] = {
    "type": _type,
    "enum": _enum,
    "required": _required,
    "additionalProperties": _additional_properties,
    "additionalItems": _additional_items,
    "uniqueItems": _unique_items,
    "dependentRequired": _dependencies,
    "dependencies": _dependencies,
    "anyOf": _sum,
    "oneOf": _sum,
}


def _texts(value: Json) -> frozenset[str]:
    match value:
        case str():
            return frozenset([value])
        case list():
            return frozenset(text for text in value if isinstance(text, str))
        case _:
            return frozenset()


def _keys(value: Json) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()
