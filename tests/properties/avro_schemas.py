"""Avro schemas by chance, schemas that evolved from them, and all small events of one; nothing of harness is used."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
NAMES = ("A", "B", "C", "D")
NAMESPACES = (None, None, "n", "m.o")
FIELDS = ("a", "b", "c")
SYMBOLS = ("X", "Y", "Z")
DEPTH = 3
EVENTS_MAX = 40

Schema = Any
"""JSON, as json.loads gives it."""


# ── schemas ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    return _Maker(draw).schema("", DEPTH)


@dataclass
class _Maker:
    draw: st.DrawFn
    full_names: list[str] = field(default_factory=list)

    def schema(self, namespace: str, depth: int, *, in_union: bool = False) -> Schema:
        kinds = ["primitive", "primitive", "enum", "fixed"]
        if depth > 0:
            kinds += ["array", "map", "record", "record"] + ([] if in_union else ["union", "union"])
        if self.full_names:
            kinds += ["reference"]
        match self.draw(st.sampled_from(kinds)):
            case "primitive":
                return self.draw(st.sampled_from(PRIMITIVES))
            case "reference":
                return self.draw(st.sampled_from(self.full_names))
            case "array":
                return {"type": "array", "items": self.schema(namespace, depth - 1)}
            case "map":
                return {"type": "map", "values": self.schema(namespace, depth - 1)}
            case "union":
                return self.union(namespace, depth)
            case kind:
                return self.named(kind, namespace, depth)

    def union(self, namespace: str, depth: int) -> Schema:
        branches: dict[str, Schema] = {}
        for _ in range(self.draw(st.integers(1, 3))):
            branch = self.schema(namespace, depth - 1, in_union=True)
            branches.setdefault(_branch_name(branch, namespace), branch)
        return list(branches.values())

    def named(self, kind: str, outer: str, depth: int) -> Schema:
        name = self.draw(st.sampled_from(NAMES))
        namespace = self.draw(st.sampled_from(NAMESPACES))
        full = _full(name, outer if namespace is None else namespace)
        if full in self.full_names:
            return full
        self.full_names.append(full)
        made: Schema = {"type": kind, "name": name}
        if namespace is not None:
            made["namespace"] = namespace
        match kind:
            case "enum":
                made["symbols"] = self.draw(st.lists(st.sampled_from(SYMBOLS), unique=True, min_size=1))
            case "fixed":
                made["size"] = self.draw(st.integers(0, 2))
            case "record":
                names = self.draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=3))
                inner = full.rpartition(".")[0]
                made["fields"] = [{"name": each, "type": self.schema(inner, depth - 1)} for each in names]
        return made


def _full(name: str, namespace: str) -> str:
    return f"{namespace}.{name}" if namespace else name


def _branch_name(branch: Schema, namespace: str) -> str:
    if isinstance(branch, str):
        return branch
    if "name" in branch:
        return _full(branch["name"], branch.get("namespace", namespace))
    return str(branch["type"])


# ── evolution ────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def evolved(draw: st.DrawFn, schema: Schema) -> Schema:
    """The schema after one to three changes such as people make; some of what comes out is no schema."""
    changed = copy.deepcopy(schema)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(changed))
        if not places:
            return draw(st.sampled_from(PRIMITIVES))
        holder, key = draw(st.sampled_from(places))
        holder[key] = _changed(draw, holder[key], in_union=isinstance(holder, list))
    return changed["root"] if isinstance(changed, dict) and "root" in changed else changed


def _places(schema: Schema) -> Iterator[tuple[Any, Any]]:
    """Every place within a schema where a type stands."""
    match schema:
        case list():
            for number, branch in enumerate(schema):
                yield schema, number
                yield from _places(branch)
        case dict():
            for key in ("items", "values", "root"):
                if key in schema:
                    yield schema, key
                    yield from _places(schema[key])
            for each in schema.get("fields", []):
                yield each, "type"
                yield from _places(each["type"])


def _changed(draw: st.DrawFn, type_: Schema, *, in_union: bool) -> Schema:
    changes: list[Callable[[], Schema]] = [lambda: draw(st.sampled_from(PRIMITIVES))]
    if not isinstance(type_, list) and not in_union:
        others = [kind for kind in PRIMITIVES if kind != type_]
        changes.append(lambda: [type_, draw(st.sampled_from(others))])
        changes.append(lambda: ["null", type_] if type_ != "null" else ["int", "null"])
    match type_:
        case list():
            changes.append(lambda: type_[1:])
            changes.append(lambda: list(reversed(type_)))
            others = [kind for kind in PRIMITIVES if kind not in type_]
            changes.append(lambda: [*type_, draw(st.sampled_from(others))])
            changes.append(lambda: type_[0] if type_ else "null")
        case {"fields": fields}:
            taken = {each["name"] for each in fields}
            free = [name for name in FIELDS if name not in taken] or ["d"]
            changes.append(lambda: {**type_, "fields": fields[1:]})
            changes.append(lambda: {**type_, "fields": list(reversed(fields))})
            changes.append(lambda: {**type_, "fields": [*fields, {"name": free[0], "type": "int"}]})
            changes.append(lambda: {**type_, "fields": [*fields, {"name": free[0], "type": "int", "default": 1}]})
            changes.append(lambda: {**type_, "fields": [_renamed(fields[0], free[0]), *fields[1:]] if fields else []})
            changes.append(lambda: _alias(type_))
        case {"symbols": symbols}:
            changes.append(lambda: {**type_, "symbols": symbols[1:] or ["W"]})
            changes.append(lambda: {**type_, "symbols": ["W", *symbols], "default": "W"})
        case {"size": size}:
            changes.append(lambda: {**type_, "size": size + 1})
    return draw(st.sampled_from(changes))()


def _renamed(each: Schema, name: str) -> Schema:
    return {**each, "name": name, "aliases": [each["name"]]}


def _alias(type_: Schema) -> Schema:
    return {**type_, "name": f"{type_['name']}2", "aliases": [type_["name"]]}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """A reader and a writer, one evolved from the other."""
    old = draw(schemas())
    holder = {"root": old}
    new = draw(evolved(holder))
    return (new, old) if draw(st.booleans()) else (old, new)


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def small_events(schema: Schema) -> list[Any]:
    """All events that are no deeper than a few levels, up to EVENTS_MAX, as fastavro takes them."""
    return list(itertools.islice(_Enumerator(schema).values(schema, "", 5), EVENTS_MAX))


class _Enumerator:
    def __init__(self, schema: Schema) -> None:
        self.named: dict[str, tuple[Schema, str]] = {}
        self.collect(schema, "")

    def collect(self, schema: Schema, namespace: str) -> None:
        if isinstance(schema, dict) and "name" in schema:
            full = _branch_name(schema, namespace)
            namespace = full.rpartition(".")[0]
            self.named[full] = (schema, namespace)
        for holder, key in _direct(schema):
            self.collect(holder[key], namespace)

    def values(self, schema: Schema, namespace: str, depth: int) -> Iterator[Any]:
        if depth < 0:
            return
        match schema:
            case str() if schema in PRIMITIVES:
                yield from _SMALL[schema]
            case str():
                name = schema if "." in schema else _full(schema, namespace)
                yield from self.values(*self.named[name], depth)
            case list():
                yield from _in_turn([self.branch(each, namespace, depth - 1) for each in schema])
            case {"type": "array", "items": items}:
                yield []
                yield from ([value] for value in self.values(items, namespace, depth - 1))
            case {"type": "map", "values": values}:
                yield {}
                yield from ({"k": value} for value in self.values(values, namespace, depth - 1))
            case {"type": "enum", "symbols": symbols}:
                yield from symbols
            case {"type": "fixed", "size": size}:
                yield b"z" * size
            case {"type": "record", "fields": fields}:
                inner = _branch_name(schema, namespace).rpartition(".")[0]
                choices = [
                    list(itertools.islice(self.values(each["type"], inner, depth - 1), EVENTS_MAX)) for each in fields
                ]
                for chosen in itertools.islice(itertools.product(*choices), EVENTS_MAX):
                    yield dict(zip((each["name"] for each in fields), chosen, strict=True))

    def branch(self, schema: Schema, namespace: str, depth: int) -> Iterator[Any]:
        yield from ((_branch_name(schema, namespace), value) for value in self.values(schema, namespace, depth))


def _direct(schema: Schema) -> Iterator[tuple[Any, Any]]:
    match schema:
        case list():
            yield from ((schema, number) for number in range(len(schema)))
        case dict():
            yield from ((schema, key) for key in ("items", "values") if key in schema)
            yield from ((each, "type") for each in schema.get("fields", []))


def _in_turn(several: list[Iterator[Any]]) -> Iterator[Any]:
    for group in itertools.zip_longest(*several, fillvalue=_SMALL):
        yield from (value for value in group if value is not _SMALL)


_SMALL: dict[str, tuple[Any, ...]] = {
    "null": (None,),
    "boolean": (True,),
    "int": (7,),
    "long": (1 << 40,),
    "float": (0.5,),
    "double": (0.25,),
    "bytes": (b"x",),
    "string": ("t",),
}
