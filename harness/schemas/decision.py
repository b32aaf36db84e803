"""What is decided of one pair of schemas: whether a reader admits whatever a writer may have written, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value; an event, or a schema as it was read."""


class Compatibility(Enum):
    COMPATIBLE = "compatible"
    """Everything that was searched was read; `effort` says how much that was."""
    UNKNOWN = "unknown"
    """Could not be decided; the reason says what stood in the way."""
    INCOMPATIBLE = "incompatible"
    """There is an event that the writer admits and the reader refuses."""


@dataclass(frozen=True)
class Witness:
    """An event that the writer's schema admits, and what the reader's own decoder or validator said of it.

    `event` is its JSON form; where the format is binary, `encoded_hex` has the bytes that were decoded.
    """

    event: Json
    refusal: str
    encoded_hex: str = ""


@dataclass(frozen=True)
class Effort:
    """How hard it was searched for a witness: events that the writer admits and that were given to the reader."""

    directed: int = 0
    """Made for a difference between the two schemas: boundary values, missing and additional parts."""
    generated: int = 0
    """Made by chance from the writer's schema."""


@dataclass(frozen=True)
class Decision:
    """`rule` names the difference that decided, in the format's own words (`type`, `enum-symbols`, `maximum`, …).

    `path` is a JSON Pointer into the reader's schema (for Protobuf a dotted name of message and field); both are empty
    for a pair without any difference. `notes` are what is reported and does not decide (a logical type that differs).
    """

    compatibility: Compatibility
    rule: str
    path: str
    reason: str
    witness: Witness | None = None
    effort: Effort = Effort()
    notes: tuple[str, ...] = ()


class Schema(Protocol):
    """A schema that was read and is well formed."""

    @property
    def name(self) -> str:
        """As people know it: a record's or message's name, a title; empty if it has none."""
        ...


class SchemaFormat(Protocol):
    """One class a format: `avro`, `jsonschema`, `protobuf`."""

    name: str
    suffixes: tuple[str, ...]
    """Of files that hold such a schema, `.avsc` for example."""

    def parse(self, text: bytes, source: Path | None = None) -> Schema:
        """Raises InvalidInput, with file and line or path, for what is not a schema of this format."""
        ...

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        """May `reader` read whatever `writer` may have written? Never raises for schemas that parse() gave."""
        ...
