"""What a format may offer beyond deciding. Commands that need it say so where a format does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.schemas.decision import Schema, SchemaFormat


@dataclass(frozen=True)
class Difference:
    """One thing that differs between an old schema and a new one.

    `path` is its place in the new schema, or in the old one for what is no more, in the form that decisions have.
    """

    path: str
    text: str
    """In words: `field amount: int becomes long`."""
    backward: str = ""
    """Why the new schema does not read what the old one wrote; empty if this difference is no reason."""
    forward: str = ""
    """Why the old schema does not read what the new one writes; empty if this difference is no reason."""


@dataclass(frozen=True)
class RuleText:
    """One of the rules that decisions name, for people."""

    name: str
    meaning: str
    reader: str
    """Text of a reader's schema that the rule refuses."""
    writer: str
    """Text of the schema that it does not read."""
    remedy: str
    """How to evolve safely instead."""


@runtime_checkable
class Differing(Protocol):
    def differences(self, old: Schema, new: Schema) -> tuple[Difference, ...]:
        """In the order of the new schema; empty for schemas that mean the same."""
        ...


@runtime_checkable
class Explaining(Protocol):
    def rules(self) -> tuple[RuleText, ...]:
        """Every rule that a decision may name."""
        ...


@runtime_checkable
class Choosing(Protocol):
    def choosing(self, message: str | None = None, encoding: str | None = None) -> SchemaFormat:
        """The format for schemas that hold several messages, or that are written in several encodings."""
        ...
