"""From the text of an Avro schema to its types. Strict where the specification is; errors point at the line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from harness.errors import InvalidInput
from harness.schemas.avro.defaults import Unfit, default_of
from harness.schemas.avro.model import (
    Array,
    AvroSchema,
    Default,
    Enumeration,
    Field,
    Fixed,
    Map,
    Name,
    Named,
    Primitive,
    Record,
    Reference,
    Type,
    Union,
    branch_name,
    said,
)
from harness.schemas.decision import Json
from harness.schemas.places import line_of
from harness.toml_reader import nearest

SCHEMA_BYTES_MAX = 2 << 20
"""Of one schema. The largest that are known to be in use are far below one MiB."""
NESTING_MAX = 200
"""Of objects and arrays in a schema's JSON; decoders descend by recursion."""
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
COMPLEX = ("record", "error", "enum", "array", "map", "fixed")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Malformed(Exception):
    """What is wrong, and the JSON Pointer of where."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def parse(content: bytes, source: Path | None) -> AvroSchema:
    """Raises InvalidInput, with file and line where `source` is known, for what is not an Avro schema."""
    if len(content) > SCHEMA_BYTES_MAX:
        size, most = len(content) / (1 << 20), SCHEMA_BYTES_MAX >> 20
        raise InvalidInput(f"is a schema of {size:.1f} MiB; at most {most} MiB are read", file=source)
    text, document = _json(content, source)
    try:
        return _schema(document)
    except Malformed as error:
        where = f"at {error.path}: " if error.path else ""
        raise InvalidInput(f"{where}{error}", file=source, line=line_of(text, error.path)) from error


def _json(content: bytes, source: Path | None) -> tuple[str, Json]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput("is not UTF-8 text", file=source, line=line) from error
    try:
        return text, json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg} (column {error.colno})"
        raise InvalidInput(message, file=source, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON that can be read: {error}", file=source) from error


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _schema(document: Json) -> AvroSchema:
    _check_nesting(document)
    parser = _Parser()
    root = parser.type(document, "", "")
    schema = AvroSchema(root, parser.named, bare(document))
    for field in parser.fields:
        _check_default(schema, field)
    try:
        parse_schema(schema.bare)  # type: ignore[arg-type]  # its own types say that a union's branches are mutable
    except (SchemaParseException, UnknownType, TypeError, KeyError) as error:
        raise Malformed("", f"fastavro refuses the schema: {error}") from error
    return schema


def _check_nesting(document: Json) -> None:
    level = [document]
    for _ in range(NESTING_MAX - 1):  # what stands in the innermost is a level too
        level = [item for value in level for item in _items(value) if isinstance(item, (dict, list))]
        if not level:
            return
    raise Malformed("", f"is nested deeper than {NESTING_MAX} levels")


def _items(value: Json) -> Iterable[Json]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _check_default(schema: AvroSchema, field: Field) -> None:
    if field.default is None:
        return
    try:
        default_of(schema, field.type, field.default.json)
    except Unfit as error:
        shown = json.dumps(field.default.json)
        expected = said(schema.target(field.type))
        raise Malformed(f"{field.path}/default", f"default {shown:.80} is not a value of {expected}") from error


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Definition:
    """The JSON object that defines a type."""

    path: str
    values: dict[str, Json]

    def text(self, key: str) -> str:
        value = self.required(key)
        if not isinstance(value, str):
            raise Malformed(f"{self.path}/{key}", f"{key} must be a text, not {_kind(value)}")
        return value

    def required(self, key: str) -> Json:
        if key not in self.values:
            raise Malformed(self.path, f"{key!r} is missing")
        return self.values[key]

    def array(self, key: str) -> list[Json]:
        value = self.required(key)
        if not isinstance(value, list):
            raise Malformed(f"{self.path}/{key}", f"{key} must be an array, not {_kind(value)}")
        return value

    def texts(self, key: str) -> list[str]:
        found: list[str] = []
        for number, item in enumerate(self.array(key)):
            place = f"{self.path}/{key}/{number}"
            if not isinstance(item, str):
                raise Malformed(place, f"{key} must hold texts only, not {_kind(item)}")
            found.append(item)
        return found


class _Parser:
    """Reads types from the outside in, so that a named type is known before it is referred to."""

    def __init__(self) -> None:
        self.named: dict[Name, Named] = {}
        self.fields: list[Field] = []
        self._open: set[Name] = set()

    def type(self, value: Json, path: str, namespace: str) -> Type:
        match value:
            case str():
                return self._by_name(value, path, namespace)
            case list():
                return self._union(value, path, namespace)
            case dict():
                return self._defined(_Definition(path, value), namespace)
            case _:
                raise Malformed(path, f"a schema is a text, an array or an object, not {_kind(value)}")

    def _by_name(self, word: str, path: str, namespace: str) -> Type:
        if word in PRIMITIVES:
            return Primitive(path, word)
        name = Name(word if "." in word or not namespace else f"{namespace}.{word}")
        if name not in self.named and name not in self._open:
            known = nearest(word, (*PRIMITIVES, *COMPLEX, *self.named))
            raise Malformed(path, f"unknown type {word!r}; {known}")
        return Reference(path, name)

    def _union(self, values: list[Json], path: str, namespace: str) -> Union:
        branches: list[Type] = []
        names: set[str] = set()
        for number, value in enumerate(values):
            branch = self.type(value, f"{path}/{number}", namespace)
            if isinstance(branch, Union):
                raise Malformed(branch.path, "a union may not hold a union")
            name = branch_name(branch)
            if name in names:
                raise Malformed(branch.path, f"a union may hold {name} only once")
            names.add(name)
            branches.append(branch)
        return Union(path, tuple(branches))

    def _defined(self, definition: _Definition, namespace: str) -> Type:
        kind = definition.text("type")
        path, logical = definition.path, _logical(definition.values)
        match kind:
            case "array":
                return Array(path, self.type(definition.required("items"), f"{path}/items", namespace), logical=logical)
            case "map":
                values = self.type(definition.required("values"), f"{path}/values", namespace)
                return Map(path, values, logical=logical)
            case "record" | "error" | "enum" | "fixed":
                return self._named(kind, definition, namespace)
            case _:
                return replace(self._by_name(kind, f"{path}/type", namespace), path=path, logical=logical)

    def _named(self, kind: str, definition: _Definition, outer: str) -> Named:
        name = _full_name(definition, outer)
        if name in self.named or name in self._open:
            raise Malformed(definition.path, f"{name} is defined twice")
        self._open.add(name)
        build: Callable[[_Definition, Name], Named]
        build = {"enum": _enumeration, "fixed": _fixed}.get(kind, self._record)
        self.named[name] = build(definition, name)
        return self.named[name]

    def _record(self, definition: _Definition, name: Name) -> Record:
        fields: list[Field] = []
        names: set[str] = set()
        namespace = name.namespace
        for number, value in enumerate(definition.array("fields")):
            path = f"{definition.path}/fields/{number}"
            if not isinstance(value, dict):
                raise Malformed(path, f"a field is an object, not {_kind(value)}")
            field = self._field(_Definition(path, value), namespace)
            if field.name in names:
                raise Malformed(path, f"{name} has two fields {field.name!r}")
            names.add(field.name)
            fields.append(field)
        self.fields.extend(fields)
        logical = _logical(definition.values)
        return Record(definition.path, name, _aliases(definition, name), tuple(fields), logical=logical)

    def _field(self, definition: _Definition, namespace: str) -> Field:
        name = definition.text("name")
        if not _NAME.fullmatch(name):
            raise Malformed(f"{definition.path}/name", f"{name!r} is not a name; names are letters, digits and _")
        return Field(
            definition.path,
            name,
            tuple(definition.texts("aliases")) if "aliases" in definition.values else (),
            self.type(definition.required("type"), f"{definition.path}/type", namespace),
            Default(definition.values["default"]) if "default" in definition.values else None,
        )


def _enumeration(definition: _Definition, name: Name) -> Enumeration:
    symbols: dict[str, None] = {}
    for number, symbol in enumerate(definition.texts("symbols")):
        path = f"{definition.path}/symbols/{number}"
        if not _NAME.fullmatch(symbol):
            raise Malformed(path, f"{symbol!r} is not a symbol; symbols are letters, digits and _")
        if symbol in symbols:
            raise Malformed(path, f"symbol {symbol!r} stands there twice")
        symbols[symbol] = None
    default = definition.text("default") if "default" in definition.values else None
    if default is not None and default not in symbols:
        raise Malformed(f"{definition.path}/default", f"default {default!r} is none of the symbols")
    logical = _logical(definition.values)
    return Enumeration(definition.path, name, _aliases(definition, name), tuple(symbols), default, logical=logical)


def _fixed(definition: _Definition, name: Name) -> Fixed:
    size = definition.required("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Malformed(f"{definition.path}/size", f"size must be a whole number of bytes, not {json.dumps(size):.40}")
    return Fixed(definition.path, name, _aliases(definition, name), size, logical=_logical(definition.values))


def _full_name(definition: _Definition, outer: str) -> Name:
    """A name with dots is full; else it is in the namespace that the definition gives, or in that around it."""
    name = definition.text("name")
    _check_name(name, f"{definition.path}/name")
    if "." in name:
        return Name(name)
    namespace = definition.text("namespace") if "namespace" in definition.values else outer
    if namespace:
        _check_name(namespace, f"{definition.path}/namespace")
    return Name(f"{namespace}.{name}" if namespace else name)


def _aliases(definition: _Definition, name: Name) -> tuple[Name, ...]:
    """Full names; one without dots is in the namespace of the name that it stands for."""
    if "aliases" not in definition.values:
        return ()
    aliases = definition.texts("aliases")
    for number, alias in enumerate(aliases):
        _check_name(alias, f"{definition.path}/aliases/{number}")
    return tuple(
        Name(alias if "." in alias or not name.namespace else f"{name.namespace}.{alias}") for alias in aliases
    )


def _check_name(name: str, path: str) -> None:
    if not all(_NAME.fullmatch(part) for part in name.split(".")):
        raise Malformed(path, f"{name!r} is not a name; names are letters, digits and _, parted by dots")


def _logical(values: dict[str, Json]) -> str:
    """`decimal(9, 2)`, `timestamp-millis`; empty if there is none, or none that can be one."""
    logical = values.get("logicalType")
    if not isinstance(logical, str):
        return ""
    if logical == "decimal":
        return f"decimal({values.get('precision')}, {values.get('scale', 0)})"
    return logical


def _kind(value: Json) -> str:
    kinds = {bool: "true or false", type(None): "null", str: "a text", list: "an array", dict: "an object"}
    return kinds.get(type(value), "a number")


# ── what fastavro is given ───────────────────────────────────────────────────────────────────────────────────────────

_KEPT = frozenset(("type", "name", "namespace", "aliases", "symbols", "size", "default"))


def bare(document: Json) -> Json:
    """The schema without documentation, logical types and properties of one's own, which do not decide.

    A logical type would be applied by fastavro where a value is read, and hide what was read. `document` is a schema
    that was found to be well formed.
    """
    match document:
        case list():
            return [bare(branch) for branch in document]
        case dict():
            return _bare_type(document)
        case _:
            return document


def _bare_type(definition: dict[str, Json]) -> Json:
    match definition:
        case {"type": "array", "items": items}:
            return {"type": "array", "items": bare(items)}
        case {"type": "map", "values": values}:
            return {"type": "map", "values": bare(values)}
        case {"type": "record" | "error", "fields": list(fields)}:
            return {**_kept(definition), "fields": [_bare_field(field) for field in fields if isinstance(field, dict)]}
        case {"type": "enum" | "fixed"}:
            return _kept(definition)
        case _:
            return definition["type"]


def _bare_field(field: dict[str, Json]) -> Json:
    return {**_kept(field), "type": bare(field["type"])}


def _kept(values: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in values.items() if key in _KEPT}
