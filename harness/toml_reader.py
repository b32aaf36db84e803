"""Strict reading of TOML: what is unknown, missing or of a wrong type is an InvalidInput with file and line.

A `Table` hands out its keys by type, and refuses those that it is not expected to hold, naming the nearest that would
have been understood.

The standard library's parser keeps no positions, and those that keep the layout (tomlkit) give none for a key either.
So the line of a key is asked of the parser itself: it is where the shortest run of leading lines that parses and
holds the key got its last statement. That is right for every file that TOML allows, and is worked out for errors only.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeAlias, cast

from harness.errors import InvalidInput

Key: TypeAlias = str | int
"""A name in a table, or a place in an array."""


class _Required:
    """Stands for "no default"."""


REQUIRED: Final = _Required()


def nearest(word: str, known: Iterable[str]) -> str:
    """A clause that helps with a misspelt word: the nearest of those known, best one that it begins; or all."""
    choices = sorted(known)
    whole = [choice for choice in choices if choice.startswith(f"{word}_")]
    if close := whole or get_close_matches(word, choices, n=1, cutoff=0.5):
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(choices)}" if choices else "none are known here"


@dataclass(frozen=True)
class Source:
    """One TOML file, as text."""

    path: Path
    text: str

    def line(self, keys: tuple[Key, ...]) -> int | None:
        """The line on which the statement that sets `keys` begins, counted from 1."""
        lines = self.text.splitlines(keepends=True)
        complete = 0  # lines that hold whole statements
        for count in range(1, len(lines) + 1):
            try:
                document = tomllib.loads("".join(lines[:count]))
            except tomllib.TOMLDecodeError:
                continue  # in the middle of an array or a string of several lines
            if _holds(document, keys):
                return _first_statement(lines, complete) + 1
            complete = count
        return None


def _holds(document: object, keys: tuple[Key, ...]) -> bool:
    for key in keys:
        match document, key:
            case dict(), str() if key in document:
                document = document[key]
            case list(), int() if key < len(document):
                document = document[key]
            case _:
                return False
    return True


def _first_statement(lines: list[str], start: int) -> int:
    while not lines[start].strip() or lines[start].lstrip().startswith("#"):
        start += 1
    return start


_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "an array",
    dict: "a table",
}


def kind_of(value: object) -> str:
    """What a TOML value is, for people."""
    return _KINDS.get(type(value), "a date or time")


class Table:
    """One table of a TOML file, read key by key."""

    def __init__(self, values: Mapping[str, object], source: Source, keys: tuple[Key, ...] = ()) -> None:
        self._values = values
        self._source = source
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> Table:
        """Raises InvalidInput if the file cannot be read or is not TOML."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"cannot be read: {error.strerror}", file=path) from error
        except UnicodeDecodeError as error:
            raise InvalidInput("is not UTF-8 text", file=path) from error
        try:
            return cls(tomllib.loads(text), Source(path, text))
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(error, path, text) from error

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def file(self) -> Path:
        return self._source.path

    @property
    def name(self) -> str:
        """As TOML would write its header."""
        return ".".join(str(key) for key in self._keys)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> tuple[str, ...]:
        """The keys it holds, in the order of the file."""
        return tuple(self._values)

    def value(self, name: str) -> object:
        """The raw value. Raises InvalidInput if it is missing."""
        if name not in self._values:
            place = f" in [{self.name}]" if self._keys else ""
            raise self.error(f"{name!r} is missing{place}")
        return self._values[name]

    def text(self, name: str, default: str | _Required = REQUIRED) -> str:
        return cast(str, self._typed(name, str, "a text", default))

    def number(self, name: str, default: float | _Required = REQUIRED) -> float:
        return float(cast(float, self._typed(name, (int, float), "a number", default)))

    def texts(self, name: str, default: tuple[str, ...] | _Required = REQUIRED) -> tuple[str, ...]:
        """An array of texts."""
        found = cast(Iterable[object], self._typed(name, list, "an array of texts", default))
        for item in (items := tuple(found)):
            if not isinstance(item, str):
                raise self.error(f"{name} must hold texts only, not {kind_of(item)}", name)
        return cast(tuple[str, ...], items)

    def table(self, name: str) -> Table:
        """The table of that name; an empty one if it is not there."""
        return self.inner(cast(Mapping[str, object], self._typed(name, dict, "a table", {})), name)

    def tables(self, name: str) -> tuple[Table, ...]:
        """The array of tables of that name, `[[name]]`; empty if it is not there."""
        found = cast(list[object], self._typed(name, list, f"an array of tables: [[{name}]]", []))
        return tuple(self.item(value, name, place) for place, value in enumerate(found))

    def inner(self, values: Mapping[str, object], *keys: Key) -> Table:
        """A table within this one, at `keys`."""
        return Table(values, self._source, (*self._keys, *keys))

    def item(self, value: object, name: str, place: int) -> Table:
        if not isinstance(value, dict):
            raise self.error(f"{name} must be an array of tables, but holds {kind_of(value)}", name)
        return self.inner(value, name, place)

    def _typed(self, name: str, kinds: type | tuple[type, ...], expected: str, default: object | _Required) -> object:
        if name not in self and not isinstance(default, _Required):
            return default
        value = self.value(name)
        # In Python true and false are whole numbers; in TOML they are not.
        if not isinstance(value, kinds) or isinstance(value, bool) is not (kinds is bool):
            raise self.error(f"{name} must be {expected}, not {kind_of(value)}", name)
        return value

    # ── refusing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def error(self, message: str, name: str | None = None, kind: type[InvalidInput] = InvalidInput) -> InvalidInput:
        """An error that points at the key `name`, or at this table if it does not have it."""
        keys = (*self._keys, name) if name is not None and name in self else self._keys
        line = self._source.line(keys) if keys else None
        return kind(message, file=self._source.path, line=line)

    @contextmanager
    def blame(self, name: str) -> Iterator[None]:
        """Errors raised within that do not yet point at a file point at the key `name`."""
        try:
            yield
        except InvalidInput as error:
            if error.file is not None:
                raise
            raise self.error(str(error), name, type(error)) from error

    def expect(self, known: Iterable[str]) -> None:
        """Raises InvalidInput if it holds a key that is not `known`."""
        choices = tuple(known)
        for name in self._values:
            if name not in choices:
                place = f" in [{self.name}]" if self._keys else ""
                raise self.error(f"unknown key {name!r}{place}; {nearest(name, choices)}", name)


def _not_toml(error: tomllib.TOMLDecodeError, path: Path, text: str) -> InvalidInput:
    message = str(error)
    if found := re.search(r"\(at line (\d+), column \d+\)", message):
        return InvalidInput(f"is not TOML: {message[: found.start()].strip()}", file=path, line=int(found[1]))
    return InvalidInput(f"is not TOML: {message}", file=path, line=len(text.splitlines()) or None)
