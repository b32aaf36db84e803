"""Small JSON Schemas that are full of surprises, and documents small enough to try all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import combinations, product

from hypothesis import strategies as st

from harness.schemas.decision import Json
from harness.schemas.jsonschema.keywords import Draft

DOCUMENTS: tuple[Json, ...] = tuple(
    json.loads(
        """
    [null, false, true, 0, 1, 2, -1, 3, 0.5, 1.5, "", "a", "b", "ab", "ba", "abc",
     [], [0], [1], ["a"], [0, 1], [1, 1], [1, "a"], ["a", "a", 0], [[]], [null], [{"a": 1}], [1, 2, 3],
     {}, {"a": 0}, {"a": 1}, {"b": 1}, {"a": "a"}, {"a": 1, "b": 1}, {"a": "a", "b": 0}, {"c": 1}, {"ab": 1},
     {"a": {}}, {"a": {"a": 1}}, {"b": [1]}, {"a": 1, "b": 1, "c": 1}, {"a": []}, {"b": "ab", "ab": 2}]
    """
    )
)

_names = st.sampled_from(["a", "b", "c", ""])
_patterns = st.sampled_from(["^a", "b$", "^[ab]+$", "a", "^[abc]$", "^(?!a)"])
_types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
_counts = st.integers(0, 2)
_documents = st.sampled_from(DOCUMENTS)
_leaves: st.SearchStrategy[Json] = st.sampled_from(
    [
        *(True, False, {}, {"type": "integer"}, {"type": "string"}, {"const": 1}, {"maximum": 0}, {"minLength": 1}),
        *({"enum": ["a", 1]}, {"$ref": "#/definitions/leaf"}),
    ]
)


def _flat(draft: Draft) -> Mapping[str, st.SearchStrategy[Json]]:
    """Keywords that hold no schemas."""
    required: dict[str, st.SearchStrategy[Json]] = {
        "type": _types | st.lists(_types, min_size=1, max_size=2, unique=True),
        "const": _documents,
        "enum": st.lists(_documents, min_size=1, max_size=3, unique_by=repr),
        "maximum": st.sampled_from([0, 1, 2, 1.5]),
        "minimum": st.sampled_from([-1, 0, 1, 0.5]),
        "exclusiveMaximum": st.sampled_from([0, 1, 2]),
        "exclusiveMinimum": st.sampled_from([-1, 0, 1]),
        "multipleOf": st.sampled_from([1, 2, 0.5, 3]),
        "maxLength": _counts,
        "minLength": _counts,
        "pattern": _patterns,
        "maxItems": _counts,
        "minItems": _counts,
        "uniqueItems": st.booleans(),
        "maxProperties": _counts,
        "minProperties": _counts,
        "required": st.lists(_names, max_size=2, unique=True),
    }
    needed: st.SearchStrategy[Json] = st.builds(lambda name, other: {name: [other]}, _names, _names)
    if draft is Draft.DRAFT_07:
        return {**required, "dependencies": needed}
    return {**required, "dependentRequired": needed, "minContains": _counts, "maxContains": _counts}


def _nested(draft: Draft, inner: st.SearchStrategy[Json]) -> Mapping[str, st.SearchStrategy[Json]]:
    """Keywords that hold schemas."""
    some = st.lists(inner, min_size=1, max_size=3)
    both: dict[str, st.SearchStrategy[Json]] = {
        "properties": st.dictionaries(_names, inner, min_size=1, max_size=2),
        "patternProperties": st.dictionaries(_patterns, inner, min_size=1, max_size=1),
        "additionalProperties": inner,
        "propertyNames": inner | st.builds(lambda pattern: {"pattern": pattern}, _patterns),
        "contains": inner,
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    by_name = st.dictionaries(_names, inner, min_size=1, max_size=1)
    if draft is Draft.DRAFT_07:
        return {**both, "items": inner | some, "additionalItems": inner, "dependencies": by_name}
    return {
        **both,
        "items": inner,
        "prefixItems": some,
        "dependentSchemas": by_name,
        "unevaluatedItems": inner,
        "unevaluatedProperties": inner,
    }


def _with_some(keywords: Mapping[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[Json]:
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


def parts(draft: Draft) -> st.SearchStrategy[Json]:
    """Schemas, to be put into a `document`."""
    flat = _with_some(_flat(draft))
    return st.recursive(
        _leaves | flat, lambda inner: _with_some({**_flat(draft), **_nested(draft, inner)}), max_leaves=6
    )


def document(draft: Draft, schema: Json, *, leaf: Json = True) -> Json:
    """Of a schema that may refer to a recursive definition."""
    recursive: Json = {"properties": {"a": {"$ref": "#/definitions/leaf"}, "b": leaf}}
    return {"$schema": draft.value, "definitions": {"leaf": recursive}, "allOf": [schema]}


# ── much that is said of one type ────────────────────────────────────────────────────────────────────────────────────


_SOME: tuple[Json, ...] = (0, 1, "a")


def _objects() -> Iterator[Json]:
    for count in range(4):
        for names in combinations(["", "a", "b", "ab", "ba", "c"], count):
            for values in product(_SOME, repeat=count):
                yield dict(zip(names, values, strict=True))


CROWDED: Mapping[str, tuple[Json, ...]] = {
    "object": tuple(_objects()),
    "array": tuple(list(items) for count in range(5) for items in product((*_SOME, None), repeat=count)),
    "string": tuple("".join(letters) for count in range(5) for letters in product("abc", repeat=count)),
    "number": tuple(number / 4 for number in range(-20, 21)),
}
"""All documents of a type up to a size."""

_values: st.SearchStrategy[Json] = st.sampled_from(
    [True, False, {"type": "integer"}, {"type": "string"}, {"const": 1}, {"enum": [0, "a"]}, {"not": {"const": 1}}]
)
_names_told: st.SearchStrategy[Json] = st.sampled_from(
    [{"pattern": "^a"}, {"pattern": "b$"}, {"maxLength": 1}, {"enum": ["a", "ab"]}]
)
_languages = st.sampled_from(
    [
        *("^a", "b$", "^[ab]+$", "a", "^[abc]$", "^(?!a)", "^[abc]{2}", "^$", "^(ab)*$", "^[^c]*$"),
        *("^(?=[abc]*a)(?=[abc]*b)", "a(?!b)"),
    ]
)
"""Engines agree about them, also beyond the letters in them."""
_numbers = st.sampled_from([0, 1, 2, -1, 0.5, 1.5, -2, 2.25])
_factors = st.sampled_from([1, 2, 3, 0.5, 1.5])


def _one(keyword: str, value: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return value.map(lambda said: {keyword: said})


_of_objects = st.one_of(
    _one("patternProperties", st.dictionaries(_languages, _values, min_size=1, max_size=1)),
    _one("properties", st.dictionaries(_names, _values, min_size=1, max_size=2)),
    _one("additionalProperties", _values),
    _one("propertyNames", _names_told),
    _one("required", st.lists(_names, min_size=1, max_size=2, unique=True)),
    _one("maxProperties", st.integers(0, 2)),
    _one("minProperties", st.integers(1, 3)),
)
_of_arrays = st.one_of(
    _one("items", _values),
    _one("prefixItems", st.lists(_values, min_size=1, max_size=3)),
    st.fixed_dictionaries({"contains": _values}, optional={"minContains": st.integers(0, 3), "maxContains": _counts}),
    _one("maxItems", st.integers(0, 3)),
    _one("minItems", st.integers(1, 4)),
    st.just({"uniqueItems": True}),
)
_of_strings = st.one_of(
    _one("pattern", _languages),
    _one("minLength", st.integers(0, 3)),
    _one("maxLength", st.integers(0, 3)),
    _one("enum", st.lists(st.sampled_from(CROWDED["string"][:40]), min_size=1, max_size=5, unique=True)),
)
_of_numbers = st.one_of(
    *(_one(keyword, _numbers) for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "const")),
    _one("multipleOf", _factors),
    st.just({"type": "integer"}),
)
_ABOUT = {"object": _of_objects, "array": _of_arrays, "string": _of_strings, "number": _of_numbers}


def crowded(type_: str) -> st.SearchStrategy[Json]:
    """Several keywords about one type, many of them negated."""
    said = _ABOUT[type_]
    either = st.lists(said, min_size=2, max_size=2)
    part = st.one_of(said, _one("not", said), _one("anyOf", either), _one("oneOf", either))
    return st.lists(part, min_size=1, max_size=4).map(lambda parts: {"type": type_, "allOf": parts})
