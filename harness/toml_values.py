"""A frozen dataclass from a table of TOML, with the dataclass itself as the description of what may be written.

So a strategy, fault or checker of someone else's, found by an entry point, is read as strictly as those that ship.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from harness.errors import HarnessError, InvalidInput
from harness.toml_reader import Table, kind_of, nearest

T = TypeVar("T")

SCALARS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclasses.dataclass(frozen=True)
class Option:
    """One field that TOML may set."""

    name: str
    type: Any
    required: bool
    default: object = None

    def __str__(self) -> str:
        return self.name if self.required else f"{self.name} = {_shown(self.default)}"


def options(cls: type[Any]) -> tuple[Option, ...]:
    """The fields of a dataclass, with their types.

    Raises HarnessError if it is no dataclass, or if a type cannot be told at run time.
    """
    if not dataclasses.is_dataclass(cls):
        raise HarnessError(f"{cls.__module__}.{cls.__qualname__} is not a dataclass, so TOML cannot describe it")
    try:
        hints = get_type_hints(cls)
    except NameError as error:
        raise HarnessError(f"{cls.__module__}.{cls.__qualname__}: a field's type is not imported: {error}") from error
    return tuple(_option(field, hints[field.name]) for field in dataclasses.fields(cls) if field.init)


def _option(field: dataclasses.Field[Any], kind: Any) -> Option:
    if field.default is not dataclasses.MISSING:
        return Option(field.name, kind, False, field.default)
    if field.default_factory is not dataclasses.MISSING:
        return Option(field.name, kind, False, field.default_factory())
    return Option(field.name, kind, True)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if dataclasses.is_dataclass(value):
        pairs = (f"{field.name} = {_shown(getattr(value, field.name))}" for field in dataclasses.fields(value))
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, str):
        return f'"{value}"'
    return "unset" if value is None else f"{value}"


def build(cls: type[T], table: Table, *, aside: Collection[str] = (), **given: object) -> T:
    """The dataclass that the table describes.

    Keys named in `aside` belong to somebody else; fields `given` are set by the caller and may not be in the table.
    Raises InvalidInput with file and line for an unknown or missing key, a wrong type, or a value that the class
    itself refuses (by a ValueError or InvalidInput; if its message begins with a key, it points at that key).
    """
    known = {option.name: option for option in options(cls) if option.name not in given}
    table.expect([*known, *aside])
    values = dict(given)
    for name, option in known.items():
        if name in table or option.required:
            values[name] = convert(table.value(name), option.type, table, name)
    return _made(table, partial(cast(Callable[..., T], cls), **values))


def amend(value: T, table: Table) -> T:
    """The same dataclass with the fields that the table sets. Raises InvalidInput as `build` does."""
    known = {option.name: option for option in options(type(value))}
    table.expect(known)
    changed = {name: convert(table.value(name), known[name].type, table, name) for name in table.names()}
    return _made(table, lambda: cast(T, dataclasses.replace(cast(Any, value), **changed)))


def _made(table: Table, make: Callable[[], T]) -> T:
    try:
        return make()
    except (ValueError, InvalidInput) as error:
        culprit = str(error).partition(" ")[0]
        raise table.error(str(error), culprit if culprit in table else None) from error


def convert(value: object, kind: Any, table: Table, name: str, *places: int | str) -> object:
    """`value`, which stands at `name` in `table`, as `kind`; `places` lead from there to an element."""
    origin = get_origin(kind) or kind
    if origin in (Union, UnionType):
        return _convert_union(value, get_args(kind), table, name, *places)
    if origin in SCALARS:
        return _convert_scalar(value, origin, table, name)
    if origin is tuple:
        return _convert_tuple(value, get_args(kind), table, name, *places)
    if origin is Path:
        return (table.file.parent / str(_convert_scalar(value, str, table, name))).resolve()
    if isinstance(origin, type) and issubclass(origin, StrEnum):
        return _convert_choice(value, origin, table, name)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _convert_mapping(value, get_args(kind), table, name, *places)
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return build(origin, _convert_table(value, table, name, *places))
    raise HarnessError(f"{name}: options of type {kind} cannot be read from TOML")


def _wrong(value: object, expected: str, table: Table, name: str) -> InvalidInput:
    return table.error(f"{name} must be {expected}, not {kind_of(value)}", name)


def _convert_scalar(value: object, kind: type, table: Table, name: str) -> object:
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or isinstance(value, bool) is not (kind is bool):
        raise _wrong(value, SCALARS[kind], table, name)
    return float(value) if kind is float else value  # type: ignore[arg-type]


def _convert_union(value: object, kinds: tuple[Any, ...], table: Table, name: str, *places: int | str) -> object:
    """Only `X | None`: TOML has no null, so `false` says None."""
    given = [kind for kind in kinds if kind is not NoneType]
    if len(given) != 1:
        raise HarnessError(f"{name}: options of several types cannot be read from TOML")
    if value is False and given[0] is not bool and NoneType in kinds:
        return None
    return convert(value, given[0], table, name, *places)


def _convert_choice(value: object, kind: type[StrEnum], table: Table, name: str) -> StrEnum:
    word = str(_convert_scalar(value, str, table, name))
    if word not in (words := [member.value for member in kind]):
        raise table.error(f"{name} must be one of {', '.join(words)}, not {word!r}; {nearest(word, words)}", name)
    return kind(word)


def _convert_tuple(value: object, kinds: tuple[Any, ...], table: Table, name: str, *places: int | str) -> object:
    if not isinstance(value, list):
        raise _wrong(value, "an array", table, name)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(value) != len(kinds):
        raise table.error(f"{name} must hold {len(kinds)} values, not {len(value)}", name)
    return tuple(
        convert(item, kind, table, name, *places, place)
        for place, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _convert_mapping(value: object, kinds: tuple[Any, ...], table: Table, name: str, *places: int | str) -> object:
    inner = _convert_table(value, table, name, *places)
    return {key: convert(inner.value(key), kinds[1], inner, key) for key in inner.names()}


def _convert_table(value: object, table: Table, name: str, *places: int | str) -> Table:
    if not isinstance(value, dict):
        raise _wrong(value, "a table", table, name)
    return table.inner(value, name, *places)
