"""Makes data that satisfy a JSON Schema, with Hypothesis, for the keywords that event schemas commonly have.

What it makes is validated, and dropped if it does not satisfy the schema: a keyword that is not understood here makes
fewer examples, never wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, Unsatisfiable

from harness.upcasters.registry import Data

Strategy: TypeAlias = st.SearchStrategy[Any]

ATTEMPTS_PER_EXAMPLE = 4
DEPTH_MAX = 6
ITEMS_MAX = 3
NUMBER_MAX = 10**6
_FORMATS: Mapping[str, Strategy] = {
    "date-time": st.datetimes().map(lambda time: f"{time.isoformat(timespec='seconds')}Z"),
    "date": st.dates().map(lambda date: date.isoformat()),
    "time": st.times().map(lambda time: f"{time.isoformat(timespec='seconds')}Z"),
    "uuid": st.uuids().map(str),
    "email": st.sampled_from(("a@example.org", "first.last@example.com")),
    "uri": st.sampled_from(("https://example.org/a", "urn:example:b")),
}
_ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5))


class _Enough(Exception):
    """Ends Hypothesis's run: it takes it for a test that fails."""


def examples(schema: Any, is_valid: Callable[[Any], bool], count: int) -> tuple[Data, ...]:
    """Up to `count` objects that are valid, each once, the same each time."""
    found: dict[str, Data] = {}

    @seed(1)
    @settings(
        max_examples=count * ATTEMPTS_PER_EXAMPLE,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_strategy(schema, _Context(schema)))
    def collect(data: object) -> None:
        if len(found) >= count:
            raise _Enough
        if isinstance(data, dict) and is_valid(data):
            found.setdefault(repr(data), data)

    try:
        collect()
    except _Enough:
        pass
    except (Unsatisfiable, InvalidArgument):
        return ()  # bounds that exclude each other: nothing satisfies it, or nothing that is made here
    return tuple(found.values())


class _Context:
    """Where references lead, and how deep it is."""

    def __init__(self, root: Any, depth: int = 0) -> None:
        self.root = root
        self.depth = depth

    def deeper(self) -> _Context:
        return _Context(self.root, self.depth + 1)

    def resolve(self, reference: str) -> Any:
        """Within the document only; what leads nowhere admits anything."""
        found = self.root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part:
                found = found.get(part.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, dict) else True
        return found


def _strategy(schema: Any, context: _Context) -> Strategy:
    if schema is False:
        return st.nothing()
    if not isinstance(schema, dict) or context.depth > DEPTH_MAX:
        return _ANYTHING
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "$ref" in schema:
        return _strategy(context.resolve(schema["$ref"]), context.deeper())
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            return st.one_of(*(_strategy(_merged(rest, each), context.deeper()) for each in schema[keyword]))
    if "allOf" in schema:
        rest = {name: value for name, value in schema.items() if name != "allOf"}
        for each in schema["allOf"]:
            rest = _merged(rest, each)
        return _strategy(rest, context.deeper())
    return _typed(schema, context)


def _merged(schema: dict[str, Any], other: Any) -> dict[str, Any]:
    """Both of two schemas, roughly: what they say of the same keyword is the second's, but for properties."""
    if not isinstance(other, dict):
        return schema
    properties = {**schema.get("properties", {}), **other.get("properties", {})}
    required = [*schema.get("required", []), *other.get("required", [])]
    both = {**schema, **other}
    return {
        **both,
        **({"properties": properties} if properties else {}),
        **({"required": required} if required else {}),
    }


def _typed(schema: dict[str, Any], context: _Context) -> Strategy:
    kinds = schema.get("type", "object" if "properties" in schema or "required" in schema else None)
    if kinds is None:
        return _ANYTHING
    each = [_of_kind(kind, schema, context) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return st.one_of(*each)


def _of_kind(kind: str, schema: dict[str, Any], context: _Context) -> Strategy:
    match kind:
        case "object":
            return _object(schema, context)
        case "array":
            return _array(schema, context)
        case "string":
            return _string(schema)
        case "integer":
            return _integer(schema)
        case "number":
            return st.one_of(_integer(schema), _integer(schema).map(lambda number: number + 0.5))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.nothing()


def _object(schema: dict[str, Any], context: _Context) -> Strategy:
    properties = {name: _strategy(each, context.deeper()) for name, each in schema.get("properties", {}).items()}
    required = {name: properties.get(name, _ANYTHING) for name in schema.get("required", [])}
    optional = {name: each for name, each in properties.items() if name not in required and not each.is_empty}
    fixed = st.fixed_dictionaries(required, optional=optional)
    if properties or schema.get("additionalProperties", True) is False:
        return fixed
    values = _strategy(schema.get("additionalProperties", True), context.deeper())
    more = st.dictionaries(st.text(max_size=5), values, max_size=ITEMS_MAX)
    return st.builds(lambda extra, known: {**extra, **known}, more, fixed)


def _array(schema: dict[str, Any], context: _Context) -> Strategy:
    least = int(schema.get("minItems", 0))
    most = min(int(schema.get("maxItems", least + ITEMS_MAX)), least + ITEMS_MAX)
    return st.lists(_strategy(schema.get("items", True), context.deeper()), min_size=least, max_size=most)


def _string(schema: dict[str, Any]) -> Strategy:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"])
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    least = int(schema.get("minLength", 0))
    return st.text(min_size=least, max_size=min(int(schema.get("maxLength", least + 20)), least + 20))


def _integer(schema: dict[str, Any]) -> Strategy:
    step = schema.get("multipleOf", 1)
    least = schema.get("minimum", schema.get("exclusiveMinimum", -NUMBER_MAX))
    most = schema.get("maximum", schema.get("exclusiveMaximum", max(least, 0) + NUMBER_MAX))
    whole = step if isinstance(step, int) else 1
    return st.integers(-(-least // whole), most // whole).map(lambda number: number * whole)
