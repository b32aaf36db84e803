"""Folders of Avro schemas for tests, and a format that knows only words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas.decision import Compatibility, Decision, Schema, Witness
from tests.unit.schemas.avro.shapes import Schema as Avro
from tests.unit.schemas.avro.shapes import enum, field, record

ORDER_1 = record("OrderPlaced", field("id", "string"), field("cents", "int"))
ORDER_2 = record("OrderPlaced", field("id", "string"), field("cents", "int"), field("note", "string", default=""))
ORDER_WIDER = record("OrderPlaced", field("id", "string"), field("cents", "long"))
"""Reads all of the above; none of them reads it."""
ORDER_WITHOUT = record("OrderPlaced", field("id", "string"))
STATE = record("Moved", field("to", enum("State", "NEW", "PAID")))


def write_schema(file: Path, schema: Avro) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema, indent=1) + "\n")
    return file


def write_folder(path: Path, types: Mapping[str, Mapping[str, Avro]]) -> Path:
    """Type → version → schema."""
    for type_, versions in types.items():
        for version, schema in versions.items():
            write_schema(path / type_ / f"{version}.avsc", schema)
    return path


@dataclass(frozen=True)
class Word:
    """A schema of the format below: it reads what was written by the same word, and of `?` nobody knows."""

    name: str


class WordFormat:
    """Offers nothing beyond deciding."""

    name = "words"
    suffixes: tuple[str, ...] = (".word",)

    def parse(self, text: bytes, source: Path | None = None) -> Word:
        if not text.strip().decode().isprintable() or b"!" in text:
            raise InvalidInput("is no word", file=source, line=1)
        return Word(text.decode().strip().strip('"'))

    def decide(self, reader: Schema, writer: Schema) -> Decision:
        if "?" in (reader.name, writer.name):
            return Decision(Compatibility.UNKNOWN, "", "", "a question mark")
        if reader.name == writer.name:
            return Decision(Compatibility.COMPATIBLE, "", "", "the same word")
        witness = Witness({"word": writer.name}, f"{writer.name} is not {reader.name}")
        return Decision(Compatibility.INCOMPATIBLE, "word", "", "another word", witness)
