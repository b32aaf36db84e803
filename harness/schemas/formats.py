"""The formats of event schemas by name. One is loaded when it is asked for: each brings heavy libraries along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from harness.errors import InvalidInput
from harness.schemas.decision import Schema, SchemaFormat
from harness.schemas.optional import Choosing
from harness.toml_reader import nearest


@dataclass(frozen=True)
class Entry:
    """Where a format's class is, as `module:Class`, and the ends of its files' names, the longest first."""

    place: str
    suffixes: tuple[str, ...]


FORMATS: Mapping[str, Entry] = {
    "avro": Entry("harness.schemas.avro:AvroFormat", (".avsc",)),
    "jsonschema": Entry("harness.schemas.jsonschema:JsonSchemaFormat", (".schema.json", ".json")),
    "protobuf": Entry("harness.schemas.protobuf:ProtobufFormat", (".proto", ".desc", ".binpb", ".protoset", ".pb")),
}


def find(name: str, *, message: str | None = None, encoding: str | None = None) -> SchemaFormat:
    """`message` and `encoding` are chosen where a format has several.

    Raises InvalidInput if there is no such format, if what it needs is not installed, or if it has nothing to choose.
    """
    if name not in FORMATS:
        raise InvalidInput(f"unknown format {name!r}; {nearest(name, FORMATS)}")
    module, _, cls = FORMATS[name].place.partition(":")
    try:
        made = getattr(import_module(module), cls)()
    except ModuleNotFoundError as error:
        raise InvalidInput(
            f"schemas of format {name} need {error.name}, which is not installed; pip install 'rollproof[schemas]'"
        ) from error
    if message or encoding:
        if not isinstance(made, Choosing):
            raise InvalidInput(f"--message and --encoding are for protobuf, not for {name}")
        return made.choosing(message, encoding)
    return cast(SchemaFormat, made)


def format_of(file: Path) -> str | None:
    """The format that a file's name says; None if it is that of no schema."""
    return next((name for name in FORMATS if suffix_of(file, name)), None)


def suffix_of(file: Path, name: str) -> str | None:
    """The end of the file's name that belongs to the format."""
    return next((suffix for suffix in FORMATS[name].suffixes if file.name.endswith(suffix)), None)


def read_schema(format_: SchemaFormat, file: Path) -> Schema:
    """Raises InvalidInput, with file and line, for what cannot be read or is no schema of the format."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", file=file) from error
    return format_.parse(content, file)
