"""What a change is called that makes a keyword refuse.

Registries have names for changes (Confluent's, which Karapace uses too); where one fits, the rule is that name with
hyphens: `maximum-decreased`, `required-attribute-added`. Else it is the keyword that refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.schemas.decision import Json

BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
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
"""Keywords with a value that can be compared: what they are called, and what has become of them if they refuse more."""


@dataclass(frozen=True)
class Place:
    """What the writer has where the reader has the keyword."""

    schema: Mapping[str, Json] | None
    """None if it has no such place."""
    new_in: str = ""
    """The keyword in which the place is one more in the reader: `properties`, `prefixItems`."""
    closed: bool = False
    """If it is one more: the writer admitted nothing there."""


def rule_of(keyword: str, new: Mapping[str, Json], old: Place) -> str:
    """The registries' name for what `keyword` of the schema `new` is to the old place, or the keyword."""
    return _registries_name(keyword, new, old) or keyword or "false"


def _registries_name(keyword: str, new: Mapping[str, Json], old: Place) -> str:
    if old.new_in in ("properties", "patternProperties") and not old.closed:
        return "property-added-to-open-content-model"
    if old.new_in in ("items", "prefixItems"):
        return "item-added-to-open-content-model"
    if old.schema is None:
        return ""
    if keyword in BOUNDS:
        return _bound_rule(keyword, new, old.schema)
    rule = _RULES.get(keyword)
    return rule(new, old.schema) if rule else ""


def _bound_rule(keyword: str, new: Mapping[str, Json], old: Mapping[str, Json]) -> str:
    name, changed = BOUNDS[keyword]
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
